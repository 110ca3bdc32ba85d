"""Questions about many patients and cases."""

from collections.abc import Iterator
from datetime import date, timedelta

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case, Patient
from trocar_clinic.patients.states import State
from trocar_clinic.records.books import Due, Urgency

DOCTORS = frozenset({Role.PHYSICIAN})


def likely_duplicates(patient: Patient) -> tuple[Patient | None, Patient | None]:
    """Return a standing patient with the same identity number, and one of the same name and birth date."""
    others = Patient.objects.standing().exclude(pk=patient.pk)
    same = others.filter(identity_print=patient.identity_print).first() if patient.identity_print else None
    similar = others.filter(name=patient.name, birth_date=patient.birth_date, sex=patient.sex).first()
    return same, similar


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield cases that wait for an assessment or a decision, and procedures of these days."""
    cases = Case.objects.visible_for(reader).standing().select_related("admission__patient")
    waiting = {
        State.REGISTERED: both("Indication to be assessed", "待评估指征"),
        State.INDICATED: both("Decision to be taken", "待多学科讨论"),
    }
    for case in cases.filter(state__in=waiting).order_by("number"):
        yield Due(what=f"{case} {case.patient.name}", row=case, roles=DOCTORS, kind=waiting[State(case.state)])
    soon = cases.filter(planned_on__lte=on + timedelta(days=7), state__in=[State.DECIDED, State.PLANNED, State.SIGNED])
    for case in soon.order_by("planned_on"):
        urgency = Urgency.LATE if case.planned_on < on else Urgency.SOON
        yield Due(
            what=f"{case} {case.patient.name}",
            row=case,
            roles=frozenset({Role.PHYSICIAN, Role.PHYSICIST, Role.NURSE}),
            on=case.planned_on,
            urgency=urgency,
            kind=both("Procedures planned", "手术安排"),
        )

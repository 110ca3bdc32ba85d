"""Who is to be called, cases that wait to be followed up, complications still open."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import F

from trocar_clinic.accounts.models import CLINICAL, User
from trocar_clinic.followup.models import Complication, PlannedVisit
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.records.books import Due, Urgency

AHEAD = timedelta(days=14)


def waiting(reader: User, on: date) -> list[PlannedVisit]:
    """Return planned visits due by two weeks from a day and not yet done, of living patients and open cases."""
    rows = (
        PlannedVisit.objects.visible_for(reader).standing().filter(due_on__lte=on + AHEAD, case__state=State.FOLLOWED)
    )
    living = rows.filter(case__admission__patient__died_on=None)
    return [
        each
        for each in living.select_related("case__admission__patient")
        .prefetch_related("case__visits")
        .order_by("due_on")
        if each.done is None
    ]


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield visits that are due, verified cases without follow-up, and complications that go on."""
    for visit in waiting(reader, on):
        late = visit.late_from < on  # type: ignore[operator]
        yield Due(
            what=f"{visit.case} {visit.case.patient.name} · {visit.what}",
            row=visit,
            roles=CLINICAL,
            on=visit.due_on,
            urgency=Urgency.LATE if late else Urgency.SOON if visit.due_on <= on else Urgency.LATER,
            kind=both("To be called or seen", "待随访"),
        )
    for case in (
        Case.objects.visible_for(reader).standing().filter(state=State.VERIFIED).select_related("admission__patient")
    ):
        yield Due(
            what=f"{case} {case.patient.name}",
            row=case,
            roles=CLINICAL,
            urgency=Urgency.SOON,
            kind=both("Follow-up to begin", "待开始随访"),
        )
    going_on = Complication.objects.visible_for(reader).standing().filter(outcome=Complication.Outcome.ONGOING)
    for each in going_on.select_related("case").order_by(F("ctcae").desc()):
        yield Due(
            what=f"{each.case} {each}",
            row=each,
            roles=CLINICAL,
            urgency=Urgency.SOON,
            kind=both("Complications going on", "未愈并发症"),
        )

"""Procedures under way, cases to be verified, vital signs with gaps."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.utils import timezone

from trocar_clinic.accounts.models import CLINICAL, Role, User
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.procedures.reconciliation import disagrees
from trocar_clinic.procedures.vitals import coverage
from trocar_clinic.records.books import Due, Urgency

VERIFIERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})
IMAGE_WITHIN = timedelta(days=30)
"""Post-implant imaging is looked for by about day 30 for I-125; the norms read so far set no day."""

COUNTED = (State.PERFORMED, State.VERIFIED)
"""States in which a difference between ledger, needles and image is looked into."""

WATCHED = timedelta(days=14)


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield procedures not finished, cases not verified, and procedures whose vital signs have gaps."""
    open_ones = Procedure.objects.visible_for(reader).standing().filter(ended_at=None).select_related("case")
    for procedure in open_ones:
        late = timezone.localtime(procedure.started_at).date() < on
        yield Due(
            what=procedure,
            row=procedure,
            roles=CLINICAL,
            urgency=Urgency.LATE if late else Urgency.SOON,
            kind=both("In procedure", "手术进行中"),
        )
    waiting = Case.objects.visible_for(reader).standing().filter(state=State.PERFORMED)
    for case in waiting.select_related("admission__patient"):
        done = case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("ended_at").last()
        until = timezone.localtime(done.ended_at).date() + IMAGE_WITHIN if done else on
        yield Due(
            what=f"{case} {case.patient.name}",
            row=case,
            roles=VERIFIERS,
            on=until,
            urgency=Urgency.LATE if until < on else Urgency.SOON,
            kind=both("To be verified", "待术后验证"),
        )
    counted = Case.objects.visible_for(reader).standing().filter(state__in=COUNTED, technique=Technique.SEED)
    for case in counted.select_related("admission__patient"):
        if disagrees(case):
            yield Due(
                what=f"{case} {case.patient.name}",
                row=case,
                roles=VERIFIERS | {Role.SAFETY, Role.NURSE},
                urgency=Urgency.LATE,
                kind=both("Seed counts do not agree", "粒子数不符"),
            )
    recent = Procedure.objects.visible_for(reader).standing().filter(ended_at__gte=timezone.now() - WATCHED)
    for procedure in recent.select_related("case"):
        if not all(each.whole for each in coverage(procedure)):
            yield Due(
                what=procedure,
                row=procedure,
                roles=CLINICAL,
                urgency=Urgency.SOON,
                kind=both("Vital signs with gaps", "生命体征记录不全"),
            )

"""Plans that wait for somebody."""

from collections.abc import Iterator
from datetime import date

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.records.books import Due

PLANNERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})


def current_plan(case: Case) -> PlanVersion | None:
    """Return the latest standing version of the plan of a case."""
    return case.plans.filter(voided_at=None).order_by("-number").first()


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield cases to be planned and plans to be signed."""
    cases = Case.objects.visible_for(reader).standing().select_related("admission__patient").order_by("number")
    for case in cases.filter(state=State.DECIDED):
        yield Due(
            what=f"{case} {case.patient.name}", row=case, roles=PLANNERS, kind=both("To be planned", "待制定计划")
        )
    for case in cases.filter(state=State.PLANNED):
        plan = current_plan(case)
        yield Due(
            what=f"{case} {case.patient.name}", row=plan or case, roles=PLANNERS, kind=both("To be signed", "待签署")
        )

"""A procedure that has ended, entered with as little as possible: what it asks of its surroundings is tested elsewhere."""

from datetime import timedelta
from typing import Any

from clinic.cases import a_signed_case
from trocar_clinic.institution.models import Equipment, Room
from trocar_clinic.patients.models import Case
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.records.deed import deed


def a_procedure_that_ended(house: Any, now: Any) -> Procedure:
    """Enter a procedure of a signed case that has ended."""
    case = a_signed_case(house, now)
    with deed("test.procedure", actor=house.accounts["operator"], at=now):
        row = Procedure(
            case=case,
            plan=case.plans.get(),
            room=Room.objects.first(),
            guidance=Equipment.objects.filter(kind="ct").first(),
            anaesthesia="local",
            started_at=now - timedelta(hours=2),
            ended_at=now - timedelta(hours=1),
        )
        row.save()
    return row


def discharge(case: Case, house: Any, now: Any) -> None:
    """Discharge the patient of a case today."""
    admission = case.admission
    with deed("test.discharge", actor=house.accounts["nurse"], at=now):
        admission.discharged_on, admission.outcome = timezone_day(now), "home"
        admission.save()


def timezone_day(now: Any) -> Any:
    """Return the day of a moment where the hospital is."""
    from django.utils import timezone

    return timezone.localdate(now)

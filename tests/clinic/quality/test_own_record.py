"""The cases that were entered by deeds are counted as they stand."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic.cases import a_signed_case
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Equipment, Hospital, Room
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import RegisteredProcedure
from trocar_clinic.quality.own_record import ITEMS, own_record
from trocar_clinic.records.actions import void
from trocar_clinic.records.deed import deed


def _done(house: Any, now: Any) -> Procedure:
    """Enter a procedure of a signed case that has ended; what it asks of its surroundings is tested elsewhere."""
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


def test_a_case_entered_by_deeds_is_counted_under_a_pseudonym(house: Any, now: Any) -> None:
    row = _done(house, now)
    record = own_record(at=now + timedelta(minutes=1))
    (made,) = record.procedures
    assert made.key.startswith(row.case.number)
    assert made.indication_items == frozenset({1, 2, 4, 5, 8})
    assert made.plan_signed_by == {"attending_physician", "implanting_physician", "physicist"}
    assert made.verified_on is None
    assert row.case.patient.name not in repr(record.procedures) + repr(record.patients)
    assert record.fact_by_name["beds.tumour"].value == 32
    assert {each.kind for each in record.devices} >= {"CT", "planning_system"}
    assert any("implanting_physician" in each.roles for each in record.staff)
    assert len(ITEMS) == 9
    register = actions.take_own(actor=house.accounts["affairs"], at=timezone.now())
    assert RegisteredProcedure.objects.get(register=register).signed_by_three


def test_without_a_hospital_it_is_not_known_which_norms_hold(team: Any, now: Any) -> None:
    hospital = Hospital.objects.get()
    void(hospital, actor=team.accounts["admin"], at=now, version=hospital.version, why="test")
    with pytest.raises(Refused) as caught:
        own_record(at=now)
    assert caught.value.codes == ("quality.no-hospital",)

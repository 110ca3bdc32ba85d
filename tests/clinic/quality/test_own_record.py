"""The cases that were entered by deeds are counted as they stand."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic.quality.done import a_procedure_that_ended
from trocar_clinic.custody.actions import use_device
from trocar_clinic.custody.models import SeedMove
from trocar_clinic.custody.places import Move
from trocar_clinic.demonstration.store import a_lot, antennas
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Hospital
from trocar_clinic.patients.models import Lesion
from trocar_clinic.procedures.models import Insertion, Procedure
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import RegisteredProcedure
from trocar_clinic.quality.own_record import ITEMS, own_record
from trocar_clinic.records.actions import void
from trocar_clinic.records.deed import deed

LESION = {"label": "T1", "organ": "lung", "side": "R", "longest_mm": "38.0"}


def test_a_case_entered_by_deeds_is_counted_under_a_pseudonym(house: Any, now: Any) -> None:
    row = a_procedure_that_ended(house, now)
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


def _needle(house: Any, now: Any, row: Any, *, number: int, seeds: int, device: Any = None) -> None:
    with deed("test.needle", actor=house.accounts["nurse"], at=now):
        lesion = row.case.lesions.first() or Lesion(case=row.case, **LESION)
        if lesion.pk is None:
            lesion.measured_on = row.started_at.date()
            lesion.save()
        Insertion(procedure=row, number=number, lesion=lesion, depth_mm="80.0", seeds=seeds, device=device).save()


def _move(house: Any, now: Any, row: Any, lot: Any, kind: Move, count: int) -> None:
    with deed("test.move", actor=house.accounts["physicist"], at=now):
        SeedMove(
            lot=lot,
            kind=kind,
            count=count,
            at=row.started_at,
            case=row.case,
            by=house.accounts["physicist"],
            second=house.accounts["nurse"],
        ).save()


def test_seeds_are_taken_and_returned_by_the_ledger_and_implanted_by_the_operation_record(house: Any, now: Any) -> None:
    row = a_procedure_that_ended(house, now)
    (made,) = own_record(at=now).procedures
    assert (made.seeds_taken, made.seeds_returned) == (None, None), "an empty ledger says nothing"
    lot = a_lot(house, came_at=now - timedelta(days=2), count=30, number="T1")
    for kind, count in ((Move.ISSUE, 20), (Move.IMPLANT, 17), (Move.BRING_BACK, 2), (Move.SPOIL, 1)):
        _move(house, now, row, lot, kind, count)
    _needle(house, now, row, number=1, seeds=17)
    (made,) = own_record(at=now).procedures
    assert (made.seeds_taken, made.seeds_implanted, made.seeds_returned) == (20, 17, 3)
    assert made.modality == "I-125"


def test_a_single_use_device_in_two_procedures_is_a_reuse(house: Any, now: Any) -> None:
    first = a_procedure_that_ended(house, now)
    antenna = antennas(house, came_at=now - timedelta(days=9), count=1)[0]
    antenna = use_device(antenna, actor=house.accounts["nurse"], at=now, case=first.case, used_at=now)
    _needle(house, now, first, number=1, seeds=0, device=antenna)
    (made,) = own_record(at=now).procedures
    assert made.single_use_reused is False
    with deed("test.again", actor=house.accounts["operator"], at=now):
        second = Procedure(
            case=first.case,
            plan=first.plan,
            room=first.room,
            guidance=first.guidance,
            anaesthesia="local",
            started_at=now - timedelta(minutes=40),
            ended_at=now - timedelta(minutes=20),
        )
        second.save()
    _needle(house, now, second, number=1, seeds=0, device=antenna)
    assert [each.single_use_reused for each in own_record(at=now).procedures] == [True, True]


def test_registers_show_facts_with_what_shows_them(house: Any, now: Any) -> None:
    a_procedure_that_ended(house, now)
    facts = own_record(at=now).fact_by_name
    assert facts["rooms.seed_room"].value is True
    assert {"defibrillator", "anaesthesia_machine", "drugs", "suction"} <= set(facts["emergency.items"].value)
    assert facts["custodian.count"].value >= 1
    assert facts["followup.schedule"].value is False, "no visit was planned for the case"
    assert "consent.items" not in facts, "without a consent of every case nothing is said of consents"
    assert all(each.evidence is not None for each in facts.values())

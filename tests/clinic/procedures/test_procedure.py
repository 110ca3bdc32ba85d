"""A procedure starts only when everything is in place, and ends only when seeds balance."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import (
    START,
    a_performed_case,
    a_released_lot,
    a_started_case,
    consented,
    finished,
    implanted,
    move,
    start_values,
    timed_out,
)
from trocar_clinic.custody.places import Move
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Authorisation
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.records.actions import void


def begin(house: Any, case: Case, **values: Any) -> Procedure:
    given = {**start_values(house, case), **values}
    return actions.start(case, actor=house.accounts["nurse"], at=timezone.now(), **given)


def refusal(house: Any, case: Case, **values: Any) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        begin(house, case, **values)
    assert not Procedure.objects.exists()
    assert Case.objects.get(pk=case.pk).state == State.SIGNED
    return refused.value.codes


def test_a_case_goes_from_signature_to_performed(house: Any) -> None:
    case = a_performed_case(house)
    assert case.state == State.PERFORMED
    assert case.procedures.get().duration == timedelta(hours=1)


def test_without_consent_and_time_out_nothing_starts(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    assert set(refusal(house, case)) == {"procedures.no-consent", "procedures.no-time-out"}


def test_consent_signed_after_the_start_does_not_count(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START + timedelta(minutes=1))
    timed_out(house, case, at=START - timedelta(minutes=5))
    assert refusal(house, case) == ("procedures.no-consent",)


def test_a_time_out_with_a_no_does_not_count(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(hours=1))
    timed_out(house, case, at=START - timedelta(minutes=5), without="side")
    assert refusal(house, case) == ("procedures.no-time-out",)


def test_a_time_out_of_yesterday_does_not_count(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(days=2))
    timed_out(house, case, at=START - timedelta(days=1))
    assert refusal(house, case) == ("procedures.no-time-out",)


def test_an_operator_whose_authorisation_has_expired_does_not_start(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(hours=1))
    timed_out(house, case, at=START - timedelta(minutes=5))
    held = Authorisation.objects.get(person=house.staff["operator"], technique="seed", act=Authorisation.Act.PERFORM)
    void(held, actor=house.accounts["affairs"], at=timezone.now(), version=held.version, why="测试")
    assert "institution.not-authorised" in refusal(house, case)


def test_a_seed_team_without_physicist_does_not_start(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(hours=1))
    timed_out(house, case, at=START - timedelta(minutes=5))
    assert refusal(house, case, team=[(house.staff["operator"], "operator")]) == ("procedures.no-physicist",)


def test_untold_items_make_no_consent(house: Any) -> None:
    case = a_signed_case(house, timezone.now())
    with pytest.raises(Refused) as refused:
        actions.give_consent(case, actor=house.accounts["attending"], at=timezone.now(), items={"aim": True})
    assert refused.value.codes == ("procedures.not-told",)


def test_seeds_not_accounted_for_keep_the_procedure_open(house: Any) -> None:
    procedure = a_started_case(house)
    lot = a_released_lot(house)
    implanted(house, procedure, lot, 30)
    move(house, lot, Move.ISSUE, 2, at=START, by="nurse", case=procedure.case, second="physicist")
    with pytest.raises(Refused) as refused:
        finished(house, procedure)
    assert refused.value.codes == ("procedures.seeds-open",)
    move(
        house,
        lot,
        Move.BRING_BACK,
        2,
        at=START + timedelta(minutes=50),
        by="nurse",
        case=procedure.case,
        second="physicist",
    )
    assert finished(house, procedure).result == Procedure.Result.DONE


def test_needles_that_hold_another_number_than_the_ledger_keep_it_open(house: Any) -> None:
    procedure = a_started_case(house)
    lot = a_released_lot(house)
    implanted(house, procedure, lot, 30)
    move(house, lot, Move.ISSUE, 1, at=START, by="nurse", case=procedure.case, second="physicist")
    move(house, lot, Move.IMPLANT, 1, at=START + timedelta(minutes=45), case=procedure.case, second=None)
    with pytest.raises(Refused) as refused:
        finished(house, procedure)
    assert refused.value.codes == ("procedures.seeds-differ",)


def test_a_procedure_with_seeds_in_the_patient_is_not_aborted(house: Any) -> None:
    procedure = a_started_case(house)
    implanted(house, procedure, a_released_lot(house), 3)
    with pytest.raises(Refused) as refused:
        actions.abort(
            procedure,
            actor=house.accounts["operator"],
            at=timezone.now(),
            ended_at=START + timedelta(hours=1),
            why="气胸",
        )
    assert refused.value.codes == ("procedures.already-implanted",)


def test_an_aborted_procedure_leaves_the_signed_plan(house: Any) -> None:
    procedure = a_started_case(house)
    actions.abort(
        procedure, actor=house.accounts["operator"], at=timezone.now(), ended_at=START + timedelta(hours=1), why="气胸"
    )
    assert Case.objects.get(pk=procedure.case_id).state == State.SIGNED


VERIFIED = {
    "kind": "dose", "image_on": date(2026, 3, 6), "day": "0", "verified_on": date(2026, 3, 7), "system": "Trocar", "seeds_seen": 37,
    "d90_gy": "131.20", "v100_percent": "95.10", "conclusion": "达到处方剂量",
}  # fmt: skip


def test_a_verification_moves_the_case_on(house: Any) -> None:
    case = a_performed_case(house)
    actions.verify(
        case, actor=house.accounts["physicist"], at=timezone.now(), verified_by=house.staff["physicist"], **VERIFIED
    )
    assert Case.objects.get(pk=case.pk).state == State.VERIFIED


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_on": date(2026, 3, 4)},
        {"verified_on": date(2026, 3, 5)},
        {"d90_gy": None},
        {"image_on": date(2999, 1, 1)},
    ],
)
def test_impossible_verifications_change_nothing(house: Any, wrong: dict[str, Any]) -> None:
    case = a_performed_case(house)
    with pytest.raises(ValidationError):
        actions.verify(
            case,
            actor=house.accounts["physicist"],
            at=timezone.now(),
            verified_by=house.staff["physicist"],
            **{**VERIFIED, **wrong},
        )
    assert Case.objects.get(pk=case.pk).state == State.PERFORMED

"""The ledger follows every seed, at any time, and says where it does not balance."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import ARRIVED, CERTIFIED, START, a_lot, a_released_lot, assayed, move
from trocar.workflow.custody import least_sample
from trocar_clinic.custody import queries
from trocar_clinic.custody.actions import count_store, require_balance, void_move
from trocar_clinic.custody.models import LeakTest, SeedLot
from trocar_clinic.custody.places import HELD, WAYS, Move, Place
from trocar_clinic.errors import Refused
from trocar_clinic.records.actions import record

DAY = timedelta(days=1)
DECAY_IN_59_4_DAYS = 0.5


def test_every_place_can_be_reached_and_left_but_those_where_seeds_end() -> None:
    starts, ends = {a for a, _ in WAYS.values()}, {b for _, b in WAYS.values()}
    assert ends | {Place.SUPPLIER} == set(Place)
    assert set(Place) - starts == {Place.RETURNED, Place.CLEARED}
    assert set(HELD) <= starts


def test_received_seeds_are_the_sum_of_all_places(house: Any) -> None:
    lot = a_released_lot(house)
    case = a_signed_case(house, timezone.now())
    move(house, lot, Move.ISSUE, 12, at=START, by="nurse", case=case, second="physicist")
    move(house, lot, Move.IMPLANT, 9, at=START + DAY, case=case, second=None)
    move(house, lot, Move.SPOIL, 1, at=START + DAY, case=case, second=None)
    (line,) = queries.ledger(timezone.now())
    assert line.received == sum(count for _, count in line.places) == 50
    assert dict(line.places)[Place.THEATRE] == 2


def test_a_day_before_the_move_shows_the_seeds_where_they_were(house: Any) -> None:
    lot = a_released_lot(house)
    case = a_signed_case(house, timezone.now())
    move(house, lot, Move.ISSUE, 12, at=START, by="nurse", case=case, second="physicist")
    assert lot.balance(START - DAY)[Place.STORE] == 50
    assert lot.balance(START)[Place.STORE] == 38


def test_more_out_than_in_is_refused(house: Any) -> None:
    lot = a_released_lot(house)
    case = a_signed_case(house, timezone.now())
    with pytest.raises(Refused) as refused:
        move(house, lot, Move.ISSUE, 51, at=START, by="nurse", case=case, second="physicist")
    assert refused.value.codes == ("custody.not-enough",)
    assert lot.balance()[Place.STORE] == 50


def test_a_move_entered_late_cannot_empty_the_past(house: Any) -> None:
    lot = a_released_lot(house)
    with pytest.raises(Refused):
        move(house, lot, Move.RETURN, 1, at=ARRIVED + timedelta(minutes=30), by="safety")


def test_seeds_of_one_case_are_not_those_of_another(house: Any) -> None:
    lot = a_released_lot(house)
    mine, other = a_signed_case(house, timezone.now()), a_signed_case(house, timezone.now())
    move(house, lot, Move.ISSUE, 5, at=START, by="nurse", case=mine, second="physicist")
    with pytest.raises(Refused):
        move(house, lot, Move.IMPLANT, 1, at=START + DAY, case=other, second=None)


def test_a_move_that_others_rest_on_cannot_be_voided(house: Any) -> None:
    lot = a_released_lot(house)
    first = lot.moves.get(kind=Move.RECEIVE)
    with pytest.raises(Refused):
        void_move(first, actor=house.accounts["safety"], at=timezone.now(), why="Irrtum")
    assert lot.received() == 50


@pytest.mark.parametrize("second", [None, "nurse"])
def test_the_store_is_opened_by_two_different_persons(house: Any, second: str | None) -> None:
    lot = a_released_lot(house)
    case = a_signed_case(house, timezone.now())
    with pytest.raises(ValidationError):
        move(house, lot, Move.ISSUE, 1, at=START, by="nurse", case=case, second=second)


def test_a_lot_without_enough_assay_is_not_released(house: Any) -> None:
    lot = a_lot(house)
    assayed(house, lot, count=least_sample(50) - 1)
    with pytest.raises(Refused) as refused:
        move(house, lot, Move.RELEASE, 50, at=ARRIVED + DAY)
    assert refused.value.codes == ("custody.assay-missing",)


def test_a_leaking_lot_is_not_released(house: Any) -> None:
    lot = a_lot(house)
    assayed(house, lot)
    values = {"lot": lot, "done_on": ARRIVED.date(), "method": "wipe", "removable_bq": "185.0", "done_by": "x"}
    record(LeakTest, actor=house.accounts["safety"], at=timezone.now(), values=values)
    with pytest.raises(Refused) as refused:
        move(house, lot, Move.RELEASE, 50, at=ARRIVED + DAY)
    assert "custody.lot-leaks" in refused.value.codes


def test_only_a_physicist_releases(house: Any) -> None:
    lot = a_lot(house)
    assayed(house, lot)
    with pytest.raises(Refused):
        move(house, lot, Move.RELEASE, 50, at=ARRIVED + DAY, by="nurse", second="physicist")


def test_a_strength_halves_in_a_half_life(house: Any) -> None:
    lot = a_lot(house)
    later = lot.strength_at(CERTIFIED + timedelta(days=59.4))
    assert later.left == pytest.approx(DECAY_IN_59_4_DAYS, abs=2e-3)


def test_certificates_in_mci_and_u_of_one_strength_agree(house: Any) -> None:
    in_u = a_lot(house, number="A", strength="0.6350", unit="U")
    in_mci = a_lot(house, number="B", strength="0.5000", unit="mCi")
    assert in_u.certified_u == pytest.approx(in_mci.certified_u, rel=1e-3)


def test_a_count_that_differs_is_a_gap(house: Any) -> None:
    lot = a_released_lot(house)
    count_store(
        lot, actor=house.accounts["safety"], at=timezone.now(), place=Place.STORE, counted_at=START, count=49,
        second=house.accounts["nurse"],
    )  # fmt: skip
    (gap,) = queries.gaps(timezone.now())
    assert gap.count == -1


def test_seeds_issued_and_forgotten_are_a_gap(house: Any) -> None:
    lot = a_released_lot(house)
    case = a_signed_case(house, timezone.now())
    move(house, lot, Move.ISSUE, 3, at=START, by="nurse", case=case, second="physicist")
    assert [(gap.row, gap.count) for gap in queries.gaps(timezone.now())] == [(case, 3)]


def test_a_lot_entered_twice_is_refused(house: Any) -> None:
    a_lot(house)
    with pytest.raises(ValidationError):
        a_lot(house)


def test_an_empty_ledger_balances(db: None) -> None:
    require_balance([])
    assert queries.gaps(timezone.now()) == []
    assert SeedLot.objects.count() == 0

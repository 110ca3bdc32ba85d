"""The table of states: reachable, leading out, and guarded where it matters."""

from itertools import pairwise

import pytest

from trocar_clinic.patients.actions import advance
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import PATH, TABLE, TRANSITIONS, Event, Guard, State

ENDS = {State.CLOSED, State.ABANDONED}


def reachable(start: State) -> set[State]:
    found, edge = {start}, [start]
    while edge:
        here = edge.pop()
        new = {each.target for each in TRANSITIONS if each.source == here} - found
        found |= new
        edge += new
    return found


def test_every_state_can_be_reached_and_left() -> None:
    assert reachable(State.REGISTERED) == set(State)
    assert all(ENDS & reachable(state) for state in State)


def test_an_event_has_one_outcome_in_a_state() -> None:
    assert len(TABLE) == len(TRANSITIONS)


def test_every_guard_is_used() -> None:
    assert {guard for each in TRANSITIONS for guard in each.guards} == set(Guard)


def test_the_usual_way_follows_the_table() -> None:
    steps = {(each.source, each.target) for each in TRANSITIONS}
    assert all(step in steps for step in pairwise(PATH))


def test_a_procedure_starts_only_signed_consented_licensed_entitled_and_timed_out() -> None:
    starts = [each for each in TRANSITIONS if each.event is Event.START]
    assert [(each.source, len(each.guards)) for each in starts] == [(State.SIGNED, 5)]


def test_a_guard_that_nobody_judged_is_a_fault_not_a_pass() -> None:
    with pytest.raises(ValueError, match="nobody judged"):
        advance(Case(state=State.SIGNED), Event.START, {})

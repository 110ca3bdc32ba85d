"""Goals that the search meets on its points are met by exact doses too."""

import numpy as np
import pytest

from planning_requests import request
from planning_scenes import goal
from trocar.plan.goals import Achievement
from trocar.workflow.implant import RESERVE, _with_reserve, plan_implant

GOALS = (
    goal("mass", "V100", "≥", 90, "%"),
    goal("mass", "D90", "≥", 100, "Gy"),
    goal("cord", "D0.1cc", "≤", 50, "Gy"),
)


def test_a_goal_missed_exactly_gets_a_reserve_and_the_others_stay() -> None:
    asked = request(goals=GOALS)
    missed = (Achievement(goal=GOALS[0], value=89.5), Achievement(goal=GOALS[2], value=50.6))
    strict = _with_reserve(asked, missed).goals
    assert strict[0].limit == 90.0 + RESERVE * 0.5
    assert strict[1] == GOALS[1]
    assert strict[2].limit < 50.0 - 0.6
    assert strict[2].key == GOALS[2].key


@pytest.mark.slow
def test_goals_that_can_be_met_are_met_by_exact_doses() -> None:
    for seed in (1, 2, 3):
        proposed = plan_implant(request(goals=GOALS), rng=np.random.default_rng(seed))
        assert {each.goal.text: each.value for each in proposed.achievements if not each.is_met} == {}

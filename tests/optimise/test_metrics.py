"""Goals are read from the points near the target, or left to the exact judgement where these are too few."""

import numpy as np
import pytest

from planning_scenes import goal
from trocar.errors import OptimiseError
from trocar.optimise.base import PointSet
from trocar.optimise.metrics import goal_value, readable_goals

NEAR = PointSet(name="bowel", start=0, stop=100, volume_cc=40.0, sampled_cc=0.2)
DEEP, SHALLOW = goal("bowel", "D2cc", "≤", 120.0, "Gy"), goal("bowel", "D0.1cc", "≤", 150.0, "Gy")


def test_a_goal_on_more_of_an_organ_than_lies_near_is_not_steered() -> None:
    assert readable_goals((DEEP, SHALLOW), (NEAR,)) == (SHALLOW,)
    with pytest.raises(OptimiseError):
        goal_value(NEAR, np.ones(100), DEEP, 120.0)


def test_a_goal_on_an_organ_far_away_is_not_steered() -> None:
    assert readable_goals((goal("cord", "Dmax", "≤", 50.0, "Gy"),), (NEAR,)) == ()

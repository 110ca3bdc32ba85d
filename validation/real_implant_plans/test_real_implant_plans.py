"""Needles of real cases clear every obstacle by its margin, measured by a sampler that knows nothing of the planner."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dense_sampler import clearance_mm
from plan_real_cases import margins_kept, plan
from real_cases import CASES, RealCase

HALF_A_VOXEL_MM = 0.75
"""The planner measures on voxels of about 1.5 mm, and on the safe side; a polygon's edge may lie this much nearer."""


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_needle_clears_every_obstacle_by_its_margin(case: RealCase, shared_data: Path, tmp_path: Path) -> None:
    planned = plan(case, shared_data, tmp_path)
    for name, (nearest, margin) in margins_kept(planned).items():
        assert nearest > margin - HALF_A_VOXEL_MM, name
    goals = {goal["goal"].split(" ", 1)[1]: goal for goal in planned.told["goals"]}
    assert next(goal for text, goal in goals.items() if text.startswith("V100"))["value"] > 90.0
    assert planned.told["largest_difference_of_written_dose"] < 2e-3


def square(z: float) -> np.ndarray:
    return np.array([[0.0, 0.0, z], [10.0, 0.0, z], [10.0, 10.0, z], [0.0, 10.0, z]])


def test_the_sampler_measures_a_known_distance() -> None:
    polygons = [square(z) for z in (0.0, 3.0, 6.0)]
    beside = clearance_mm(np.array([14.0, 5.0, -20.0]), np.array([14.0, 5.0, 20.0]), polygons, slice_mm=3.0)
    assert beside == pytest.approx(4.0)
    above = clearance_mm(np.array([-20.0, 5.0, 10.0]), np.array([20.0, 5.0, 10.0]), polygons, slice_mm=3.0)
    assert above == pytest.approx(10.0 - 7.5)


def test_the_sampler_sees_a_needle_that_crosses() -> None:
    assert clearance_mm(np.array([5.0, 5.0, -20.0]), np.array([5.0, 5.0, 20.0]), [square(0.0)], slice_mm=3.0) == 0.0

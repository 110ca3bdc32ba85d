"""Needles of real cases clear every obstacle by its margin, measured by a sampler that knows nothing of the planner."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dense_sampler import clearance_mm, densest_hu
from plan_real_cases import densest, margins_kept, plan
from real_cases import CASES, RealCase


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_needle_clears_every_obstacle_by_its_margin(case: RealCase, shared_data: Path, tmp_path: Path) -> None:
    planned = plan(case, shared_data, tmp_path)
    for name, (nearest, margin) in margins_kept(planned).items():
        assert nearest > margin, name
    bone = densest(planned)
    if bone is not None:
        assert bone[0] < bone[1]
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


def test_the_sampler_finds_the_densest_voxel_beside_a_needle_and_none_beyond() -> None:
    hu = np.zeros((21, 21, 21))
    hu[10, 12, 10] = 900.0
    steps = np.diag([1.0, 1.0, 2.0])

    def found(radius: float) -> float:
        entry, tip = np.array([0.0, 10.0, 20.0]), np.array([20.0, 10.0, 20.0])
        return densest_hu(entry, tip, hu, origin=np.zeros(3), steps=steps, radii_mm=(radius,))

    assert found(2.0) == pytest.approx(900.0)
    assert found(1.0) == pytest.approx(0.0)

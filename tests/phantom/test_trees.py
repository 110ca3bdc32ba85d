"""Vessel trees fill their organ and thicken towards the root as Murray's law asks."""

import numpy as np
import pytest

from trocar.phantom.solids import Ellipsoid
from trocar.phantom.sweeps import Tube
from trocar.phantom.trees import MURRAY_POWER, grow_tree, points_inside, vessel_tree

ORGAN = Ellipsoid((0.0, 0.0, 0.0), (40.0, 30.0, 35.0))


def test_points_lie_below_the_surface_and_apart() -> None:
    points = points_inside(ORGAN, count=60, depth_mm=5.0, rng=np.random.default_rng(1))
    assert len(points) == 60
    assert ORGAN.level_mm(*points.T).max() < -5.0
    apart = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(60)
    assert apart.min() > 5.0


def test_every_node_reaches_the_root() -> None:
    points = points_inside(ORGAN, count=50, depth_mm=3.0, rng=np.random.default_rng(2))
    _, parent = grow_tree((-40.0, 0.0, 0.0), points)
    for node in range(len(parent)):
        walker, steps = node, 0
        while parent[walker] >= 0:
            walker, steps = int(parent[walker]), steps + 1
            assert steps <= 50


def test_the_trunk_carries_the_flow_of_all_tips() -> None:
    tree = vessel_tree(
        (-40.0, 0.0, 0.0), ORGAN, count=80, tip_radius_mm=1.0, depth_mm=3.0, rng=np.random.default_rng(3)
    )
    branches = [part for part in tree.parts if isinstance(part, Tube)]
    ends = {tuple(branch.nodes_lps_mm[-1]) for branch in branches}
    starts = {tuple(branch.nodes_lps_mm[0]) for branch in branches}
    tips = len(ends - starts)
    from_root = [branch for branch in branches if np.allclose(branch.nodes_lps_mm[0], (-40.0, 0.0, 0.0))]
    flow = sum(float(branch.radii_mm[0]) ** MURRAY_POWER for branch in from_root)
    assert flow == pytest.approx(tips)


def test_the_same_random_stream_grows_the_same_tree() -> None:
    def grow() -> np.ndarray:
        rng = np.random.default_rng(5)
        tree = vessel_tree((0.0, 0.0, 0.0), ORGAN, count=30, tip_radius_mm=1.0, depth_mm=3.0, rng=rng)
        return tree.boxes_lps_mm

    assert np.array_equal(grow(), grow())

"""Solids: exact volumes, and levels that tell the distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.phantom.axes import Axes
from trocar.phantom.solids import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Offset,
    Rippled,
    Sheet,
    Solid,
    Union,
    carve,
    rotation,
)
from trocar.phantom.sweeps import Column, Tube, curved_tube, rod

BY_COUNTING = 0.01
"""Relative error of a volume counted in samples a tenth of the smallest half axis apart."""

ROUND_COLUMN = Column(((-30.0, 1.0, 2.0, 20.0, 15.0, 18.0), (40.0, 3.0, 0.0, 24.0, 20.0, 12.0)))
SOLIDS: tuple[Solid, ...] = (
    Ellipsoid((1.0, 2.0, 3.0), (10.0, 20.0, 15.0), rotation(about_x_deg=20, about_z_deg=35)),
    Ellipsoid((0.0, 0.0, 0.0), (10.0, 12.0, 9.0), power=4.0),
    curved_tube([(0, 0, 0), (10, 5, 20), (0, 20, 40)], [3.0, 5.0, 4.0], tallness=1.5),
    ROUND_COLUMN,
    Offset(Ellipsoid((0.0, 0.0, 0.0), (10.0, 12.0, 9.0)), -2.0),
    Union((Ellipsoid((0.0, 0.0, 0.0), (9.0, 9.0, 9.0)), Ellipsoid((12.0, 0.0, 0.0), (8.0, 8.0, 8.0))), 4.0),
    carve(Ellipsoid((0.0, 0.0, 0.0), (12.0, 12.0, 12.0)), Ellipsoid((8.0, 0.0, 0.0), (9.0, 9.0, 9.0)), rounding_mm=3.0),
    Rippled(Ellipsoid((0.0, 0.0, 0.0), (12.0, 14.0, 12.0)), 1.5, 12.0, 4),
    Sheet(Ellipsoid((0.0, 0.0, 0.0), (12.0, 14.0, 12.0)), 3.0),
)


@pytest.mark.parametrize("power", [2.0, 3.0, 4.0])
def test_a_counted_superellipsoid_has_the_volume_of_the_gamma_formula(power: float) -> None:
    solid = Ellipsoid((3.0, -4.0, 5.0), (12.0, 15.0, 18.0), rotation(about_y_deg=25, about_x_deg=40), power)
    assert solid.volume_mm3(step_mm=1.0) == pytest.approx(solid.exact_volume_mm3, rel=BY_COUNTING)


def test_a_rod_is_a_cylinder_with_two_half_balls() -> None:
    straight = rod((0.0, 0.0, 0.0), (10.0, 20.0, 5.0), radius_mm=4.0)
    length = np.sqrt(525.0)
    exact = np.pi * 16 * length + 4 / 3 * np.pi * 64
    assert straight.volume_mm3(step_mm=0.4) == pytest.approx(exact, rel=BY_COUNTING)


@pytest.mark.parametrize("solid", SOLIDS)
def test_levels_on_a_block_are_those_at_its_points_near_the_solid(solid: Solid) -> None:
    low, high = solid.bounds_lps_mm
    axes = Axes(**{f"{n}_mm": np.arange(low[m] - 6, high[m] + 6, 1.7).astype(np.float32) for m, n in enumerate("xyz")})
    on_block = solid.levels(axes, reach_mm=2.0)
    at_points = solid.level_mm(*axes.open_grid())
    near = np.abs(at_points) < 1.9
    assert near.any()
    np.testing.assert_allclose(on_block[near], np.broadcast_to(at_points, on_block.shape)[near], atol=2e-4)
    assert np.array_equal(on_block <= 0, at_points <= 0)


@pytest.mark.parametrize("solid", SOLIDS)
def test_nothing_of_a_solid_lies_outside_its_bounds(solid: Solid) -> None:
    low, high = solid.bounds_lps_mm
    points = np.random.default_rng(3).uniform(low - 10, high + 10, size=(20_000, 3))
    outside = ((points < low) | (points > high)).any(axis=1)
    assert solid.contains(points).any()
    assert not solid.contains(points)[outside].any()


@given(st.floats(0, np.pi), st.floats(0, 2 * np.pi), st.floats(-2.0, 2.0))
def test_the_level_near_an_ellipsoid_is_the_distance_within_a_tenth(polar: float, azimuth: float, off: float) -> None:
    half = np.array([20.0, 25.0, 30.0])
    unit = np.array([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)])
    normal = unit / half
    normal /= np.linalg.norm(normal)
    point = unit * half + off * normal
    level = Ellipsoid((0.0, 0.0, 0.0), (20.0, 25.0, 30.0)).level_mm(*point[:, None])[0]
    assert level == pytest.approx(off, abs=0.1 * abs(off) + 1e-9)


def test_a_carved_solid_and_what_was_carved_share_nothing() -> None:
    first, second = Ellipsoid((0.0, 0.0, 0.0), (12.0,) * 3), Ellipsoid((8.0, 0.0, 0.0), (9.0,) * 3)
    points = np.random.default_rng(1).uniform(-15, 15, size=(20_000, 3))
    assert not (carve(first, second).contains(points) & second.contains(points)).any()


def test_half_spaces_meet_in_a_wedge() -> None:
    wedge = Intersection((HalfSpace((1.0, 0.0, 0.0), 0.0), HalfSpace((0.0, 1.0, 0.0), 0.0)))
    assert wedge.contains(np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]])).tolist() == [True, False]


def test_the_ripple_moves_the_surface_by_its_amplitude_at_most() -> None:
    ball = Ellipsoid((0.0, 0.0, 0.0), (20.0, 20.0, 20.0))
    rippled = Rippled(ball, 1.5, 12.0, 9)
    points = np.random.default_rng(2).normal(size=(5_000, 3)) * 20
    moved = rippled.level_mm(*points.T) - ball.level_mm(*points.T)
    assert 0.5 < np.abs(moved).max() <= 1.5


def test_a_tube_needs_no_more_than_two_points() -> None:
    tube = Tube(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 10.0]]), np.array([1.0, 2.0]))
    assert tube.contains(np.array([[0.0, 1.4, 5.0], [0.0, 1.6, 5.0]])).tolist() == [True, False]

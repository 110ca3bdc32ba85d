"""The surface of a region: points lie on it, distances to it are exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.region import Between, EndCap, region_from_contours
from trocar.geometry.surface import signed_distance_mm, surface_points

ROUNDING_MM = 1e-6

STEPPED = region_from_contours(
    [
        *[shapes.rectangle(-10, 10, -6, 6, z=z) for z in (0.0, 2.0, 4.0)],
        *[shapes.rectangle(-4, 4, -3, 3, z=z) for z in (0.0, 2.0, 4.0, 6.0)],
        *[shapes.rectangle(20, 24, -3, 3, z=z) for z in (4.0, 6.0)],
    ],
    end_cap=EndCap.HALF_SLICE,
)


def test_surface_points_lie_on_the_surface() -> None:
    points = surface_points(STEPPED, spacing_mm=0.7)
    assert np.abs(signed_distance_mm(STEPPED, points)).max() < ROUNDING_MM


def test_surface_points_leave_no_place_of_the_surface_out() -> None:
    points = surface_points(STEPPED, spacing_mm=0.7)
    rng = np.random.default_rng(3)
    low, high = STEPPED.bounds_lps_mm
    somewhere = rng.uniform(low - 2.0, high + 2.0, (3000, 3))
    exact = np.abs(signed_distance_mm(STEPPED, somewhere))
    nearest = np.array([np.linalg.norm(points - each, axis=1).min() for each in somewhere])
    assert (nearest >= exact - ROUNDING_MM).all()
    assert (np.sqrt(np.maximum(nearest**2 - exact**2, 0))).max() < 0.7


@given(point=st.tuples(*[st.floats(-15, 15)] * 3), angle=st.floats(-3, 3))
@settings(max_examples=50, deadline=None)
def test_the_distance_to_a_box_in_any_pose_is_the_textbook_one(point: tuple[float, float, float], angle: float) -> None:
    half = np.array([5.0, 3.0, 3.0])
    contours = [shapes.rectangle(-5, 5, -3, 3, z=z) for z in (-2.0, 0.0, 2.0)]
    rotation, shift = shapes.rotation_about((1, 2, -1), angle), np.array([10.0, -20.0, 5.0])
    box = region_from_contours(shapes.moved(contours, rotation, shift), end_cap=EndCap.HALF_SLICE)
    beyond = np.abs(point) - half
    expected = -np.linalg.norm(np.maximum(beyond, 0)) if beyond.max() > 0 else -beyond.max()
    moved = np.array(point) @ rotation.T + shift
    assert signed_distance_mm(box, moved[None])[0] == pytest.approx(expected, abs=1e-6)


def test_a_gap_between_parts_is_outside_and_has_faces() -> None:
    contours = [shapes.rectangle(0, 10, 0, 10, z=z) for z in (0.0, 2.0, 4.0, 10.0, 12.0, 14.0)]
    region = region_from_contours(contours, end_cap=EndCap.HALF_SLICE)
    assert signed_distance_mm(region, np.array([[5.0, 5.0, 6.0]]))[0] == pytest.approx(-1.0)


@pytest.mark.parametrize(("end_cap", "between"), [(EndCap.ROUNDED, Between.SLAB), (EndCap.HALF_SLICE, Between.SHAPE)])
def test_a_surface_without_closed_form_has_points_but_no_distance(end_cap: EndCap, between: Between) -> None:
    region = region_from_contours(shapes.ball(8, spacing=2), end_cap=end_cap, between=between)
    assert np.linalg.norm(surface_points(region, spacing_mm=1.0), axis=1) == pytest.approx(8.0, abs=0.01)
    with pytest.raises(GeometryError, match="exact for SLAB"):
        signed_distance_mm(region, np.zeros((1, 3)))


def test_points_need_a_spacing() -> None:
    with pytest.raises(GeometryError, match="above 0 mm"):
        surface_points(STEPPED, spacing_mm=0.0)

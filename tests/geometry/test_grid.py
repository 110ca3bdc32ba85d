"""Grids: from voxel to patient and back, in any pose, left-handed, sheared, and what cannot be a grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.affine import affine_from_axes, apply_affine, invert_affine, translation
from trocar.geometry.grid import Grid

ROUNDING_MM = 1e-9

axes = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1)
spacings = st.tuples(*[st.floats(0.1, 5)] * 3)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any pose, either hand, with or without gantry tilt."""
    matrix = np.eye(4)
    steps = np.diag(draw(spacings)) * draw(st.sampled_from([1.0, -1.0]))
    steps[1, 2] = draw(st.floats(-1, 1))
    matrix[:3, :3] = shapes.rotation_about(draw(axes), draw(st.floats(-np.pi, np.pi))) @ steps
    matrix[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    return Grid(shape_kji=shape, lps_from_ijk=matrix)


@given(grid=grids(), index=st.tuples(*[st.floats(-3, 10)] * 3))
@settings(max_examples=50)
def test_a_point_carried_to_the_patient_and_back_is_where_it_was(grid: Grid, index: tuple[float, float, float]) -> None:
    there = apply_affine(grid.lps_from_ijk, np.array(index))
    assert grid.index_ijk(there) == pytest.approx(np.array(index), abs=1e-8)


@given(grid=grids())
@settings(max_examples=30)
def test_the_centres_are_the_images_of_whole_indices_in_array_order(grid: Grid) -> None:
    centres = grid.centres_lps_mm()
    nk, nj, ni = grid.shape_kji
    for k, j, i in ((0, 0, 0), (nk - 1, 0, 0), (0, nj - 1, 0), (0, 0, ni - 1), (nk - 1, nj - 1, ni - 1)):
        expected = apply_affine(grid.lps_from_ijk, np.array([i, j, k], dtype=float))
        assert centres[k, j, i] == pytest.approx(expected, abs=1e-8)


@given(grid=grids())
@settings(max_examples=30)
def test_the_box_holds_every_centre_and_ends_half_a_voxel_beyond(grid: Grid) -> None:
    assert grid.contains(grid.centres_lps_mm()).all()
    middle = grid.corners_lps_mm.mean(axis=0)
    inside = middle + 0.999 * (grid.corners_lps_mm - middle)
    outside = middle + 1.001 * (grid.corners_lps_mm - middle)
    assert grid.contains(inside).all()
    assert not grid.contains(outside).any()


@given(grid=grids())
@settings(max_examples=30)
def test_volume_and_spacing_do_not_know_the_hand(grid: Grid) -> None:
    mirrored = np.array(grid.lps_from_ijk)
    mirrored[:3, 0] *= -1
    other = Grid(shape_kji=grid.shape_kji, lps_from_ijk=mirrored)
    assert other.voxel_volume_mm3 == pytest.approx(grid.voxel_volume_mm3)
    assert other.spacing_ijk_mm == pytest.approx(grid.spacing_ijk_mm)


def test_a_sheared_grid_is_not_orthogonal_and_its_voxels_keep_the_volume() -> None:
    straight = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 2, 3), shape_kji=(4, 5, 6))
    matrix = np.array(straight.lps_from_ijk)
    matrix[1, 2] = 0.9
    sheared = Grid(shape_kji=(4, 5, 6), lps_from_ijk=matrix)
    assert straight.is_orthogonal
    assert not sheared.is_orthogonal
    assert sheared.voxel_volume_mm3 == pytest.approx(6.0)


def test_an_axial_grid_runs_left_back_and_up() -> None:
    grid = Grid.axial(origin_lps_mm=(1, 2, 3), spacing_ijk_mm=(0.5, 1, 2), shape_kji=(2, 3, 4))
    assert grid.spacing_ijk_mm == (0.5, 1, 2)
    assert grid.origin_lps_mm.tolist() == [1, 2, 3]
    assert grid.centres_lps_mm()[1, 2, 3].tolist() == [2.5, 4, 5]
    assert grid.steps_lps_mm.tolist() == [[0.5, 0, 0], [0, 1, 0], [0, 0, 2]]


@given(
    points=st.lists(st.tuples(*[st.floats(-20, 20)] * 3), min_size=1, max_size=5),
    margin=st.floats(0, 10),
    spacing=st.floats(1.5, 5),
)
@settings(max_examples=40)
def test_a_grid_around_points_reaches_the_margin_and_not_a_voxel_more(
    points: list[tuple[float, float, float]], margin: float, spacing: float
) -> None:
    given_points = np.array(points)
    grid = Grid.around(given_points, margin_mm=margin, spacing_mm=spacing)
    centres = grid.centres_lps_mm().reshape(-1, 3)
    over = np.stack([given_points.min(axis=0) - centres.min(axis=0), centres.max(axis=0) - given_points.max(axis=0)])
    assert (over >= margin - 1e-6).all()
    assert (over <= margin + spacing / 2 + 1e-6).all()


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (-1, 2, 2)])
def test_a_grid_without_voxels_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(GeometryError, match="must be at least 1"):
        Grid(shape_kji=shape, lps_from_ijk=np.eye(4))


def test_a_matrix_that_is_not_affine_or_singular_is_refused() -> None:
    projective, infinite, flat = np.eye(4), np.eye(4), np.eye(4)
    projective[3, 0] = 1e-3
    infinite[0, 3] = np.inf
    flat[2, 2] = 0.0
    for matrix in (projective, infinite):
        with pytest.raises(GeometryError, match="not affine"):
            Grid(shape_kji=(1, 1, 1), lps_from_ijk=matrix)
    with pytest.raises(GeometryError, match="no volume"):
        Grid(shape_kji=(1, 1, 1), lps_from_ijk=flat)


def test_a_grid_keeps_no_way_to_write_into_it() -> None:
    matrix = np.eye(4)
    grid = Grid(shape_kji=(1, 1, 1), lps_from_ijk=matrix)
    matrix[0, 3] = 7.0
    assert grid.origin_lps_mm[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        grid.lps_from_ijk[0, 3] = 1.0


@given(grid=grids())
@settings(max_examples=20)
def test_an_inverse_undoes_its_affine(grid: Grid) -> None:
    assert grid.ijk_from_lps @ grid.lps_from_ijk == pytest.approx(np.eye(4), abs=1e-9)
    assert invert_affine(invert_affine(grid.lps_from_ijk)) == pytest.approx(grid.lps_from_ijk, rel=1e-9, abs=1e-7)


def test_affines_are_made_of_steps_and_shifts() -> None:
    steps = np.array([[0.0, 1, 0], [0, 0, 2], [3, 0, 0]])
    matrix = affine_from_axes(origin_lps_mm=np.array([10.0, 20, 30]), steps_lps_mm=steps)
    assert apply_affine(matrix, np.array([1.0, 1, 1])).tolist() == [13, 21, 32]
    moved = apply_affine(translation(np.array([1.0, 2, 3])), np.zeros((2, 4, 3)))
    assert moved.shape == (2, 4, 3)
    assert (moved == [1, 2, 3]).all()

"""Volumes: numbers on a grid, sampled between the voxels; and frames that must not be mixed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume, require_same_frame


def a_volume(values: np.ndarray, grid: Grid) -> Volume:
    return Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2")


GRID = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 2, 3), shape_kji=(3, 4, 5))


@given(
    angle=st.floats(-3, 3),
    shear=st.floats(-0.5, 0.5),
    hand=st.sampled_from([1.0, -1.0]),
    share=st.tuples(*[st.floats(0, 1)] * 3),
)
@settings(max_examples=40)
def test_a_linear_field_is_sampled_exactly_between_the_centres(
    angle: float, shear: float, hand: float, share: tuple[float, float, float]
) -> None:
    matrix = np.eye(4)
    steps = np.diag([1.0, 2.0, 3.0 * hand])
    steps[0, 2] = shear
    matrix[:3, :3] = shapes.rotation_about((1, 2, 3), angle) @ steps
    grid = Grid(shape_kji=(3, 4, 5), lps_from_ijk=matrix)
    slope = np.array([0.3, -1.2, 2.0])
    volume = a_volume(grid.centres_lps_mm() @ slope + 5, grid)
    point = matrix[:3, :3] @ (np.array(share) * [4, 3, 2])
    assert volume.sample(point, outside=np.nan) == pytest.approx(point @ slope + 5, abs=1e-9)


def test_the_outer_half_voxel_holds_the_nearest_value_and_beyond_it_the_one_given() -> None:
    volume = a_volume(np.arange(60.0).reshape(3, 4, 5), GRID)
    points = np.array([[-0.49, 0, 0], [-0.51, 0, 0], [4.49, 0, 0], [4.51, 0, 0], [0, 0, 7.4], [0, 0, 7.6]])
    assert volume.sample(points, outside=-1.0) == pytest.approx([0, -1, 4, -1, 40, -1])


def test_whole_numbers_are_interpolated_as_reals() -> None:
    volume = a_volume(np.array([[[0, 1]]], dtype=np.int16), Grid(shape_kji=(1, 1, 2), lps_from_ijk=np.eye(4)))
    assert volume.sample(np.array([0.25, 0, 0]), outside=0.0) == pytest.approx(0.25)


def test_sampling_keeps_the_shape_of_the_points() -> None:
    volume = a_volume(np.zeros((3, 4, 5)), GRID)
    assert volume.sample(np.zeros((2, 7, 3)), outside=0.0).shape == (2, 7)


def test_numbers_of_another_shape_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"\(5, 4, 3\) was given for a grid of \(3, 4, 5\)"):
        a_volume(np.zeros((5, 4, 3)), GRID)


def test_numbers_are_copied_or_taken_over_and_read_only_either_way() -> None:
    values = np.zeros((3, 4, 5), np.float32)
    copied = a_volume(values, GRID)
    values[0, 0, 0] = 9.0
    assert copied.values_kji[0, 0, 0] == 0.0
    assert copied.values_kji.dtype == np.float32
    owning = Volume.owning(grid=GRID, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2")
    assert np.shares_memory(owning.values_kji, values)
    for volume in (copied, owning):
        with pytest.raises(ValueError, match="read-only"):
            volume.values_kji[0, 0, 0] = 1.0


def test_volumes_differ_by_numbers_place_quantity_and_frame() -> None:
    first = a_volume(np.zeros((3, 4, 5)), GRID)
    assert first == a_volume(np.zeros((3, 4, 5)), GRID)
    others = [
        a_volume(np.ones((3, 4, 5)), GRID),
        a_volume(np.zeros((3, 4, 5), np.float32), GRID),
        a_volume(np.zeros((3, 4, 5)), Grid(shape_kji=(3, 4, 5), lps_from_ijk=np.eye(4))),
        Volume(grid=GRID, values_kji=np.zeros((3, 4, 5)), quantity=Quantity.DOSE_GY, frame_uid="1.2"),
        Volume(grid=GRID, values_kji=np.zeros((3, 4, 5)), quantity=Quantity.HOUNSFIELD, frame_uid="1.3"),
    ]
    assert first not in others


def test_two_frames_are_refused_by_name_and_one_is_not() -> None:
    require_same_frame("1.2", "1.2", first="dose", second="structures")
    with pytest.raises(GeometryError, match=r"dose lies in frame of reference 1\.2, structures in 1\.3"):
        require_same_frame("1.2", "1.3", first="dose", second="structures")


def test_a_contour_keeps_its_points_in_order_and_read_only() -> None:
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    contour = Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points)
    points[0, 0] = 5.0
    assert contour.points_lps_mm[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        contour.points_lps_mm[0, 0] = 1.0


@pytest.mark.parametrize("points", [np.empty((0, 3)), np.array([[0.0, np.nan, 0]]), np.array([[np.inf, 0.0, 0]])])
def test_a_contour_of_nothing_or_of_no_numbers_is_refused(points: np.ndarray) -> None:
    with pytest.raises(GeometryError, match="at least one finite point"):
        Contour(kind=ContourKind.POINT, points_lps_mm=points)


def test_only_closed_kinds_enclose_an_area() -> None:
    closed = {kind for kind in ContourKind if Contour(kind=kind, points_lps_mm=np.zeros((1, 3))).is_closed}
    assert closed == {ContourKind.CLOSED_PLANAR, ContourKind.CLOSED_PLANAR_XOR}

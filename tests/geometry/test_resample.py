"""Resampling keeps what interpolation can keep: linear functions, labels, places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.resample import Interpolation, resample
from trocar.geometry.volume import Quantity, Volume


def linear_volume(grid: Grid) -> Volume:
    values = grid.centres_lps_mm() @ np.array([1.0, -2.0, 0.5]) + 7.0
    return Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1")


@given(angle=st.floats(-0.5, 0.5), flip=st.sampled_from([1.0, -1.0]), shear=st.floats(-0.3, 0.3))
@settings(max_examples=20, deadline=None)
def test_a_linear_field_is_exact_on_any_grid_inside(angle: float, flip: float, shear: float) -> None:
    old = linear_volume(Grid.axial(origin_lps_mm=(-20, -20, -20), spacing_ijk_mm=(2, 3, 4), shape_kji=(11, 14, 21)))
    matrix = np.eye(4)
    matrix[:3, :3] = shapes.rotation_about((1, 1, 0.3), angle) @ np.diag([1.0, 1.0, flip])
    matrix[1, 2] += shear
    matrix[:3, 3] = apply_affine(matrix, np.array([-4.0, -4.0, -4.0]))
    grid = Grid(shape_kji=(8, 8, 8), lps_from_ijk=matrix)
    for interpolation in (Interpolation.LINEAR, Interpolation.CUBIC):
        new = resample(old, grid, interpolation=interpolation, outside=-1.0)
        expected = grid.centres_lps_mm() @ np.array([1.0, -2.0, 0.5]) + 7.0
        tolerance = 1e-9 if interpolation is Interpolation.LINEAR else 0.5
        inside = new.values_kji != -1.0
        assert inside.any()
        assert np.abs(new.values_kji - expected)[inside].max() < tolerance


def test_resampling_agrees_with_sampling_at_the_new_centres() -> None:
    rng = np.random.default_rng(4)
    old_grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(5, 6, 7))
    old = Volume(grid=old_grid, values_kji=rng.normal(size=(5, 6, 7)), quantity=Quantity.HOUNSFIELD, frame_uid="1")
    grid = Grid.axial(origin_lps_mm=(-1.3, -1.2, -1.1), spacing_ijk_mm=(0.7, 0.8, 0.9), shape_kji=(9, 10, 14))
    new = resample(old, grid, interpolation=Interpolation.LINEAR, outside=-9.0)
    assert new.values_kji == pytest.approx(old.sample(grid.centres_lps_mm(), outside=-9.0))


def test_whole_numbers_become_reals_when_interpolated_and_stay_when_not() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 1, 2))
    between = Grid.axial(origin_lps_mm=(0.4, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 1, 1))
    image = Volume(
        grid=grid, values_kji=np.array([[[0, 10]]], dtype=np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1"
    )
    linear = resample(image, between, interpolation=Interpolation.LINEAR, outside=0.0).values_kji
    nearest = resample(image, between, interpolation=Interpolation.NEAREST, outside=0.0).values_kji
    assert (linear.item(), nearest.item()) == (pytest.approx(4.0), 0)
    assert (linear.dtype, nearest.dtype) == (np.float32, np.int16)


def test_labels_are_never_interpolated() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 1, 2))
    labels = Volume(grid=grid, values_kji=np.array([[[0, 3]]], dtype=np.uint8), quantity=Quantity.LABEL, frame_uid="1")
    with pytest.raises(GeometryError, match="use NEAREST"):
        resample(labels, grid, interpolation=Interpolation.LINEAR, outside=0.0)
    assert resample(labels, grid, interpolation=Interpolation.NEAREST, outside=0.0).values_kji.tolist() == [[[0, 3]]]

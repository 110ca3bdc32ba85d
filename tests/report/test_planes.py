import numpy as np
import pytest

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.report.planes import Cut, View, crosses, letter, sampled


def cut(view: View, centre=(0.0, 0.0, 0.0)) -> Cut:
    return Cut(view=view, centre_lps_mm=np.array(centre), half_width_mm=10.0, half_height_mm=10.0)


@pytest.mark.parametrize(
    ("view", "letters"),
    [
        (View.AXIAL, {"left": "R", "right": "L", "top": "A", "bottom": "P"}),
        (View.CORONAL, {"left": "R", "right": "L", "top": "H", "bottom": "F"}),
        (View.SAGITTAL, {"left": "A", "right": "P", "top": "H", "bottom": "F"}),
    ],
)
def test_sides_stand_where_a_radiologist_expects_them(view, letters):
    assert cut(view).letters == letters


@pytest.mark.parametrize("view", list(View))
def test_the_reader_looks_along_right_cross_down(view):
    right, down, into = (np.array(direction) for direction in view.value)
    np.testing.assert_array_equal(np.cross(right, down), into)


def test_letters_follow_the_direction():
    assert [letter(np.array(d)) for d in ([-1.0, 0, 0], [0, -1.0, 0], [0, 0, -1.0])] == ["R", "A", "F"]


@pytest.mark.parametrize("view", list(View))
def test_a_point_marked_in_the_patient_is_found_where_the_cut_says(view):
    grid = Grid.axial(origin_lps_mm=(-20, -20, -20), spacing_ijk_mm=(1, 1, 1), shape_kji=(41, 41, 41))
    values = np.zeros(grid.shape_kji)
    values[22, 25, 17] = 1.0  # k, j, i: 3 mm right, 5 mm behind, 2 mm above the middle
    where = np.array([-3.0, 5.0, 2.0])
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.PROBABILITY, frame_uid="1.2")
    across, along, seen = sampled(volume, cut(view, where), step_mm=1.0, outside=0.0)
    row, column = np.unravel_index(np.argmax(seen), seen.shape)
    expected_across, expected_along = cut(view, where).in_plane(where)
    assert seen.max() == pytest.approx(1.0)
    assert (across[column], along[row]) == pytest.approx((float(expected_across), float(expected_along)))


def test_a_plane_beyond_the_voxels_does_not_cross_them():
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 2), shape_kji=(3, 4, 5))
    assert crosses(cut(View.AXIAL, (0, 0, 4.9)), grid)
    assert not crosses(cut(View.AXIAL, (0, 0, 5.1)), grid)

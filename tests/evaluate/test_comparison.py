"""Two doses point by point: known differences are found, counted and placed."""

import numpy as np
import pytest

from trocar.errors import EvaluateError
from trocar.evaluate.comparison import compare_doses
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume

GRID = Grid.axial(origin_lps_mm=(1, 2, 3), spacing_ijk_mm=(1, 2, -3), shape_kji=(4, 5, 6))


def reference(values: np.ndarray | None = None, quantity: Quantity = Quantity.DOSE_GY) -> Volume:
    values = 100.0 + GRID.centres_lps_mm()[..., 1] if values is None else values
    return Volume(grid=GRID, values_kji=values, quantity=quantity, frame_uid="1")


def test_a_factor_shows_in_percent_and_an_offset_in_gray() -> None:
    factor = compare_doses(reference(), lambda points: 1.03 * (100 + points[:, 1]), from_gy=1.0).relative_percent
    assert (factor.mean, factor.standard_deviation, factor.least, factor.largest) == pytest.approx((3, 0, 3, 3))
    offset = compare_doses(reference(), lambda points: 98 + points[:, 1], from_gy=1.0).difference_gy
    assert (offset.mean, offset.root_mean_square, offset.mean_absolute) == pytest.approx((-2, 2, 2))
    assert offset.points == 120


def test_the_worst_points_come_first_with_their_place() -> None:
    def one_off(points: np.ndarray) -> np.ndarray:
        spoilt = np.isclose(points, [4.0, 6.0, -3.0]).all(axis=1)
        slightly = np.isclose(points, [2.0, 4.0, 0.0]).all(axis=1)
        return (100 + points[:, 1]) * (1 - 0.2 * spoilt + 0.1 * slightly)

    found = compare_doses(reference(), one_off, from_gy=1.0, worst=2)
    assert [pair.position_lps_mm for pair in found.worst] == [(4, 6, -3), (2, 4, 0)]
    assert [pair.difference_percent for pair in found.worst] == pytest.approx([-20, 10])


def test_points_that_are_not_compared_are_counted_by_reason() -> None:
    where = np.ones(GRID.shape_kji, dtype=bool)
    where[0] = False
    found = compare_doses(
        reference(),
        lambda points: np.where(points[:, 0] > 5.5, np.nan, 100.0),
        from_gy=103.0,
        to_gy=109.0,
        where=where,
    )
    assert (found.out_of_range, found.left_out, found.unknown) == (2 * 24, 18, 9)
    assert found.difference_gy.points == 120 - 48 - 18 - 9


def test_nothing_left_to_compare_is_an_error() -> None:
    with pytest.raises(EvaluateError, match="none of them may be compared"):
        compare_doses(reference(), lambda points: np.full(len(points), np.nan), from_gy=1.0)
    with pytest.raises(EvaluateError, match="0 hold a reference dose from 500 to inf Gy"):
        compare_doses(reference(), lambda points: np.ones(len(points)), from_gy=500.0)


@pytest.mark.parametrize(("from_gy", "to_gy"), [(0.0, 10.0), (10.0, 10.0), (float("nan"), 10.0)])
def test_a_range_that_is_none_is_refused(from_gy: float, to_gy: float) -> None:
    with pytest.raises(EvaluateError, match="above 0 Gy"):
        compare_doses(reference(), lambda points: points[:, 0], from_gy=from_gy, to_gy=to_gy)


def test_what_is_no_dose_in_gray_is_refused() -> None:
    with pytest.raises(EvaluateError, match="two doses in Gy"):
        compare_doses(reference(quantity=Quantity.RELATIVE_DOSE), lambda points: points[:, 0], from_gy=1.0)
    values = np.ones(GRID.shape_kji)
    values[0, 0, 0] = np.inf
    with pytest.raises(EvaluateError, match="1 voxels without"):
        compare_doses(reference(values), lambda points: points[:, 0], from_gy=1.0)

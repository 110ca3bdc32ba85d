"""The curve itself: what D_x and V_x mean, at knots, between them, on steps and plateaus."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import EvaluateError
from trocar.results.dvh import Dvh


def ramp(volume_cc: float = 20.0) -> Dvh:
    """Return a structure that receives 50 to 150 Gy evenly."""
    return Dvh.from_knots(name="ramp", dose_gy=[50.0, 150.0], cumulative_cc=[volume_cc, 0.0], mean_gy=100.0)


def two_doses() -> Dvh:
    """Return a structure of 10 cc, half of which receives 100 Gy and half 200 Gy."""
    return Dvh.from_knots(
        name="two", dose_gy=[100.0, 100.0, 200.0, 200.0], cumulative_cc=[10.0, 5.0, 5.0, 0.0], mean_gy=150.0
    )


def test_d_x_is_the_least_dose_to_the_hottest_part() -> None:
    assert ramp().dose_at_percent(90) == pytest.approx(60.0)
    assert ramp().dose_at_percent(100) == 50.0
    assert ramp().dose_at_cc(2.0) == pytest.approx(140.0)
    assert two_doses().dose_at_percent(50) == 200.0
    assert two_doses().dose_at_percent(50.001) == pytest.approx(100.0)


def test_v_x_is_the_part_that_receives_at_least_a_dose() -> None:
    assert ramp().percent_at_dose(75.0) == pytest.approx(75.0)
    assert ramp().cc_at_dose(75.0) == pytest.approx(15.0)
    assert [two_doses().cc_at_dose(dose) for dose in (0, 100, 100.001, 200, 200.001)] == [10, 10, 5, 5, 0]


@given(percent=st.floats(0.01, 100.0))
def test_v_of_d_is_the_percentage_one_started_from(percent: float) -> None:
    assert ramp().percent_at_dose(ramp().dose_at_percent(percent)) == pytest.approx(percent)


def test_differential_volumes_add_up_to_the_volume_and_the_last_edge_is_included() -> None:
    for dvh in (ramp(), two_doses()):
        bins = dvh.differential_cc(np.linspace(0.0, 200.0, 21))
        assert bins.sum() == pytest.approx(dvh.volume_cc)
    assert two_doses().differential_cc(np.array([0.0, 100.0, 150.0, 200.0])).tolist() == [0, 5, 5]


def test_relative_axes_are_percentages() -> None:
    assert ramp().cumulative_percent.tolist() == [100, 0]
    assert ramp().dose_percent(100.0).tolist() == [50, 150]


@pytest.mark.parametrize("percent", [0.0, -1.0, 100.1, float("nan")])
def test_a_percentage_that_is_none_is_refused(percent: float) -> None:
    with pytest.raises(EvaluateError, match="more than 0 and at most 100 %"):
        ramp().dose_at_percent(percent)


@pytest.mark.parametrize("volume_cc", [0.0, 20.1, float("nan")])
def test_more_cc_than_the_structure_has_are_refused(volume_cc: float) -> None:
    with pytest.raises(EvaluateError, match=r"the structure has 20\.000 cc"):
        ramp().dose_at_cc(volume_cc)


@pytest.mark.parametrize(
    ("dose_gy", "cumulative_cc"),
    [([1.0], [1.0]), ([2.0, 1.0], [1.0, 0.0]), ([1.0, 2.0], [0.0, 1.0]), ([1.0, np.nan], [1.0, 0.0])],
)
def test_knots_that_are_no_histogram_are_refused(dose_gy: list[float], cumulative_cc: list[float]) -> None:
    with pytest.raises(EvaluateError, match="dose must rise"):
        Dvh.from_knots(name="x", dose_gy=dose_gy, cumulative_cc=cumulative_cc, mean_gy=1.0)


def test_a_curve_is_read_only_and_equal_to_its_twin() -> None:
    assert ramp() == ramp() != ramp(21.0)
    with pytest.raises(ValueError, match="read-only"):
        ramp().dose_gy[0] = 0.0

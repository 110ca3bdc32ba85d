"""Indices against closed forms: a ball around a point, where every volume is known."""

import numpy as np
import pytest

from strategies import shapes
from trocar.errors import EvaluateError
from trocar.evaluate.conformity import implant_indices
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap, Region, region_from_contours, region_from_grid

STANDARD_ERRORS = 3.5
PRESCRIPTION_GY = 100.0
OF_SLICES = 2e-3
"""Half-millimetre slabs stand for a ball to about this part of its volume."""


def target(radius: float = 10.0, *, spacing: float = 0.5) -> Region:
    return region_from_contours(shapes.ball(radius, spacing=spacing), end_cap=EndCap.HALF_SLICE, name="target")


def inverse_square(reference_radius: float, centre: tuple[float, float, float] = (0, 0, 0)):  # type: ignore[no-untyped-def]
    """Return a dose that is the prescription on a sphere."""
    return lambda points: PRESCRIPTION_GY * reference_radius**2 / np.maximum(((points - centre) ** 2).sum(axis=1), 0.01)


def ball_cc(radius: float) -> float:
    return 4 / 3 * np.pi * radius**3 / 1000


def test_a_reference_isodose_around_the_target_gives_the_ratio_of_volumes() -> None:
    got = implant_indices(target(), inverse_square(12.0), prescription_gy=PRESCRIPTION_GY)
    assert got.v_ref_cc.value == pytest.approx(ball_cc(12), rel=4e-3)
    assert abs(got.v_ref_cc.value - ball_cc(12)) < STANDARD_ERRORS * got.v_ref_cc.standard_error
    assert got.ci.value == pytest.approx((10 / 12) ** 3, rel=6e-3)
    assert got.ei.value == pytest.approx((12 / 10) ** 3 - 1, rel=1e-2)
    assert got.v100_percent.value == 100.0
    assert got.v150_percent.value == pytest.approx(100 * (12 / np.sqrt(1.5) / 10) ** 3, rel=5e-3)
    assert got.v200_percent.value == pytest.approx(100 * (12 / np.sqrt(2) / 10) ** 3, rel=5e-3)
    assert got.hi.value == pytest.approx(1 - (12 / np.sqrt(1.5) / 10) ** 3, abs=5e-3)
    assert got.d90_gy.value == pytest.approx(144 / 0.9 ** (2 / 3), rel=3e-3)
    farthest_corner = np.hypot(np.sqrt(100 - 9.5**2), 9.75)
    assert got.d100_gy.value == pytest.approx(144 * (10 / farthest_corner) ** 2, rel=1e-3)
    assert got.remarks == ()


def test_a_reference_isodose_within_the_target_leaves_nothing_outside() -> None:
    got = implant_indices(target(), inverse_square(8.0), prescription_gy=PRESCRIPTION_GY)
    assert got.v100_percent.value == pytest.approx(51.2, rel=5e-3)
    assert got.ci.value == pytest.approx(0.512, rel=8e-3)
    assert got.ei.value == pytest.approx(0.0, abs=5e-3)
    assert got.hi.value == pytest.approx(1 - 1.5**-1.5, abs=5e-3)


def test_a_perfect_fit_is_one_and_a_miss_is_zero() -> None:
    fit = implant_indices(target(spacing=0.1), inverse_square(10.0), prescription_gy=100.0)
    assert fit.ci.value == pytest.approx(1, abs=8e-3)
    beside = implant_indices(
        target(),
        inverse_square(5.0, centre=(17.0, 0, 0)),
        prescription_gy=100.0,
        within=region_from_grid(Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(30, 30, 30))),
    )
    assert beside.ci is None
    assert beside.hi is None
    assert [remark.code for remark in beside.remarks] == [
        "evaluate.reference-isodose-cut",
        "evaluate.reference-dose-not-reached",
    ]


def test_the_whole_of_a_dose_grid_counts_even_away_from_the_target() -> None:
    astray = np.array([40.0, 0, 0])

    def dose_at(points: np.ndarray) -> np.ndarray:
        return inverse_square(8.0)(points) + inverse_square(3.0, centre=tuple(astray))(points)

    grid = Grid.axial(origin_lps_mm=(-30, -30, -30), spacing_ijk_mm=(2, 2, 2), shape_kji=(31, 31, 46))
    everywhere = implant_indices(target(), dose_at, prescription_gy=100.0, within=region_from_grid(grid))
    around = implant_indices(target(), dose_at, prescription_gy=100.0)
    assert everywhere.v_ref_cc.value - around.v_ref_cc.value == pytest.approx(ball_cc(3), rel=0.15)


def test_a_reference_isodose_cut_by_the_grid_is_named_and_ci_and_ei_are_not_given() -> None:
    grid = Grid.axial(origin_lps_mm=(-11, -11, -11), spacing_ijk_mm=(1, 1, 1), shape_kji=(23, 23, 23))
    got = implant_indices(
        target(), inverse_square(12.0), prescription_gy=PRESCRIPTION_GY, within=region_from_grid(grid)
    )
    assert got.ci is None
    assert got.ei is None
    assert got.hi is not None
    assert [remark.code for remark in got.remarks] == ["evaluate.reference-isodose-cut"]
    assert got.v_ref_cc.value < ball_cc(12)


def test_a_dose_without_end_does_not_loop_for_ever() -> None:
    got = implant_indices(target(), lambda points: np.full(len(points), 150.0), prescription_gy=100.0)
    assert got.ci is None
    assert got.v100_percent.value == 100.0


@pytest.mark.parametrize("prescription_gy", [0.0, -1.0, float("nan"), float("inf")])
def test_a_prescription_that_is_none_is_refused(prescription_gy: float) -> None:
    with pytest.raises(EvaluateError, match="above 0 Gy"):
        implant_indices(target(), inverse_square(10.0), prescription_gy=prescription_gy)

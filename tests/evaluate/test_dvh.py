"""Histograms against exact solutions, in any pose, with honest errors; bad input is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import EvaluateError
from trocar.evaluate.dvh import Accuracy, Uncovered, compute_dvh
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.results.dvh import Dvh

STANDARD_ERRORS = 3.5
"""Errors stated are about 1.4 times too large, so that this is five standard deviations."""

ROUGH = Accuracy(volume_percent=0.5, dose_percent=2.0, points=20_000)

DoseAt = Callable[[np.ndarray], np.ndarray]


def cylinder(radius: float = 12.0, height: float = 24.0) -> Region:
    planes = np.arange(-height / 2 + 1, height / 2, 2.0)
    return region_from_contours(
        [shapes.circle(radius, z=z, n=720) for z in planes], end_cap=EndCap.HALF_SLICE, name="cylinder"
    )


def box(half: float = 5.0) -> Region:
    contours = [
        shapes.rectangle(-half, half, -half, half, z=z) for z in np.linspace(-half + half / 5, half - half / 5, 5)
    ]
    return region_from_contours(contours, end_cap=EndCap.HALF_SLICE, name="box")


def along(axis: tuple[float, float, float], *, slope: float = 2.0, offset: float = 100.0) -> DoseAt:
    return lambda points: offset + slope * points @ (np.array(axis) / np.linalg.norm(axis))


def assert_volume_agrees(dvh: Dvh, dose_gy: float, expected_cc: float) -> None:
    assert (
        abs(dvh.cc_at_dose(dose_gy) - expected_cc)
        < STANDARD_ERRORS * dvh.cc_error_at_dose(dose_gy) + 1e-5 * dvh.volume_cc
    )


@pytest.mark.parametrize("axis", [(1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)])
def test_a_box_in_a_linear_dose_along_its_edge_is_a_ramp(axis: tuple[float, float, float]) -> None:
    dvh = compute_dvh(box(), along(axis))
    for percent in (1, 2, 10, 50, 90, 98, 99):
        assert dvh.dose_at_percent(percent) == pytest.approx(110 - 0.2 * percent, abs=0.02)
        assert_volume_agrees(dvh, 110 - 0.2 * percent, percent / 100)
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((90, 110), abs=1e-3)
    assert dvh.mean_gy == pytest.approx(100, abs=STANDARD_ERRORS * dvh.mean_error_gy)
    assert dvh.volume_cc == pytest.approx(1.0)


def test_a_box_in_a_linear_dose_along_its_diagonal_is_a_cubic_at_the_corner() -> None:
    dvh = compute_dvh(box(), along((1, 1, 1), slope=np.sqrt(3)))
    for depth in (0.5, 2.0, 6.0):
        assert_volume_agrees(dvh, 115 - depth, depth**3 / 6 / 1000)
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((85, 115), abs=0.02)
    assert dvh.maximum_lps_mm == pytest.approx([5, 5, 5], abs=0.02)


def test_a_cylinder_in_a_dose_that_falls_from_its_axis_as_inverse_square() -> None:
    dvh = compute_dvh(cylinder(), lambda points: 1000.0 / (1.0 + (points[:, :2] ** 2).sum(axis=1)))
    for radius in (0.5, 2.0, 6.0, 11.5):
        assert_volume_agrees(dvh, 1000 / (1 + radius**2), np.pi * radius**2 * 24 / 1000)
    assert dvh.dose_at_percent(90) == pytest.approx(1000 / (1 + 0.9 * 144), rel=2e-3)
    assert dvh.max_gy == pytest.approx(1000.0, rel=1e-3)


def test_a_ball_around_a_point_source_keeps_its_hot_tail() -> None:
    region = region_from_contours(shapes.ball(10, spacing=0.25), end_cap=EndCap.HALF_SLICE)
    dvh = compute_dvh(region, lambda points: 1e4 / np.maximum((points**2).sum(axis=1), 0.01))
    for radius, within in ((0.5, 0.15), (1.0, 0.05), (3.0, 0.01), (9.0, 0.005)):
        expected = 4 / 3 * np.pi * radius**3 / 1000
        assert dvh.cc_at_dose(1e4 / radius**2) == pytest.approx(expected, rel=within)
        assert_volume_agrees(dvh, 1e4 / radius**2, expected)


def test_a_tenth_of_a_cc_in_a_steep_gradient() -> None:
    radius = float(np.cbrt(100 * 3 / 4 / np.pi))
    region = region_from_contours(shapes.ball(radius, spacing=0.1), end_cap=EndCap.HALF_SLICE)
    dvh = compute_dvh(region, lambda points: 1e4 / ((points - [6.0, 0, 0]) ** 2).sum(axis=1))
    assert dvh.volume_cc == pytest.approx(0.1, rel=2e-3)
    assert dvh.max_gy == pytest.approx(1e4 / (6 - radius) ** 2, rel=0.01)
    assert dvh.min_gy == pytest.approx(1e4 / (6 + radius) ** 2, rel=0.01)
    points = np.random.default_rng(1).uniform(-radius, radius, (1_000_000, 3))
    dose = 1e4 / ((points[region.contains(points)] - [6.0, 0, 0]) ** 2).sum(axis=1)
    for percent in (2, 10, 50, 90, 98):
        assert dvh.dose_at_percent(percent) == pytest.approx(np.percentile(dose, 100 - percent), rel=5e-3)


@given(
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    angle=st.floats(-np.pi, np.pi),
)
@settings(max_examples=8, deadline=None)
def test_a_histogram_does_not_depend_on_the_pose(axis: tuple[float, float, float], angle: float) -> None:
    rotation, shift = shapes.rotation_about(axis, angle), np.array([50.0, -30.0, 700.0])
    contours = [shapes.rectangle(-5, 5, -5, 5, z=z) for z in (-4.0, -2.0, 0.0, 2.0, 4.0)]
    region = region_from_contours(shapes.moved(contours, rotation, shift), end_cap=EndCap.HALF_SLICE)
    dvh = compute_dvh(region, lambda points: along((1, 1, 1))((points - shift) @ rotation), accuracy=ROUGH)
    still = compute_dvh(box(), along((1, 1, 1)), accuracy=ROUGH)
    for dose_gy in (95.0, 100.0, 105.0):
        error = np.hypot(dvh.cc_error_at_dose(dose_gy), still.cc_error_at_dose(dose_gy))
        assert abs(dvh.cc_at_dose(dose_gy) - still.cc_at_dose(dose_gy)) < STANDARD_ERRORS * error


def test_the_stated_error_is_honest_and_not_extravagant() -> None:
    """Boxes at many places have the same true histogram; how the computed ones scatter is what the error claims."""
    off, stated = [], []
    rng = np.random.default_rng(7)
    for _ in range(24):
        shift = rng.uniform(-9, 9, 3)
        rotation = shapes.rotation_about((0, 0, 1), float(rng.uniform(0, 6)))
        contours = [shapes.rectangle(-5, 5, -5, 5, z=z) for z in (-4.0, -2.0, 0.0, 2.0, 4.0)]
        region = region_from_contours(shapes.moved(contours, rotation, shift), end_cap=EndCap.HALF_SLICE)
        dvh = compute_dvh(
            region, lambda points, s=shift, r=rotation: along((1, 2, 3))((points - s) @ r), accuracy=ROUGH
        )
        off.append([dvh.cc_at_dose(d) for d in (92.0, 97.0, 100.0, 104.0)])
        stated.append([dvh.cc_error_at_dose(d) for d in (92.0, 97.0, 100.0, 104.0)])
    scatter = np.std(off, axis=0, ddof=1)
    claimed = np.sqrt((np.array(stated) ** 2).mean(axis=0))
    assert (scatter < 1.3 * claimed).all()
    assert (scatter > 0.3 * claimed).all()


def test_the_error_falls_when_more_points_are_spent() -> None:
    errors = [
        compute_dvh(cylinder(), along((1, 2, 3)), accuracy=Accuracy(points=n, most_points=n)).cumulative_error_cc.mean()
        for n in (30_000, 240_000)
    ]
    order = np.diff(np.log(errors)) / np.log(8)
    assert (order < -0.5).all(), "stratified sampling converges as the power -2/3 of the number of points"


def test_the_same_call_gives_the_same_curve() -> None:
    first, second = (compute_dvh(cylinder(), along((1, 2, 3)), accuracy=ROUGH) for _ in range(2))
    assert first == second


def test_a_uniform_dose_is_a_step() -> None:
    dvh = compute_dvh(cylinder(), lambda points: np.full(len(points), 145.0))
    assert dvh.min_gy == dvh.max_gy == 145.0
    assert dvh.mean_gy == pytest.approx(145.0)
    assert dvh.percent_at_dose(145.0) == 100.0
    assert dvh.cc_at_dose(145.001) == 0.0
    assert dvh.dose_at_percent(37.0) == 145.0


def test_the_extremes_on_the_surface_bound_a_dose_that_is_linear() -> None:
    dvh = compute_dvh(cylinder(), along((1, 0, 0)))
    assert (dvh.surface_min_gy, dvh.surface_max_gy) == pytest.approx((76, 124), abs=0.01)
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((76, 124), abs=0.01)


def test_every_peak_is_found() -> None:
    peaks = np.array([[x, y, z] for x in (-7, 0, 7) for y in (-7, 0, 7) for z in (-9, -3, 3, 9)], dtype=float)
    height = np.full(len(peaks), 300.0)
    height[17] = 310.0

    def dose_at(points: np.ndarray) -> np.ndarray:
        squared = ((points[:, None] - peaks) ** 2).sum(axis=2)
        return (height / (1 + squared)).max(axis=1)

    dvh = compute_dvh(cylinder(), dose_at, accuracy=ROUGH)
    assert dvh.max_gy == pytest.approx(310.0, rel=2e-3)
    assert dvh.maximum_lps_mm == pytest.approx(peaks[17], abs=0.1)


def half_known(points: np.ndarray) -> np.ndarray:
    return np.where(points[:, 0] < 0, np.nan, 100.0 + points[:, 0])


def test_a_part_without_dose_is_refused_with_its_size() -> None:
    with pytest.raises(EvaluateError, match=r'(49|50)\.\d % of "box" lies where no dose is known'):
        compute_dvh(box(), half_known)


def test_a_part_without_dose_is_left_out_or_counted_as_cold_on_demand() -> None:
    rest = compute_dvh(box(), half_known, uncovered=Uncovered.LEFT_OUT)
    assert rest.volume_cc == pytest.approx(0.5, rel=5e-3)
    assert rest.uncovered_cc + rest.volume_cc == pytest.approx(1.0)
    assert rest.min_gy == pytest.approx(100.0, abs=0.1)
    cold = compute_dvh(box(), half_known, uncovered=Uncovered.WITHOUT_DOSE)
    assert cold.volume_cc == pytest.approx(1.0)
    assert cold.percent_at_dose(100.0) == pytest.approx(50.0, abs=0.5)
    assert cold.min_gy == 0.0


def test_a_structure_without_any_dose_is_refused_either_way() -> None:
    for uncovered in (Uncovered.REFUSED, Uncovered.LEFT_OUT):
        with pytest.raises(EvaluateError, match=r"100\.0 %"):
            compute_dvh(box(), lambda points: np.full(len(points), np.nan), uncovered=uncovered)


@pytest.mark.parametrize(
    "dose_at", [lambda points: points, lambda points: np.zeros(3), lambda points: np.full(len(points), np.inf)]
)
def test_what_is_no_dose_is_refused(dose_at: DoseAt) -> None:
    with pytest.raises(EvaluateError, match="one finite number of Gy a point"):
        compute_dvh(box(), dose_at)


def test_progress_goes_from_something_to_one() -> None:
    seen: list[float] = []
    compute_dvh(box(), along((1, 0, 0)), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_large_structure_with_a_small_hot_spot_is_resolved() -> None:
    body = region_from_contours(
        [shapes.rectangle(-150, 150, -100, 100, z=z) for z in np.arange(-100, 101, 5.0)], end_cap=EndCap.HALF_SLICE
    )
    dvh = compute_dvh(body, lambda points: 1e4 / np.maximum(((points - [31.0, 17, 2]) ** 2).sum(axis=1), 1e-2))
    radius = float(np.cbrt(100 * 3 / 4 / np.pi))
    assert dvh.dose_at_cc(0.1) == pytest.approx(1e4 / radius**2, rel=0.05)
    assert abs(dvh.dose_at_cc(0.1) - 1e4 / radius**2) < STANDARD_ERRORS * dvh.dose_error_at_cc(0.1)

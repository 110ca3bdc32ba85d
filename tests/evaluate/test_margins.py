"""Ablation margins on bodies whose margin is known: signs, shares, capsule, volumes, intervals, patches."""

import numpy as np
import pytest

from trocar.errors import EvaluateError
from trocar.evaluate.margins import measure_margin, side_of
from trocar.geometry.smooth_body import SmoothBody, ellipsoid_body
from trocar.results.ablation_margin import MarginErrors

ON_TRUE_SURFACES = 0.03
"""Error of triangles of the sphere against the sphere: 10 242 vertices on 15 mm sag 0.01 mm."""
OF_VOLUME = 0.03
NO_ERRORS = MarginErrors(registration_mm=0.0, lesion_mm=0.0, zone_mm=0.0)


def _ball(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> SmoothBody:
    return ellipsoid_body(np.asarray(centre, dtype=float), radius * np.eye(3))


def test_the_margin_of_offset_spheres_is_the_difference_of_radii_less_the_offset() -> None:
    margin = measure_margin(_ball(10), _ball(18, (3, 0, 0)), wanted_mm=5)
    assert margin.least_mm == pytest.approx(5.0, abs=ON_TRUE_SURFACES)
    assert margin.signed_mm.max() == pytest.approx(11.0, abs=ON_TRUE_SURFACES)
    assert margin.worst_lps_mm == pytest.approx([-10, 0, 0], abs=1.0)


def test_a_tumour_that_sticks_out_has_a_negative_margin() -> None:
    margin = measure_margin(_ball(10), _ball(14, (8, 0, 0)), wanted_mm=5)
    assert margin.least_mm == pytest.approx(-4.0, abs=ON_TRUE_SURFACES)
    assert not margin.is_covered
    assert margin.patches[0].side == "R"
    assert margin.patches[0].least_mm == margin.least_mm


def test_the_uncovered_volume_is_that_of_the_lens_left_out() -> None:
    r, big, d = 10.0, 14.0, 8.0
    lens = np.pi * (big + r - d) ** 2 * (d * d + 2 * d * r - 3 * r * r + 2 * d * big + 6 * r * big - 3 * big * big)
    left_ml = (4 / 3 * np.pi * r**3 - lens / (12 * d)) / 1000
    margin = measure_margin(_ball(r), _ball(big, (d, 0, 0)), wanted_mm=0)
    assert margin.uncovered_ml == pytest.approx(left_ml, rel=0.1, abs=0.01)


def test_shares_under_a_level_are_those_of_the_sphere() -> None:
    """On concentric spheres the margin is one number; offset by d it is uniform in the cosine to first order."""
    margin = measure_margin(_ball(10), _ball(17), wanted_mm=5)
    assert (margin.percent_under[5.0], margin.percent_under[10.0]) == (0.0, 100.0)


def test_no_margin_is_asked_where_the_organ_ends() -> None:
    """The zone is clipped by the capsule at x = -9: towards it nothing survives, so the least margin lies elsewhere."""
    organ = _ball(200, (191, 0, 0))
    zone = _ball(18)
    plain = measure_margin(_ball(10, (-4, 0, 0)), zone, wanted_mm=5)
    asked = measure_margin(_ball(10, (-4, 0, 0)), zone, wanted_mm=5, organ=organ)
    assert plain.least_mm == pytest.approx(4.0, abs=ON_TRUE_SURFACES)
    assert asked.least_any_mm == plain.least_mm
    assert asked.least_mm > plain.least_mm + 0.5
    assert asked.capsule_covered_mm2 > 100
    assert asked.capsule_uncovered_mm2 == 0


def test_capsule_left_uncovered_is_told_apart_and_stays_negative() -> None:
    organ = _ball(200, (191, 0, 0))
    margin = measure_margin(_ball(10, (1.5, 0, 0)), _ball(13, (8, 0, 0)), wanted_mm=5, organ=organ)
    assert margin.capsule_uncovered_mm2 > 50
    assert margin.least_mm < 0


def test_an_interval_without_errors_is_the_margin_itself() -> None:
    margin = measure_margin(_ball(10), _ball(18, (3, 0, 0)), wanted_mm=5, errors=NO_ERRORS)
    assert margin.interval is not None
    assert margin.interval.low_mm == pytest.approx(margin.least_mm)
    assert margin.interval.high_mm == pytest.approx(margin.least_mm)


def test_the_interval_of_concentric_spheres_is_that_of_the_length_of_the_shift() -> None:
    """The least margin of concentric spheres falls by the length of the shift: Maxwell's distribution."""
    errors = MarginErrors(registration_mm=2.0, lesion_mm=0.0, zone_mm=0.0)
    margin = measure_margin(_ball(10), _ball(18), wanted_mm=5, errors=errors)
    shifts = np.linalg.norm(np.random.default_rng(5).normal(0, 2 / np.sqrt(3), (200_000, 3)), axis=1)
    low, middle, high = np.percentile(8 - shifts, (2.5, 50, 97.5))
    assert margin.interval is not None
    assert margin.interval.low_mm == pytest.approx(low, abs=0.2)
    assert margin.interval.middle_mm == pytest.approx(middle, abs=0.1)
    assert margin.interval.high_mm == pytest.approx(high, abs=0.1)
    assert margin.interval.chance_at_least[5.0] == pytest.approx((8 - shifts >= 5).mean(), abs=0.03)


def test_the_same_seed_gives_the_same_interval() -> None:
    errors = MarginErrors(registration_mm=2.0, lesion_mm=0.5, zone_mm=0.5)
    first, again = (measure_margin(_ball(8), _ball(13), wanted_mm=5, errors=errors, seed=3) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("numbers", [(-1.0, 0.0), (5.0, -0.1), (float("nan"), 0.0)])
def test_lengths_below_zero_are_refused(numbers: tuple[float, float]) -> None:
    errors = MarginErrors(registration_mm=numbers[1], lesion_mm=0.0, zone_mm=0.0)
    with pytest.raises(EvaluateError, match="0 mm or more"):
        measure_margin(_ball(10), _ball(18), wanted_mm=numbers[0], errors=errors)


@pytest.mark.parametrize(
    ("direction", "letters"), [((1, 0, 0), "L"), ((0, -5, 0), "A"), ((-3, 0.2, 2), "RS"), ((1, 1, -1.1), "ILP")]
)
def test_directions_are_written_in_letters(direction: tuple[float, float, float], letters: str) -> None:
    assert side_of(np.asarray(direction, dtype=float)) == letters

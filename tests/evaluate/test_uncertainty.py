"""Intervals by Monte Carlo against cases whose spread is known."""

import numpy as np
import pytest

from trocar.evaluate.uncertainty import (
    ErrorKind,
    ErrorSizes,
    drawn_metrics,
    error_sample,
    interval_about,
    metrics_of,
    spread_by_kind,
)
from trocar.geometry.grid import Grid
from trocar.geometry.region import region_from_grid

BOX = region_from_grid(Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(30, 30, 30), shape_kji=(1, 1, 1)))
DRAWS = 300
WITHIN_DRAWS = 0.15
"""A 95 % interval of 300 draws is known to about 8 %; twice that."""


def sample(count: int = 4000):
    return error_sample(BOX, is_target=True, count=count, rng=np.random.default_rng(1))


def test_an_even_dose_varies_by_the_strength_alone() -> None:
    sizes = ErrorSizes(registration_mm=1.0, contouring_mm=1.0, strength=0.02, seed_strength=0.0)
    (drawn,) = drawn_metrics(
        [sample()],
        lambda points, errors: np.full(len(points), 100.0 * errors.factors[0]),
        sizes=[sizes],
        seed_sd_mm=np.ones(3),
        reference_gy=90.0,
        draws=DRAWS,
        rng=np.random.default_rng(2),
    )
    low, high = interval_about(100.0, drawn, "D90")
    assert high - low == pytest.approx(2 * 1.96 * 2.0, rel=WITHIN_DRAWS)


def test_a_steep_dose_varies_by_the_shift_times_the_slope() -> None:
    sizes = ErrorSizes(registration_mm=0.5, contouring_mm=0.0, strength=0.0, seed_strength=0.0)
    (drawn,) = drawn_metrics(
        [sample()],
        lambda points, errors: 200.0 + 3.0 * points[:, 0],
        sizes=[sizes],
        seed_sd_mm=np.zeros(1),
        reference_gy=200.0,
        draws=DRAWS,
        rng=np.random.default_rng(3),
    )
    low, high = interval_about(0.0, drawn, "Dmean")
    assert high - low == pytest.approx(2 * 1.96 * 1.5, rel=WITHIN_DRAWS)


def test_without_errors_there_is_no_interval() -> None:
    sizes = ErrorSizes(registration_mm=0.0, contouring_mm=0.0, strength=0.0, seed_strength=0.0)
    (drawn,) = drawn_metrics(
        [sample()],
        lambda points, errors: 200.0 + points[:, 0],
        sizes=[sizes],
        seed_sd_mm=np.zeros(1),
        reference_gy=200.0,
        draws=3,
        rng=np.random.default_rng(3),
    )
    assert all(np.abs(values).max() == 0.0 for values in drawn.values())


def test_counted_metrics_meet_the_exact_ones_of_a_ramp() -> None:
    drawn = sample(20_000)
    told = metrics_of(drawn, 100.0 + drawn.points_lps_mm[:, 2], margin_mm=0.0, reference_gy=100.0)
    assert told["D90"] == pytest.approx(100.0 - 12.0, abs=0.5)
    assert told["V100"] == pytest.approx(50.0, abs=1.5)


def test_seeds_of_uneven_strength_vary_by_the_root_of_their_number() -> None:
    seeds = 25
    sizes = ErrorSizes(registration_mm=0.0, contouring_mm=0.0, strength=0.0, seed_strength=0.05)
    (drawn,) = drawn_metrics(
        [sample()],
        lambda points, errors: np.full(len(points), 100.0 * errors.factors.mean()),
        sizes=[sizes],
        seed_sd_mm=np.zeros(seeds),
        reference_gy=90.0,
        draws=DRAWS,
        rng=np.random.default_rng(4),
    )
    assert drawn["D90"].std() == pytest.approx(5.0 / np.sqrt(seeds), rel=WITHIN_DRAWS)


def test_each_kind_of_error_alone_gives_the_spread_of_its_own_slope() -> None:
    """A ramp of 3 Gy/mm falling inward from one side: shift, surface and strength each act by a known slope."""
    sizes = ErrorSizes(registration_mm=0.5, contouring_mm=0.0, strength=0.01, seed_strength=0.0)
    spreads = spread_by_kind(
        sample(),
        lambda points, errors: (200.0 + 3.0 * (points[:, 0] + errors.offsets_mm[0, 0])) * errors.factors[0],
        sizes=sizes,
        seed_sd_mm=np.array([0.2]),
        reference_gy=200.0,
        draws=DRAWS,
        rng=np.random.default_rng(5),
    )
    assert spreads[ErrorKind.REGISTRATION]["Dmean"] == pytest.approx(1.5, rel=WITHIN_DRAWS)
    assert spreads[ErrorKind.LOCALISATION]["Dmean"] == pytest.approx(0.6, rel=WITHIN_DRAWS)
    assert spreads[ErrorKind.STRENGTH]["Dmean"] == pytest.approx(2.0, rel=WITHIN_DRAWS)
    assert spreads[ErrorKind.CONTOURING]["Dmean"] == 0.0
    assert spreads[ErrorKind.SEED_STRENGTH]["Dmean"] == 0.0


def test_what_errors_only_lower_lies_higher_in_truth_than_it_was_found() -> None:
    drawn = {"CI": -np.linspace(0.0, 0.2, 101), "D90": -np.linspace(0.0, 0.2, 101)}
    assert interval_about(0.6, drawn, "CI") == pytest.approx((0.6, 0.8), abs=0.01)
    assert interval_about(0.6, drawn, "D90") == pytest.approx((0.4, 0.6), abs=0.01)

"""Intervals by Monte Carlo against cases whose spread is known."""

import numpy as np
import pytest

from trocar.evaluate.uncertainty import ErrorSizes, drawn_metrics, error_sample, interval_about, metrics_of
from trocar.geometry.grid import Grid
from trocar.geometry.region import region_from_grid

BOX = region_from_grid(Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(30, 30, 30), shape_kji=(1, 1, 1)))
DRAWS = 300
WITHIN_DRAWS = 0.15
"""A 95 % interval of 300 draws is known to about 8 %; twice that."""


def sample(count: int = 4000):
    return error_sample(BOX, is_target=True, count=count, rng=np.random.default_rng(1))


def test_an_even_dose_varies_by_the_strength_alone() -> None:
    sizes = ErrorSizes(registration_mm=1.0, contouring_mm=1.0, strength=0.02)
    (drawn,) = drawn_metrics(
        [sample()],
        lambda points, errors: np.full(len(points), 100.0 * errors.factor),
        sizes=[sizes],
        seed_sd_mm=np.ones(3),
        reference_gy=90.0,
        draws=DRAWS,
        rng=np.random.default_rng(2),
    )
    low, high = interval_about(100.0, drawn, "D90")
    assert high - low == pytest.approx(2 * 1.96 * 2.0, rel=WITHIN_DRAWS)


def test_a_steep_dose_varies_by_the_shift_times_the_slope() -> None:
    sizes = ErrorSizes(registration_mm=0.5, contouring_mm=0.0, strength=0.0)
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
    sizes = ErrorSizes(registration_mm=0.0, contouring_mm=0.0, strength=0.0)
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

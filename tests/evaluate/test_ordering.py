"""How many seeds to order: the law, its residuals, and one's own cases."""

import numpy as np
import pytest

from trocar.catalogue.nomograms import Nomogram, load_nomogram
from trocar.errors import CatalogueError, EvaluateError
from trocar.evaluate.ordering import (
    PastCases,
    ellipsoid_volume_cc,
    fit_seed_law,
    order_seeds,
    read_past_cases,
)

WELL_FITTED = 0.05
"""The scatter of whole seeds about a smooth law: one seed of twenty."""


def made_by(factor: float, by_volume: float, by_strength: float) -> Nomogram:
    volume, strength = (grid.ravel() for grid in np.meshgrid([5.0, 10.0, 40.0], [0.3, 0.5, 0.9]))
    dose = np.full(9, 145.0)
    return Nomogram(
        source_model="x",
        volume_cc=volume,
        s_k_u=strength,
        dose_gy=dose,
        seeds=factor * volume**by_volume * (strength / dose) ** by_strength,
        v100_percent=np.full(9, 96.0),
    )


def test_a_power_law_is_found_again() -> None:
    law = fit_seed_law(made_by(0.02, 0.7, -0.9))
    assert (law.factor, law.volume_power, law.strength_power) == pytest.approx((0.02, 0.7, -0.9))
    assert law.worst < 1e-9
    assert law.seeds(volume_cc=20.0, s_k_u=0.5, dose_gy=145.0) == pytest.approx(
        0.02 * 20.0**0.7 * (0.5 / 145.0) ** -0.9
    )


def test_ellipsoids_that_were_not_covered_teach_nothing() -> None:
    good = made_by(0.02, 0.7, -0.9)
    spoilt = Nomogram(
        source_model="x",
        volume_cc=np.append(good.volume_cc, 10.0),
        s_k_u=np.append(good.s_k_u, 0.5),
        dose_gy=np.append(good.dose_gy, 145.0),
        seeds=np.append(good.seeds, 500.0),
        v100_percent=np.append(good.v100_percent, 71.0),
    )
    assert fit_seed_law(spoilt) == fit_seed_law(good)


def test_the_shipped_table_follows_a_power_law_and_physics() -> None:
    law = fit_seed_law(load_nomogram("I125_6711"))
    assert law.scatter < WELL_FITTED
    assert (
        0.6 < law.volume_power < 0.75
    )  # 2/3 for an inverse square law; small targets are overdosed, large ones attenuate
    assert -1.0 < law.strength_power < -0.8


def test_seeds_scale_with_the_dose_at_equal_strength_per_dose() -> None:
    law = fit_seed_law(load_nomogram("I125_6711"))
    one = law.seeds(volume_cc=20.0, s_k_u=0.5, dose_gy=145.0)
    assert law.seeds(volume_cc=20.0, s_k_u=0.5 * 110 / 145, dose_gy=110.0) == pytest.approx(one)


def test_outside_the_table_nothing_is_guessed() -> None:
    law = fit_seed_law(load_nomogram("I125_6711"))
    with pytest.raises(EvaluateError, match="plan the case itself"):
        law.seeds(volume_cc=400.0, s_k_u=0.5, dose_gy=145.0)
    with pytest.raises(CatalogueError, match="no table of planned ellipsoids"):
        load_nomogram("Pd103_made_up")


def test_past_cases_move_the_order_to_what_they_really_took() -> None:
    law = fit_seed_law(load_nomogram("I125_6711"))
    expected = law.seeds(volume_cc=20.0, s_k_u=0.5, dose_gy=145.0)
    factors = np.array([1.0, 1.1, 1.2, 1.3, 1.4])
    past = PastCases(
        volume_cc=np.full(5, 20.0), s_k_u=np.full(5, 0.5), dose_gy=np.full(5, 145.0), seeds=expected * factors
    )
    order = order_seeds(law, past, volume_cc=20.0, s_k_u=0.5, dose_gy=145.0)
    assert order.cases == 5
    assert order.quantiles[50] == int(np.ceil(1.2 * expected - 1e-9))
    assert list(order.quantiles.values()) == sorted(order.quantiles.values())


def test_past_cases_are_read_from_csv_and_faults_are_named() -> None:
    text = "id,volume_cc,s_k_u,dose_gy,seeds\na,20,0.5,145,44\nb,10,0.6,110,20\n"
    assert len(read_past_cases(text, name="past.csv")) == 2
    with pytest.raises(EvaluateError, match="cannot be read"):
        read_past_cases("volume_cc,seeds\n20,44\n", name="past.csv")
    with pytest.raises(EvaluateError, match="above 0"):
        read_past_cases("volume_cc,s_k_u,dose_gy,seeds\n-20,0.5,145,44\n", name="past.csv")
    with pytest.raises(EvaluateError, match="at least 5"):
        order_seeds(
            fit_seed_law(load_nomogram("I125_6711")),
            read_past_cases(text, name="past.csv"),
            volume_cc=20.0,
            s_k_u=0.5,
            dose_gy=145.0,
        )


def test_a_sphere_has_the_volume_of_a_sphere() -> None:
    assert ellipsoid_volume_cc((20.0, 20.0, 20.0)) == pytest.approx(4 / 3 * np.pi)

"""Biologically effective dose: closed forms, limits, and published worked values."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from trocar.catalogue.nuclides import Nuclide, load_nuclide
from trocar.catalogue.radiobiology import Radiobiology, load_radiobiology, read_radiobiology, shipped_radiobiology
from trocar.errors import CatalogueError, EvaluateError
from trocar.evaluate.biology import (
    ExternalBeam,
    effective_time_d,
    eqd2_gy,
    equivalent_uniform_bed_gy,
    fractionated_bed_gy,
    implant_bed_gy,
    protracted_bed_gy,
)

IODINE = load_nuclide("I-125")
ROUNDED_TO_GY = 0.5
"""Published BED values are printed in whole Gy."""
QUADRATURE = 1e-7
"""Relative accuracy of the numerical integrals that are compared with."""


def tissue(**changes: float | None) -> Radiobiology:
    plain = Radiobiology(
        key="t", name="t", name_zh="t", alpha_beta_gy=3.0, repair_half_life_h=1.5, source="", doi="", confidence="found"
    )
    return replace(plain, **changes)


def bed(dose_gy: float, of: Radiobiology, nuclide: Nuclide = IODINE, external: ExternalBeam | None = None) -> float:
    return float(implant_bed_gy(np.array([dose_gy]), nuclide, of, external=external)[0])


def test_the_worked_value_of_stock_2006_is_met() -> None:
    sixty_days = Nuclide(name="I-125", half_life_d=60.0, half_life_source="as in the paper")
    assert bed(120.0, load_radiobiology("prostate_cancer_stock"), sixty_days) == pytest.approx(125.0, abs=ROUNDED_TO_GY)


def test_complete_decay_without_repopulation_is_the_closed_form() -> None:
    of, dose = tissue(), 145.0
    decay, repair = np.log(2) / (59.40 * 24), of.repair_per_h
    closed = dose * (1 + dose * decay / ((repair + decay) * of.alpha_beta_gy))
    assert bed(dose, of) == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize("repair_half_life_h", [0.27, 1.5, 59.40 * 24, 5000.0])
@pytest.mark.parametrize("hours", [3.0, 240.0, 8000.0])
def test_relative_effectiveness_is_the_integral_over_all_pairs_of_moments(
    repair_half_life_h: float, hours: float
) -> None:
    decay, repair, rate, ratio = np.log(2) / (59.40 * 24), np.log(2) / repair_half_life_h, 0.07, 3.0

    def unrepaired(t: float) -> float:
        return quad(
            lambda s: np.exp(-decay * s - repair * (t - s)), 0.0, t, points=[max(t - 5 / repair, 0.0)], limit=400
        )[0]

    pairs = quad(lambda t: np.exp(-decay * t) * unrepaired(t), 0.0, hours, limit=400)[0]
    expected = rate * (1 - np.exp(-decay * hours)) / decay + 2 / ratio * rate**2 * pairs
    got = protracted_bed_gy(rate, decay_per_h=decay, repair_per_h=repair, alpha_beta_gy=ratio, hours=hours)
    assert got == pytest.approx(expected, rel=1e-5)


def test_without_decay_it_is_continuous_irradiation_at_a_constant_rate() -> None:
    repair, ratio, rate, hours = 0.46, 3.0, 0.5, 48.0
    g = 1 - (1 - np.exp(-repair * hours)) / (repair * hours)
    closed = rate * hours * (1 + 2 * rate / (repair * ratio) * g)
    got = protracted_bed_gy(rate, decay_per_h=0.0, repair_per_h=repair, alpha_beta_gy=ratio, hours=hours)
    assert got == pytest.approx(closed, rel=1e-12)


def test_a_very_long_lived_source_is_continuous_irradiation() -> None:
    slow = protracted_bed_gy(0.5, decay_per_h=1e-9, repair_per_h=0.46, alpha_beta_gy=3.0, hours=48.0)
    still = protracted_bed_gy(0.5, decay_per_h=0.0, repair_per_h=0.46, alpha_beta_gy=3.0, hours=48.0)
    assert slow == pytest.approx(still, rel=1e-6)


def test_a_very_short_lived_source_is_one_acute_dose() -> None:
    flash = protracted_bed_gy(1e6 * 10.0, decay_per_h=1e6, repair_per_h=0.46, alpha_beta_gy=3.0, hours=np.inf)
    assert flash == pytest.approx(10.0 * (1 + 10.0 / 3.0), rel=1e-5)


def test_instant_repair_leaves_the_dose_itself() -> None:
    assert bed(145.0, tissue(repair_half_life_h=1e-7)) == pytest.approx(145.0, rel=1e-6)


def test_the_effective_time_is_where_the_kill_equals_the_births() -> None:
    of = load_radiobiology("prostate_cancer")
    days = float(effective_time_d(np.array([145.0]), IODINE, of)[0])
    decay = np.log(2) / IODINE.half_life_d
    assert 145.0 * decay * np.exp(-decay * days) == pytest.approx(of.loss_gy_per_d, rel=1e-9)


def test_repopulation_takes_away_its_rate_times_the_effective_time() -> None:
    of = load_radiobiology("prostate_cancer")
    days = float(effective_time_d(np.array([145.0]), IODINE, of)[0])
    decay = np.log(2) / (IODINE.half_life_d * 24)
    kill = protracted_bed_gy(
        145.0 * decay, decay_per_h=decay, repair_per_h=of.repair_per_h, alpha_beta_gy=of.alpha_beta_gy, hours=days * 24
    )
    assert bed(145.0, of) == pytest.approx(kill - of.loss_gy_per_d * days, rel=1e-9)


def test_repopulation_that_never_ends_its_rest_costs_nothing() -> None:
    of = load_radiobiology("prostate_cancer")
    rested = replace(of, kick_off_d=1e5)
    free = replace(of, alpha_per_gy=None, doubling_time_d=None)
    assert bed(145.0, rested) == pytest.approx(bed(145.0, free), rel=1e-9)


def test_no_dose_gains_nothing_and_bed_rises_with_dose() -> None:
    of = load_radiobiology("squamous_head_neck")
    beds = implant_bed_gy(np.linspace(0.0, 300.0, 200), IODINE, of)
    assert beds[0] == 0.0
    assert (np.diff(beds) >= 0).all()


def test_external_beam_alone_and_its_equivalent() -> None:
    assert fractionated_bed_gy(35, 2.0, 10.0) == pytest.approx(84.0)
    assert eqd2_gy(84.0, 10.0) == pytest.approx(70.0)
    course = ExternalBeam(fractions=25, dose_per_fraction_gy=1.8, overall_d=32, implant_after_d=30)
    assert bed(0.0, tissue(), external=course) == pytest.approx(45.0 * (1 + 1.8 / 3.0))


def test_beds_of_both_modalities_add_where_nothing_repopulates() -> None:
    course = ExternalBeam(fractions=25, dose_per_fraction_gy=1.8, overall_d=32, implant_after_d=60)
    assert bed(110.0, tissue(), external=course) == pytest.approx(bed(110.0, tissue()) + 45.0 * 1.6)


def test_repopulation_between_beam_and_implant_is_counted_once() -> None:
    of = load_radiobiology("prostate_cancer")
    near = ExternalBeam(fractions=25, dose_per_fraction_gy=1.8, overall_d=32, implant_after_d=32)
    far = replace(near, implant_after_d=62.0)
    assert bed(110.0, of, external=near) - bed(110.0, of, external=far) == pytest.approx(30.0 * of.loss_gy_per_d)


def test_the_uniform_equivalent_of_an_even_bed_is_that_bed_and_cold_spots_pull_it_down() -> None:
    assert equivalent_uniform_bed_gy(np.full(9, 80.0), np.ones(9), alpha_per_gy=0.15) == pytest.approx(80.0)
    cold = equivalent_uniform_bed_gy(np.array([40.0, 120.0]), np.array([1.0, 9.0]), alpha_per_gy=0.15)
    assert cold == pytest.approx(40.0 - np.log(0.1) / 0.15, abs=0.01)


def test_impossible_parameters_and_courses_are_refused() -> None:
    with pytest.raises(CatalogueError, match="both or neither"):
        tissue(alpha_per_gy=0.3)
    with pytest.raises(CatalogueError, match="above 0"):
        tissue(alpha_beta_gy=0.0)
    with pytest.raises(CatalogueError, match="no tissue is called"):
        load_radiobiology("unobtainium")
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_radiobiology("[x]\nalpha = 3", name="own.toml")
    with pytest.raises(EvaluateError, match="above 0"):
        ExternalBeam(fractions=0, dose_per_fraction_gy=2.0, overall_d=0, implant_after_d=0)


def test_every_tissue_says_where_its_numbers_come_from() -> None:
    assert all(each.source and each.confidence and each.name_zh for each in shipped_radiobiology().values())

"""How a plan becomes source terms."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from dose.plans import IMPLANT_AT, afterloading, implant, seed
from trocar.catalogue.sources import load_source
from trocar.dose.base import SourceTerm, rate_terms, source_terms
from trocar.errors import CatalogueError, DoseError
from trocar.plan.seeds import Dwell

I125_MEAN_LIFE_H = 2056.7


def test_the_weight_of_a_seed_is_its_strength_times_the_mean_life() -> None:
    (term,) = source_terms(implant(seed((1, 2, 3), s_k_u=0.5)))
    assert term.weight_u_h == pytest.approx([0.5 * I125_MEAN_LIFE_H], rel=1e-5)
    assert term.positions_lps_mm.tolist() == [[1, 2, 3]]


def test_a_strength_is_decayed_from_its_calibration_to_the_implant() -> None:
    earlier = IMPLANT_AT - timedelta(days=59.4)
    (term,) = source_terms(implant(seed((0, 0, 0), s_k_u=0.5, reference_at=earlier)))
    assert term.weight_u_h == pytest.approx([0.25 * I125_MEAN_LIFE_H], rel=1e-5)


def test_several_models_become_several_terms_and_keep_their_seeds() -> None:
    plan = implant(seed((0, 0, 0)), seed((5, 0, 0), model="Pd103_TheraSeed200"), seed((9, 0, 0), axis=None))
    iodine, palladium = source_terms(plan)
    assert (iodine.source.key, len(iodine)) == ("I125_6711", 2)
    assert (palladium.source.key, len(palladium)) == ("Pd103_TheraSeed200", 1)
    assert iodine.is_oriented.tolist() == [True, False]
    assert palladium.weight_u_h == pytest.approx([0.5 * 16.991 * 24 / np.log(2)])


def test_half_of_the_dose_is_given_by_a_half_life() -> None:
    plan = implant(seed((0, 0, 0)))
    (whole,), (half,) = source_terms(plan), source_terms(plan, until=IMPLANT_AT + timedelta(days=59.4))
    assert half.weight_u_h == pytest.approx(0.5 * whole.weight_u_h)


def test_the_rate_falls_by_half_in_a_half_life() -> None:
    plan = implant(seed((0, 0, 0), s_k_u=0.8))
    (term,) = rate_terms(plan, at=IMPLANT_AT + timedelta(days=59.4))
    assert term.weight_u_h == pytest.approx([0.4])


@pytest.mark.parametrize(
    "terms", [lambda plan, at: source_terms(plan, until=at), lambda plan, at: rate_terms(plan, at=at)]
)
def test_a_moment_before_the_implant_is_refused(terms: object) -> None:
    with pytest.raises(DoseError) as caught:
        terms(implant(seed((0, 0, 0))), IMPLANT_AT - timedelta(days=1))  # type: ignore[operator]
    assert caught.value.code == "dose.before-implant"


def test_a_model_that_the_catalogue_lacks_is_refused() -> None:
    with pytest.raises(CatalogueError):
        source_terms(implant(seed((0, 0, 0), model="I125_none")))


def _dwell(time_s: float) -> Dwell:
    return Dwell(position_lps_mm=np.zeros(3), axis_lps=np.array([0.0, 0.0, 1.0]), time_s=time_s)


def test_dwells_weigh_strength_times_time_times_fractions() -> None:
    (term,) = source_terms(afterloading(_dwell(36.0), _dwell(72.0), fractions=2))
    assert term.weight_u_h == pytest.approx([814.0, 1628.0])


def test_a_strength_not_for_treatment_is_decayed_to_it() -> None:
    at = IMPLANT_AT + timedelta(days=73.827)
    (term,) = source_terms(afterloading(_dwell(36.0), treat_at=at))
    assert term.weight_u_h == pytest.approx([203.5])


def test_a_treatment_without_a_time_cannot_be_decayed() -> None:
    plan = afterloading(_dwell(36.0), treat_at=datetime(2026, 4, 1))
    blind = type(plan)(
        **{
            name: getattr(plan, name)
            for name in ("label", "patient", "frame_uid", "source_model", "strength", "channels")
        },
        treat_at=None,
        strength_is_for_treatment=False,
    )
    with pytest.raises(DoseError) as caught:
        source_terms(blind)
    assert caught.value.code == "dose.treatment-time-missing"


def test_an_afterloading_plan_has_no_dose_until_a_moment() -> None:
    with pytest.raises(DoseError) as caught:
        source_terms(afterloading(_dwell(36.0)), until=IMPLANT_AT)
    assert caught.value.code == "dose.until-of-afterloading"


@pytest.mark.parametrize(
    ("positions", "axes", "weight"),
    [
        ([[0.0, 0.0, np.nan]], [[0.0, 0.0, 1.0]], [1.0]),
        ([[0.0, 0.0, 0.0]], [[0.0, 0.0, 2.0]], [1.0]),
        ([[0.0, 0.0, 0.0]], [[0.0, 0.0, np.nan]], [1.0]),
        ([[0.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]], [np.inf]),
    ],
)
def test_a_term_that_cannot_be_computed_is_refused(positions: list, axes: list, weight: list) -> None:
    with pytest.raises(DoseError) as caught:
        SourceTerm(
            source=load_source("I125_6711"),
            positions_lps_mm=np.array(positions),
            axes_lps=np.array(axes),
            weight_u_h=np.array(weight),
        )
    assert caught.value.code == "dose.source-term-invalid"

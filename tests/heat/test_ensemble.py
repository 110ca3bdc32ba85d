"""The probability of death over what is not known of the tissue."""

import numpy as np
import pytest

from heat_scenes import antenna, block, problem
from trocar.catalogue.tissues import SPREAD_NAMES, load_tissue
from trocar.errors import HeatError
from trocar.heat.base import HeatProblem
from trocar.heat.ensemble import death_probability, sampled_problems, sampled_tissue


def small() -> HeatProblem:
    return problem(antenna(fall=""), tissue_map=block(24), steps=((30.0, (60.0,)),), vaporisation=False)


def test_ranks_0_and_1_are_the_ends_of_the_range_and_the_mode_lies_between() -> None:
    liver = load_tissue("liver")
    low, high = (sampled_tissue(liver, dict.fromkeys(SPREAD_NAMES, rank)) for rank in (0.0, 1.0))
    spread = liver.conductivity_w_per_m_k
    assert low.conductivity_w_per_m_k.value == pytest.approx(spread.low)
    assert high.conductivity_w_per_m_k.value == pytest.approx(spread.high)
    turn = (spread.value - spread.low) / (spread.high - spread.low)
    at_mode = sampled_tissue(liver, dict.fromkeys(SPREAD_NAMES, turn))
    assert at_mode.conductivity_w_per_m_k.value == pytest.approx(spread.value)


def test_samples_fill_the_range_and_average_to_the_triangles_mean() -> None:
    spread = load_tissue("liver").perfusion_ml_per_min_kg
    drawn = [
        each.tissue_map.tissues[0].perfusion_ml_per_min_kg.value
        for each in sampled_problems(small(), samples=200, seed=4)
    ]
    assert spread.low <= min(drawn) < spread.low + 60
    assert spread.high - 40 < max(drawn) <= spread.high
    assert np.mean(drawn) == pytest.approx((spread.low + spread.value + spread.high) / 3, rel=0.01)


def test_probability_is_between_0_and_1_and_falls_outwards() -> None:
    seen: list[float] = []
    chance = death_probability(small(), samples=8, seed=1, progress=seen.append)
    values = np.asarray(chance.probability.values_kji)
    assert values.min() == 0.0
    assert values.max() == 1.0
    assert ((values > 0) & (values < 1)).any()
    assert chance.volume_cc(0.05) < chance.volume_cc(0.5) < chance.volume_cc(0.95)
    assert seen[-1] == 1.0
    assert chance.samples == chance.asked == 8


def test_the_same_seed_gives_the_same_answer_and_another_seed_another() -> None:
    first, again, other = (death_probability(small(), samples=4, seed=seed) for seed in (1, 1, 2))
    assert first.content_hash == again.content_hash
    assert first.volumes_cc != other.volumes_cc


def test_a_cancelled_ensemble_keeps_what_it_has() -> None:
    seen: list[float] = []
    chance = death_probability(small(), samples=40, seed=1, progress=seen.append, cancelled=lambda: len(seen) >= 3)
    assert 3 <= chance.samples < 40
    assert chance.asked == 40


def test_an_ensemble_cancelled_at_once_says_so() -> None:
    with pytest.raises(HeatError) as caught:
        death_probability(small(), samples=4, seed=1, cancelled=lambda: True)
    assert caught.value.code == "heat.ensemble-cancelled"


def test_an_ensemble_of_nothing_is_refused() -> None:
    with pytest.raises(HeatError) as caught:
        death_probability(small(), samples=0, seed=1)
    assert caught.value.code == "heat.samples"


@pytest.mark.parametrize("key", ["liver", "kidney", "lung_inflated", "tumour", "muscle"])
def test_no_sampled_tissue_holds_more_heat_in_its_water_than_in_all(key: str) -> None:
    """Little heat capacity with much water would leave dry matter of less than none, and no finite temperature."""
    tissue = load_tissue(key)
    for capacity, water in ((0.0, 1.0), (0.1, 0.9), (0.0, 0.0), (1.0, 1.0)):
        ranks = dict.fromkeys(SPREAD_NAMES, 0.5) | {"heat_capacity_j_per_kg_k": capacity, "water_kg_per_kg": water}
        made = sampled_tissue(tissue, ranks)
        share = made.water_kg_per_kg.value
        assert made.heat_capacity_j_per_kg_k.value - 4180.0 * share >= 999.0 * (1.0 - share)
        assert share > 0.85 * tissue.water_kg_per_kg.low

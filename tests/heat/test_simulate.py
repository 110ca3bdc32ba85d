"""Whole simulations: what they keep, when they refuse, how they agree with themselves."""

import numpy as np
import pytest

from heat_scenes import antenna, block, problem
from trocar.catalogue.tissues import load_tissue
from trocar.errors import HeatError
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import HeatSource, PerfusionStop, TissueMap, VesselCooling
from trocar.heat.simulate import Accuracy, simulate, time_steps
from trocar.heat.sources.cryo import CryoProbe
from trocar.heat.sources.prescribed import PrescribedHeat
from trocar.results.temperature import TemperatureKind
from trocar.results.tissue_death import COLD_MODELS, HEAT_MODELS, DeathModel

TIME_CUT = 0.005
"""Share of the zone's volume by which the usual steps of time may differ from very short ones."""


def probe(**changes) -> CryoProbe:
    facts = {
        "label": "probe",
        "path_lps_mm": np.array([[0.0, 0.0, -8.0], [0.0, 0.0, 8.0]]),
        "radius_mm": 0.75,
        "freezing_c": -140.0,
    }
    return CryoProbe(**facts | changes)


def ball_of_heat() -> PrescribedHeat:
    grid = block().grid
    far = np.linalg.norm(grid.centres_lps_mm(), axis=-1)
    heat = np.exp(-0.5 * (far / 4.0) ** 2)
    unit = heat / (heat.sum() * grid.voxel_volume_mm3)
    return PrescribedHeat(label="ball", unit_heat_per_mm3=unit, path_lps_mm=np.zeros((1, 3)))


def test_the_outcome_holds_every_model_the_moments_and_a_trace() -> None:
    outcome = simulate(problem(keep_at_s=(0.0, 20.0, 60.0)))
    assert set(outcome.deaths) == set(HEAT_MODELS)
    assert [t.at_s for t in outcome.temperatures] == [0.0, 20.0, 60.0]
    assert float(outcome.temperatures[0].volume.values_kji.max()) == pytest.approx(310.15)
    assert outcome.extreme.kind is TemperatureKind.HIGHEST
    low, high = outcome.band_cc
    assert low < outcome.zone.volume_cc <= high
    trace = outcome.traces[0]
    assert trace.energy_j == pytest.approx(60.0 * 0.6 * 60.0, rel=1e-6)


@pytest.mark.parametrize("limit_k", [1.0, 2.0, 5.0])
def test_what_was_kept_last_is_what_came_last(limit_k: float) -> None:
    outcome = simulate(problem(keep_at_s=(60.0,)))
    hottest = np.asarray(outcome.extreme.volume.values_kji)
    assert np.abs(hottest - outcome.temperatures[-1].volume.values_kji).max() < limit_k


def test_the_usual_steps_of_time_are_short_enough() -> None:
    usual = simulate(problem(ball_of_heat(), steps=((120.0, (12.0,)),), vaporisation=False))
    fine = simulate(
        problem(ball_of_heat(), steps=((120.0, (12.0,)),), vaporisation=False),
        accuracy=Accuracy(longest_s=0.125, first_s=0.125),
    )
    assert usual.zone.volume_cc == pytest.approx(fine.zone.volume_cc, rel=TIME_CUT)


def test_one_thread_and_two_give_the_same() -> None:
    one, two = (simulate(problem(), accuracy=Accuracy(threads=n)) for n in (1, 2))
    assert np.array_equal(one.zone.score.values_kji, two.zone.score.values_kji)


def test_a_schedule_is_cut_at_every_change_and_moment() -> None:
    asked = problem(antenna(), steps=((10.0, (60.0,)), (7.0, (0.0,))), keep_at_s=(3.3,))
    starts = [start for start, _, _ in time_steps(asked, Accuracy())]
    ends = [start + length for start, length, _ in time_steps(asked, Accuracy())]
    assert ends[:-1] == pytest.approx(starts[1:])
    assert ends[-1] == pytest.approx(17.0)
    assert any(abs(end - 3.3) < 1e-9 for end in ends)
    assert any(abs(end - 10.0) < 1e-9 for end in ends)


def test_blood_flow_that_stops_makes_a_larger_zone() -> None:
    steps = ((120.0, (12.0,)),)
    never, stops = (
        simulate(problem(ball_of_heat(), steps=steps, perfusion_stop=stop)).zone.volume_cc
        for stop in (PerfusionStop.NEVER, PerfusionStop.ON_ARRHENIUS)
    )
    assert stops > 1.05 * never


def test_blood_that_also_stops_where_tissue_coagulates_makes_a_larger_zone_than_by_three_states_alone() -> None:
    steps = ((120.0, (12.0,)),)
    slow, both, never = (
        simulate(problem(ball_of_heat(), steps=steps, perfusion_stop=stop)).zone.volume_cc
        for stop in (PerfusionStop.ON_THREE_STATE, PerfusionStop.ON_COAGULATION, PerfusionStop.NEVER)
    )
    assert never <= slow < 0.97 * both


def test_boiling_holds_the_temperature_near_a_hundred_degrees() -> None:
    steps = ((40.0, (20.0,)),)
    boils, does_not = (
        float(simulate(problem(ball_of_heat(), steps=steps, vaporisation=v)).extreme.volume.values_kji.max()) - 273.15
        for v in (True, False)
    )
    assert does_not > 110.0
    assert boils < 100.5


def vessel_beside(cooling: VesselCooling, film: float | None = None) -> TissueMap:
    n = 40
    values = np.ones((n, n, n), np.uint8)
    values[:, 18:22, 26:30] = 2
    labels = Volume(grid=block().grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
    return TissueMap(
        labels=labels,
        tissues=(load_tissue("liver"), load_tissue("blood")),
        vessel_label=2,
        vessel_cooling=cooling,
        vessel_film_w_per_m2_k=film,
    )


def test_a_vessel_takes_heat_away_and_a_film_slows_that() -> None:
    def beside_k(tissue_map: TissueMap) -> float:
        outcome = simulate(problem(ball_of_heat(), steps=((90.0, (12.0,)),), tissue_map=tissue_map))
        return float(outcome.extreme.volume.values_kji[20, 20, 25])

    fixed = beside_k(vessel_beside(VesselCooling.FIXED))
    film = beside_k(vessel_beside(VesselCooling.CONVECTIVE, 500.0))
    none = beside_k(vessel_beside(VesselCooling.NONE))
    assert fixed < film - 0.3 < none - 0.6


def test_a_cryoprobe_makes_ice_within_ice_of_lower_temperature() -> None:
    frozen = problem(
        probe(), steps=((180.0, (1.0,)), (60.0, (0.0,)), (180.0, (1.0,))), death_model=DeathModel.BELOW_MINUS_20_C
    )
    outcome = simulate(frozen)
    volumes = [outcome.deaths[model].volume_cc for model in COLD_MODELS]
    assert 0.2 < volumes[0] < volumes[1] < volumes[2]
    assert float(outcome.extreme.volume.values_kji.min()) > 273.15 - 140.0
    trace = outcome.traces[0]
    assert trace.power_w[trace.time_s < 170].max() < 0
    assert trace.power_w[(trace.time_s > 182) & (trace.time_s < 238)].tolist() == pytest.approx(
        np.zeros(((trace.time_s > 182) & (trace.time_s < 238)).sum())
    )


def test_the_film_in_a_cryoprobe_makes_less_ice_and_a_surface_warmer_than_the_gas() -> None:
    steps = ((180.0, (1.0,)),)
    bare, film, hardly = (
        simulate(problem(probe(film_w_per_m2_k=h), steps=steps, death_model=DeathModel.ICE))
        for h in (None, 1100.0, 1.0)
    )
    assert hardly.zone.volume_cc == 0.0
    assert 0.3 * bare.zone.volume_cc < film.zone.volume_cc < 0.9 * bare.zone.volume_cc
    assert film.extreme.volume.values_kji.min() > bare.extreme.volume.values_kji.min() + 20.0


def test_heat_into_a_line_of_ice_obeys_the_film_and_the_cylinder() -> None:
    """In a long bar: what the probe takes up in the end is that of film and cylinder in series (C1)."""
    n, half_mm, film = 41, 20.0, 1100.0
    path = np.array([[0.0, 0.0, -60.0], [0.0, 0.0, 60.0]])
    frozen = simulate(
        problem(
            probe(path_lps_mm=np.clip(path, -0.5 * (n - 1), 0.5 * (n - 1)), film_w_per_m2_k=film, cool_down_s=1.0),
            tissue_map=block(n),
            steps=((1500.0, (1.0,)),),
            death_model=DeathModel.ICE,
        ),
        accuracy=Accuracy(longest_s=20.0),
    )
    row = np.asarray(frozen.extreme.volume.values_kji)[n // 2, n // 2] - 273.15
    x = np.abs(np.arange(n) - n // 2)
    inside = (x >= 3) & (row < -12.0)
    liver = load_tissue("liver")
    ice_k = (liver.conductivity_w_per_m_k.value + 1.85e-3 * liver.water_kg_per_mm3 * 1e9) * 1e-3
    slope = np.polyfit(np.log(x[inside]), row[inside], 1)  # K an e-fold: heat a length over 2 pi k
    surface_c = np.polyval(slope, np.log(0.75))
    gas_c = surface_c - slope[0] * ice_k / (film * 1e-6 * 0.75)
    assert half_mm > x[inside].max() > 4
    assert gas_c == pytest.approx(-140.0, abs=6.0)


@pytest.mark.parametrize("film", [0.0, -5.0, float("nan")])
def test_a_film_that_cannot_be_is_refused(film: float) -> None:
    with pytest.raises(HeatError) as caught:
        probe(film_w_per_m2_k=film)
    assert caught.value.code == "heat.cryo-probe-invalid"


def test_a_second_freeze_reaches_farther_than_one() -> None:
    once = simulate(problem(probe(), steps=((180.0, (1.0,)),), death_model=DeathModel.BELOW_MINUS_20_C))
    twice = simulate(
        problem(
            probe(), steps=((180.0, (1.0,)), (60.0, (-1.0,)), (180.0, (1.0,))), death_model=DeathModel.BELOW_MINUS_20_C
        )
    )
    assert twice.zone.volume_cc > once.zone.volume_cc


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (antenna(tip_lps_mm=np.array([0.0, 0.0, 15.0])), "heat.source-outside-grid"),
        (antenna(tip_lps_mm=np.array([-18.0, 0.0, -10.0])), "heat.source-outside-body"),
    ],
)
def test_an_applicator_must_lie_in_the_body_and_the_grid(source: HeatSource, code: str) -> None:
    tissue_map = block()
    values = np.array(tissue_map.labels.values_kji)
    values[:, :, :4] = 0
    labels = Volume(grid=tissue_map.grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
    with pytest.raises(HeatError) as caught:
        simulate(problem(source, tissue_map=TissueMap(labels=labels, tissues=tissue_map.tissues)))
    assert caught.value.code == code


def test_two_applicators_in_one_place_are_refused_unless_they_take_turns() -> None:
    with pytest.raises(HeatError) as caught:
        simulate(problem(antenna(), antenna(label="other"), steps=((10.0, (40.0, 40.0)),)))
    assert caught.value.code == "heat.sources-in-one-place"
    in_turn = problem(antenna(), antenna(label="other"), steps=((4.0, (40.0, 0.0)), (4.0, (0.0, 40.0))))
    assert len(simulate(in_turn).traces) == 2


def test_a_simulation_can_be_watched_and_cancelled() -> None:
    seen: list[float] = []
    with pytest.raises(HeatError) as caught:
        simulate(problem(), progress=seen.append, cancelled=lambda: len(seen) >= 5)
    assert caught.value.code == "heat.cancelled"
    assert len(seen) == 5
    assert seen == sorted(seen)


def test_a_treatment_that_heats_the_edge_of_the_grid_says_so() -> None:
    outcome = simulate(problem(antenna(), tissue_map=block(24), steps=((60.0, (150.0,)),)))
    assert [notice.code for notice in outcome.notices] == ["heat.reaches-edge"]


def test_the_same_problem_gives_the_same_answer_and_names_its_inputs() -> None:
    first, second = simulate(problem()), simulate(problem())
    assert first.content_hash == second.content_hash
    assert set(first.extreme.provenance.inputs) == {"tissue map", "schedule", "source 1"}  # type: ignore[union-attr]

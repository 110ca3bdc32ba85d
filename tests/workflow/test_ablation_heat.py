"""From plan and structures to a heat problem."""

import numpy as np
import pytest

from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.region import region_from_grid
from trocar.heat.base import PerfusionStop, VesselCooling
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna
from trocar.heat.sources.cryo import CryoProbe
from trocar.heat.sources.microwave import Band, MicrowaveAntenna
from trocar.heat.sources.radiofrequency import Control, RfApplicator
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, PowerStep, Schedule
from trocar.plan.ablation import Control as PlannedControl
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.findings import Severity
from trocar.results.tissue_death import DeathModel
from trocar.workflow.ablation_heat import (
    AntennaModel,
    Assumptions,
    TissuePart,
    ablation_probability,
    heat_problem,
    simulate_ablation,
    tissue_map_around,
)
from trocar.workflow.antenna_findings import antenna_findings

FRAME = "1.2.3"


def brick(low: tuple[float, float, float], shape: tuple[int, int, int]):
    return region_from_grid(Grid.axial(origin_lps_mm=low, spacing_ijk_mm=(1, 1, 1), shape_kji=shape), name="brick")


def plan_of(model: str, *activations: Activation, tips: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, -10.0),)):
    return AblationPlan(
        label="test",
        patient=Patient(identifier="P1", name=""),
        frame_uid=FRAME,
        applicators=tuple(
            Applicator(
                needle=Needle(
                    number=n + 1, entry_lps_mm=np.array(tip) + np.array([0.0, 0.0, 80.0]), tip_lps_mm=np.array(tip)
                ),
                model=model,
            )
            for n, tip in enumerate(tips)
        ),
        activations=activations,
        target=AblationTarget(lesion="lesion", margin_mm=5.0),
    )


def acts(*steps: PowerStep, number: int = 1, start_s: float = 0.0, back_mm: float = 0.0) -> Activation:
    return Activation(applicator=number, start_s=start_s, schedule=Schedule(steps=steps), pulled_back_mm=back_mm)


PULSED = PowerStep(control=PlannedControl.IMPEDANCE, duration_s=60.0)
FORTY_WATT = PowerStep(control=PlannedControl.POWER, duration_s=30.0, power_w=40.0)


def tissue_map(margin_mm: float = 20.0):
    return tissue_map_around(
        np.array([[0.0, 0.0, -10.0], [0.0, 0.0, 12.0]]),
        [
            TissuePart(region=brick((-6, -6, -6), (13, 13, 13)), tissue="tumour"),
            TissuePart(region=brick((8, -20, -3), (6, 41, 5)), tissue="blood", is_vessel=True),
        ],
        background="liver",
        body=None,
        frame_uid=FRAME,
        margin_mm=margin_mm,
    )


def test_with_microwaves_blood_also_stops_where_tissue_coagulates() -> None:
    made = tissue_map()
    by_waves = heat_problem(plan_of("microwave/Emprint", acts(FORTY_WATT)), made, death_model=DeathModel.CEM43_240)
    by_current = heat_problem(plan_of("radiofrequency/IC_20mm", acts(PULSED)), made, death_model=DeathModel.CEM43_240)
    assert by_waves.perfusion_stop is PerfusionStop.ON_COAGULATION
    assert by_current.perfusion_stop is PerfusionStop.ON_THREE_STATE
    chosen = heat_problem(
        plan_of("microwave/Emprint", acts(FORTY_WATT)),
        made,
        death_model=DeathModel.CEM43_240,
        perfusion_stop=PerfusionStop.NEVER,
    )
    assert chosen.perfusion_stop is PerfusionStop.NEVER


def test_the_field_of_an_antenna_is_a_named_choice() -> None:
    plan = plan_of("microwave/choked_monopole", acts(FORTY_WATT))
    usual = heat_problem(plan, tissue_map(), death_model=DeathModel.CEM43_240)
    computed = heat_problem(
        plan,
        tissue_map(),
        death_model=DeathModel.CEM43_240,
        assumptions=Assumptions(antenna=AntennaModel.FIELD, efficiency=0.5),
    )
    assert isinstance(usual.sources[0], MicrowaveAntenna)
    source = computed.sources[0]
    assert isinstance(source, CoaxialAntenna)
    assert (source.efficiency, source.design.emitting_mm, source.cooled_c) == (0.5, 23.0, None)
    (said,) = antenna_findings(computed)
    assert said.message.code == "ablation.antenna-field"
    assert 0.0 < float(str(said.message.data["reflected"])) < 0.1
    (other,) = antenna_findings(usual)
    assert other.message.code == "ablation.antenna-parametric"


def test_an_antenna_badly_matched_to_its_tissue_is_told_of() -> None:
    problem = heat_problem(
        plan_of("microwave/coaxial_monopole", acts(FORTY_WATT)),
        tissue_map(),
        death_model=DeathModel.CEM43_240,
        assumptions=Assumptions(antenna=AntennaModel.FIELD),
    )
    assert [each.severity for each in antenna_findings(problem)] == [Severity.ATTENTION]


def test_an_antenna_of_unknown_parts_has_no_field() -> None:
    with pytest.raises(HeatError) as caught:
        heat_problem(
            plan_of("microwave/Emprint", acts(FORTY_WATT)),
            tissue_map(),
            death_model=DeathModel.CEM43_240,
            assumptions=Assumptions(antenna=AntennaModel.FIELD),
        )
    assert caught.value.code == "heat.antenna-design-missing"


def test_later_parts_lie_over_earlier_ones_and_vessels_are_known() -> None:
    made = tissue_map()
    assert [t.key for t in made.tissues] == ["liver", "tumour", "blood"]
    assert made.vessel_label == 3
    assert made.vessel_cooling is VesselCooling.FIXED
    i, j, k = (
        np.round(made.grid.index_ijk(np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [-15.0, 0.0, 0.0]]))).astype(int).T
    )
    assert made.labels.values_kji[k, j, i].tolist() == [2, 3, 1]


def test_outside_the_body_nothing_is_tissue() -> None:
    made = tissue_map_around(
        np.zeros((1, 3)), [], background="liver", body=brick((-30, -30, -30), (61, 61, 33)), frame_uid=FRAME
    )
    assert {0, 1} == set(np.unique(made.labels.values_kji).tolist())
    assert made.vessel_label is None


def test_a_cooled_electrode_becomes_one_with_its_generator() -> None:
    problem = heat_problem(
        plan_of("radiofrequency/IC_20mm", acts(PULSED)), tissue_map(), death_model=DeathModel.CEM43_240
    )
    source = problem.sources[0]
    assert isinstance(source, RfApplicator)
    assert source.generator.control is Control.IMPEDANCE
    assert source.cooled_c == Assumptions().coolant_c
    path = source.electrodes[0].path_lps_mm
    assert path == pytest.approx(np.array([[0, 0, -10.0], [0, 0, 10.0]]))
    assert problem.schedule.steps[0].levels == (200.0,)
    assert problem.patient_id == "P1"


def test_a_cluster_has_its_electrodes_at_their_distance() -> None:
    problem = heat_problem(
        plan_of("radiofrequency/Cooltip_cluster", acts(PULSED)), tissue_map(), death_model=DeathModel.CEM43_240
    )
    tips = np.array([e.path_lps_mm[0] for e in problem.sources[0].electrodes])  # type: ignore[attr-defined]
    assert len(tips) == 3
    assert np.linalg.norm(tips[0] - tips[1]) == pytest.approx(5.0)


def test_an_antenna_and_a_probe_are_made_of_the_catalogue() -> None:
    antenna = heat_problem(
        plan_of("microwave/swine_lung_100W", acts(FORTY_WATT)), tissue_map(), death_model=DeathModel.CEM43_240
    ).sources[0]
    assert isinstance(antenna, MicrowaveAntenna)
    assert antenna.band is Band.MHZ_2450
    freeze = PowerStep(control=PlannedControl.FREEZE, duration_s=60.0, flow_percent=80.0)
    thaw = PowerStep(control=PlannedControl.THAW, duration_s=30.0)
    frozen = heat_problem(
        plan_of("cryo/probe_2.4mm", acts(freeze, thaw, freeze)), tissue_map(), death_model=DeathModel.BELOW_MINUS_40_C
    )
    assert isinstance(frozen.sources[0], CryoProbe)
    assert [step.levels for step in frozen.schedule.steps] == [(0.8,), (0.0,), (0.8,)]


@pytest.mark.parametrize(
    ("model", "stated", "taken_c"),
    [("cryo/probe_2.4mm", None, -145.0), ("cryo/Visica2", None, -196.0), ("cryo/Visica2", -170.0, -170.0)],
)
def test_a_probe_freezes_by_its_own_cryogen_unless_one_is_stated(
    model: str, stated: float | None, taken_c: float
) -> None:
    freeze = PowerStep(control=PlannedControl.FREEZE, duration_s=60.0, flow_percent=100.0)
    source = heat_problem(
        plan_of(model, acts(freeze)),
        tissue_map(),
        death_model=DeathModel.BELOW_MINUS_20_C,
        assumptions=Assumptions(freezing_c=stated),
    ).sources[0]
    assert isinstance(source, CryoProbe)
    assert source.freezing_c == taken_c


def test_a_probe_drawn_back_is_a_source_of_its_own_that_takes_its_turn() -> None:
    problem = heat_problem(
        plan_of("radiofrequency/IC_20mm", acts(FORTY_WATT), acts(FORTY_WATT, start_s=40.0, back_mm=15.0)),
        tissue_map(),
        death_model=DeathModel.CEM43_240,
        afterwards_s=20.0,
    )
    assert [step.levels for step in problem.schedule.steps] == [(40.0, 0.0), (0.0, 0.0), (0.0, 40.0), (0.0, 0.0)]
    assert [step.duration_s for step in problem.schedule.steps] == [30.0, 10.0, 30.0, 20.0]
    assert problem.sources[1].path_lps_mm[0] == pytest.approx([0, 0, 5.0])


def test_a_plan_of_other_images_is_refused() -> None:
    other = tissue_map_around(np.zeros((1, 3)), [], background="liver", body=None, frame_uid="9.9")
    with pytest.raises(HeatError) as caught:
        heat_problem(plan_of("radiofrequency/IC_20mm", acts(PULSED)), other, death_model=DeathModel.CEM43_240)
    assert caught.value.code == "heat.frame-differs"


def test_a_planned_ablation_can_be_simulated_and_its_probability_told() -> None:
    problem = heat_problem(
        plan_of("radiofrequency/IC_20mm", acts(FORTY_WATT)), tissue_map(12.0), death_model=DeathModel.ARRHENIUS
    )
    outcome = simulate_ablation(problem)
    assert outcome.zone.volume_cc > 0.3
    assert outcome.extreme.patient_id == "P1"
    chance = ablation_probability(problem, samples=2, seed=1)
    assert chance.samples == 2

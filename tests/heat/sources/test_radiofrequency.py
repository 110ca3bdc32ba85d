"""Electrodes and generators."""

import math

import numpy as np
import pytest

from heat_scenes import block, problem
from trocar.catalogue.tissues import load_tissue
from trocar.errors import HeatError
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import TissueMap
from trocar.heat.simulate import Accuracy, simulate
from trocar.heat.sources.radiofrequency import Control, Electrode, Generator, RfApplicator, rf_conductivity
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel


def tip(x_mm: float = 0.0, y_mm: float = 0.0, *, length_mm: float = 12.0, polarity: int = 1) -> Electrode:
    ends = np.array([[x_mm, y_mm, -0.5 * length_mm], [x_mm, y_mm, 0.5 * length_mm]])
    return Electrode(path_lps_mm=ends, radius_mm=0.735, polarity=polarity)


def treated(
    *electrodes: Electrode, seconds: float = 60.0, most_w: float = 200.0, cooled_c: float | None = 15.0, **generator
) -> AblationOutcome:
    facts = {"control": Control.VOLTAGE, "most_volts": 40.0} | generator
    applicator = RfApplicator(
        label="electrode", electrodes=electrodes or (tip(),), generator=Generator(**facts), cooled_c=cooled_c
    )
    asked = problem(applicator, steps=((seconds, (most_w,)),), death_model=DeathModel.ABOVE_54_C)
    return simulate(asked, accuracy=Accuracy(longest_s=1.0))


def test_conductivity_rises_with_warmth_and_falls_with_dryness() -> None:
    sigma = rf_conductivity(np.full(4, 0.2), np.full(4, 0.015), np.array([0, 20, 60, 62.5]), np.array([0, 0, 0.5, 1.0]))
    assert sigma[1] == pytest.approx(0.2 * 1.3)
    assert sigma[2] == pytest.approx(0.2 * 1.9 / 4)
    assert sigma[3] < 1e-3


def test_constant_voltage_gives_more_current_while_tissue_warms() -> None:
    trace = treated(most_volts=30.0, seconds=30.0).traces[0]
    assert trace.voltage_v[-1] == 30.0
    assert trace.impedance_ohm[-1] < 0.97 * trace.impedance_ohm[0]
    assert trace.power_w[-1] == pytest.approx(30.0**2 / trace.impedance_ohm[-1])


def test_constant_power_is_constant() -> None:
    trace = treated(control=Control.POWER, most_volts=200.0, most_w=8.0, seconds=20.0).traces[0]
    assert trace.power_w.tolist() == pytest.approx([8.0] * len(trace.power_w), rel=1e-6)


def test_too_much_power_dries_the_tissue_and_the_generator_rolls_off() -> None:
    outcome = treated(control=Control.POWER, most_volts=200.0, most_w=60.0, impedance_rise_ohm=50.0, seconds=80.0)
    trace = outcome.traces[0]
    assert (trace.power_w[-5:] == 0).all()
    assert np.nanmax(trace.impedance_ohm) > trace.impedance_ohm[0] + 50.0
    assert outcome.extreme.volume.values_kji.max() > 372.0


def test_an_impedance_controlled_generator_pauses_and_goes_on() -> None:
    trace = treated(
        control=Control.IMPEDANCE, most_volts=90.0, impedance_rise_ohm=20.0, pause_s=10.0, seconds=90.0
    ).traces[0]
    off = trace.power_w == 0
    starts = np.flatnonzero(off[1:] & ~off[:-1]) + 1
    assert len(starts) >= 2
    assert (trace.power_w[starts[-1] :] > 0).any() or starts[-1] > len(off) - 12
    first_pause = trace.time_s[starts[0] : starts[1]][off[starts[0] : starts[1]]]
    assert first_pause[-1] - first_pause[0] == pytest.approx(10.0, abs=2.0)


def test_a_temperature_controlled_generator_keeps_its_goal() -> None:
    trace = treated(
        control=Control.TEMPERATURE, most_volts=100.0, goal_c=80.0, cooled_c=None, most_w=30.0, seconds=150.0
    ).traces[0]
    late = trace.reading_c[trace.time_s > 100]
    assert late.mean() == pytest.approx(80.0, abs=4.0)
    assert late.max() < 92.0


def test_cooling_moves_the_heat_away_from_the_electrode() -> None:
    cooled, bare = (treated(most_volts=30.0, cooled_c=c).extreme.volume.values_kji[20, 20, 20] for c in (15.0, None))
    assert cooled < bare - 10.0


def test_coolant_in_the_shaft_shortens_the_zone_behind_the_tip() -> None:
    def behind_mm(shaft_mm: float) -> float:
        applicator = RfApplicator(
            label="electrode",
            electrodes=(tip(),),
            generator=Generator(control=Control.VOLTAGE, most_volts=45.0),
            cooled_c=15.0,
            cooled_shaft_mm=shaft_mm,
        )
        asked = problem(applicator, steps=((90.0, (200.0,)),), death_model=DeathModel.ABOVE_50_C)
        dead = simulate(asked).zone.dead_kji.any(axis=(1, 2))
        return float(np.flatnonzero(dead).max())

    assert behind_mm(15.0) < behind_mm(0.0)


def test_the_generator_looks_often_while_current_flows_and_seldom_in_a_pause() -> None:
    trace = treated(
        control=Control.IMPEDANCE, most_volts=90.0, impedance_rise_ohm=20.0, pause_s=10.0, seconds=60.0
    ).traces[0]
    assert (trace.power_w == 0).any()
    assert np.diff(trace.time_s).max() <= 1.0 + 1e-9
    applicator = RfApplicator(
        label="electrode",
        electrodes=(tip(),),
        generator=Generator(control=Control.IMPEDANCE, most_volts=90.0, impedance_rise_ohm=20.0, pause_s=10.0),
    )
    trace = simulate(problem(applicator, steps=((60.0, (200.0,)),))).traces[0]
    steps = np.diff(trace.time_s)
    assert steps[trace.power_w[1:] > 0].max() <= 1.0 + 1e-9
    assert steps.max() > 1.5


def test_a_cluster_takes_up_more_power_and_makes_a_larger_zone() -> None:
    three = [tip(3.0 * math.cos(a), 3.0 * math.sin(a)) for a in (0.0, 2.094, 4.189)]
    cluster = treated(*three, seconds=90.0, most_volts=65.0)
    single = treated(seconds=90.0, most_volts=40.0)
    assert cluster.traces[0].impedance_ohm[0] < single.traces[0].impedance_ohm[0]
    assert cluster.zone.volume_cc > 1.5 * single.zone.volume_cc


def test_tines_of_an_expandable_applicator_heat_where_they_reach() -> None:
    bend = np.linspace(0.0, 1.0, 5)
    tines = [
        Electrode(
            path_lps_mm=np.stack([8 * bend**2 * math.cos(a), 8 * bend**2 * math.sin(a), 8 * bend - 4.0], axis=1)[::-1],
            radius_mm=0.3,
        )
        for a in (0.0, 1.571, 3.142, 4.712)
    ]
    outcome = treated(*tines, cooled_c=None, most_volts=25.0)
    i, j, k = np.round(block().grid.index_ijk(np.array([7.0, 0.0, 3.5]))).astype(int)
    hottest = outcome.extreme.volume.values_kji
    assert hottest[k, j, i] > 273.15 + 45.0
    assert hottest[k, j, i] > hottest[39 - k - 8, j, i] + 5.0


def test_a_bipolar_pair_heats_between_its_poles() -> None:
    outcome = treated(tip(-5.0), tip(5.0, polarity=-1), cooled_c=None, most_volts=40.0)
    hottest = outcome.extreme.volume.values_kji
    between, beyond = hottest[20, 20, 20], 0.5 * (hottest[20, 20, 10] + hottest[20, 20, 30])
    assert between > beyond + 2.0
    assert outcome.traces[0].impedance_ohm[0] > 100.0


@pytest.mark.parametrize(
    "change",
    [
        {"most_volts": 0.0},
        {"control": Control.TEMPERATURE},
        {"goal_c": 80.0},
        {"pause_s": -1.0},
    ],
)
def test_a_generator_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeatError) as caught:
        Generator(**{"control": Control.VOLTAGE, "most_volts": 50.0} | change)
    assert caught.value.code == "heat.generator-invalid"


def test_an_applicator_without_a_driven_electrode_is_refused() -> None:
    with pytest.raises(HeatError) as caught:
        RfApplicator(
            label="x",
            electrodes=(tip(polarity=-1),),
            generator=Generator(control=Control.VOLTAGE, most_volts=50.0),
        )
    assert caught.value.code == "heat.no-driven-electrode"


def test_an_electrode_of_one_point_is_refused() -> None:
    with pytest.raises(HeatError) as caught:
        Electrode(path_lps_mm=np.zeros((1, 3)), radius_mm=1.0)
    assert caught.value.code == "heat.electrode-invalid"


def test_char_keeps_current_out() -> None:
    applicator = RfApplicator(
        label="electrode",
        electrodes=(tip(),),
        generator=Generator(control=Control.VOLTAGE, most_volts=40.0),
    )
    plain, charring = (
        simulate(
            problem(applicator, steps=((30.0, (200.0,)),), char_above_c=limit), accuracy=Accuracy(longest_s=1.0)
        ).traces[0]
        for limit in (None, 90.0)
    )
    assert charring.impedance_ohm[-1] > 2.0 * plain.impedance_ohm[-1]
    assert charring.energy_j < plain.energy_j


def test_saline_beside_the_electrode_draws_current_and_dextrose_keeps_it_away() -> None:
    def first_ohm(fluid: str) -> float:
        values = np.ones((40, 40, 40), np.uint8)
        values[:, :, 24:30] = 2
        labels = Volume(grid=block().grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
        tissue_map = TissueMap(labels=labels, tissues=(load_tissue("liver"), load_tissue(fluid)))
        generator = Generator(control=Control.VOLTAGE, most_volts=20.0)
        applicator = RfApplicator(label="electrode", electrodes=(tip(),), generator=generator)
        outcome = simulate(problem(applicator, steps=((1.0, (50.0,)),), tissue_map=tissue_map))
        return float(outcome.traces[0].impedance_ohm[0])

    assert first_ohm("saline") < 0.95 * first_ohm("liver") < 0.9 * first_ohm("dextrose")

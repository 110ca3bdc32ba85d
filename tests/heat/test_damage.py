"""B4: time to death at constant temperature, by each model; and how damage adds up in time."""

import numpy as np
import pytest

from trocar.catalogue.tissues import load_death_constants
from trocar.heat.damage import arrhenius_per_s, cem43_minutes_per_s, death_score, rate_table
from trocar.heat.kernels.damage import BY_OMEGA, accumulate, note_extremes, stop_perfusion
from trocar.results.tissue_death import DeathModel

PRINTED_DIGITS = 0.02
"""The published table prints two to four digits."""


def lasting(temperature_c: float, step_s: float, total_s: float) -> tuple[float, float, float]:
    shape = (3, 3, 3)
    theta = np.full(shape, temperature_c - 37.0, np.float32)
    constants = load_death_constants()
    table, kb = rate_table(), np.float32(constants.kb_per_s)
    omega, cem = (np.zeros(shape, np.float32) for _ in range(2))
    warm = np.ones(shape[:2], bool)
    alive = np.full(shape, constants.alive_at_start, np.float32)
    vulnerable = np.full(shape, constants.vulnerable_at_start, np.float32)
    for _ in range(round(total_s / step_s)):
        accumulate(
            *(1, 2, 1, 2, 1, 2), theta, theta, warm, np.float32(step_s), table, kb, omega, cem, alive, vulnerable
        )
    middle = (1, 1, 1)
    return float(omega[middle]), float(cem[middle]), float(1 - alive[middle] - vulnerable[middle])


@pytest.mark.parametrize(("temperature_c", "printed_s"), [(43, 511), (45, 276), (50, 61), (54, 19), (60, 3.4)])
def test_arrhenius_kills_in_the_printed_time(temperature_c: float, printed_s: float) -> None:
    omega, _, _ = lasting(temperature_c, printed_s / 50, printed_s)
    assert omega == pytest.approx(1.0, rel=0.03)


@pytest.mark.parametrize(("temperature_c", "printed_s"), [(43, 14400), (45, 3600), (50, 112.5), (54, 7.03)])
def test_240_minutes_are_reached_in_the_printed_time(temperature_c: float, printed_s: float) -> None:
    _, minutes, _ = lasting(temperature_c, printed_s / 50, printed_s)
    assert minutes == pytest.approx(240.0, rel=PRINTED_DIGITS)


@pytest.mark.parametrize(
    ("temperature_c", "printed_s"), [(43, 1705), (45, 1468), (50, 1060), (54, 847), (60, 630), (70, 412), (90, 205)]
)
def test_a_fifth_of_the_cells_is_dead_in_the_printed_time(temperature_c: float, printed_s: float) -> None:
    _, _, dead = lasting(temperature_c, 1.0, printed_s)
    assert dead == pytest.approx(0.2, abs=0.01)


def test_the_three_state_model_needs_no_short_steps() -> None:
    assert lasting(70, 2.0, 412)[2] == pytest.approx(lasting(70, 0.25, 412)[2], abs=0.004)


def test_the_table_of_rates_agrees_with_the_formulas() -> None:
    constants = load_death_constants()
    t = 37.0 + np.arange(0, 30, 0.05)
    table = rate_table()[: len(t)]
    assert table[:, 0] == pytest.approx(arrhenius_per_s(t, constants), rel=1e-5)
    assert table[:, 1] == pytest.approx(cem43_minutes_per_s(t, constants), rel=1e-5)


def test_no_dose_is_gathered_under_39_degrees() -> None:
    assert cem43_minutes_per_s(np.array([38.9]), load_death_constants())[0] == 0.0


@pytest.mark.parametrize("model", list(DeathModel))
def test_the_score_is_zero_on_the_edge_and_positive_inside(model: DeathModel) -> None:
    edge = {"omega": 1.0, "cem_minutes": 240.0, "viable": 0.8, "highest_c": 54.0, "lowest_c": -20.0}
    inside = {"omega": 2.0, "cem_minutes": 400.0, "viable": 0.5, "highest_c": 60.0, "lowest_c": -60.0}
    if model is DeathModel.ABOVE_50_C:
        edge["highest_c"] = 50.0
    if model is DeathModel.BELOW_MINUS_40_C:
        edge["lowest_c"] = -40.0
    if model is DeathModel.ICE:
        edge["lowest_c"] = -0.5
    at = {name: np.array([edge[name], inside[name]]) for name in edge}
    score = death_score(model, **at, frozen_below_c=-0.5)
    assert score[0] == pytest.approx(0.0, abs=1e-6)
    assert score[1] > 0.1


def test_blood_stops_where_tissue_is_dead_or_frozen_and_never_flows_again() -> None:
    shape = (3, 3, 6)
    omega, theta, nought = (np.zeros(shape, np.float32) for _ in range(3))
    flowing, take = np.ones(shape, np.float32), np.full(shape, 3.0, np.float32)
    omega[1, 1, 2] = 1.5
    theta[1, 1, 3] = -40.0

    def stop() -> None:
        stop_perfusion(
            *(1, 2, 1, 2, 1, 5), BY_OMEGA, np.float32(1.0), np.float32(np.inf), omega, nought, nought, nought,
            np.ones((3, 3), bool), theta, np.float32(-37.5), flowing, take,
        )  # fmt: skip

    stop()
    theta[1, 1, 3] = 0.0
    stop()
    assert flowing[1, 1, 1:5].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert take[1, 1, 1:5].tolist() == [3.0, 2.0, 2.0, 3.0]


def test_tissue_long_dead_is_no_longer_followed_and_stays_dead() -> None:
    omega, minutes, dead = lasting(95.0, 2.0, 1200.0)
    assert omega > 1e5
    assert minutes > 1e5 * 240
    assert dead > 0.99


def test_extremes_are_kept_and_rows_at_body_temperature_are_passed_over() -> None:
    shape = (3, 4, 5)
    before, after, high, low = (np.zeros(shape, np.float32) for _ in range(4))
    after[1, 1, 2], after[1, 2, 3] = 5.0, -7.0
    warm = np.zeros(shape[:2], bool)
    note_extremes(*(1, 2, 1, 3, 1, 4), before, after, high, low, warm)
    assert high[1, 1, 2] == 5.0
    assert low[1, 2, 3] == -7.0
    assert np.argwhere(warm).tolist() == [[1, 1], [1, 2]]
    note_extremes(*(1, 2, 1, 3, 1, 4), after, before, high, low, warm)
    assert high[1, 1, 2] == 5.0
    assert low[1, 2, 3] == -7.0

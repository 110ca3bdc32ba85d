"""The potential that is solved anew near the electrodes only, against that of the whole."""

import numpy as np
import pytest

from heat_scenes import block
from trocar.heat.base import Moment
from trocar.heat.crew import Crew
from trocar.heat.lines import exchange_of
from trocar.heat.nested_potential import NestedPotential
from trocar.heat.potential import Potential

SIGMA = 0.2e-3
CURRENT, HEAT = 0.003, 0.04
"""Shares by which current and heat may differ from those of the whole grid, when conductivity rises by 80 % at once."""


def nested(n: int = 80, *, bipolar: bool = False) -> tuple[NestedPotential, dict[str, np.ndarray]]:
    grid = block(n).grid
    exchange = exchange_of(np.array([[0, 0, -6.0], [0, 0, 6.0]]), grid, radius_mm=0.735)
    given = {"exchange_kji": exchange, "volts_kji": np.sign(exchange)}
    centre = None if bipolar else np.zeros(3)
    return NestedPotential(grid, **given, centre_lps_mm=centre, crew=Crew(1)), given


def moment(time_s: float, n: int = 80) -> Moment:
    theta = np.zeros((n, n, n), np.float32)
    return Moment(time_s=time_s, step_s=1.0, theta_kji=theta, dried=lambda part: np.zeros_like(theta[part]))


def uneven(n: int = 80, *, warm: float) -> np.ndarray:
    """Return tissue with a badly conducting slab near the electrode, warmed around it."""
    row = np.arange(n) - 0.5 * (n - 1)
    far2 = row[:, None, None] ** 2 + row[:, None] ** 2 + row**2
    sigma = SIGMA * (1.0 + warm * np.exp(-far2 / 80.0))
    sigma[:, :, n // 2 + 14 : n // 2 + 26] *= 0.2
    return sigma.astype(np.float32)


def test_the_inner_part_gives_the_current_and_the_heat_of_the_whole() -> None:
    potential, given = nested()
    cold, warm = uneven(warm=0.0), uneven(warm=0.8)
    potential.solve(lambda part: cold[part], moment(0.0), tolerance=1e-5)
    got = potential.solve(lambda part: warm[part], moment(2.0), tolerance=1e-5)
    whole = Potential((80,) * 3, (1.0,) * 3, **given, centre_kji=np.full(3, 39.5)).solve(warm, tolerance=1e-5)
    assert got.current_a == pytest.approx(whole.current_a, rel=CURRENT)
    strong = whole.heat_w > 1e-4 * whole.heat_w.max()
    assert np.abs(got.heat_w / whole.heat_w - 1.0)[strong].max() < HEAT
    assert float(got.heat_w.sum()) == pytest.approx(float(whole.heat_w.sum()), rel=CURRENT)


def test_the_whole_is_solved_again_when_it_is_due() -> None:
    potential, _ = nested()
    asked = []

    def sigma_of(part) -> np.ndarray:
        found = uneven(warm=0.0)[part]
        asked.append(found.size)
        return found

    for time_s in (0.0, 2.0, 9.0, 10.0, 15.0, 16.0, 20.0, 26.0):
        potential.solve(sigma_of, moment(time_s))
    whole = [size == 80**3 for size in asked]
    # at the start both the tissue at rest and that in the window are asked for
    assert whole == [True, True, False, False, True, False, False, True, False]


def test_a_pair_of_electrodes_and_a_small_grid_are_always_solved_in_the_whole() -> None:
    assert nested(bipolar=True)[0].near is None
    assert nested(40)[0].near is None
    assert nested()[0].near is not None

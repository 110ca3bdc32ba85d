"""The potential around electrodes against exact and independent solutions."""

import numpy as np
import pytest

from heat_exact import LIVER, properties, tube_resistance_ohm
from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.heat.bioheat import INSIDE, HeatField
from trocar.heat.lines import exchange_of
from trocar.heat.potential import Potential, Solution

SIGMA = 0.2e-3
RESISTANCE = 0.02
"""Of a needle's tip of 30 mm on voxels of 1 mm."""
STAIRCASE = 0.05
"""Temperature around a sphere of five voxels radius, whose surface is a staircase of voxels."""
SHORT_TIP = 0.04
"""Of a tip of 10 mm: the cloud rounds its ends."""


def needle(
    length_mm: float, *, n: int = 64, direction: tuple[float, float, float] = (0.0, 0.0, 1.0), spacing_mm: float = 1.0
) -> Solution:
    edge = -0.5 * (n - 1) * spacing_mm
    grid = Grid.axial(origin_lps_mm=(edge,) * 3, spacing_ijk_mm=(spacing_mm,) * 3, shape_kji=(n,) * 3)
    middle, axis = np.array([0.3, 0.1, 0.4]), np.array(direction) / np.linalg.norm(direction)
    path = np.array([middle - 0.5 * length_mm * axis, middle + 0.5 * length_mm * axis])
    exchange = exchange_of(path, grid, radius_mm=0.735)
    potential = Potential(
        grid.shape_kji,
        grid.spacing_ijk_mm,
        exchange_kji=exchange,
        volts_kji=np.sign(exchange),
        centre_kji=grid.index_ijk(middle)[::-1],
    )
    return potential.solve(np.full(grid.shape_kji, SIGMA, np.float32), tolerance=1e-5)


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 2.0, 3.0)])
def test_a_needle_has_the_resistance_of_its_tube_however_it_is_turned(direction: tuple[float, float, float]) -> None:
    assert 1.0 / needle(30.0, direction=direction).current_a == pytest.approx(
        tube_resistance_ohm(30.0, 0.735, SIGMA), rel=RESISTANCE
    )


def test_a_short_tip_is_right_within_four_percent() -> None:
    assert 1.0 / needle(10.0).current_a == pytest.approx(tube_resistance_ohm(10.0, 0.735, SIGMA), rel=SHORT_TIP)


def test_the_box_does_not_matter_since_the_field_fades_into_the_body() -> None:
    assert needle(20.0, n=48).current_a == pytest.approx(needle(20.0, n=80).current_a, rel=0.003)


def test_few_iterations_solve_it() -> None:
    assert needle(30.0).iterations <= 12


def ball(n: int, radius_mm: float) -> tuple[Potential, np.ndarray, np.ndarray]:
    """Return a metal sphere at 1 V on voxels of 1 mm, the conductivity, and the distance from its centre."""
    row = np.arange(n) - 0.5 * (n - 1)
    far = np.maximum(np.sqrt(row[:, None, None] ** 2 + row[:, None] ** 2 + row**2), 0.5)
    metal = far < radius_mm
    potential = Potential(
        (n, n, n),
        (1.0, 1.0, 1.0),
        exchange_kji=metal.astype(np.float32),
        volts_kji=metal.astype(np.float32),
        centre_kji=np.full(3, 0.5 * (n - 1)),
    )
    return potential, np.where(metal, 300 * SIGMA, SIGMA).astype(np.float32), far


def test_a_sphere_has_the_exact_resistance() -> None:
    """B7, of ten voxels radius, as 5 mm on voxels of 0.5 mm."""
    potential, sigma, _ = ball(64, 10.0)
    resistance_ohm = 1.0 / potential.solve(sigma, tolerance=1e-5).current_a
    assert resistance_ohm == pytest.approx(1 / (4 * np.pi * SIGMA * 10.0), rel=RESISTANCE)


def test_a_sphere_heats_its_surroundings_as_the_exact_solution_says() -> None:
    """B2: T - T_b = (sigma V²/k)(a/r - a²/2r²) around an insulated sphere without perfusion."""
    n, a, volts = 41, 5.0, 10.0
    potential, sigma, far = ball(n, a)
    heat = potential.solve(sigma, tolerance=1e-5).heat_w * volts**2
    peak_k = SIGMA * volts**2 / (2 * LIVER.k)
    assert peak_k == pytest.approx(19.23, abs=0.01)
    exact = 2 * peak_k * (a / far - a**2 / (2 * far**2))
    labels = (far >= a).astype(np.uint8)
    held = np.zeros(far.shape, bool)
    for axis in range(3):
        ends = np.moveaxis(held, axis, 0)
        ends[[0, -1]] = True
    field = HeatField(
        labels, (1.0,) * 3, properties=properties(k=LIVER.k, c=LIVER.c), phase=None, insulated=True, held_kji=held
    )
    field.set_temperature(np.where(labels == 1, exact, 0.0).astype(np.float32))
    field.give[INSIDE] = heat
    for _ in range(100):
        field.advance(40.0)
    shell = (far > 7.0) & (far < 16.0)
    assert np.abs(field.theta[INSIDE] - exact)[shell].max() < STAIRCASE * peak_k


def test_what_the_generator_gives_is_what_the_tissue_and_the_rest_of_the_body_take() -> None:
    solution = needle(20.0, n=80)
    assert 0.9 < float(solution.heat_w.sum()) / solution.current_a < 1.0


def test_the_last_potential_makes_the_next_one_cheap() -> None:
    n = 48
    grid = Grid.axial(origin_lps_mm=(-23.5,) * 3, spacing_ijk_mm=(1.0,) * 3, shape_kji=(n,) * 3)
    exchange = exchange_of(np.array([[0, 0, -10.0], [0, 0, 10.0]]), grid, radius_mm=0.735)
    potential = Potential(
        grid.shape_kji,
        grid.spacing_ijk_mm,
        exchange_kji=exchange,
        volts_kji=np.sign(exchange),
        centre_kji=np.full(3, 23.5),
    )
    sigma = np.full(grid.shape_kji, SIGMA, np.float32)
    first = potential.solve(sigma, tolerance=1e-3).iterations
    sigma[20:28, 20:28, 20:28] *= 1.05
    assert potential.solve(sigma, tolerance=1e-3).iterations < first


def test_an_electrode_in_an_insulator_is_refused() -> None:
    n = 24
    exchange = np.zeros((n, n, n), np.float32)
    exchange[12, 12, 12] = 1.0
    potential = Potential((n, n, n), (1.0,) * 3, exchange_kji=exchange, volts_kji=exchange, centre_kji=np.full(3, 12.0))
    with pytest.raises(HeatError) as caught:
        potential.solve(np.zeros((n, n, n), np.float32), tolerance=1e-3)
    assert caught.value.code == "heat.electrode-without-contact"

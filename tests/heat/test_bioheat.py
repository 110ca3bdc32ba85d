"""The heat equation against exact solutions, conserved quantities and its plain twin."""

import numpy as np
import pytest

from heat_exact import (
    LIVER,
    STEFAN,
    STEFAN_PHASE,
    STEFAN_WATER,
    line_sink_front_mm,
    liver_field,
    point_source_k,
    properties,
    stefan_mm,
)
from trocar.heat.bioheat import INSIDE, HeatField, PhaseChange, stages_for
from trocar.heat.kernels.bioheat import explicit_step

SINGLE_PRECISION = 2e-5
COARSE_POINT_SOURCE = 0.05
"""A point source on 1 mm voxels, 5 mm away and farther: its own voxel is what is wrong, not time."""
FINE_POINT_SOURCE = 0.015
FREEZING_MM = 0.1
LAYERED = 1e-4


def heated(spacing_mm: float, n: int, step_s: float) -> np.ndarray:
    field = liver_field((n, n, n), spacing_mm, rest_k=1e-5)
    middle = np.zeros((n, n, n), bool)
    middle[n // 2, n // 2, n // 2] = True
    field.give[INSIDE][middle] = 1.0 / spacing_mm**3
    field.start_window(middle)
    for _ in range(round(600 / step_s)):
        field.advance(step_s)
        field.grow_window()
    return field.temperature_c[n // 2, n // 2, n // 2 :] - 37.0


def test_a_point_source_warms_perfused_tissue_as_the_exact_solution_says() -> None:
    got = heated(1.0, 61, 5.0)
    r_mm = np.array([5, 10, 20])
    assert got[r_mm] == pytest.approx(point_source_k(r_mm, 600.0), rel=COARSE_POINT_SOURCE)


@pytest.mark.slow
def test_half_the_voxel_brings_a_point_source_within_one_and_a_half_percent() -> None:
    got = heated(0.5, 101, 5.0)
    assert got[[10, 20, 30]] == pytest.approx(point_source_k(np.array([5, 10, 15]), 600.0), rel=FINE_POINT_SOURCE)


def test_flux_is_conserved_between_two_layers() -> None:
    n = 20
    labels = np.ones((1, 1, n), np.uint8)
    labels[..., n // 2 :] = 2
    both = properties(k=0.52e-3, c=LIVER.c)
    two = {name: np.append(getattr(both, name), getattr(both, name)[1]).astype(np.float32) for name in both.__slots__}
    two["conductivity"][2] = 0.25e-3
    held = np.zeros(labels.shape, bool)
    held[..., [0, -1]] = True
    field = HeatField(labels, (1.0,) * 3, properties=type(both)(**two), phase=None, insulated=True, held_kji=held)
    start = np.zeros(labels.shape, np.float32)
    start[..., -1] = 0.0
    start[..., 0] = 1.0
    field.set_temperature(start)
    for _ in range(400):
        field.advance(50.0)
    # ends are held at the centres of the outer voxels: 9.5 mm of each tissue between them; interface at its face
    row = field.theta[INSIDE][0, 0]
    flux = 0.52e-3 * (row[n // 2 - 2] - row[n // 2 - 1])
    interface = row[n // 2 - 1] - flux * 0.5 / 0.52e-3
    assert interface == pytest.approx(0.52 / (0.52 + 0.25), abs=LAYERED)


def cosine_error(n: int) -> float:
    """B9: modes of an insulated box decay as exp(-(a k² + w/c) t)."""
    side_mm, time_s = 24.0, 40.0
    x = (np.arange(n) + 0.5) / n
    modes = [(1, 0, 2, 3.0), (2, 1, 1, 2.0), (0, 2, 0, 5.0)]
    a = LIVER.k / LIVER.c

    def field_at(t: float) -> np.ndarray:
        total = np.zeros((n, n, n))
        for p, q, r, size in modes:
            shape = np.cos(np.pi * p * x)[:, None, None] * np.cos(np.pi * q * x)[:, None] * np.cos(np.pi * r * x)
            k2 = (np.pi / side_mm) ** 2 * (p**2 + q**2 + r**2)
            total += size * shape * np.exp(-(a * k2 + LIVER.w / LIVER.c) * t)
        return total

    field = liver_field((n, n, n), side_mm / n, insulated=True)
    field.set_temperature(field_at(0.0).astype(np.float32))
    for _ in range(160):
        field.advance(time_s / 160)
    return float(np.abs(field.theta[INSIDE] - field_at(time_s)).max())


def test_modes_of_a_box_decay_exactly_with_second_order_of_convergence() -> None:
    coarse, fine = cosine_error(12), cosine_error(24)
    assert fine < 0.02
    assert np.log2(coarse / fine) > 1.7


def manufactured_error(n: int) -> float:
    """B8: conductivity that rises with temperature, sources made so that the answer is known."""
    side_mm, time_s, slope = 20.0, 60.0, 3.3e-6
    h = side_mm / n
    x = (np.arange(n) + 0.5) * h
    q = np.pi / side_mm
    cx, cy = np.cos(q * x)[None, :], np.cos(q * x)[:, None]
    sx, sy = np.sin(q * x)[None, :], np.sin(q * x)[:, None]
    shape = 20.0 + 15.0 * cx * cy
    laplacian = -30.0 * q**2 * cx * cy
    gradient2 = (15.0 * q) ** 2 * ((sx * cy) ** 2 + (cx * sy) ** 2)
    field = HeatField(
        np.ones((1, n, n), np.uint8),
        (h, h, h),
        properties=properties(k=LIVER.k, c=LIVER.c, w=LIVER.w, slope=slope),
        phase=None,
        insulated=True,
    )
    steps = 5 * n * n  # a step that falls with the square of the voxel: its own error falls as fast
    for m in range(steps):
        s = (m + 0.5) / steps
        k = LIVER.k + slope * s * shape
        source = LIVER.c * shape / time_s - (k * s * laplacian + slope * s**2 * gradient2) + LIVER.w * s * shape
        field.give[INSIDE][0] = source
        field.advance(time_s / steps)
    return float(np.abs(field.theta[INSIDE][0] - shape).max())


def test_a_manufactured_solution_with_rising_conductivity_converges_with_second_order() -> None:
    coarse, fine = manufactured_error(8), manufactured_error(16)
    assert fine < 0.1
    assert np.log2(coarse / fine) > 1.7


def freeze(spacing_mm: float, step_s: float) -> tuple[float, np.ndarray]:
    s = STEFAN
    n = round(70 / spacing_mm)
    field = HeatField(
        np.ones((1, 1, n), np.uint8),
        (spacing_mm,) * 3,
        properties=properties(k=s.k, c=s.c, frozen=s.k_ice, water=STEFAN_WATER),
        phase=STEFAN_PHASE,
        insulated=True,
        freezes=True,
    )
    wall = 2 * s.k_ice / spacing_mm**2
    field.take[INSIDE][..., 0] = wall
    field.give[INSIDE][..., 0] = wall * (s.wall_c - 37.0)
    for _ in range(round(600 / step_s)):
        field.advance(step_s)
    return ice_mm(field, spacing_mm), field.temperature_c[0, 0]


def ice_mm(field: HeatField, spacing_mm: float) -> float:
    """Return how far the ice reaches: whole voxels and the share of latent heat that is gone of the last."""
    melt, width = field.physics[0], field.physics[0] - field.physics[1]
    kelvin = field.water[INSIDE] * field.per_c[INSIDE]
    latent = width * (1 - 0.5 * field.physics[5] * kelvin) + field.physics[4] * kelvin
    return float(np.clip((melt - field.u[INSIDE]) / latent, 0, 1).sum() * spacing_mm)


def test_freezing_from_a_wall_follows_the_solution_of_stefan_and_neumann() -> None:
    front_mm, levels_mm = stefan_mm(600.0, -20.0, -40.0)
    got_front_mm, temperature_c = freeze(1.0, 2.0)
    x = np.arange(len(temperature_c)) + 0.5
    got_mm = [np.interp(level, temperature_c, x) for level in (-20.0, -40.0)]
    assert got_mm == pytest.approx(levels_mm, abs=FREEZING_MM)
    assert got_front_mm == pytest.approx(front_mm, abs=2 * FREEZING_MM)


def test_ice_grows_around_a_line_sink_as_carslaw_and_jaeger_say() -> None:
    assert line_sink_front_mm(600.0, 0.2) == pytest.approx(6.670, rel=0.01)  # constants printed to two digits
    s, n = STEFAN, 81
    field = HeatField(
        np.ones((1, n, n), np.uint8),
        (1.0,) * 3,
        properties=properties(k=s.k, c=s.c, frozen=s.k_ice, water=STEFAN_WATER),
        phase=STEFAN_PHASE,
        insulated=True,
        freezes=True,
    )
    field.give[INSIDE][0, n // 2, n // 2] = -0.2
    for _ in range(300):
        field.advance(2.0)
    # ice_mm adds up the frozen share of voxels of 1 mm²: here an area
    front_mm = np.sqrt(ice_mm(field, 1.0) / np.pi)
    assert front_mm == pytest.approx(line_sink_front_mm(600.0, 0.2), abs=2 * FREEZING_MM)


def test_stefans_constants_are_those_of_the_published_benchmark() -> None:
    front_mm, levels_mm = stefan_mm(600.0, -20.0, -40.0)
    assert front_mm == pytest.approx(22.12, abs=0.15)
    assert levels_mm == pytest.approx((17.37, 12.79), abs=0.05)


def test_heat_that_goes_in_is_found_again_as_enthalpy_through_boiling_and_ice() -> None:
    n, water = 9, 0.79e-6
    field = HeatField(
        np.ones((n, n, n), np.uint8),
        (1.0,) * 3,
        properties=properties(k=LIVER.k, c=LIVER.c, water=water),
        phase=PhaseChange(),
        insulated=True,
    )
    field.give[INSIDE][4, 4, 6] = 0.3
    field.give[INSIDE][4, 4, 1] = -0.1
    for _ in range(60):
        field.advance(1.0)
    assert field.temperature_c.max() > 99.0
    assert field.temperature_c.min() < -1.0
    assert field.u[INSIDE].sum() * LIVER.c == pytest.approx(0.2 * 60, rel=1e-3)


def test_the_fast_loops_agree_with_their_plain_twin() -> None:
    rng = np.random.default_rng(1)
    n = 10
    labels = rng.integers(1, 3, (n, n, n)).astype(np.uint8)
    both = properties(k=0.52e-3, c=LIVER.c, w=LIVER.w)
    two = {name: np.append(getattr(both, name), getattr(both, name)[1]).astype(np.float32) for name in both.__slots__}
    two["conductivity"][2] = 0.25e-3
    start = rng.uniform(0, 30, (n, n, n)).astype(np.float32)
    field = HeatField(labels, (1.0, 1.5, 2.0), properties=type(both)(**two), phase=None)
    field.set_temperature(start)
    field.give[INSIDE] = rng.uniform(0, 1e-3, (n, n, n))
    arrays = [np.asarray(a, np.float64) for a in (field.gx, field.gy, field.gz, field.take, field.give, field.per_c)]
    theta, spare = np.pad(start.astype(np.float64), 1), np.zeros((n + 2,) * 3)
    for _ in range(2000):
        explicit_step((n, n, n), theta, *arrays, 0.005, spare)
        theta, spare = spare, theta
    for _ in range(100):
        field.advance(0.1)
    assert np.abs(field.theta[INSIDE] - theta[1:-1, 1:-1, 1:-1]).max() < 0.05


def test_the_window_changes_nothing_that_matters() -> None:
    def run(windowed: bool) -> np.ndarray:
        field = liver_field((31, 31, 31), 1.0)
        middle = np.zeros((31, 31, 31), bool)
        middle[15, 15, 15] = True
        field.give[INSIDE][middle] = 1.0
        if windowed:
            field.start_window(middle)
        for _ in range(40):
            field.advance(5.0)
            field.grow_window()
        return field.temperature_c

    assert np.abs(run(True) - run(False)).max() < 0.02


def test_a_held_voxel_keeps_its_temperature_and_draws_heat() -> None:
    held = np.zeros((9, 9, 9), bool)
    held[:, 4, 4] = True
    field = liver_field((9, 9, 9), 1.0, insulated=True, held_kji=held)
    field.set_temperature(np.where(held, 0.0, 20.0).astype(np.float32))
    for _ in range(10):
        field.advance(5.0)
    assert (field.theta[INSIDE][held] == 0).all()
    assert field.theta[INSIDE][4, 4, 5] < field.theta[INSIDE][4, 4, 8] < 20.0


@pytest.mark.parametrize("step_s", [0.1, 1.0, 20.0])
def test_enough_stages_are_taken_for_stability(step_s: float) -> None:
    s = stages_for(step_s, 1.63)
    assert s % 2 == 1
    assert s * s + s >= step_s * 1.63

"""Errors against exact solutions as the voxels get smaller: ``python validation/heat_exact/run.py``."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from heat_exact import LIVER, STEFAN, STEFAN_PHASE, STEFAN_WATER, liver_field, point_source_k, properties, stefan_mm
from trocar.heat.bioheat import INSIDE, HeatField


def point_source(spacing_mm: float, reach_mm: float) -> np.ndarray:
    """Return relative errors 5 and 10 mm from a point source after ten minutes."""
    n = 2 * round(reach_mm / spacing_mm) + 1
    field = liver_field((n, n, n), spacing_mm, rest_k=1e-5)
    middle = np.zeros((n, n, n), bool)
    middle[n // 2, n // 2, n // 2] = True
    field.give[INSIDE][middle] = 1.0 / spacing_mm**3
    field.start_window(middle)
    for _ in range(120):
        field.advance(5.0)
        field.grow_window()
    row = field.temperature_c[n // 2, n // 2, n // 2 :] - 37.0
    return row[[round(5 / spacing_mm), round(10 / spacing_mm)]] / point_source_k(np.array([5.0, 10.0]), 600.0) - 1


def freezing(spacing_mm: float, step_s: float) -> tuple[float, float, float]:
    """Return errors in mm of the front and of the isotherms -20 and -40 °C of Stefan's problem after ten minutes."""
    s, n = STEFAN, round(70 / spacing_mm)
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
    front_mm, levels_mm = stefan_mm(600.0, -20.0, -40.0)
    melt, width = field.physics[0], field.physics[0] - field.physics[1]
    kelvin = field.water[INSIDE] * field.per_c[INSIDE]
    latent = width * (1 - 0.5 * field.physics[5] * kelvin) + field.physics[4] * kelvin
    ice_mm = float(np.clip((melt - field.u[INSIDE]) / latent, 0, 1).sum() * spacing_mm)
    row, x = field.temperature_c[0, 0], (np.arange(n) + 0.5) * spacing_mm
    got = [float(np.interp(level, row, x)) for level in (-20.0, -40.0)]
    return ice_mm - front_mm, got[0] - levels_mm[0], got[1] - levels_mm[1]


def mode(n: int) -> float:
    """Return the largest error in K of a decaying mode of 5 K in an insulated box of 24 mm."""
    x = np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    shape = 5.0 * x[:, None, None] * x[:, None] * np.ones(n)
    rate = (LIVER.k * 2 * (2 * np.pi / 24.0) ** 2 + LIVER.w) / LIVER.c
    field = liver_field((n, n, n), 24.0 / n, insulated=True)
    field.set_temperature(shape.astype(np.float32))
    steps = n * n
    for _ in range(steps):
        field.advance(40.0 / steps)
    return float(np.abs(field.theta[INSIDE] - shape * np.exp(-rate * 40.0)).max())


def main() -> None:
    """Print the tables of the README."""
    print("| point source, voxel mm | error at 5 mm | error at 10 mm |\n|---|---|---|")
    for spacing_mm, reach_mm in ((1.0, 26.0), (0.5, 20.0)):
        near, far = point_source(spacing_mm, reach_mm)
        print(f"| {spacing_mm:g} | {near:+.2%} | {far:+.2%} |")
    print("\n| freezing, voxel mm | front mm | -20 °C mm | -40 °C mm |\n|---|---|---|---|")
    for spacing_mm in (2.0, 1.0, 0.5):
        print("| " + " | ".join([f"{spacing_mm:g}", *(f"{e:+.3f}" for e in freezing(spacing_mm, 1.0))]) + " |")
    print("\n| decaying mode, voxels | error K | order |\n|---|---|---|")
    last = None
    for n in (6, 12, 24):
        error = mode(n)
        print(f"| {n} | {error:.4f} | {'' if last is None else f'{np.log2(last / error):.2f}'} |")
        last = error


if __name__ == "__main__":
    main()

"""Speed of the dose engine, as ratios measured in one run: to the gather bound, NumPy and a voxel-by-voxel sum.

Run ``python -m benchmarks.dose``. Times are CPU seconds of this process, the least of several runs; read the ratios.
"""

import time
from collections.abc import Callable
from datetime import datetime

import numpy as np
from numba import njit

from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.grid import dose_on_grid
from trocar.dose.influence import influence_matrix
from trocar.dose.moves import dose_difference
from trocar.dose.points import dose_at_points
from trocar.geometry.grid import Grid

RUNS = 5
LOADS_A_LOOK_UP = 4
"""Bilinear interpolation reads four table entries: the bound is the gather rate over four."""


@njit(cache=True, fastmath=True)
def _gather(table: np.ndarray, index: np.ndarray) -> float:
    total = np.float32(0.0)
    for n in range(index.shape[0]):
        total += table[index[n]]
    return total


def cpu_seconds(work: Callable[[], object], *, runs: int = RUNS) -> float:
    """Return the least CPU time of several runs, after one that is not counted."""
    work()
    least = np.inf
    for _ in range(runs):
        start = time.process_time()
        work()
        least = min(least, time.process_time() - start)
    return least


def gather_rate(entries: int) -> float:
    """Return random single-precision loads per second from a table of a size, as compiled here."""
    generator = np.random.default_rng(1)
    table = generator.random(entries, dtype=np.float32)
    index = generator.integers(0, entries, 4_000_000).astype(np.int32)
    return len(index) / cpu_seconds(lambda: _gather(table, index))


def implant(count: int, *, seed: int) -> SourceTerm:
    """Return seeds in needles leaning up to 15° from z, within a ball of 25 mm."""
    generator = np.random.default_rng(seed)
    places = generator.normal(size=(count, 3))
    places *= (25.0 * generator.random(count) ** (1 / 3) / np.linalg.norm(places, axis=1))[:, None]
    axes = np.array([0.0, 0.0, 1.0]) + np.tan(np.radians(15.0)) * generator.uniform(-0.7, 0.7, (20, 3)) * [1, 1, 0]
    axes = (axes / np.linalg.norm(axes, axis=1, keepdims=True))[generator.integers(0, 20, count)]
    weight = np.full(count, 0.5 * 2056.7)
    return SourceTerm(source=load_source("I125_6711"), positions_lps_mm=places, axes_lps=axes, weight_u_h=weight)


def cube(edge: int) -> Grid:
    """Return a grid of 1 mm voxels about the implant."""
    start = -0.5 * (edge - 1)
    return Grid.axial(origin_lps_mm=(start,) * 3, spacing_ijk_mm=(1.0,) * 3, shape_kji=(edge,) * 3)


def main() -> None:
    """Print the account."""
    generator = np.random.default_rng(2)
    points = generator.uniform(-60.0, 60.0, (20_000, 3))
    term = implant(100, seed=3)
    form = Formalism.LINE_2D
    tabulated = cpu_seconds(lambda: dose_at_points([term], points, formalism=form, method=Method.TABULATED))
    direct = cpu_seconds(lambda: dose_at_points([term], points[:1000], formalism=form, method=Method.DIRECT), runs=2)
    evaluations = len(points) * len(term.weight_u_h)
    rate, slow = evaluations / tabulated, evaluations / 20 / direct
    bound = gather_rate(160_000) / LOADS_A_LOOK_UP
    print(f"{datetime.now():%Y-%m-%d}  one process, CPU time, least of {RUNS} runs")
    print(f"look-ups at points       {rate / 1e6:8.0f} M/s")
    print(f"gather bound of this run {bound / 1e6:8.0f} M/s   reached {100 * rate / bound:5.0f} %")
    print(f"direct formula, NumPy    {slow / 1e6:8.1f} M/s   table is {rate / slow:5.0f} x faster")
    places = generator.uniform(-20.0, 20.0, (2000, 3))
    along = np.tile([0.0, 0.0, 1.0], (2000, 1))
    matrix = cpu_seconds(lambda: influence_matrix(term.source, places, along, points, weight_u_h=1.0), runs=2)
    print(f"influence 2000 x 20000   {1e3 * matrix:8.1f} ms    {4e7 / matrix / 1e6:5.0f} M/s")
    print("\ngrid of 1 mm            CPU s    equivalent M evaluations/s    x the rate at points")
    for seeds, edge in ((25, 128), (100, 64), (100, 128), (200, 128)):
        several = implant(seeds, seed=4)
        grid = cube(edge)
        spent = cpu_seconds(lambda t=several, g=grid: dose_on_grid([t], g, formalism=form), runs=3)
        equivalent = seeds * edge**3 / spent
        print(f"{seeds:4d} seeds, {edge:3d}³      {spent:8.3f} {equivalent / 1e6:18.0f} {equivalent / rate:26.1f}")
    whole = dose_on_grid([term], cube(128), formalism=form)
    moved = implant(1, seed=9)
    spent = cpu_seconds(
        lambda: dose_difference(moved, implant(1, seed=10), cube(128), formalism=form, dose_gy=whole), runs=3
    )
    brute = 100 * 128**3 / rate
    print(f"\none seed moved, 128³     {1e3 * spent:8.1f} ms = 1/{brute / spent:.0f} of 100 seeds voxel by voxel")


if __name__ == "__main__":
    main()

"""How fast the dose is, as ratios to bounds probed in the same run: ``python -m benchmarks.dose``.

Times are processor time of one core, the least of several rounds; probe and measurement take turns, so that a busy
machine slows both alike. Goals are those of the project's speed notes (G1, G2, G3, G10, G11).
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.dose_cases import cube, parallel_needles, points_of_structures, probe_voxels, tilted_needles
from benchmarks.dose_textbook import compiled_dose, numpy_dose
from trocar.dose import warm_up
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.grid import dose_on_grid
from trocar.dose.influence import influence_matrix
from trocar.dose.kernel_loads import table_entry
from trocar.dose.kernels import add_sources, compiled
from trocar.dose.moves import dose_difference, swap_source
from trocar.dose.points import dose_at_points
from trocar.dose.table import rate_table
from trocar.dose.tabulated import lay_out
from trocar.geometry.value import frozen_without_copy

FORM = Formalism.LINE_2D
ROUNDS = 12


def least(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the least processor time of each work; they take turns."""
    best = [np.inf] * len(works)
    for _ in range(rounds):
        for n, work in enumerate(works):
            start = time.process_time()
            work()
            best[n] = min(best[n], time.process_time() - start)
    return best


@compiled
def _gather(entries: Any, places: Any, offsets: Any, result: Any) -> None:
    first, second, third, fourth = offsets
    for block in range(0, len(places), 4096):
        part = places[block : block + 4096]
        total = np.int32(0)
        for i in range(len(part)):
            total += table_entry(entries, first, part[i]) + table_entry(entries, second, part[i])
            total += table_entry(entries, third, part[i]) + table_entry(entries, fourth, part[i])
        result[0] += total


def gather_probe(*, random: bool) -> tuple[Callable[[], None], int]:
    """Return a work that does nothing but four loads a look-up from the table of the source, and their number."""
    entries = rate_table(tilted_needles(1).source, FORM).entries
    n = 2_000_000
    if random:
        places = np.random.default_rng(0).integers(0, len(entries) - 400, n).astype(np.int32)
    else:
        places = (60_000 + 200 * np.sin(np.arange(n) * 1e-3)).astype(np.int32)
    result = np.zeros(1, dtype=np.int64)
    offsets = (np.int64(0), np.int64(1), np.int64(182), np.int64(183))
    return lambda: _gather(entries, places, offsets, result), n


def point_loop(some: SourceTerm, points: np.ndarray) -> Callable[[], None]:
    """Return a work that does the compiled loop alone: every source at every point."""
    sources = lay_out([some], FORM)
    places = frozen_without_copy(np.array(points.T, dtype=np.float32, order="C"))
    where = (sources.table, sources.positions_mm, sources.axes, sources.weight_gy)
    dose = np.zeros((1, len(points)), dtype=np.float32)
    tables = sources.joined_tables()
    return lambda: add_sources(tables, where, tuple(places), np.zeros(3), dose)


def goal(name: str, value: float, bound: float, *, at_least: bool) -> str:
    met = value >= bound if at_least else value <= bound
    return f"{name}: {value:.3g}, goal {'>=' if at_least else '<='} {bound:g}: {'met' if met else 'NOT met'}"


def point_kernel() -> None:
    some, points = tilted_needles(100), points_of_structures(20_000)
    few = points[:2000]
    random, n = gather_probe(random=True)
    cached, _ = gather_probe(random=False)
    loop = point_loop(some, points)
    t_random, t_cached, t_loop = least(random, cached, loop)
    (t_numpy, t_compiled) = least(lambda: numpy_dose(some, few), lambda: compiled_dose(some, few), rounds=5)
    rate = len(some) * len(points) / t_loop
    bound = n / t_random
    exact = dose_at_points([some], points, formalism=FORM, method=Method.DIRECT)
    clear = np.min(np.linalg.norm(points[:, None] - some.positions_lps_mm, axis=2), axis=1) > 1.0
    error = np.abs(dose_at_points([some], points, formalism=FORM) / exact - 1.0)[clear]
    print("\nPOINT KERNEL (100 seeds, 20,000 points), million look-ups a second and core")
    print(f"  four loads, random places in the table   {bound / 1e6:8.0f}   <- the bound")
    print(f"  four loads, places as neighbours ask     {n / t_cached / 1e6:8.0f}")
    print(
        f"  this kernel                              {rate / 1e6:8.0f}   "
        f"{rate / bound:.0%} and {rate * t_cached / n:.0%}"
    )
    print(f"  (it packs the four values into two loads: {0.5 * rate / bound:.0%} of the bound of two random loads)")
    print(f"  textbook, compiled, double precision     {len(some) * len(few) / t_compiled / 1e6:8.1f}")
    print(f"  textbook, numpy, double precision        {len(some) * len(few) / t_numpy / 1e6:8.1f}")
    print("  " + goal("G1 share of the gather bound", rate / bound, 0.60, at_least=True))
    print("  " + goal("G1 over compiled textbook", rate * t_compiled / len(some) / len(few), 25, at_least=True))
    print("  " + goal("G1 over numpy", rate * t_numpy / len(some) / len(few), 100, at_least=True))
    print("  " + goal("G1 error, 99 %", float(np.quantile(error, 0.99)), 5e-4, at_least=False))
    print("  " + goal("G1 error, largest", float(error.max()), 1e-3, at_least=False))


def brute_seconds(some: SourceTerm, voxels: int) -> float:
    """Return the time of the point kernel for every seed at every voxel of a cube, measured on a slab of it."""
    slab = cube(voxels).centres_lps_mm()[voxels // 2 - 2 : voxels // 2 + 2].reshape(-1, 3)
    (seconds,) = least(point_loop(some, slab), rounds=4)
    return seconds * voxels / 4


def grids() -> None:
    print("\nGRID, 128^3 of 1 mm")
    grid = cube(128)
    for name, some in (("tilted", tilted_needles(100)), ("parallel", parallel_needles(100))):
        doses: list[np.ndarray] = []
        (seconds,) = least(lambda some=some, doses=doses: doses.append(dose_on_grid([some], grid, formalism=FORM)))
        brute = brute_seconds(some, 128)
        index = probe_voxels(some, grid, 20_000)
        places = grid.origin_lps_mm + index @ grid.steps_lps_mm
        exact = dose_at_points([some], places, formalism=FORM, method=Method.DIRECT)
        error = np.abs(doses[-1][index[:, 2], index[:, 1], index[:, 0]] / exact - 1.0)
        rate = len(some) * 128**3 / seconds / 1e6
        print(
            f"  100 {name} seeds: {1e3 * seconds:.0f} ms; "
            f"kernel at every voxel {1e3 * brute:.0f} ms; worth {rate:.0f} M/s"
        )
        print("    " + goal("G2 less work than the kernel, times", brute / seconds, 3.5, at_least=True))
        print("    " + goal("largest error, axes included", float(error.max()), 1e-3, at_least=False))
        print("    " + goal("seconds", seconds, 0.1, at_least=False))


def growth() -> None:
    print("\nGROWTH (tilted needles), ms and ns a seed and voxel")
    for seeds, voxels in ((1, 128), (10, 128), (30, 128), (100, 128), (300, 128), (100, 64), (100, 96), (100, 192)):
        some, grid = tilted_needles(seeds), cube(voxels)
        (seconds,) = least(lambda some=some, grid=grid: dose_on_grid([some], grid, formalism=FORM), rounds=3)
        print(f"  {seeds:4d} seeds {voxels:4d}^3: {1e3 * seconds:8.1f}   {1e9 * seconds / seeds / voxels**3:.3f}")


def moves() -> None:
    some, points, grid = tilted_needles(100), points_of_structures(20_000), cube(128)
    before, after = tilted_needles(1), tilted_needles(1)
    shifted = SourceTerm(
        source=after.source,
        positions_lps_mm=after.positions_lps_mm + np.array([3.0, 0.0, 0.0]),
        axes_lps=after.axes_lps,
        weight_u_h=after.weight_u_h,
    )
    rows = influence_matrix(some.source, some.positions_lps_mm, some.axes_lps, points)
    dose = rows.sum(axis=0)
    whole = dose_on_grid([some], grid, formalism=FORM)
    (t_swap,) = least(lambda: [swap_source(dose, rows[3], rows[4]) for _ in range(1000)], rounds=5)
    t_points, t_move = least(
        point_loop(some, points),
        lambda: dose_difference(before, shifted, grid, formalism=FORM, dose_gy=whole),
    )
    brute = brute_seconds(some, 128)
    print("\nA SEED MOVED")
    print(f"  at 20,000 points {1e3 * t_swap:.1f} us, the plan {1e3 * t_points:.1f} ms; on 128^3 {1e3 * t_move:.1f} ms")
    print("  " + goal("G3 swap over the plan's points, 1/", t_points / t_swap * 1000, 500, at_least=True))
    print("  " + goal("G3 difference over all voxels and seeds, 1/", brute / t_move, 50, at_least=True))


def influence() -> None:
    random = np.random.default_rng(2)
    positions = random.uniform(-20, 20, (2000, 3))
    axes = np.tile([0.0, 0.0, 1.0], (2000, 1))
    points = points_of_structures(20_000)
    (seconds,) = least(lambda: influence_matrix(tilted_needles(1).source, positions, axes, points), rounds=3)
    print(f"\nINFLUENCE MATRIX 2,000 x 20,000: {1e3 * seconds:.0f} ms, {40 / seconds:.0f} M/s")


START = """
import time
start = time.process_time()
from trocar.dose import warm_up
warm_up()
print(time.process_time() - start)
"""


def start_up() -> None:
    folder = os.environ.get("TMPDIR", "/var/tmp") + f"/trocar-start-{os.getpid()}"
    surroundings = {**os.environ, "NUMBA_CACHE_DIR": folder}
    seconds = [
        float(subprocess.run([sys.executable, "-c", START], env=surroundings, capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    print("\nSTART (import, compile or load, first dose)")
    print("  " + goal("G10 cold, seconds", seconds[0], 15, at_least=False))
    print("  " + goal("G10 from the cache, seconds", min(seconds[1:]), 1.5, at_least=False))


def threads() -> None:
    some, grid = tilted_needles(100), cube(192)

    def wall(count: int) -> float:
        start = time.perf_counter()
        dose_on_grid([some], grid, formalism=FORM, threads=count)
        return time.perf_counter() - start

    one, two = (min(wall(count) for _ in range(4)) for count in (1, 2))
    print(f"\nTHREADS (wall time, {os.getloadavg()[0]:.1f} other jobs running)")
    print("  " + goal("G11 two threads over one", one / two, 1.8, at_least=True))


PARTS = {
    "points": point_kernel,
    "grid": grids,
    "growth": growth,
    "moves": moves,
    "influence": influence,
    "start": start_up,
    "threads": threads,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all where none is named")
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    warm_up()
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    for name in chosen:
        PARTS[name]()


if __name__ == "__main__":
    main()

"""How fast the heat engine is, as ratios to a bound and to peers: ``python -m benchmarks.heat``.

With ``--antenna`` the fields of antennas are solved, alone and during ten minutes of heating.
With ``--ensemble`` an ensemble of 200 samples is run from the first to the last, with its progress.

Times are process times of one thread, the least of several, unless a line says otherwise; on a busy machine the ratios
count. The bound is the rate of a triad over large arrays on as many threads, measured in the same run.
With ``--kernel`` only the loops are timed, with ``--wall`` only the two ten minutes on one thread and on two.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from numba import njit
from scipy.sparse import diags, eye_array, kron
from scipy.sparse.linalg import cg

from trocar.catalogue.applicators import antenna_keys, load_applicator
from trocar.catalogue.tissues import load_tissue
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.antenna_field import AntennaLattice
from trocar.heat.base import HeatProblem, Schedule, Step, TissueMap
from trocar.heat.bioheat import INSIDE, HeatField, field_of, stage_weights
from trocar.heat.ensemble import death_probability
from trocar.heat.kernels import bioheat as loops
from trocar.heat.simulate import Accuracy, simulate
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna
from trocar.heat.sources.microwave import Band
from trocar.heat.sources.prescribed import PrescribedHeat
from trocar.heat.sources.radiofrequency import Control, Electrode, Generator, RfApplicator
from trocar.results.tissue_death import DeathModel

SIDE = 128
SECONDS = 600.0
REPEATS = 5
KERNEL_REPEATS, TRIAD_REPEATS = 1000, 150
"""Loops of milliseconds find a quiet moment of the machine so often that their least time on the wall counts."""
POOL = ThreadPoolExecutor(8)


def least_s(
    action: Callable[[], object], repeats: int = REPEATS, clock: Callable[[], float] = time.process_time
) -> float:
    """Return the least time of some runs, after one to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = clock()
        action()
        times.append(clock() - start)
    return min(times)


def once_s(problem: HeatProblem) -> float:
    """Return the process time of one simulation on one thread."""
    start = time.process_time()
    simulate(problem, accuracy=Accuracy(threads=1))
    return time.process_time() - start


@njit(cache=True, fastmath=True, nogil=True)
def triad(first: int, last: int, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    """Write b + 3 c into a part of a."""
    x, y, z = a[first:last], b[first:last], c[first:last]
    for i in range(x.shape[0]):
        x[i] = y[i] + np.float32(3.0) * z[i]


def stream_bytes_per_s(threads: int) -> float:
    """Return the rate of a triad, the write counted twice (the line is read before it is written)."""
    n = 64_000_000
    a, b, c = (np.ones(n, dtype=np.float32) for _ in range(3))
    edges = [n * each // threads for each in range(threads + 1)]

    def all_of_it() -> None:
        list(POOL.map(lambda each: triad(edges[each], edges[each + 1], a, b, c), range(threads)))

    return 16.0 * n / least_s(all_of_it, TRIAD_REPEATS, time.perf_counter)


def tissue(n: int = SIDE) -> TissueMap:
    """Return liver with a tumour and a fixed vessel."""
    edge = -0.5 * (n - 1)
    grid = Grid.axial(origin_lps_mm=(edge,) * 3, spacing_ijk_mm=(1.0,) * 3, shape_kji=(n,) * 3)
    x, y, z = np.moveaxis(grid.centres_lps_mm(), -1, 0)
    values = np.ones((n,) * 3, np.uint8)
    values[x**2 + y**2 + z**2 < 12.0**2] = 2
    values[(x - 18) ** 2 + (y - 5) ** 2 < 16.0] = 3
    labels = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1")
    tissues = tuple(load_tissue(key) for key in ("liver", "tumour", "blood"))
    return TissueMap(labels=labels, tissues=tissues, vessel_label=3)


def prescribed(n: int = SIDE) -> HeatProblem:
    """Return ten minutes of 20 W laid down as an elongated cloud."""
    tissue_map = tissue(n)
    x, y, z = np.moveaxis(tissue_map.grid.centres_lps_mm(), -1, 0)
    cloud = np.exp(-0.5 * ((x**2 + y**2) / 5.0**2 + (z / 9.0) ** 2))
    unit = cloud / (cloud.sum() * tissue_map.grid.voxel_volume_mm3)
    source = PrescribedHeat(label="cloud", unit_heat_per_mm3=unit, path_lps_mm=np.zeros((1, 3)))
    return HeatProblem(
        tissue_map=tissue_map,
        sources=(source,),
        schedule=Schedule(steps=(Step(duration_s=SECONDS, levels=(20.0,)),)),
        death_model=DeathModel.CEM43_240,
        vaporisation=False,
    )


def radiofrequency() -> HeatProblem:
    """Return ten minutes of a pulsed, cooled 3 cm electrode."""
    path = np.array([[0.0, 0.0, -15.0], [0.0, 0.0, 15.0]])
    generator = Generator(control=Control.IMPEDANCE, most_volts=80.0, impedance_rise_ohm=20.0)
    electrode = Electrode(path_lps_mm=path, radius_mm=0.735)
    source = RfApplicator(label="rf", electrodes=(electrode,), generator=generator, cooled_c=15.0)
    return HeatProblem(
        tissue_map=tissue(),
        sources=(source,),
        schedule=Schedule(steps=(Step(duration_s=SECONDS, levels=(200.0,)),)),
        death_model=DeathModel.CEM43_240,
    )


def whole_field(threads: int = 1) -> HeatField:
    """Return a field without a window."""
    field = field_of(tissue(), phase=None, threads=threads)
    field.set_temperature(np.random.default_rng(1).uniform(0, 40, (SIDE,) * 3).astype(np.float32))
    return field


STAGE_BYTES = 36.0
"""A stage reads eight numbers of a voxel and writes one, if nothing stays in the cache."""


def kernel(threads: int) -> None:
    """Print the rate of the linear stages over that of the triad: one alone, and several that follow each other."""
    stream = stream_bytes_per_s(threads)
    f = whole_field(threads)
    print(f"  {threads} threads: triad {stream / 1e9:.1f} GB/s")
    for stages in (1, 3, 5):
        arguments = (
            *f.whole[2:], f.u, f.u_old, f.theta_first, f.theta_second, np.zeros(6, np.int64), f.gx, f.gy, f.gz, f.take,
            f.give, f.per_c, f.water, f.physics, stage_weights(stages, 0.1),
        )  # fmt: skip
        march = partial(f.crew.march, loops.march, f.whole, stages, *arguments)
        took = least_s(march, KERNEL_REPEATS, time.perf_counter) / stages
        voxels = SIDE**3
        print(
            f"    {stages} linear stages: {took * 1e3:.2f} ms each, {voxels / took / 1e6:.0f} Mvoxel/s, "
            f"{STAGE_BYTES * voxels / took / stream:.0%} of the triad"
        )


def numpy_step(theta: np.ndarray, f: HeatField, step_s: float) -> np.ndarray:
    """Return one explicit step written with NumPy slices."""
    t = theta[1:-1, 1:-1, 1:-1]
    flow = f.gx[1:-1, 1:-1, :-2] * (theta[1:-1, 1:-1, :-2] - t) + f.gx[1:-1, 1:-1, 1:-1] * (theta[1:-1, 1:-1, 2:] - t)
    flow += f.gy[1:-1, :-2, 1:-1] * (theta[1:-1, :-2, 1:-1] - t) + f.gy[1:-1, 1:-1, 1:-1] * (theta[1:-1, 2:, 1:-1] - t)
    flow += f.gz[:-2, 1:-1, 1:-1] * (theta[:-2, 1:-1, 1:-1] - t) + f.gz[1:-1, 1:-1, 1:-1] * (theta[2:, 1:-1, 1:-1] - t)
    new = theta.copy()
    new[1:-1, 1:-1, 1:-1] += np.float32(step_s) * f.per_c[INSIDE] * (flow + f.give[INSIDE] - f.take[INSIDE] * t)
    return new


def peers(own_s: float) -> None:
    """Print what others take for the same ten minutes of conduction and perfusion, from a few of their steps."""
    f = whole_field()
    theta = f.u.copy()
    by_numpy = least_s(lambda: numpy_step(theta, f, 0.5), 3) * SECONDS / 0.5
    n = SIDE
    second = diags([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))
    laplace = sum(
        kron(kron(a, b), c)
        for a, b, c in (
            (second, eye_array(n), eye_array(n)),
            (eye_array(n), second, eye_array(n)),
            (eye_array(n), eye_array(n), second),
        )
    )
    alpha, w = 0.52 / 3.82, 58.7e-6 / 3.82e-3
    explicit = (eye_array(n**3) + 0.5 * (alpha * laplace - w * eye_array(n**3))).tocsr().astype(np.float32)
    start = np.random.default_rng(1).uniform(0, 40, n**3).astype(np.float32)
    by_csr = least_s(lambda: explicit @ start, 3) * SECONDS / 0.5
    implicit = (eye_array(n**3) - 5.0 * (alpha * laplace - w * eye_array(n**3))).tocsr().astype(np.float32)
    by_cg = least_s(lambda: cg(implicit, start, x0=start, rtol=1e-5), 1) * SECONDS / 5.0
    for name, took in (
        ("NumPy slices, explicit 0.5 s", by_numpy),
        ("SciPy CSR, explicit 0.5 s", by_csr),
        ("SciPy CG, implicit 5 s", by_cg),
    ):
        print(f"  {name}: {took:.1f} s, {took / own_s:.1f} times ours (without death, perfusion stop or window)")


def accuracy_of(problem: HeatProblem, *, fine_s: float) -> None:
    """Print process and wall time, and how far the zone is from that of short steps."""
    one = min(once_s(problem) for _ in range(3))
    wall = least_s(lambda: simulate(problem), 1, time.perf_counter)
    usual = simulate(problem).zone.volume_cc
    print(f"  process time of one thread {one:.2f} s; wall time of all threads {wall:.2f} s")
    fine = simulate(finely(problem), accuracy=Accuracy(longest_s=fine_s)).zone.volume_cc
    print(f"  zone {usual:.3f} cc, with steps of {fine_s:g} s {fine:.3f} cc: {usual / fine - 1:+.2%}")


def finely(problem: HeatProblem) -> HeatProblem:
    """Return the problem with a potential that is solved anew every second."""
    source = problem.sources[0]
    return replace(problem, sources=(replace(source, refresh_s=1.0),)) if isinstance(source, RfApplicator) else problem


def main() -> None:
    """Print all of it."""
    print("kernel, 128^3")
    for threads in (1, 2):
        kernel(threads)
    problem, pulsed = prescribed(), radiofrequency()
    for each in (problem, pulsed):
        simulate(replace(each, schedule=Schedule(steps=(replace(each.schedule.steps[0], duration_s=3.0),))))
    print("ten minutes of prescribed heat, 128^3 at 1 mm, with death and perfusion stop")
    accuracy_of(problem, fine_s=0.25)
    print("peers, same grid")
    peers(min(once_s(problem) for _ in range(3)))
    print("ten minutes of pulsed radiofrequency, 128^3 at 1 mm")
    accuracy_of(pulsed, fine_s=0.5)
    print("ensemble, 4 samples of the prescribed case")
    ensemble(4)


def on_the_wall() -> None:
    """Print what one and two threads spend on the two ten minutes.

    The time of the thread that waits for the others is what two quiet cores show on the wall, however busy they are.
    """
    for name, problem in (("prescribed heat", prescribed()), ("pulsed radiofrequency", radiofrequency())):
        simulate(replace(problem, schedule=Schedule(steps=(Step(duration_s=3.0, levels=(20.0,)),))))
        for threads in (1, 2):
            wall, process, leading = time.perf_counter(), time.process_time(), time.thread_time()
            simulate(problem, accuracy=Accuracy(threads=threads))
            leading, process, wall = (
                time.thread_time() - leading,
                time.process_time() - process,
                time.perf_counter() - wall,
            )
            print(
                f"  {name}, {threads} threads: {process:.2f} s of process time, {leading:.2f} s of the leading thread, "
                f"{wall:.2f} s on the wall",
                flush=True,
            )


def ensemble(samples: int) -> None:
    """Print how long an ensemble of the prescribed case takes on all threads, and what it says."""
    marks: list[float] = []

    def told(share: float) -> None:
        if share >= 0.1 * (len(marks) + 1):
            marks.append(time.perf_counter() - wall)
            print(f"    {share:.0%} after {marks[-1]:.0f} s", flush=True)

    start, wall = time.process_time(), time.perf_counter()
    chance = death_probability(prescribed(), samples=samples, seed=1, progress=told)
    took, waited = time.process_time() - start, time.perf_counter() - wall
    volumes = np.array(chance.volumes_cc)
    low, high = np.percentile(volumes, [5, 95])
    print(
        f"  {samples} samples: {took / 60:.1f} min of process time ({took / samples:.2f} s each), "
        f"{waited / 60:.1f} min on the wall; zone {low:.1f} to {high:.1f} cc (5 to 95 %), probability over one half "
        f"in {chance.volume_cc(0.5):.1f} cc"
    )


def antennas() -> None:
    """Print what the field of each antenna takes, what finer rings do, and ten minutes with the field solved anew."""
    for key in antenna_keys():
        design = load_applicator(key).antenna
        assert design is not None
        for finer in (1.0, 2.0):
            lattice = AntennaLattice(design, load_tissue("liver"), Band.MHZ_2450, fall=None, finer=finer)
            print(f"  {key}: {lattice.metal.size} rings, {least_s(lattice.answer, repeats=3):.2f} s", flush=True)
        source = CoaxialAntenna(
            label=key,
            tip_lps_mm=np.array([0.0, 0.0, -10.0]),
            axis_lps=np.array([0.0, 0.0, 1.0]),
            design=design,
            band=Band.MHZ_2450,
            efficiency=0.6,
        )
        steps = (Step(duration_s=SECONDS, levels=(60.0,)),)
        problem = replace(prescribed(), sources=(source,), schedule=Schedule(steps=steps))
        steady = replace(problem, sources=(replace(source, fall=""),))
        print(
            f"    ten minutes, 128^3: {once_s(problem):.1f} s; with one field only {once_s(steady):.1f} s", flush=True
        )


if __name__ == "__main__":
    if "--antenna" in sys.argv:
        antennas()
    elif "--ensemble" in sys.argv:
        ensemble(200)
    elif "--kernel" in sys.argv:
        for count in (1, 2):
            kernel(count)
    elif "--wall" in sys.argv:
        on_the_wall()
    else:
        main()

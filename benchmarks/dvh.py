"""How fast regions, histograms and gamma are, as ratios to bounds and peers: ``python -m benchmarks.dvh``.

Times are process times, the least of several; on a busy machine the ratios count.
"""

import time
from collections.abc import Callable
from datetime import datetime

import numpy as np
from matplotlib.path import Path as Polygon

from trocar.dose.base import source_terms
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.evaluate.gamma import gamma_index
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Patient
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed, Strength
from trocar.results.gamma import GammaKind

RADIUS_MM = 21.2
SEEDS = 100
REPEATS = 5
AT = datetime(2026, 1, 5, 8)
PRESCRIPTION_GY = 145.0


def least_s(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the least process time of some runs, after one to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def target() -> Region:
    """Return a ball of 40 cc on 2 mm slices."""
    contours = []
    for z in np.arange(-21.0, 22.0, 2.0):
        radius = np.sqrt(max(RADIUS_MM**2 - z**2, 0.0))
        if radius > 0:
            angle = 2 * np.pi * np.arange(120) / 120
            points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(120, z)])
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return region_from_contours(contours, end_cap=EndCap.HALF_SLICE, name="target")


def implant() -> ImplantPlan:
    """Return 100 seeds spread over the target on needles along z."""
    rng = np.random.default_rng(3)
    places = rng.uniform(-18, 18, (2000, 3))
    kept: list[np.ndarray] = []
    for place in places[np.linalg.norm(places, axis=1) < 19]:
        if len(kept) < SEEDS and all(np.linalg.norm(place - other) > 5 for other in kept):
            kept.append(place)
    strength = Strength(s_k_u=0.5, reference_at=AT)
    axis = np.array([0.0, 0.0, 1.0])
    seeds = tuple(
        Seed(position_lps_mm=place, axis_lps=axis, source_model="I125_6711", strength=strength) for place in kept
    )
    patient = Patient(identifier="benchmark", name="")
    return ImplantPlan(label="benchmark", patient=patient, frame_uid="1", implant_at=AT, seeds=seeds)


def main() -> None:
    region, plan = target(), implant()
    terms = source_terms(plan)
    asked = [0]

    def dose_at(points: np.ndarray) -> np.ndarray:
        asked[0] += len(points)
        return dose_at_points(terms, points, formalism=Formalism.LINE_2D)

    report_contains(region)
    report_dvh(region, dose_at, asked, len(plan.seeds))
    report_gamma(dose_at)


def report_contains(region: Region) -> None:
    points = np.random.default_rng(1).uniform(-23, 23, (400_000, 3))
    points = points[np.lexsort(points.T)]
    ours = len(points) / least_s(lambda: region.contains(points))
    polygon = Polygon(region.planes[len(region.planes) // 2].polygons_uv_mm[0])
    peer = len(points) / least_s(lambda: polygon.contains_points(points[:, :2]))
    print(f"points in a region: {ours / 1e6:.1f} M/s, {ours / peer:.1f} times matplotlib's Path on one slice")


def report_dvh(region: Region, dose_at: Callable[[np.ndarray], np.ndarray], asked: list[int], seeds: int) -> None:
    compute_dvh(region, dose_at)
    asked[0] = 0
    dvh = compute_dvh(region, dose_at)
    places = asked[0]
    some = np.random.default_rng(2).uniform(-12, 12, (places, 3))
    bound = least_s(lambda: dose_at(some))
    ours = least_s(lambda: compute_dvh(region, dose_at))
    print(f"DVH of {dvh.volume_cc:.1f} cc, {seeds} seeds: {1e3 * ours:.0f} ms, {places} doses asked; ", end="")
    print(f"the doses alone {1e3 * bound:.0f} ms: {100 * bound / ours:.0f} % of that bound")
    truth = compute_dvh(region, dose_at, accuracy=Accuracy(points=3_000_000, most_points=3_000_000))
    print(f"  D90 {dvh.dose_at_percent(90):.2f} ± {dvh.dose_error_at_percent(90):.2f} Gy, ", end="")
    print(f"with thirty times the points {truth.dose_at_percent(90):.3f} ± {truth.dose_error_at_percent(90):.3f} Gy")
    for spacing in (1.0, 0.5):
        report_voxels(region, dose_at, truth, spacing)
    indices = least_s(lambda: implant_indices(region, dose_at, prescription_gy=PRESCRIPTION_GY), repeats=3)
    print(f"all indices of the implant, V_ref included: {1e3 * indices:.0f} ms, {indices / ours:.1f} DVHs")


def report_voxels(region: Region, dose_at: Callable[[np.ndarray], np.ndarray], truth: object, spacing: float) -> None:
    """Print time and error of the plain way: voxel centres in the structure, equal weights."""
    grid = Grid.around(region.bounds_lps_mm, margin_mm=1.0, spacing_mm=spacing)
    centres = grid.centres_lps_mm()

    def plain() -> np.ndarray:
        return dose_at(centres[mask_on_grid(region, grid)])

    dose = plain()
    hot = np.sort(dose)[::-1][int(100 / spacing**3)]
    exact = truth.dose_at_cc(0.1)  # type: ignore[attr-defined]
    print(f"  voxel centres at {spacing} mm: {1e3 * least_s(plain):.0f} ms, {dose.size} doses; ", end="")
    print(f"D0.1cc off by {100 * (hot / exact - 1):.1f} %, ", end="")
    low = truth.min_gy  # type: ignore[attr-defined]
    print(f"minimum off by {100 * (dose.min() / low - 1):.1f} %")


def report_gamma(dose_at: Callable[[np.ndarray], np.ndarray]) -> None:
    grid = Grid.axial(origin_lps_mm=(-24.5, -24.5, -24.5), spacing_ijk_mm=(1, 1, 1), shape_kji=(50, 50, 50))
    centres = grid.centres_lps_mm().reshape(-1, 3)
    values = dose_at(centres).reshape(grid.shape_kji)
    moved = dose_at(centres + np.array([0.3, -0.2, 0.4])).reshape(grid.shape_kji)
    reference, evaluated = (
        Volume(grid=grid, values_kji=each, quantity=Quantity.DOSE_GY, frame_uid="1") for each in (values, moved)
    )

    def ours() -> object:
        return gamma_index(
            reference,
            evaluated,
            kind=GammaKind.GLOBAL,
            normalisation_gy=PRESCRIPTION_GY,
            dose_percent=2.0,
            distance_mm=1.0,
            cutoff_gy=0.5 * PRESCRIPTION_GY,
        )

    judged = np.flatnonzero(values.ravel() >= 0.5 * PRESCRIPTION_GY)
    some = judged[:: max(1, len(judged) // 500)]
    step = 0.1
    axis = np.arange(-1.0, 1.0 + step / 2, step)
    offsets = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    offsets = offsets[(offsets**2).sum(axis=1) <= 1.0]

    def searched() -> None:
        for n in some:
            found = evaluated.sample(centres[n] + offsets, outside=np.inf)
            ((offsets**2).sum(axis=1) + ((found - values.ravel()[n]) / (0.02 * PRESCRIPTION_GY)) ** 2).min()

    rate = len(judged) / least_s(ours, repeats=3)
    peer = len(some) / least_s(searched, repeats=2)
    print(f"gamma 2 % / 1 mm: {rate / 1e3:.0f} k points/s, {rate / peer:.0f} times a search ", end="")
    print(f"on a 0.1 mm lattice, {len(offsets)} interpolations a point")


if __name__ == "__main__":
    main()

"""DVHs of the solids as contoured, and how far they are from the exact ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from closed_forms import Case, all_cases

from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.region import Between, EndCap, Region, region_from_contours
from trocar.geometry.volume import Quantity, Volume
from trocar.results.dvh import Dvh

JUDGED_PERCENT = np.arange(1.0, 100.0)
"""Doses are compared from D1 to D99."""


@dataclass(frozen=True)
class Deviation:
    """How far a DVH is from the exact one, in percent.

    Parameters
    ----------
    volume
        Of the whole solid.
    curve
        Largest difference of the cumulative volume at any dose, of the exact volume.
    dose
        Largest difference of D1 to D99, of the exact dose.
    low, high
        Of the least and the largest dose.
    stated_curve, stated_dose
        The largest standard errors that the DVH states for its sampling.
    """

    volume: float
    curve: float
    dose: float
    low: float
    high: float
    stated_curve: float
    stated_dose: float


def contoured(case: Case, *, spacing_mm: float, end_cap: EndCap, between: Between) -> Region:
    """Return the solid as contoured on planes in the middle of slices that begin where the solid begins."""
    low, high = case.z_range
    planes = np.arange(low + spacing_mm / 2, high, spacing_mm)
    contours = []
    for z in planes:
        outline = case.outline(float(z))
        if outline is not None:
            points = np.column_stack([outline, np.full(len(outline), z)])
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return region_from_contours(contours, end_cap=end_cap, between=between, plane_spacing_mm=spacing_mm, name=case.name)


def measure(
    case: Case,
    *,
    spacing_mm: float,
    end_cap: EndCap = EndCap.HALF_SLICE,
    between: Between = Between.SLAB,
    accuracy: Accuracy | None = None,
    dose_grid_mm: float | None = None,
) -> Deviation:
    """Return the deviation of one DVH; by a trilinear dose grid where its voxel size is given."""
    region = contoured(case, spacing_mm=spacing_mm, end_cap=end_cap, between=between)
    dose_at = case.dose_at if dose_grid_mm is None else gridded(case.dose_at, dose_grid_mm)
    return deviation(compute_dvh(region, dose_at, accuracy=accuracy), case)


def gridded(dose_at: Callable[[np.ndarray], np.ndarray], spacing_mm: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a dose as a grid of 40 mm edge would give it."""
    n = int(np.ceil(40 / spacing_mm)) + 1
    start = -0.5 * (n - 1) * spacing_mm
    grid = Grid.axial(
        origin_lps_mm=(start, start, start),
        spacing_ijk_mm=(spacing_mm, spacing_mm, spacing_mm),
        shape_kji=(n, n, n),
    )
    centres = grid.centres_lps_mm().reshape(-1, 3)
    source_gap = 1e-9
    with np.errstate(divide="ignore"):
        values = np.minimum(dose_at(centres + source_gap), 1e6).reshape(grid.shape_kji)
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid="1")
    return lambda points: volume.sample(points, outside=np.nan)


def deviation(dvh: Dvh, case: Case) -> Deviation:
    dose_gy = np.linspace(case.low_gy, case.high_gy, 201)
    exact_cc = case.above_mm3(dose_gy) / 1000
    found_cc = np.array([dvh.cc_at_dose(float(dose)) for dose in dose_gy])
    exact_gy = exact_doses(case.name)
    found_gy = np.array([dvh.dose_at_percent(float(percent)) for percent in JUDGED_PERCENT])
    stated_gy = np.array([dvh.dose_error_at_percent(float(percent)) for percent in JUDGED_PERCENT])
    volume_cc = case.volume_mm3 / 1000
    return Deviation(
        volume=100 * (dvh.volume_cc / volume_cc - 1),
        curve=100 * float(np.abs(found_cc - exact_cc).max()) / volume_cc,
        dose=100 * float(np.abs(found_gy / exact_gy - 1).max()),
        low=100 * (dvh.min_gy / case.low_gy - 1),
        high=100 * (dvh.max_gy / case.high_gy - 1),
        stated_curve=100 * float(dvh.cumulative_error_cc.max()) / dvh.volume_cc,
        stated_dose=100 * float((stated_gy / found_gy).max()),
    )


@cache
def exact_doses(name: str) -> np.ndarray:
    """Return the exact D1 to D99 of a case, by bisection on the exact curve."""
    case = next(case for case in all_cases() if case.name == name)
    low = np.full(len(JUDGED_PERCENT), case.low_gy)
    high = np.full(len(JUDGED_PERCENT), case.high_gy)
    wanted = JUDGED_PERCENT / 100 * case.volume_mm3
    for _ in range(40):
        middle = 0.5 * (low + high)
        more = case.above_mm3(middle) >= wanted
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return low

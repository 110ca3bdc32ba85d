"""The least and the largest dose in a region: from its surface and its samples, sought to the end."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.evaluate.sampling import DoseAt, Samples, doses
from trocar.geometry.region import Region
from trocar.geometry.surface import surface_points

SURFACE_POINTS = 4000
"""About so many points of the surface are asked."""

CELLS = 1000
"""The region is parted into about so many cells; the best point of each may start a search."""

SEARCHES = 128
"""Places from which the search for each extreme starts, no two in one cell: every seed is a peak of its own."""

FINALISTS = 8
"""Places that are still followed after the first rounds."""

FIRST_ROUNDS, ROUNDS = 4, 16
"""Steps of each search; the reach halves when a step brings nothing."""

_NEIGHBOURS = np.array([d for d in np.ndindex(3, 3, 3) if d != (1, 1, 1)]) - 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A dose and where it was found."""

    dose_gy: float
    point_lps_mm: Float[np.ndarray, " 3"]


def find_extremes(region: Region, dose_at: DoseAt, samples: Samples) -> tuple[Extreme, Extreme, tuple[float, float]]:
    """Return the least and the largest dose in a region, and the two on its surface.

    The coldest and hottest of samples and surface points are moved to colder and hotter neighbours inside the region
    until nothing changes; places without a known dose are passed over.
    """
    walls = surface_points(region, spacing_mm=_surface_spacing_mm(region))
    wall_dose = doses(dose_at, walls)
    known = ~np.isnan(wall_dose)
    points = np.concatenate([samples.points_lps_mm, walls[known]])
    dose = np.concatenate([samples.dose_gy, wall_dose[known]])
    reach_mm = float(np.cbrt(region.volume_mm3 / len(samples.dose_gy)))
    low = _searched(region, dose_at, points, dose, reach_mm, sign=1.0)
    high = _searched(region, dose_at, points, dose, reach_mm, sign=-1.0)
    on_surface = (float(wall_dose[known].min()), float(wall_dose[known].max())) if known.any() else (np.nan, np.nan)
    return low, high, on_surface


def _surface_spacing_mm(region: Region) -> float:
    """Return a spacing that gives about the wanted number of points on the walls and ends of the slabs."""
    thickness = region.stack.high - region.stack.low
    around = [float(np.linalg.norm(p.edges_uv_mm[:, 2:] - p.edges_uv_mm[:, :2], axis=1).sum()) for p in region.planes]
    walls_mm2 = float(thickness @ np.array(around))
    ends_mm2 = 2.0 * max(plane.area_mm2 for plane in region.planes)
    return float(np.sqrt((walls_mm2 + ends_mm2) / SURFACE_POINTS))


def _searched(
    region: Region, dose_at: DoseAt, points: np.ndarray, dose: np.ndarray, reach_mm: float, *, sign: float
) -> Extreme:
    """Return the least of ``sign`` times the dose, by pattern search from the best points."""
    start = _best_of_cells(points, sign * dose, edge_mm=float(np.cbrt(region.volume_mm3 / CELLS)))
    places: np.ndarray = points[start]
    values: np.ndarray = sign * dose[start]
    reach = np.full(len(start), reach_mm)
    for number in range(ROUNDS):
        if number == FIRST_ROUNDS:
            finalists = np.argsort(values, kind="stable")[:FINALISTS]
            places, values, reach = places[finalists], values[finalists], reach[finalists]
        tried = (places[:, None] + reach[:, None, None] * _NEIGHBOURS).reshape(-1, 3)
        inside = region.contains(tried)
        value = np.full(len(tried), np.inf)
        value[inside] = np.nan_to_num(sign * doses(dose_at, tried[inside]), nan=np.inf)
        rows = np.arange(len(places))
        which = rows * len(_NEIGHBOURS) + value.reshape(len(places), -1).argmin(axis=1)
        better = value[which] < values
        places = np.where(better[:, None], tried[which], places)
        values = np.where(better, value[which], values)
        reach = np.where(better, reach, 0.5 * reach)
    first = int(np.argmin(values))
    return Extreme(dose_gy=float(sign * values[first]), point_lps_mm=places[first])


def _best_of_cells(points: np.ndarray, value: np.ndarray, *, edge_mm: float) -> np.ndarray:
    """Return the numbers of the points with the least values, no two of them in one cell."""
    falling = np.argsort(-value)
    cell = np.floor((points[falling] - points.min(axis=0)) / edge_mm).astype(np.int64)
    number = np.ravel_multi_index(tuple(cell.T), tuple(cell.max(axis=0) + 1))
    best_of = np.full(int(number.max()) + 1, -1)
    best_of[number] = falling  # of several in one cell the last, which has the least value, stays
    best = best_of[best_of >= 0]
    chosen: np.ndarray = best[np.argsort(value[best], kind="stable")[:SEARCHES]]
    return chosen

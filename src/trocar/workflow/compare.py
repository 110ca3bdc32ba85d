"""Stored against recomputed dose, point by point, where a comparison has a meaning."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from trocar.dose.base import SourceTerm
from trocar.geometry.volume import Volume
from trocar.results.plan_check import Comparison, DoseBand, Region, Spread
from trocar.units import mm_from_cm

BAND_SHARES = (0.1, 0.5, 1.0, 2.0, float("inf"))
"""Edges of the dose bands as shares of the reference dose."""

PICTURED = 20_000
"""So many points of a comparison are kept for pictures."""

FEWEST_STEPS = 10
"""With fewer different numbers no step can be told."""

ON_LATTICE = 0.05
"""A number this near to a multiple of the step counts as one; chance would put only a tenth of them there."""

SATURATED_FROM = 3
"""The largest stored number is the file's limit when at least this many points carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Stored and recomputed dose at all voxel centres of the stored grid, and which of them count.

    Parameters
    ----------
    points_lps_mm
        Voxel centres.
    stored_gy, recomputed_gy
        One number a point.
    distance_mm
        To the nearest source centre.
    counts
        Which points are compared.
    region
        How many, and why the others are not.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    stored_gy: Float[np.ndarray, " n"]
    recomputed_gy: Float[np.ndarray, " n"]
    distance_mm: Float[np.ndarray, " n"]
    counts: Bool[np.ndarray, " n"]
    region: Region

    @property
    def difference_percent(self) -> Float[np.ndarray, " n"]:
        """(stored - recomputed) / recomputed of the compared points."""
        recomputed = self.recomputed_gy[self.counts]
        return np.asarray(100.0 * (self.stored_gy[self.counts] - recomputed) / np.maximum(recomputed, 1e-12))


def pair_doses(
    stored: Volume,
    recomputed_kji: Float[np.ndarray, "k j i"],
    *,
    terms: tuple[SourceTerm, ...],
    threshold_gy: float,
    nearest_mm: float,
) -> Pairing:
    """Return stored and recomputed doses side by side, with the points that cannot be compared set aside.

    Parameters
    ----------
    stored
        The other system's dose.
    recomputed_kji
        Trocar's dose at the same voxel centres.
    terms
        Where the sources are.
    threshold_gy
        Points with both doses below are not compared.
    nearest_mm
        Points nearer to a source axis are not compared, nor any in a capsule.
    """
    points = stored.grid.centres_lps_mm().reshape(-1, 3)
    stored_gy = np.asarray(stored.values_kji, dtype=np.float64).ravel()
    recomputed_gy = np.asarray(recomputed_kji, dtype=np.float64).ravel()
    positions = np.concatenate([term.positions_lps_mm for term in terms])
    distance, _ = cKDTree(positions).query(points)
    inside = in_capsules(points, distance, terms, nearest_mm=nearest_mm)
    low = ~inside & (stored_gy < threshold_gy) & (recomputed_gy < threshold_gy)
    saturated = ~inside & ~low & _saturated(stored_gy)
    counts = ~(inside | low | saturated)
    region = Region(
        stored=len(points),
        in_capsule=int(inside.sum()),
        below_threshold=int(low.sum()),
        saturated=int(saturated.sum()),
        compared=int(counts.sum()),
        threshold_gy=threshold_gy,
        nearest_mm=nearest_mm,
    )
    return Pairing(
        points_lps_mm=points,
        stored_gy=stored_gy,
        recomputed_gy=recomputed_gy,
        distance_mm=np.asarray(distance),
        counts=counts,
        region=region,
    )


def in_capsules(
    points_lps_mm: Float[np.ndarray, "n 3"],
    distance_mm: Float[np.ndarray, " n"],
    terms: tuple[SourceTerm, ...],
    *,
    nearest_mm: float,
) -> Bool[np.ndarray, " n"]:
    """Return which points lie in a capsule or nearer than ``nearest_mm`` to a source's axis.

    A source of unknown direction takes up the whole sphere that its capsule could sweep.
    """
    inside = np.zeros(len(points_lps_mm), dtype=bool)
    for term in terms:
        half_length, radius = capsule_mm(term)
        reach = half_length + max(radius, nearest_mm)
        candidates = np.flatnonzero(distance_mm <= reach)
        near = points_lps_mm[candidates]
        for position, axis in zip(term.positions_lps_mm, term.axes_lps, strict=True):
            inside[candidates] |= _touches(near - position, axis, half_length, max(radius, nearest_mm))
    return inside


def capsule_mm(term: SourceTerm) -> tuple[float, float]:
    """Return half the length and the radius of a capsule; from the active length where its size is unknown."""
    length = term.source.capsule_length_mm or mm_from_cm(term.source.active_length_cm)
    return 0.5 * length, 0.5 * (term.source.capsule_diameter_mm or 0.0)


def _touches(away: np.ndarray, axis: np.ndarray, half_length: float, radius: float) -> np.ndarray:
    if np.isnan(axis[0]):
        return np.asarray(np.einsum("ij,ij->i", away, away) < max(half_length, radius) ** 2)
    along = np.clip(away @ axis, -half_length, half_length)
    rest = away - along[:, None] * axis
    return np.asarray(np.einsum("ij,ij->i", rest, rest) < radius**2)


def _saturated(stored_gy: np.ndarray) -> np.ndarray:
    at_limit = stored_gy == stored_gy.max()
    return at_limit if at_limit.sum() >= SATURATED_FROM else np.zeros(len(stored_gy), dtype=bool)


def stored_step_gy(stored_gy: Float[np.ndarray, " n"]) -> float:
    """Return the smallest step between different stored numbers; 0 where they are not multiples of one step.

    The step is found among the small numbers, where single precision still shows it, and then sharpened with ever
    larger multiples.
    """
    values = np.unique(stored_gy)
    values = values[values > 0]
    if len(values) < FEWEST_STEPS:
        return 0.0
    gaps = np.diff(values[: len(values) // 2 + 1])
    step = float(gaps[gaps > 1e-5 * values[0]].min(initial=np.inf))
    for most in (20.0, 200.0, 2_000.0, np.inf):
        low = values[values <= most * step]
        multiples = np.round(low / step)
        if multiples.any():
            step = float((low @ multiples) / (multiples @ multiples))
    off = np.abs(values / step - np.round(values / step))
    return step if np.isfinite(step) and float((off < ON_LATTICE).mean()) > 0.99 else 0.0


def spread(difference_percent: Float[np.ndarray, " n"], *, tolerance_percent: float) -> Spread:
    """Return how local differences are spread; NaN where there is no point."""
    if len(difference_percent) == 0:
        nothing = float("nan")
        return Spread(
            points=0,
            median_percent=nothing,
            mean_absolute_percent=nothing,
            p05_percent=nothing,
            p95_percent=nothing,
            within_share=nothing,
            tolerance_percent=tolerance_percent,
        )
    low, middle, high = np.percentile(difference_percent, [5.0, 50.0, 95.0])
    return Spread(
        points=len(difference_percent),
        median_percent=float(middle),
        mean_absolute_percent=float(np.abs(difference_percent).mean()),
        p05_percent=float(low),
        p95_percent=float(high),
        within_share=float((np.abs(difference_percent) <= tolerance_percent).mean()),
        tolerance_percent=tolerance_percent,
    )


def compare(
    pairing: Pairing,
    *,
    reference_gy: float,
    tolerance_percent: float,
    gamma_pass_share: float | None = None,
    gamma_criteria: str = "",
) -> Comparison:
    """Return the point-by-point comparison: all points, and by bands of the reference dose."""
    difference = pairing.difference_percent
    recomputed = pairing.recomputed_gy[pairing.counts]
    bands = []
    for low, high in pairwise(BAND_SHARES):
        inside = (recomputed >= low * reference_gy) & (recomputed < high * reference_gy)
        found = spread(difference[inside], tolerance_percent=tolerance_percent)
        bands.append(DoseBand(from_gy=low * reference_gy, to_gy=high * reference_gy, spread=found))
    shown = thinned(len(difference), PICTURED)
    return Comparison(
        region=pairing.region,
        overall=spread(difference, tolerance_percent=tolerance_percent),
        bands=tuple(bands),
        step_gy=stored_step_gy(pairing.stored_gy),
        recomputed_gy=recomputed[shown],
        difference_percent=difference[shown],
        distance_mm=pairing.distance_mm[pairing.counts][shown],
        gamma_pass_share=gamma_pass_share,
        gamma_criteria=gamma_criteria,
    )


def thinned(count: int, most: int) -> np.ndarray:
    """Return at most ``most`` indices spread over ``count`` without a regular step, the same each time.

    A regular step would pick whole planes of a grid and miss others.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(20040311).choice(count, size=most, replace=False))

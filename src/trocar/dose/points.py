"""Dose at points, directly or by table, and what each source gives to each point."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float32
from scipy.spatial import cKDTree

from trocar.dose.base import Method, SourceTerm
from trocar.dose.kernels import add_sources
from trocar.dose.tabulated import NEAREST_SERVED_MM, Sources, lay_out, near_correction_gy, require_within_reach
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u
from trocar.geometry.value import frozen_without_copy
from trocar.units import cm_from_mm, gy_from_cgy

POINTS_AT_ONCE = 100_000
"""Points handled together by the direct method; bounds its memory."""


def dose_at_points(
    terms: Sequence[SourceTerm],
    points_lps_mm: Float[np.ndarray, "n 3"],
    *,
    formalism: Formalism,
    method: Method = Method.TABULATED,
) -> Float[np.ndarray, " n"]:
    """Return the dose in Gy at points: the sum over all sources of all terms.

    Parameters
    ----------
    terms
        Sources with their weights.
    points_lps_mm
        Where.
    formalism
        Form of the TG-43 equation; sources without a known axis are computed by `Formalism.LINE_1D` where
        `Formalism.LINE_2D` is asked for.
    method
        How. Both agree within 0.1 % outside the capsules and are the same inside them.

    Raises
    ------
    DoseError
        A point is out of reach of a source (tabulated method only).
    """
    if method is Method.TABULATED:
        return np.asarray(dose_by_source(lay_out(terms, formalism), points_lps_mm, summed=True)[0], dtype=np.float64)
    dose = np.zeros(len(points_lps_mm))
    for term in terms:
        for place in _pieces(len(points_lps_mm)):
            dose[place] += _direct(term, points_lps_mm[place], formalism)
    return dose


def dose_by_source(
    sources: Sources, points_lps_mm: Float[np.ndarray, "points 3"], *, summed: bool = False
) -> Float32[np.ndarray, "rows points"]:
    """Return the dose in Gy that each source gives to each point, or their sum as the only row.

    Raises
    ------
    DoseError
        A point is out of reach of a source.
    """
    dose_gy = np.zeros((1 if summed else len(sources), len(points_lps_mm)), dtype=np.float32)
    if not len(sources) or not len(points_lps_mm):
        return dose_gy
    low, high = points_lps_mm.min(axis=0), points_lps_mm.max(axis=0)
    require_within_reach(sources, np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3))
    origin = 0.5 * (low + high)
    x, y, z = frozen_without_copy(np.array((points_lps_mm - origin).T, dtype=np.float32, order="C"))
    where = (sources.table, sources.positions_mm, sources.axes, sources.weight_gy)
    add_sources(sources.joined_tables(), where, (x, y, z), origin, dose_gy)
    source, point = _near_pairs(sources, points_lps_mm)
    near_gy = near_correction_gy(sources, source, points_lps_mm[point] - sources.positions_mm[source])
    np.add.at(dose_gy, (np.zeros_like(source) if summed else source, point), near_gy.astype(np.float32))
    return dose_gy


def polar_angle(away: Float[np.ndarray, "n 3"], axis: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " n"]:
    """Return the angle between vectors and an axis, in radians, accurate close to the axis too."""
    across = np.linalg.norm(np.cross(away, axis), axis=1)
    return np.asarray(np.arctan2(across, away @ axis))


def _direct(term: SourceTerm, points_lps_mm: np.ndarray, formalism: Formalism) -> np.ndarray:
    dose = np.zeros(len(points_lps_mm))
    for position, axis, weight in zip(term.positions_lps_mm, term.axes_lps, term.weight_u_h, strict=True):
        oriented = not np.isnan(axis[0])
        away = cm_from_mm(points_lps_mm - position)
        radius = np.sqrt(np.einsum("ij,ij->i", away, away))
        form = formalism if oriented or formalism is not Formalism.LINE_2D else Formalism.LINE_1D
        theta = polar_angle(away, axis) if form is Formalism.LINE_2D else np.zeros_like(radius)
        dose += gy_from_cgy(weight) * dose_rate_cgy_per_h_per_u(term.source, radius, theta, form)
    return dose


def _near_pairs(sources: Sources, points_lps_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every pair of source and point closer than the tables serve."""
    pairs = cKDTree(sources.positions_mm).sparse_distance_matrix(
        cKDTree(points_lps_mm), NEAREST_SERVED_MM, output_type="ndarray"
    )
    return pairs["i"], pairs["j"]


def _pieces(n: int) -> Iterator[slice]:
    for start in range(0, n, POINTS_AT_ONCE):
        yield slice(start, min(start + POINTS_AT_ONCE, n))

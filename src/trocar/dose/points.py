"""Dose at points."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from trocar.dose.base import Method, SourceTerm
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u
from trocar.units import cm_from_mm, gy_from_cgy

POINTS_AT_ONCE = 100_000
"""Points handled together by the direct method; bounds its memory."""


def dose_at_points(
    terms: Sequence[SourceTerm],
    points_lps_mm: Float[np.ndarray, "n 3"],
    *,
    formalism: Formalism,
    method: Method = Method.DIRECT,
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
        How.
    """
    dose = np.zeros(len(points_lps_mm))
    for term in terms:
        for place in _pieces(len(points_lps_mm)):
            dose[place] += _direct(term, points_lps_mm[place], formalism)
    return dose


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


def polar_angle(away: Float[np.ndarray, "n 3"], axis: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " n"]:
    """Return the angle between vectors and an axis, in radians, accurate close to the axis too."""
    across = np.linalg.norm(np.cross(away, axis), axis=1)
    return np.asarray(np.arctan2(across, away @ axis))


def _pieces(n: int) -> Iterator[slice]:
    for start in range(0, n, POINTS_AT_ONCE):
        yield slice(start, min(start + POINTS_AT_ONCE, n))

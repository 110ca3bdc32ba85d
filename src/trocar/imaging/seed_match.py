"""Which seen seed is which planned one: an assignment of least total distance, and what is left over."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from trocar.results.verification import SeedComparison, SeedPair

PAIRED_WITHIN_MM = 15.0
"""A seen seed further from a planned place than this is not taken for that seed: one needle spacing and a half."""

MIGRATED_BEYOND_MM = 30.0
"""A seen seed further than this from every planned place has left the implant."""


def match_seeds(planned_lps_mm: Float[np.ndarray, "n 3"], seen_lps_mm: Float[np.ndarray, "m 3"]) -> SeedComparison:
    """Return which seen seed is taken for which planned one.

    The pairing has the least sum of squared distances, each cut off at `PAIRED_WITHIN_MM`, so that one seed far away
    does not pull the others from their places. It is made a second time after the median shift of the pairs was taken
    off, and the better of the two pairings stands: an implant that moved as a whole is matched seed by seed.

    Parameters
    ----------
    planned_lps_mm
        Planned places in the frame of the scan.
    seen_lps_mm
        Seen places.

    Examples
    --------
    >>> import numpy as np
    >>> planned = np.array([[0.0, 0, 0], [10, 0, 0], [20, 0, 0]])
    >>> match_seeds(planned, planned[:2] + np.array([1.0, 0, 0])).missing
    (2,)
    """
    first = _assigned(planned_lps_mm, seen_lps_mm)
    shift = _shift(planned_lps_mm, seen_lps_mm, first)
    second = _assigned(planned_lps_mm + shift, seen_lps_mm)
    again = _shift(planned_lps_mm, seen_lps_mm, second)
    if _misfit(planned_lps_mm + again, seen_lps_mm, second) < _misfit(planned_lps_mm + shift, seen_lps_mm, first):
        first, shift = second, again
    near = _nearest(planned_lps_mm + shift, seen_lps_mm) <= MIGRATED_BEYOND_MM
    pairs = tuple(
        SeedPair(planned=a, seen=b, displacement_lps_mm=seen_lps_mm[b] - planned_lps_mm[a]) for a, b in sorted(first)
    )
    left = sorted(set(range(len(seen_lps_mm))) - {b for _, b in first})
    return SeedComparison(
        pairs=pairs,
        missing=tuple(sorted(set(range(len(planned_lps_mm))) - {a for a, _ in first})),
        extra=tuple(n for n in left if near[n]),
        migrated=tuple(n for n in left if not near[n]),
        shift_lps_mm=shift,
    )


def _assigned(planned: np.ndarray, seen: np.ndarray) -> list[tuple[int, int]]:
    if not len(planned) or not len(seen):
        return []
    distance = np.linalg.norm(planned[:, None] - seen[None], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(distance, PAIRED_WITHIN_MM) ** 2)
    close = distance[rows, columns] < PAIRED_WITHIN_MM
    return [(int(a), int(b)) for a, b in zip(rows[close], columns[close], strict=True)]


def _shift(planned: np.ndarray, seen: np.ndarray, pairs: list[tuple[int, int]]) -> Float[np.ndarray, " 3"]:
    if not pairs:
        return np.zeros(3)
    return np.asarray(np.median([seen[b] - planned[a] for a, b in pairs], axis=0))


def _misfit(planned: np.ndarray, seen: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    """Return the sum of squared distances, each planned seed without a pair costing the cut-off."""
    near = sum(float(np.sum((seen[b] - planned[a]) ** 2)) for a, b in pairs)
    return near + PAIRED_WITHIN_MM**2 * (len(planned) - len(pairs))


def _nearest(planned: np.ndarray, seen: np.ndarray) -> Float[np.ndarray, " m"]:
    if not len(planned) or not len(seen):
        return np.full(len(seen), np.inf)
    return np.asarray(np.linalg.norm(planned[:, None] - seen[None], axis=2).min(axis=0))

"""The common direction of an implant's needles, from the places of its seeds: seeds of a needle lie along a line."""

import numpy as np
from jaxtyping import Float

NEIGHBOUR_MM = (3.0, 25.0)
"""Distance of two seeds of one needle that are looked at together."""

ASIDE_MM, ASIDE_PER_SLICE = 1.2, 0.2
"""How far the second lies off the common direction through the first; and more in thick slices."""

OUTSTANDING, LEAST_SHARE = 3.0, 0.3
"""A direction counts if so many times more pairs lie along it than along nine of ten directions, and so many a seed."""

MOST_PAIRS = 4000


def common_way(places_mm: Float[np.ndarray, "n 3"], slice_mm: float) -> Float[np.ndarray, " 3"] | None:
    """Return the unit vector along which most neighbouring seeds follow one another; None where none stands out.

    Parameters
    ----------
    places_mm
        Of the seeds that are sure.
    slice_mm
        Distance of slices: places are less well known along their normal.

    Examples
    --------
    >>> import numpy as np
    >>> needles = [(x, y, z) for x in (0, 10, 21) for y in (0, 12) for z in (0, 6, 13, 19)]
    >>> np.round(np.abs(common_way(np.array(needles, dtype=float), 1.0)), 2).tolist()
    [0.0, 0.0, 1.0]
    """
    if len(places_mm) < 4:
        return None
    first, second = np.triu_indices(len(places_mm), 1)
    apart = places_mm[second] - places_mm[first]
    length = np.linalg.norm(apart, axis=1)
    apart = apart[(length > NEIGHBOUR_MM[0]) & (length < NEIGHBOUR_MM[1])][:MOST_PAIRS]
    if len(apart) < 3:
        return None
    length = np.linalg.norm(apart, axis=1)
    ways = apart / length[:, None]
    within_mm = ASIDE_MM + ASIDE_PER_SLICE * slice_mm
    follows = _follow(apart, ways, within_mm)
    counts = follows.sum(axis=0)
    best = int(counts.argmax())
    usual = np.percentile(_follow(apart, _every_way(), within_mm).sum(axis=0), 90)
    if counts[best] < OUTSTANDING * usual or counts[best] < LEAST_SHARE * len(places_mm):
        return None
    own = apart[follows[:, best]]
    return np.asarray(np.linalg.svd(own, full_matrices=False)[2][0])


def _follow(apart_mm: np.ndarray, ways: np.ndarray, within_mm: float) -> np.ndarray:
    """Say of every pair and direction whether the second seed lies in that direction from the first."""
    along = apart_mm @ ways.T
    return np.asarray((apart_mm**2).sum(axis=1)[:, None] - along**2 < within_mm**2)


def _every_way() -> np.ndarray:
    """Return 200 directions spread evenly over half a sphere (a Fibonacci lattice)."""
    n = np.arange(200)
    height = (n + 0.5) / 200
    angle = n * np.pi * (3.0 - np.sqrt(5.0))
    across = np.sqrt(1.0 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)

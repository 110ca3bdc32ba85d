"""`graded_edges`: a lattice that is fine at conductors and layers and coarse away from them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

SAMPLES = 400


def graded_edges(
    stops: Sequence[tuple[float, float]], *, slope: float, coarsest_mm: float
) -> Float64[np.ndarray, " n"]:
    """Return edges that meet every stop, their distance growing away from the stops.

    Parameters
    ----------
    stops
        Place of an edge in mm and how fine rings are there, in any order; the least and greatest are the ends.
    slope
        How much wider rings become a mm away from a stop.
    coarsest_mm
        Never wider than this.

    Examples
    --------
    >>> graded_edges([(0.0, 1.0), (4.0, 1.0)], slope=0.0, coarsest_mm=1.0)
    array([0., 1., 2., 3., 4.])
    """
    places = np.array(sorted({place for place, _ in stops}))
    at, fine = np.array([place for place, _ in stops]), np.array([finest for _, finest in stops])
    edges = [places[:1]]
    for low, high in pairwise(places):
        x = low + (high - low) * 0.5 * (1.0 - np.cos(np.linspace(0.0, np.pi, SAMPLES)))
        width = np.minimum(coarsest_mm, (fine + slope * np.abs(x[:, None] - at)).min(axis=1))
        rings = np.concatenate([[0.0], np.cumsum(np.diff(x) * 2.0 / (width[1:] + width[:-1]))])
        count = max(1, int(np.ceil(rings[-1] - 1e-6)))
        inner = np.interp(np.linspace(0.0, rings[-1], count + 1), rings, x)
        edges.append(np.append(inner[1:-1], high))
    return np.concatenate(edges)

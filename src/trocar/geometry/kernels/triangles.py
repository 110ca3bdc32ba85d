"""Compiled loops over triangles: the nearest place of a mesh."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def closest_places(vertices, triangles, start, around, points, near, places, which):  # type: ignore[no-untyped-def]
    """Write the closest place on the triangles around each point's nearest vertices."""
    for p in range(points.shape[0]):
        best = np.inf
        for n in range(near.shape[1]):
            v = near[p, n]
            for t in range(start[v], start[v + 1]):
                f = around[t]
                place = _on_triangle(
                    points[p], vertices[triangles[f, 0]], vertices[triangles[f, 1]], vertices[triangles[f, 2]]
                )
                gap = ((points[p] - place) ** 2).sum()
                if gap < best:
                    best = gap
                    places[p] = place
                    which[p] = f


@njit(cache=True, nogil=True)
def _on_triangle(p, a, b, c):  # type: ignore[no-untyped-def] # noqa: PLR0911 - one return a region of the plane
    """Return the place of triangle a b c nearest to p (Ericson, Real-Time Collision Detection, 5.1.5)."""
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = (ab * ap).sum(), (ac * ap).sum()
    if d1 <= 0 and d2 <= 0:
        return a
    bp = p - b
    d3, d4 = (ab * bp).sum(), (ac * bp).sum()
    if d3 >= 0 and d4 <= d3:
        return b
    vc = d1 * d4 - d3 * d2
    if vc <= 0 and d1 >= 0 and d3 <= 0 and d1 > d3:
        return a + d1 / (d1 - d3) * ab
    cp = p - c
    d5, d6 = (ab * cp).sum(), (ac * cp).sum()
    if d6 >= 0 and d5 <= d6:
        return c
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0 and d2 > d6:
        return a + d2 / (d2 - d6) * ac
    va = d3 * d6 - d5 * d4
    if va <= 0 and d4 >= d3 and d5 >= d6 and d4 - d3 + d5 - d6 > 0:
        return b + (d4 - d3) / ((d4 - d3) + (d5 - d6)) * (c - b)
    if va + vb + vc <= 0:
        return a  # a sliver: its corners are tried with its neighbours
    whole = 1.0 / (va + vb + vc)
    return a + vb * whole * ab + vc * whole * ac

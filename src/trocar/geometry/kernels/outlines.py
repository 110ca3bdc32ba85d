"""Compiled loops over outlines in one plane: crossings, exact even-odd area, tracing."""

import numpy as np
from numba import njit

from trocar.geometry.kernels.stacks import leaf


@leaf
def find_crossings(edges, owner, scale, crossing_v):  # type: ignore[no-untyped-def]
    """Return how many pairs of edges properly cross within one polygon and between two; fill ``crossing_v``.

    Edges that only touch, share an end or lie on one another do not cross. ``edges`` are sorted by their lower v. Of
    more crossings than ``crossing_v`` has room for, only the number is told.
    """
    own = mutual = 0
    tiny = 1e-12 * scale * scale
    for a in range(edges.shape[0]):
        a_high = max(edges[a, 1], edges[a, 3])
        a_left, a_right = min(edges[a, 0], edges[a, 2]), max(edges[a, 0], edges[a, 2])
        for b in range(a + 1, edges.shape[0]):
            if min(edges[b, 1], edges[b, 3]) > a_high:
                break
            if min(edges[b, 0], edges[b, 2]) > a_right or max(edges[b, 0], edges[b, 2]) < a_left:
                continue
            share = _crossing_share(edges, a, b, tiny)
            if share < 0.0:
                continue
            if own + mutual < crossing_v.size:
                crossing_v[own + mutual] = edges[b, 1] + (edges[b, 3] - edges[b, 1]) * share
            if owner[a] == owner[b]:
                own += 1
            else:
                mutual += 1
    return own, mutual


@leaf
def _crossing_share(edges, a, b, tiny):  # type: ignore[no-untyped-def]
    """Return how far along edge b it is crossed by edge a, 0 to 1; -1 if it is not."""
    du, dv = edges[a, 2] - edges[a, 0], edges[a, 3] - edges[a, 1]
    first = du * (edges[b, 1] - edges[a, 1]) - dv * (edges[b, 0] - edges[a, 0])
    second = du * (edges[b, 3] - edges[a, 1]) - dv * (edges[b, 2] - edges[a, 0])
    if first * second >= 0.0 or min(abs(first), abs(second)) < tiny:
        return -1.0
    eu, ev = edges[b, 2] - edges[b, 0], edges[b, 3] - edges[b, 1]
    third = eu * (edges[a, 1] - edges[b, 1]) - ev * (edges[a, 0] - edges[b, 0])
    fourth = eu * (edges[a, 3] - edges[b, 1]) - ev * (edges[a, 2] - edges[b, 0])
    if third * fourth >= 0.0 or min(abs(third), abs(fourth)) < tiny:
        return -1.0
    return first / (first - second)


@leaf
def _insert_sorted(values, count, new):  # type: ignore[no-untyped-def]
    place = count
    while place > 0 and values[place - 1] > new:
        values[place] = values[place - 1]
        place -= 1
    values[place] = new


@njit(cache=True, nogil=True)
def even_odd_area(edges, levels):  # type: ignore[no-untyped-def]
    """Return the exact area inside by the even-odd rule.

    Between two neighbouring ``levels`` (all v of vertices and crossings, sorted) no edges cross, so that the inside
    is a row of trapezoids whose area is width at mid height times height. ``edges`` are sorted by their lower v.
    """
    area = 0.0
    active = np.empty(edges.shape[0], np.int64)
    cuts = np.empty(edges.shape[0])
    count = upcoming = 0
    for level in range(levels.size - 1):
        low, high = levels[level], levels[level + 1]
        middle = 0.5 * (low + high)
        while upcoming < edges.shape[0] and min(edges[upcoming, 1], edges[upcoming, 3]) <= middle:
            active[count] = upcoming
            count += 1
            upcoming += 1
        kept = 0
        for a in range(count):
            e = active[a]
            if max(edges[e, 1], edges[e, 3]) <= middle:
                continue
            active[kept] = e
            share = (middle - edges[e, 1]) / (edges[e, 3] - edges[e, 1])
            _insert_sorted(cuts, kept, edges[e, 0] + share * (edges[e, 2] - edges[e, 0]))
            kept += 1
        count = kept
        width = 0.0
        for pair in range(kept // 2):
            width += cuts[2 * pair + 1] - cuts[2 * pair]
        area += width * (high - low)
    return area


@leaf
def trace_outlines(leaving, points, starts):  # type: ignore[no-untyped-def]
    """Follow all edges, using them up; return the number of outlines.

    Bit d of ``leaving[j, i]`` says that an edge leaves corner (i, j) in direction d = 0 (+i), 1 (+j), 2 (-i), 3 (-j)
    with the inside on its left. Where two outlines meet at a corner each turns left, around its own voxel. Outline o
    gets its corners (i, j) into ``points[starts[o]:starts[o + 1]]``.
    """
    outlines = count = 0
    starts[0] = 0
    for j0 in range(leaving.shape[0]):
        for i0 in range(leaving.shape[1]):
            if not leaving[j0, i0] & 1:
                continue
            i, j, direction = i0, j0, 3
            while True:
                turn = -1
                for candidate in (direction + 1, direction, direction + 3):
                    if turn < 0 and leaving[j, i] & (1 << (candidate % 4)):
                        turn = candidate % 4
                if turn < 0:
                    break
                if turn != direction:
                    points[count, 0], points[count, 1] = i, j
                    count += 1
                leaving[j, i] &= ~(1 << turn) & 15
                direction = turn
                i += (direction == 0) - (direction == 2)
                j += (direction == 1) - (direction == 3)
                if i == i0 and j == j0 and direction == 3:
                    break
            outlines += 1
            starts[outlines] = count
    return outlines

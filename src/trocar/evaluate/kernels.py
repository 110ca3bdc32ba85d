"""Compiled loops of sampling and of the gamma index."""

from typing import NamedTuple

import numpy as np
from numba import njit

from trocar.geometry.kernels import stacks
from trocar.geometry.kernels.stacks import EMPTY, MIXED, box_state, is_inside_stack
from trocar.kernel_caches import discard_stale

discard_stale(__file__, stacks.__file__)

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""Weyl constant of SplitMix64: Steele GL, Lea D, Flood CH. OOPSLA 2014, doi 10.1145/2660193.2660195."""


@njit(cache=True, nogil=True, _nrt=False)
def _scrambled(counter):  # type: ignore[no-untyped-def]
    """Return 64 well-mixed bits for a counter (finaliser of SplitMix64)."""
    z = np.uint64(counter) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, _nrt=False)
def _fraction(bits, part):  # type: ignore[no-untyped-def]
    """Return one of three numbers in [0, 1) made of 21 bits each."""
    return (np.float64((bits >> np.uint64(21 * part)) & np.uint64(0x1FFFFF)) + 0.5) / 2097152.0


@njit(cache=True, nogil=True, _nrt=False)
def classify_boxes(stack, boxes, state, blended, rounded):  # type: ignore[no-untyped-def]
    """Fill ``state`` of each box (u low, u high, v low, v high, w low, w high)."""
    for b in range(boxes.shape[0]):
        state[b] = box_state(stack, boxes[b], blended, rounded)


@njit(cache=True, nogil=True, _nrt=False)
def scatter_points(  # type: ignore[no-untyped-def]
    stack, lps_from_uvw, boxes, state, points, weight, replicate, blended, rounded
):
    """Fill points (LPS) inside the region, one at random in each octant of each box; return how many.

    Each point weighs the volume of its octant. The octants of each box go to the eight replicates in an order of its
    own, so that every replicate is spread as evenly as the whole.
    """
    kept = 0
    for b in range(boxes.shape[0]):
        if state[b] == EMPTY:
            continue
        du = 0.5 * (boxes[b, 1] - boxes[b, 0])
        dv = 0.5 * (boxes[b, 3] - boxes[b, 2])
        dw = 0.5 * (boxes[b, 5] - boxes[b, 4])
        order = np.int64(_scrambled(2 * b + 1) & np.uint64(7))
        for octant in range(8):
            bits = _scrambled(2 * (8 * b + octant))
            u = boxes[b, 0] + ((octant & 1) + _fraction(bits, 0)) * du
            v = boxes[b, 2] + ((octant >> 1 & 1) + _fraction(bits, 1)) * dv
            w = boxes[b, 4] + ((octant >> 2) + _fraction(bits, 2)) * dw
            if state[b] == MIXED and not is_inside_stack(stack, u, v, w, blended, rounded):
                continue
            for a in range(3):
                points[kept, a] = lps_from_uvw[a, 0] * u + lps_from_uvw[a, 1] * v + lps_from_uvw[a, 2] * w
            weight[kept] = du * dv * dw
            replicate[kept] = octant ^ order
            kept += 1
    return kept


class GammaScratch(NamedTuple):
    """What is the same for all simplices of a cell, by corner set or by set of axes (as bits).

    ``dose``: of the corners, in units of the dose criterion and from the wanted dose on. ``per_length``: inverse of the
    squared length of the way along a set of axes, in units of the distance criterion. ``share``: where the foot of the
    point's perpendicular lies on that way. ``saved``: by how much the foot is nearer than the way's beginning.
    ``offset``: squared distance of the point from each corner.
    """

    dose: np.ndarray
    per_length: np.ndarray
    share: np.ndarray
    saved: np.ndarray
    offset: np.ndarray


@njit(cache=True, nogil=True, _nrt=False)
def _chain_distance(chain, cell, nearest):  # type: ignore[no-untyped-def]
    """Return the smaller of ``nearest`` and the squared gamma distance to one simplex, if its foot lies in it.

    ``chain`` are corners as bit sets, each containing the one before: their hull is a simplex of the Kuhn division.
    Along the chain the position is x = sum of lambda_q times the q-th way, with 1 >= lambda_1 >= lambda_2 >= ... >= 0,
    and the ways are at right angles, so that the least squares solution is closed: equation (G4) of
    docs/theory/gamma.md.
    """
    squared = cell.offset[chain[0]]
    slope, level = 1.0, cell.dose[chain[0]]
    for q in range(1, 4):
        if chain[q] < 0:
            break
        way = chain[q] ^ chain[q - 1]
        squared -= cell.saved[way]
        rise = cell.dose[chain[q]] - cell.dose[chain[q - 1]]
        slope += rise * rise * cell.per_length[way]
        level += rise * cell.share[way]
    squared = max(0.0, squared) + level * level / slope
    if squared >= nearest:
        return nearest
    pull = level / slope
    before = 1.0
    for q in range(1, 4):
        if chain[q] < 0:
            break
        way = chain[q] ^ chain[q - 1]
        rise = cell.dose[chain[q]] - cell.dose[chain[q - 1]]
        part = cell.share[way] - rise * cell.per_length[way] * pull
        if part < 0.0 or part > before:
            return nearest
        before = part
    return squared


@njit(cache=True, nogil=True, _nrt=False)
def _ring_distance(at_ijk, home, step, ring):  # type: ignore[no-untyped-def]
    """Return how far the cells of a ring are at least."""
    least = np.inf
    for a in range(3):
        to_low = at_ijk[a] - home[a] + ring - 1
        to_high = home[a] + ring - at_ijk[a]
        least = min(least, step[a] * max(0.0, min(to_low, to_high)))
    return least


@njit(cache=True, nogil=True, _nrt=False)
def _load_cell(cell, values, point, corner_ijk, wanted, tolerance, step):  # type: ignore[no-untyped-def]
    """Fill the scratch for one cell."""
    ni, nj, nk = values.shape[2], values.shape[1], values.shape[0]
    for corner in range(8):
        i = min(corner_ijk[0] + (corner & 1), ni - 1)
        j = min(corner_ijk[1] + (corner >> 1 & 1), nj - 1)
        k = min(corner_ijk[2] + (corner >> 2), nk - 1)
        cell.dose[corner] = (values[k, j, i] - wanted) / tolerance
        offset = along = 0.0
        for a in range(3):
            at = point[a] - corner_ijk[a]
            far = corner >> a & 1
            offset += (step[a] * (at - far)) ** 2
            along += far * step[a] * step[a] * at
        cell.offset[corner] = offset
        cell.share[corner] = along * cell.per_length[corner]
        cell.saved[corner] = cell.share[corner] * along


@njit(cache=True, nogil=True, _nrt=False)
def _least_possible(cell, bound):  # type: ignore[no-untyped-def]
    """Return what the squared gamma distance to a cell cannot be below: its box is ``bound`` away, squared.

    Two bounds: by the range of the doses; and, as no dose in the cell changes faster than the sum of its steepest edges
    along each axis allows, from the nearest corner on (G5).
    """
    low, high = np.inf, -np.inf
    corner = 0
    for c in range(8):
        low, high = min(low, cell.dose[c]), max(high, cell.dose[c])
        if cell.offset[c] < cell.offset[corner]:
            corner = c
    off = max(0.0, low, -high)
    steepest = 0.0
    for a in range(3):
        most = 0.0
        for c in range(8):
            if not c >> a & 1:
                most = max(most, abs(cell.dose[c | 1 << a] - cell.dose[c]))
        steepest += most * most * cell.per_length[1 << a]
    reach = abs(cell.dose[corner]) - np.sqrt(steepest * cell.offset[corner])
    by_slope = reach * reach / (1.0 + steepest) if reach > 0.0 else 0.0
    return max(bound + off * off, by_slope)


@njit(cache=True, nogil=True, _nrt=False)
def _nearest_in_cell(  # type: ignore[no-untyped-def]
    chains, values, point, corner_ijk, wanted, tolerance, step, nearest, cell
):
    """Return the smaller of ``nearest`` and the squared gamma distance to one cell."""
    bound = 0.0
    for a in range(3):
        at = point[a] - corner_ijk[a]
        gap = step[a] * max(0.0, -at, at - (1.0 if values.shape[2 - a] > 1 else 0.0))
        bound += gap * gap
    if bound >= nearest:
        return nearest
    _load_cell(cell, values, point, corner_ijk, wanted, tolerance, step)
    if _least_possible(cell, bound) >= nearest:
        return nearest
    for c in range(chains.shape[0]):
        nearest = _chain_distance(chains[c], cell, nearest)
    return nearest


@njit(cache=True, nogil=True, _nrt=False)
def _nearest_in_ring(  # type: ignore[no-untyped-def]
    chains, values, point, home, ring, wanted, tolerance, step, nearest, cell
):
    last = (max(values.shape[2] - 2, 0), max(values.shape[1] - 2, 0), max(values.shape[0] - 2, 0))
    for k in range(max(home[2] - ring, 0), min(home[2] + ring, last[2]) + 1):
        for j in range(max(home[1] - ring, 0), min(home[1] + ring, last[1]) + 1):
            on_shell = abs(k - home[2]) == ring or abs(j - home[1]) == ring
            for i in range(max(home[0] - ring, 0), min(home[0] + ring, last[0]) + 1):
                if on_shell or abs(i - home[0]) == ring:
                    nearest = _nearest_in_cell(chains, values, point, (i, j, k), wanted, tolerance, step, nearest, cell)
    return nearest


@njit(cache=True, nogil=True, _nrt=False)
def fill_gamma(chains, values, at_ijk, wanted, tolerance, step, limit, cell, home, gamma):  # type: ignore[no-untyped-def]
    """Fill gamma of each point: its least distance to the piecewise linear graph of a dose grid, at most ``limit``.

    Cells are visited in rings around the point; a ring, a cell and a simplex are passed over when they cannot be
    nearer than what was found. ``cell`` (with ``per_length`` filled) and ``home`` are scratch.
    """
    size = (values.shape[2], values.shape[1], values.shape[0])
    for p in range(at_ijk.shape[0]):
        point = at_ijk[p]
        nearest = limit * limit
        for a in range(3):
            home[a] = min(max(int(np.floor(point[a])), 0), max(size[a] - 2, 0))
        for ring in range(size[0] + size[1] + size[2]):
            if nearest == 0.0 or (ring > 0 and _ring_distance(point, home, step, ring) ** 2 >= nearest):
                break
            nearest = _nearest_in_ring(chains, values, point, home, ring, wanted[p], tolerance[p], step, nearest, cell)
        gamma[p] = np.sqrt(nearest)

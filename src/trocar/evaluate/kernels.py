"""Compiled loops of sampling and of the gamma index."""

import numpy as np
from numba import njit

from trocar.geometry.kernels import EMPTY, MIXED, box_state, is_inside_stack

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
def scatter_points(stack, lps_from_uvw, boxes, state, counts, points, weight, replicate, blended, rounded):  # type: ignore[no-untyped-def]
    """Fill points (LPS) inside the region, one at random in each of the equal parts of each box; return how many.

    ``counts`` of parts along each axis are even. Each point weighs the volume of its part. Each block of 2 x 2 x 2
    parts gives its points to the eight replicates in an order of its own, so that every replicate is spread as evenly
    as the whole.
    """
    kept = 0
    part = 0
    block = 0
    for b in range(boxes.shape[0]):
        if state[b] == EMPTY:
            continue
        du = (boxes[b, 1] - boxes[b, 0]) / counts[b, 0]
        dv = (boxes[b, 3] - boxes[b, 2]) / counts[b, 1]
        dw = (boxes[b, 5] - boxes[b, 4]) / counts[b, 2]
        nu, nv = counts[b, 0] // 2, counts[b, 1] // 2
        for n in range(nu * nv * (counts[b, 2] // 2)):
            i0, j0, k0 = 2 * (n % nu), 2 * (n // nu % nv), 2 * (n // (nu * nv))
            order = np.int64(_scrambled(2 * block + 1) & np.uint64(7))
            block += 1
            for corner in range(8):
                bits = _scrambled(2 * part)
                part += 1
                u = boxes[b, 0] + (i0 + (corner & 1) + _fraction(bits, 0)) * du
                v = boxes[b, 2] + (j0 + (corner >> 1 & 1) + _fraction(bits, 1)) * dv
                w = boxes[b, 4] + (k0 + (corner >> 2) + _fraction(bits, 2)) * dw
                if state[b] == MIXED and not is_inside_stack(stack, u, v, w, blended, rounded):
                    continue
                for a in range(3):
                    points[kept, a] = lps_from_uvw[a, 0] * u + lps_from_uvw[a, 1] * v + lps_from_uvw[a, 2] * w
                weight[kept] = du * dv * dw
                replicate[kept] = corner ^ order
                kept += 1
    return kept

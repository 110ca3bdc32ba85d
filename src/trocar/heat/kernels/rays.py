"""Loops of the microwave source: how power spreads and how rays are attenuated; equations (M1) to (M4)."""

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def spreading(k0, k1, j0, j1, i0, i1, matrix, start, axis, pieces, shares, blur2, spread, distance):  # type: ignore[no-untyped-def]
    """Fill in power a surface without attenuation for 1 W, and the mean distance it has come.

    ``matrix`` maps voxel to patient, ``pieces`` are distances along the axis from ``start``, ``shares`` the power each
    emits; ``blur2`` keeps the near field finite.
    """
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + matrix[0, 3] - start[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + matrix[1, 3] - start[1]
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + matrix[2, 3] - start[2]
                along = x * axis[0] + y * axis[1] + z * axis[2]
                across2 = max(x * x + y * y + z * z - along * along, 0.0)
                total, weighted = 0.0, 0.0
                for p in range(pieces.shape[0]):
                    d2 = across2 + (along - pieces[p]) ** 2
                    part = shares[p] / (4.0 * math.pi * (d2 + blur2))
                    total += part
                    weighted += part * math.sqrt(d2)
                spread[k, j, i] = total
                distance[k, j, i] = weighted / total


@njit(cache=True, nogil=True)
def absorbed(k0, k1, j0, j1, i0, i1, absorption, matrix, inverse, start, axis, length, step_mm, spread, distance, out):  # type: ignore[no-untyped-def]
    """Fill in the absorbed power a volume for 1 W, the absorption averaged along the ray from the nearest point."""
    nk, nj, ni = absorption.shape
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + matrix[0, 3] - start[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + matrix[1, 3] - start[1]
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + matrix[2, 3] - start[2]
                foot = min(max(x * axis[0] + y * axis[1] + z * axis[2], 0.0), length)
                dx, dy, dz = x - foot * axis[0], y - foot * axis[1], z - foot * axis[2]
                n = max(1, int(math.sqrt(dx * dx + dy * dy + dz * dz) / step_mm))
                si = inverse[0, 0] * dx + inverse[0, 1] * dy + inverse[0, 2] * dz
                sj = inverse[1, 0] * dx + inverse[1, 1] * dy + inverse[1, 2] * dz
                sk = inverse[2, 0] * dx + inverse[2, 1] * dy + inverse[2, 2] * dz
                depth = 0.0
                for m in range(n):
                    share = 1.0 - (m + 0.5) / n
                    a = min(max(int(i - share * si + 0.5), 0), ni - 1)
                    b = min(max(int(j - share * sj + 0.5), 0), nj - 1)
                    c = min(max(int(k - share * sk + 0.5), 0), nk - 1)
                    depth += absorption[c, b, a]
                out[k, j, i] = spread[k, j, i] * absorption[k, j, i] * np.exp(-depth / n * distance[k, j, i])

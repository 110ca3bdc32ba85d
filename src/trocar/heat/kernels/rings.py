"""Loops between voxels and the rings around an antenna; equations (F9) and (F10) of docs/theory/antenna.md."""

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, inline="always")
def _between(edges, x):  # type: ignore[no-untyped-def]
    """Return the place of the value before ``x`` and the share of the way to the next; the ends are held."""
    if x <= edges[0]:
        return 0, 0.0
    if x >= edges[edges.size - 1]:
        return edges.size - 2, 1.0
    low = np.searchsorted(edges, x) - 1
    return low, (x - edges[low]) / (edges[low + 1] - edges[low])


@njit(cache=True, nogil=True)
def voxels_from_rings(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, matrix, tip, axis, r_mm, z_mm, r_edges, z_edges, heat, near, steep, parts, out
):
    """Fill in the mean over each voxel of the heat of rings with middles ``r_mm``, ``z_mm`` and given edges.

    Voxels nearer to the axis than ``steep`` mm are sampled at ``parts`` places in each direction and take each ring as
    it is, which loses no power on the whole; the heat of others is linear between the middles, sampled at four places
    nearer than ``near`` mm and at two beyond. Outside the rings there is none.
    """
    last_r, first_z, last_z = r_edges[r_edges.size - 1], z_edges[0], z_edges[z_edges.size - 1]
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + matrix[0, 3] - tip[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + matrix[1, 3] - tip[1]
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + matrix[2, 3] - tip[2]
                along = x * axis[0] + y * axis[1] + z * axis[2]
                across = math.sqrt(max(x * x + y * y + z * z - along * along, 0.0))
                n = parts if across < steep else 4 if across < near else 2
                total = 0.0
                for c in range(n):
                    dk = (c + 0.5) / n - 0.5
                    for b in range(n):
                        dj = (b + 0.5) / n - 0.5
                        for a in range(n):
                            di = (a + 0.5) / n - 0.5
                            u = x + matrix[0, 0] * di + matrix[0, 1] * dj + matrix[0, 2] * dk
                            v = y + matrix[1, 0] * di + matrix[1, 1] * dj + matrix[1, 2] * dk
                            w = z + matrix[2, 0] * di + matrix[2, 1] * dj + matrix[2, 2] * dk
                            h = u * axis[0] + v * axis[1] + w * axis[2]
                            r = math.sqrt(max(u * u + v * v + w * w - h * h, 0.0))
                            if h <= first_z or h >= last_z or r >= last_r:
                                continue
                            if across < steep:
                                ring = np.searchsorted(r_edges, r, side="right") - 1
                                total += heat[np.searchsorted(z_edges, h, side="right") - 1, ring]
                                continue
                            m, s = _between(z_mm, h)
                            p, t = _between(r_mm, r)
                            below = (1.0 - t) * heat[m, p] + t * heat[m, p + 1]
                            above = (1.0 - t) * heat[m + 1, p] + t * heat[m + 1, p + 1]
                            total += (1.0 - s) * below + s * above
                out[k, j, i] = total / (n * n * n)


@njit(cache=True, nogil=True)
def rings_from_voxels(inverse, tip, axis, aside, beside, r_mm, z_mm, turns, values, outside, out):  # type: ignore[no-untyped-def]
    """Fill in the mean around the axis of a value of voxels, linear between their middles, at each ring's middle.

    ``aside`` and ``beside`` are unit vectors across the axis. Outside the lattice of voxels the value is ``outside``.
    """
    nk, nj, ni = values.shape
    for m in range(z_mm.size):
        for p in range(r_mm.size):
            total = 0.0
            for turn in range(turns):
                angle = 2.0 * math.pi * (turn + 0.5) / turns
                c, s = r_mm[p] * math.cos(angle), r_mm[p] * math.sin(angle)
                x = tip[0] + z_mm[m] * axis[0] + c * aside[0] + s * beside[0]
                y = tip[1] + z_mm[m] * axis[1] + c * aside[1] + s * beside[1]
                z = tip[2] + z_mm[m] * axis[2] + c * aside[2] + s * beside[2]
                fi = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2] * z + inverse[0, 3]
                fj = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2] * z + inverse[1, 3]
                fk = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2] * z + inverse[2, 3]
                i, j, k = math.floor(fi), math.floor(fj), math.floor(fk)
                if i < 0 or j < 0 or k < 0 or i > ni - 2 or j > nj - 2 or k > nk - 2:
                    total += outside
                    continue
                u, v, w = fi - i, fj - j, fk - k
                near = (1.0 - u) * values[k, j, i] + u * values[k, j, i + 1]
                far = (1.0 - u) * values[k, j + 1, i] + u * values[k, j + 1, i + 1]
                low = (1.0 - v) * near + v * far
                near = (1.0 - u) * values[k + 1, j, i] + u * values[k + 1, j, i + 1]
                far = (1.0 - u) * values[k + 1, j + 1, i] + u * values[k + 1, j + 1, i + 1]
                total += (1.0 - w) * low + w * ((1.0 - v) * near + v * far)
            out[m, p] = total / turns

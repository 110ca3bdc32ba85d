"""Loops of the electric potential: conductances of faces, multigrid, heat of the current; equations (E1) to (E6).

Arrays are float32 with a rim of one voxel of zeros. ``gx[k, j, i]`` is the conductance in S between a voxel and the
next along x; ``own`` is that to the electrode and to far away.
"""

import numpy as np
from numba import njit

FAST = {"contract", "nsz", "arcp", "afn", "nnan", "ninf"}
_f4 = np.float32


@njit(cache=True, nogil=True, fastmath=FAST)
def sigma_faces(k0, k1, j0, j1, i0, i1, sigma, x_mm, y_mm, z_mm, gx, gy, gz):  # type: ignore[no-untyped-def]
    """Fill in conductances towards larger indices from the conductivity of voxels, harmonic means (E2)."""
    n = i1 - i0
    tiny = _f4(1e-20)
    for k in range(k0, k1):
        for j in range(j0, j1):
            own, east = sigma[k, j, i0:i1], sigma[k, j, i0 + 1 : i1 + 1]
            north, up = sigma[k, j + 1, i0:i1], sigma[k + 1, j, i0:i1]
            x, y, z = gx[k, j, i0:i1], gy[k, j, i0:i1], gz[k, j, i0:i1]
            for i in range(n):
                a = _f4(2.0) * own[i]
                x[i] = x_mm * a * east[i] / (own[i] + east[i] + tiny)
                y[i] = y_mm * a * north[i] / (own[i] + north[i] + tiny)
                z[i] = z_mm * a * up[i] / (own[i] + up[i] + tiny)


@njit(cache=True, nogil=True, fastmath=FAST)
def inverse_diagonal(k0, k1, j0, j1, i0, i1, gx, gy, gz, own, inverse):  # type: ignore[no-untyped-def]
    """Fill in one over the diagonal of the matrix; 0 for a voxel that conducts nowhere."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                d = gx[k, j, i - 1] + gx[k, j, i] + gy[k, j - 1, i] + gy[k, j, i] + gz[k - 1, j, i] + gz[k, j, i]
                d += own[k, j, i]
                inverse[k, j, i] = _f4(1.0) / d if d > _f4(1e-25) else _f4(0.0)


@njit(cache=True, nogil=True, fastmath=FAST)
def residual(k0, k1, j0, j1, i0, i1, x, b, gx, gy, gz, own, out):  # type: ignore[no-untyped-def]
    """Fill in b - A x."""
    n = i1 - i0
    for k in range(k0, k1):
        for j in range(j0, j1):
            t = x[k, j, i0:i1]
            west, east = x[k, j, i0 - 1 : i1 - 1], x[k, j, i0 + 1 : i1 + 1]
            south, north = x[k, j - 1, i0:i1], x[k, j + 1, i0:i1]
            down, up = x[k - 1, j, i0:i1], x[k + 1, j, i0:i1]
            gw, ge = gx[k, j, i0 - 1 : i1 - 1], gx[k, j, i0:i1]
            gs, gn = gy[k, j - 1, i0:i1], gy[k, j, i0:i1]
            gd, gu = gz[k - 1, j, i0:i1], gz[k, j, i0:i1]
            q, w, o = b[k, j, i0:i1], own[k, j, i0:i1], out[k, j, i0:i1]
            for i in range(n):
                flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
                flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
                flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
                o[i] = q[i] + flow - w[i] * t[i]


@njit(cache=True, nogil=True, fastmath=FAST)
def smooth(k0, k1, j0, j1, i0, i1, x, b, gx, gy, gz, own, inverse, weight, out):  # type: ignore[no-untyped-def]
    """One damped Jacobi sweep from ``x`` into ``out`` (E4)."""
    n = i1 - i0
    for k in range(k0, k1):
        for j in range(j0, j1):
            t = x[k, j, i0:i1]
            west, east = x[k, j, i0 - 1 : i1 - 1], x[k, j, i0 + 1 : i1 + 1]
            south, north = x[k, j - 1, i0:i1], x[k, j + 1, i0:i1]
            down, up = x[k - 1, j, i0:i1], x[k + 1, j, i0:i1]
            gw, ge = gx[k, j, i0 - 1 : i1 - 1], gx[k, j, i0:i1]
            gs, gn = gy[k, j - 1, i0:i1], gy[k, j, i0:i1]
            gd, gu = gz[k - 1, j, i0:i1], gz[k, j, i0:i1]
            q, w, v, o = b[k, j, i0:i1], own[k, j, i0:i1], inverse[k, j, i0:i1], out[k, j, i0:i1]
            for i in range(n):
                flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
                flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
                flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
                o[i] = t[i] + weight * v[i] * (q[i] + flow - w[i] * t[i])


@njit(cache=True, nogil=True, fastmath=FAST)
def scaled(k0, k1, j0, j1, i0, i1, b, inverse, weight, out):  # type: ignore[no-untyped-def]
    """The first sweep from nothing: weight times b over the diagonal."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            q, v, o = b[k, j, i0:i1], inverse[k, j, i0:i1], out[k, j, i0:i1]
            for i in range(i1 - i0):
                o[i] = weight * v[i] * q[i]


@njit(cache=True, nogil=True)
def restrict_sum(k0, k1, j0, j1, i0, i1, fine, coarse):  # type: ignore[no-untyped-def]
    """Add up the eight fine voxels of each coarse one."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                c, b, a = 2 * k - 1, 2 * j - 1, 2 * i - 1
                total = fine[c, b, a] + fine[c, b, a + 1] + fine[c, b + 1, a] + fine[c, b + 1, a + 1]
                total += fine[c + 1, b, a] + fine[c + 1, b, a + 1]
                coarse[k, j, i] = total + fine[c + 1, b + 1, a] + fine[c + 1, b + 1, a + 1]


@njit(cache=True, nogil=True)
def prolong_add(k0, k1, j0, j1, i0, i1, coarse, fine):  # type: ignore[no-untyped-def]
    """Add each coarse correction to its eight fine voxels."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                v = coarse[k, j, i]
                for c in range(2 * k - 1, 2 * k + 1):
                    for b in range(2 * j - 1, 2 * j + 1):
                        fine[c, b, 2 * i - 1] += v
                        fine[c, b, 2 * i] += v


@njit(cache=True, nogil=True)
def coarse_faces(k0, k1, j0, j1, i0, i1, gx, gy, gz, cx, cy, cz):  # type: ignore[no-untyped-def]
    """Conductances between coarse voxels: four fine faces side by side, over twice the distance (E5)."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                c, b, a = 2 * k - 1, 2 * j - 1, 2 * i - 1
                cx[k, j, i] = 0.5 * (
                    gx[c, b, a + 1] + gx[c, b + 1, a + 1] + gx[c + 1, b, a + 1] + gx[c + 1, b + 1, a + 1]
                )
                cy[k, j, i] = 0.5 * (
                    gy[c, b + 1, a] + gy[c, b + 1, a + 1] + gy[c + 1, b + 1, a] + gy[c + 1, b + 1, a + 1]
                )
                cz[k, j, i] = 0.5 * (
                    gz[c + 1, b, a] + gz[c + 1, b, a + 1] + gz[c + 1, b + 1, a] + gz[c + 1, b + 1, a + 1]
                )


@njit(cache=True, nogil=True, fastmath={"contract", "nsz", "arcp", "afn", "nnan", "ninf", "reassoc"})
def dot(k0, k1, j0, j1, i0, i1, a, b):  # type: ignore[no-untyped-def]
    """Return the sum of products, in double precision."""
    total = 0.0
    for k in range(k0, k1):
        for j in range(j0, j1):
            p, q = a[k, j, i0:i1], b[k, j, i0:i1]
            for i in range(i1 - i0):
                total += p[i] * q[i]
    return total


@njit(cache=True, nogil=True)
def joule(k0, k1, j0, j1, i0, i1, phi, gx, gy, gz, contact, volts, out):  # type: ignore[no-untyped-def]
    """Fill in the heat of each voxel in W: half of that of each of its faces, and all of that at the electrode (E6)."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                t = phi[k, j, i]
                heat = gx[k, j, i - 1] * (phi[k, j, i - 1] - t) ** 2 + gx[k, j, i] * (phi[k, j, i + 1] - t) ** 2
                heat += gy[k, j - 1, i] * (phi[k, j - 1, i] - t) ** 2 + gy[k, j, i] * (phi[k, j + 1, i] - t) ** 2
                heat += gz[k - 1, j, i] * (phi[k - 1, j, i] - t) ** 2 + gz[k, j, i] * (phi[k + 1, j, i] - t) ** 2
                out[k, j, i] = 0.5 * heat + contact[k, j, i] * (volts[k, j, i] - t) ** 2

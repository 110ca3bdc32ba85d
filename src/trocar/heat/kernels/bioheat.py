"""Loops of the heat equation on a padded lattice; equations (H1) to (H9) of docs/theory/heat.md.

Arrays are float32 with a rim of one voxel, so that every voxel inside has six neighbours. Each loop works on a box
``k0:k1, j0:j1, i0:i1`` of indices into the padded arrays. Inner loops run over slices counted from 0: the
compiler then sees no index that might be negative, and vectorises. The linear stage runs over stretches of memory from
the first to the last voxel of a plane's window: that goes through the ends of rows beyond it, which costs less than
starting a loop at each row; voxels of the rim have no heat capacity to change (``per_c`` is 0) and stay at 0.
"""

import numpy as np
from numba import njit

FAST = {"contract", "nsz", "arcp", "afn", "nnan", "ninf"}
_f4 = np.float32


CHUNK = 1024
"""Voxels of one inner loop: long enough that the slices before it cost nothing, short enough to stay in cache."""


@njit(cache=True, nogil=True, fastmath=FAST)
def linear_stage(k0, k1, j0, j1, i0, i1, now, oldest, gx, gy, gz, take, give, per_c, mu, nu, mu_step):  # type: ignore[no-untyped-def]
    """One stage of super-time-stepping without change of phase (H5): writes the new stage over ``oldest``."""
    nj, ni = now.shape[1], now.shape[2]
    row, plane = ni, nj * ni
    now_ = now.reshape(now.size)
    oldest_ = oldest.reshape(oldest.size)
    gx_ = gx.reshape(gx.size)
    gy_ = gy.reshape(gy.size)
    gz_ = gz.reshape(gz.size)
    take_ = take.reshape(take.size)
    give_ = give.reshape(give.size)
    per_c_ = per_c.reshape(per_c.size)
    for k in range(k0, k1):
        first = (k * nj + j0) * ni + i0
        last = (k * nj + j1 - 1) * ni + i1
        for start in range(first, last, CHUNK):
            n = min(CHUNK, last - start)
            t = now_[start : start + n]
            west, east = now_[start - 1 : start - 1 + n], now_[start + 1 : start + 1 + n]
            south, north = now_[start - row : start - row + n], now_[start + row : start + row + n]
            down, up = now_[start - plane : start - plane + n], now_[start + plane : start + plane + n]
            gw, ge = gx_[start - 1 : start - 1 + n], gx_[start : start + n]
            gs, gn = gy_[start - row : start - row + n], gy_[start : start + n]
            gd, gu = gz_[start - plane : start - plane + n], gz_[start : start + n]
            w, q, c, out = (
                take_[start : start + n],
                give_[start : start + n],
                per_c_[start : start + n],
                oldest_[start : start + n],
            )
            for i in range(n):
                flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
                flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
                flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
                rate = c[i] * (flow + q[i] - w[i] * t[i])
                out[i] = mu * t[i] + nu * out[i] + mu_step * rate


@njit(cache=True, nogil=True, fastmath=FAST)
def phase_stage(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, now, oldest, theta, theta_new, gx, gy, gz, take, give, per_c, water, physics, mu, nu,
    mu_step,
):  # fmt: skip
    """One stage with boiling and freezing (H6): ``now`` and ``oldest`` hold u, ``theta`` the temperature."""
    n = i1 - i0
    melt, freeze, boil, dry = physics[0], physics[1], physics[2], physics[3]
    ice_latent, ice_drop, steam_latent, steam_drop = physics[4], physics[5], physics[6], physics[7]
    for k in range(k0, k1):
        for j in range(j0, j1):
            t, u = theta[k, j, i0:i1], now[k, j, i0:i1]
            west, east = theta[k, j, i0 - 1 : i1 - 1], theta[k, j, i0 + 1 : i1 + 1]
            south, north = theta[k, j - 1, i0:i1], theta[k, j + 1, i0:i1]
            down, up = theta[k - 1, j, i0:i1], theta[k + 1, j, i0:i1]
            gw, ge = gx[k, j, i0 - 1 : i1 - 1], gx[k, j, i0:i1]
            gs, gn = gy[k, j - 1, i0:i1], gy[k, j, i0:i1]
            gd, gu = gz[k - 1, j, i0:i1], gz[k, j, i0:i1]
            w, q, c, wet = take[k, j, i0:i1], give[k, j, i0:i1], per_c[k, j, i0:i1], water[k, j, i0:i1]
            out, out_theta = oldest[k, j, i0:i1], theta_new[k, j, i0:i1]
            for i in range(n):
                flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
                flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
                flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
                rate = c[i] * (flow + q[i] - w[i] * t[i])
                out[i] = mu * u[i] + nu * out[i] + mu_step * rate
            beyond = _f4(0.0)
            for i in range(n):
                out_theta[i] = out[i]
                beyond = max(beyond, out[i] - boil, melt - out[i])
            if beyond <= _f4(0.0):  # no water boils or freezes in this row
                continue
            for i in range(n):
                new, kelvin = out[i], wet[i] * c[i]
                boiling = (dry - boil) + steam_latent * kelvin
                freezing = (melt - freeze) * (_f4(1.0) - _f4(0.5) * ice_drop * kelvin) + ice_latent * kelvin
                warm = min(max(new, melt), boil)
                steam = min(max(new - boil, _f4(0.0)), boiling)
                hot = max(new - boil - boiling, _f4(0.0))
                ice = min(max(melt - new, _f4(0.0)), freezing)
                cold = max(melt - new - freezing, _f4(0.0))
                value = warm + steam * (dry - boil) / boiling + hot / (_f4(1.0) - steam_drop * kelvin)
                value = value - ice * (melt - freeze) / freezing - cold / (_f4(1.0) - ice_drop * kelvin)
                out_theta[i] = value


@njit(cache=True, nogil=True)
def temperature_of(k0, k1, j0, j1, i0, i1, u, theta, per_c, water, physics):  # type: ignore[no-untyped-def]
    """Fill in the temperature that belongs to the reduced enthalpy (H6)."""
    melt, freeze, boil, dry = physics[0], physics[1], physics[2], physics[3]
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                kelvin = water[k, j, i] * per_c[k, j, i]
                boiling = (dry - boil) + physics[6] * kelvin
                freezing = (melt - freeze) * (1.0 - 0.5 * physics[5] * kelvin) + physics[4] * kelvin
                new = u[k, j, i]
                value = min(max(new, melt), boil) + min(max(new - boil, 0.0), boiling) * (dry - boil) / boiling
                value += max(new - boil - boiling, 0.0) / (1.0 - physics[7] * kelvin)
                value -= min(max(melt - new, 0.0), freezing) * (melt - freeze) / freezing
                value -= max(melt - new - freezing, 0.0) / (1.0 - physics[5] * kelvin)
                theta[k, j, i] = value


@njit(cache=True, nogil=True)
def conductivity_of(k0, k1, j0, j1, i0, i1, theta, labels, warm_k, slope_k, frozen_k, physics, k_field):  # type: ignore[no-untyped-def]
    """Fill in the thermal conductivity of each voxel (H3)."""
    melt, freeze, dry = physics[0], physics[1], physics[3]
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                label = labels[k, j, i]
                t = theta[k, j, i]
                value = warm_k[label] + slope_k[label] * min(max(t, melt), dry)
                ice = min(max((melt - t) / (melt - freeze), 0.0), 1.0)
                k_field[k, j, i] = value + ice * (frozen_k[label] - value)


@njit(cache=True, nogil=True, fastmath=FAST)
def faces_of(k0, k1, j0, j1, i0, i1, k_field, per_x2, per_y2, per_z2, gx, gy, gz):  # type: ignore[no-untyped-def]
    """Fill in the conductance of the faces towards larger indices: harmonic means, so that flux is conserved (H2)."""
    n = i1 - i0
    tiny = _f4(1e-20)
    for k in range(k0, k1):
        for j in range(j0, j1):
            own, east = k_field[k, j, i0:i1], k_field[k, j, i0 + 1 : i1 + 1]
            north, up = k_field[k, j + 1, i0:i1], k_field[k + 1, j, i0:i1]
            x, y, z = gx[k, j, i0:i1], gy[k, j, i0:i1], gz[k, j, i0:i1]
            for i in range(n):
                a = _f4(2.0) * own[i]
                x[i] = per_x2 * a * east[i] / (own[i] + east[i] + tiny)
                y[i] = per_y2 * a * north[i] / (own[i] + north[i] + tiny)
                z[i] = per_z2 * a * up[i] / (own[i] + up[i] + tiny)


@njit(cache=True, nogil=True)
def _conductivity_at(t, warm, slope, frozen, physics):  # type: ignore[no-untyped-def]
    melt, freeze = physics[0], physics[1]
    value = warm + slope * min(max(t, melt), physics[3])
    return value + min(max((melt - t) / (melt - freeze), 0.0), 1.0) * (frozen - value)


@njit(cache=True, nogil=True)
def freezing_faces_of(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, theta, labels, warm_k, slope_k, frozen_k, physics, per_x2, per_y2, per_z2, gx, gy, gz
):  # fmt: skip
    """Fill in the faces where ice may be: both sides conduct as they do at the temperature of the face (H3).

    A voxel that is freezing then conducts as ice towards the ice and as water away from it, and the front runs at the
    right speed.
    """
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                own, t = labels[k, j, i], theta[k, j, i]
                for axis in range(3):
                    kk, jj, ii = k + (axis == 2), j + (axis == 1), i + (axis == 0)
                    other = labels[kk, jj, ii]
                    middle = 0.5 * (t + theta[kk, jj, ii])
                    a = _conductivity_at(middle, warm_k[own], slope_k[own], frozen_k[own], physics)
                    b = _conductivity_at(middle, warm_k[other], slope_k[other], frozen_k[other], physics)
                    mean = 2.0 * a * b / (a + b + 1e-20)
                    if axis == 0:
                        gx[k, j, i] = per_x2 * mean
                    elif axis == 1:
                        gy[k, j, i] = per_y2 * mean
                    else:
                        gz[k, j, i] = per_z2 * mean


@njit(cache=True, nogil=True)
def fastest_rate(k0, k1, j0, j1, i0, i1, theta, gx, gy, gz, take, per_c, water, physics):  # type: ignore[no-untyped-def]
    """Return a bound of the largest eigenvalue of the operator (H7)."""
    most = 0.0
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                g = gx[k, j, i - 1] + gx[k, j, i] + gy[k, j - 1, i] + gy[k, j, i] + gz[k - 1, j, i] + gz[k, j, i]
                kelvin = water[k, j, i] * per_c[k, j, i]
                slope = 1.0
                if theta[k, j, i] > physics[3] - 0.01:
                    slope = 1.0 / (1.0 - physics[7] * kelvin)
                elif theta[k, j, i] < physics[0]:
                    slope = 1.0 / (1.0 - physics[5] * kelvin)
                most = max(most, slope * per_c[k, j, i] * (2.0 * g + take[k, j, i]))
    return most


@njit(cache=True, nogil=True)
def rim_excess(k0, k1, j0, j1, i0, i1, theta, faces):  # type: ignore[no-untyped-def]
    """Fill in the largest departure from body temperature in the outermost layer on each of the six sides of a box."""
    for side in range(6):
        faces[side] = 0.0
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                if k0 < k < k1 - 1 and j0 < j < j1 - 1 and i0 < i < i1 - 1:
                    continue
                t = abs(theta[k, j, i])
                if k == k0:
                    faces[0] = max(faces[0], t)
                if k == k1 - 1:
                    faces[1] = max(faces[1], t)
                if j == j0:
                    faces[2] = max(faces[2], t)
                if j == j1 - 1:
                    faces[3] = max(faces[3], t)
                if i == i0:
                    faces[4] = max(faces[4], t)
                if i == i1 - 1:
                    faces[5] = max(faces[5], t)


@njit(cache=True, nogil=True)
def explicit_step(shape, theta, gx, gy, gz, take, give, per_c, step_s, out):  # type: ignore[no-untyped-def]
    """One forward Euler step in double precision over the whole lattice: the plain twin of the fast loops (H5)."""
    for k in range(1, shape[0] + 1):
        for j in range(1, shape[1] + 1):
            for i in range(1, shape[2] + 1):
                t = theta[k, j, i]
                flow = gx[k, j, i - 1] * (theta[k, j, i - 1] - t) + gx[k, j, i] * (theta[k, j, i + 1] - t)
                flow += gy[k, j - 1, i] * (theta[k, j - 1, i] - t) + gy[k, j, i] * (theta[k, j + 1, i] - t)
                flow += gz[k - 1, j, i] * (theta[k - 1, j, i] - t) + gz[k, j, i] * (theta[k + 1, j, i] - t)
                out[k, j, i] = t + step_s * per_c[k, j, i] * (flow + give[k, j, i] - take[k, j, i] * t)

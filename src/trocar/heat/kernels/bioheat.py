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


CHUNK = 2048
"""Voxels of one inner loop: long enough that the slices before it cost nothing, short enough to stay in cache."""


@njit(cache=True, nogil=True, fastmath=FAST)
def _linear_plane(k, j0, j1, i0, i1, row, plane, now, oldest, gx, gy, gz, take, give, per_c, mu, nu, mu_step):  # type: ignore[no-untyped-def]
    """One plane of a stage as if nothing boiled or froze; the arrays are flat."""
    first, last = k * plane + j0 * row + i0, k * plane + (j1 - 1) * row + i1
    for start in range(first, last, CHUNK):
        n = min(CHUNK, last - start)
        t = now[start : start + n]
        west, east = now[start - 1 : start - 1 + n], now[start + 1 : start + 1 + n]
        south, north = now[start - row : start - row + n], now[start + row : start + row + n]
        down, up = now[start - plane : start - plane + n], now[start + plane : start + plane + n]
        gw, ge = gx[start - 1 : start - 1 + n], gx[start : start + n]
        gs, gn = gy[start - row : start - row + n], gy[start : start + n]
        gd, gu = gz[start - plane : start - plane + n], gz[start : start + n]
        w, q, c = take[start : start + n], give[start : start + n], per_c[start : start + n]
        out = oldest[start : start + n]
        for i in range(n):
            flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
            flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
            flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
            rate = c[i] * (flow + q[i] - w[i] * t[i])
            out[i] = mu * t[i] + nu * out[i] + mu_step * rate


@njit(cache=True, nogil=True)
def temperature_at(u, kelvin, physics):  # type: ignore[no-untyped-def]
    """Return the temperature that belongs to a reduced enthalpy (H6); ``kelvin`` is water over heat capacity."""
    melt, freeze, boil, dry = physics[0], physics[1], physics[2], physics[3]
    boiling = (dry - boil) + physics[6] * kelvin
    freezing = (melt - freeze) * (_f4(1.0) - _f4(0.5) * physics[5] * kelvin) + physics[4] * kelvin
    value = min(max(u, melt), boil) + min(max(u - boil, _f4(0.0)), boiling) * (dry - boil) / boiling
    value += max(u - boil - boiling, _f4(0.0)) / (_f4(1.0) - physics[7] * kelvin)
    value -= min(max(melt - u, _f4(0.0)), freezing) * (melt - freeze) / freezing
    return value - max(melt - u - freezing, _f4(0.0)) / (_f4(1.0) - physics[5] * kelvin)


@njit(cache=True, nogil=True, fastmath=FAST)
def _phase_plane(k, phases, was, now, theta, oldest, gx, gy, gz, take, give, per_c, mu, nu, mu_step):  # type: ignore[no-untyped-def]
    """Do the part of a plane again in which water boils or freezes: ``was`` holds what the linear loop wrote over."""
    j0, j1, i0, i1 = phases[2], phases[3], phases[4], phases[5]
    for j in range(j0, j1):
        t, u = theta[k, j, i0:i1], now[k, j, i0:i1]
        west, east = theta[k, j, i0 - 1 : i1 - 1], theta[k, j, i0 + 1 : i1 + 1]
        south, north = theta[k, j - 1, i0:i1], theta[k, j + 1, i0:i1]
        down, up = theta[k - 1, j, i0:i1], theta[k + 1, j, i0:i1]
        gw, ge = gx[k, j, i0 - 1 : i1 - 1], gx[k, j, i0:i1]
        gs, gn = gy[k, j - 1, i0:i1], gy[k, j, i0:i1]
        gd, gu = gz[k - 1, j, i0:i1], gz[k, j, i0:i1]
        w, q, c = take[k, j, i0:i1], give[k, j, i0:i1], per_c[k, j, i0:i1]
        before, out = was[j - j0], oldest[k, j, i0:i1]
        for i in range(i1 - i0):
            flow = gw[i] * (west[i] - t[i]) + ge[i] * (east[i] - t[i])
            flow += gs[i] * (south[i] - t[i]) + gn[i] * (north[i] - t[i])
            flow += gd[i] * (down[i] - t[i]) + gu[i] * (up[i] - t[i])
            rate = c[i] * (flow + q[i] - w[i] * t[i])
            out[i] = mu * u[i] + nu * before[i] + mu_step * rate


@njit(cache=True, nogil=True)
def fill_temperature(k0, k1, j0, j1, i0, i1, phases, u, theta, per_c, water, physics):  # type: ignore[no-untyped-def]
    """Fill in temperatures: by (H6) where water may boil or freeze (the box ``phases``), elsewhere the enthalpy's."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            theta[k, j, i0:i1] = u[k, j, i0:i1]
            if not (phases[0] <= k < phases[1] and phases[2] <= j < phases[3]):
                continue
            for i in range(max(i0, phases[4]), min(i1, phases[5])):
                if u[k, j, i] > physics[2] or u[k, j, i] < physics[0]:
                    theta[k, j, i] = temperature_at(u[k, j, i], water[k, j, i] * per_c[k, j, i], physics)


@njit(cache=True, nogil=True, fastmath=FAST)
def march(  # type: ignore[no-untyped-def]
    low, low_slope, high, high_slope, j0, j1, i0, i1, first, second, theta_first, theta_second, phases, gx, gy, gz,
    take, give, per_c, water, physics, weights,
):  # fmt: skip
    """All stages of a step (H5), plane after plane: stage m follows one plane behind stage m - 1.

    The planes that a stage needs are then still in the cache. Stage m works on the planes ``low + m low_slope`` to
    ``high + m high_slope``, so that threads can share the lattice: each does a part that shrinks from stage to stage,
    and then the gaps between the parts, which grow. ``phases`` is the box in which temperature differs from enthalpy.
    """
    nj, ni = first.shape[1], first.shape[2]
    size, stages = first.size, weights.shape[0]
    flat = (first.reshape(size), second.reshape(size))
    gx_, gy_, gz_ = gx.reshape(size), gy.reshape(size), gz.reshape(size)
    take_, give_, per_c_ = take.reshape(size), give.reshape(size), per_c.reshape(size)
    has_phases = phases[1] > phases[0]
    was = np.empty((max(phases[3] - phases[2], 1), max(phases[5] - phases[4], 1)), np.float32)
    begin = min(low, low + (stages - 1) * low_slope)
    end = max(high, high + (stages - 1) * high_slope)
    for front in range(begin, end + stages - 1):
        for m in range(stages):
            k = front - m
            if k < low + m * low_slope or k >= high + m * high_slope:
                continue
            mu, nu, mu_step = weights[m, 0], weights[m, 1], weights[m, 2]
            if m % 2 == 0:
                now, oldest, theta, theta_new, now_, oldest_ = (
                    first,
                    second,
                    theta_first,
                    theta_second,
                    flat[0],
                    flat[1],
                )
            else:
                now, oldest, theta, theta_new, now_, oldest_ = (
                    second,
                    first,
                    theta_second,
                    theta_first,
                    flat[1],
                    flat[0],
                )
            boils = has_phases and phases[0] <= k < phases[1]
            if boils:
                was[:, :] = oldest[k, phases[2] : phases[3], phases[4] : phases[5]]
            _linear_plane(
                k, j0, j1, i0, i1, ni, nj * ni, now_, oldest_, gx_, gy_, gz_, take_, give_, per_c_, mu, nu, mu_step
            )  # fmt: skip
            if boils:
                _phase_plane(k, phases, was, now, theta, oldest, gx, gy, gz, take, give, per_c, mu, nu, mu_step)
            if has_phases and phases[0] - 1 <= k < phases[1] + 1:
                fill_temperature(
                    k, k + 1, phases[2] - 1, phases[3] + 1, phases[4] - 1, phases[5] + 1, phases, oldest, theta_new,
                    per_c, water, physics,
                )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=FAST)
def phase_bounds(k0, k1, j0, j1, i0, i1, u, cold, hot):  # type: ignore[no-untyped-def]
    """Return the box around the voxels whose enthalpy is under ``cold`` or over ``hot``; empty where none is."""
    box = (k1, k0, j1, j0, i1, i0)
    for k in range(k0, k1):
        for j in range(j0, j1):
            row = u[k, j, i0:i1]
            found = np.int32(0)  # a count vectorises, the largest of a row does not
            for i in range(i1 - i0):
                found += np.int32((row[i] > hot) | (row[i] < cold))
            if found == 0:
                continue
            left, right = i1, i0
            for i in range(i0, i1):
                if u[k, j, i] > hot or u[k, j, i] < cold:
                    left, right = min(left, i), i + 1
            box = (
                min(box[0], k), max(box[1], k + 1), min(box[2], j), max(box[3], j + 1), min(box[4], left),
                max(box[5], right),
            )  # fmt: skip
    return box


@njit(cache=True, nogil=True)
def conductivity_of(k0, k1, j0, j1, i0, i1, theta, labels, warm_k, slope_k, physics, least, k_field, active):  # type: ignore[no-untyped-def]
    """Fill in the thermal conductivity of unfrozen voxels (H3), but not in rows that are as warm as the body."""
    melt, dry = physics[0], physics[3]
    for k in range(k0, k1):
        for j in range(j0, j1):
            row = theta[k, j, i0:i1]
            found = np.int32(0)
            for i in range(i1 - i0):
                found += np.int32(abs(row[i]) > least)
            active[k, j] = found > 0
            if found == 0:
                continue
            for i in range(i0, i1):
                label = labels[k, j, i]
                k_field[k, j, i] = warm_k[label] + slope_k[label] * min(max(theta[k, j, i], melt), dry)


@njit(cache=True, nogil=True, fastmath=FAST)
def faces_of(k0, k1, j0, j1, i0, i1, k_field, active, per_x2, per_y2, per_z2, gx, gy, gz):  # type: ignore[no-untyped-def]
    """Fill in the conductance of the faces towards larger indices: harmonic means, so that flux is conserved (H2)."""
    n = i1 - i0
    tiny = _f4(1e-20)
    for k in range(k0, k1):
        for j in range(j0, j1):
            if not (active[k, j] or active[k, j + 1] or active[k + 1, j]):
                continue
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


@njit(cache=True, nogil=True, fastmath=FAST)
def fastest_rate(k0, k1, j0, j1, i0, i1, gx, gy, gz, take, per_c):  # type: ignore[no-untyped-def]
    """Return a bound of the largest eigenvalue of the operator without change of phase (H7)."""
    most = _f4(0.0)
    for k in range(k0, k1):
        for j in range(j0, j1):
            gw, ge = gx[k, j, i0 - 1 : i1 - 1], gx[k, j, i0:i1]
            gs, gn = gy[k, j - 1, i0:i1], gy[k, j, i0:i1]
            gd, gu = gz[k - 1, j, i0:i1], gz[k, j, i0:i1]
            w, c = take[k, j, i0:i1], per_c[k, j, i0:i1]
            for i in range(i1 - i0):
                rate = c[i] * (_f4(2.0) * (gw[i] + ge[i] + gs[i] + gn[i] + gd[i] + gu[i]) + w[i])
                most = max(most, rate)
    return most


@njit(cache=True, nogil=True)
def fastest_phase_rate(k0, k1, j0, j1, i0, i1, theta, gx, gy, gz, take, per_c, water, physics):  # type: ignore[no-untyped-def]
    """Return the same bound where tissue is dry or frozen and its heat capacity smaller (H7)."""
    most = 0.0
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                kelvin = water[k, j, i] * per_c[k, j, i]
                slope = 1.0
                if theta[k, j, i] > physics[3] - 0.01:
                    slope = 1.0 / (1.0 - physics[7] * kelvin)
                elif theta[k, j, i] < physics[0]:
                    slope = 1.0 / (1.0 - physics[5] * kelvin)
                g = gx[k, j, i - 1] + gx[k, j, i] + gy[k, j - 1, i] + gy[k, j, i] + gz[k - 1, j, i] + gz[k, j, i]
                most = max(most, slope * per_c[k, j, i] * (2.0 * g + take[k, j, i]))
    return most


@njit(cache=True, nogil=True)
def lay_heat(k0, k1, j0, j1, i0, i1, heat, factor, adds, give):  # type: ignore[no-untyped-def]
    """Write, or add, the heat of a source: ``heat`` lies on the grid without rim."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            row, out = heat[k - 1, j - 1, i0 - 1 : i1 - 1], give[k, j, i0:i1]
            if adds:
                for i in range(i1 - i0):
                    out[i] += factor * row[i]
            else:
                for i in range(i1 - i0):
                    out[i] = factor * row[i]


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

"""Loops over the death of tissue; equations (D1) to (D4) of docs/theory/heat.md.

The rates are looked up in a table over temperature, three numbers a row side by side, linear between its rows.
"""

import numpy as np
from numba import njit

FAST = {"contract", "nsz", "arcp", "afn", "nnan", "ninf"}
FIRST_C, PER_C, LAST_C = 37.0, 20.0, 137.0
"""Where the table of rates starts, rows a kelvin, where it ends: above, all models kill within a second."""


NEVER, BY_OMEGA, BY_VIABILITY, BY_HIGHEST, BY_VIABILITY_OR_HIGHEST = range(5)
"""What stops the flow of blood."""
STEADY_K = np.float32(2.0)
"""Change over a step under which the rate in the middle of it is taken, over it Simpson's mean."""
LONG_DEAD_OMEGA, LONG_DEAD_MINUTES = np.float32(1e5), np.float32(2.5e7)
"""So far beyond any lethal damage that a voxel without viable cells is no longer followed."""


@njit(cache=True, nogil=True, fastmath=FAST)
def note_extremes(k0, k1, j0, j1, i0, i1, before, after, highest, lowest, warm_rows):  # type: ignore[no-untyped-def]
    """Keep the highest and lowest temperature of each voxel, and tell which rows differ from body temperature."""
    n = i1 - i0
    for k in range(k0, k1):
        for j in range(j0, j1):
            a, b, high, low = before[k, j, i0:i1], after[k, j, i0:i1], highest[k, j, i0:i1], lowest[k, j, i0:i1]
            found = np.int32(0)  # a count vectorises, the largest of a row does not
            for i in range(n):
                high[i] = max(high[i], b[i])
                low[i] = min(low[i], b[i])
                warm = (a[i] >= np.float32(1.0)) | (b[i] >= np.float32(1.0))
                found += np.int32(warm | (b[i] < np.float32(-1.0)))
            warm_rows[k, j] = found > 0


@njit(cache=True, nogil=True)
def _rates(t, table):  # type: ignore[no-untyped-def]
    place = min(max(t * np.float32(PER_C), np.float32(0.0)), np.float32(table.shape[0] - 2))
    row = int(place)
    share = place - np.float32(row)
    return (
        table[row, 0] + share * (table[row + 1, 0] - table[row, 0]),
        table[row, 1] + share * (table[row + 1, 1] - table[row, 1]),
        table[row, 2] + share * (table[row + 1, 2] - table[row, 2]),
    )


@njit(cache=True, nogil=True)
def _mean_rates(a, b, table):  # type: ignore[no-untyped-def]
    """Return the rates of the three models averaged over a step in which the temperature goes from a to b."""
    middle = _rates(np.float32(0.5) * (a + b), table)
    if abs(b - a) < STEADY_K:
        return middle
    first, last = _rates(a, table), _rates(b, table)
    sixth, four = np.float32(1.0 / 6.0), np.float32(4.0)
    return (
        sixth * (first[0] + four * middle[0] + last[0]),
        sixth * (first[1] + four * middle[1] + last[1]),
        sixth * (first[2] + four * middle[2] + last[2]),
    )


@njit(cache=True, nogil=True)
def accumulate(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, before, after, warm_rows, step_s, table, kb, omega, cem, alive, vulnerable
):  # fmt: skip
    """Add one step of time, over which the temperature goes linearly from ``before`` to ``after``, to all models."""
    one, half = np.float32(1.0), np.float32(0.5) * step_s
    for k in range(k0, k1):
        for j in range(j0, j1):
            if not warm_rows[k, j]:
                continue
            for i in range(i0, i1):
                a, b = before[k, j, i], after[k, j, i]
                A, V = alive[k, j, i], vulnerable[k, j, i]
                if a < 1.0 and b < 1.0 and A > 0.98:
                    continue
                if omega[k, j, i] > LONG_DEAD_OMEGA and cem[k, j, i] > LONG_DEAD_MINUTES and A + V < 1e-3:
                    continue
                whitening, dose, kf = _mean_rates(a, b, table)
                omega[k, j, i] += step_s * whitening
                cem[k, j, i] += step_s * dose
                f = kf * (one - A)
                mid_A = (A + half * kb * V) / (one + half * f)
                mid_V = (V + half * f * mid_A) / (one + half * (f + kb))
                f = kf * (one - mid_A)
                alive[k, j, i] = min(max(A + step_s * (kb * mid_V - f * mid_A), np.float32(0.0)), one)
                vulnerable[k, j, i] = max(V + step_s * (f * mid_A - (kb + f) * mid_V), np.float32(0.0))


@njit(cache=True, nogil=True)
def stop_perfusion(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, kind, limit, hot, omega, alive, vulnerable, highest, warm_rows, theta, melt, flowing, take
):  # fmt: skip
    """Set the flow of blood to 0 where a measure has passed its limit or the tissue froze (H9)."""
    for k in range(k0, k1):
        for j in range(j0, j1):
            if not warm_rows[k, j]:
                continue
            for i in range(i0, i1):
                if flowing[k, j, i] > 0.0:
                    past = theta[k, j, i] < melt
                    if kind == BY_OMEGA:
                        past |= omega[k, j, i] >= limit
                    if kind in (BY_VIABILITY, BY_VIABILITY_OR_HIGHEST):
                        past |= alive[k, j, i] + vulnerable[k, j, i] < limit
                    if kind in (BY_HIGHEST, BY_VIABILITY_OR_HIGHEST):
                        past |= highest[k, j, i] >= hot
                    if past:
                        take[k, j, i] -= flowing[k, j, i]
                        flowing[k, j, i] = 0.0

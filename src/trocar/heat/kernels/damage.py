"""Loops over the death of tissue; equations (D1) to (D4) of docs/theory/heat.md.

The rates are looked up in a table over temperature, three numbers a row side by side, linear between its rows.
"""

import numpy as np
from numba import njit

FIRST_C, PER_C, LAST_C = 37.0, 20.0, 137.0
"""Where the table of rates starts, rows a kelvin, where it ends: above, all models kill within a second."""


@njit(cache=True, nogil=True)
def accumulate(  # type: ignore[no-untyped-def]
    k0, k1, j0, j1, i0, i1, before, after, step_s, table, kb, omega, cem, alive, vulnerable, highest, lowest
):  # fmt: skip
    """Add one step of time, over which the temperature goes linearly from ``before`` to ``after``, to all models."""
    last = table.shape[0] - 2
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                a, b = before[k, j, i], after[k, j, i]
                highest[k, j, i] = max(highest[k, j, i], b)
                lowest[k, j, i] = min(lowest[k, j, i], b)
                if a < 1.0 and b < 1.0 and alive[k, j, i] > 0.98:
                    continue
                whitening = np.float32(0.0)
                dose = np.float32(0.0)
                kf = np.float32(0.0)
                for corner in range(3):
                    t = a if corner == 0 else (b if corner == 2 else np.float32(0.5) * (a + b))
                    weight = np.float32(4.0 if corner == 1 else 1.0) / np.float32(6.0)
                    place = min(max(t * np.float32(PER_C), np.float32(0.0)), np.float32(last))
                    row = int(place)
                    share = place - np.float32(row)
                    whitening += weight * (table[row, 0] + share * (table[row + 1, 0] - table[row, 0]))
                    dose += weight * (table[row, 1] + share * (table[row + 1, 1] - table[row, 1]))
                    kf += weight * (table[row, 2] + share * (table[row + 1, 2] - table[row, 2]))
                omega[k, j, i] += step_s * whitening
                cem[k, j, i] += step_s * dose
                A, V = alive[k, j, i], vulnerable[k, j, i]
                half = np.float32(0.5) * step_s
                f = kf * (np.float32(1.0) - A)
                mid_A = (A + half * kb * V) / (np.float32(1.0) + half * f)
                mid_V = (V + half * f * mid_A) / (np.float32(1.0) + half * (f + kb))
                f = kf * (np.float32(1.0) - mid_A)
                alive[k, j, i] = min(max(A + step_s * (kb * mid_V - f * mid_A), np.float32(0.0)), np.float32(1.0))
                vulnerable[k, j, i] = max(V + step_s * (f * mid_A - (kb + f) * mid_V), np.float32(0.0))


@njit(cache=True, nogil=True)
def stop_perfusion(k0, k1, j0, j1, i0, i1, measure, limit, stops_below, theta, melt, flowing):  # type: ignore[no-untyped-def]
    """Set the flow of blood to 0 where a measure has passed its limit or the tissue froze; count the newly stopped."""
    stopped = 0
    for k in range(k0, k1):
        for j in range(j0, j1):
            for i in range(i0, i1):
                if flowing[k, j, i] > 0.0:
                    value = measure[k, j, i]
                    past = value < limit if stops_below else value >= limit
                    if past or theta[k, j, i] < melt:
                        flowing[k, j, i] = 0.0
                        stopped += 1
    return stopped

"""The needle part of the Lagrangian bound: seeds of every needle by dynamic programming, exact and smoothed."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def cheapest_needles(score, by_needle, first_on_needle, before, needle_cost):  # type: ignore[no-untyped-def]
    """Return the least total of scores, each needle's seeds at least a pitch apart and its cost paid when used.

    ``before[k]`` is the place in ``by_needle`` of the last candidate that may stand before the k-th, or less than the
    needle's first.
    """
    best = np.zeros(by_needle.shape[0] + 1)
    total = 0.0
    for n in range(needle_cost.shape[0]):
        start, stop = first_on_needle[n], first_on_needle[n + 1]
        best[start] = 0.0
        for k in range(start, stop):
            rest = best[before[k] + 1] if before[k] >= start else 0.0
            best[k + 1] = min(best[k], score[by_needle[k]] + rest)
        if stop > start:
            total += min(0.0, best[stop] + needle_cost[n])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _soft_least(a, b, heat):  # type: ignore[no-untyped-def]
    low = min(a, b)
    return low - heat * np.log1p(np.exp((low - max(a, b)) / heat))


@njit(cache=True, nogil=True, error_model="numpy")
def soft_needles(score, by_needle, first_on_needle, before, needle_cost, heat, share):  # type: ignore[no-untyped-def]
    """Return `cheapest_needles` with every minimum softened, and fill ``share`` with its slope in each score.

    The softened minimum of a and b is -heat log(exp(-a/heat) + exp(-b/heat)); the slopes are the probabilities of a
    seed at each candidate in the corresponding Gibbs distribution, by a backward pass.
    """
    soft = np.zeros(by_needle.shape[0] + 1)
    pull = np.zeros(by_needle.shape[0] + 1)
    total = 0.0
    for n in range(needle_cost.shape[0]):
        start, stop = first_on_needle[n], first_on_needle[n + 1]
        if stop == start:
            continue
        soft[start] = 0.0
        for k in range(start, stop):
            rest = soft[before[k] + 1] if before[k] >= start else 0.0
            soft[k + 1] = _soft_least(soft[k], score[by_needle[k]] + rest, heat)
        value = _soft_least(0.0, soft[stop] + needle_cost[n], heat)
        total += value
        pull[start : stop + 1] = 0.0
        pull[stop] = np.exp((value - soft[stop] - needle_cost[n]) / heat)
        for k in range(stop - 1, start - 1, -1):
            rest = soft[before[k] + 1] if before[k] >= start else 0.0
            taken = pull[k + 1] * np.exp((soft[k + 1] - score[by_needle[k]] - rest) / heat)
            share[by_needle[k]] = taken
            pull[k] += pull[k + 1] - taken
            if before[k] >= start:
                pull[before[k] + 1] += taken
    return total

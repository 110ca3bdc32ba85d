"""What a change of seeds does to the dose: one fused pass over the columns, all demands as counts.

Plain loops over slices that start at 0, float32 throughout: that is what the compiler turns into vector
instructions. Tables are few and two-dimensional because every array handed to a compiled function costs a reference
count. `docs/theory/inverse_planning.md` derives what is counted.

The loops are laid into whatever calls them. Called by name there would be two of them, one compiled by itself and one
within its caller, that add in different orders; which of them is taken depends on whether the code comes from the
compiler or from its cache, and one seed of a search would stand for two plans.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

BLOCK = 2048
"""Points handled at a time: three such blocks lie in the first-level cache together."""

START, STOP, FIRST_TERM = 0, 1, 2
"""Columns of `TermTable.structures`."""
SIDE, SHIFT, HINGE, ALLOWANCE, NEED, NEED_COST, CAP, CAP_COST = 0, 1, 2, 3, 4, 5, 6, 7
"""Columns of `TermTable.costs`."""
PLUS, MINUS = 0, 1
"""Rows of a change: seeds put in, seeds taken out; its column 0 says how many, the candidates follow."""

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_ZERO = np.float32(0.0)
_NONE = np.int32(0)


class TermTable(NamedTuple):
    """The terms of an objective, laid out structure by structure; made by `trocar.optimise.tables.term_table`.

    ``structures`` has a row for each structure (first column, column after the last, first term) and one more that
    ends the last. ``levels`` has, for each term, the bounds between which doses are clipped before they are summed,
    and the threshold from which points are counted. ``costs`` says what the sums cost: the hinge of a term is
    side · (clipped sum) + shift, with the constants named above.
    """

    structures: np.ndarray
    levels: np.ndarray
    costs: np.ndarray


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _one(old, added, taken, levels, t, out):  # type: ignore[no-untyped-def]
    low_a, high_a, level_a = levels[t, 0], levels[t, 1], levels[t, 2]
    sum_a = _ZERO
    count_a = _NONE
    for k in range(old.shape[0]):
        value = old[k] + (added[k] - taken[k])
        sum_a += min(high_a, max(low_a, value))
        count_a = np.int32(count_a + np.int32(value >= level_a))
    out[t, 0] += sum_a
    out[t, 1] += count_a


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _two(old, added, taken, levels, t, out):  # type: ignore[no-untyped-def]
    low_a, high_a, level_a = levels[t, 0], levels[t, 1], levels[t, 2]
    low_b, high_b, level_b = levels[t + 1, 0], levels[t + 1, 1], levels[t + 1, 2]
    sum_a = sum_b = _ZERO
    count_a = count_b = _NONE
    for k in range(old.shape[0]):
        value = old[k] + (added[k] - taken[k])
        sum_a += min(high_a, max(low_a, value))
        count_a = np.int32(count_a + np.int32(value >= level_a))
        sum_b += min(high_b, max(low_b, value))
        count_b = np.int32(count_b + np.int32(value >= level_b))
    out[t, 0] += sum_a
    out[t, 1] += count_a
    out[t + 1, 0] += sum_b
    out[t + 1, 1] += count_b


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", forceinline=True)
def _three(old, added, taken, levels, t, out):  # type: ignore[no-untyped-def]
    low_a, high_a, level_a = levels[t, 0], levels[t, 1], levels[t, 2]
    low_b, high_b, level_b = levels[t + 1, 0], levels[t + 1, 1], levels[t + 1, 2]
    low_c, high_c, level_c = levels[t + 2, 0], levels[t + 2, 1], levels[t + 2, 2]
    sum_a = sum_b = sum_c = _ZERO
    count_a = count_b = count_c = _NONE
    for k in range(old.shape[0]):
        value = old[k] + (added[k] - taken[k])
        sum_a += min(high_a, max(low_a, value))
        count_a = np.int32(count_a + np.int32(value >= level_a))
        sum_b += min(high_b, max(low_b, value))
        count_b = np.int32(count_b + np.int32(value >= level_b))
        sum_c += min(high_c, max(low_c, value))
        count_c = np.int32(count_c + np.int32(value >= level_c))
    out[t, 0] += sum_a
    out[t, 1] += count_a
    out[t + 1, 0] += sum_b
    out[t + 1, 1] += count_b
    out[t + 2, 0] += sum_c
    out[t + 2, 1] += count_c


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_block(dose, matrix, change, start, size, block):  # type: ignore[no-untyped-def]
    """Write the dose of a block after a change of more than one seed each way."""
    old = dose[start : start + size]
    for k in range(size):
        block[k] = old[k]
    for row in range(change[PLUS, 0]):
        added = matrix[change[PLUS, 1 + row], start : start + size]
        for k in range(size):
            block[k] += added[k]
    for row in range(change[MINUS, 0]):
        taken = matrix[change[MINUS, 1 + row], start : start + size]
        for k in range(size):
            block[k] -= taken[k]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def count_after(dose, matrix, change, terms, scratch, sums):  # type: ignore[no-untyped-def]
    """Fill ``sums[t] = (sum of clipped doses, points at or above the threshold)`` for the dose after a change.

    ``scratch`` is two rows of `BLOCK` numbers; the second is 0 and stays so. For the usual change, one seed in, one
    out or both, the columns are read once, straight into the counting loops.
    """
    simple = change[PLUS, 0] <= 1 and change[MINUS, 0] <= 1
    for s in range(terms.structures.shape[0] - 1):
        first, last = terms.structures[s, FIRST_TERM], terms.structures[s + 1, FIRST_TERM]
        if first == last:
            continue
        sums[first:last] = 0.0
        for start in range(terms.structures[s, START], terms.structures[s, STOP], BLOCK):
            stop = min(start + BLOCK, terms.structures[s, STOP])
            old, added, taken = scratch[0, : stop - start], scratch[1, : stop - start], scratch[1, : stop - start]
            if simple:
                old = dose[start:stop]
                if change[PLUS, 0] == 1:
                    added = matrix[change[PLUS, 1], start:stop]
                if change[MINUS, 0] == 1:
                    taken = matrix[change[MINUS, 1], start:stop]
            else:
                _sum_block(dose, matrix, change, start, stop - start, old)
            for t in range(first, last, 3):
                if last - t == 1:
                    _one(old, added, taken, terms.levels, t, sums)
                elif last - t == 2:
                    _two(old, added, taken, terms.levels, t, sums)
                else:
                    _three(old, added, taken, terms.levels, t, sums)


@njit(cache=True, nogil=True, error_model="numpy")
def dose_cost(sums, terms):  # type: ignore[no-untyped-def]
    """Return the cost of the dose, and how many points miss a demand."""
    cost = 0.0
    missing = 0.0
    for t in range(sums.shape[0]):
        row = terms.costs[t]
        beyond = row[SIDE] * sums[t, 0] + row[SHIFT]
        short = max(0.0, row[NEED] - sums[t, 1]) if row[NEED_COST] > 0.0 else 0.0
        excess = max(0.0, sums[t, 1] - row[CAP]) if row[CAP_COST] > 0.0 else 0.0
        cost += row[HINGE] * max(0.0, beyond - row[ALLOWANCE]) + row[NEED_COST] * short + row[CAP_COST] * excess
        missing += short + excess
    return cost, missing


@njit(cache=True, nogil=True, error_model="numpy")
def move_dose(dose, matrix, change, terms):  # type: ignore[no-untyped-def]
    """Carry out a change on the dose, on the columns in use."""
    for s in range(terms.structures.shape[0] - 1):
        start, stop = terms.structures[s, START], terms.structures[s, STOP]
        _sum_block(dose, matrix, change, start, stop - start, dose[start:stop])


@njit(cache=True, nogil=True, error_model="numpy")
def sum_dose(dose, background, matrix, chosen, size, terms):  # type: ignore[no-untyped-def]
    """Sum the dose afresh, on the columns in use."""
    for s in range(terms.structures.shape[0] - 1):
        start, stop = terms.structures[s, START], terms.structures[s, STOP]
        part = dose[start:stop]
        part[:] = background[start:stop]
        for k in range(size):
            row = matrix[chosen[k], start:stop]
            for p in range(part.shape[0]):
                part[p] += row[p]

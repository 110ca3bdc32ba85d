"""What a change of seeds does to the dose: one fused pass over the columns, all demands as counts.

The pass itself is in `trocar.optimise.kernels.lines`; here is what it is led over. Slices start at 0 and all doses are
float32: that is what the compiler turns into vector instructions. Tables are few and two-dimensional because every
array handed to a compiled function costs a reference count. `docs/theory/inverse_planning.md` derives what is counted.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from trocar.optimise.kernels.lines import LANES, address, count_one, count_three, count_two

BLOCK = 1024
"""Points handled at a time, and fetched ahead: a page of the memory."""

START, STOP, FIRST_TERM = 0, 1, 2
"""Columns of `TermTable.structures`."""
SIDE, SHIFT, HINGE, ALLOWANCE, NEED, NEED_COST, CAP, CAP_COST = 0, 1, 2, 3, 4, 5, 6, 7
"""Columns of `TermTable.costs`."""
PLUS, MINUS = 0, 1
"""Rows of a change: seeds put in, seeds taken out; its column 0 says how many, the candidates follow."""


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


@njit(cache=True, nogil=True, error_model="numpy")
def _count_rest(dose, levels, first, last, sums):  # type: ignore[no-untyped-def]
    """Count the points of a structure that fill no line."""
    for t in range(first, last):
        for k in range(dose.shape[0]):
            sums[t, 0] += min(levels[t, 1], max(levels[t, 0], dose[k]))
            sums[t, 1] += dose[k] >= levels[t, 2]


@njit(cache=True, nogil=True, error_model="numpy")
def _column(count, candidate, matrix, scratch):  # type: ignore[no-untyped-def]
    """Return where the column of a change's only seed begins and what to go on by for each point; zeros without one."""
    if count == 1:
        return address(matrix, candidate, 0), matrix.itemsize
    return address(scratch, 1, 0), 0


@njit(cache=True, nogil=True, error_model="numpy")
def count_after(dose, matrix, change, terms, scratch, sums):  # type: ignore[no-untyped-def]
    """Fill ``sums[t] = (sum of clipped doses, points at or above the threshold)`` for the dose after a change.

    ``scratch`` is two rows of `BLOCK` numbers; the second is 0 and stays so. For the usual change, one seed in, one
    out or both, the columns are read once, straight into the counting, each block while the next one is fetched.
    """
    simple = change[PLUS, 0] <= 1 and change[MINUS, 0] <= 1
    plus, plus_step = _column(change[PLUS, 0] if simple else 0, change[PLUS, 1], matrix, scratch)
    minus, minus_step = _column(change[MINUS, 0] if simple else 0, change[MINUS, 1], matrix, scratch)
    sums[:] = 0.0
    for s in range(terms.structures.shape[0] - 1):
        first, last = terms.structures[s, FIRST_TERM], terms.structures[s + 1, FIRST_TERM]
        if first == last:
            continue
        begin, end = terms.structures[s, START], terms.structures[s, STOP]
        whole = begin + (end - begin) // LANES * LANES
        for start in range(begin, whole, BLOCK):
            stop = min(start + BLOCK, whole)
            after, limit = stop, whole
            if stop == whole:
                after, limit = terms.structures[s + 1, START], terms.structures[s + 1, STOP]
            lines, lines_next = (stop - start) // LANES, max(1, min(BLOCK, limit - after) // LANES)
            old = address(dose, 0, start)
            if not simple:
                _sum_block(dose, matrix, change, start, stop - start, scratch[0])
                old = address(scratch, 0, 0)
            added, added_next = plus + plus_step * start, plus + plus_step * after
            taken, taken_next = minus + minus_step * start, minus + minus_step * after
            for t in range(first, last, 3):
                if last - t == 1:
                    count_one(old, added, taken, lines, added_next, taken_next, lines_next, terms.levels, t, sums)
                elif last - t == 2:
                    count_two(old, added, taken, lines, added_next, taken_next, lines_next, terms.levels, t, sums)
                else:
                    count_three(old, added, taken, lines, added_next, taken_next, lines_next, terms.levels, t, sums)
        if whole < end:
            _sum_block(dose, matrix, change, whole, end - whole, scratch[0])
            _count_rest(scratch[0, : end - whole], terms.levels, first, last, sums)


@njit(cache=True, nogil=True, error_model="numpy")
def dose_cost(sums, terms):  # type: ignore[no-untyped-def]
    """Return the cost of the dose, and how many points miss a demand; a mean beyond its allowance counts as one."""
    cost = 0.0
    missing = 0.0
    for t in range(sums.shape[0]):
        row = terms.costs[t]
        beyond = row[SIDE] * sums[t, 0] + row[SHIFT]
        short = max(0.0, row[NEED] - sums[t, 1]) if row[NEED_COST] > 0.0 else 0.0
        excess = max(0.0, sums[t, 1] - row[CAP]) if row[CAP_COST] > 0.0 else 0.0
        cost += row[HINGE] * max(0.0, beyond - row[ALLOWANCE]) + row[NEED_COST] * short + row[CAP_COST] * excess
        missing += short + excess
        if row[ALLOWANCE] > 0.0 and beyond > row[ALLOWANCE]:
            missing += 1.0
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

"""Who sits where, who blocks whom, what is left in stock: the account of a changing choice of candidates."""

from typing import NamedTuple

import numpy as np
from numba import njit

from trocar.optimise.kernels.counting import MINUS, PLUS


class Layout(NamedTuple):
    """What never changes in a search; made by `trocar.optimise.tables.layout`.

    ``by_needle`` lists the candidates needle by needle in order of position, those of needle n from
    ``first_on_needle[n]``; ``rank`` is a candidate's place in that list. ``near[n]`` are the needles nearest to n.
    Conflicts of candidates and crossings of needles are lists of the same kind.
    """

    needle: np.ndarray
    position: np.ndarray
    strength: np.ndarray
    fixed: np.ndarray
    needle_cost: np.ndarray
    first_on_needle: np.ndarray
    by_needle: np.ndarray
    rank: np.ndarray
    near: np.ndarray
    first_conflict: np.ndarray
    conflicts: np.ndarray
    first_crossing: np.ndarray
    crossings: np.ndarray


class Books(NamedTuple):
    """What changes: the choice, and all that follows from it.

    ``chosen[:size[0]]`` in any order; ``slot`` is a candidate's place there, -1 if empty. ``blocked`` counts, for each
    candidate, the chosen ones it could not stand beside (itself included); ``crossed`` counts, for each needle, the
    needles in use that cross it, and ``crossing`` the crossing pairs in use. ``left`` is what is left of each strength,
    and at last of seeds in all.
    """

    chosen: np.ndarray
    size: np.ndarray
    crossing: np.ndarray
    slot: np.ndarray
    blocked: np.ndarray
    on_needle: np.ndarray
    crossed: np.ndarray
    left: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def put(j, step, books, layout):  # type: ignore[no-untyped-def]
    """Put a seed at candidate ``j`` (step +1) or take it out (step -1)."""
    n = layout.needle[j]
    if step > 0:
        books.chosen[books.size[0]] = j
        books.slot[j] = books.size[0]
        books.size[0] += 1
    else:
        books.size[0] -= 1
        moved = books.chosen[books.size[0]]
        books.chosen[books.slot[j]] = moved
        books.slot[moved] = books.slot[j]
        books.slot[j] = -1
    if books.on_needle[n] == (0 if step > 0 else 1):
        books.crossing[0] += step * books.crossed[n]
        for k in range(layout.first_crossing[n], layout.first_crossing[n + 1]):
            books.crossed[layout.crossings[k]] += step
    books.on_needle[n] += step
    books.left[layout.strength[j]] -= step
    books.left[books.left.shape[0] - 1] -= step
    books.blocked[j] += step
    for k in range(layout.first_conflict[j], layout.first_conflict[j + 1]):
        books.blocked[layout.conflicts[k]] += step


@njit(cache=True, nogil=True, error_model="numpy")
def _in_conflict(a, b, layout):  # type: ignore[no-untyped-def]
    if a == b:
        return True
    for k in range(layout.first_conflict[a], layout.first_conflict[a + 1]):  # noqa: SIM110 - compiled
        if layout.conflicts[k] == b:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _has_room(a, change, books, layout):  # type: ignore[no-untyped-def]
    """Say whether the a-th new seed overlaps none that stays and none put before it."""
    j = change[PLUS, 1 + a]
    load = books.blocked[j]
    for b in range(change[MINUS, 0]):
        if load > 0 and _in_conflict(j, change[MINUS, 1 + b], layout):
            load -= 1
    if load > 0:
        return False
    for b in range(a):  # noqa: SIM110 - compiled
        if _in_conflict(j, change[PLUS, 1 + b], layout):
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _in_stock(a, change, books, layout):  # type: ignore[no-untyped-def]
    wanted = layout.strength[change[PLUS, 1 + a]]
    stock = books.left[wanted]
    if books.left[books.left.shape[0] - 1] + change[MINUS, 0] - a <= 0:
        return False
    for b in range(a):
        if layout.strength[change[PLUS, 1 + b]] == wanted:
            stock -= 1
    for b in range(change[MINUS, 0]):
        if layout.strength[change[MINUS, 1 + b]] == wanted:
            stock += 1
    return stock > 0


@njit(cache=True, nogil=True, error_model="numpy")
def seeds_after(n, change, books, layout):  # type: ignore[no-untyped-def]
    """Return how many seeds a needle holds after a change."""
    count = books.on_needle[n]
    for b in range(change[PLUS, 0]):
        if layout.needle[change[PLUS, 1 + b]] == n:
            count += 1
    for b in range(change[MINUS, 0]):
        if layout.needle[change[MINUS, 1 + b]] == n:
            count -= 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def is_allowed(change, books, layout):  # type: ignore[no-untyped-def]
    """Say whether a change leaves no seeds overlapping and no strength overdrawn; needles may cross."""
    for a in range(change[PLUS, 0]):
        if not (_has_room(a, change, books, layout) and _in_stock(a, change, books, layout)):
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def implant_change(change, books, layout, seed_cost):  # type: ignore[no-untyped-def]
    """Return what a change costs in seeds and needles, and by how much it changes the number of crossing pairs."""
    total = change[PLUS, 0] + change[MINUS, 0]
    cost = seed_cost * (change[PLUS, 0] - change[MINUS, 0])
    twice = 0
    for a in range(total):
        n = layout.needle[_either(change, a)]
        if _changes_before(n, a, change, layout):
            continue
        before = books.on_needle[n] > 0
        after = seeds_after(n, change, books, layout) > 0
        if before == after:
            continue
        cost += layout.needle_cost[n] if after else -layout.needle_cost[n]
        for k in range(layout.first_crossing[n], layout.first_crossing[n + 1]):
            m = layout.crossings[k]
            other_before = books.on_needle[m] > 0
            other_after = seeds_after(m, change, books, layout) > 0
            rise = (after and other_after) - (before and other_before)
            twice += rise if other_before != other_after else 2 * rise
    return cost, twice // 2


@njit(cache=True, nogil=True, error_model="numpy")
def _changes_before(n, a, change, layout):  # type: ignore[no-untyped-def]
    """Say whether a needle occurs among the first ``a`` seeds of a change."""
    for b in range(a):  # noqa: SIM110 - compiled
        if layout.needle[_either(change, b)] == n:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _either(change, a):  # type: ignore[no-untyped-def]
    return change[PLUS, 1 + a] if a < change[PLUS, 0] else change[MINUS, 1 + a - change[PLUS, 0]]


@njit(cache=True, nogil=True, error_model="numpy")
def carry_out(change, books, layout):  # type: ignore[no-untyped-def]
    """Enter a change into the books."""
    for b in range(change[MINUS, 0]):
        put(change[MINUS, 1 + b], -1, books, layout)
    for a in range(change[PLUS, 0]):
        put(change[PLUS, 1 + a], 1, books, layout)

"""Simulated annealing of a choice of candidates: slides, jumps, additions, drops, and moves of whole needles.

All seeds together may be limited, as may those of a strength: see `trocar.optimise.kernels.books`.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from trocar.optimise.kernels.books import carry_out, implant_change, is_allowed, put
from trocar.optimise.kernels.counting import BLOCK, MINUS, PLUS, count_after, dose_cost, move_dose, sum_dose

LARGEST_CHANGE = 64
"""Seeds that one change may put or take."""
REFRESH_AFTER = 1000
"""Accepted changes after which the running float32 dose is summed afresh."""
SLIDE_REACH = 6
"""Places along the needle that a slide may go."""
NEAR_REACH = 2
"""Places by which the seeds of a transferred needle may be shifted together."""
CROSSING, FREEZE = 0.15, 0.05
"""Cost of a pair of crossing needles, and the temperature below which it rises with its inverse square.

Needles may cross on the way, or a search could hardly leave the first set of needles it finds; a plan in which they do
is never kept. The cost must end above anything that crossing could gain where goals cannot be met, or a search ends in
plans that are not kept."""
CLEAR = 0.5
"""How often the seeds of needles that would be crossed are taken out with those in the way."""
ALSO = 0.1
"""How often a change that is allowed as it is makes way too."""
EJECT = 0.5
"""How often what stands in the way of a change is taken out; otherwise the change is dropped."""
REFILL = 0.7
"""How often a seed taken out so is put back nearby."""

SLIDE, JUMP, ADD, DROP, TRANSFER, CLOSE = 0, 1, 2, 3, 4, 5


class Schedule(NamedTuple):
    """How to anneal: ``odds`` are cumulative probabilities of the kinds of change but the last."""

    steps: int
    hot: float
    cold: float
    odds: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def next_random(state):  # type: ignore[no-untyped-def]
    """Return a number in [0, 1) and step the generator, xoroshiro128+ (Blackman and Vigna, arXiv 1805.01407)."""
    s0 = state[0]
    s1 = state[1]
    result = s0 + s1
    s1 ^= s0
    state[0] = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1 ^ (s1 << np.uint64(16))
    state[1] = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
    return (result >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _below(state, n):  # type: ignore[no-untyped-def]
    return min(n - 1, int(next_random(state) * n))


@njit(cache=True, nogil=True, error_model="numpy")
def _partner(state, i, books, layout):  # type: ignore[no-untyped-def]
    """Return a candidate to fill: anywhere, in a needle in use, or in one near that of ``i``."""
    draw = next_random(state)
    size = books.size[0]
    if draw < 0.3 or size == 0:
        return layout.by_needle[_below(state, layout.by_needle.shape[0])]
    n = layout.needle[books.chosen[_below(state, size)]]
    if draw > 0.7 and i >= 0:
        n = layout.near[layout.needle[i], _below(state, layout.near.shape[1])]
    first = layout.first_on_needle[n]
    return layout.by_needle[first + _below(state, layout.first_on_needle[n + 1] - first)]


@njit(cache=True, nogil=True, error_model="numpy")
def _list_needle(n, books, layout, out):  # type: ignore[no-untyped-def]
    """List the seeds of a needle; 0 if one of them is fixed or there are too many."""
    count = 0
    for k in range(layout.first_on_needle[n], layout.first_on_needle[n + 1]):
        j = layout.by_needle[k]
        if books.slot[j] < 0:
            continue
        if layout.fixed[j] or count >= out.shape[0]:
            return 0
        out[count] = j
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _nearest_on(n, i, layout, shift):  # type: ignore[no-untyped-def]
    """Return the candidate of needle ``n`` nearest to ``i``, moved some places; -1 beyond the end."""
    best = -1
    least = np.inf
    for k in range(layout.first_on_needle[n], layout.first_on_needle[n + 1]):
        j = layout.by_needle[k]
        if layout.strength[j] != layout.strength[i]:
            continue
        distance = 0.0
        for axis in range(3):
            distance += (layout.position[j, axis] - layout.position[i, axis]) ** 2
        if distance < least:
            least = distance
            best = k
    place = best + shift
    if best < 0 or place < layout.first_on_needle[n] or place >= layout.first_on_needle[n + 1]:
        return -1
    j = layout.by_needle[place]
    return j if layout.strength[j] == layout.strength[i] else -1


@njit(cache=True, nogil=True, error_model="numpy")
def _propose_slide(state, i, change, layout):  # type: ignore[no-untyped-def]
    place = layout.rank[i] + 1 + _below(state, SLIDE_REACH)
    if next_random(state) < 0.5:
        place = 2 * layout.rank[i] - place
    n = layout.needle[i]
    if layout.first_on_needle[n] <= place < layout.first_on_needle[n + 1]:
        change[PLUS, 1] = layout.by_needle[place]
        change[MINUS, 1] = i
        change[:, 0] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def _propose_transfer(state, n, count, change, layout):  # type: ignore[no-untyped-def]
    """Move all seeds of a needle to a needle near it."""
    target = layout.near[n, _below(state, layout.near.shape[1])]
    shift = _below(state, 2 * NEAR_REACH + 1) - NEAR_REACH
    if target == n:
        return
    for k in range(count):
        j = _nearest_on(target, change[MINUS, 1 + k], layout, shift)
        if j < 0:
            return
        change[PLUS, 1 + k] = j
    change[:, 0] = count


@njit(cache=True, nogil=True, error_model="numpy")
def _propose_close(state, n, count, change, books, layout):  # type: ignore[no-untyped-def]
    """Empty a needle and put its seeds, or all but one, elsewhere."""
    again = count if next_random(state) < 0.5 else count - 1
    for k in range(again):
        change[PLUS, 1 + k] = _partner(state, -1, books, layout)
        if layout.needle[change[PLUS, 1 + k]] == n:
            return
    change[PLUS, 0] = again
    change[MINUS, 0] = count


@njit(cache=True, nogil=True, error_model="numpy")
def propose(state, odds, change, books, layout):  # type: ignore[no-untyped-def]
    """Draw a change; an empty one where the draw led nowhere."""
    change[:, 0] = 0
    draw = next_random(state)
    kind = 0
    while kind < CLOSE and draw >= odds[kind]:
        kind += 1
    if kind == ADD or books.size[0] == 0:
        change[PLUS, 1] = _partner(state, -1, books, layout)
        change[PLUS, 0] = 1
        return
    i = books.chosen[_below(state, books.size[0])]
    if layout.fixed[i]:
        return
    if kind == SLIDE:
        _propose_slide(state, i, change, layout)
    elif kind == JUMP:
        change[PLUS, 1] = _partner(state, i, books, layout)
        change[MINUS, 1] = i
        if change[PLUS, 1] != i:
            change[:, 0] = 1
    elif kind == DROP:
        change[MINUS, 1] = i
        change[MINUS, 0] = 1
    else:
        n = layout.needle[i]
        count = _list_needle(n, books, layout, change[MINUS, 1:])
        if count > 0 and kind == TRANSFER:
            _propose_transfer(state, n, count, change, layout)
        elif count > 0:
            _propose_close(state, n, count, change, books, layout)


@njit(cache=True, nogil=True, error_model="numpy")
def _take_out(j, change, layout):  # type: ignore[no-untyped-def]
    """Add a seed to those a change takes out; say whether it may be."""
    for b in range(change[MINUS, 0]):
        if change[MINUS, 1 + b] == j:
            return True
    if layout.fixed[j] or change[MINUS, 0] >= LARGEST_CHANGE:
        return False
    change[MINUS, 0] += 1
    change[MINUS, change[MINUS, 0]] = j
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _make_way(change, books, layout, clear):  # type: ignore[no-untyped-def]
    """Take out the seeds that would overlap the new ones."""
    for a in range(change[PLUS, 0]):
        j = change[PLUS, 1 + a]
        if books.slot[j] >= 0 and not _take_out(j, change, layout):
            return False
        for k in range(layout.first_conflict[j], layout.first_conflict[j + 1]):
            i = layout.conflicts[k]
            if books.slot[i] >= 0 and not _take_out(i, change, layout):
                return False
        if not clear:
            continue
        n = layout.needle[j]
        for k in range(layout.first_crossing[n], layout.first_crossing[n + 1]):
            crossed = layout.crossings[k]
            if books.on_needle[crossed] == 0:
                continue
            for m in range(layout.first_on_needle[crossed], layout.first_on_needle[crossed + 1]):
                i = layout.by_needle[m]
                if books.slot[i] >= 0 and not _take_out(i, change, layout):
                    return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def eject(state, change, books, layout):  # type: ignore[no-untyped-def]
    """Make a change possible by taking out what stands in its way, and put most of that back nearby."""
    before = change[MINUS, 0]
    if not _make_way(change, books, layout, next_random(state) < CLEAR):
        return
    n = layout.needle[change[PLUS, 1]]
    for b in range(before, change[MINUS, 0]):
        if next_random(state) >= REFILL or change[PLUS, 0] >= LARGEST_CHANGE:
            continue
        target = n
        if next_random(state) < 0.5:
            target = layout.near[n, _below(state, layout.near.shape[1])]
        shift = _below(state, 2 * NEAR_REACH + 1) - NEAR_REACH
        j = _nearest_on(target, change[MINUS, 1 + b], layout, shift)
        if j >= 0:
            change[PLUS, 0] += 1
            change[PLUS, change[PLUS, 0]] = j
            if not is_allowed(change, books, layout):
                change[PLUS, 0] -= 1


@njit(cache=True, nogil=True, error_model="numpy")
def _no_change():  # type: ignore[no-untyped-def]
    return np.zeros((2, 1 + LARGEST_CHANGE), np.int32)


@njit(cache=True, nogil=True, error_model="numpy")
def anneal(matrix, background, terms, layout, books, initial, seed_cost, schedule, state):  # type: ignore[no-untyped-def]  # noqa: PLR0915 - one loop, compiled as a whole
    """Anneal from an initial choice with empty books.

    Return the best choice met without crossing needles (one that misses no demand, if there is any; then the
    cheapest), its missing points, its cost, and the evaluations made.
    """
    change = _no_change()
    scratch = np.zeros((2, BLOCK), np.float32)
    dose = np.empty(matrix.shape[1], np.float32)
    sums = np.zeros((terms.levels.shape[0], 2), np.float64)
    trial = np.zeros_like(sums)
    for j in initial:
        put(j, 1, books, layout)
    sum_dose(dose, background, matrix, books.chosen, books.size[0], terms)
    count_after(dose, matrix, change, terms, scratch, sums)
    cost, missing = dose_cost(sums, terms)
    implant = _implant_cost(books, layout, seed_cost)
    best = books.chosen.copy()
    best_size = books.size[0]
    best_cost = cost + implant
    best_missing = missing
    evaluations = 0
    accepted = 0
    cooling = np.log(schedule.cold / schedule.hot) / max(1, schedule.steps)
    for step in range(schedule.steps):
        propose(state, schedule.odds, change, books, layout)
        if change[PLUS, 0] + change[MINUS, 0] == 0:
            continue
        if not is_allowed(change, books, layout) or next_random(state) < ALSO:
            if next_random(state) >= EJECT:
                continue
            eject(state, change, books, layout)
            if not is_allowed(change, books, layout):
                continue
        count_after(dose, matrix, change, terms, scratch, trial)
        evaluations += 1
        new_cost, new_missing = dose_cost(trial, terms)
        implant_rise, crossing_rise = implant_change(change, books, layout, seed_cost)
        heat = schedule.hot * np.exp(cooling * step)
        rise = new_cost - cost + implant_rise + crossing_rise * CROSSING * max(1.0, FREEZE / heat) ** 2
        if rise > 0.0 and next_random(state) >= np.exp(-rise / heat):
            continue
        carry_out(change, books, layout)
        move_dose(dose, matrix, change, terms)
        accepted += 1
        if accepted % REFRESH_AFTER == 0:
            sum_dose(dose, background, matrix, books.chosen, books.size[0], terms)
            change[:, 0] = 0
            count_after(dose, matrix, change, terms, scratch, trial)
            new_cost, new_missing = dose_cost(trial, terms)
        cost = new_cost
        missing = new_missing
        implant += implant_rise
        if books.crossing[0] > 0:
            continue
        if _is_better(missing, cost + implant, best_missing, best_cost):
            best_missing = missing
            best_cost = cost + implant
            best_size = books.size[0]
            best[:best_size] = books.chosen[:best_size]
    return best[:best_size].copy(), best_missing, best_cost, evaluations


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _is_better(missing, cost, best_missing, best_cost):  # type: ignore[no-untyped-def]
    """Say whether a choice beats the best: what meets every demand beats what does not, then what costs less.

    Among choices that all miss something the cost decides, not the number of points: a hundred points of a large organ
    may weigh less than one of the cord.
    """
    if (missing > 0.0) != (best_missing > 0.0):
        return missing == 0.0
    return cost < best_cost


@njit(cache=True, nogil=True, error_model="numpy")
def _implant_cost(books, layout, seed_cost):  # type: ignore[no-untyped-def]
    cost = seed_cost * books.size[0]
    for n in range(layout.needle_cost.shape[0]):
        if books.on_needle[n] > 0:
            cost += layout.needle_cost[n]
    return cost

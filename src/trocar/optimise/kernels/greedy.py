"""One sweep over all candidates: which single addition helps most, as far as places and stock allow."""

import numpy as np
from numba import njit

from trocar.optimise.kernels.books import implant_change, is_allowed
from trocar.optimise.kernels.counting import MINUS, PLUS, count_after, dose_cost


@njit(cache=True, nogil=True, error_model="numpy")
def best_addition(dose, matrix, terms, layout, books, seed_cost, scratch):  # type: ignore[no-untyped-def]
    """Return the candidate whose seed leaves the least cost (-1 if none), and the cost of the dose and that seed."""
    change = np.zeros((2, 2), np.int32)
    change[PLUS, 0] = 1
    change[MINUS, 0] = 0
    sums = np.zeros((terms.levels.shape[0], 2), np.float64)
    best = -1
    least = np.inf
    for j in range(matrix.shape[0]):
        change[PLUS, 1] = j
        if books.slot[j] >= 0 or not is_allowed(change, books, layout):
            continue
        implant, crossing = implant_change(change, books, layout, seed_cost)
        if crossing > 0:
            continue
        count_after(dose, matrix, change, terms, scratch, sums)
        cost = dose_cost(sums, terms)[0] + implant
        if cost < least:
            least = cost
            best = j
    return best, least

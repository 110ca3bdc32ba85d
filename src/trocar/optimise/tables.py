"""A problem and an objective laid out as the compiled loops want them."""

import numpy as np
from jaxtyping import Int32
from scipy.spatial import cKDTree

from trocar.optimise.base import Problem
from trocar.optimise.kernels.books import Books, Layout
from trocar.optimise.kernels.counting import TermTable
from trocar.optimise.objectives import ROUNDING, Objective, Term

UNLIMITED = np.iinfo(np.int32).max // 2
"""Seeds left of a strength of which any number can be had."""
NEIGHBOURS = 10
"""Needles that count as near to one."""
PITCH_ROUNDING_MM = 1e-6
"""Seeds may be this much closer than the pitch: candidates are placed by floating-point arithmetic."""


def term_table(problem: Problem, objective: Objective, *, points_per_structure: int | None = None) -> TermTable:
    """Return the terms laid out, for all points or for the first of each structure.

    Parameters
    ----------
    points_per_structure
        Points of each structure to look at, at most; needs `Problem.prefix_is_sample`. Demands are scaled with it, and
        rounded to the stricter side.
    """
    structures = problem.structures
    counts = [_used(points.count, points_per_structure) for points in structures]
    terms = objective.terms
    first = np.searchsorted([term.structure for term in terms], np.arange(len(structures) + 1))
    rows = [
        (points.start, points.start + count, at) for points, count, at in zip(structures, counts, first, strict=False)
    ]
    return TermTable(
        structures=np.array([*rows, (0, 0, len(terms))], np.int64),
        levels=np.array([_levels(term) for term in terms], np.float32).reshape(-1, 3),
        costs=np.array([_costs(problem, term, counts[term.structure]) for term in terms]).reshape(-1, 8),
    )


def _levels(term: Term) -> tuple[float, float, float]:
    """Return the bounds between which doses are clipped, and the threshold."""
    if term.side > 0:
        return term.level_gy, np.inf, term.level_gy
    return -np.inf, term.level_gy, term.level_gy


def _costs(problem: Problem, term: Term, count: int) -> tuple[float, ...]:
    """Return what the sums of a term cost when only ``count`` points are looked at."""
    share = count / problem.structures[term.structure].count
    return (
        term.side,
        -term.side * float(np.float32(term.level_gy)) * count,
        term.hinge / problem.prescription_gy / count,
        term.allowance_gy * count,
        np.ceil(term.at_least[0] * share - ROUNDING),
        term.at_least[1] / share,
        np.floor(term.at_most[0] * share + ROUNDING),
        term.at_most[1] / share,
    )


def _used(count: int, limit: int | None) -> int:
    return count if limit is None else min(count, limit)


def layout(problem: Problem, objective: Objective) -> Layout:
    """Return who lies where, and who cannot stand beside whom."""
    by_needle = np.lexsort((problem.strength, problem.along_mm, problem.needle)).astype(np.int32)
    rank = np.empty_like(by_needle)
    rank[by_needle] = np.arange(len(by_needle), dtype=np.int32)
    first = np.searchsorted(problem.needle[by_needle], np.arange(problem.needle_count + 1)).astype(np.int32)
    first_conflict, conflicts = conflict_lists(problem)
    first_crossing, crossings = _lists(problem.crossing, problem.needle_count)
    fixed = np.zeros(problem.candidate_count, np.bool_)
    fixed[problem.fixed] = True
    return Layout(
        needle=problem.needle,
        position=problem.positions_lps_mm,
        strength=problem.strength,
        fixed=fixed,
        needle_cost=problem.needle_price * objective.needle,
        first_on_needle=first,
        by_needle=by_needle,
        rank=rank,
        near=_near_needles(problem),
        first_conflict=first_conflict,
        conflicts=conflicts,
        first_crossing=first_crossing,
        crossings=crossings,
    )


def empty_books(problem: Problem) -> Books:
    """Return the account of an empty choice."""
    candidates = problem.candidate_count
    stock = [UNLIMITED if number is None else number for number in (*problem.available, problem.most_seeds)]
    return Books(
        chosen=np.zeros(candidates + 1, np.int32),
        size=np.zeros(1, np.int64),
        crossing=np.zeros(1, np.int64),
        slot=np.full(candidates, -1, np.int32),
        blocked=np.zeros(candidates, np.int32),
        on_needle=np.zeros(problem.needle_count, np.int32),
        crossed=np.zeros(problem.needle_count, np.int32),
        left=np.array(stock, np.int32),
    )


def conflict_pairs(problem: Problem) -> Int32[np.ndarray, "pairs 2"]:
    """Return all pairs of candidates that cannot both hold a seed: too close in one needle, or touching."""
    found = [problem.touching]
    for n in range(problem.needle_count):
        members = np.flatnonzero(problem.needle == n)
        along = problem.along_mm[members]
        close = np.abs(along[:, None] - along[None, :]) < problem.pitch_mm - PITCH_ROUNDING_MM
        first, second = np.nonzero(np.triu(close, 1))
        found.append(np.stack([members[first], members[second]], axis=1))
    return np.concatenate(found).astype(np.int32)


def conflict_lists(
    problem: Problem,
) -> tuple[Int32[np.ndarray, " candidates_and_one"], Int32[np.ndarray, " links"]]:
    """Return, for each candidate, those it cannot stand beside, as one list with starts."""
    return _lists(conflict_pairs(problem), problem.candidate_count)


def _lists(pairs: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0) if len(pairs) else pairs.reshape(0, 2)
    first = np.searchsorted(both[:, 0], np.arange(count + 1)).astype(np.int32)
    return first, np.array(both[:, 1], np.int32)


def _near_needles(problem: Problem) -> np.ndarray:
    """Return for each needle those nearest to it, by the middle of their candidates; itself where it has none."""
    used = np.unique(problem.needle)
    middle = np.stack([problem.positions_lps_mm[problem.needle == n].mean(axis=0) for n in used])
    width = min(NEIGHBOURS + 1, len(used))
    _, nearest = cKDTree(middle).query(middle, k=list(range(1, width + 1)))
    near = np.zeros((problem.needle_count, max(1, width - 1)), np.int32)
    near[:] = used[0]
    for row, n in enumerate(used):
        others = [used[k] for k in nearest[row] if used[k] != n]
        near[n] = [*others, n][: near.shape[1]] if others else n
    return near

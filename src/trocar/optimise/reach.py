"""What seeds can reach at the very most: a proven limit of coverage, whatever the search."""

import numpy as np

from trocar.optimise.base import Problem
from trocar.optimise.tables import PITCH_ROUNDING_MM


def most_covered(problem: Problem, structure: str, *, level_gy: float) -> float:
    """Return a share of a structure that no plan can bring to more than a dose.

    Parameters
    ----------
    problem
        Places and points.
    structure
        Whose points.
    level_gy
        The dose.

    Notes
    -----
    At each point the doses of the best n places of every needle are added, n being how many seeds fit in it at their
    pitch, and no more places in all than seeds there are. Each point has its own best places, so that no plan gives any
    point more: `docs/theory/inverse_planning.md`, eq. (P22).
    """
    points = problem.structure(structure)
    part = slice(points.start, points.stop)
    best = [_best_of_needle(problem, n, part) for n in range(problem.needle_count)]
    table = np.concatenate([each for each in best if len(each)])
    seeds = _seeds_at_most(problem)
    if seeds is not None and seeds < len(table):
        table = -np.partition(-table, seeds, axis=0)[:seeds] if seeds else table[:0]
    most_gy = table.sum(axis=0) + problem.background_gy[part]
    return float((most_gy >= np.float32(level_gy)).mean())


def _best_of_needle(problem: Problem, n: int, part: slice) -> np.ndarray:
    members = np.flatnonzero(problem.needle == n)
    fit = _fit(np.sort(problem.along_mm[members]), problem.pitch_mm)
    doses = problem.dose_gy[members, part]
    return -np.partition(-doses, fit - 1, axis=0)[:fit] if 0 < fit < len(members) else doses


def _fit(along_mm: np.ndarray, pitch_mm: float) -> int:
    """Return how many places at least a pitch apart there are."""
    count, last = 0, -np.inf
    for place in along_mm:
        if place - last >= pitch_mm - PITCH_ROUNDING_MM:
            count, last = count + 1, place
    return count


def _seeds_at_most(problem: Problem) -> int | None:
    limits = [] if problem.most_seeds is None else [problem.most_seeds]
    if all(stock is not None for stock in problem.available):
        limits.append(sum(stock for stock in problem.available if stock is not None))
    return min(limits, default=None)

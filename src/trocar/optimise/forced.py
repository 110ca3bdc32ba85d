"""What a demand for coverage forces on an organ: a proven least dose, whatever the plan.

A linear programme of which every plan that meets the demands is a solution: `docs/theory/inverse_planning.md`,
eqs. (P25)-(P28). Its least value is a bound, not the best plan: real plans stay well above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity, vstack
from scipy.spatial import cKDTree

from trocar.geometry.value import Value
from trocar.optimise.base import PointSet, Problem
from trocar.optimise.tables import PITCH_ROUNDING_MM

CELLS = 256
"""Cells of a target, in each of which the mean stands for the points."""
ROUNDS, GAIN = 8, 0.005
"""Most rounds of cuts, and the share by which a round must raise the bound for another to follow."""
LIMIT_S = 30.0
"""Time for one linear programme."""
DEPTHS = (0.25, 1.0, 2.0, 4.0)
"""Points of a cut beyond those that may exceed the limit, as a share of these."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand(Value):
    """So many points of a structure that must reach a dose.

    Parameters
    ----------
    structure
        Whose points.
    level_gy
        The dose.
    points
        How many.
    """

    structure: str
    level_gy: float
    points: int


def forced_dose_gy(problem: Problem, demands: Sequence[Demand], *, organ: str, allowed: int) -> float:
    """Return a dose that more than ``allowed`` points of an organ get in any plan that meets demands.

    Infinite where no plan meets the demands; 0 where nothing can be proven in time.
    """
    relaxation = _Relaxation(problem, demands, problem.structure(organ), allowed)
    forced, choice = 0.0, relaxation.middle()
    for _ in range(ROUNDS):
        relaxation.add_cuts(choice)
        result = relaxation.solve()
        if result.status == _INFEASIBLE:
            return float("inf")
        if result.status != 0:
            break
        before, forced = forced, max(forced, float(result.fun))
        if forced - before <= GAIN * forced:
            break
        choice = result.x[: problem.candidate_count]
    return forced


_INFEASIBLE = 2
"""Status of `scipy.optimize.linprog`."""


class _Relaxation:
    """Columns: seeds x in [0, 1], shortfalls of cells, the forced dose."""

    def __init__(self, problem: Problem, demands: Sequence[Demand], organ: PointSet, allowed: int) -> None:
        self.problem = problem
        self.allowed = allowed
        part = slice(organ.start, organ.stop)
        self.doses, self.background = problem.dose_gy[:, part], problem.background_gy[part].astype(np.float64)
        self.points = problem.points_lps_mm[part]
        self.near = cKDTree(self.points)
        self.shortfalls = [_shortfalls(problem, demand) for demand in demands]
        self.columns = problem.candidate_count + sum(len(each.weight) for each in self.shortfalls) + 1
        self.rows: list[csr_array] = []
        self.high: list[np.ndarray] = []
        self._add_layout()
        at = problem.candidate_count
        for each in self.shortfalls:
            self._add_shortfall(each, at)
            at += len(each.weight)

    def middle(self) -> Float[np.ndarray, " candidates"]:
        """Return a first choice to cut: seeds everywhere, a little."""
        return np.full(self.problem.candidate_count, 0.05)

    def solve(self) -> Any:
        """Return scipy's result for the rows so far."""
        cost = np.zeros(self.columns)
        cost[-1] = 1.0
        seeds = self.problem.candidate_count
        bounds = np.column_stack([np.zeros(self.columns), np.full(self.columns, np.inf)])
        bounds[:seeds, 1] = 1.0
        bounds[self.problem.fixed, 0] = 1.0
        rows, high = vstack(self.rows).tocsr(), np.concatenate(self.high)
        return linprog(cost, A_ub=rows, b_ub=high, bounds=bounds, method="highs", options={"time_limit": LIMIT_S})

    def add_cuts(self, choice: Float[np.ndarray, " candidates"]) -> None:
        """Add cuts for the points that are hottest under a choice, and for those around the hottest, eq. (P28)."""
        dose = choice @ self.doses + self.background
        hottest = np.argsort(-dose)
        for share in DEPTHS:
            kept = 1 + int(share * self.allowed)
            size = self.allowed + kept
            if size <= len(hottest):
                self._add_cut(hottest[:size], kept)
                self._add_cut(np.atleast_1d(self.near.query(self.points[hottest[0]], size)[1]), kept)

    def _add_cut(self, points: Int[np.ndarray, " n"], kept: int) -> None:
        """Say that the mean of the coldest ``kept`` of some points is at most the forced dose."""
        coldest = np.partition(self.doses[:, points], kept - 1, axis=1)[:, :kept].mean(axis=1, dtype=np.float64)
        there = np.partition(self.background[points], kept - 1)[:kept].mean()
        row = np.zeros((1, self.columns))
        row[0, : len(coldest)], row[0, -1] = coldest, -1.0
        self._add(csr_array(row), np.array([-there]))

    def _add(self, rows: csr_array, high: np.ndarray) -> None:
        self.rows.append(rows)
        self.high.append(high)

    def _add_layout(self) -> None:
        problem = self.problem
        sets = [(window, 1.0) for window in _windows(problem)]
        if problem.most_seeds is not None:
            sets.append((np.arange(problem.candidate_count), float(problem.most_seeds)))
        for kind, stock in enumerate(problem.available):
            if stock is not None:
                sets.append((np.flatnonzero(problem.strength == kind), float(stock)))
        row = np.repeat(np.arange(len(sets)), [len(members) for members, _ in sets])
        column = np.concatenate([members for members, _ in sets])
        shape = (len(sets), self.columns)
        self._add(csr_array((np.ones(len(row)), (row, column)), shape=shape), np.array([most for _, most in sets]))

    def _add_shortfall(self, each: "_Shortfall", at: int) -> None:
        """Say that a cell falls short by what its mean lacks, and all cells together by what the demand leaves."""
        cells = len(each.weight)
        after = csr_array((cells, self.columns - at - cells))
        between = csr_array((cells, at - self.problem.candidate_count))
        self._add(hstack([csr_array(-each.reached.T), between, -identity(cells), after]).tocsr(), each.there - 1.0)
        total = np.zeros((1, self.columns))
        total[0, at : at + cells] = each.weight
        self._add(csr_array(total), np.array([each.may_miss]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shortfall:
    """A demand by cells: what a seed adds to the mean of each, as a share of the dose, and what is there already."""

    weight: np.ndarray
    reached: np.ndarray
    there: np.ndarray
    may_miss: float


def _shortfalls(problem: Problem, demand: Demand) -> _Shortfall:
    points = problem.structure(demand.structure)
    part = slice(points.start, points.stop)
    cells = _cells(problem.points_lps_mm[part])
    order, starts = np.concatenate(cells), np.cumsum([0, *(len(cell) for cell in cells[:-1])])
    sizes = np.array([len(cell) for cell in cells], float)
    capped = np.minimum(problem.dose_gy[:, part][:, order], np.float32(demand.level_gy)).astype(np.float64)
    there = np.minimum(problem.background_gy[part][order].astype(np.float64), demand.level_gy)
    return _Shortfall(
        weight=sizes,
        reached=np.add.reduceat(capped, starts, axis=1) / sizes / demand.level_gy,
        there=np.add.reduceat(there, starts) / sizes / demand.level_gy,
        may_miss=float(points.count - demand.points),
    )


def _cells(points: Float[np.ndarray, "n 3"]) -> list[Int[np.ndarray, " members"]]:
    """Return points in compact cells, halved along their longest side until there are enough."""
    cells = [np.arange(len(points))]
    while len(cells) < CELLS and len(points) >= 2 * len(cells):
        cells = [half for cell in cells for half in _halves(points, cell)]
    return cells


def _halves(points: Float[np.ndarray, "n 3"], cell: Int[np.ndarray, " members"]) -> list[Int[np.ndarray, " half"]]:
    axis = int(np.argmax(np.ptp(points[cell], axis=0)))
    order = cell[np.argsort(points[cell, axis], kind="stable")]
    return [order[: len(order) // 2], order[len(order) // 2 :]]


def _windows(problem: Problem) -> list[Int[np.ndarray, " members"]]:
    """Return sets of places in one needle of which only one may hold a seed: those nearer than the pitch."""
    windows = []
    for n in range(problem.needle_count):
        members = np.flatnonzero(problem.needle == n)
        members = members[np.argsort(problem.along_mm[members], kind="stable")]
        along = problem.along_mm[members]
        ends = np.searchsorted(along, along + problem.pitch_mm - PITCH_ROUNDING_MM)
        longest = np.append(True, ends[1:] > ends[:-1])[: len(ends)]
        windows += [members[k : ends[k]] for k in np.flatnonzero(longest)]
    return windows

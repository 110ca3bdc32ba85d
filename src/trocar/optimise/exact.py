"""The oracle: the same objective as a mixed-integer linear programme, solved to proven optimality where it is small.

`docs/theory/inverse_planning.md`, eqs. (P8)-(P14). Solved by HiGHS through scipy. It proves what "best" is for
some hundred candidates and points; beyond, `trocar.optimise.bounds` is the way to a bound.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack

from trocar.errors import OptimiseError
from trocar.optimise.base import Ending, Outcome, Problem
from trocar.optimise.feasibility import require_feasible
from trocar.optimise.objectives import Objective, Term
from trocar.optimise.tables import PITCH_ROUNDING_MM

BELOW_GY = 1e-5
"""A point counts as not reaching a threshold if it stays this far below: far less than a dose means anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedInteger:
    """Mixed-integer linear programming.

    Parameters
    ----------
    time_limit_s
        Wall-clock time after which the best plan so far is returned, with the bound reached.
    name
        Name in results.
    """

    time_limit_s: float
    name: str = "mixed-integer programme (HiGHS)"

    def optimise(
        self,
        problem: Problem,
        objective: Objective,
        *,
        rng: np.random.Generator,
        start: Int32[np.ndarray, " seeds"] | None = None,
    ) -> Outcome:
        """Return the best choice, with proof or with the bound reached; ``rng`` and ``start`` are not used.

        Raises
        ------
        OptimiseError
            No plan was found in time, or the fixed seeds exclude each other.
        """
        del rng, start
        require_feasible(problem, problem.fixed)
        programme = _Programme(problem, objective)
        result = programme.solve(relaxed=False, time_limit_s=self.time_limit_s)
        if result.x is None:
            raise OptimiseError(
                "optimise.nothing-found-in-time",
                "no plan was found within {time_limit_s} s; give more time, or a solver that searches ({message})",
                time_limit_s=self.time_limit_s,
                message=str(result.message),
            )
        chosen = np.flatnonzero(result.x[: problem.candidate_count] > 0.5).astype(np.int32)
        return Outcome(
            chosen=chosen,
            cost=objective.cost(problem, chosen),
            ending=Ending.PROVEN if result.status == 0 else Ending.TIME_LIMIT,
            solver=self.name,
            evaluations=int(result.mip_node_count or 0),
            bound=float(result.mip_dual_bound),
        )


def relaxed_bound(problem: Problem, objective: Objective) -> float:
    """Return the value of the linear relaxation: no plan costs less."""
    result = _Programme(problem, objective).solve(relaxed=True, time_limit_s=np.inf)
    return float(result.fun)


class _Programme:
    """Columns: seeds x, needles y, then those of each term. Rows are added block by block."""

    def __init__(self, problem: Problem, objective: Objective) -> None:
        self.problem = problem
        seeds, needles = problem.candidate_count, problem.needle_count
        self.columns = seeds + needles
        self.cost = [np.full(seeds, objective.seed), objective.needle * problem.needle_price]
        self.integer = [np.ones(self.columns)]
        self.upper = [np.ones(self.columns)]
        self.rows: list[csr_array] = []
        self.low: list[np.ndarray] = []
        self.high: list[np.ndarray] = []
        self._add_layout()
        for term in objective.terms:
            if term.hinge > 0:
                self._add_hinge(term)
            if term.at_least[1] > 0:
                self._add_at_least(term)
            if term.at_most[1] > 0:
                self._add_at_most(term)

    def solve(self, *, relaxed: bool, time_limit_s: float):  # type: ignore[no-untyped-def]
        wide = [csr_array((r.data, r.indices, r.indptr), shape=(r.shape[0], self.columns)) for r in self.rows]
        lower = np.zeros(self.columns)
        lower[self.problem.fixed] = 1.0
        options = {} if np.isinf(time_limit_s) else {"time_limit": time_limit_s}
        return milp(
            np.concatenate(self.cost),
            integrality=np.zeros(self.columns) if relaxed else np.concatenate(self.integer),
            bounds=Bounds(lower, np.concatenate(self.upper)),
            constraints=LinearConstraint(vstack(wide), np.concatenate(self.low), np.concatenate(self.high)),
            options=options,
        )

    def _new(self, count: int, *, cost: float, integer: bool, upper: float) -> int:
        first = self.columns
        self.columns += count
        self.cost.append(np.full(count, cost))
        self.integer.append(np.full(count, float(integer)))
        self.upper.append(np.full(count, upper))
        return first

    def _add_rows(
        self, row: np.ndarray, column: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray
    ) -> None:
        count = len(low)
        self.rows.append(csr_array(coo_array((value, (row, column)), shape=(count, self.columns))))
        self.low.append(low)
        self.high.append(high)

    def _add_sets(self, sets: list[tuple[np.ndarray, np.ndarray, float]]) -> None:
        """Add rows, each given as columns, coefficients and upper limit."""
        if not sets:
            return
        row = np.repeat(np.arange(len(sets)), [len(columns) for columns, _, _ in sets])
        column = np.concatenate([columns for columns, _, _ in sets])
        value = np.concatenate([values for _, values, _ in sets])
        high = np.array([limit for _, _, limit in sets])
        self._add_rows(row, column, value, np.full(len(sets), -np.inf), high)

    def _add_layout(self) -> None:
        problem = self.problem
        needle_column = problem.candidate_count
        sets = []
        for n in range(problem.needle_count):
            members = np.flatnonzero(problem.needle == n)
            members = members[np.argsort(problem.along_mm[members], kind="stable")]
            along = problem.along_mm[members]
            for first in range(len(members)):
                window = members[first:][along[first:] - along[first] < problem.pitch_mm - PITCH_ROUNDING_MM]
                sets.append((np.append(window, needle_column + n), np.append(np.ones(len(window)), -1.0), 0.0))
        sets += [(np.asarray(pair), np.ones(2), 1.0) for pair in problem.touching]
        sets += [(np.asarray(pair) + needle_column, np.ones(2), 1.0) for pair in problem.crossing]
        if problem.most_seeds is not None:
            every = np.arange(problem.candidate_count)
            sets.append((every, np.ones(len(every)), float(problem.most_seeds)))
        for kind, stock in enumerate(problem.available):
            if stock is not None:
                members = np.flatnonzero(problem.strength == kind)
                sets.append((members, np.ones(len(members)), float(stock)))
        self._add_sets(sets)

    def _dose(self, term: Term) -> tuple[np.ndarray, np.ndarray]:
        points = self.problem.structures[term.structure]
        part = slice(points.start, points.stop)
        return self.problem.dose_gy[:, part].astype(np.float64), self.problem.background_gy[part].astype(np.float64)

    def _add_dose_rows(
        self, matrix: np.ndarray, factor: float, own: int, own_value: np.ndarray, high: np.ndarray
    ) -> None:
        """Add rows factor · dose + own value · own column ≤ high, one a point."""
        seeds, count = matrix.shape
        row = np.concatenate([np.tile(np.arange(count), seeds), np.arange(count)])
        column = np.concatenate([np.repeat(np.arange(seeds), count), own + np.arange(count)])
        value = np.concatenate([factor * matrix.ravel(), own_value])
        self._add_rows(row, column, value, np.full(count, -np.inf), high)

    def _add_hinge(self, term: Term) -> None:
        matrix, background = self._dose(term)
        count = matrix.shape[1]
        each = term.hinge / self.problem.prescription_gy / count
        free = term.allowance_gy > 0
        own = self._new(count, cost=0.0 if free else each, integer=False, upper=np.inf)
        level = float(np.float32(term.level_gy))
        high = term.side * (level - background)
        self._add_dose_rows(matrix, float(term.side), own, np.full(count, -1.0), high)
        if free:
            total = self._new(1, cost=each, integer=False, upper=np.inf)
            columns = np.append(np.arange(own, own + count), total)
            self._add_sets([(columns, np.append(np.ones(count), -1.0), term.allowance_gy * count)])

    def _add_at_least(self, term: Term) -> None:
        """Binary z: the point reaches the threshold."""
        matrix, background = self._dose(term)
        count = matrix.shape[1]
        level = float(np.float32(term.level_gy))
        reached = self._new(count, cost=0.0, integer=True, upper=1.0)
        short = self._new(1, cost=term.at_least[1], integer=False, upper=np.inf)
        self._add_dose_rows(matrix, -1.0, reached, np.full(count, level), background)
        columns = np.append(np.arange(reached, reached + count), short)
        self._add_sets([(columns, -np.ones(count + 1), -float(term.at_least[0]))])

    def _add_at_most(self, term: Term) -> None:
        """Binary z: the point may reach the threshold."""
        matrix, background = self._dose(term)
        count = matrix.shape[1]
        level = float(np.float32(term.level_gy)) - BELOW_GY
        reached = self._new(count, cost=0.0, integer=True, upper=1.0)
        excess = self._new(1, cost=term.at_most[1], integer=False, upper=np.inf)
        most = matrix.sum(axis=0) + background - level
        self._add_dose_rows(matrix, 1.0, reached, -np.maximum(most, 0.0), level - background)
        columns = np.append(np.arange(reached, reached + count), excess)
        self._add_sets([(columns, np.append(np.ones(count), -1.0), float(term.at_most[0]))])

"""How good a plan could be at best: a lower bound on the cost by Lagrangian relaxation.

The dose at each point is set free and tied to the seeds by a price λ. For given prices the problem falls apart into
points, each solved by looking at its thresholds, and needles, each solved exactly by dynamic programming with its fixed
cost and its seed spacing. Every set of prices gives a valid bound. Good prices are found on a smoothed problem, cooled
in stages; the bound is then computed without smoothing. `docs/theory/inverse_planning.md`, eqs. (P15)-(P21).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from trocar.geometry.value import Value
from trocar.optimise.base import Outcome, Problem
from trocar.optimise.kernels.duality import cheapest_needles, soft_needles
from trocar.optimise.objectives import Objective, Term
from trocar.optimise.tables import PITCH_ROUNDING_MM, layout

COOLING = (0.3, 0.1, 0.03, 0.01)
"""Smoothing of the stages, as a share of the cost of the known plan."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bound(Value):
    """A proven lower bound.

    Parameters
    ----------
    value
        No plan costs less.
    """

    value: float

    def distance(self, cost: float) -> float:
        """Return how far above the bound a cost is, as a share of the cost: the most that could be gained."""
        return max(0.0, (cost - self.value) / max(abs(cost), 1e-12))


def lagrangian_bound(problem: Problem, objective: Objective, *, known: Outcome, steps: int) -> Bound:
    """Return a lower bound on what any plan costs.

    Parameters
    ----------
    problem, objective
        As given to the solver.
    known
        A plan already found: its dose gives the first prices, its cost the scale of the smoothing.
    steps
        Ascent steps in each stage, at most; each reads the whole influence matrix twice.

    Notes
    -----
    Overlaps between needles, crossing needles, stock and fixed seeds are left out, and so are penalties for exceeding
    an upper demand: all can only raise the cost, so the bound stays valid.
    """
    dual = _Dual(problem, objective)
    prices = dual.first_prices(problem.dose_of(known.chosen))
    best = dual.value(prices)
    for cooling in COOLING:
        heat = cooling * max(abs(known.cost), 1e-6)
        result = minimize(
            dual.soft_value_and_slope,
            prices * dual.scale,
            args=(heat,),
            jac=True,
            method="L-BFGS-B",
            bounds=np.stack([dual.lowest, dual.highest], axis=1) * dual.scale[:, None],
            options={"maxiter": steps, "maxcor": 20, "maxfun": 2 * steps},
        )
        prices = np.clip(result.x / dual.scale, dual.lowest, dual.highest)
        best = max(best, dual.value(prices))
    return Bound(value=best)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """The dose cost of one structure's points: convex, piecewise linear, the same for all of them.

    ``weight`` is the cost of a hinge of 1 Gy at one point; ``free`` the allowance as a sum over points. A term with an
    allowance has a factor θ in [0, 1] of its own, the price of its allowance.
    """

    count: int
    level: np.ndarray
    side: np.ndarray
    weight: np.ndarray
    free: np.ndarray

    @classmethod
    def of(cls, problem: Problem, objective: Objective, number: int) -> "_Pieces":
        count = problem.structures[number].count
        terms = [term for term in objective.terms if term.structure == number]
        rows = [_hinge_row(term, count, problem.prescription_gy) for term in terms if term.hinge > 0]
        rows += [_demand_row(term, count) for term in terms if term.at_least[1] > 0 and term.level_gy > 0]
        table = np.array(rows).reshape(-1, 4)
        return cls(count=count, level=table[:, 0], side=table[:, 1], weight=table[:, 2], free=table[:, 3])

    def costs_at_breaks(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the doses where the cost bends, the hinges there, and the cost there."""
        breaks = np.concatenate([[0.0], self.level])
        hinge = np.maximum(0.0, self.side * (breaks[:, None] - self.level))
        return breaks, hinge, hinge @ (theta * self.weight)

    def value(self, lam: np.ndarray, theta: np.ndarray) -> float:
        breaks, _, cost = self.costs_at_breaks(theta)
        return float((cost[:, None] - breaks[:, None] * lam).min(axis=0).sum() - (theta * self.weight) @ self.free)

    def soft(self, lam: np.ndarray, theta: np.ndarray, heat: float) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the smoothed value, its slope in λ, which is minus the dose, and its slope in θ."""
        breaks, hinge, cost = self.costs_at_breaks(theta)
        table = cost[:, None] - breaks[:, None] * lam
        low = table.min(axis=0)
        share = np.exp((low - table) / heat)
        total = share.sum(axis=0)
        share /= total
        value = float((low - heat * np.log(total)).sum() - (theta * self.weight) @ self.free)
        return value, -(breaks @ share), self.weight * (share.sum(axis=1) @ hinge - self.free)


def _hinge_row(term: Term, count: int, prescription_gy: float) -> tuple[float, float, float, float]:
    each = term.hinge / prescription_gy / count
    return float(np.float32(term.level_gy)), term.side, each, term.allowance_gy * count


def _demand_row(term: Term, count: int) -> tuple[float, float, float, float]:
    """Return the steepest convex function below the penalty for points that miss a threshold, eq. (P18)."""
    level = float(np.float32(term.level_gy))
    return level, -1.0, term.at_least[1] / level, (count - term.at_least[0]) * level


class _Dual:
    """The dual function of all prices: λ of every point, then θ of every term."""

    def __init__(self, problem: Problem, objective: Objective) -> None:
        self.problem = problem
        self.seed = objective.seed
        self.table = layout(problem, objective)
        self.before = _places_before(problem, self.table.by_needle, self.table.first_on_needle)
        self.pieces = [_Pieces.of(problem, objective, number) for number in range(len(problem.structures))]
        weights = [piece.weight for piece in self.pieces]
        steepest = [piece.weight[piece.side > 0].sum() for piece in self.pieces]
        counts = [piece.count for piece in self.pieces]
        terms = sum(len(weight) for weight in weights)
        self.lowest = np.concatenate(
            [
                np.repeat([-w.sum() for w in weights], counts),
                [0.0 if f > 0 else 1.0 for p in self.pieces for f in p.free],
            ]
        )
        self.highest = np.concatenate([np.repeat(steepest, counts), np.ones(terms)])
        width = np.repeat([max(w.sum(), 1e-12) for w in weights], counts)
        self.scale = np.concatenate([1.0 / width, np.ones(terms)])

    def first_prices(self, dose: Float[np.ndarray, " points"]) -> Float[np.ndarray, " prices"]:
        """Return the slopes of the cost at a known dose."""
        lam, theta, at = [], [], 0
        for piece in self.pieces:
            beyond = np.maximum(0.0, piece.side * (dose[at : at + piece.count, None] - piece.level))
            own = np.where((piece.free > 0) & (beyond.sum(axis=0) < piece.free), 0.0, 1.0)
            lam.append((beyond > 0) @ (piece.side * own * piece.weight))
            theta.append(own)
            at += piece.count
        first: np.ndarray = np.clip(np.concatenate([*lam, *theta]), self.lowest, self.highest)
        return first

    def value(self, prices: Float[np.ndarray, " prices"]) -> float:
        """Return the bound that prices give."""
        value = sum(piece.value(lam, theta) for piece, lam, theta in self._parts(prices))
        table = self.table
        needles = cheapest_needles(
            self._score(prices), table.by_needle, table.first_on_needle, self.before, table.needle_cost
        )
        return value + float(needles) + self._background(prices)

    def soft_value_and_slope(
        self, scaled: Float[np.ndarray, " prices"], heat: float
    ) -> tuple[float, Float[np.ndarray, " prices"]]:
        """Return minus the smoothed value and its slope, in scaled prices."""
        prices = scaled / self.scale
        parts = [piece.soft(lam, theta, heat / self.problem.point_count) for piece, lam, theta in self._parts(prices)]
        share = np.zeros(self.problem.candidate_count)
        table = self.table
        needles = soft_needles(
            self._score(prices),
            table.by_needle,
            table.first_on_needle,
            self.before,
            table.needle_cost,
            heat / self.problem.needle_count,
            share,
        )
        value = sum(part[0] for part in parts) + float(needles) + self._background(prices)
        dose = share.astype(np.float32) @ self.problem.dose_gy + self.problem.background_gy
        slope = np.concatenate([dose + np.concatenate([part[1] for part in parts]), *(part[2] for part in parts)])
        return -value, -slope / self.scale

    def _parts(self, prices: np.ndarray) -> list[tuple[_Pieces, np.ndarray, np.ndarray]]:
        parts, at, term = [], 0, self.problem.point_count
        for piece in self.pieces:
            theta = prices[term : term + len(piece.level)]
            parts.append((piece, prices[at : at + piece.count], theta))
            at += piece.count
            term += len(piece.level)
        return parts

    def _score(self, prices: np.ndarray) -> np.ndarray:
        lam = prices[: self.problem.point_count].astype(np.float32)
        return np.asarray(self.seed + (self.problem.dose_gy @ lam), np.float64)

    def _background(self, prices: np.ndarray) -> float:
        if not self.problem.background_gy.any():
            return 0.0
        return float(prices[: self.problem.point_count] @ self.problem.background_gy)


def _places_before(problem: Problem, by_needle: np.ndarray, first_on_needle: np.ndarray) -> np.ndarray:
    """Return for each place the last that may hold a seed before it, or one before the needle's first."""
    along = problem.along_mm[by_needle]
    before = np.full(len(along), -1, np.int64)
    for n in range(problem.needle_count):
        start, stop = first_on_needle[n], first_on_needle[n + 1]
        latest = along[start:stop] - problem.pitch_mm + PITCH_ROUNDING_MM
        before[start:stop] = start + np.searchsorted(along[start:stop], latest, side="right") - 1
    return before

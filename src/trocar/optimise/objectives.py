"""The objective: what a plan costs. Goals become demands on numbers of points plus a gentle pull towards them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, Int32

from trocar.errors import OptimiseError
from trocar.geometry.value import Value
from trocar.optimise.base import PointSet, Problem
from trocar.plan.goals import Comparison, Goal, MetricKind, Priority, Unit

ROUNDING = 1e-9
"""Numbers of points are rounded up only beyond this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preferences(Value):
    """How much the planner minds what, in one currency; nothing here is a clinical limit.

    Parameters
    ----------
    underdose
        Cost of a mean shortfall of the target below the prescription, a shortfall of all of it counting 1.
    overdose
        Cost of a mean excess above a target's upper goal, an excess of one prescription counting 1.
    organ_excess
        The same for an organ above its goal.
    must, wish
        Cost of missing a goal: by a tenth of a coverage goal's volume, or by as much again as a limit allows.
    needle
        Cost of an ordinary needle.
    seed
        Cost of a seed.
    """

    underdose: float
    overdose: float
    organ_excess: float
    must: float
    wish: float
    needle: float
    seed: float

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        wrong = {name: value for name, value in values.items() if not (np.isfinite(value) and value >= 0)}
        if wrong:
            raise OptimiseError(
                "optimise.preference-negative",
                "the preferences {wrong} were given; each must be a finite number of 0 or more",
                wrong=wrong,
            )

    @classmethod
    def balanced(cls) -> "Preferences":
        """Return weights under which goals come first, then few needles, then an even dose with few seeds."""
        return cls(underdose=60.0, overdose=2.0, organ_excess=20.0, must=20.0, wish=2.0, needle=0.1, seed=0.01)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term(Value):
    """One threshold in one structure, with all that hangs on it.

    Parameters
    ----------
    structure
        Which of the problem's structures.
    level_gy
        The threshold.
    side
        +1: the mean excess above the threshold is counted; -1: the mean shortfall below it.
    hinge
        Cost of that mean per prescription.
    allowance_gy
        The mean is free up to this.
    at_least
        Points that must reach the threshold, and the cost of each that does not.
    at_most
        Points that may reach it, and the cost of each more.
    """

    structure: int
    level_gy: float
    side: int
    hinge: float
    allowance_gy: float = 0.0
    at_least: tuple[int, float] = (0, 0.0)
    at_most: tuple[int, float] = (np.iinfo(np.int64).max // 2, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Objective(Value):
    """What a plan costs, see `docs/theory/inverse_planning.md`, eq. (P3).

    Parameters
    ----------
    terms
        In the order of the problem's structures.
    needle
        Cost of a needle of price 1.
    seed
        Cost of a seed.
    """

    terms: tuple[Term, ...]
    needle: float
    seed: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=lambda t: (t.structure, t.level_gy, t.side))))

    def dose_cost(self, problem: Problem, dose_gy: Float[np.ndarray, " points"]) -> float:
        """Return the part that depends on the dose."""
        return sum(_term_cost(term, problem, dose_gy) for term in self.terms)

    def misses(self, problem: Problem, dose_gy: Float[np.ndarray, " points"]) -> int:
        """Return how many points are missing or too many, over all demands, and how many means exceed their limit."""
        counted = sum(_missing(term, _reaching(term, problem, dose_gy)) for term in self.terms)
        return counted + sum(_mean_beyond(term, problem, dose_gy) > term.allowance_gy > 0 for term in self.terms)

    def implant_cost(self, problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> float:
        """Return the part that depends on seeds and needles."""
        used = np.unique(problem.needle[chosen])
        return self.seed * len(chosen) + self.needle * float(problem.needle_price[used].sum())

    def cost(self, problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> float:
        """Return what a choice of candidates costs."""
        return self.dose_cost(problem, problem.dose_of(chosen)) + self.implant_cost(problem, chosen)

    def without_needle_cost(self) -> "Objective":
        """Return the objective with needles free of charge."""
        return replace(self, needle=0.0)


def _reaching(term: Term, problem: Problem, dose_gy: np.ndarray) -> int:
    points = problem.structures[term.structure]
    return int(np.count_nonzero(dose_gy[points.start : points.stop] >= np.float32(term.level_gy)))


def _missing(term: Term, reaching: int) -> int:
    short = max(0, term.at_least[0] - reaching) if term.at_least[1] > 0 else 0
    return short + (max(0, reaching - term.at_most[0]) if term.at_most[1] > 0 else 0)


def _mean_beyond(term: Term, problem: Problem, dose_gy: np.ndarray) -> float:
    points = problem.structures[term.structure]
    beyond = term.side * (dose_gy[points.start : points.stop] - float(np.float32(term.level_gy)))
    return float(np.maximum(beyond, 0.0).mean())


def _term_cost(term: Term, problem: Problem, dose_gy: np.ndarray) -> float:
    mean = max(0.0, _mean_beyond(term, problem, dose_gy) - term.allowance_gy) / problem.prescription_gy
    reaching = _reaching(term, problem, dose_gy)
    short = max(0, term.at_least[0] - reaching) * term.at_least[1]
    excess = max(0, reaching - term.at_most[0]) * term.at_most[1]
    return term.hinge * mean + short + excess


def build_objective(problem: Problem, goals: Sequence[Goal], *, target: str, preferences: Preferences) -> Objective:
    """Return the objective that asks for goals.

    Parameters
    ----------
    problem
        Gives points and prescription.
    goals
        Bound to the names of the problem's structures. Only goals on structures that have points are allowed.
    target
        The structure to be covered; it is pulled towards the prescription even where no goal asks for it.
    preferences
        Weights.

    Raises
    ------
    OptimiseError
        A goal speaks of a structure without points, or of a metric that cannot be steered (`Dmean` of a structure
        of which only a part is sampled).
    """
    index = {points.name: number for number, points in enumerate(problem.structures)}
    problem.structure(target)
    terms = [
        Term(structure=index[target], level_gy=problem.prescription_gy, side=-1, hinge=preferences.underdose),
    ]
    for goal in goals:
        points = problem.structure(goal.structure)
        pull = preferences.overdose if goal.structure == target else preferences.organ_excess
        weight = preferences.must if goal.priority is Priority.MUST else preferences.wish
        terms.append(_goal_term(goal, problem, points, index[points.name], pull=pull, weight=weight))
    return Objective(terms=_merged(terms), needle=preferences.needle, seed=preferences.seed)


def _goal_term(goal: Goal, problem: Problem, points: PointSet, structure: int, *, pull: float, weight: float) -> Term:
    if goal.metric.kind is MetricKind.MEAN:
        return _mean_term(goal, problem, points, structure, weight=weight)
    level_gy, number = points_demanded(goal, problem)
    if goal.comparison is Comparison.AT_LEAST:
        each = weight / (0.1 * points.count)
        return Term(structure=structure, level_gy=level_gy, side=-1, hinge=0.0, at_least=(number, each))
    allowed = number
    each = weight / max(allowed, 0.01 * points.count)
    above = float(np.nextafter(np.float32(level_gy), np.float32(np.inf))) if goal.metric.is_dose else level_gy
    return Term(structure=structure, level_gy=above, side=1, hinge=pull, at_most=(allowed, each))


def points_demanded(goal: Goal, problem: Problem) -> tuple[float, int]:
    """Return a goal's threshold in Gy, and how many points must, or may, reach it: eq. (P2). Not for mean doses."""
    points = problem.structure(goal.structure)
    level_gy, share = _level_and_share(goal, problem, points)
    exact = share * points.count
    at_least = int(np.ceil(exact - ROUNDING))
    if goal.comparison is Comparison.AT_LEAST:
        return level_gy, min(points.count, at_least)
    return level_gy, max(0, at_least - 1 if goal.metric.is_dose else int(np.floor(exact + ROUNDING)))


def _mean_term(goal: Goal, problem: Problem, points: PointSet, structure: int, *, weight: float) -> Term:
    whole = abs(points.sampled_cc - points.volume_cc) <= 1e-3 * points.volume_cc
    if goal.comparison is not Comparison.AT_MOST or not whole:
        raise OptimiseError(
            "optimise.mean-not-steerable",
            "goal {goal} limits a mean dose; the planner can steer it only as an upper limit on a structure that is "
            "sampled as a whole ({sampled_cc:.1f} of {volume_cc:.1f} cc are): leave it to the evaluation, "
            "or sample the whole structure",
            goal=goal.text,
            sampled_cc=points.sampled_cc,
            volume_cc=points.volume_cc,
        )
    limit_gy = goal.limit_gy(problem.prescription_gy)
    hinge = weight * problem.prescription_gy / limit_gy if limit_gy > 0 else weight
    return Term(structure=structure, level_gy=0.0, side=1, hinge=hinge, allowance_gy=limit_gy)


def _level_and_share(goal: Goal, problem: Problem, points: PointSet) -> tuple[float, float]:
    """Return the threshold in Gy and the share of the points that must, or may, reach it."""
    metric = goal.metric
    if metric.kind is MetricKind.VOLUME_WITH_DOSE:
        cc = goal.limit if goal.limit_unit is Unit.CC else 0.01 * goal.limit * points.volume_cc
        return metric.dose_level_gy(problem.prescription_gy), cc / points.sampled_cc
    level_gy = goal.limit_gy(problem.prescription_gy)
    if metric.kind is MetricKind.MINIMUM:
        return level_gy, 1.0
    if metric.kind is MetricKind.MAXIMUM or metric.level is None:
        return level_gy, 1.0 / points.count
    cc = metric.level if metric.level_unit is Unit.CC else 0.01 * metric.level * points.volume_cc
    return level_gy, cc / points.sampled_cc


def _merged(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return as few terms as say the same: one pull a threshold, the strictest of demands of one weight."""
    pulls: dict[tuple[int, float, int, float], float] = {}
    demands: dict[tuple[int, float, int, float], dict[tuple[float, float], Term]] = {}
    for term in terms:
        key = (term.structure, float(np.float32(term.level_gy)), term.side, term.allowance_gy)
        pulls[key] = max(pulls.get(key, 0.0), term.hinge)
        same = demands.setdefault(key, {})
        if term.at_least[1] == 0 and term.at_most[1] == 0:
            continue
        weights = (term.at_least[1], term.at_most[1])
        known = same.get(weights, term)
        same[weights] = replace(
            known, at_least=max(known.at_least, term.at_least), at_most=min(known.at_most, term.at_most)
        )
    merged = []
    for key, hinge in pulls.items():
        structure, level_gy, side, allowance_gy = key
        bare = Term(structure=structure, level_gy=level_gy, side=side, hinge=0.0, allowance_gy=allowance_gy)
        first, *others = demands[key].values() or (bare,)
        merged += [replace(first, hinge=hinge), *(replace(other, hinge=0.0) for other in others)]
    return tuple(merged)

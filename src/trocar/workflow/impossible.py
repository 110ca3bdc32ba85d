"""Demands that cannot be met together: which they are, whether that is proven, and the least that has to give.

A smallest set of conflicting goals is found by leaving out one goal after the other and searching again; what is left
conflicts as far as the search can tell. Two cases are proven: where even all seeds that could stand in the needles at
once would not bring enough of the target to the dose; and where enough of it at the dose forces more on an organ than
its limit allows (`trocar.optimise.forced`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int32

from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.optimise.annealing import SAMPLE, Annealer, Stage
from trocar.optimise.base import Problem
from trocar.optimise.forced import Demand, forced_dose_gy
from trocar.optimise.metrics import achievements
from trocar.optimise.objectives import Preferences, points_demanded
from trocar.optimise.reach import most_covered
from trocar.plan.goals import Achievement, Comparison, Goal, MetricKind, Priority, Unit
from trocar.results.findings import Finding, Severity
from trocar.workflow.posing import Posed

STEPS = 24_000
"""Of each search for a plan that meets some goals."""
TRIES = 2
"""Searches that have to fail before goals count as conflicting."""
PROOF_MARGIN = 1e-3
"""By which what is forced must exceed a limit before it counts as proof: far more than the programme's rounding."""
BISECTIONS = 3
"""Attempts to find a smaller relaxation."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed(Value):
    """One goal made wider, with which all the others are met.

    Parameters
    ----------
    goal
        As asked for.
    needed
        Limit that the found plan keeps, in the goal's unit.
    chosen
        Candidates of that plan.
    """

    goal: Goal
    needed: float
    chosen: Int32[np.ndarray, " seeds"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "chosen", frozen_array(self.chosen, np.int32))

    @property
    def effort(self) -> float:
        """How much is asked of the goal, as a share of its limit."""
        return abs(self.needed - self.goal.limit) / max(abs(self.goal.limit), 1e-9)

    @property
    def as_goal(self) -> Goal:
        """The goal with the limit that is needed."""
        return replace(self.goal, limit=self.needed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Impossibility(Value):
    """Why not all goals that must be met are.

    Parameters
    ----------
    conflicting
        Goals that cannot be met together; any one left out frees the rest.
    relaxations
        Ways out by one goal each: first those that keep every limit of the organs, among them the least change first.
    together
        Goals widened together where no single one of the target would do: all that ask for a least dose, while every
        limit is kept.
    most_percent
        Proven largest share of the target that can reach the dose of a goal; None where the goal is not proven out of
        reach.
    forced
        What the demands for dose force on a limit of the conflict, proven; None where no limit is in it.
    seeds_needed
        Strength in U and number of the seeds with which the goals were met where the stock or the allowed number is
        too small; None elsewhere.
    target
        Name of the target: its goals give before a limit of an organ does.
    """

    conflicting: tuple[Goal, ...]
    relaxations: tuple[Relaxed, ...] = ()
    together: tuple[Relaxed, ...] = ()
    target: str = ""
    most_percent: float | None = None
    forced: "Forced | None" = None
    seeds_needed: tuple[tuple[float, int], ...] | None = None

    @property
    def nearest(self) -> tuple[Relaxed, ...]:
        """What is widened in the nearest plan that works: never a limit of an organ where the dose can give."""
        if self.relaxations and (not self.together or self.relaxations[0].goal.structure == self.target):
            return self.relaxations[:1]
        return self.together

    def as_reached(self, reached: Sequence[Achievement]) -> "Impossibility":
        """Return the same with what the nearest plan reaches in place of what it was searched for."""
        values = {each.goal.key: each.value for each in reached}

        def exact(relaxed: Sequence[Relaxed]) -> tuple[Relaxed, ...]:
            renewed = [
                replace(each, needed=_wider(each.goal, values.get(each.goal.key, each.needed))) for each in relaxed
            ]
            return tuple(each for each in renewed if each.needed != each.goal.limit) or tuple(relaxed)

        if self.nearest and self.nearest[0] in self.relaxations:
            return replace(self, relaxations=(*exact(self.nearest), *self.relaxations[1:]))
        return replace(self, together=exact(self.together))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What prevents, and what would do, as sentences."""
        nearest = self.nearest
        ways_out = [_way_out_together(nearest)] if nearest else []
        others = [each for each in self.relaxations if each is not nearest[0]][:1] if nearest else []
        said = (*self._prevents(), *ways_out, *(_other_way_out(each) for each in others))
        return tuple(Finding(severity=Severity.ACTION, message=message) for message in said)

    def _prevents(self) -> tuple[Message, ...]:
        goals = "; ".join(goal.text for goal in self.conflicting)
        if self.seeds_needed is not None:
            kinds = tuple(
                Message(
                    code="workflow.seeds-of-strength",
                    template="{count} of {s_k_u:.3f} U",
                    data={"count": count, "s_k_u": s_k_u},
                )
                for s_k_u, count in self.seeds_needed
            )
            return (
                Message(
                    code="workflow.seeds-too-few",
                    template="too few seeds: the goals were met with {needed} seeds ({kinds}), more than there are "
                    "of a strength or than are allowed",
                    data={"needed": sum(count for _, count in self.seeds_needed), "kinds": kinds},
                ),
            )
        if self.most_percent is not None:
            return (
                Message(
                    code="workflow.coverage-unreachable",
                    template="{goals} is out of reach, proven: even with every place filled at once at most "
                    "{most:.1f} % of the target gets that dose; needles nearer to the rest, more places or stronger "
                    "seeds are needed",
                    data={"goals": goals, "most": self.most_percent},
                ),
            )
        if len(self.conflicting) == 1:
            return (
                Message(
                    code="workflow.goal-out-of-reach",
                    template="{goals} was not met by any plan found in these needles, even with all other goals given "
                    "up",
                    data={"goals": goals},
                ),
            )
        if self.forced is not None and self.forced.is_proof:
            return (self.forced.as_proof,)
        searched = Message(
            code="workflow.goals-conflict",
            template="no plan was found that meets these goals together: {goals}; with any one of them given up "
            "the others were met",
            data={"goals": goals},
        )
        return (searched,) if self.forced is None else (searched, self.forced.as_far_as_proven)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """A proven least dose where a limit applies, in every plan that meets demands.

    Parameters
    ----------
    demands
        For dose.
    limit
        That conflicts with them.
    allowed_gy
        What the limit allows.
    least_gy
        What at least comes there.
    """

    demands: tuple[Goal, ...]
    limit: Goal
    allowed_gy: float
    least_gy: float

    @property
    def is_proof(self) -> bool:
        """Whether the limit is exceeded for certain."""
        return self.least_gy > self.allowed_gy * (1.0 + PROOF_MARGIN)

    @property
    def as_proof(self) -> Message:
        """That the goals contradict each other."""
        return Message(
            code="workflow.goals-contradict",
            template="no plan in these needles meets these goals together, proven: {goals}; coverage puts at least "
            "{least:.3g} Gy where {limit} allows {allowed:.3g} Gy",
            data={
                "goals": "; ".join(goal.text for goal in (*self.demands, self.limit)),
                "least": self.least_gy,
                "limit": self.limit.text,
                "allowed": self.allowed_gy,
            },
        )

    @property
    def as_far_as_proven(self) -> Message:
        """What is proven where the search alone tells of a conflict."""
        return Message(
            code="workflow.goals-conflict-unproven",
            template="that there is no such plan is not proven; proven is that coverage puts at least {least:.3g} Gy "
            "where {limit} allows {allowed:.3g} Gy",
            data={"least": self.least_gy, "limit": self.limit.text, "allowed": self.allowed_gy},
        )


def _relaxed_words(relaxed: Relaxed) -> Message:
    return Message(
        code="workflow.goal-relaxed-to",
        template="{goal} relaxed to {needed:.3g} {unit}",
        data={"goal": relaxed.goal.text, "needed": relaxed.needed, "unit": relaxed.goal.limit_unit.value},
    )


def _way_out_together(relaxed: Sequence[Relaxed]) -> Message:
    return Message(
        code="workflow.goals-relaxed",
        template="nearest plan that works, and this one: {changes}, with all other goals met",
        data={"changes": tuple(_relaxed_words(each) for each in relaxed)},
    )


def _other_way_out(relaxed: Relaxed) -> Message:
    return Message(
        code="workflow.other-relaxed",
        template="not done here, but all other goals would also be met with {change}",
        data={"change": _relaxed_words(relaxed)},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Possible(Value):
    """A choice that meets every goal that must be met.

    Parameters
    ----------
    chosen
        Candidates.
    """

    chosen: Int32[np.ndarray, " seeds"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "chosen", frozen_array(self.chosen, np.int32))


def why_impossible(
    posed: Posed, chosen: Int32[np.ndarray, " seeds"], *, rng: np.random.Generator
) -> Impossibility | Possible:
    """Return why a plan misses goals that must be met; or a choice that misses none, the given one where it does not.

    Parameters
    ----------
    posed
        Problem and goals.
    chosen
        Candidates of the plan.
    rng
        Of the searches.
    """
    must = tuple(goal for goal in posed.goals if goal.priority is Priority.MUST)
    if posed.must_met(chosen):
        return Possible(chosen=chosen)
    unreachable = _proven(posed.problem, must, posed.request.target)
    if unreachable is not None:
        return replace(unreachable, together=_relaxed_together(posed, must, rng))
    met = _search(posed, must, rng)
    if met is not None:
        return Possible(chosen=met)
    freed = _with_any_number(posed)
    if freed is not None:
        met = _search(freed, must, rng)
        if met is not None:
            together = _relaxed_together(posed, must, rng)
            return Impossibility(conflicting=must, together=together, seeds_needed=_by_strength(posed, met))
    core = _smallest_conflict(posed, must, rng)
    relaxed = [_relaxed(posed, goal, must, rng) for goal in core]
    target = posed.request.target
    found = sorted(
        (each for each in relaxed if each is not None), key=lambda each: (each.goal.structure != target, each.effort)
    )
    free = next((each for each in found if each.needed == each.goal.limit), None)
    if free is not None:
        return Possible(chosen=free.chosen)
    enough = found and found[0].goal.structure == target
    together = () if enough else _relaxed_together(posed, must, rng)
    return Impossibility(
        conflicting=core,
        relaxations=tuple(found),
        together=together,
        target=target,
        forced=_forced(posed.problem, core, must),
    )


def _all_met(problem: Problem, chosen: np.ndarray, goals: Sequence[Goal]) -> bool:
    return all(each.is_met for each in _reached(problem, chosen, goals))


def _reached(problem: Problem, chosen: np.ndarray, goals: Sequence[Goal]) -> tuple[Achievement, ...]:
    return achievements(problem, problem.dose_of(chosen), goals)


def _search(posed: Posed, goals: Sequence[Goal], rng: np.random.Generator) -> np.ndarray | None:
    """Return a choice that meets goals with needles for nothing, or None."""
    for _ in range(TRIES):
        chosen = _best(posed, goals, rng)
        if _all_met(posed.problem, chosen, goals):
            return chosen
    return None


def _best(posed: Posed, goals: Sequence[Goal], rng: np.random.Generator) -> np.ndarray:
    stages = (
        Stage(steps=STEPS, hot=1.0, cold=0.003, points_per_structure=SAMPLE),
        Stage(steps=STEPS // 4, hot=0.02, cold=0.001, points_per_structure=None),
    )
    objective = posed.objective(goals, replace(Preferences.balanced(), needle=0.0, seed=0.002))
    return np.asarray(Annealer(stages=stages).optimise(posed.problem, objective, rng=rng).chosen)


def _proven(problem: Problem, must: Sequence[Goal], target: str) -> Impossibility | None:
    for goal in must:
        demanded = _demanded_share(goal, problem) if goal.structure == target else None
        if demanded is None:
            continue
        level_gy, share = demanded
        most = most_covered(problem, target, level_gy=level_gy)
        if most < share:
            return Impossibility(conflicting=(goal,), most_percent=100.0 * most)
    return None


def _forced(problem: Problem, core: Sequence[Goal], must: Sequence[Goal]) -> Forced | None:
    """Return what all demands for dose force on the limits of a conflict: on the one that it exceeds most."""
    asked = tuple(goal for goal in must if _is_counted(goal) and goal.comparison is Comparison.AT_LEAST)
    limits = [goal for goal in core if _is_counted(goal) and goal.comparison is Comparison.AT_MOST]
    demands = [_demand(goal, problem) for goal in asked]
    found = []
    for limit in limits if demands else []:
        allowed_gy, points = points_demanded(limit, problem)
        least_gy = forced_dose_gy(problem, demands, organ=limit.structure, allowed=points)
        if 0.0 < least_gy < np.inf:
            found.append(Forced(demands=asked, limit=limit, allowed_gy=allowed_gy, least_gy=least_gy))
    return max(found, key=lambda each: each.least_gy / max(each.allowed_gy, 1e-9), default=None)


def _is_counted(goal: Goal) -> bool:
    return goal.metric.kind is not MetricKind.MEAN


def _demand(goal: Goal, problem: Problem) -> Demand:
    level_gy, points = points_demanded(goal, problem)
    return Demand(structure=goal.structure, level_gy=level_gy, points=points)


def _demanded_share(goal: Goal, problem: Problem) -> tuple[float, float] | None:
    """Return the dose and the share of the structure that must reach it, for D_x and V_x of at least something."""
    if goal.comparison is not Comparison.AT_LEAST:
        return None
    points = problem.structure(goal.structure)
    metric = goal.metric
    if metric.kind is MetricKind.VOLUME_WITH_DOSE:
        share = goal.limit / points.volume_cc if goal.limit_unit is Unit.CC else 0.01 * goal.limit
        return metric.dose_level_gy(problem.prescription_gy), share
    if metric.kind is MetricKind.DOSE_TO_VOLUME and metric.level is not None:
        share = metric.level / points.volume_cc if metric.level_unit is Unit.CC else 0.01 * metric.level
        return goal.limit_gy(problem.prescription_gy), share
    return None


def _by_strength(posed: Posed, chosen: np.ndarray) -> tuple[tuple[float, int], ...]:
    """Return each strength in U and how many of a choice have it, leaving out strengths without a seed."""
    counts = np.bincount(posed.problem.strength[chosen], minlength=len(posed.request.stock))
    pairs = zip(posed.request.stock, counts.tolist(), strict=True)
    return tuple((stock.strength.s_k_u, count) for stock, count in pairs if count)


def _with_any_number(posed: Posed) -> Posed | None:
    """Return the problem with as many seeds as wanted; None where their number is free already."""
    problem = posed.problem
    if problem.most_seeds is None and all(stock is None for stock in problem.available):
        return None
    free = replace(problem, available=(None,) * len(problem.available), most_seeds=None)
    return replace(posed, problem=free)


def _smallest_conflict(posed: Posed, goals: tuple[Goal, ...], rng: np.random.Generator) -> tuple[Goal, ...]:
    """Return goals of which each is needed for the conflict."""
    kept = list(goals)
    for goal in goals:
        others = [each for each in kept if each is not goal]
        if others and _search(posed, others, rng) is None:
            kept = others
    return tuple(kept)


def _relaxed(posed: Posed, goal: Goal, must: Sequence[Goal], rng: np.random.Generator) -> Relaxed | None:
    """Return how little one goal has to give for all the others to be met; None where they are not met then either."""
    others = [each for each in must if each is not goal]
    found = _best(posed, [*others, replace(goal, priority=Priority.WISH)], rng)
    if not _all_met(posed.problem, found, others):
        again = _search(posed, others, rng)
        if again is None:
            return None
        found = again
    needed = _wider(goal, _reached(posed.problem, found, [goal])[0].value)
    for _ in range(BISECTIONS):
        middle = replace(goal, limit=0.5 * (needed + goal.limit))
        better = _search(posed, [*others, middle], rng)
        if better is None:
            break
        found, needed = better, _wider(goal, _reached(posed.problem, better, [goal])[0].value)
        if needed == goal.limit:
            break
    return Relaxed(goal=goal, needed=needed, chosen=found)


def _relaxed_together(posed: Posed, must: Sequence[Goal], rng: np.random.Generator) -> tuple[Relaxed, ...]:
    """Return how much all demands for dose have to give at once, with every limit kept; none where no plan keeps them.

    Limits from above can always be kept, by fewer seeds: this way out stands where no other does.
    """
    kept = [goal for goal in must if goal.comparison is Comparison.AT_MOST]
    demands = [goal for goal in must if goal.comparison is Comparison.AT_LEAST]
    found = _best(posed, [*kept, *(replace(goal, priority=Priority.WISH) for goal in demands)], rng)
    if not _all_met(posed.problem, found, kept):
        return ()
    reached = _reached(posed.problem, found, demands)
    return tuple(
        Relaxed(goal=goal, needed=_wider(goal, each.value), chosen=found)
        for goal, each in zip(demands, reached, strict=True)
        if not each.is_met
    )


def _wider(goal: Goal, value: float) -> float:
    """Return a value as a limit that is never stricter than the one asked for."""
    return min(value, goal.limit) if goal.comparison is Comparison.AT_LEAST else max(value, goal.limit)

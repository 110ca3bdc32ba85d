"""Seeds in needles: searched for on points, held to exact doses, and the reasons where goals cannot all be met."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trocar.errors import OptimiseError
from trocar.optimise.base import Outcome
from trocar.plan.goals import Achievement, Comparison, Goal, Priority, Unit
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.results.findings import Finding
from trocar.workflow.best_possible import BestPossible, distance_from_best
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.impossible import Impossibility, why_impossible
from trocar.workflow.plan_judging import exact_achievements
from trocar.workflow.posing import Posed, pose, pose_for_errors

RESERVE = 2.0
"""Of what a plan misses exactly: the points of another plan err by another amount."""
GIVES = 0.03
"""Share by which what a nearest plan widens may give more in each repair, so that all that is asked can be met."""
DOSE_RESERVE = 0.02
"""Share of the dose of a V_x by which it is moved where its volume cannot be."""
REPAIRS, WANTED_REPAIRS = 4, 2
"""Times that a plan may be searched for again with a reserve; each adds to the reserve of the one before. Fewer
for goals that are only wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSeeds:
    """Seeds in needles, and what is to be said about them.

    Parameters
    ----------
    plan
        Seeds and the needles in use.
    outcome
        How the search ended.
    remarks
        Why goals are missed, what would do, and how far the plan is from the best possible.
    misses
        Whether goals that must be met cannot be.
    """

    plan: ImplantPlan
    outcome: Outcome
    remarks: tuple[Finding, ...]
    misses: bool


def seeds_or_reasons(
    request: ImplantRequest,
    needles: Sequence[Needle],
    *,
    rng: np.random.Generator,
    bound: bool,
    in_place: bool = False,
) -> PlacedSeeds:
    """Return the best seeds in needles; where goals cannot be met, the nearest plan and the reasons.

    What the search meets on its points is met by exact doses too, if necessary by searching again with a reserve: every
    goal, those that must be met before those that are wanted, or, in a nearest plan, every one that must be met and is
    not widened.

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    posed = pose_for_errors(request, needles, rng=rng, in_place=in_place)
    as_planned = pose(request, needles, in_place=in_place) if posed.scenarios else posed
    search = _Search(posed=posed, as_planned=as_planned, rng=rng)
    found = search.held_to_exact_doses(search.first())
    reasons = found.reasons
    best = distance_from_best(posed, found.outcome) if bound else BestPossible(cost=found.outcome.cost, bound=None)
    return PlacedSeeds(
        plan=posed.plan_of(found.outcome.chosen),
        outcome=found.outcome,
        remarks=(*reasons, best.finding),
        misses=bool(reasons),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A choice, why it does not meet every goal, and what it reaches by exact doses."""

    outcome: Outcome
    why: Impossibility | None
    reached: tuple[Achievement, ...]

    @property
    def gives(self) -> frozenset[str]:
        """Keys of the goals that a nearest plan widens."""
        return frozenset() if self.why is None else frozenset(each.goal.key for each in self.why.nearest)

    @property
    def missed(self) -> tuple[Achievement, ...]:
        """Goals to be kept that are missed exactly; none where not even a nearest plan is known."""
        if self.why is not None and not self.why.nearest:
            return ()
        return tuple(each for each in self.reached if not each.is_met and each.goal.key not in self.gives)

    @property
    def shortcoming(self) -> tuple[int, int]:
        """How many goals to be kept are missed: those that must be met first, then all."""
        must = sum(each.goal.priority is Priority.MUST for each in self.missed)
        return must, len(self.missed)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """Why not all goals are met, with what the nearest plan reaches exactly."""
        if self.why is None or all(each.is_met for each in self.reached):
            return ()
        return self.why.as_reached(self.reached).findings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """The searches for one request: for all errors of the needles it plans for, and as planned."""

    posed: Posed
    as_planned: Posed
    rng: np.random.Generator
    wanted: frozenset[str] = frozenset()
    """Keys of goals that need not be met but are, on the points of the search."""

    def first(self) -> _Found:
        """Return the best choice for the goals as they stand, or the nearest there is."""
        return self._found(self.posed.request.goals)

    def held_to_exact_doses(self, found: _Found) -> _Found:
        """Return a choice that keeps by exact doses what it keeps on the points of the search, or misses least."""
        search = self if found.why else replace(self, wanted=self._met_though_only_wanted(found.outcome))
        best = tried = search._judged(found.outcome, found.why) if search.wanted else found
        goals = self.posed.request.goals
        for repair in range(REPAIRS):
            must, missed = best.shortcoming
            if not missed or (not must and repair == WANTED_REPAIRS):
                break
            goals = with_reserve(goals, tried.missed)
            again = search._found(goals) if found.why is None else search._nearest(goals, found, GIVES * (repair + 1))
            if again.why is not found.why:
                break
            tried = again
            best = min(best, tried, key=lambda each: each.shortcoming)
        return best

    def _met_though_only_wanted(self, outcome: Outcome) -> frozenset[str]:
        return frozenset(
            each.goal.key
            for each in self.as_planned.reached(outcome.chosen)
            if each.is_met and each.goal.priority is not Priority.MUST
        )

    def _found(self, goals: tuple[Goal, ...]) -> _Found:
        posed, as_planned = _asking(self.posed, goals), _asking(self.as_planned, goals)
        outcome = posed.optimised(rng=self.rng)
        why = why_impossible(as_planned, outcome.chosen, rng=self.rng)
        if isinstance(why, Impossibility):
            wider = {relaxed.goal.key: relaxed.as_goal for relaxed in why.nearest}
            outcome = posed.optimised(tuple(wider.get(goal.key, goal) for goal in posed.goals), rng=self.rng)
            return self._judged(outcome, why)
        if not np.array_equal(why.chosen, outcome.chosen):
            outcome = posed.improved(why.chosen, keeping=as_planned.must_met, rng=self.rng)
        return self._judged(outcome, None)

    def _nearest(self, goals: tuple[Goal, ...], found: _Found, share: float) -> _Found:
        """Return a nearest plan for goals with a reserve, in which what gives may give a little more than found."""
        reached = {each.goal.key: each.value for each in found.reached}
        asked = tuple(_given(goal, reached[goal.key], share) if goal.key in found.gives else goal for goal in goals)
        return self._judged(_asking(self.posed, asked).optimised(rng=self.rng), found.why)

    def _judged(self, outcome: Outcome, why: Impossibility | None) -> _Found:
        if len(outcome.chosen) == 0:
            limits = [goal.text for goal in self.posed.goals if goal.comparison is Comparison.AT_MOST]
            raise OptimiseError(
                "workflow.no-seed-allowed",
                "no plan: with these limits not even one seed can stay: {limits}; give limits that a seed can keep",
                limits="; ".join(limits),
            )
        asked = tuple(goal for goal in self.posed.goals if goal.priority is Priority.MUST or goal.key in self.wanted)
        reached = exact_achievements(self.posed.request, self.posed.plan_of(outcome.chosen), asked)
        return _Found(outcome=outcome, why=why, reached=reached)


def _asking(posed: Posed, goals: tuple[Goal, ...]) -> Posed:
    return replace(posed, request=replace(posed.request, goals=goals))


def _given(goal: Goal, reached: float, share: float) -> Goal:
    """Return a goal that asks for less than was reached, by a share."""
    at_least = goal.comparison is Comparison.AT_LEAST
    less = reached * (1.0 - share if at_least else 1.0 + share)
    return replace(goal, limit=min(less, goal.limit) if at_least else max(less, goal.limit))


def with_reserve(goals: Sequence[Goal], missed: Sequence[Achievement]) -> tuple[Goal, ...]:
    """Return goals, those missed with a reserve for what they were missed by, eq. (P24) of the theory."""
    short = {each.goal.key: each.shortfall for each in missed}
    return tuple(_stricter(goal, RESERVE * short.get(goal.key, 0.0)) for goal in goals)


def _stricter(goal: Goal, by: float) -> Goal:
    """Return a goal with a reserve: in its limit, or in its dose where all or nothing of a volume is asked for."""
    if by <= 0:
        return goal
    at_least = goal.comparison is Comparison.AT_LEAST
    all_of_it = goal.limit_unit is Unit.PERCENT and goal.limit + by > 100.0
    if not goal.metric.is_dose and goal.metric.level is not None and (all_of_it if at_least else goal.limit < by):
        level = goal.metric.level * (1.0 + DOSE_RESERVE if at_least else 1.0 - DOSE_RESERVE)
        return replace(goal, metric=replace(goal.metric, level=level))
    return replace(goal, limit=goal.limit + by if at_least else max(goal.limit - by, 0.0))

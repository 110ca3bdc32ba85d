"""Planning a permanent implant: find the way in, place the seeds, judge what comes of it by exact doses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trocar.messages import Message
from trocar.optimise.base import Outcome
from trocar.plan.goals import Achievement, Comparison, Priority
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.results.findings import Finding, Severity
from trocar.workflow.best_possible import BestPossible, distance_from_best
from trocar.workflow.consequences import with_consequences
from trocar.workflow.considering import considered_needles
from trocar.workflow.implant_request import ImplantRequest, require_together
from trocar.workflow.impossible import Impossibility, why_impossible
from trocar.workflow.nearest_way import require_seeds, with_nearest_access, with_seeds_to_order
from trocar.workflow.plan_judging import ProposedImplant, judged
from trocar.workflow.posing import pose, pose_for_errors
from trocar.workflow.way_in import WayIn, find_way_in, more_from_elsewhere

RESERVE = 2.0
"""Of what a plan misses exactly: the points of another plan err by another amount."""

Progress = Callable[[Message, float], None]
"""Called with the stage and the share of it that is done."""


def plan_implant(
    request: ImplantRequest,
    *,
    rng: np.random.Generator,
    progress: Progress | None = None,
    bound: bool = False,
    nearest: bool = False,
) -> ProposedImplant:
    """Return needles and seeds for a request.

    Parameters
    ----------
    request
        All that is given.
    rng
        Of the search.
    progress
        Called as it goes on.
    bound
        Whether to prove how good any plan in these needles could be.
    nearest
        Whether to plan with the least change of the rules, or without stock, where no plan is possible as asked; what
        was changed is the first finding.

    Raises
    ------
    PlanError
        What is given does not belong together or lacks strength or structures.
    OptimiseError
        No way in, no place for a seed, or a demand that cannot be posed.
    """
    told = progress or (lambda stage, share: None)
    require_together(request)
    way_in = _stage("workflow.stage-way-in", "Finding the way in")
    placing = _stage("workflow.stage-seeds", "Placing seeds")
    judging = _stage("workflow.stage-judging", "Judging the plan by exact doses")
    told(way_in, 0.0)
    changed: tuple[Finding, ...] = ()
    if nearest:
        request, widened = with_nearest_access(request)
        request, ordered = with_seeds_to_order(request)
        changed = (*widened, *ordered)
    require_seeds(request)
    way = find_way_in(request)
    told(way_in, 1.0)
    told(placing, 0.0)
    placed = seeds_or_reasons(request, way.needles, rng=rng, bound=bound)
    told(placing, 1.0)
    told(judging, 0.0)
    proposed = _judged_way(request, way, placed, changed)
    missed = () if placed.misses else _missed(proposed)
    if missed:
        again = seeds_or_reasons(_with_reserve(request, missed), way.needles, rng=rng, bound=bound)
        better = _judged_way(request, way, again, changed)
        if not again.misses and len(_missed(better)) < len(missed):
            proposed = better
    told(judging, 1.0)
    return with_consequences(request, proposed, rng=rng, told=told)


def _judged_way(
    request: ImplantRequest, way: WayIn, placed: "PlacedSeeds", changed: tuple[Finding, ...]
) -> ProposedImplant:
    """Return placed seeds judged by exact doses, with the accounts of their needles and of those not taken."""
    accounts = way.accounts
    account_at = {_place_of(needle): accounts[needle.number] for needle in way.needles}
    used = {needle.number: account_at[_place_of(needle)] for needle in placed.plan.needles}
    remarks = (*changed, *placed.remarks)
    elsewhere = more_from_elsewhere(way) if placed.misses else None
    if elsewhere is not None:
        remarks = (*remarks, Finding(severity=Severity.ATTENTION, message=elsewhere))
    proposed = judged(request, placed.plan, outcome=placed.outcome, accounts=used, covered=way.covered, remarks=remarks)
    return replace(proposed, considered=considered_needles(way, placed.plan.needles))


def _missed(proposed: ProposedImplant) -> tuple[Achievement, ...]:
    return tuple(each for each in proposed.achievements if not each.is_met and each.goal.priority is Priority.MUST)


def _with_reserve(request: ImplantRequest, missed: Sequence[Achievement]) -> ImplantRequest:
    """Return a request whose goals keep a reserve where a plan met them on the points of the search but not exactly."""
    stricter = {}
    for each in missed:
        side = 1.0 if each.goal.comparison is Comparison.AT_LEAST else -1.0
        limit = max(each.goal.limit + side * RESERVE * each.shortfall, 0.0)
        stricter[each.goal] = replace(each.goal, limit=limit)
    return replace(request, goals=tuple(stricter.get(goal, goal) for goal in request.goals))


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

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    posed = pose_for_errors(request, needles, rng=rng, in_place=in_place)
    outcome = posed.optimised(rng=rng)
    as_planned = pose(request, needles, in_place=in_place) if posed.scenarios else posed
    why = why_impossible(as_planned, outcome.chosen, rng=rng)
    remarks: tuple[Finding, ...] = ()
    if isinstance(why, Impossibility):
        remarks = why.findings
        wider = {relaxed.goal.key: relaxed.as_goal for relaxed in why.nearest}
        outcome = posed.optimised(tuple(wider.get(goal.key, goal) for goal in posed.goals), rng=rng)
    elif not np.array_equal(why.chosen, outcome.chosen):
        outcome = posed.improved(why.chosen, keeping=as_planned.must_met, rng=rng)
    best = distance_from_best(posed, outcome) if bound else BestPossible(cost=outcome.cost, bound=None)
    return PlacedSeeds(
        plan=posed.plan_of(outcome.chosen), outcome=outcome, remarks=(*remarks, best.finding), misses=bool(remarks)
    )


def _place_of(needle: Needle) -> tuple[float, ...]:
    return (*needle.entry_lps_mm.tolist(), *needle.tip_lps_mm.tolist())


def _stage(code: str, template: str) -> Message:
    return Message(code=code, template=template)

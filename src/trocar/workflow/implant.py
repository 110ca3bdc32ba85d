"""Planning a permanent implant: find the way in, place the seeds, judge what comes of it by exact doses."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trocar.messages import Message
from trocar.plan.needles import Needle
from trocar.results.findings import Finding, Severity
from trocar.workflow.consequences import with_consequences
from trocar.workflow.considering import considered_needles
from trocar.workflow.implant_request import ImplantRequest, require_together
from trocar.workflow.nearest_way import require_seeds, with_nearest_access, with_seeds_to_order
from trocar.workflow.placed_seeds import PlacedSeeds, seeds_or_reasons
from trocar.workflow.plan_judging import ProposedImplant, judged
from trocar.workflow.way_in import WayIn, find_way_in, more_from_elsewhere

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
    told(judging, 1.0)
    return with_consequences(request, proposed, rng=rng, told=told)


def _judged_way(
    request: ImplantRequest, way: WayIn, placed: PlacedSeeds, changed: tuple[Finding, ...]
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


def _place_of(needle: Needle) -> tuple[float, ...]:
    return (*needle.entry_lps_mm.tolist(), *needle.tip_lps_mm.tolist())


def _stage(code: str, template: str) -> Message:
    return Message(code=code, template=template)

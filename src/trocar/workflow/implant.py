"""Planning a permanent implant: find the way in, place the seeds, judge what comes of it by exact doses."""

from collections.abc import Callable

import numpy as np

from trocar.messages import Message
from trocar.plan.needles import Needle
from trocar.workflow.consequences import with_consequences
from trocar.workflow.implant_request import ImplantRequest, require_together
from trocar.workflow.plan_judging import ProposedImplant, judged
from trocar.workflow.seed_placing import place_seeds
from trocar.workflow.way_in import propose_needles

Progress = Callable[[Message, float], None]
"""Called with the stage and the share of it that is done."""


def plan_implant(
    request: ImplantRequest, *, rng: np.random.Generator, progress: Progress | None = None
) -> ProposedImplant:
    """Return needles and seeds for a request.

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
    needles, accounts, covered = propose_needles(request)
    told(way_in, 1.0)
    told(placing, 0.0)
    plan, outcome = place_seeds(request, needles, rng=rng)
    told(placing, 1.0)
    told(judging, 0.0)
    account_at = {_place_of(needle): accounts[needle.number] for needle in needles}
    used = {needle.number: account_at[_place_of(needle)] for needle in plan.needles}
    proposed = judged(request, plan, outcome=outcome, accounts=used, covered=covered)
    told(judging, 1.0)
    return with_consequences(request, proposed, rng=rng, told=told)


def _place_of(needle: Needle) -> tuple[float, ...]:
    return (*needle.entry_lps_mm.tolist(), *needle.tip_lps_mm.tolist())


def _stage(code: str, template: str) -> Message:
    return Message(code=code, template=template)

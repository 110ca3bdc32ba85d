"""Why a stored dose differs from the recomputed one: every supposition is computed, its share of the difference stated.

Each supposition is first tried alone, then they are laid on top of each other as long as each further one adds enough.
The search keeps several accounts alive at once, because of two causes together the right one need not look best alone.
A named cause is preferred to a fitted number (a free factor, a free displacement, a free strength for each source)
unless the fit explains clearly more: a fit can imitate a cause but names none.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from jaxtyping import Float

from trocar.results.plan_check import Cause, Explanation, Trial
from trocar.workflow.fits import fitted_suppositions
from trocar.workflow.suppose import Model, Supposition, model_dose_gy

CAPPED_AT = 1.0
"""A local difference counts as 100 % at most, so that a few points beside the sources cannot outvote the rest."""

WORTH_SHARE = 0.2
"""A further supposition is accepted when it removes at least this share of what is left above the rounding."""

WORTH_PERCENT = 0.1
"""... and at least this many percent of mean difference."""

FIT_HANDICAP = {Cause.FACTOR: 0.15, Cause.DISPLACEMENT: 0.15, Cause.SINGLE_SOURCES: 0.15, Cause.RADIAL: 0.25}
"""The share of its gain that a fit is denied in the ranking against named causes: the freer it is, the more."""

RIVAL_WITHIN = 0.03
"""Suppositions whose shares differ by less cannot be told apart."""

MOST_CAUSES = 4
ACCOUNTS_KEPT = 4
"""How many accounts the search follows at once."""

HOPELESS = 2.0
"""An account that leaves more than this times what the best one leaves is not followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Stored doses at stated positions.

    Parameters
    ----------
    points_lps_mm
        Where the file says they are.
    stored_gy
        What it says.
    step_gy
        Smallest step between stored numbers; 0 where there is none.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    stored_gy: Float[np.ndarray, " n"]
    step_gy: float


def local_difference(stored_gy: np.ndarray, computed_gy: np.ndarray) -> np.ndarray:
    """Return (stored - computed) / computed."""
    return np.asarray((stored_gy - computed_gy) / np.maximum(computed_gy, 1e-12))


def misfit(evidence: Evidence, model: Model) -> float:
    """Return the mean absolute local difference left under a model, each point capped."""
    computed = model_dose_gy(model, evidence.points_lps_mm)
    return float(np.minimum(np.abs(local_difference(evidence.stored_gy, computed)), CAPPED_AT).mean())


def rounding_misfit(evidence: Evidence) -> float:
    """Return the misfit that rounding to the stored step causes on its own: a quarter of a step on the average."""
    return float(np.minimum(0.25 * evidence.step_gy / np.maximum(evidence.stored_gy, 1e-12), CAPPED_AT).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """Suppositions laid on top of each other, and what is left under them."""

    model: Model
    steps: tuple[Supposition, ...]
    misfits: tuple[float, ...]
    handicap: float

    @property
    def left(self) -> float:
        return self.misfits[-1]

    @property
    def rank(self) -> float:
        return self.left + self.handicap


def explain(
    evidence: Evidence,
    base: Model,
    suppositions: tuple[Supposition, ...],
    *,
    progress: Callable[[float], None] | None = None,
) -> tuple[Explanation, Model]:
    """Return why stored and recomputed doses differ, and the model that explains most.

    Parameters
    ----------
    evidence
        Stored doses.
    base
        How Trocar computes them.
    suppositions
        Named causes to try; the fits are added here.
    progress
        Told the share done, 0 to 1.
    """
    report = progress or (lambda share: None)
    nothing = _Account(model=base, steps=(), misfits=(misfit(evidence, base),), handicap=0.0)
    floor = rounding_misfit(evidence)
    alone = _extended(evidence, nothing, suppositions)
    report(0.3)
    best = _searched(evidence, nothing, alone, suppositions, floor=floor, report=report)
    explanation = Explanation(
        misfit_percent=100.0 * nothing.left,
        trials=tuple(_trial(account, 0) for account in sorted(alone, key=lambda each: each.left)),
        account=_told(evidence, base, best, suppositions),
        remaining_percent=100.0 * best.left,
        rounding_percent=100.0 * floor,
    )
    report(1.0)
    return explanation, best.model


def _searched(
    evidence: Evidence,
    nothing: _Account,
    alone: list[_Account],
    suppositions: tuple[Supposition, ...],
    *,
    floor: float,
    report: Callable[[float], None],
) -> _Account:
    """Return the shortest account to which no further supposition adds enough."""
    best, leaders = nothing, alone
    for depth in range(1, MOST_CAUSES + 1):
        leaders = _led_by_complete(sorted(leaders, key=lambda each: each.rank), floor=floor)[:ACCOUNTS_KEPT]
        if not leaders or not _worth(best.left - leaders[0].left, left=best.left, floor=floor):
            break
        best = leaders[0]
        if depth == MOST_CAUSES or _is_complete(best, floor=floor):
            break
        hopeful = [leader for leader in leaders if leader.left <= HOPELESS * best.left]
        leaders = [further for leader in hopeful for further in _extended(evidence, leader, suppositions)]
        report(0.3 + 0.15 * depth)
    return best


def _is_complete(account: _Account, *, floor: float) -> bool:
    """Return whether an account leaves no more than rounding."""
    return 100.0 * (account.left - floor) < WORTH_PERCENT


def _led_by_complete(ranked: list[_Account], *, floor: float) -> list[_Account]:
    """Return accounts by rank, but one that leaves rounding alone before a leader that leaves clearly more.

    A named cause that would need a further one beside it is not preferred to a fit that needs none.
    """
    complete = next((each for each in ranked if _is_complete(each, floor=floor)), None)
    if complete is None or ranked[0].left - complete.left <= RIVAL_WITHIN * complete.misfits[0]:
        return ranked
    return [complete, *(each for each in ranked if each is not complete)]


def _extended(evidence: Evidence, account: _Account, suppositions: tuple[Supposition, ...]) -> list[_Account]:
    """Return the account with one more supposition, for every one whose cause is not in it yet."""
    used = {step.cause for step in account.steps}
    further = []
    for supposition in (*suppositions, *fitted_suppositions(evidence, account.model)):
        model = None if supposition.cause in used else supposition.applied_to(account.model)
        if model is not None:
            further.append(_with(account, supposition, model, misfit(evidence, model)))
    return further


def _with(account: _Account, supposition: Supposition, model: Model, left: float) -> _Account:
    gain = account.left - left
    handicap = max(FIT_HANDICAP.get(supposition.cause, 0.0), supposition.handicap) * max(gain, 0.0)
    return _Account(
        model=model,
        steps=(*account.steps, supposition),
        misfits=(*account.misfits, left),
        handicap=account.handicap + handicap,
    )


def _worth(gain: float, *, left: float, floor: float) -> bool:
    return gain >= WORTH_SHARE * max(left - floor, 0.0) and 100.0 * gain >= WORTH_PERCENT


def _trial(account: _Account, step: int) -> Trial:
    """Return what one step of an account takes away from the whole difference."""
    whole, before, left = account.misfits[0], account.misfits[step], account.misfits[step + 1]
    supposition = account.steps[step]
    share = (before - left) / whole if whole > 0 else 0.0
    return Trial(cause=supposition.cause, message=supposition.message, misfit_percent=100.0 * left, share=share)


def _told(
    evidence: Evidence, base: Model, account: _Account, suppositions: tuple[Supposition, ...]
) -> tuple[Trial, ...]:
    """Return the steps of an account, each with the suppositions that would do as well in its place."""
    nearly = account.left + RIVAL_WITHIN * account.misfits[0]
    told = []
    for number in range(len(account.steps)):
        others = (*account.steps[:number], *account.steps[number + 1 :])
        used = {step.cause for step in others}
        rivals = [
            rival.message
            for rival in suppositions
            if rival.message != account.steps[number].message
            and rival.cause not in used
            and _left_under(evidence, base, (rival, *others)) <= nearly
        ]
        told.append(replace(_trial(account, number), rivals=tuple(rivals)))
    return tuple(told)


def _left_under(evidence: Evidence, base: Model, steps: tuple[Supposition, ...]) -> float:
    model = reduce(lambda each, step: step.applied_to(each) if each is not None else None, steps, _optional(base))
    return float("inf") if model is None else misfit(evidence, model)


def _optional(model: Model) -> Model | None:
    return model

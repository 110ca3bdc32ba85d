"""Judging a plan: exact doses, histograms, goals, and what else a planner should see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trocar.dose.base import source_terms
from trocar.dose.tg43 import Formalism
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import compute_dvh
from trocar.messages import Message
from trocar.optimise.base import Outcome
from trocar.plan.access import RiskAccount
from trocar.plan.considered import ConsideredNeedles
from trocar.plan.goals import Achievement, Goal
from trocar.plan.plan import ImplantPlan
from trocar.plan.template import GridTemplate
from trocar.results.biology import BiologicalDose
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding, Severity
from trocar.results.indices import ImplantIndices
from trocar.results.robustness import Robustness
from trocar.rules.judge import achieved, judge
from trocar.workflow.histograms import DoseAt, exact_dose, region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, ImplantRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedImplant:
    """A plan and what it gives.

    Parameters
    ----------
    plan
        Needles and seeds.
    accounts
        Needle number to what it passes.
    covered
        Share of the target that has a needle within reach; None where the needles were not chosen by reach.
    achievements
        Goals judged on exact doses.
    histograms
        Of every structure a goal speaks of, the target first.
    indices
        Of the target.
    findings
        Goals missed and other things to see.
    outcome
        How the search ended; None where a person placed the seeds.
    template
        None for free needles.
    robustness
        What becomes of it when it is not carried out exactly; None where that was not asked.
    biology
        Biologically effective doses; empty where they were not asked.
    considered
        Every needle that was looked at and what became of it; None where the needles were given.
    """

    plan: ImplantPlan
    accounts: Mapping[int, RiskAccount]
    covered: float | None
    achievements: tuple[Achievement, ...]
    histograms: tuple[Dvh, ...]
    indices: ImplantIndices
    findings: tuple[Finding, ...]
    outcome: Outcome | None
    template: GridTemplate | None
    robustness: Robustness | None = None
    biology: tuple[BiologicalDose, ...] = ()
    considered: ConsideredNeedles | None = None


def judged(
    request: ImplantRequest,
    plan: ImplantPlan,
    *,
    outcome: Outcome | None,
    accounts: Mapping[int, RiskAccount],
    covered: float | None,
    remarks: tuple[Finding, ...] = (),
) -> ProposedImplant:
    """Return the plan with DVHs from the exact engine, indices, goals judged and findings, with further remarks."""
    dose_at = _dose_of(plan)
    names = [request.target, *(goal.structure for goal in request.goals)]
    histograms = _histograms(request, dose_at, names)
    achievements = _reached(request, histograms, request.goals)
    target = region_of(request.structures.named(request.target), end_cap=NEEDLE_PICTURE)
    indices = implant_indices(target, dose_at, prescription_gy=request.prescription_gy)
    findings = (*judge(achievements), *remarks, *_remarks(request, plan, covered))
    return ProposedImplant(
        plan=plan,
        accounts=accounts,
        covered=covered,
        achievements=achievements,
        histograms=tuple(histograms.values()),
        indices=indices,
        findings=findings,
        outcome=outcome,
        template=request.needles.template,
    )


def exact_achievements(request: ImplantRequest, plan: ImplantPlan, goals: Sequence[Goal]) -> tuple[Achievement, ...]:
    """Return how far a plan gets with some goals by the exact engine, as `judged` does with all."""
    return _reached(request, _histograms(request, _dose_of(plan), [goal.structure for goal in goals]), goals)


def _dose_of(plan: ImplantPlan) -> DoseAt:
    return exact_dose(source_terms(plan), formalism=Formalism.LINE_2D)


def _histograms(request: ImplantRequest, dose_at: DoseAt, names: Iterable[str]) -> dict[str, Dvh]:
    regions = {name: region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE) for name in dict.fromkeys(names)}
    return {name: compute_dvh(region, dose_at, name=name) for name, region in regions.items()}


def _reached(request: ImplantRequest, histograms: Mapping[str, Dvh], goals: Sequence[Goal]) -> tuple[Achievement, ...]:
    prescription_gy = request.prescription_gy
    return tuple(achieved(goal, histograms[goal.structure], prescription_gy=prescription_gy) for goal in goals)


def _remarks(request: ImplantRequest, plan: ImplantPlan, covered: float | None) -> list[Finding]:
    found = []
    if covered is not None and covered < 0.995:
        found.append(
            Finding(
                severity=Severity.ATTENTION,
                message=Message(
                    code="workflow.target-not-reached",
                    template="{percent:.1f} % of the target has no allowed needle within {reach_mm:g} mm",
                    data={"percent": 100.0 * (1.0 - covered), "reach_mm": request.needles.reach_mm},
                ),
            )
        )
    for stock in request.stock:
        used = sum(seed.source_model == stock.source_model and seed.strength == stock.strength for seed in plan.seeds)
        if stock.count is not None and used == stock.count:
            found.append(
                Finding(
                    severity=Severity.ATTENTION,
                    message=Message(
                        code="workflow.stock-used-up",
                        template="all {count} seeds of {model} at {s_k_u:.3f} U are used; "
                        "more of them might give a better plan",
                        data={"count": stock.count, "model": stock.source_model, "s_k_u": stock.strength.s_k_u},
                    ),
                )
            )
    return found

"""From numbers to findings: what agrees, what differs and why, what else a signature should know."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import Source, TableStatus
from trocar.geometry.grid import Grid
from trocar.messages import Message
from trocar.plan.plan import AfterloadingPlan
from trocar.plan.seeds import Dwell, Seed
from trocar.results.findings import Finding, Severity
from trocar.results.plan_check import (
    Comparison,
    Explanation,
    MetricPair,
    PointCheck,
    StructureCheck,
    Trial,
    Verdict,
)
from trocar.workflow.compute import Plan, sources_of
from trocar.workflow.tolerances import CheckTolerances

ROUNDING_WORTH_PERCENT = 0.3
"""Rounding of stored numbers that contributes less to the mean difference is not mentioned."""

RIVALS_NAMED = 3
CONSENSUS = frozenset({TableStatus.CONSENSUS, TableStatus.CONSENSUS_SINGLE})


def _note(code: str, template: str, /, **data: object) -> Finding:
    return Finding(severity=Severity.NOTE, message=Message(code=code, template=template, data=data))


def comparison_findings(
    verdict: Verdict, comparison: Comparison, explanation: Explanation, tolerances: CheckTolerances
) -> Iterator[Finding]:
    """Yield the outcome of the comparison, the causes found, and what was not compared."""
    yield _outcome(verdict, comparison, explanation, tolerances)
    for trial in explanation.account:
        severity = tolerances.severities[trial.cause]
        if verdict is Verdict.AGREES:
            matters = trial.share * explanation.misfit_percent >= tolerances.value("cause_worth_percent")
            severity = Severity.ATTENTION if matters else Severity.NOTE
        yield _cause(trial, severity)
    if explanation.rounding_percent >= ROUNDING_WORTH_PERCENT:
        yield _note(
            "workflow.found-rounding",
            "the stored dose is rounded to steps of {step_gy:.3g} Gy, which alone makes a mean difference of "
            "{percent:.2f} %",
            step_gy=comparison.step_gy,
            percent=explanation.rounding_percent,
        )
    yield _region_note(comparison)


def _outcome(
    verdict: Verdict, comparison: Comparison, explanation: Explanation, tolerances: CheckTolerances
) -> Finding:
    overall = comparison.overall
    reference = tolerances.reference("point_median_percent")
    if verdict is Verdict.AGREES:
        message = Message(
            code="workflow.found-agreement",
            template="stored and recomputed dose agree at {points} points: median difference {median:+.2f} % "
            "(tolerance {limit:g} %); {share:.1f} % of the points within {local:g} % (wanted {wanted:.0f} %), or "
            "{gamma:.1f} % with a gamma index of at most 1 (wanted {gamma_wanted:.0f} %): one of the two must hold",
            data={
                "points": overall.points,
                "median": overall.median_percent,
                "limit": tolerances.value("point_median_percent"),
                "share": 100.0 * overall.within_share,
                "local": overall.tolerance_percent,
                "wanted": 100.0 * tolerances.value("point_share"),
                "gamma": 100.0 * (comparison.gamma_pass_share or 0.0),
                "gamma_wanted": 100.0 * tolerances.value("gamma_share"),
            },
        )
        return Finding(severity=Severity.NOTE, message=message, reference=reference)
    data = {
        "points": overall.points,
        "median": overall.median_percent,
        "limit": tolerances.value("point_median_percent"),
        "share": 100.0 * overall.within_share,
        "local": overall.tolerance_percent,
        "wanted": 100.0 * tolerances.value("point_share"),
        "before": explanation.misfit_percent,
        "after": explanation.remaining_percent,
    }
    if verdict is Verdict.EXPLAINED:
        message = Message(
            code="workflow.found-explained",
            template="stored and recomputed dose differ at {points} points: median {median:+.2f} % (tolerance "
            "{limit:g} %), {share:.1f} % of the points within {local:g} % (wanted {wanted:.0f} %); the causes below "
            "bring the mean difference from {before:.2f} % down to {after:.2f} %",
            data=data,
        )
        severities = [tolerances.severities[trial.cause] for trial in explanation.account]
        worst = Severity.ACTION if Severity.ACTION in severities else Severity.ATTENTION
        return Finding(severity=worst, message=message, reference=reference)
    message = Message(
        code="workflow.found-unexplained",
        template="stored and recomputed dose differ at {points} points: median {median:+.2f} % (tolerance {limit:g} %)"
        ", {share:.1f} % of the points within {local:g} % (wanted {wanted:.0f} %); no cause that was tried explains "
        "it: mean difference {before:.2f} %, {after:.2f} % left. Do not use this plan before the cause is known",
        data=data,
    )
    return Finding(severity=Severity.ACTION, message=message, reference=reference)


def _cause(trial: Trial, severity: Severity) -> Finding:
    if not trial.rivals:
        message = Message(
            code="workflow.found-cause",
            template="{cause} — this accounts for {share:.0f} % of the difference",
            data={"cause": trial.message, "share": 100.0 * trial.share},
        )
        return Finding(severity=severity, message=message)
    message = Message(
        code="workflow.found-cause-or",
        template="{cause} — this accounts for {share:.0f} % of the difference; as well would: {rivals}",
        data={"cause": trial.message, "share": 100.0 * trial.share, "rivals": trial.rivals[:RIVALS_NAMED]},
    )
    return Finding(severity=severity, message=message)


def _region_note(comparison: Comparison) -> Finding:
    region = comparison.region
    return _note(
        "workflow.found-region",
        "of {stored} points of the stored grid {compared} were compared; left out: {capsule} in a source or within "
        "{nearest_mm:g} mm of its axis, {low} with less than {threshold_gy:.3g} Gy in both doses, {saturated} at the "
        "largest number the file can hold",
        stored=region.stored,
        compared=region.compared,
        capsule=region.in_capsule,
        nearest_mm=region.nearest_mm,
        low=region.below_threshold,
        threshold_gy=region.threshold_gy,
        saturated=region.saturated,
    )


def structure_findings(structures: tuple[StructureCheck, ...], tolerances: CheckTolerances) -> Iterator[Finding]:
    """Yield a finding a structure whose numbers differ by more than the tolerance."""
    limit = tolerances.value("dvh_metric_percent")
    for structure in structures:
        beyond = [pair for pair in structure.metrics if metric_differs(pair, limit_percent=limit)]
        if not beyond:
            continue
        listed = ", ".join(f"{pair.name} {pair.stored:.4g} / {pair.recomputed:.4g} {pair.unit}" for pair in beyond)
        message = Message(
            code="workflow.found-structure",
            template="{name}: by stored / recomputed dose {listed} — more than {limit:g} % apart",
            data={"name": structure.name, "listed": listed, "limit": limit},
        )
        yield Finding(
            severity=Severity.ATTENTION, message=message, reference=tolerances.reference("dvh_metric_percent")
        )


def metric_differs(pair: MetricPair, *, limit_percent: float) -> bool:
    """Say whether two numbers differ by more than the limit: doses by ratio, volumes by percent of the structure."""
    if pair.stored is None or math.isnan(pair.stored) or math.isnan(pair.recomputed):
        return False
    if pair.unit == "%":
        return abs(pair.stored - pair.recomputed) > limit_percent
    difference = pair.difference_percent
    return difference is not None and abs(difference) > limit_percent


def point_findings(points: tuple[PointCheck, ...], tolerances: CheckTolerances) -> Iterator[Finding]:
    """Yield the outcome at the points where the plan states a dose."""
    limit = tolerances.value("stated_point_percent")
    for point in points:
        percent = 100.0 * (point.stated_gy - point.recomputed_gy) / max(point.recomputed_gy, 1e-12)
        message = Message(
            code="workflow.found-stated-point",
            template="at {name} the plan states {stated:.4g} Gy, recomputed {recomputed:.4g} Gy: {percent:+.2f} % "
            "(tolerance {limit:g} %)",
            data={
                "name": point.name,
                "stated": point.stated_gy,
                "recomputed": point.recomputed_gy,
                "percent": percent,
                "limit": limit,
            },
        )
        severity = Severity.ACTION if abs(percent) > limit else Severity.NOTE
        yield Finding(severity=severity, message=message, reference=tolerances.reference("stated_point_percent"))


def coverage_findings(sources_lps_mm: Float[np.ndarray, "n 3"], grid: Grid) -> Iterator[Finding]:
    """Yield a finding where sources lie outside the stored dose grid: its DVHs and maxima are then not of the plan."""
    outside = int((~grid.contains(sources_lps_mm)).sum())
    if outside:
        message = Message(
            code="workflow.found-grid-too-small",
            template="{n} of {all} sources lie outside the stored dose grid, which covers only part of the implant",
            data={"n": outside, "all": len(sources_lps_mm)},
        )
        yield Finding(severity=Severity.ATTENTION, message=message)


def plan_findings(plan: Plan, *, reference_assumed_gy: float | None) -> Iterator[Finding]:
    """Yield what a signature should know of the plan itself: doubts of its source tables, missing facts."""
    for source in sources_of(plan):
        yield from _source_findings(source)
    blind = sum(stop.axis_lps is None for stop in _stops(plan))
    if blind:
        yield _note(
            "workflow.found-no-axis",
            "{n} of {all} sources have no known direction; their dose is computed with the anisotropy factor",
            n=blind,
            all=len(_stops(plan)),
        )
    if reference_assumed_gy is not None:
        message = Message(
            code="workflow.found-no-prescription",
            template="the plan states no prescription; {dose_gy:.4g} Gy, the median dose within 10 mm of the sources, "
            "stands for 100 % in this report",
            data={"dose_gy": reference_assumed_gy},
        )
        yield Finding(severity=Severity.ATTENTION, message=message)


def _stops(plan: Plan) -> tuple[Seed, ...] | tuple[Dwell, ...]:
    return plan.dwells if isinstance(plan, AfterloadingPlan) else plan.seeds


def _source_findings(source: Source) -> Iterator[Finding]:
    if source.status not in CONSENSUS:
        message = Message(
            code="workflow.found-source-status",
            template="the tables of {key} are not confirmed as a consensus data set ({status}); compare them with the "
            "publication before relying on this check",
            data={"key": source.key, "status": source.status_text},
        )
        yield Finding(severity=Severity.ATTENTION, message=message, reference=source.citation)
    for flag in source.flags:
        yield _note("workflow.found-source-flag", "{key}: {flag}", key=source.key, flag=flag)


def remark_findings(remarks: tuple[Message, ...]) -> Iterator[Finding]:
    """Yield remarks on structures as notes."""
    for remark in remarks:
        yield Finding(severity=Severity.NOTE, message=remark)


def verdict_of(
    comparison: Comparison, explanation: Explanation, explained: Comparison, tolerances: CheckTolerances
) -> Verdict:
    """Return what the comparison says as a whole.

    Parameters
    ----------
    comparison
        Against the dose as Trocar computes it.
    explanation
        Why it differs.
    explained
        Against the dose under all causes found together.
    tolerances
        What counts as agreement, and as explained.
    """
    if _agrees(comparison, tolerances):
        return Verdict.AGREES
    if not explanation.account:
        return Verdict.UNEXPLAINED
    share = 1.0 - explanation.remaining_percent / explanation.misfit_percent
    if _agrees(explained, tolerances) or share >= tolerances.value("explained_share"):
        return Verdict.EXPLAINED
    return Verdict.UNEXPLAINED


def _agrees(comparison: Comparison, tolerances: CheckTolerances) -> bool:
    return tolerances.points_agree(
        median_percent=comparison.overall.median_percent,
        share_within=comparison.overall.within_share,
        gamma_share=comparison.gamma_pass_share,
    )

"""`check_plan`: recompute another system's plan, compare, explain, and say what a physicist must know."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from trocar.dose.base import Method
from trocar.dose.grid import dose_on_grid
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap
from trocar.geometry.volume import Quantity, Volume, require_same_frame
from trocar.messages import Message
from trocar.plan.dose_points import DosePoint
from trocar.plan.structures import StructureSet
from trocar.results.dose import Dose, DoseKind
from trocar.results.findings import Finding
from trocar.results.gamma import GammaMap
from trocar.results.plan_check import Comparison, Explanation, PlanCheck, PointCheck, StructureCheck, Verdict
from trocar.results.provenance import Provenance
from trocar.workflow.agreement import criteria_words, gamma_of
from trocar.workflow.compare import Pairing, compare, pair_doses, thinned
from trocar.workflow.compute import Plan, dose_provenance, source_positions_lps_mm
from trocar.workflow.explain import Evidence, explain
from trocar.workflow.histograms import check_structures, exact_dose, target_among
from trocar.workflow.judge import (
    comparison_findings,
    coverage_findings,
    plan_findings,
    point_findings,
    remark_findings,
    structure_findings,
    verdict_of,
)
from trocar.workflow.suppose import Model, model_dose_gy, model_terms
from trocar.workflow.suppositions import all_suppositions
from trocar.workflow.tolerances import CheckTolerances

EXPLAINED_FROM = 1_500
"""So many points of the stored grid are enough to tell the causes apart."""

NEAR_SOURCES_MM = 10.0
OWN_GRID_MARGIN_MM = 30.0
OWN_GRID_SPACING_MM = 1.5
MOST_VOXELS = 4_000_000

COMPUTE = Message(code="workflow.stage-compute", template="recomputing the dose")
COMPARE = Message(code="workflow.stage-compare", template="comparing point by point")
EXPLAIN = Message(code="workflow.stage-explain", template="trying what may explain the difference")
EVALUATE = Message(code="workflow.stage-evaluate", template="evaluating the structures")

StageProgress = Callable[[Message, float], None]
"""Told which stage a run is in and the share of it that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check with the volumes its pictures are drawn from.

    Parameters
    ----------
    check
        The outcome.
    recomputed
        Trocar's dose on a grid around all sources.
    compared
        Trocar's dose on the stored grid; None where nothing was stored.
    stored
        The other system's dose; None where none was given.
    gamma
        Gamma index on the stored grid; None where nothing was stored.
    """

    check: PlanCheck
    recomputed: Dose
    compared: Dose | None
    stored: Dose | None
    gamma: GammaMap | None


def check_plan(
    plan: Plan,
    *,
    stored: Dose | None,
    structures: StructureSet | None,
    tolerances: CheckTolerances,
    stated_points: tuple[DosePoint, ...] = (),
    target: str | None = None,
    reference_dose_gy: float | None = None,
    end_cap: EndCap = EndCap.HALF_SLICE,
    progress: StageProgress | None = None,
) -> Checked:
    """Return an independent check of another system's plan.

    Parameters
    ----------
    plan
        Seeds or dwells, as the system states them.
    stored
        The dose it computed, in Gy; None to compute only.
    structures
        For DVHs; None for none.
    tolerances
        From a rule pack.
    stated_points
        Points at which the plan states a dose itself.
    target
        Name of the target; None for the prescription's, or by the types of the structures.
    reference_dose_gy
        What 100 % means; None for the prescription.
    end_cap
        What closes structures beyond their end planes.
    progress
        Told the stage and its share done.

    Raises
    ------
    PlanError
        Plan, dose and structures are not of one patient, or the stored dose is no total dose in Gy.
    GeometryError
        They do not lie in one frame of reference.
    """
    report = progress or (lambda stage, share: None)
    require_together(plan, stored=stored, structures=structures)
    base = Model(plan=plan, formalism=Formalism.LINE_2D)
    recomputed = _computed(base, grid_around(plan), lambda share: report(COMPUTE, 0.5 * share))
    compared = None
    if stored is not None:
        compared = _computed(base, stored.volume.grid, lambda share: report(COMPUTE, 0.5 + 0.5 * share))
    report(COMPUTE, 1.0)
    reference_gy, assumed_gy = _reference(plan, recomputed, told=reference_dose_gy)
    comparison, explanation, gamma, verdict = None, None, None, Verdict.NOT_COMPARED
    findings: list[Finding] = []
    if stored is not None and compared is not None:
        comparison, explanation, gamma, verdict = _compared(
            base, stored, compared, reference_gy=reference_gy, tolerances=tolerances, report=report
        )
        findings.extend(comparison_findings(verdict, comparison, explanation, tolerances))
    evaluated, remarks = _evaluated(
        base,
        stored,
        structures,
        reference_gy=reference_gy,
        target=target,
        end_cap=end_cap,
        report=report,
    )
    points = _points(base, stated_points)
    findings.extend(point_findings(points, tolerances))
    findings.extend(structure_findings(evaluated, tolerances))
    if stored is not None:
        findings.extend(coverage_findings(source_positions_lps_mm(plan), stored.volume.grid))
    findings.extend(plan_findings(plan, reference_assumed_gy=assumed_gy))
    findings.extend(remark_findings(remarks))
    check = PlanCheck(
        verdict=verdict,
        findings=tuple(findings),
        comparison=comparison,
        explanation=explanation,
        structures=evaluated,
        points=points,
        reference_dose_gy=reference_gy,
        provenance=_provenance(plan, stored, structures, tolerances),
    )
    return Checked(check=check, recomputed=recomputed, compared=compared, stored=stored, gamma=gamma)


def require_together(plan: Plan, *, stored: Dose | None, structures: StructureSet | None) -> None:
    """Raise unless plan, dose and structures are of one patient and in one frame, and the dose is one to compare with.

    Raises
    ------
    PlanError
        Another patient, or a dose that is relative, a rate or of one fraction.
    GeometryError
        Another frame of reference.
    """
    others = []
    if stored is not None:
        others.append(("dose", stored.patient_id, stored.volume.frame_uid))
    if structures is not None:
        others.append(("structure set", structures.patient.identifier, structures.frame_uid))
    for what, identifier, frame_uid in others:
        if identifier != plan.patient.identifier:
            raise PlanError(
                "workflow.other-patient",
                "the plan is of patient {plan}, the {what} of patient {other}; give files of one patient",
                plan=plan.patient.identifier,
                what=what,
                other=identifier,
            )
        require_same_frame(plan.frame_uid, frame_uid, first="the plan", second=f"the {what}")
    if stored is not None and (stored.volume.quantity is not Quantity.DOSE_GY or stored.kind not in _COMPARABLE):
        raise PlanError(
            "workflow.dose-not-comparable",
            "the stored dose is {kind} in {quantity}; a check needs the total dose of the plan in Gy: export it so",
            kind=stored.kind.value,
            quantity=stored.volume.quantity.value,
        )


_COMPARABLE = frozenset({DoseKind.TOTAL, DoseKind.UNSTATED})


def grid_around(plan: Plan) -> Grid:
    """Return a grid around the sources of a plan, coarse enough to stay small."""
    positions = source_positions_lps_mm(plan)
    extent = np.ptp(positions, axis=0) + 2.0 * OWN_GRID_MARGIN_MM
    spacing = max(OWN_GRID_SPACING_MM, float(np.cbrt(np.prod(extent) / MOST_VOXELS)))
    return Grid.around(positions, margin_mm=OWN_GRID_MARGIN_MM, spacing_mm=spacing)


def _computed(model: Model, grid: Grid, progress: Callable[[float], None]) -> Dose:
    plan = model.plan
    values = dose_on_grid(model_terms(model), grid, formalism=model.formalism, progress=progress)
    return Dose(
        volume=Volume.owning(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid=plan.frame_uid),
        kind=DoseKind.TOTAL,
        patient_id=plan.patient.identifier,
        provenance=dose_provenance(plan, formalism=model.formalism),
    )


def _reference(plan: Plan, recomputed: Dose, *, told: float | None) -> tuple[float, float | None]:
    """Return what 100 % means, and the same number again where it had to be assumed."""
    if told is not None:
        return told, None
    if plan.prescription is not None:
        return plan.prescription.dose_gy, None
    points = recomputed.volume.grid.centres_lps_mm().reshape(-1, 3)
    distance, _ = cKDTree(source_positions_lps_mm(plan)).query(points, distance_upper_bound=NEAR_SOURCES_MM)
    near = recomputed.volume.values_kji.ravel()[np.isfinite(distance)]
    assumed = float(np.median(near)) if len(near) else float(recomputed.volume.values_kji.max())
    return assumed, assumed


def _compared(
    base: Model,
    stored: Dose,
    compared: Dose,
    *,
    reference_gy: float,
    tolerances: CheckTolerances,
    report: StageProgress,
) -> tuple[Comparison, Explanation, GammaMap, Verdict]:
    report(COMPARE, 0.0)
    pairing = pair_doses(
        stored.volume,
        compared.volume.values_kji,
        terms=model_terms(base),
        threshold_gy=tolerances.value("threshold_share") * reference_gy,
        nearest_mm=tolerances.value("nearest_mm"),
    )
    _require_points(pairing)
    report(COMPARE, 0.3)
    gamma = gamma_of(compared.volume, stored.volume, pairing, tolerances=tolerances)
    report(COMPARE, 1.0)
    local = tolerances.value("point_local_percent")
    comparison = compare(
        pairing,
        reference_gy=reference_gy,
        tolerance_percent=local,
        gamma_pass_share=0.01 * gamma.pass_percent,
        gamma_criteria=criteria_words(gamma),
    )
    evidence = _evidence(pairing, comparison.step_gy)
    explanation, model = explain(
        evidence, base, all_suppositions(base.plan, stored.volume.grid), progress=lambda share: report(EXPLAIN, share)
    )
    explained = _explained_comparison(pairing, model, reference_gy=reference_gy, tolerance_percent=local)
    return comparison, explanation, gamma, verdict_of(comparison, explanation, explained, tolerances)


def _require_points(pairing: Pairing) -> None:
    if pairing.region.compared == 0:
        raise PlanError(
            "workflow.nothing-to-compare",
            "the stored dose and the plan have no point in common that could be compared: {stored} points stored, "
            "{capsule} in the sources, {low} below {threshold_gy:.3g} Gy; the dose grid does not cover the implant, or "
            "it belongs to another plan",
            stored=pairing.region.stored,
            capsule=pairing.region.in_capsule,
            low=pairing.region.below_threshold,
            threshold_gy=pairing.region.threshold_gy,
        )


def _evidence(pairing: Pairing, step_gy: float) -> Evidence:
    counted = np.flatnonzero(pairing.counts)
    chosen = counted[thinned(len(counted), EXPLAINED_FROM)]
    return Evidence(points_lps_mm=pairing.points_lps_mm[chosen], stored_gy=pairing.stored_gy[chosen], step_gy=step_gy)


def _explained_comparison(
    pairing: Pairing, model: Model, *, reference_gy: float, tolerance_percent: float
) -> Comparison:
    """Return the comparison with the dose under all causes found, at the points that were compared before."""
    values = np.zeros(len(pairing.points_lps_mm))
    tabulated = replace(model, method=Method.TABULATED)
    values[pairing.counts] = model_dose_gy(tabulated, pairing.points_lps_mm[pairing.counts])
    under = Pairing(
        points_lps_mm=pairing.points_lps_mm,
        stored_gy=pairing.stored_gy,
        recomputed_gy=values,
        distance_mm=pairing.distance_mm,
        counts=pairing.counts,
        region=pairing.region,
    )
    return compare(under, reference_gy=reference_gy, tolerance_percent=tolerance_percent)


def _evaluated(
    base: Model,
    stored: Dose | None,
    structures: StructureSet | None,
    *,
    reference_gy: float,
    target: str | None,
    end_cap: EndCap,
    report: StageProgress,
) -> tuple[tuple[StructureCheck, ...], tuple[Message, ...]]:
    if structures is None:
        return (), ()
    prescription = base.plan.prescription
    name, said = target_among(structures, told=target, prescribed=prescription.target if prescription else None)
    checked, remarks = check_structures(
        structures,
        recomputed=exact_dose(model_terms(base), formalism=base.formalism),
        stored=None if stored is None else dose_from_grid(stored),
        reference_gy=reference_gy,
        target=name,
        end_cap=end_cap,
        progress=lambda share: report(EVALUATE, share),
    )
    return checked, said + remarks


def _points(base: Model, stated: tuple[DosePoint, ...]) -> tuple[PointCheck, ...]:
    if not stated:
        return ()
    recomputed = model_dose_gy(base, np.array([point.position_lps_mm for point in stated]))
    return tuple(
        PointCheck(
            name=point.name,
            position_lps_mm=(
                float(point.position_lps_mm[0]),
                float(point.position_lps_mm[1]),
                float(point.position_lps_mm[2]),
            ),
            stated_gy=point.dose_gy,
            recomputed_gy=float(dose),
        )
        for point, dose in zip(stated, recomputed, strict=True)
    )


def _provenance(
    plan: Plan, stored: Dose | None, structures: StructureSet | None, tolerances: CheckTolerances
) -> Provenance:
    computed = dose_provenance(plan, formalism=Formalism.LINE_2D)
    inputs = dict(computed.inputs)
    if stored is not None:
        inputs["dose"] = stored.content_hash
    if structures is not None:
        inputs["structures"] = structures.content_hash
    inputs["tolerances"] = tolerances.content_hash
    return Provenance(
        engine=computed.engine,
        library_version=computed.library_version,
        inputs=inputs,
        tables=computed.tables,
        papers=computed.papers,
    )

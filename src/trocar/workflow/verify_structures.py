"""Structures of a verification: carried to the scan, the target among them, and what each receives of both doses."""

from dataclasses import dataclass

import numpy as np

from trocar.dose.base import Formalism, source_terms
from trocar.errors import PlanError
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.geometry.region import EndCap, Region
from trocar.plan.goals import Metric
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dvh import Dvh
from trocar.results.indices import ImplantIndices
from trocar.results.registration import Registration
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import ErrorShare, Interval, StructureOutcome, index_intervals
from trocar.workflow.carry import carry_structures
from trocar.workflow.histograms import (
    ORGAN_METRICS,
    SCREEN_ACCURACY,
    TARGET_METRICS,
    DoseAt,
    evaluated_structures,
    exact_dose,
    is_target,
    metric_value,
    region_of,
)
from trocar.workflow.verify_errors import error_shares, with_intervals
from trocar.workflow.verify_request import VerifyRequest
from trocar.workflow.verify_seeds import places_of

ORGAN_REACH_MM = 40.0
"""Organs further from the implant than this receive under a hundredth of the prescription: nothing worth a row."""

ORGAN_ACCURACY = Accuracy(volume_percent=0.5, dose_percent=1.0, points=20_000, most_points=300_000)

SEED_OF_ERRORS = 20_260_101
"""Of the draws of errors: the same verification gives the same intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOfDoses:
    """The planned and the implanted dose, exact at any point of the scan, and how structures are closed."""

    planned: DoseAt
    implanted: DoseAt
    reference_gy: float
    end_cap: EndCap

    def region(self, structure: Structure) -> Region:
        """Return the solid of a structure."""
        return region_of(structure, end_cap=self.end_cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDoses:
    """What both doses give to the structures, the target first."""

    outcomes: tuple[StructureOutcome, ...]
    planned_dvhs: tuple[Dvh, ...]
    implanted_dvhs: tuple[Dvh, ...]
    planned_indices: ImplantIndices | None
    implanted_indices: ImplantIndices | None
    indices: tuple[Interval, ...]
    error_shares: tuple[ErrorShare, ...]


def pair_of_doses(planned: ImplantPlan, implanted: ImplantPlan, *, reference_gy: float, end_cap: EndCap) -> PairOfDoses:
    """Return both doses."""
    return PairOfDoses(
        planned=exact_dose(source_terms(planned), formalism=Formalism.LINE_2D),
        implanted=exact_dose(source_terms(implanted), formalism=Formalism.LINE_2D),
        reference_gy=reference_gy,
        end_cap=end_cap,
    )


def judged_doses(
    request: VerifyRequest,
    structures: StructureSet | None,
    target: Structure | None,
    *,
    planned: ImplantPlan,
    implanted: ImplantPlan,
    seen: tuple[FoundSeed, ...],
    doses: PairOfDoses,
) -> JudgedDoses:
    """Return what both doses give to every structure within reach, with intervals where errors are named."""
    drawn = near_structures(structures, planned)
    drawn.sort(key=lambda each: target is None or each.name != target.name)
    rows = [_evaluated(each, doses, target, request) for each in drawn]
    before, after = _target_indices(target, doses)
    outcomes, indices = tuple(row[0] for row in rows), index_intervals(before, after)
    shares: tuple[ErrorShare, ...] = ()
    if request.budget is not None and request.end_cap is not EndCap.ROUNDED:  # rounded ends have no closed distance
        seed_sd_mm = np.array([seed.position_sd_mm for seed in seen])
        outcomes, indices = with_intervals(
            outcomes,
            indices,
            tuple(doses.region(each) for each in drawn),
            implanted,
            seed_sd_mm=seed_sd_mm,
            budget=request.budget,
            reference_gy=doses.reference_gy,
            rng=np.random.default_rng(SEED_OF_ERRORS),
        )
        if outcomes and outcomes[0].is_target:
            shares = error_shares(
                outcomes[0],
                doses.region(drawn[0]),
                implanted,
                seed_sd_mm=seed_sd_mm,
                budget=request.budget,
                reference_gy=doses.reference_gy,
                rng=np.random.default_rng(SEED_OF_ERRORS),
            )
    return JudgedDoses(
        outcomes=outcomes,
        planned_dvhs=tuple(row[1] for row in rows),
        implanted_dvhs=tuple(row[2] for row in rows),
        planned_indices=before,
        implanted_indices=after,
        indices=indices,
        error_shares=shares,
    )


def structures_on_scan(request: VerifyRequest, registration: Registration | None) -> StructureSet | None:
    """Return the structures on the scan: drawn there, or carried over from the planning image.

    Raises
    ------
    PlanError
        They lie in neither frame of reference.
    """
    drawn = request.structures
    if drawn is None or drawn.frame_uid == request.scan.volume.frame_uid:
        return drawn
    if registration is None or drawn.frame_uid != request.plan.frame_uid:
        raise PlanError(
            "verify.structures-elsewhere",
            "the structures lie neither in the frame of reference of the scan nor in that of the plan; give the ones "
            "drawn "
            "on the planning CT, or on the scan",
        )
    names = tuple(each.name for each in near_structures(drawn, request.plan))
    return carry_structures(drawn, names, registration, request.scan, end_cap=request.end_cap)


def target_structure(request: VerifyRequest, structures: StructureSet | None) -> Structure | None:
    """Return the target: the one named, that of the prescription, or the only one drawn as such.

    Raises
    ------
    PlanError
        Which it is is not said.
    """
    if structures is None:
        return None
    named = request.target or (request.plan.prescription.target if request.plan.prescription else "")
    if named and named in structures.names:
        return structures.named(named)
    for kind in ("CTV", "PTV", "GTV"):
        drawn = [each for each in structures if each.interpreted_type.upper() == kind and each.is_region]
        if len(drawn) == 1 and not request.target:
            return drawn[0]
    raise PlanError(
        "verify.which-target",
        "which structure is the target is not said ({named} is none of them); say it with --target: {choices}",
        named=named or "-",
        choices=", ".join(each.name for each in structures if each.is_region) or "-",
    )


def near_structures(structures: StructureSet | None, plan: ImplantPlan) -> list[Structure]:
    """Return the structures worth a row: drawn, and within reach of some seed of a plan in the same frame."""
    places = places_of(plan.seeds)
    near = []
    for structure in evaluated_structures(structures) if structures is not None else ():
        points = np.vstack([contour.points_lps_mm for contour in structure.closed_contours])
        low, high = points.min(axis=0), points.max(axis=0)
        gap = np.linalg.norm(np.maximum(np.maximum(low - places, places - high), 0.0), axis=1)
        if gap.min() <= ORGAN_REACH_MM:
            near.append(structure)
    return near


def _evaluated(
    structure: Structure, doses: PairOfDoses, target: Structure | None, request: VerifyRequest
) -> tuple[StructureOutcome, Dvh, Dvh]:
    region = doses.region(structure)
    target_too = target is not None and is_target(structure, target=target.name)
    accuracy = SCREEN_ACCURACY if target_too else ORGAN_ACCURACY
    planned = compute_dvh(region, doses.planned, name=structure.name, accuracy=accuracy)
    implanted = compute_dvh(region, doses.implanted, name=structure.name, accuracy=accuracy)
    metrics = []
    for name in TARGET_METRICS if target_too else ORGAN_METRICS:
        metric = Metric.parse(name)
        pair = [metric_value(metric, dvh, reference_gy=doses.reference_gy) for dvh in (planned, implanted)]
        metrics.append(Interval(name=name, unit="Gy" if metric.is_dose else "%", planned=pair[0], value=pair[1]))
    drawn = request.structures.named(structure.name) if structure.carried and request.structures else None
    outcome = StructureOutcome(
        name=structure.name,
        is_target=target_too,
        is_carried=structure.carried,
        volume_cc=implanted.volume_cc,
        drawn_cc=doses.region(drawn).volume_mm3 / 1e3 if drawn is not None else None,
        metrics=tuple(metrics),
    )
    return outcome, planned, implanted


def _target_indices(
    target: Structure | None, doses: PairOfDoses
) -> tuple[ImplantIndices | None, ImplantIndices | None]:
    if target is None:
        return None, None
    region = doses.region(target)
    planned, implanted = (
        implant_indices(region, dose, prescription_gy=doses.reference_gy, accuracy=SCREEN_ACCURACY)
        for dose in (doses.planned, doses.implanted)
    )
    return planned, implanted

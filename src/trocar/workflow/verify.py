"""Verifying an implant: find the seeds, lay the plan over the scan, compute both doses, compare seed by seed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, source_terms
from trocar.dose.decay import strength_at_u
from trocar.errors import ImagingError, PlanError
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.geometry.region import EndCap, Region
from trocar.geometry.value import Value
from trocar.imaging.register import register
from trocar.imaging.seed_corrections import Corrections, corrected_seeds
from trocar.imaging.seed_match import match_seeds
from trocar.imaging.seeds import find_seeds
from trocar.messages import Message
from trocar.plan.goals import Metric
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding
from trocar.results.indices import ImplantIndices
from trocar.results.protection import Measured, ProtectionEstimate
from trocar.results.registration import Motion, Registration
from trocar.results.seeds_seen import FoundSeed, Localisation, SeedBody
from trocar.results.verification import (
    ColdRegion,
    FurtherSeeds,
    Interval,
    SeedComparison,
    SeedCounts,
    StructureOutcome,
    index_intervals,
)
from trocar.workflow.carry import carry_structures
from trocar.workflow.histograms import (
    ORGAN_METRICS,
    SCREEN_ACCURACY,
    DoseAt,
    evaluated_structures,
    exact_dose,
    is_target,
    metric_value,
    region_of,
)
from trocar.workflow.swelling import Swelling, dose_while_shrinking
from trocar.workflow.verify_cold import cold_regions, further_seeds
from trocar.workflow.verify_doubts import require_one_patient, require_seeds_of_plan, verification_findings
from trocar.workflow.verify_errors import ErrorBudget, with_intervals
from trocar.workflow.verify_protection import protect_others

TARGET_METRICS = ("D90", "D100", "V100", "V150", "V200", "Dmean")
ORGAN_REACH_MM = 40.0
"""Organs further from the implant than this receive under a hundredth of the prescription: nothing worth a row."""

ORGAN_ACCURACY = Accuracy(volume_percent=0.5, dose_percent=1.0, points=20_000, most_points=300_000)

COVERAGE_WORTH_PERCENT = 1.0
"""A target covered less than planned by no more than this is not worth a further seed."""

SEED_OF_ERRORS = 20_260_101
"""Of the draws of errors: the same verification gives the same intervals."""

Progress = Callable[[Message, float], None]
"""Called with the stage and the share of it that is done."""

SEARCHING = Message(code="verify.stage-seeds", template="Finding the seeds")
REGISTERING = Message(code="verify.stage-register", template="Laying the planning image over the scan")
COMPARING = Message(code="verify.stage-dose", template="Computing planned and implanted doses")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCounts:
    """Seeds as people counted them; None where nobody stated it."""

    taken: int | None = None
    implanted: int | None = None
    returned: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """All that is given.

    Parameters
    ----------
    plan
        The permanent implant as planned.
    scan
        CT after the implant.
    structures
        Drawn on the planning image or on the scan; None where there are none: seeds are then matched only.
    planning
        The planning image; needed where the plan lies in another frame of reference than the scan.
    counts
        Seeds as counted.
    target
        Name of the target; None to take the plan's, or the only one drawn as CTV, PTV or GTV.
    reference_gy
        What 100 % means; None for the plan's prescription.
    motion
        What may move between the two images.
    end_cap
        What closes structures at their ends.
    corrections
        What a person decided about the seeds found; None for nothing.
    budget
        Errors for the intervals; None for no intervals.
    measured
        A survey reading; None where there is none.
    swelling
        Of the target, going down after the scan; None to take it as it lies on the scan.
    """

    plan: ImplantPlan
    scan: Image
    structures: StructureSet | None
    planning: Image | None = None
    counts: StatedCounts = StatedCounts()
    target: str | None = None
    reference_gy: float | None = None
    motion: Motion = Motion.RIGID
    end_cap: EndCap = EndCap.HALF_SLICE
    corrections: Corrections | None = None
    budget: ErrorBudget | None = None
    measured: Measured | None = None
    swelling: Swelling | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification(Value):
    """What came of it. Everything lies in the frame of the scan.

    Parameters
    ----------
    planned
        The plan, carried to the scan.
    implanted
        The seeds seen, as a plan of their own.
    seen
        The seeds seen, in the same order.
    doubtful
        Bright things that a person must decide.
    localisation
        All the finder says.
    registration
        None where plan and scan lie in one frame.
    structures
        On the scan, carried or drawn there; None where there are none.
    comparison, counts
        Seed by seed, and in sum.
    reference_gy, target
        What 100 % means and of which structure; the name is empty without structures.
    planned_indices, implanted_indices
        Of the target; None without structures.
    outcomes, planned_dvhs, implanted_dvhs
        Of every structure, the target first.
    indices
        CI, EI and HI with their intervals.
    cold, further
        What is below the reference dose, and where further seeds would mend it.
    protection
        Of others; None where the scan shows no skin.
    swollen
        D90 and V100 with the swelling going down; None where none was stated.
    findings
        The severest first.
    """

    planned: ImplantPlan
    implanted: ImplantPlan
    seen: tuple[FoundSeed, ...]
    doubtful: tuple[FoundSeed, ...]
    localisation: Localisation
    registration: Registration | None
    structures: StructureSet | None
    comparison: SeedComparison
    counts: SeedCounts
    reference_gy: float
    target: str
    planned_indices: ImplantIndices | None
    implanted_indices: ImplantIndices | None
    outcomes: tuple[StructureOutcome, ...]
    planned_dvhs: tuple[Dvh, ...]
    implanted_dvhs: tuple[Dvh, ...]
    indices: tuple[Interval, ...]
    cold: tuple[ColdRegion, ...]
    further: FurtherSeeds | None
    protection: ProtectionEstimate | None
    swollen: tuple[Interval, ...] | None
    budget: ErrorBudget | None
    corrected_by: str
    findings: tuple[Finding, ...]


def verify_implant(request: VerifyRequest, *, progress: Progress | None = None) -> Verification:
    """Return the verification of an implant.

    Raises
    ------
    PlanError
        Objects of different patients, a plan whose seeds are not where the scan shows seeds, or nothing that says what
        100 % means.
    ImagingError
        No seed on the scan, or two images that do not show one body the same way round.
    """
    told = progress or (lambda stage, share: None)
    plan = request.plan
    require_one_patient(request.scan, plan, request.structures, request.planning)
    reference_gy = _reference_gy(request)
    told(REGISTERING, 0.0)
    registration = _registration(request)
    told(REGISTERING, 1.0)
    planned = moved_plan(plan, registration, request.scan)
    localisation = _located(request, planned, told)
    seen = localisation.seeds
    comparison = match_seeds(_places(planned.seeds), _places(seen))
    require_seeds_of_plan(planned, seen, comparison, request.scan, expected=_expected(request))
    implanted = implanted_plan(planned, seen, comparison)
    told(COMPARING, 0.0)
    structures = _structures_on_scan(request, registration)
    target = _target(request, structures)
    doses = _Doses(
        planned=exact_dose(source_terms(planned), formalism=Formalism.LINE_2D),
        implanted=exact_dose(source_terms(implanted), formalism=Formalism.LINE_2D),
        reference_gy=reference_gy,
        end_cap=request.end_cap,
    )
    drawn = _near(structures, planned)
    drawn.sort(key=lambda each: target is None or each.name != target.name)
    evaluated = [_evaluated(each, doses, target, request) for each in drawn]
    planned_indices, implanted_indices = _indices(target, doses)
    told(COMPARING, 1.0)
    outcomes, indices = _intervals(
        request, doses, drawn, evaluated, implanted, seen, planned_indices, implanted_indices
    )
    cold, further = _cold(target, doses, implanted, outcomes)
    verified = Verification(
        planned=planned,
        implanted=implanted,
        seen=seen,
        doubtful=localisation.doubtful,
        localisation=localisation,
        registration=registration,
        structures=structures,
        comparison=comparison,
        counts=_counts(request, localisation),
        reference_gy=reference_gy,
        target=target.name if target is not None else "",
        planned_indices=planned_indices,
        implanted_indices=implanted_indices,
        outcomes=outcomes,
        planned_dvhs=tuple(each[1] for each in evaluated),
        implanted_dvhs=tuple(each[2] for each in evaluated),
        indices=indices,
        cold=cold,
        further=further,
        protection=_protection(request, implanted),
        swollen=_swollen(request, target, doses, implanted),
        budget=request.budget,
        corrected_by=request.corrections.actor if request.corrections else "",
        findings=(),
    )
    return replace(verified, findings=verification_findings(verified, request.scan))


def _located(request: VerifyRequest, planned: ImplantPlan, told: Progress) -> Localisation:
    """Return the seeds of the scan, with what a person decided about them carried out."""
    found = find_seeds(
        request.scan.volume,
        _seed_body(planned),
        expected=_expected(request),
        planned_lps_mm=_places(planned.seeds),
        progress=lambda share: told(SEARCHING, share),
    )
    corrections = request.corrections
    if corrections is None:
        return found
    series = request.scan.reference.series_uid
    if corrections.series_uid and corrections.series_uid != series:
        raise PlanError(
            "verify.corrections-elsewhere",
            "the corrections were made on series {theirs}, the scan is series {ours}; use those made on this scan",
            theirs=corrections.series_uid,
            ours=series,
        )
    return corrected_seeds(found, corrections)


def _intervals(  # noqa: PLR0917 - one call, all of it needed
    request: VerifyRequest,
    doses: "_Doses",
    drawn: list[Structure],
    evaluated: list[tuple[StructureOutcome, Dvh, Dvh]],
    implanted: ImplantPlan,
    seen: tuple[FoundSeed, ...],
    planned_indices: ImplantIndices | None,
    implanted_indices: ImplantIndices | None,
) -> tuple[tuple[StructureOutcome, ...], tuple[Interval, ...]]:
    outcomes = tuple(each[0] for each in evaluated)
    indices = index_intervals(planned_indices, implanted_indices)
    if request.budget is None or request.end_cap is EndCap.ROUNDED:  # rounded ends have no closed distance
        return outcomes, indices
    return with_intervals(
        outcomes,
        indices,
        tuple(doses.region(each) for each in drawn),
        implanted,
        seed_sd_mm=np.array([seed.position_sd_mm for seed in seen]),
        budget=request.budget,
        reference_gy=doses.reference_gy,
        rng=np.random.default_rng(SEED_OF_ERRORS),
    )


def _cold(
    target: Structure | None, doses: "_Doses", implanted: ImplantPlan, outcomes: tuple[StructureOutcome, ...]
) -> tuple[tuple[ColdRegion, ...], FurtherSeeds | None]:
    """Return what is cold, and further seeds where the target is covered less than planned."""
    if target is None:
        return (), None
    region = doses.region(target)
    cold = cold_regions(region, doses.implanted, reference_gy=doses.reference_gy)
    coverage = next(each for each in outcomes if each.is_target).metric("V100")
    if coverage.planned is None or coverage.value >= coverage.planned - COVERAGE_WORTH_PERCENT:
        return cold, None
    return cold, further_seeds(
        region, implanted, doses.implanted, reference_gy=doses.reference_gy, wanted_percent=coverage.planned
    )


def _protection(request: VerifyRequest, implanted: ImplantPlan) -> ProtectionEstimate | None:
    acquired = request.scan.acquired_at
    hours = max((acquired - implanted.implant_at).total_seconds() / 3600.0, 0.0) if acquired else 0.0
    try:
        return protect_others(implanted, request.scan.volume, discharged_after_h=hours, measured=request.measured)
    except ImagingError:
        return None


def _swollen(
    request: VerifyRequest, target: Structure | None, doses: "_Doses", implanted: ImplantPlan
) -> tuple[Interval, ...] | None:
    """Return D90 and V100 of the target with the swelling going down about its middle."""
    if request.swelling is None or target is None:
        return None
    region = doses.region(target)
    acquired = request.scan.acquired_at or implanted.implant_at
    since_h = max((acquired - implanted.implant_at).total_seconds() / 3600.0, 0.0)
    dose = dose_while_shrinking(
        implanted, request.swelling, about_lps_mm=region.bounds_lps_mm.mean(axis=0), scanned_after_h=since_h
    )
    still = compute_dvh(region, doses.implanted, name=target.name, accuracy=SCREEN_ACCURACY)
    shrunk = compute_dvh(region, dose, name=target.name, accuracy=SCREEN_ACCURACY)
    return tuple(
        Interval(
            name=name,
            unit=unit,
            planned=metric_value(Metric.parse(name), still, reference_gy=doses.reference_gy),
            value=metric_value(Metric.parse(name), shrunk, reference_gy=doses.reference_gy),
        )
        for name, unit in (("D90", "Gy"), ("V100", "%"))
    )


def _places(seeds: tuple[Seed, ...] | tuple[FoundSeed, ...]) -> Float[np.ndarray, "n 3"]:
    return np.array([seed.position_lps_mm for seed in seeds]).reshape(-1, 3)


def _expected(request: VerifyRequest) -> int:
    return request.counts.implanted if request.counts.implanted is not None else len(request.plan.seeds)


def _seed_body(plan: ImplantPlan) -> SeedBody:
    lengths = {load_source(model).capsule_length_mm for model in {seed.source_model for seed in plan.seeds}}
    known = [length for length in lengths if length is not None]
    if len(known) != len(lengths) or max(known) - min(known) > 1.0:
        raise PlanError(
            "verify.seed-length",
            "the capsules of this plan's seeds have lengths {lengths} mm; seeds are looked for on the scan by one "
            "length",
            lengths=sorted(map(str, lengths)),
        )
    return SeedBody(length_mm=float(np.mean(known)))


def _reference_gy(request: VerifyRequest) -> float:
    if request.reference_gy is not None:
        return request.reference_gy
    if request.plan.prescription is None:
        raise PlanError(
            "verify.no-prescription",
            "plan {label} states no prescription, so that 100 % has no meaning; give it with --reference-dose",
            label=request.plan.label,
        )
    return request.plan.prescription.dose_gy


def _registration(request: VerifyRequest) -> Registration | None:
    if request.plan.frame_uid == request.scan.volume.frame_uid:
        return None
    if request.planning is None:
        raise PlanError(
            "verify.no-planning-image",
            "the plan and the scan lie in different frames of reference; give the planning CT with --planning-ct, so "
            "that "
            "one can be laid over the other",
        )
    if request.planning.volume.frame_uid != request.plan.frame_uid:
        raise PlanError(
            "verify.other-planning-image",
            "the planning CT given is not the one the plan was made on: their frames of reference differ",
        )
    return register(request.scan.volume, request.planning.volume, motion=request.motion)


def moved_plan(plan: ImplantPlan, registration: Registration | None, scan: Image) -> ImplantPlan:
    """Return a plan with its seeds carried to the frame of a scan; needles are left behind."""
    if registration is None:
        return replace(plan, needles=(), seeds=tuple(replace(seed, needle=None) for seed in plan.seeds))
    places = registration.to_fixed(_places(plan.seeds))
    turn = registration.moving_from_fixed[:3, :3].T
    seeds = tuple(
        replace(
            seed,
            position_lps_mm=place,
            axis_lps=None if seed.axis_lps is None else turn @ seed.axis_lps,
            needle=None,
        )
        for seed, place in zip(plan.seeds, places, strict=True)
    )
    return replace(plan, seeds=seeds, needles=(), frame_uid=scan.volume.frame_uid, image=scan.reference)


def implanted_plan(planned: ImplantPlan, seen: tuple[FoundSeed, ...], comparison: SeedComparison) -> ImplantPlan:
    """Return the seeds seen as a plan: each with the strength of the planned seed it is, or else the usual strength.

    An axis that the scan does not show well is left open, and the seed is computed one-dimensionally.
    """
    of = {pair.seen: planned.seeds[pair.planned] for pair in comparison.pairs}
    usual = Counter((seed.source_model, seed.strength) for seed in planned.seeds).most_common(1)[0][0]
    seeds = []
    for number, found in enumerate(seen):
        model, strength = (of[number].source_model, of[number].strength) if number in of else usual
        seeds.append(
            Seed(
                position_lps_mm=found.position_lps_mm,
                axis_lps=found.axis_lps if found.axis_is_known else None,
                source_model=model,
                strength=strength,
            )
        )
    return replace(planned, label=f"{planned.label} +", seeds=tuple(seeds))


def _structures_on_scan(request: VerifyRequest, registration: Registration | None) -> StructureSet | None:
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
    names = tuple(each.name for each in _near(drawn, request.plan))
    return carry_structures(drawn, names, registration, request.scan, end_cap=request.end_cap)


def _target(request: VerifyRequest, structures: StructureSet | None) -> Structure | None:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doses:
    planned: DoseAt
    implanted: DoseAt
    reference_gy: float
    end_cap: EndCap

    def region(self, structure: Structure) -> Region:
        return region_of(structure, end_cap=self.end_cap)


def _near(structures: StructureSet | None, plan: ImplantPlan) -> list[Structure]:
    """Return the structures worth a row: drawn, and within reach of some seed of a plan in the same frame."""
    places = _places(plan.seeds)
    near = []
    for structure in evaluated_structures(structures) if structures is not None else ():
        points = np.vstack([contour.points_lps_mm for contour in structure.closed_contours])
        low, high = points.min(axis=0), points.max(axis=0)
        gap = np.linalg.norm(np.maximum(np.maximum(low - places, places - high), 0.0), axis=1)
        if gap.min() <= ORGAN_REACH_MM:
            near.append(structure)
    return near


def _evaluated(
    structure: Structure, doses: _Doses, target: Structure | None, request: VerifyRequest
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


def _indices(target: Structure | None, doses: _Doses) -> tuple[ImplantIndices | None, ImplantIndices | None]:
    if target is None:
        return None, None
    region = doses.region(target)
    planned, implanted = (
        implant_indices(region, dose, prescription_gy=doses.reference_gy, accuracy=SCREEN_ACCURACY)
        for dose in (doses.planned, doses.implanted)
    )
    return planned, implanted


def _counts(request: VerifyRequest, localisation: Localisation) -> SeedCounts:
    plan = request.plan
    strengths = [
        strength_at_u(seed.strength, load_source(seed.source_model).nuclide, at=plan.implant_at) for seed in plan.seeds
    ]
    return SeedCounts(
        planned=len(plan.seeds),
        seen=len(localisation.seeds),
        doubtful=len(localisation.doubtful),
        taken=request.counts.taken,
        implanted=request.counts.implanted,
        returned=request.counts.returned,
        strength_u=float(np.mean(strengths)),
    )

"""Verifying an implant: find the seeds, lay the plan over the scan, compute both doses, compare seed by seed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trocar.errors import ImagingError, PlanError
from trocar.imaging.metal import thick_metal
from trocar.imaging.register import register
from trocar.imaging.seed_match import match_seeds
from trocar.messages import Message
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure
from trocar.results.protection import ProtectionEstimate
from trocar.results.registration import Registration, root_mean_square
from trocar.results.verification import ColdRegion, FurtherSeeds, Interval, StructureOutcome
from trocar.workflow.swelling import resolved_metrics
from trocar.workflow.verification import Verification
from trocar.workflow.verify_cold import cold_regions, further_seeds
from trocar.workflow.verify_doubts import require_one_patient, require_seeds_of_plan
from trocar.workflow.verify_errors import ErrorBudget
from trocar.workflow.verify_findings import verification_findings
from trocar.workflow.verify_protection import protect_others
from trocar.workflow.verify_request import VerifyRequest, days_after, expected_seeds, reference_dose_gy
from trocar.workflow.verify_seeds import implanted_plan, located_seeds, moved_plan, places_of, seed_counts
from trocar.workflow.verify_structures import (
    PairOfDoses,
    judged_doses,
    pair_of_doses,
    structures_on_scan,
    target_structure,
)
from trocar.workflow.verify_two_scans import earlier_request, earlier_to_later, require_two_scans, two_scans
from trocar.workflow.verify_ways import reach_of

COVERAGE_WORTH_PERCENT = 1.0
"""A target covered less than planned by no more than this is not worth a further seed."""

SEED_OF_ERRORS = 20_260_101
"""Of the draws of errors: the same verification gives the same intervals."""

LEAST_LANDMARKS = 3
"""From so many landmarks on their error stands for that of the registration."""

ON_THIS_CASE = ("landmarks marked on this case", "本病例所标标志点")

Progress = Callable[[Message, float], None]
"""Called with the stage and the share of it that is done."""

SEARCHING = Message(code="verify.stage-seeds", template="Finding the seeds")
REGISTERING = Message(code="verify.stage-register", template="Laying the planning image over the scan")
COMPARING = Message(code="verify.stage-dose", template="Computing planned and implanted doses")


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
    earlier = request.earlier
    if earlier is not None:
        require_two_scans(request, earlier)
    verified = _verified(request, told)
    if earlier is not None:
        between = earlier_to_later(request, earlier)
        before = _verified(earlier_request(request, earlier, between), told)
        verified = replace(verified, two_scans=two_scans(request, before, verified, between))
    return replace(verified, findings=verification_findings(verified, request.scan))


def _verified(request: VerifyRequest, told: Progress) -> Verification:
    """Return the verification of one scan, without its findings."""
    require_one_patient(request.scan, request.plan, request.structures, request.planning)
    reference_gy = reference_dose_gy(request)
    told(REGISTERING, 0.0)
    registration = _registration(request)
    misses = _landmark_errors(request, registration)
    request = replace(request, budget=_budget_with(request.budget, misses))
    told(REGISTERING, 1.0)
    planned = moved_plan(request.plan, registration, request.scan)
    localisation, by_picture = located_seeds(request, planned, progress=lambda share: told(SEARCHING, share))
    seen = localisation.seeds
    comparison = match_seeds(places_of(planned.seeds), places_of(seen))
    require_seeds_of_plan(
        planned, seen, comparison, request.scan, doubtful=localisation.doubtful, expected=expected_seeds(request)
    )
    implanted = implanted_plan(planned, seen, comparison)
    told(COMPARING, 0.0)
    structures = structures_on_scan(request, registration)
    target = target_structure(request, structures)
    doses = pair_of_doses(planned, implanted, reference_gy=reference_gy, end_cap=request.end_cap)
    judged = judged_doses(request, structures, target, planned=planned, implanted=implanted, seen=seen, doses=doses)
    cold, further = _cold(request, registration, target, doses, implanted, judged.outcomes)
    told(COMPARING, 1.0)
    return Verification(
        planned=planned,
        implanted=implanted,
        seen=seen,
        doubtful=localisation.doubtful,
        localisation=localisation,
        registration=registration,
        structures=structures,
        comparison=comparison,
        counts=seed_counts(request, localisation),
        reference_gy=reference_gy,
        target=target.name if target is not None else "",
        planned_indices=judged.planned_indices,
        implanted_indices=judged.implanted_indices,
        outcomes=judged.outcomes,
        planned_dvhs=judged.planned_dvhs,
        implanted_dvhs=judged.implanted_dvhs,
        indices=judged.indices,
        error_shares=judged.error_shares,
        cold=cold,
        further=further,
        protection=_protection(request, implanted),
        swollen=_swollen(request, target, doses, implanted),
        budget=request.budget,
        corrected_by=request.corrections.actor if request.corrections else "",
        findings=(),
        seen_by_picture=by_picture,
        metal=thick_metal(request.scan.volume),
        landmark_errors_mm=misses,
    )


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


def _landmark_errors(request: VerifyRequest, registration: Registration | None) -> tuple[float, ...]:
    marks = request.landmarks
    if marks is None:
        return ()
    if registration is None:
        raise PlanError(
            "verify.landmarks-without-registration",
            "landmarks were given, but plan and scan lie in one frame of reference and nothing is registered; leave "
            "them out",
        )
    return registration.errors_mm(marks.after_lps_mm, marks.before_lps_mm)


def _budget_with(budget: ErrorBudget | None, misses: tuple[float, ...]) -> ErrorBudget | None:
    """Return the errors with that of registration as measured on this case, where landmarks were marked."""
    if budget is None or len(misses) < LEAST_LANDMARKS:
        return budget
    return budget.with_measured("registration", root_mean_square(misses) / np.sqrt(3.0), source=ON_THIS_CASE)


def _cold(  # noqa: PLR0917 - one call
    request: VerifyRequest,
    registration: Registration | None,
    target: Structure | None,
    doses: PairOfDoses,
    implanted: ImplantPlan,
    outcomes: tuple[StructureOutcome, ...],
) -> tuple[tuple[ColdRegion, ...], FurtherSeeds | None]:
    """Return what is cold, and further seeds where the target is covered less than planned."""
    if target is None:
        return (), None
    region = doses.region(target)
    cold = cold_regions(region, doses.implanted, reference_gy=doses.reference_gy)
    covered = next((each for each in outcomes if each.is_target), None)
    if covered is None:  # the target is out of reach of every seed
        return cold, None
    coverage = covered.metric("V100")
    if coverage.planned is None or coverage.value >= coverage.planned - COVERAGE_WORTH_PERCENT:
        return cold, None
    return cold, further_seeds(
        region,
        implanted,
        doses.implanted,
        reference_gy=doses.reference_gy,
        wanted_percent=coverage.planned,
        reach=reach_of(request.needles, registration) if request.needles is not None else None,
    )


def _protection(request: VerifyRequest, implanted: ImplantPlan) -> ProtectionEstimate | None:
    acquired = request.scan.acquired_at
    hours = max((acquired - implanted.implant_at).total_seconds() / 3600.0, 0.0) if acquired else 0.0
    try:
        return protect_others(implanted, request.scan.volume, discharged_after_h=hours, measured=request.measured)
    except ImagingError:
        return None


def _swollen(
    request: VerifyRequest, target: Structure | None, doses: PairOfDoses, implanted: ImplantPlan
) -> tuple[Interval, ...] | None:
    """Return D90 and V100 of the target with the swelling going down about its middle."""
    if request.swelling is None or target is None:
        return None
    since_d = max(days_after(request.plan, request.scan) or 0.0, 0.0)
    return resolved_metrics(
        implanted,
        request.swelling,
        doses.region(target),
        scanned_after_h=24.0 * since_d,
        reference_gy=doses.reference_gy,
    )

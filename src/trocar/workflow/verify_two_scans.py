"""Day 0 and day 30: two verifications of one implant laid side by side. Theory: docs/theory/verification.md."""

from dataclasses import replace

import numpy as np

from trocar.errors import PlanError
from trocar.imaging.register import register
from trocar.imaging.seed_motion import seed_motion
from trocar.plan.structures import StructureSet
from trocar.results.registration import Registration
from trocar.results.two_scans import Resolution, ScanPair, SeedMotion, TwoScans
from trocar.workflow.carry import carry_structures
from trocar.workflow.histograms import region_of
from trocar.workflow.swelling import LARGEST_PERCENT, Swelling, resolved_metrics
from trocar.workflow.verification import Verification
from trocar.workflow.verify_request import EarlierScan, VerifyRequest, days_after
from trocar.workflow.verify_seeds import places_of


def require_two_scans(request: VerifyRequest, earlier: EarlierScan) -> None:
    """Raise unless the earlier scan is another one, and earlier.

    Raises
    ------
    PlanError
        The same scan twice, or the later one given as the earlier.
    """
    first, second = earlier.scan, request.scan
    if first.reference.series_uid == second.reference.series_uid:
        raise PlanError(
            "verify.same-scan-twice",
            "the earlier scan is the same series ({series}) as the scan to be verified; give two scans taken on "
            "different days",
            series=second.reference.series_uid,
        )
    if first.acquired_at and second.acquired_at and first.acquired_at >= second.acquired_at:
        raise PlanError(
            "verify.scans-out-of-order",
            "the earlier scan was taken on {first}, the one to be verified on {second}: exchange the two",
            first=f"{first.acquired_at:%Y-%m-%d %H:%M}",
            second=f"{second.acquired_at:%Y-%m-%d %H:%M}",
        )


def earlier_to_later(request: VerifyRequest, earlier: EarlierScan) -> Registration | None:
    """Return how the earlier scan (moving) lies to the later one (fixed); None where both lie in one frame."""
    if earlier.scan.volume.frame_uid == request.scan.volume.frame_uid:
        return None
    return register(request.scan.volume, earlier.scan.volume)


def earlier_request(request: VerifyRequest, earlier: EarlierScan, between: Registration | None) -> VerifyRequest:
    """Return the request that verifies the earlier scan by itself."""
    return replace(
        request,
        scan=earlier.scan,
        structures=_structures_for_earlier(request, earlier, between),
        corrections=earlier.corrections,
        measured=None,
        swelling=None,
        landmarks=None,
        needles=None,
        earlier=None,
    )


def _structures_for_earlier(
    request: VerifyRequest, earlier: EarlierScan, between: Registration | None
) -> StructureSet | None:
    """Return structures for the earlier scan: its own, or the request's, carried over if drawn on the later scan."""
    drawn = earlier.structures or request.structures
    if drawn is None or between is None or drawn.frame_uid != request.scan.volume.frame_uid:
        return drawn
    names = tuple(each.name for each in drawn if each.is_region)
    return carry_structures(drawn, names, between.inverse(), earlier.scan, end_cap=request.end_cap)


def two_scans(
    request: VerifyRequest, earlier: Verification, later: Verification, between: Registration | None
) -> TwoScans:
    """Return what changed.

    Parameters
    ----------
    request
        Of the later scan, with the earlier one in it.
    earlier, later
        Both verified.
    between
        The earlier scan laid over the later one.
    """
    assert request.earlier is not None
    places = places_of(earlier.seen)
    carried = places if between is None else between.to_fixed(places)
    motion = seed_motion(carried, places_of(later.seen))
    days = [days_after(request.plan, scan) for scan in (request.earlier.scan, request.scan)]
    resolution, contradicts = _resolution(request, later, motion, days)
    return TwoScans(
        earlier_day=days[0],
        later_day=days[1],
        earlier_seen=len(earlier.seen),
        later_seen=len(later.seen),
        earlier_lps_mm=carried,
        later_lps_mm=places_of(later.seen),
        motion=motion,
        registration=between,
        target_cc=_target_volumes(earlier, later),
        metrics=_metrics(earlier, later),
        resolution=resolution,
        contradicts=contradicts,
    )


def _metrics(earlier: Verification, later: Verification) -> tuple[ScanPair, ...]:
    before = {(each.name, metric.name): metric for each in earlier.outcomes for metric in each.metrics}
    return tuple(
        ScanPair(structure=each.name, is_target=each.is_target, earlier=before[each.name, metric.name], later=metric)
        for each in later.outcomes
        for metric in each.metrics
        if (each.name, metric.name) in before
    )


def _target_volumes(earlier: Verification, later: Verification) -> tuple[float, float] | None:
    """Return the target's volume on both scans where it was drawn on both: a carried one keeps its volume."""
    both = [next((each for each in one.outcomes if each.is_target), None) for one in (earlier, later)]
    if any(each is None or each.is_carried for each in both):
        return None
    return both[0].volume_cc, both[1].volume_cc  # type: ignore[union-attr]


def _resolution(
    request: VerifyRequest, later: Verification, motion: SeedMotion, days: list[float | None]
) -> tuple[Resolution | None, bool]:
    """Return the swelling that both scans tell with a stated half-life, and whether they contradict it."""
    half_life, (first, second) = request.swelling_half_life_d, days
    if half_life is None or first is None or second is None or not np.isfinite(motion.scale):
        return None, False
    percent = swelling_from_two_scans(motion, first, second, half_life_d=half_life)
    if percent is None:
        return None, True
    target = next((each for each in later.outcomes if each.is_target), None)
    if target is None or later.structures is None:
        return Resolution(at_implant_percent=percent, half_life_d=half_life, metrics=()), False
    region = region_of(later.structures.named(target.name), end_cap=request.end_cap)
    swelling = Swelling(at_implant_percent=percent, half_life_d=half_life)
    metrics = resolved_metrics(
        later.implanted, swelling, region, scanned_after_h=24.0 * second, reference_gy=later.reference_gy
    )
    return Resolution(at_implant_percent=percent, half_life_d=half_life, metrics=metrics), False


def swelling_from_two_scans(
    motion: SeedMotion, earlier_day: float, later_day: float, *, half_life_d: float
) -> float | None:
    """Return the swelling at the implant in percent of which both scans are two moments. Equation (V7).

    Parameters
    ----------
    motion
        Of the seeds from one scan to the other.
    earlier_day, later_day
        Days of the scans after the implant.
    half_life_d
        In which half of the swelling goes.

    Returns
    -------
    percent
        None where no swelling of at most 200 % shrinks so much, or where the seeds drew apart.
    """
    ratio = motion.volume_ratio
    if ratio >= 1.0:
        return 0.0 if motion.volume_ratio_interval[0] <= 1.0 else None
    first, second = (0.5 ** (day / half_life_d) for day in (earlier_day, later_day))
    left = ratio * first - second
    if left <= 0.0:
        return None
    percent = 100.0 * (1.0 - ratio) / left
    return percent if percent <= LARGEST_PERCENT else None

"""What a person must see about the scans of a verification: dates, metal, registration, change between two."""

import numpy as np

from trocar.plan.patient import Image
from trocar.results.findings import Finding, Severity, found
from trocar.results.metal import MetalBody
from trocar.results.registration import root_mean_square
from trocar.results.two_scans import TwoScans
from trocar.workflow.verification import Verification
from trocar.workflow.verify_request import days_after
from trocar.workflow.verify_seeds import places_of

LEAST_TRE_MM = 2.0
"""An error at landmarks under this is not named however thin the slices are."""

MOVED_MM = 5.0
"""A seed that moved further than this against the others since the earlier scan is named: half a needle spacing."""

BESIDE_METAL_MM = 10.0
"""So near to thick metal its blooming and streaks swallow a seed whole."""


def scan_findings(verified: Verification, scan: Image) -> list[Finding]:
    """Return what the scans themselves give reason to say."""
    places = places_of(verified.planned.seeds)
    return [
        *_time_findings(verified, scan),
        *_reach_findings(places, scan),
        *(finding for body in verified.metal for finding in metal_findings(body, places)),
        *_landmark_findings(verified, scan),
        *(two_scan_findings(verified.two_scans) if verified.two_scans is not None else ()),
    ]


def _time_findings(verified: Verification, scan: Image) -> list[Finding]:
    day = days_after(verified.planned, scan)
    if day is None or day >= 0.0:
        return []
    return [
        found(
            "verify.scan-before-implant",
            "the scan was taken {days:.1f} days before the implant as the plan dates it ({implant}); one of the two "
            "dates is wrong, and with it the decay of the seeds",
            Severity.ATTENTION,
            days=-day,
            implant=f"{verified.planned.implant_at:%Y-%m-%d %H:%M}",
        )
    ]


def _reach_findings(planned_lps_mm: np.ndarray, scan: Image) -> list[Finding]:
    outside = int((~scan.volume.grid.contains(planned_lps_mm)).sum())
    if not outside:
        return []
    return [
        found(
            "verify.scan-too-short",
            "{outside} of {planned} planned seeds lie outside the scan: seeds there cannot be seen, and doses are "
            "those of what was scanned of each structure; scan the whole implant before anything is concluded",
            Severity.ACTION,
            outside=outside,
            planned=len(planned_lps_mm),
        )
    ]


def metal_findings(body: MetalBody, planned_lps_mm: np.ndarray) -> list[Finding]:
    """Return what a thick metal body in view means for the search: it was passed over, and its streaks hide seeds."""
    x, y, z = map(float, body.centre_lps_mm)
    beside = int((body.gap_mm(planned_lps_mm) <= BESIDE_METAL_MM).sum())
    crossed = int(body.shares_slice(planned_lps_mm).sum())
    return [
        found(
            "verify.metal-in-view",
            "metal of {volume_cc:.1f} cc at ({x:.0f}, {y:.0f}, {z:.0f}) mm, such as a prosthesis, was not searched for "
            "seeds; {crossed} of {planned} planned seeds lie in its slices, where streaks may hide or imitate seeds, "
            "and {beside} within {near_mm:.0f} mm of it: look at these places by eye",
            Severity.ATTENTION if crossed or beside else Severity.NOTE,
            volume_cc=body.volume_cc,
            x=x,
            y=y,
            z=z,
            crossed=crossed,
            planned=len(planned_lps_mm),
            beside=beside,
            near_mm=BESIDE_METAL_MM,
        )
    ]


def _landmark_findings(verified: Verification, scan: Image) -> list[Finding]:
    misses = verified.landmark_errors_mm
    allowed = max(LEAST_TRE_MM, *scan.volume.grid.spacing_ijk_mm)
    if not misses or root_mean_square(misses) <= allowed:
        return []
    return [
        found(
            "verify.landmarks-off",
            "the registration misses {n} landmarks by {rms_mm:.1f} mm (root mean square), the farthest by "
            "{worst_mm:.1f} mm; more than the longest edge of a voxel ({allowed_mm:.1f} mm): doses to carried "
            "structures are less certain by as much",
            Severity.ATTENTION,
            n=len(misses),
            rms_mm=root_mean_square(misses),
            worst_mm=max(misses),
            allowed_mm=allowed,
        )
    ]


def two_scan_findings(change: TwoScans) -> list[Finding]:
    """Return what changed between two scans and must be seen: seeds lost, new or moved by themselves."""
    motion = change.motion
    told = []
    if motion.lost:
        told.append(
            found(
                "verify.seeds-lost-since",
                "{n} seeds seen on the earlier scan are not seen on this one: earlier no. {numbers}; passed, migrated "
                "out of the scan, or not recognised",
                Severity.ACTION,
                n=len(motion.lost),
                numbers=_numbers(motion.lost),
            )
        )
    if motion.new:
        told.append(
            found(
                "verify.seeds-new-since",
                "{n} seeds are seen that the earlier scan did not show: no. {numbers}; not recognised there, or not "
                "seeds",
                Severity.ATTENTION,
                n=len(motion.new),
                numbers=_numbers(motion.new),
            )
        )
    moved = [pair for pair in motion.pairs if pair.own_mm > MOVED_MM]
    if moved:
        told.append(
            found(
                "verify.seeds-moved-since",
                "{n} seeds moved by more than {far_mm:g} mm against the others since the earlier scan: no. {numbers}, "
                "the farthest {largest_mm:.1f} mm",
                Severity.ATTENTION,
                n=len(moved),
                far_mm=MOVED_MM,
                numbers=_numbers(tuple(pair.later for pair in moved)),
                largest_mm=max(pair.own_mm for pair in moved),
            )
        )
    if change.contradicts:
        told.append(
            found(
                "verify.half-life-contradicted",
                "the seeds span {ratio:.2f} times the volume they spanned on the earlier scan; no swelling with the "
                "half-life stated does that, so no dose with the swelling going down is told",
                Severity.ATTENTION,
                ratio=motion.volume_ratio,
            )
        )
    return told


def _numbers(places: tuple[int, ...]) -> str:
    return ", ".join(str(place + 1) for place in sorted(places))

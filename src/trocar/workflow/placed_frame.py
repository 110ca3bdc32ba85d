"""Needles seen on a CT of another frame of reference, carried into the plan's by a rigid registration."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.errors import ImagingError
from trocar.geometry.volume import Volume
from trocar.imaging.needles import FoundNeedle
from trocar.imaging.register import Nearby, checkerboard, refine, register
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.results.findings import Finding, Severity
from trocar.results.registration import Registration
from trocar.workflow.implant_request import ImplantRequest

ABOUT_TARGET_MM = 40.0
"""The registration is refined on what lies this near the target: there the needles and the seeds are."""

FAIR_LIKENESS = 0.7
"""Below this the two pictures near the target are to be looked at closely: a convention, not a limit."""

FAIR_MOTION_MM = 3.0
"""More than this between the registrations of the body and of the target's surroundings: the patient is not rigid."""

LEAST_LIKENESS, MOST_MOTION_MM = 0.3, 15.0
"""Beyond these, near the target, one of the two registrations is wrong and no needle is carried over."""

TILE_MM = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOver:
    """How the planning CT, which is fixed, and the CT with needles lie to each other.

    Parameters
    ----------
    registration
        Refined about the target.
    likeness_at_target
        Correlation of the two pictures there.
    moved_at_target_mm
        How far the refinement moved the target, on average: how little rigid the patient was.
    """

    registration: Registration
    likeness_at_target: float
    moved_at_target_mm: float

    def carried(self, needle: FoundNeedle) -> FoundNeedle:
        """Return a needle of the CT with needles in the frame of the plan."""
        ends = np.array([needle.entry_lps_mm, needle.tip_lps_mm, needle.outer_lps_mm])
        entry, tip, outer = self.registration.to_fixed(ends)
        return replace(needle, entry_lps_mm=entry, tip_lps_mm=tip, outer_lps_mm=outer)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be looked at before the needles are believed."""
        doubtful = self.likeness_at_target < FAIR_LIKENESS or self.moved_at_target_mm > FAIR_MOTION_MM
        message = Message(
            code="workflow.placed-registered",
            template="the CT with needles lies in another frame of reference: its needles were carried over by a rigid "
            "registration (turned {rotation_deg:.1f}°; likeness {likeness:.2f} of the whole, {near:.2f} near the "
            "target, where it differs by {moved_mm:.1f} mm from that of the whole); look at the overlay before use",
            data={
                "rotation_deg": self.registration.rotation_deg,
                "likeness": self.registration.likeness_after,
                "near": self.likeness_at_target,
                "moved_mm": self.moved_at_target_mm,
            },
        )
        return (Finding(severity=Severity.ACTION if doubtful else Severity.ATTENTION, message=message),)


def lay_over(request: ImplantRequest, scan: Image) -> LaidOver | None:
    """Return how a CT with needles lies to the plan; None where both lie in one frame of reference.

    Raises
    ------
    ImagingError
        The two show different bodies or regions, one is mirrored, or they do not agree near the target.
    """
    if scan.volume.frame_uid == request.structures.frame_uid:
        return None
    planning = request.image.volume
    whole = register(planning, scan.volume)
    points = target_points(request)
    where = Nearby(about_lps_mm=points, reach_mm=ABOUT_TARGET_MM)
    found = refine(whole, planning, scan.volume, where=where)
    laid = LaidOver(
        registration=found.registration, likeness_at_target=found.likeness, moved_at_target_mm=found.moved_mm
    )
    if found.likeness < LEAST_LIKENESS or laid.moved_at_target_mm > MOST_MOTION_MM:
        raise ImagingError(
            "workflow.placed-unlike-at-target",
            "the planning CT and the CT with needles do not agree near the target (likeness {likeness:.2f}, at least "
            "{least} is needed; {moved_mm:.1f} mm between two registrations, at most {most_mm:g} are allowed); no "
            "needle was carried over: take the CT in the position of planning, or draw the structures on it",
            likeness=found.likeness,
            least=LEAST_LIKENESS,
            moved_mm=laid.moved_at_target_mm,
            most_mm=MOST_MOTION_MM,
        )
    return laid


def target_points(request: ImplantRequest) -> Float[np.ndarray, "n 3"]:
    """Return the outline of the target."""
    contours = request.structures.named(request.target).closed_contours
    return np.vstack([contour.points_lps_mm for contour in contours])


def overlay(request: ImplantRequest, scan: Image, laid: LaidOver) -> Volume:
    """Return a picture whose tiles come from the planning CT and the CT with needles in turn: edges must run on."""
    return checkerboard(request.image.volume, scan.volume, laid.registration, tile_mm=TILE_MM)

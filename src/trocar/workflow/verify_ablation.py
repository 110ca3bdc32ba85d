"""Verifying an ablation: lay the scan after it over the one before, find both surfaces, measure the margin."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import PlanError
from trocar.evaluate.margins import measure_margin
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.smooth_body import SmoothBody, nearby_body, smooth_body
from trocar.geometry.value import Value
from trocar.geometry.volume import Volume
from trocar.imaging.grow import GrowRules, grow_mass
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_margin import AblationMargin, MarginErrors
from trocar.results.findings import Finding, Severity
from trocar.results.registration import Landmarks, Motion, Registration, root_mean_square
from trocar.rules.ablation_margin import MarginPack, judge_margin
from trocar.workflow.ablation_reach import edge_findings, spared_findings
from trocar.workflow.ablation_registration import LaidAfter, lay_after

ORGAN_REACH_MM = 45.0
IN_PLANE_MM, FINEST_MM, PIXELS_ACROSS = 0.75, 0.2, 16
"""Step within slices: finer for small structures, so that some pixels lie across them."""
SHRINKS_UNDER = 0.9
"""A deformation that leaves less than this share of volume anywhere may have shrunk the tumour."""

Progress = Callable[[Message, float], None]
REGISTERING = Message(code="ablation.stage-register", template="Laying the scan after over the one before")
MEASURING = Message(code="ablation.stage-margin", template="Finding the surfaces and measuring the margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationVerifyRequest:
    """All that is given.

    Parameters
    ----------
    before, after
        Scans; ``after`` None where the zone was drawn on the scan before.
    structures
        With lesion and organ, on the scan before.
    lesion, organ
        Names; organ empty if not drawn.
    zone
        Drawn on the scan after; None where it is grown from a click.
    zone_click_lps_mm, grow_rules
        A point in the middle of the zone on the scan after, and how it grows.
    wanted_mm
        Margin aimed at.
    outline_error_mm
        How far an outline may lie too far out or in, one standard deviation; None where nobody stated it.
    registration_error_mm
        Stated target registration error; None to take it from the landmarks.
    landmarks
        None where none were marked.
    motion
        What may move.
    pack, organ_kind
        Rules, and of which kind of organ they speak: ``liver``, ``lung``, ``kidney``.
    spared
        Structures that the zone should not reach.
    """

    before: Image
    structures: StructureSet
    lesion: str
    organ: str
    after: Image | None
    zone: Structure | None
    zone_click_lps_mm: Float[np.ndarray, " 3"] | None
    grow_rules: GrowRules | None
    wanted_mm: float
    outline_error_mm: float | None
    registration_error_mm: float | None
    landmarks: Landmarks | None
    motion: Motion
    pack: MarginPack
    organ_kind: str
    spared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationVerification(Value):
    """What was found.

    Parameters
    ----------
    margin
        The margin.
    zone
        Surface of the zone in the frame of the scan before.
    registration
        None where both were drawn on one scan.
    landmark_errors_mm
        Distance of each landmark from where registration puts it.
    findings
        Severest first in a report.
    """

    margin: AblationMargin
    zone: Mesh
    registration: Registration | None
    landmark_errors_mm: tuple[float, ...]
    findings: tuple[Finding, ...]


def verify_ablation(request: AblationVerifyRequest, *, progress: Progress) -> AblationVerification:
    """Return the margin of an ablation from the scans before and after it.

    Raises
    ------
    PlanError
        Scans of two patients, or neither a zone nor a click.
    """
    _require_one_patient(request)
    lesion_at = request.structures.named(request.lesion)
    lesion = body_of(lesion_at)
    progress(REGISTERING, 0.0)
    laid = _laid_after(request)
    registration = None if laid is None else laid.registration
    progress(REGISTERING, 1.0)
    progress(MEASURING, 0.0)
    zone = _zone(request, registration)
    if registration is not None:
        moved = registration.to_fixed(np.asarray(zone.mesh.vertices_lps_mm))
        mesh = Mesh(vertices_lps_mm=moved, triangles=zone.mesh.triangles)
        zone = SmoothBody(mesh=mesh, fit=zone.fit, coarsest_mm=zone.coarsest_mm)
    organ = _organ(request, lesion)
    misses = _landmark_errors(request, registration)
    margin = measure_margin(
        lesion, zone, wanted_mm=request.wanted_mm, organ=organ, errors=_errors(request, registration, misses)
    )
    progress(MEASURING, 1.0)
    findings = (
        *judge_margin(margin, request.pack, organ=request.organ_kind),
        *(() if laid is None else laid.findings),
        *_doubts(request, lesion_at, margin, registration),
        *spared_findings(zone.mesh, request.structures, request.spared),
    )
    return AblationVerification(
        margin=margin, zone=zone.mesh, registration=registration, landmark_errors_mm=misses, findings=findings
    )


def body_of(structure: Structure) -> SmoothBody:
    """Return the smooth body of drawn contours, on their own slices and finely within them."""
    mask, grid = mask_of(structure)
    return smooth_body(mask, grid)


def mask_of(structure: Structure) -> tuple[Bool[np.ndarray, "k j i"], Grid]:
    """Return a mask on the contours' own slices, whatever their tilt, fine within them, with room all around."""
    region = region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)
    low, high = region.bounds_uvw_mm
    heights = [plane.w_mm for plane in region.planes]
    step = region.plane_spacing_mm
    fine = float(np.clip((high[:2] - low[:2]).min() / PIXELS_ACROSS, FINEST_MM, IN_PLANE_MM))
    counts = np.ceil((high[:2] - low[:2]) / fine).astype(int) + 9
    planes = round((max(heights) - min(heights)) / step) + 9
    matrix = np.eye(4)
    rotation = np.asarray(region.lps_from_uvw)[:3, :3]
    matrix[:3, :3] = rotation * (fine, fine, step)
    matrix[:3, 3] = rotation @ (*(low[:2] - 4 * fine), min(heights) - 4 * step)
    grid = Grid(shape_kji=(planes, int(counts[1]), int(counts[0])), lps_from_ijk=matrix)
    return mask_on_grid(region, grid), grid


def _require_one_patient(request: AblationVerifyRequest) -> None:
    after = request.after
    if after is not None and after.patient.identifier != request.before.patient.identifier:
        raise PlanError(
            "ablation.other-patient",
            "the scan before is of patient {before}, the scan after of patient {after}; nothing was measured: give two "
            "scans of one patient",
            before=request.before.patient.identifier,
            after=after.patient.identifier,
        )
    if request.zone is None and (request.zone_click_lps_mm is None or request.grow_rules is None):
        raise PlanError(
            "ablation.no-zone",
            "neither an outline of the ablation zone nor a click into it was given; outline the zone on the scan "
            "after, or "
            "give a point in its middle",
        )


def _laid_after(request: AblationVerifyRequest) -> LaidAfter | None:
    if request.after is None:
        return None
    return lay_after(
        request.before,
        request.after,
        lesion=request.structures.named(request.lesion),
        organ=request.structures.named(request.organ) if request.organ else None,
        organ_kind=request.organ_kind,
        motion=request.motion,
    )


def _zone(request: AblationVerifyRequest, registration: Registration | None) -> SmoothBody:
    if request.zone is not None:
        return body_of(request.zone)
    image = request.after or request.before
    click, rules = request.zone_click_lps_mm, request.grow_rules
    if click is None or rules is None:
        raise AssertionError("checked before")
    grown = grow_mass(image.volume, click, rules, within=_within_organ(request, image.volume, registration))
    return smooth_body(grown.mask_kji, grown.grid)


def _within_organ(
    request: AblationVerifyRequest, scan: Volume, registration: Registration | None
) -> Bool[np.ndarray, "k j i"] | None:
    """Return which voxels of the scan near the click belong to the organ, carried over from the scan before."""
    if not request.organ or request.zone_click_lps_mm is None or request.grow_rules is None:
        return None
    structure = request.structures.named(request.organ)
    organ = region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)
    centres = scan.grid.centres_lps_mm()
    reach = request.grow_rules.most_radius_mm + 10.0
    close = np.linalg.norm(centres - request.zone_click_lps_mm, axis=-1) <= reach
    points = centres[close]
    within = np.zeros(scan.grid.shape_kji, np.bool_)
    within[close] = organ.contains(points if registration is None else registration.to_fixed(points))
    return within


def _organ(request: AblationVerifyRequest, lesion: SmoothBody) -> SmoothBody | None:
    if not request.organ:
        return None
    mask, grid = mask_of(request.structures.named(request.organ))
    return nearby_body(mask, grid, np.asarray(lesion.mesh.vertices_lps_mm), reach_mm=ORGAN_REACH_MM)


def _landmark_errors(request: AblationVerifyRequest, registration: Registration | None) -> tuple[float, ...]:
    marks = request.landmarks
    if marks is None:
        return ()
    if registration is None:
        return tuple(float(each) for each in np.linalg.norm(marks.after_lps_mm - marks.before_lps_mm, axis=1))
    return registration.errors_mm(marks.before_lps_mm, marks.after_lps_mm)


def _errors(
    request: AblationVerifyRequest, registration: Registration | None, misses: tuple[float, ...]
) -> MarginErrors | None:
    """Return the errors that somebody stated or measured; None where one of them is unknown."""
    stated = request.registration_error_mm
    if stated is None and misses:
        stated = root_mean_square(misses)
    if stated is None and registration is None:
        stated = 0.0
    if stated is None or request.outline_error_mm is None:
        return None
    outline = request.outline_error_mm
    return MarginErrors(registration_mm=stated, lesion_mm=outline, zone_mm=outline)


def _doubts(
    request: AblationVerifyRequest, lesion: Structure, margin: AblationMargin, registration: Registration | None
) -> list[Finding]:
    doubts = [Finding(severity=Severity.NOTE, message=remark) for remark in margin.remarks]
    if margin.interval is None:
        doubts.append(_note("ablation.no-errors", UNSURE))
    doubts += edge_findings(lesion, request.before.volume.grid)
    if registration is not None and registration.least_jacobian < SHRINKS_UNDER:
        doubts.append(
            Finding(
                severity=Severity.ATTENTION,
                message=Message(
                    code="ablation.deformation-shrinks",
                    template="the deformation shrinks tissue to {percent:.0f} % of its volume somewhere: it may have "
                    "shrunk the zone or the tumour and with them the margin; compare with the rigid registration",
                    data={"percent": 100 * registration.least_jacobian},
                ),
            )
        )
    return doubts


UNSURE = (
    "no error of registration or outline was stated, so the margin has no interval: mark at least three landmarks on "
    "both "
    "scans and state how well outlines are known"
)


def _note(code: str, template: str) -> Finding:
    return Finding(severity=Severity.ATTENTION, message=Message(code=code, template=template))

"""The scan after an ablation laid over the one before: by the whole body first, then by the organ about the tumour.

The result is doubted before it is believed: an organ that would have moved farther than breath moves it, surroundings
that fit no better, and pictures too even to tell where they belong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_closing, distance_transform_edt

from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.resample import near
from trocar.imaging.register import SHIFT_MM, Nearby, Refined, deformed, refine, register
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.structures import Structure
from trocar.results.findings import Finding, Severity
from trocar.results.registration import Motion, Registration
from trocar.workflow.ablation_reach import surface_points

LOCAL_MM = 60.0
"""Registration looks at this much around the tumour: the organ, not the whole body."""

ZONE_MM = 15.0
"""Nearer to the tumour than this the tissue is dead and looks otherwise: it is left out."""

ORGAN_WINDOW_HU, LUNG_WINDOW_HU = (-100.0, 200.0), (-1000.0, 100.0)
"""An organ is told from fat and its vessels from it; in the lung vessels are told from air."""

BEYOND_ORGAN_MM, WITHIN_LUNG_MM, CLOSED_MM = 6.0, 4.0, 6.0
"""Of the liver and the kidney the border counts too, of the lung only what lies off the chest wall it slides on;
vessels left out of an outline are closed over."""

FEWEST_POINTS = 2000
"""With fewer points of the organ the scans are compared all around."""

BREATH_MM, FARTHEST_MM, MOST_TURN_DEG = 15.0, 40.0, 15.0
"""Organs move by so much with breath; a registration that moves one farther, or turns it more, is not believed."""

EVEN_LIKENESS = 0.004
"""Two scans whose likeness falls by less than this when one is shifted by `SHIFT_MM` do not tell their place."""

FAIR_LIKENESS = 0.5
"""Likeness about the tumour below which the registration is to be looked at: a convention, not a limit."""


AXES = (
    Message(code="ablation.axis-left-right", template="left to right"),
    Message(code="ablation.axis-front-back", template="front to back"),
    Message(code="ablation.axis-feet-head", template="feet to head"),
)


class Taken(Enum):
    """By what two scans were laid over each other."""

    NEAR = "by the surroundings of the tumour"
    WHOLE = "by the whole body"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidAfter:
    """How the scan after lies to the one before, and what is doubtful about it."""

    registration: Registration
    findings: tuple[Finding, ...]


def lay_after(
    before: Image, after: Image, *, lesion: Structure, organ: Structure | None, organ_kind: str, motion: Motion
) -> LaidAfter:
    """Return the registration of a scan after an ablation around the tumour, doubted.

    Parameters
    ----------
    before, after
        Scans of one patient. In one frame of reference the search starts from how they lie: breath may differ.
    lesion, organ
        Outlined on the scan before; organ None if it is not.
    organ_kind
        ``liver``, ``lung``, ``kidney``.
    motion
        What may move.

    Raises
    ------
    ImagingError
        The scans show different bodies, one is mirrored, or a deformation folds.
    """
    points = surface_points(lesion)
    whole = _whole(before, after)
    where = Nearby(
        about_lps_mm=points,
        reach_mm=LOCAL_MM,
        window_hu=LUNG_WINDOW_HU if organ_kind == "lung" else ORGAN_WINDOW_HU,
        counts=_counting(lesion, organ, organ_kind),
    )
    found = refine(whole, before.volume, after.volume, where=where)
    far = found.moved_mm > FARTHEST_MM or found.turned_deg > MOST_TURN_DEG
    taken = Taken.WHOLE if far or even_along(found) else Taken.NEAR
    registration = found.registration if taken is Taken.NEAR else whole
    if motion is Motion.DEFORMABLE:
        fixed = near(before.volume, points, reach_mm=LOCAL_MM)
        moving = near(after.volume, registration.to_moving(points), reach_mm=LOCAL_MM + 10.0)
        registration = deformed(registration, fixed, moving)
    return LaidAfter(registration=registration, findings=tuple(_doubts(found, taken=taken)))


def _whole(before: Image, after: Image) -> Registration:
    if before.reference.frame_uid != after.reference.frame_uid:
        return register(before.volume, after.volume)
    uid = before.reference.frame_uid
    return Registration(
        moving_from_fixed=np.eye(4),
        fixed_frame_uid=uid,
        moving_frame_uid=uid,
        motion=Motion.RIGID,
        likeness_before=1.0,
        likeness_after=1.0,
        likeness_mirrored=0.0,
    )


def _counting(
    lesion: Structure, organ: Structure | None, organ_kind: str
) -> Callable[[Grid], Bool[np.ndarray, "k j i"]]:
    """Return what tells the voxels by which scans are laid over each other: the organ, without the tissue that died."""

    def counts(grid: Grid) -> Bool[np.ndarray, "k j i"]:
        alive = _away(lesion, grid) > ZONE_MM
        if organ is None:
            return alive
        belongs = _belongs(organ, grid, slides=organ_kind == "lung") & alive
        return belongs if belongs.sum() >= FEWEST_POINTS else alive

    return counts


def _mask(structure: Structure, grid: Grid) -> Bool[np.ndarray, "k j i"]:
    region = region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)
    return mask_on_grid(region, grid)


def _away(lesion: Structure, grid: Grid) -> Float[np.ndarray, "k j i"]:
    """Return the distance of each voxel from the tumour, 0 within it."""
    mask = np.array(_mask(lesion, grid))
    i, j, k = np.round(grid.index_ijk(surface_points(lesion))).astype(int).T
    mask[k, j, i] = True  # a tumour thinner than a voxel
    return np.asarray(distance_transform_edt(~mask, sampling=grid.spacing_ijk_mm[::-1]))


def _belongs(organ: Structure, grid: Grid, *, slides: bool) -> Bool[np.ndarray, "k j i"]:
    mask = _mask(organ, grid)
    spacing = grid.spacing_ijk_mm[::-1]
    if not slides:
        return np.asarray(distance_transform_edt(~mask, sampling=spacing) <= BEYOND_ORGAN_MM)
    rounds = max(1, round(CLOSED_MM / 2 / min(spacing)))
    whole = binary_closing(np.pad(mask, rounds), iterations=rounds)[rounds:-rounds, rounds:-rounds, rounds:-rounds]
    return np.asarray(distance_transform_edt(whole, sampling=spacing) > WITHIN_LUNG_MM)


def even_along(found: Refined) -> tuple[Message, ...]:
    """Return the axes along which the scans do not tell where they belong."""
    return tuple(axis for axis, hold in zip(AXES, found.hold_lps, strict=True) if hold < EVEN_LIKENESS)


def _doubts(found: Refined, *, taken: Taken) -> list[Finding]:
    told = {"likeness": found.likeness, "moved_mm": found.moved_mm, "turned_deg": found.turned_deg}
    even = even_along(found)
    findings = []
    if even:
        findings.append(
            Finding(
                severity=Severity.ACTION,
                message=Message(
                    code="ablation.registration-even",
                    template="about the tumour the scans are too even to tell where they belong ({axes}): shifted by "
                    "{shift_mm:g} mm they look as alike. They were laid over each other by the whole body, and the "
                    "margin may be wrong by more than that; mark three landmarks near the tumour on both scans",
                    data={"axes": even, "shift_mm": SHIFT_MM},
                ),
            )
        )
    elif taken is Taken.WHOLE:
        findings.append(
            Finding(
                severity=Severity.ACTION,
                message=Message(
                    code="ablation.registration-too-far",
                    template="laid over each other by the organ about the tumour the scans would differ by "
                    "{moved_mm:.0f} mm and {turned_deg:.0f}° from the registration of the whole body; breath moves "
                    "organs by less ({most_mm:g} mm, {most_deg:g}°), so the whole body was kept: look at both scans "
                    "and mark three landmarks near the tumour",
                    data={**told, "most_mm": FARTHEST_MM, "most_deg": MOST_TURN_DEG},
                ),
            )
        )
    else:
        findings.append(
            Finding(
                severity=Severity.ATTENTION if found.moved_mm > BREATH_MM else Severity.NOTE,
                message=Message(
                    code="ablation.registration-near",
                    template="the scans were laid over each other by what lies about the tumour (likeness "
                    "{likeness:.2f} there); it lies {moved_mm:.1f} mm and {turned_deg:.1f}° from where the whole body "
                    "would put it",
                    data=told,
                ),
            )
        )
    if found.likeness < FAIR_LIKENESS:
        findings.append(
            Finding(
                severity=Severity.ATTENTION,
                message=Message(
                    code="ablation.registration-unlike",
                    template="about the tumour the scans are little alike (likeness {likeness:.2f}, usual is "
                    "{least:g} and more): look at the registration and mark landmarks",
                    data={"likeness": found.likeness, "least": FAIR_LIKENESS},
                ),
            )
        )
    return findings

"""What is looked at before an ablation is planned, simulated or verified."""

from dataclasses import replace

import numpy as np

from trocar.errors import PlanError
from trocar.geometry.volume import Volume
from trocar.imaging.skin import find_body
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet

ONE_PLANE_MM = 0.01


def require_in_body(plan: AblationPlan, image: Image) -> None:
    """Raise unless every tip lies in the body shown, at every place where its applicator acts.

    Raises
    ------
    PlanError
        Names the applicator, its tip and whether it lies outside the scan or outside the body.
    """
    body = find_body(image.volume).occupancy
    for each in plan.activations:
        tip = plan.applicator(each.applicator).tip_lps_mm(pulled_back_mm=each.pulled_back_mm)
        if not image.volume.grid.contains(tip[None])[0]:
            raise PlanError(
                "ablation.tip-outside-scan",
                "the tip of applicator {number} at {tip} mm lies outside the scan; nothing was simulated: check that "
                "plan and images belong together, or take a scan that shows all of it",
                number=each.applicator,
                tip=_place(tip),
            )
        if _inside(body, tip) < 0.5:
            raise PlanError(
                "ablation.tip-outside-body",
                "the tip of applicator {number} at {tip} mm lies in air, outside the body; nothing was simulated: "
                "check that plan and images belong together, or correct the needle",
                number=each.applicator,
                tip=_place(tip),
            )


def _inside(body: Volume, tip: np.ndarray) -> float:
    return float(body.sample(tip[None], outside=0.0)[0])


def _place(point: np.ndarray) -> str:
    return ", ".join(f"{value:.1f}" for value in point)


def with_thickness(drawn: StructureSet, image: Image) -> StructureSet:
    """Return the structures, those drawn on a single slice as thick as a slice: small tumours are.

    Such a structure is drawn on two planes, a quarter of the slice on either side: with the half steps at the ends the
    same slab that one slice stands for.
    """
    matrix = np.asarray(image.volume.grid.lps_from_ijk)[:3, :3]
    normal = np.cross(matrix[:, 0], matrix[:, 1])
    normal /= np.linalg.norm(normal)
    thickness = abs(float(matrix[:, 2] @ normal))
    return replace(drawn, structures=tuple(_thick(each, thickness * normal) for each in drawn))


def _thick(structure: Structure, slice_lps_mm: np.ndarray) -> Structure:
    if not structure.closed_contours or not _lies_on_one_slice(structure, slice_lps_mm):
        return structure
    doubled = tuple(
        replace(each, points_lps_mm=each.points_lps_mm + share * slice_lps_mm)
        for share in (-0.25, 0.25)
        for each in structure.closed_contours
    )
    return replace(structure, contours=doubled)


def _lies_on_one_slice(structure: Structure, slice_lps_mm: np.ndarray) -> bool:
    """Return whether all of its outlines lie in one plane at right angles to a direction."""
    normal = slice_lps_mm / np.linalg.norm(slice_lps_mm)
    heights = np.concatenate([each.points_lps_mm @ normal for each in structure.closed_contours])
    return float(np.ptp(heights)) < ONE_PLANE_MM

"""Bone by its HU, as a structure that needles can keep away from."""

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import binary_closing, binary_dilation, binary_erosion, binary_fill_holes, gaussian_filter, label

from trocar.errors import ImagingError
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.level_lines import level_lines
from trocar.plan.structures import Structure, bone_name

BLUR_MM = 0.8
"""In-plane blur before the threshold: noise and texture of soft tissue stay below it, cortex well above."""

LEAST_CC = 0.15
"""Smaller bright things are calcifications, clips or noise, not bone."""

CLOSE_MM = 2.5
"""Gaps in the cortex up to this width are closed before marrow is filled."""


def bone_structure(
    scan: Volume,
    body: Volume,
    *,
    threshold_hu: float,
    number: int,
    name: str = "",
    instance_uids: tuple[str, ...] = (),
) -> Structure:
    """Return bone, marrow included, as a structure.

    Parameters
    ----------
    scan
        CT in HU.
    body
        Body mask, 1 inside.
    threshold_hu
        Bone is denser; above the vessels of a contrast scan (200 to 300 HU in the portal phase, more in the arterial).
    number, name
        Of the structure; the name says the threshold where none is given.
    instance_uids
        SOP Instance UIDs of the slices.

    Raises
    ------
    ImagingError
        Not HU, or a threshold that soft tissue exceeds.
    """
    if scan.quantity is not Quantity.HOUNSFIELD or not 100 <= threshold_hu <= 1500:
        raise ImagingError(
            "imaging.bone-threshold",
            "bone was to be found above {threshold_hu} on a picture of {quantity}; "
            "it is found on CT in HU, above 100 to 1500 HU",
            threshold_hu=threshold_hu,
            quantity=scan.quantity.value,
        )
    di, dj, dk = scan.grid.spacing_ijk_mm
    soft = gaussian_filter(scan.values_kji.astype(np.float32), (0, BLUR_MM / dj, BLUR_MM / di))
    inner = binary_erosion(body.values_kji > 0, np.ones((1, 3, 3), bool), iterations=max(1, round(2.0 / di)))
    bright = _large_parts((soft > threshold_hu) & inner, least_voxels=LEAST_CC * 1000 / (di * dj * dk))
    bone = _with_marrow(bright, reach=max(1, round(CLOSE_MM / di)))
    drawn = np.where(bone, np.maximum(soft, threshold_hu + 1), np.minimum(soft, threshold_hu - 1))
    marrow = bone & ~bright
    drawn[marrow] = threshold_hu + 100
    contours = level_lines(
        drawn,
        scan.grid,
        level=threshold_hu,
        outside=threshold_hu - 100,
        instance_uids=instance_uids,
        least_area_mm2=3.0,
    )
    return Structure(number=number, name=name or bone_name(threshold_hu), contours=contours, interpreted_type="ORGAN")


def _large_parts(mask: Bool[np.ndarray, "k j i"], *, least_voxels: float) -> Bool[np.ndarray, "k j i"]:
    parts, _ = label(mask, np.ones((3, 3, 3), bool))
    large = np.bincount(parts.ravel()) >= least_voxels
    large[0] = False
    return np.asarray(large[parts])


def _with_marrow(bright: Bool[np.ndarray, "k j i"], *, reach: int) -> Bool[np.ndarray, "k j i"]:
    """Return bone with closed cortex and filled marrow, slice by slice; closing adds bone only beside marrow."""
    filled = np.empty_like(bright)
    disc = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach + 0.5
    for k, plane in enumerate(bright):
        closed = binary_closing(np.pad(plane, 2 * reach), disc)[2 * reach : -2 * reach, 2 * reach : -2 * reach]
        holes = binary_fill_holes(closed) & ~closed
        filled[k] = plane | binary_fill_holes(plane) | holes | (closed & _touching(holes, disc))
    return filled


def _touching(mask: np.ndarray, disc: np.ndarray) -> np.ndarray:
    return np.asarray(binary_dilation(mask, disc)) if mask.any() else mask

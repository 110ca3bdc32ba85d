"""The body on a CT, without couch and clothes, and its skin."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import (
    binary_dilation,
    binary_fill_holes,
    distance_transform_edt,
    find_objects,
    gaussian_filter,
    label,
    map_coordinates,
)
from skimage.measure import marching_cubes

from trocar.errors import ImagingError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.level_lines import level_lines
from trocar.plan.access import SkinEntries
from trocar.plan.structures import Structure

SKIN_HU = -500.0
"""Half way between air and skin: there the blurred edge lies where the real one does."""

COARSE_MM = 2.5
"""Pixel of the coarse picture on which body and couch are told apart."""

THIN_MM = 14.0
"""Layers thinner than this are couch, clothes or small folds; the trunk, a limb or a neck is thicker."""

SMALL_MM = 90.0
"""Thin parts that touch the body and are smaller than this are ears, noses, folds; couch shells are larger."""

METAL_HU = 1500.0
ROD_LONG_MM, ROD_NARROW_MM = 4.0, 1.8
"""Standard deviations of a needle's voxels along and across it."""

LEAST_SHARE = 0.03
"""Separate thick parts with less of the largest part's volume than this are not limbs but objects."""

NORMAL_BLUR_MM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body(Value):
    """The body of a scan.

    Parameters
    ----------
    mask
        1 inside, 0 outside; lungs, bowel gas and airways count as inside.
    occupancy
        Share of each voxel inside, 0 to 1; its level 0.5 is the skin, between voxel centres.
    """

    mask: Volume
    occupancy: Volume

    def structure(self, *, number: int, name: str = "BODY", instance_uids: tuple[str, ...] = ()) -> Structure:
        """Return the body as a structure of type EXTERNAL."""
        contours = level_lines(
            self.occupancy.values_kji,
            self.occupancy.grid,
            level=0.5,
            outside=0.0,
            instance_uids=instance_uids,
            least_area_mm2=100.0,
        )
        return Structure(number=number, name=name, contours=contours, interpreted_type="EXTERNAL")


def find_body(scan: Volume) -> Body:
    """Return the body without couch, clothes and air.

    The body is what remains when thin layers are peeled off: couch tops and shells are thin, and separate from the body
    once they are. Small thin parts that touch the body (ears, folds) are given back.

    Parameters
    ----------
    scan
        CT in HU.

    Raises
    ------
    ImagingError
        Not HU, or nothing as dense and thick as a body.
    """
    if scan.quantity is not Quantity.HOUNSFIELD:
        raise ImagingError(
            "imaging.skin-needs-ct",
            "the skin was to be found on a picture of {quantity}; it is found on CT in HU only: "
            "draw the body outline on this picture",
            quantity=scan.quantity.value,
        )
    dense = scan.values_kji > SKIN_HU
    thick = _thick_part(dense, scan.grid)
    if not thick.any():
        raise ImagingError(
            "imaging.no-body",
            "nothing on the scan is denser than {level:.0f} HU and thicker than {thin:.0f} mm; "
            "check the rescale values",
            level=SKIN_HU,
            thin=THIN_MM,
        )
    body = _with_small_parts(dense & thick, dense, scan.values_kji > METAL_HU, scan.grid)
    filled = np.stack([binary_fill_holes(plane) for plane in body])
    mask = Volume.owning(
        grid=scan.grid, values_kji=filled.astype(np.uint8), quantity=Quantity.LABEL, frame_uid=scan.frame_uid
    )
    return Body(mask=mask, occupancy=_occupancy(scan, filled))


def _thick_part(dense: Bool[np.ndarray, "k j i"], grid: Grid) -> Bool[np.ndarray, "k j i"]:
    """Return the opened body, grown by a little, on the fine grid."""
    di, dj, _ = grid.spacing_ijk_mm
    step = (max(1, round(COARSE_MM / dj)), max(1, round(COARSE_MM / di)))
    coarse = np.stack([binary_fill_holes(plane) for plane in dense[:, :: step[0], :: step[1]]])
    spacing = (dj * step[0], di * step[1])
    inside = np.stack([_depth_mm(plane, spacing) for plane in coarse])
    parts, count = label(inside > 0.5 * THIN_MM)
    if count == 0:
        return np.zeros(dense.shape, bool)
    sizes = np.bincount(parts.ravel())[1:]
    kept = np.isin(parts, 1 + np.flatnonzero(sizes >= LEAST_SHARE * sizes.max()))
    outward = np.stack([distance_transform_edt(~plane, sampling=spacing) for plane in kept])
    near = (outward <= 0.5 * THIN_MM + 1.5 * max(spacing)).astype(np.uint8)
    shape = dense.shape
    rows = np.minimum(np.arange(shape[1]) // step[0], near.shape[1] - 1)
    columns = np.minimum(np.arange(shape[2]) // step[1], near.shape[2] - 1)
    return np.asarray(near[:, rows][:, :, columns], dtype=bool)


def _depth_mm(plane: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Return the depth below the outline; the rim of the picture is no outline: bodies may be cut off there."""
    padded = np.pad(plane, 12, mode="edge")
    return np.asarray(distance_transform_edt(padded, sampling=spacing)[12:-12, 12:-12])


def _with_small_parts(
    body: Bool[np.ndarray, "k j i"], dense: Bool[np.ndarray, "k j i"], metal: Bool[np.ndarray, "k j i"], grid: Grid
) -> Bool[np.ndarray, "k j i"]:
    """Return the body with thin, small parts that touch it; what holds metal is a needle or a marker, not the body."""
    rest, count = label(dense & ~body)
    if count == 0:
        return body
    touched = np.unique(rest[binary_dilation(body) & (rest > 0)])
    spacing = grid.spacing_ijk_mm[::-1]
    boxes = find_objects(rest)
    result = body.copy()
    for each in touched:
        box = boxes[each - 1]
        extent = [(side.stop - side.start) * step for side, step in zip(box, spacing, strict=True)]
        part = rest[box] == each
        if max(extent) <= SMALL_MM and not (part & metal[box]).any() and not _is_rod(part, spacing):
            result[box] |= part
    return result


def _is_rod(part: Bool[np.ndarray, "k j i"], spacing: tuple[float, float, float]) -> bool:
    """Say whether a thin part is straight and narrow: a needle between two slices is not as bright as metal."""
    points = np.argwhere(part) * np.array(spacing)
    if len(points) < 4:
        return False
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(points.T)), 0.0))
    return bool(spread[2] > ROD_LONG_MM and spread[1] < max(ROD_NARROW_MM, 0.6 * spacing[0]))


def _occupancy(scan: Volume, mask: Bool[np.ndarray, "k j i"]) -> Volume:
    """Return the share of each voxel inside: from HU next to the outline, whole numbers elsewhere."""
    share = np.clip((scan.values_kji.astype(np.float32) + 1000) / 1000, 0, 1)
    flat = np.ones((1, 3, 3), bool)
    outer = binary_dilation(mask, flat) & ~mask
    deep = ~binary_dilation(~mask, flat)
    occupancy = np.where(mask, np.maximum(share, 0.5), 0).astype(np.float32)
    occupancy[deep] = 1
    occupancy[outer] = np.minimum(share[outer], 0.5)
    return Volume.owning(grid=scan.grid, values_kji=occupancy, quantity=Quantity.PROBABILITY, frame_uid=scan.frame_uid)


def skin_entries(occupancy: Volume, *, spacing_mm: float) -> SkinEntries:
    """Return points all over the skin, about ``spacing_mm`` apart, with the way out of the body at each.

    The cut faces at the ends of the scan are no skin and get no points.

    Parameters
    ----------
    occupancy
        Share of each voxel inside the body; its level 0.5 is the skin.
    spacing_mm
        Distance between neighbouring points.

    Raises
    ------
    ImagingError
        The volume holds no skin at all.
    """
    soft = occupancy.values_kji
    if not (soft.min() < 0.5 < soft.max()):
        raise ImagingError(
            "imaging.no-skin",
            "the body fills the whole picture or none of it, so that it has no skin; check the body outline",
        )
    vertices, faces, _, _ = marching_cubes(soft.copy(), level=0.5)
    centres = vertices[faces].mean(axis=1)
    points = apply_affine(occupancy.grid.lps_from_ijk, centres[:, ::-1].astype(np.float64))
    chosen = _thinned(points, spacing_mm=spacing_mm)
    normals = _outward(occupancy, centres[chosen])
    return SkinEntries(points_lps_mm=points[chosen], normals_lps=normals)


def _thinned(points: Float[np.ndarray, "n 3"], *, spacing_mm: float) -> np.ndarray:
    """Return one point for each cell of a cubic lattice: the one nearest the mean of its cell."""
    cell = np.floor(points / spacing_mm).astype(np.int64)
    _, owner = np.unique(cell, axis=0, return_inverse=True)
    owner = owner.ravel()
    count = np.bincount(owner)
    mean = np.column_stack([np.bincount(owner, points[:, n]) for n in range(3)]) / count[:, None]
    away = np.linalg.norm(points - mean[owner], axis=1)
    order = np.lexsort((away, owner))
    return np.asarray(order[np.searchsorted(owner[order], np.arange(len(count)))])


def _outward(occupancy: Volume, centres_kji: np.ndarray) -> Float[np.ndarray, "n 3"]:
    """Return unit vectors out of the body, from the slope of the blurred occupancy."""
    spacing = occupancy.grid.spacing_ijk_mm[::-1]
    blurred = gaussian_filter(
        occupancy.values_kji, [NORMAL_BLUR_MM / step for step in spacing], mode="nearest", truncate=3.0
    )
    slope_kji = np.column_stack(
        [
            map_coordinates(blurred, (centres_kji + shift).T, order=1, mode="nearest")
            - map_coordinates(blurred, (centres_kji - shift).T, order=1, mode="nearest")
            for shift in np.eye(3)
        ]
    )
    lps_slope = -slope_kji[:, ::-1] @ np.linalg.inv(occupancy.grid.lps_from_ijk[:3, :3])
    return np.asarray(lps_slope / np.maximum(np.linalg.norm(lps_slope, axis=1, keepdims=True), 1e-12))

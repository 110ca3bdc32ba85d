"""Structures carried from the planning image to another scan, drawn anew on its slices and marked as carried."""

from dataclasses import replace

import numpy as np

from trocar.geometry.affine import apply_affine
from trocar.geometry.contours import Contour
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap, Region
from trocar.geometry.trace import smooth_contours_from_mask
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.registration import Registration
from trocar.workflow.histograms import region_of

PIXEL_MM, MOST_PIXELS = 0.7, 400_000
"""Pixel on which a carried structure is drawn where the scan's own is larger; a large organ is drawn on the scan's."""

REACH_MM = 3.0


def carry_structures(
    structures: StructureSet, names: tuple[str, ...], registration: Registration, scan: Image, *, end_cap: EndCap
) -> StructureSet:
    """Return structures drawn on the slices of a scan, as its frame's own, each marked as carried.

    A turned contour no longer lies in a slice; so it is the solid of each structure that is carried, and cut anew by
    the scan's slices.

    Parameters
    ----------
    structures, names
        The set drawn on the moving image, and which of its structures are wanted.
    registration
        The scan is the fixed image.
    scan
        The fixed image.
    end_cap
        What closes structures at their ends.
    """
    carried = []
    for structure in (structures.named(name) for name in names):
        contours = _carried(region_of(structure, end_cap=end_cap), structure, registration, scan)
        carried.append(replace(structure, contours=contours, carried=True))
    return StructureSet(
        label=structures.label,
        patient=structures.patient,
        frame_uid=scan.volume.frame_uid,
        structures=tuple(carried),
        image=scan.reference,
    )


def _carried(region: Region, structure: Structure, registration: Registration, scan: Image) -> tuple[Contour, ...]:
    points = np.vstack([contour.points_lps_mm for contour in structure.closed_contours])
    grid, first = _fine_grid(scan.volume.grid, registration.to_fixed(points))
    if grid is None:
        return ()
    centres = grid.centres_lps_mm().reshape(-1, 3)
    inside = region.contains(registration.to_moving(centres)).reshape(grid.shape_kji)
    uids = scan.reference.instance_uids
    named = uids[first : first + grid.shape_kji[0]] if len(uids) == scan.volume.grid.shape_kji[0] else ()
    return smooth_contours_from_mask(inside, grid, image_uids=named)


def _fine_grid(grid: Grid, points_lps_mm: np.ndarray) -> tuple[Grid | None, int]:
    """Return the scan's slices about some points with fine pixels, and the number of the first slice."""
    step_i, step_j, _ = grid.spacing_ijk_mm
    margin = np.array([REACH_MM / step_i, REACH_MM / step_j, 1.0])
    index = grid.index_ijk(points_lps_mm)
    low = np.floor(index.min(axis=0) - margin).astype(int)
    high = np.ceil(index.max(axis=0) + margin).astype(int)
    low[2], high[2] = max(low[2], 0), min(high[2], grid.shape_kji[0] - 1)
    if high[2] < low[2]:
        return None, 0
    parts = np.maximum(np.ceil(np.array([step_i, step_j]) / PIXEL_MM), 1.0)
    if np.prod(parts) * np.prod(high - low + 1.0) > MOST_PIXELS:
        parts = np.ones(2)
    matrix = grid.lps_from_ijk.copy()
    matrix[:3, 0] /= parts[0]
    matrix[:3, 1] /= parts[1]
    matrix[:3, 3] = apply_affine(grid.lps_from_ijk, low.astype(np.float64)[None])[0]
    size = (high - low) * np.array([*parts, 1.0]) + 1
    return Grid(shape_kji=(int(size[2]), int(size[1]), int(size[0])), lps_from_ijk=matrix), int(low[2])

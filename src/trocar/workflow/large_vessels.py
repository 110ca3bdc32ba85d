"""Which part of a drawn vessel is large enough to count as a heat sink of its own."""

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import distance_transform_edt

from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import Region

LEAST_DIAMETER_MM = 3.0
"""Vessels of 3 mm and more spare a cuff of tissue, smaller ones do not and belong to perfusion: Lu DSK et al. Effect of
vessel size on creation of hepatic radiofrequency lesions in pigs. AJR 2002;178:47-51, doi 10.2214/ajr.178.1.1780047."""
FINE_MM = 0.75


def large_vessel_mask(vessel: Region, grid: Grid) -> Bool[np.ndarray, "k j i"]:
    """Return which voxels lie in the parts of a vessel that are at least 3 mm across.

    The vessel is opened by a ball of that diameter on a lattice of 0.75 mm or finer, whatever the grid asked for.
    """
    fine = _fine(grid)
    mask = mask_on_grid(vessel, fine)
    if not mask.any():
        return np.zeros(grid.shape_kji, np.bool_)
    radius = 0.5 * LEAST_DIAMETER_MM
    step = min(fine.spacing_ijk_mm)
    spacing = fine.spacing_ijk_mm[::-1]
    core = distance_transform_edt(mask, sampling=spacing) > radius - 0.5 * step
    opened = mask & (distance_transform_edt(~core, sampling=spacing) <= radius) if core.any() else core
    k, j, i = (
        np.minimum(np.rint(np.arange(count) * coarse / close).astype(int), last - 1)
        for count, coarse, close, last in zip(
            grid.shape_kji, grid.spacing_ijk_mm[::-1], spacing, fine.shape_kji, strict=True
        )
    )
    return np.asarray(opened[np.ix_(k, j, i)])


def _fine(grid: Grid) -> Grid:
    """Return a lattice over the same places whose steps are a whole part of the grid's, 0.75 mm or less."""
    parts = [int(np.ceil(step / FINE_MM - 1e-9)) for step in grid.spacing_ijk_mm]
    counts = [(count - 1) * part + 1 for count, part in zip(grid.shape_kji, parts[::-1], strict=True)]
    matrix = np.array(grid.lps_from_ijk)
    matrix[:3, :3] = matrix[:3, :3] / np.array(parts)
    return Grid(shape_kji=(counts[0], counts[1], counts[2]), lps_from_ijk=matrix)

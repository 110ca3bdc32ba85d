"""From a region to voxels: which centres lie inside, or how much of each voxel does."""

import numpy as np
from jaxtyping import Bool, Float32

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.kernels.stacks import fill_mask, fill_occupancy
from trocar.geometry.region import Between, EndCap, Region


def mask_on_grid(region: Region, grid: Grid) -> Bool[np.ndarray, "k j i"]:
    """Return the voxels whose centre lies inside.

    Parameters
    ----------
    region
        The solid; what lies outside the grid is left out.
    grid
        Any pose, sheared or not; need not follow the planes of the region.

    Examples
    --------
    >>> from trocar.geometry.region import region_from_grid
    >>> small = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))
    >>> large = Grid.axial(origin_lps_mm=(-1, -1, -1), spacing_ijk_mm=(1, 1, 1), shape_kji=(4, 4, 4))
    >>> int(mask_on_grid(region_from_grid(small), large).sum())
    8
    """
    mask = np.zeros(grid.shape_kji, np.bool_)
    box, start_ijk = _box_of(region, grid)
    fill_mask(region.stack, _uvw_from_ijk(region, grid), start_ijk, mask[box], *_choices(region))
    return mask


def occupancy_on_grid(region: Region, grid: Grid, *, points_per_axis: int = 5) -> Float32[np.ndarray, "k j i"]:
    """Return the share of each voxel that lies inside, 0 to 1.

    Parameters
    ----------
    region, grid
        As for `mask_on_grid`.
    points_per_axis
        A voxel that an outline or slab face passes through is sampled at this number of points along each axis; every
        other voxel is exactly 0 or 1. A flat face through a voxel is seen to about 1 / points_per_axis², 0.04 for 5.

    Raises
    ------
    GeometryError
        Fewer than one point an axis.
    """
    if points_per_axis < 1:
        raise GeometryError(
            "geometry.points-per-axis",
            "{points_per_axis} points an axis were asked for; at least 1 is needed",
            points_per_axis=points_per_axis,
        )
    occupancy = np.zeros(grid.shape_kji, np.float32)
    box, start_ijk = _box_of(region, grid)
    matrix = _uvw_from_ijk(region, grid)
    fill_occupancy(region.stack, matrix, start_ijk, points_per_axis, occupancy[box], *_choices(region))
    return occupancy


def _choices(region: Region) -> tuple[bool, bool]:
    return region.between is Between.SHAPE, region.end_cap is EndCap.ROUNDED


def _uvw_from_ijk(region: Region, grid: Grid) -> np.ndarray:
    return np.ascontiguousarray(region.uvw_from_lps @ grid.lps_from_ijk)


def _box_of(region: Region, grid: Grid) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """Return the part of the grid that can touch the region, as slices [k, j, i] and as its first index (i, j, k)."""
    low, high = region.bounds_uvw_mm
    corners = np.array([[u, v, w] for u in (low[0], high[0]) for v in (low[1], high[1]) for w in (low[2], high[2])])
    index = grid.index_ijk(apply_affine(region.lps_from_uvw, corners))
    counts = np.array(grid.shape_kji[::-1])
    first = np.clip(np.floor(index.min(axis=0)).astype(np.int64), 0, counts)
    beyond = np.clip(np.ceil(index.max(axis=0)).astype(np.int64) + 1, first, counts)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(first, beyond, strict=True))
    return (k, j, i), first

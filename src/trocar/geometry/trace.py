"""From voxels to contours: along the voxel edges, exactly, or smoothly between the voxel centres."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool
from skimage.measure import find_contours

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.kernels.outlines import trace_outlines

Outliner = Callable[[np.ndarray], Iterator[np.ndarray]]


def contours_from_mask(
    mask: Bool[np.ndarray, "k j i"], grid: Grid, *, image_uids: Sequence[str] = ()
) -> tuple[Contour, ...]:
    """Return the outlines of a mask along the voxel edges, halfway between inside and outside centres.

    Holes become further contours of the same slice, to be combined by the even-odd rule; filling them at voxel
    centres gives the mask back exactly. Voxels that touch at a corner only belong to two outlines.

    Parameters
    ----------
    mask
        Which voxels are inside.
    grid
        Where they are; each contour lies in the plane of its slice.
    image_uids
        SOP Instance UID of each slice, in order of k, or nothing.

    Raises
    ------
    GeometryError
        The mask does not have the grid's shape, or the number of UIDs is not that of the slices.

    Examples
    --------
    >>> grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 2, 2))
    >>> (square,) = contours_from_mask(np.ones((1, 2, 2), dtype=bool), grid)
    >>> square.points_lps_mm[:, :2].tolist()
    [[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]]
    """
    return tuple(_contours(mask, grid, image_uids, _edge_outlines))


def smooth_contours_from_mask(
    mask: Bool[np.ndarray, "k j i"], grid: Grid, *, image_uids: Sequence[str] = ()
) -> tuple[Contour, ...]:
    """Return the outlines of a mask by marching squares: corners are cut, voxel centres stay on their side.

    Filling them at voxel centres gives the mask back as well, but the area of a slice is smaller by an eighth of a
    pixel at every corner. Parameters as for `contours_from_mask`.
    """
    return tuple(_contours(mask, grid, image_uids, _marching_outlines))


def _contours(
    mask: np.ndarray, grid: Grid, image_uids: Sequence[str], outlines_of: Callable[[np.ndarray], Iterator[np.ndarray]]
) -> Iterator[Contour]:
    if mask.shape != grid.shape_kji or len(image_uids) not in {0, mask.shape[0]}:
        raise GeometryError(
            "geometry.mask-and-grid",
            "a mask of shape {mask_shape} with {n_uids} image UIDs was given for a grid of {grid_shape} (slices, rows, "
            "columns); the shapes must agree, and there is one UID a slice or none",
            mask_shape=mask.shape,
            n_uids=len(image_uids),
            grid_shape=grid.shape_kji,
        )
    for k in map(int, np.flatnonzero(mask.any(axis=(1, 2)))):
        for outline_ij in outlines_of(mask[k]):
            index = np.column_stack([outline_ij, np.full(len(outline_ij), float(k))])
            yield Contour(
                kind=ContourKind.CLOSED_PLANAR,
                points_lps_mm=apply_affine(grid.lps_from_ijk, index),
                image_uid=image_uids[k] if image_uids else "",
            )


def _edge_outlines(inside: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the corners of each outline as (i, j)."""
    padded = np.pad(inside, 1)
    below, left, here = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    corner = padded[:-1, :-1]
    # Bit d: an edge leaves this corner in direction d (+i, +j, -i, -j) with the inside on its left.
    leaving = (here & ~below).astype(np.uint8)
    leaving |= (left & ~here).astype(np.uint8) << 1
    leaving |= (corner & ~left).astype(np.uint8) << 2
    leaving |= (below & ~corner).astype(np.uint8) << 3
    edges = int(np.bitwise_count(leaving).sum())
    points, starts = np.empty((edges, 2)), np.empty(edges + 1, np.int64)
    outlines = trace_outlines(leaving, points, starts)
    for first, beyond in pairwise(starts[: outlines + 1]):
        yield points[first:beyond] - 0.5


def _marching_outlines(inside: np.ndarray) -> Iterator[np.ndarray]:
    for outline_ji in find_contours(np.pad(inside, 1).astype(np.float64), 0.5):
        yield outline_ji[:-1, ::-1] - 1.0

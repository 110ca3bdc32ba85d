"""The surface of a region: points on it, and how far points are from it."""

import numpy as np
from jaxtyping import Float

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.kernels.stacks import distances_to_stack
from trocar.geometry.region import Between, EndCap, Region


def surface_points(region: Region, *, spacing_mm: float) -> Float[np.ndarray, "n 3"]:
    """Return points on the surface, in LPS, neighbours about ``spacing_mm`` apart.

    Parameters
    ----------
    region
        For `Between.SLAB` without rounded caps: points on all walls and steps of the slabs, corners of the contours
        included. Otherwise: points on the contours themselves, which are on the surface in every case.
    spacing_mm
        Positive; also the step along the normal.
    """
    if not spacing_mm > 0:
        raise GeometryError(
            "geometry.surface-spacing",
            "points {spacing_mm} mm apart were asked for; the spacing must be above 0 mm",
            spacing_mm=spacing_mm,
        )
    stacked = _is_stack_of_slabs(region)
    parts = []
    for plane in range(len(region.planes)):
        outline = _along_edges(region.planes[plane].edges_uv_mm, spacing_mm)
        low, high = float(region.stack.low[plane]), float(region.stack.high[plane])
        levels = np.array([region.planes[plane].w_mm])
        if stacked:
            levels = np.linspace(low, high, 1 + int(np.ceil((high - low) / spacing_mm)))
        parts.append(_at_levels(outline, levels))
        if stacked:
            parts.append(_on_steps(region, plane, low, spacing_mm, neighbour=plane - 1))
            parts.append(_on_steps(region, plane, high, spacing_mm, neighbour=plane + 1))
    return apply_affine(region.lps_from_uvw, np.concatenate(parts))


def signed_distance_mm(region: Region, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Return the distance from points to the surface, positive inside, exact for a stack of slabs.

    Raises
    ------
    GeometryError
        The region is blended between its planes or has rounded caps: its surface has no closed form.

    Examples
    --------
    >>> from trocar.geometry.grid import Grid
    >>> from trocar.geometry.region import region_from_grid
    >>> box = region_from_grid(Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(2, 2, 2), shape_kji=(5, 5, 5)))
    >>> signed_distance_mm(box, np.array([[4.0, 4.0, 4.0], [-4.0, 4.0, 4.0]])).tolist()
    [5.0, -3.0]
    """
    if not _is_stack_of_slabs(region):
        raise GeometryError(
            "geometry.distance-needs-slabs",
            'the distance to structure "{name}" was asked for with {between} between planes and {end_cap} end caps; '
            "it is exact for SLAB with NONE or HALF_SLICE only: build the region with those",
            name=region.name,
            between=region.between.name,
            end_cap=region.end_cap.name,
        )
    points = np.ascontiguousarray(points_lps_mm, dtype=np.float64)
    distance = np.empty(len(points))
    distances_to_stack(region.stack, region.uvw_from_lps, points, distance)
    return np.where(region.contains(points), distance, -distance)


def _is_stack_of_slabs(region: Region) -> bool:
    return region.between is Between.SLAB and region.end_cap is not EndCap.ROUNDED


def _along_edges(edges_uv: np.ndarray, spacing_mm: float) -> np.ndarray:
    """Return each edge's first point and further ones along it, no more than the spacing apart."""
    way = edges_uv[:, 2:] - edges_uv[:, :2]
    pieces = np.maximum(1, np.ceil(np.linalg.norm(way, axis=1) / spacing_mm)).astype(np.int64)
    which = np.repeat(np.arange(len(edges_uv)), pieces)
    share = (np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[which]
    points: np.ndarray = edges_uv[which, :2] + share[:, None] * way[which]
    return points


def _at_levels(points_uv: np.ndarray, levels_w: np.ndarray) -> np.ndarray:
    return np.column_stack([np.tile(points_uv, (len(levels_w), 1)), np.repeat(levels_w, len(points_uv))])


def _on_steps(region: Region, plane: int, level: float, spacing_mm: float, *, neighbour: int) -> np.ndarray:
    """Return a lattice on the part of a slab's face that no neighbouring slab covers."""
    corners = np.concatenate(region.planes[plane].polygons_uv_mm)
    axes = [np.arange(corners[:, a].min() + spacing_mm / 2, corners[:, a].max(), spacing_mm) for a in (0, 1)]
    u, v = (each.ravel() for each in np.meshgrid(*axes))
    centre = region.planes[plane].w_mm
    open_face = _inside_at(region, u, v, centre)
    if 0 <= neighbour < len(region.planes):
        touching = level in (region.stack.low[neighbour], region.stack.high[neighbour])
        if touching:
            open_face &= ~_inside_at(region, u, v, region.planes[neighbour].w_mm)
    on_face: np.ndarray = np.column_stack([u, v, np.full(len(u), level)])[open_face]
    return on_face


def _inside_at(region: Region, u: np.ndarray, v: np.ndarray, w: float) -> np.ndarray:
    points = np.column_stack([u, v, np.full(len(u), w)])
    return region.contains(apply_affine(region.lps_from_uvw, points))

"""`Region`: the solid that a stack of contours stands for.

Contours say where the outline is on some planes. What lies between and beyond the planes is a choice, and the volume,
the DVH and every dose limit depend on it; here the choice is always stated and never made in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import GeometryError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.kernels.stacks import PackedStack, depth_raster, points_inside_stack
from trocar.geometry.planes import PolygonPlane, gather_planes, pack_planes
from trocar.geometry.slabs import Between, EndCap, Gaps, find_gaps, slab_extents, usual_spacing
from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message

__all__ = ["Between", "EndCap", "Gaps", "Region", "region_from_contours", "region_from_grid", "usual_plane_spacing_mm"]

RASTER_STEPS = 160
"""Raster points across a plane when the volume of a blended region is integrated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region(Value):
    """The solid of a structure; made by `region_from_contours`.

    Parameters
    ----------
    name
        Of the structure.
    uvw_from_lps
        Rotation into the frame of the planes: w along their normal.
    planes
        Polygons by rising w.
    end_cap, between, gaps
        The choices made.
    plane_spacing_mm
        Usual step between planes, or the one given.
    volume_mm3
        Volume of the solid: exact (to rounding) for `Between.SLAB` without `EndCap.ROUNDED`, else integrated.
    volume_error_mm3
        Bound on its numerical error; 0 where exact.
    remarks
        What was odd about the contours and how it was taken.
    """

    name: str
    uvw_from_lps: Float[np.ndarray, "4 4"]
    planes: tuple[PolygonPlane, ...]
    end_cap: EndCap
    between: Between
    gaps: Gaps
    plane_spacing_mm: float
    volume_mm3: float
    volume_error_mm3: float
    remarks: tuple[Message, ...]
    stack: PackedStack

    @property
    def lps_from_uvw(self) -> Float[np.ndarray, "4 4"]:
        """Rotation back to the patient."""
        return np.ascontiguousarray(self.uvw_from_lps.T)

    @property
    def normal_lps(self) -> Float[np.ndarray, " 3"]:
        """Unit normal of the planes."""
        return np.array(self.uvw_from_lps[2, :3])

    @property
    def bounds_uvw_mm(self) -> Float[np.ndarray, "2 3"]:
        """Lowest and highest corner in the frame of the planes."""
        points = np.concatenate([polygon for plane in self.planes for polygon in plane.polygons_uv_mm])
        low = [*points.min(axis=0), self.stack.low.min()]
        high = [*points.max(axis=0), self.stack.high.max()]
        return np.array([low, high])

    @property
    def bounds_lps_mm(self) -> Float[np.ndarray, "2 3"]:
        """Lowest and highest corner of the smallest box along the patient axes that holds the solid."""
        corners = []
        for plane, low, high in zip(self.planes, self.stack.low, self.stack.high, strict=True):
            points = np.concatenate(plane.polygons_uv_mm)
            for w in (low, high):
                corners.append(np.column_stack([points, np.full(len(points), w)]) @ self.uvw_from_lps[:3, :3])
        every = np.concatenate(corners)
        return np.array([every.min(axis=0), every.max(axis=0)])

    def contains(self, points_lps_mm: Float[np.ndarray, "*batch 3"]) -> Bool[np.ndarray, "*batch"]:
        """Return which points lie inside; half open, so that touching regions never share a point."""
        points = np.ascontiguousarray(points_lps_mm, dtype=np.float64)
        inside = np.empty(points.shape[:-1], np.bool_)
        points_inside_stack(
            self.stack,
            self.uvw_from_lps,
            points.reshape(-1, 3),
            self.between is Between.SHAPE,
            self.end_cap is EndCap.ROUNDED,
            inside.reshape(-1),
        )
        return inside


def region_from_contours(
    contours: Sequence[Contour],
    *,
    end_cap: EndCap,
    between: Between = Between.SLAB,
    gaps: Gaps = Gaps.OPEN,
    plane_spacing_mm: float | None = None,
    name: str = "",
) -> Region:
    """Return the solid that the closed contours of one structure stand for.

    Within a plane the inside follows from the even-odd rule over all its polygons: a polygon inside another is a hole,
    one inside that an island, and a keyhole (outline, channel, hole, channel back) encloses what it shows. Planes may
    have any common orientation and any spacing.

    Parameters
    ----------
    contours
        Of one structure, in any order.
    end_cap
        What closes the solid at its ends; there is no default, as systems differ.
    between
        What lies between two planes.
    gaps
        What to do where the step between two planes is more than 1.5 times those around it.
    plane_spacing_mm
        Step between the images they were drawn on: the thickness of a structure on a single plane, and what a lone
        step is judged by; not used for three planes or more.
    name
        Of the structure, for messages.

    Raises
    ------
    GeometryError
        No closed contour, no area, planes that are not parallel, a refused gap, or a single plane without spacing.

    Examples
    --------
    >>> import numpy as np
    >>> square = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])
    >>> contours = [
    ...     Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=square + [0, 0, z]) for z in (0.0, 2.0, 4.0)
    ... ]
    >>> region_from_contours(contours, end_cap=EndCap.HALF_SLICE).volume_mm3
    600.0
    >>> region_from_contours(contours, end_cap=EndCap.NONE).volume_mm3
    400.0
    """
    gathered = gather_planes(contours, name=name)
    w = np.array([plane.w_mm for plane in gathered.planes])
    spacing = usual_spacing(w, given_mm=plane_spacing_mm, name=name)
    gap, remarks = find_gaps(w, spacing=spacing, gaps=gaps, name=name)
    joined = np.ones(max(len(w) - 1, 0), np.bool_) if gaps is Gaps.BRIDGED else ~gap
    extents = slab_extents(w, joined=joined, spacing=spacing, end_cap=end_cap)
    if not (extents.high_mm > extents.low_mm).all():
        raise GeometryError(
            "geometry.region-without-thickness",
            'structure "{name}" has a plane at {w_mm:.2f} mm without neighbours, which encloses nothing without an '
            "end cap; choose a half-slice or rounded end cap",
            name=name,
            w_mm=float(w[int(np.argmin(extents.high_mm - extents.low_mm))]),
        )
    stack = pack_planes(gathered.planes, extents)
    volume, error = _volume(gathered.planes, stack, end_cap=end_cap, between=between)
    matrix = np.eye(4)
    matrix[:3, :3] = gathered.uvw_from_lps
    return Region(
        name=name,
        uvw_from_lps=frozen_array(matrix, np.float64),
        planes=gathered.planes,
        end_cap=end_cap,
        between=between,
        gaps=gaps,
        plane_spacing_mm=spacing,
        volume_mm3=volume,
        volume_error_mm3=error,
        remarks=(*gathered.remarks, *remarks),
        stack=stack,
    )


def region_from_grid(grid: Grid, *, name: str = "") -> Region:
    """Return the box of a grid, half a voxel beyond its outer centres included.

    Raises
    ------
    GeometryError
        The grid is sheared: its box is no right prism.
    """
    if not grid.is_orthogonal:
        raise GeometryError(
            "geometry.grid-sheared",
            "the grid of {shape_kji} voxels is sheared (gantry tilt); resample it onto a grid with right angles first",
            shape_kji=grid.shape_kji,
        )
    corners = grid.corners_lps_mm[[0, 1, 3, 2, 4]]
    height = corners[4] - corners[0]
    middle = Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=corners[:4] + 0.5 * height)
    return region_from_contours(
        [middle], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=float(np.linalg.norm(height)), name=name
    )


def usual_plane_spacing_mm(contours: Sequence[Contour]) -> float | None:
    """Return the most frequent step between planes of closed contours; None for a single plane.

    Of use for a structure on one plane only: its neighbours in the same set show what a slice is.
    """
    closed = [contour for contour in contours if contour.is_closed]
    if not closed:
        return None
    w = np.array([plane.w_mm for plane in gather_planes(closed, name="").planes])
    return float(np.median(np.diff(w))) if len(w) > 1 else None


def _volume(
    planes: Sequence[PolygonPlane], stack: PackedStack, *, end_cap: EndCap, between: Between
) -> tuple[float, float]:
    area = np.array([plane.area_mm2 for plane in planes])
    if between is Between.SLAB and end_cap is not EndCap.ROUNDED:
        return float(area @ (stack.high - stack.low)), 0.0
    straight = np.where(stack.cap_low == 0, stack.centre - stack.low, 0.0)
    straight += np.where(stack.cap_high == 0, stack.high - stack.centre, 0.0)
    fine, coarse = _raster_integral(planes, stack, end_cap=end_cap, between=between)
    if between is Between.SLAB:
        fixed = float(area @ straight)
        fine, coarse = fixed + fine, fixed + coarse
    return fine, abs(fine - coarse)


def _raster_integral(
    planes: Sequence[PolygonPlane], stack: PackedStack, *, end_cap: EndCap, between: Between
) -> tuple[float, float]:
    """Return the volume of caps, and of what lies between planes if blended, on a fine and on a twice coarser raster.

    A section is where a signed distance is positive; a raster point counts by how far it is inside, from 0 to 1 over
    one raster step, which makes the area second-order accurate.
    """
    points = np.concatenate([polygon for plane in planes for polygon in plane.polygons_uv_mm])
    low, high = points.min(axis=0), points.max(axis=0)
    pitch = float((high - low).max()) / RASTER_STEPS
    axes = [np.arange(low[a] - pitch, high[a] + 1.5 * pitch, pitch) for a in (0, 1)]
    nodes, weights = np.polynomial.legendre.leggauss(5)
    totals = np.zeros(2)
    below: np.ndarray | None = None
    for p in range(len(planes)):
        depth = np.empty((axes[1].size, axes[0].size))
        depth_raster(stack, p, axes[0], axes[1], depth)
        if between is Between.SHAPE and p > 0 and stack.joined[p - 1] and below is not None:
            for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
                step = stack.centre[p] - stack.centre[p - 1]
                totals += weight * step * _areas((1 - node) * below + node * depth, pitch)
        for cap in (stack.cap_low[p], stack.cap_high[p]):
            for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
                inset = cap * (1 - np.sqrt(1 - node**2)) if end_cap is EndCap.ROUNDED else 0.0
                totals += weight * cap * _areas(depth - inset, pitch)
        below = depth
    return float(totals[0]), float(totals[1])


def _areas(depth: np.ndarray, pitch: float) -> np.ndarray:
    fine = np.clip(0.5 + depth / pitch, 0.0, 1.0).sum() * pitch**2
    coarse = np.clip(0.5 + depth[::2, ::2] / (2 * pitch), 0.0, 1.0).sum() * (2 * pitch) ** 2
    return np.array([fine, coarse])

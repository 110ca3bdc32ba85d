"""From contours to parallel planes of polygons: one frame, one list of planes, every oddity named.

The frame of a region is (u, v, w): w along the common normal of its contours, u and v within a plane, origin at the
LPS origin. For axial contours it is LPS itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import GeometryError
from trocar.geometry.contours import Contour
from trocar.geometry.kernels.outlines import even_odd_area, find_crossings
from trocar.geometry.kernels.stacks import PackedStack
from trocar.geometry.slabs import SlabExtents
from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message

PLANAR_WITHIN_MM = 0.1
"""A contour that leaves the common plane by more is refused: coordinates in files are rounded far finer."""

REPORTED_BEYOND_MM = 0.01
"""A contour that leaves its plane by more than rounding is reported."""

SAME_PLANE_WITHIN_MM = 0.05
"""Contours nearer to each other along the normal lie in one plane."""

SNAPPED_WITHIN_RAD = 1e-7
"""A normal nearer to a patient axis is that axis: over 500 mm the difference is 0.05 µm."""

SMALLEST_AREA_MM2 = 1e-6
"""Less than this encloses nothing."""

SAME_POINT_WITHIN_MM = 1e-6
"""Neighbouring points of a polygon nearer than this are one."""

ROUNDED_TO_DECIMALS = 7
"""In-plane coordinates are kept to 0.1 nm, so that the two sides of a keyhole's channel stay bit-identical."""

MOST_ROWS = 512
"""Rows a plane is cut into for the search."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolygonPlane(Value):
    """All polygons of one plane; what is inside is decided by the even-odd rule over all of them.

    Parameters
    ----------
    w_mm
        Place along the normal.
    polygons_uv_mm
        Without a repeated last point.
    edges_uv_mm
        (u0, v0, u1, v1) of every edge, without the pairs that lie on one another, such as the channel of a keyhole.
    area_mm2
        Exact area inside.
    """

    w_mm: float
    polygons_uv_mm: tuple[Float[np.ndarray, "_ 2"], ...]
    edges_uv_mm: Float[np.ndarray, "m 4"]
    area_mm2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredPlanes:
    """Planes in ascending order, their frame, and what was odd."""

    uvw_from_lps: Float[np.ndarray, "3 3"]
    planes: tuple[PolygonPlane, ...]
    remarks: tuple[Message, ...]


def gather_planes(contours: Sequence[Contour], *, name: str) -> GatheredPlanes:
    """Return the closed contours as parallel planes of polygons.

    Parameters
    ----------
    contours
        All contours of one structure, in any order; open curves and points are left out with a remark.
    name
        Of the structure, for messages.

    Raises
    ------
    GeometryError
        No closed contour, none that encloses an area, or contours that do not lie in parallel planes.
    """
    closed = [contour.points_lps_mm for contour in contours if contour.is_closed]
    remarks: list[Message] = []
    if not closed:
        raise GeometryError(
            "geometry.region-without-closed-contour",
            'structure "{name}" has {n} contours and none of them is closed; only closed planar contours enclose a '
            "volume: draw it as a region, or use it as a curve or point",
            name=name,
            n=len(contours),
        )
    if len(closed) < len(contours):
        remarks.append(_open_contours_left_out(name=name, left_out=len(contours) - len(closed)))
    uvw_from_lps = _common_frame(closed, name=name)
    outlines = [
        _without_repeated_points(np.round(points @ uvw_from_lps.T, ROUNDED_TO_DECIMALS) + 0.0) for points in closed
    ]
    remarks += _check_planarity(outlines, name=name)
    planes = []
    for group in _grouped_by_plane(outlines):
        plane, oddities = _plane_from(group, name=name)
        remarks += oddities
        if plane is not None:
            planes.append(plane)
    if not planes:
        raise GeometryError(
            "geometry.region-without-area",
            'the {n} closed contours of structure "{name}" enclose no area; at least one needs three points that are '
            "not on one line",
            name=name,
            n=len(closed),
        )
    return GatheredPlanes(uvw_from_lps=uvw_from_lps, planes=tuple(planes), remarks=tuple(remarks))


def _open_contours_left_out(*, name: str, left_out: int) -> Message:
    return Message(
        code="geometry.open-contours-left-out",
        template='{left_out} open contours or points of structure "{name}" enclose nothing and are left out of its '
        "volume",
        data={"name": name, "left_out": left_out},
    )


def _common_frame(closed: Sequence[np.ndarray], *, name: str) -> np.ndarray:
    """Return the rotation to (u, v, w): w is the direction in which the contours are thinnest, taken together."""
    scatter = np.zeros((3, 3))
    for points in closed:
        centred = points - points.mean(axis=0)
        scatter += centred.T @ centred
    spread, directions = np.linalg.eigh(scatter)
    if spread[1] <= 1e-12 * max(spread[2], 1.0):
        raise GeometryError(
            "geometry.region-without-area",
            'the {n} closed contours of structure "{name}" enclose no area; at least one needs three points that are '
            "not on one line",
            name=name,
            n=len(closed),
        )
    normal = directions[:, 0] / np.linalg.norm(directions[:, 0])
    main = int(np.argmax(np.abs(normal)))
    normal = normal * np.sign(normal[main])
    if np.linalg.norm(np.delete(normal, main)) < SNAPPED_WITHIN_RAD:
        normal = np.eye(3)[main]
    u = np.eye(3)[(main + 1) % 3]
    u = u - normal * (u @ normal)
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal])


def _without_repeated_points(outline: np.ndarray) -> np.ndarray:
    step = np.abs(np.roll(outline, -1, axis=0) - outline).max(axis=1)
    kept = outline[step > SAME_POINT_WITHIN_MM]
    return kept if len(kept) else outline[:1]


def _check_planarity(outlines: Sequence[np.ndarray], *, name: str) -> list[Message]:
    off = [float(np.ptp(outline[:, 2])) / 2 for outline in outlines]
    worst = max(off)
    if worst > PLANAR_WITHIN_MM:
        raise GeometryError(
            "geometry.contours-not-parallel",
            'the contours of structure "{name}" do not lie in parallel planes: one leaves the common plane by '
            "{worst_mm:.2f} mm, at most {allowed_mm} mm is allowed; export it with planar contours in one orientation",
            name=name,
            worst_mm=worst,
            allowed_mm=PLANAR_WITHIN_MM,
        )
    if worst <= REPORTED_BEYOND_MM:
        return []
    return [
        Message(
            code="geometry.contour-not-quite-planar",
            template='{n} contours of structure "{name}" leave their plane by up to {worst_mm:.3f} mm; they are '
            "flattened onto it",
            data={"name": name, "n": sum(each > REPORTED_BEYOND_MM for each in off), "worst_mm": worst},
        )
    ]


def _grouped_by_plane(outlines: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    groups: list[list[np.ndarray]] = []
    started_at = -np.inf
    for outline in sorted(outlines, key=lambda each: float(each[:, 2].mean())):
        w = float(outline[:, 2].mean())
        if w - started_at > SAME_PLANE_WITHIN_MM:
            groups.append([])
            started_at = w
        groups[-1].append(outline)
    return groups


def _plane_from(outlines: Sequence[np.ndarray], *, name: str) -> tuple[PolygonPlane | None, list[Message]]:
    w = float(np.mean([outline[:, 2].mean() for outline in outlines]))
    remarks: list[Message] = []
    polygons: list[np.ndarray] = []
    seen: set[bytes] = set()
    for outline in outlines:
        polygon = np.ascontiguousarray(outline[:, :2])
        if len(polygon) < 3:
            remarks.append(_without_area(name=name, w=w))
        elif (signature := _signature(polygon)) in seen:
            remarks.append(_drawn_twice(name=name, w=w))
        else:
            seen.add(signature)
            polygons.append(polygon)
    edges, owner = _edges_of(polygons)
    area, own, mutual = _exact_area(edges, owner)
    if own:
        remarks.append(_crosses_itself(name=name, w=w))
    if mutual:
        remarks.append(_cross_one_another(name=name, w=w))
    if area < SMALLEST_AREA_MM2:
        if polygons:
            remarks.append(_without_area(name=name, w=w))
        return None, remarks
    plane = PolygonPlane(
        w_mm=w,
        polygons_uv_mm=tuple(frozen_array(polygon, np.float64) for polygon in polygons),
        edges_uv_mm=frozen_array(edges, np.float64),
        area_mm2=area,
    )
    return plane, remarks


def _without_area(*, name: str, w: float) -> Message:
    return Message(
        code="geometry.contour-without-area",
        template='a contour of structure "{name}" at {w_mm:.2f} mm encloses no area and is left out',
        data={"name": name, "w_mm": w},
    )


def _drawn_twice(*, name: str, w: float) -> Message:
    return Message(
        code="geometry.contour-drawn-twice",
        template='structure "{name}" holds the same contour twice at {w_mm:.2f} mm; it is counted once, where the '
        "even-odd rule would cancel it",
        data={"name": name, "w_mm": w},
    )


def _crosses_itself(*, name: str, w: float) -> Message:
    return Message(
        code="geometry.contour-crosses-itself",
        template='a contour of structure "{name}" crosses itself at {w_mm:.2f} mm; by the even-odd rule the parts it '
        "encircles twice are outside",
        data={"name": name, "w_mm": w},
    )


def _cross_one_another(*, name: str, w: float) -> Message:
    return Message(
        code="geometry.contours-cross",
        template='contours of structure "{name}" cross one another at {w_mm:.2f} mm; by the even-odd rule the parts '
        "they share are outside",
        data={"name": name, "w_mm": w},
    )


def _signature(polygon: np.ndarray) -> bytes:
    """Return the same bytes for the same polygon, wherever it starts and whichever way it runs."""
    rounded = np.round(polygon, 4) + 0.0
    start = int(np.lexsort((rounded[:, 1], rounded[:, 0]))[0])
    forward = np.roll(rounded, -start, axis=0)
    backward = np.roll(forward[::-1], 1, axis=0)
    return min(forward.tobytes(), backward.tobytes())


def _edges_of(polygons: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all edges by rising lower v, with the polygon each belongs to; edges that coincide in pairs cancel."""
    if not polygons:
        return np.empty((0, 4)), np.empty(0, np.int64)
    edges = np.concatenate([np.hstack([polygon, np.roll(polygon, -1, axis=0)]) for polygon in polygons])
    owner = np.repeat(np.arange(len(polygons)), [len(polygon) for polygon in polygons])
    ends = edges.reshape(-1, 2, 2).copy()
    swapped = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[swapped] = ends[swapped][:, ::-1]
    _, first, times = np.unique(ends.reshape(-1, 4), axis=0, return_index=True, return_counts=True)
    kept = np.sort(first[times % 2 == 1])
    edges, owner = edges[kept], owner[kept]
    order = np.argsort(np.minimum(edges[:, 1], edges[:, 3]), kind="stable")
    return np.ascontiguousarray(edges[order]), owner[order]


def _exact_area(edges: np.ndarray, owner: np.ndarray) -> tuple[float, int, int]:
    if len(edges) == 0:
        return 0.0, 0, 0
    scale = float(np.ptp(edges))
    crossing_v = np.empty(0)
    own, mutual = find_crossings(edges, owner, scale, crossing_v)
    if own + mutual:
        crossing_v = np.empty(own + mutual)
        find_crossings(edges, owner, scale, crossing_v)
    levels = np.unique(np.concatenate([edges[:, 1], edges[:, 3], crossing_v]))
    return float(even_odd_area(edges, levels)), int(own), int(mutual)


def pack_planes(planes: Sequence[PolygonPlane], extents: SlabExtents) -> PackedStack:
    """Return the planes laid out for the compiled search."""
    rows, row_v_low, row_per_mm, spans, span_counts = [], [], [], [], []
    for plane in planes:
        edge = plane.edges_uv_mm
        upward = np.where((edge[:, 1] <= edge[:, 3])[:, None], edge, edge[:, [2, 3, 0, 1]])
        v_low, v_high = upward[:, 1].min(), upward[:, 3].max()
        n_rows = int(np.clip(len(upward), 1, MOST_ROWS))
        per_mm = n_rows / (v_high - v_low)
        rise = upward[:, 3] - upward[:, 1]
        slope = np.divide(upward[:, 2] - upward[:, 0], rise, out=np.zeros_like(rise), where=rise > 0)
        span = np.column_stack([upward[:, 1], upward[:, 3], upward[:, 0], upward[:, 2], slope])
        first = np.minimum(((span[:, 0] - v_low) * per_mm).astype(np.int64), n_rows - 1)
        last = np.minimum(((span[:, 1] - v_low) * per_mm).astype(np.int64), n_rows - 1)
        row = np.concatenate([np.arange(a, b + 1) for a, b in zip(first, last, strict=True)])
        which = np.repeat(np.arange(len(span)), last - first + 1)
        spans.append(span[which[np.argsort(row, kind="stable")]])
        span_counts.append(np.bincount(row, minlength=n_rows))
        rows.append(n_rows)
        row_v_low.append(v_low)
        row_per_mm.append(per_mm)
    counts = np.concatenate([[0], *span_counts])
    edges = [plane.edges_uv_mm for plane in planes]
    return PackedStack(
        centre=frozen_array([plane.w_mm for plane in planes], np.float64),
        low=frozen_array(extents.low_mm, np.float64),
        high=frozen_array(extents.high_mm, np.float64),
        cap_low=frozen_array(extents.cap_low_mm, np.float64),
        cap_high=frozen_array(extents.cap_high_mm, np.float64),
        joined=frozen_array(extents.joined, np.bool_),
        edge_start=frozen_array(np.cumsum([0, *map(len, edges)]), np.int64),
        edges=frozen_array(np.concatenate(edges), np.float64),
        row_start=frozen_array(np.cumsum([0, *rows]), np.int64),
        row_v_low=frozen_array(row_v_low, np.float64),
        row_per_mm=frozen_array(row_per_mm, np.float64),
        span_start=frozen_array(np.cumsum(counts), np.int64),
        spans=frozen_array(np.concatenate(spans), np.float64),
    )

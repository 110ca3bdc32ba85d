"""Compiled loops over stacks of polygons: point in polygon, distances, rasters.

All functions work in the frame of a region's planes: (u, v) within a plane, w along the normal, in mm.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

leaf = njit(cache=True, nogil=True, _nrt=False)
"""For functions that allocate nothing: otherwise every call counts references to thirteen arrays, thrice as slow."""


class PackedStack(NamedTuple):
    """A stack of polygons laid out for fast search; made by `trocar.geometry.planes.pack_planes`.

    One entry a plane: ``centre`` (where drawn), ``low`` and ``high`` (the slab it stands for), ``cap_low`` and
    ``cap_high`` (thickness of the end cap, 0 inside the stack), ``joined`` (to the plane above).
    ``edges`` are (u0, v0, u1, v1), those of plane p from ``edge_start[p]`` to ``edge_start[p + 1]``.
    For the scan, the height of each plane is cut into rows; ``spans`` are the edges again, sorted by row, as
    (v low, v high, u at v low, u at v high, du/dv), row r of plane p from ``span_start[row_start[p] + r]`` on.
    """

    centre: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cap_low: np.ndarray
    cap_high: np.ndarray
    joined: np.ndarray
    edge_start: np.ndarray
    edges: np.ndarray
    row_start: np.ndarray
    row_v_low: np.ndarray
    row_per_mm: np.ndarray
    span_start: np.ndarray
    spans: np.ndarray


@leaf
def _last_not_above(values, wanted):  # type: ignore[no-untyped-def]
    """Return the index of the last of rising ``values`` that is not above ``wanted``; -1 if all are."""
    first, beyond = 0, values.size
    while first < beyond:
        middle = (first + beyond) // 2
        if values[middle] <= wanted:
            first = middle + 1
        else:
            beyond = middle
    return first - 1


@leaf
def is_inside_plane(stack, plane, u, v):  # type: ignore[no-untyped-def]
    """Return whether a point lies inside the polygons of a plane by the even-odd rule; half open at the outline."""
    rows = stack.row_start[plane + 1] - stack.row_start[plane]
    place = (v - stack.row_v_low[plane]) * stack.row_per_mm[plane]
    if not 0.0 <= place <= rows:
        return False
    row = min(int(place), rows - 1) + stack.row_start[plane]
    inside = False
    for e in range(stack.span_start[row], stack.span_start[row + 1]):
        v_low = stack.spans[e, 0]
        if v_low <= v < stack.spans[e, 1]:
            inside ^= u < stack.spans[e, 2] + (v - v_low) * stack.spans[e, 4]
    return inside


@leaf
def squared_distance_to_outline(stack, plane, u, v):  # type: ignore[no-untyped-def]
    """Return the squared distance within a plane to its nearest polygon edge."""
    nearest = np.inf
    for e in range(stack.edge_start[plane], stack.edge_start[plane + 1]):
        u0, v0 = stack.edges[e, 0], stack.edges[e, 1]
        du, dv = stack.edges[e, 2] - u0, stack.edges[e, 3] - v0
        length = du * du + dv * dv
        along = 0.0
        if length > 0.0:
            along = min(1.0, max(0.0, ((u - u0) * du + (v - v0) * dv) / length))
        gap_u, gap_v = u - u0 - along * du, v - v0 - along * dv
        nearest = min(nearest, gap_u * gap_u + gap_v * gap_v)
    return nearest


@leaf
def is_outline_in_box(stack, plane, u_low, u_high, v_low, v_high):  # type: ignore[no-untyped-def]
    """Return whether any polygon edge of a plane passes through a rectangle, its border included."""
    rows = stack.row_start[plane + 1] - stack.row_start[plane]
    first = (v_low - stack.row_v_low[plane]) * stack.row_per_mm[plane]
    last = (v_high - stack.row_v_low[plane]) * stack.row_per_mm[plane]
    if last < 0.0 or first > rows:
        return False
    row = stack.row_start[plane]
    begin = stack.span_start[row + min(max(int(first), 0), rows - 1)]
    end = stack.span_start[row + min(int(last), rows - 1) + 1]
    for e in range(begin, end):
        bottom, top = stack.spans[e, 0], stack.spans[e, 1]
        if bottom > v_high or top < v_low:
            continue
        slope = stack.spans[e, 4]
        u_bottom = stack.spans[e, 2] + max(0.0, v_low - bottom) * slope
        u_top = stack.spans[e, 3] - max(0.0, top - v_high) * slope
        if min(u_bottom, u_top) <= u_high and max(u_bottom, u_top) >= u_low:
            return True
    return False


@leaf
def depth_in_plane(stack, plane, u, v):  # type: ignore[no-untyped-def]
    """Return the signed distance within a plane to its outline, positive inside."""
    distance = np.sqrt(squared_distance_to_outline(stack, plane, u, v))
    return distance if is_inside_plane(stack, plane, u, v) else -distance


@leaf
def _is_in_cap(stack, plane, u, v, share, cap, rounded):  # type: ignore[no-untyped-def]
    if not is_inside_plane(stack, plane, u, v):
        return False
    if not rounded:
        return True
    depth = cap * (1.0 - np.sqrt(max(0.0, 1.0 - share * share)))
    return squared_distance_to_outline(stack, plane, u, v) >= depth * depth


@leaf
def _is_between(stack, plane, other, share, u, v):  # type: ignore[no-untyped-def]
    here, there = is_inside_plane(stack, plane, u, v), is_inside_plane(stack, other, u, v)
    if here == there:
        return here
    depth = (1.0 - share) * depth_in_plane(stack, plane, u, v) + share * depth_in_plane(stack, other, u, v)
    return depth > 0.0


@leaf
def is_inside_stack(stack, u, v, w, blended, rounded):  # type: ignore[no-untyped-def]
    """Return whether a point lies inside the solid that a stack stands for."""
    plane = _last_not_above(stack.low, w)
    if plane < 0 or w >= stack.high[plane]:
        return False
    above = w >= stack.centre[plane]
    cap = stack.cap_high[plane] if above else stack.cap_low[plane]
    offset = abs(w - stack.centre[plane])
    if cap > 0.0:
        return _is_in_cap(stack, plane, u, v, offset / cap, cap, rounded)
    if not blended or offset == 0.0:
        return is_inside_plane(stack, plane, u, v)
    other = plane + 1 if above else plane - 1
    return _is_between(stack, plane, other, offset / abs(stack.centre[other] - stack.centre[plane]), u, v)


@leaf
def points_inside_stack(stack, uvw_from_lps, points, blended, rounded, inside):  # type: ignore[no-untyped-def]
    """Fill ``inside`` for points in LPS mm."""
    m = uvw_from_lps
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        w = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        inside[p] = is_inside_stack(stack, u, v, w, blended, rounded)


MIXED, EMPTY, FULL = -1, 0, 1


@leaf
def _rectangle_state(stack, plane, u_low, u_high, v_low, v_high):  # type: ignore[no-untyped-def]
    if is_outline_in_box(stack, plane, u_low, u_high, v_low, v_high):
        return MIXED
    return FULL if is_inside_plane(stack, plane, 0.5 * (u_low + u_high), 0.5 * (v_low + v_high)) else EMPTY


@leaf
def _slab_state(stack, plane, box, blended, rounded):  # type: ignore[no-untyped-def]
    state = _rectangle_state(stack, plane, box[0], box[1], box[2], box[3])
    if rounded and state == FULL:
        in_low_cap = stack.cap_low[plane] > 0.0 and box[4] < stack.centre[plane]
        if in_low_cap or (stack.cap_high[plane] > 0.0 and box[5] > stack.centre[plane]):
            return MIXED
    if blended:
        for other in (plane - 1, plane + 1):
            joined = 0 <= other < stack.centre.size and stack.joined[min(plane, other)]
            if joined and _rectangle_state(stack, other, box[0], box[1], box[2], box[3]) != state:
                return MIXED
    return state


@leaf
def box_state(stack, box, blended, rounded):  # type: ignore[no-untyped-def]
    """Return whether a box (u low, u high, v low, v high, w low, w high) is all inside (1), all outside (0) or not
    known to be either (-1)."""
    any_full = any_empty = False
    reached = box[4]
    for plane in range(max(0, _last_not_above(stack.low, reached)), stack.centre.size):
        if stack.low[plane] >= box[5]:
            break
        if stack.high[plane] <= reached:
            continue
        state = _slab_state(stack, plane, box, blended, rounded)
        any_empty |= state == EMPTY or stack.low[plane] > reached
        any_full |= state == FULL
        if state == MIXED or (any_full and any_empty):
            return MIXED
        reached = stack.high[plane]
    any_empty |= reached < box[5]
    return MIXED if any_full and any_empty else FULL if any_full else EMPTY


@njit(cache=True, nogil=True)
def fill_occupancy(stack, uvw_from_ijk, start_ijk, per_axis, occupancy, blended, rounded):  # type: ignore[no-untyped-def]
    """Fill ``occupancy[k, j, i]`` with the share of each voxel that lies inside, by ``per_axis`` cubed points.

    Voxels that no outline and no slab face passes through are settled without sampling.
    """
    m = uvw_from_ijk
    nk, nj, ni = occupancy.shape
    reach = np.empty(3)
    for a in range(3):
        reach[a] = 0.5 * (abs(m[a, 0]) + abs(m[a, 1]) + abs(m[a, 2]))
    box = np.empty(6)
    for k in range(nk):
        for j in range(nj):
            for i in range(ni):
                ci, cj, ck = start_ijk[0] + i, start_ijk[1] + j, start_ijk[2] + k
                for a in range(3):
                    at = m[a, 0] * ci + m[a, 1] * cj + m[a, 2] * ck + m[a, 3]
                    box[2 * a], box[2 * a + 1] = at - reach[a], at + reach[a]
                state = box_state(stack, box, blended, rounded)
                if state != MIXED:
                    occupancy[k, j, i] = state
                else:
                    occupancy[k, j, i] = _sampled_share(stack, m, (ci, cj, ck), per_axis, blended, rounded)


@leaf
def _sampled_share(stack, m, centre_ijk, per_axis, blended, rounded):  # type: ignore[no-untyped-def]
    """Return the share of points inside; a skewed lattice, as no two of its points project to one place of an axis.

    A face along the voxel would otherwise count in steps of 1 / per_axis.
    """
    n = per_axis
    count = 0
    for c in range(n):
        for b in range(n):
            for a in range(n):
                i = centre_ijk[0] + (a + (b * n + c + 0.5) / n**2) / n - 0.5
                j = centre_ijk[1] + (b + (c * n + a + 0.5) / n**2) / n - 0.5
                k = centre_ijk[2] + (c + (a * n + b + 0.5) / n**2) / n - 0.5
                u = m[0, 0] * i + m[0, 1] * j + m[0, 2] * k + m[0, 3]
                v = m[1, 0] * i + m[1, 1] * j + m[1, 2] * k + m[1, 3]
                w = m[2, 0] * i + m[2, 1] * j + m[2, 2] * k + m[2, 3]
                count += is_inside_stack(stack, u, v, w, blended, rounded)
    return count / n**3


@leaf
def fill_mask(stack, uvw_from_ijk, start_ijk, mask, blended, rounded):  # type: ignore[no-untyped-def]
    """Fill ``mask[k, j, i]``: whether each voxel's centre lies inside."""
    m = uvw_from_ijk
    nk, nj, ni = mask.shape
    for k in range(nk):
        ck = start_ijk[2] + k
        for j in range(nj):
            cj = start_ijk[1] + j
            for i in range(ni):
                ci = start_ijk[0] + i
                u = m[0, 0] * ci + m[0, 1] * cj + m[0, 2] * ck + m[0, 3]
                v = m[1, 0] * ci + m[1, 1] * cj + m[1, 2] * ck + m[1, 3]
                w = m[2, 0] * ci + m[2, 1] * cj + m[2, 2] * ck + m[2, 3]
                mask[k, j, i] = is_inside_stack(stack, u, v, w, blended, rounded)


@njit(cache=True, nogil=True)
def depth_raster(stack, plane, u_axis, v_axis, depth):  # type: ignore[no-untyped-def]
    """Fill ``depth[v, u]`` with the signed distance within a plane."""
    for j in range(v_axis.size):
        for i in range(u_axis.size):
            depth[j, i] = depth_in_plane(stack, plane, u_axis[i], v_axis[j])


@leaf
def _box_gap(low, high, value):  # type: ignore[no-untyped-def]
    return max(0.0, low - value, value - high)


@leaf
def squared_distance_to_stack(stack, u, v, w):  # type: ignore[no-untyped-def]
    """Return the squared distance to the surface of the stack of slabs: its walls and its steps.

    A wall is an edge drawn out over its slab. A step is a face of a slab where the neighbour is absent or has another
    outline; the border of a step is always the end of a wall, so that only the step straight above or below the point
    can be nearer than every wall.
    """
    nearest = np.inf
    planes = stack.centre.size
    start = max(0, _last_not_above(stack.low, w))
    for side in range(2):
        plane = start if side == 0 else start - 1
        while 0 <= plane < planes:
            gap = _box_gap(stack.low[plane], stack.high[plane], w)
            if gap * gap >= nearest:
                break
            nearest = min(nearest, squared_distance_to_outline(stack, plane, u, v) + gap * gap)
            nearest = min(nearest, _squared_distance_to_steps(stack, plane, u, v, w))
            plane += 1 if side == 0 else -1
    return nearest


@leaf
def _squared_distance_to_steps(stack, plane, u, v, w):  # type: ignore[no-untyped-def]
    nearest = np.inf
    here = is_inside_plane(stack, plane, u, v)
    touches_above = plane + 1 < stack.centre.size and stack.low[plane + 1] == stack.high[plane]
    above = touches_above and is_inside_plane(stack, plane + 1, u, v)
    if here != above:
        nearest = (w - stack.high[plane]) ** 2
    touches_below = plane > 0 and stack.high[plane - 1] == stack.low[plane]
    below = touches_below and is_inside_plane(stack, plane - 1, u, v)
    if here != below:
        nearest = min(nearest, (w - stack.low[plane]) ** 2)
    return nearest


@njit(cache=True, nogil=True)
def distances_to_stack(stack, uvw_from_lps, points, distance):  # type: ignore[no-untyped-def]
    """Fill ``distance`` with the unsigned distance from points in LPS mm to the surface of the stack of slabs."""
    m = uvw_from_lps
    for p in range(points.shape[0]):
        x, y, z = points[p, 0], points[p, 1], points[p, 2]
        u = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        v = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        w = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        distance[p] = np.sqrt(squared_distance_to_stack(stack, u, v, w))

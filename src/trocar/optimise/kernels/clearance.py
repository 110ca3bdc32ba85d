"""Exact distances from the nodes of a grid to a stack of polygon slabs, within a reach."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def plane_distance(edges, x0, y0, step, reach, square):  # type: ignore[no-untyped-def]
    """Fill ``square[j, i]`` with the squared distance to polygons in a plane: 0 inside, at most reach² outside.

    Node (j, i) lies at (x0 + i step, y0 + j step); ``edges`` are (x, y, x', y'), even-odd.
    """
    rows, columns = square.shape
    square[:] = reach * reach
    for e in range(edges.shape[0]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        i_low = max(0, int(np.ceil((min(ax, bx) - reach - x0) / step)))
        i_high = min(columns - 1, int(np.floor((max(ax, bx) + reach - x0) / step)))
        j_low = max(0, int(np.ceil((min(ay, by) - reach - y0) / step)))
        j_high = min(rows - 1, int(np.floor((max(ay, by) + reach - y0) / step)))
        for j in range(j_low, j_high + 1):
            y = y0 + j * step - ay
            for i in range(i_low, i_high + 1):
                x = x0 + i * step - ax
                along = 0.0
                if length > 0.0:
                    along = min(1.0, max(0.0, (x * dx + y * dy) / length))
                gx, gy = x - along * dx, y - along * dy
                square[j, i] = min(square[j, i], np.float32(gx * gx + gy * gy))
    _clear_inside(edges, x0, y0, step, square)


@njit(cache=True, nogil=True)
def _clear_inside(edges, x0, y0, step, square):  # type: ignore[no-untyped-def]
    """Set nodes inside the polygons to 0, by the crossings of each row."""
    rows, columns = square.shape
    crossings = np.empty(edges.shape[0])
    for j in range(rows):
        y = y0 + j * step
        count = 0
        for e in range(edges.shape[0]):
            ay, by = edges[e, 1], edges[e, 3]
            if (ay <= y) != (by <= y):
                crossings[count] = edges[e, 0] + (y - ay) * (edges[e, 2] - edges[e, 0]) / (by - ay)
                count += 1
        found = np.sort(crossings[:count])
        for c in range(0, count - 1, 2):
            first = max(0, int(np.ceil((found[c] - x0) / step)))
            last = min(columns - 1, int(np.floor((found[c + 1] - x0) / step)))
            for i in range(first, last + 1):
                square[j, i] = np.float32(0.0)


@njit(cache=True, nogil=True)
def lower_to_slab(square, low, high, z0, step, reach, field):  # type: ignore[no-untyped-def]
    """Lower ``field[k, j, i]`` (squared distances) to that of a slab from ``low`` to ``high``."""
    planes, rows, columns = field.shape
    k_low = max(0, int(np.ceil((low - reach - z0) / step)))
    k_high = min(planes - 1, int(np.floor((high + reach - z0) / step)))
    for k in range(k_low, k_high + 1):
        z = z0 + k * step
        gap = np.float32(max(0.0, low - z, z - high) ** 2)
        for j in range(rows):
            for i in range(columns):
                field[k, j, i] = min(field[k, j, i], square[j, i] + gap)

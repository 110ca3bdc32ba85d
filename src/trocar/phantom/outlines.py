"""Contours of exact solids on the planes of a scan."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from skimage.measure import find_contours

from trocar.geometry.contours import Contour, ContourKind
from trocar.phantom.axes import Axes
from trocar.phantom.solids import Solid

PLANES_TOGETHER = 16
SIMPLIFY_MM = 0.03
"""How far a simplified outline may depart from the traced one; far below what anyone can draw."""


def outline(
    solid: Solid, axes: Axes, *, image_uids: tuple[str, ...], least_area_mm2: float = 1.0
) -> tuple[Contour, ...]:
    """Return closed polygons where a solid meets the planes of a block; holes are polygons of their own (even-odd).

    Parameters
    ----------
    solid
        Traced by linear interpolation of its level between samples.
    axes
        The planes (z) and the samples within them.
    image_uids
        SOP Instance UID of each plane, empty strings where unknown.
    least_area_mm2
        Specks smaller than this are left out.
    """
    reach = 2.0 * float(axes.x_mm[1] - axes.x_mm[0])
    window = axes.window(solid.bounds_lps_mm, reach_mm=2 * reach)
    if window is None:
        return ()
    cut = axes.cut(window)
    contours: list[Contour] = []
    for n, levels in enumerate(_planes(solid, cut, reach)):
        if levels.min() > 0:
            continue
        for line in find_contours(np.pad(levels, 1, constant_values=reach), 0.0):
            points = _patient_points(line - 1, cut, float(cut.z_mm[n]))
            if abs(_area_mm2(points)) >= least_area_mm2:
                uid = image_uids[window[0].start + n]
                contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points, image_uid=uid))
    return tuple(contours)


def _planes(solid: Solid, axes: Axes, reach_mm: float) -> Iterator[Float[np.ndarray, "j i"]]:
    """Yield the levels plane by plane, computed a few planes at a time."""
    for first in range(0, len(axes.z_mm), PLANES_TOGETHER):
        few = Axes(x_mm=axes.x_mm, y_mm=axes.y_mm, z_mm=axes.z_mm[first : first + PLANES_TOGETHER])
        yield from solid.levels(few, reach_mm=reach_mm)


def _patient_points(line_ji: np.ndarray, axes: Axes, z_mm: float) -> Float[np.ndarray, "n 3"]:
    step_x, step_y = float(axes.x_mm[1] - axes.x_mm[0]), float(axes.y_mm[1] - axes.y_mm[0])
    flat = np.column_stack([axes.x_mm[0] + step_x * line_ji[:, 1], axes.y_mm[0] + step_y * line_ji[:, 0]])
    flat = _straightened(flat[:-1] if np.array_equal(flat[0], flat[-1]) else flat)
    return np.column_stack([flat, np.full(len(flat), z_mm)])


def _straightened(flat: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m 2"]:
    """Return a polygon without every other point where that moves it by less than `SIMPLIFY_MM`, done twice."""
    for _ in range(2):
        if len(flat) < 8:
            break
        before, after = np.roll(flat, 1, axis=0), np.roll(flat, -1, axis=0)
        chord = after - before
        off = np.abs(chord[:, 0] * (flat - before)[:, 1] - chord[:, 1] * (flat - before)[:, 0])
        idle = off < SIMPLIFY_MM * np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-9)
        idle[::2] = False
        flat = flat[~idle]
    return flat


def _area_mm2(points: Float[np.ndarray, "n 3"]) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))

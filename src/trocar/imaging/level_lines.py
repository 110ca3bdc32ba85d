"""Outlines at a level of a picture, between voxel centres: smoother and truer than the edges of voxels."""

import numpy as np
from jaxtyping import Shaped
from skimage.measure import find_contours

from trocar.geometry.affine import apply_affine
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid


def level_lines(
    values_kji: Shaped[np.ndarray, "k j i"],
    grid: Grid,
    *,
    level: float,
    outside: float,
    instance_uids: tuple[str, ...] = (),
    least_area_mm2: float = 0.0,
) -> tuple[Contour, ...]:
    """Return closed polygons on every slice where the picture crosses a level; holes are polygons too (even-odd).

    Parameters
    ----------
    values_kji
        The picture.
    grid
        Its voxels, in any pose.
    level
        Where to draw.
    outside
        What lies beyond the picture's rim, so that outlines close there.
    instance_uids
        SOP Instance UID of each slice; none where unknown.
    least_area_mm2
        Smaller outlines are left out.
    """
    step_i, step_j, _ = grid.steps_lps_mm
    cell_mm2 = float(np.linalg.norm(np.cross(step_i, step_j)))
    contours = []
    for k, plane in enumerate(values_kji):
        window = _window(plane, level=level, outside=outside)
        if window is None:
            continue
        cut = np.pad(plane[window].astype(np.float64), 1, constant_values=outside)
        for line in find_contours(cut, level):
            ji = line[:-1] + np.array([window[0].start - 1, window[1].start - 1])
            if len(ji) >= 3 and abs(_area(ji)) * cell_mm2 >= least_area_mm2:
                ijk = np.column_stack([ji[:, 1], ji[:, 0], np.full(len(ji), float(k))])
                points = apply_affine(grid.lps_from_ijk, ijk)
                uid = instance_uids[k] if instance_uids else ""
                contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points, image_uid=uid))
    return tuple(contours)


def _window(plane: np.ndarray, *, level: float, outside: float) -> tuple[slice, slice] | None:
    """Return the part of a slice that differs from outside, one pixel around; None where there is none."""
    inside = (plane > level) != (outside > level)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2),
        slice(max(int(columns[0]) - 1, 0), int(columns[-1]) + 2),
    )


def _area(ji: np.ndarray) -> float:
    y, x = ji[:, 0], ji[:, 1]
    return float(0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)))

"""How near needles come to structures, found by stepping along them: shares no code with the planner.

A structure is here what its polygons enclose, each standing for its slice. Points every quarter of a millimetre along a
needle are compared with the edges of every polygon. Bone, which nobody drew, is looked for in the numbers of the CT
about the needle.
"""

import numpy as np
from scipy.ndimage import map_coordinates

STEP_MM = 0.25
ROUND = 24
"""Points around a needle at each step and distance."""
NEAR_MM = 40.0


def clearance_mm(entry: np.ndarray, tip: np.ndarray, polygons: list[np.ndarray], *, slice_mm: float) -> float:
    """Return the least distance between a needle's axis and a stack of polygons, 0 where it crosses one.

    Polygons of one plane are combined by the even-odd rule.
    """
    steps = int(np.ceil(np.linalg.norm(tip - entry) / STEP_MM)) + 1
    way = entry + np.linspace(0.0, 1.0, steps)[:, None] * (tip - entry)
    nearest = NEAR_MM
    planes: dict[float, list[np.ndarray]] = {}
    for polygon in polygons:
        planes.setdefault(round(float(polygon[0, 2]), 2), []).append(polygon[:, :2])
    for height, rings in planes.items():
        off = np.maximum(np.abs(way[:, 2] - height) - 0.5 * slice_mm, 0.0)
        close = off < nearest
        if close.any():
            flat = _flat_distance(way[close, :2], rings)
            nearest = min(nearest, float(np.hypot(flat, off[close]).min()))
    return nearest


def densest_hu(
    entry: np.ndarray,
    tip: np.ndarray,
    hu_kji: np.ndarray,
    *,
    origin: np.ndarray,
    steps: np.ndarray,
    radii_mm: tuple[float, ...],
) -> float:
    """Return the greatest number of a CT on a needle's axis and at distances from it.

    ``steps`` holds the vectors from voxel to voxel along i, j and k as rows.
    """
    length = float(np.linalg.norm(tip - entry))
    way = (tip - entry) / length
    side = np.cross(way, (1.0, 0.0, 0.0) if abs(way[0]) < 0.8 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    turns = np.linspace(0.0, 2.0 * np.pi, ROUND, endpoint=False)[:, None]
    about = np.cos(turns) * side + np.sin(turns) * np.cross(way, side)
    axis = entry + np.arange(0.0, length, STEP_MM)[:, None] * way
    points = np.concatenate([axis, *((axis[:, None] + radius * about).reshape(-1, 3) for radius in radii_mm)])
    places = (points - origin) @ np.linalg.inv(steps)
    return float(map_coordinates(hu_kji.astype(np.float64), places[:, ::-1].T, order=1, mode="nearest").max())


def _flat_distance(points: np.ndarray, rings: list[np.ndarray]) -> np.ndarray:
    away = np.full(len(points), np.inf)
    inside = np.zeros(len(points), dtype=bool)
    for ring in rings:
        start, stop = ring, np.roll(ring, -1, axis=0)
        along = stop - start
        length = np.maximum((along**2).sum(axis=1), 1e-12)
        offset = points[:, None] - start[None]
        share = np.clip((offset * along).sum(axis=2) / length, 0.0, 1.0)
        away = np.minimum(away, np.linalg.norm(offset - share[..., None] * along, axis=2).min(axis=1))
        between = (start[None, :, 1] > points[:, None, 1]) != (stop[None, :, 1] > points[:, None, 1])
        rise = np.where(along[:, 1] == 0.0, 1.0, along[:, 1])
        crossing = start[:, 0] + (points[:, None, 1] - start[:, 1]) / rise * along[:, 0]
        inside ^= (between & (points[:, None, 0] < crossing)).sum(axis=1) % 2 == 1
    return np.where(inside, 0.0, away)

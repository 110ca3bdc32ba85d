"""How near needles come to structures, found by stepping along them: shares no code with the planner.

A structure is here what its polygons enclose, each standing for its slice. Points every quarter of a millimetre along a
needle are compared with the edges of every polygon.
"""

import numpy as np

STEP_MM = 0.25
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

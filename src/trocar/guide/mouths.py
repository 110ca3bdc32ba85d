"""Mouths of oblique bores: under a leaning bore the plate would end in a sharp edge; it is cut off where it is thin."""

import numpy as np
from jaxtyping import Float
from manifold3d import Manifold

from trocar.geometry.grid import Grid
from trocar.guide.design import GuideDesign, Sleeve

LEAST_LEAN_DEG = 5.0
"""A bore nearer to straight has no thin edge to speak of."""

LEAST_GUIDED_MM = 4.0
"""So much of a sleeve below its top stays a whole bore, however far it leans."""

CORNERS = 64


def skin_normal_lps(
    at_lps_mm: Float[np.ndarray, " 3"], distance_mm: Float[np.ndarray, "k j i"], grid: Grid
) -> Float[np.ndarray, " 3"]:
    """Return the direction out of the body at a point near the skin, from the distance field about it."""
    index = np.rint(grid.index_ijk(at_lps_mm)).astype(int)
    i, j, k = np.clip(index, 1, np.array(grid.shape_kji[::-1]) - 2)
    rise = 0.5 * np.array(
        [
            distance_mm[k, j, i + 1] - distance_mm[k, j, i - 1],
            distance_mm[k, j + 1, i] - distance_mm[k, j - 1, i],
            distance_mm[k + 1, j, i] - distance_mm[k - 1, j, i],
        ]
    )
    normal = np.linalg.solve(grid.lps_from_ijk[:3, :3].T, rise)
    return np.asarray(normal / np.linalg.norm(normal))


def blunted(sleeve: Sleeve, design: GuideDesign, normal_lps: Float[np.ndarray, " 3"]) -> Manifold | None:
    """Return what to cut away below a leaning bore so that the plate ends no thinner than a wall; None for nothing.

    Parameters
    ----------
    sleeve
        With its needle.
    design
        Bore, wall, and the gap to the skin.
    normal_lps
        Out of the body at the entry.

    Notes
    -----
    A bore of radius r that leans by θ from the skin's normal is as far above the plate's lower side as a wall w is
    thick where it has run s = (w + r sin θ) / cos θ through it. What lies between its disc there, the same straight
    below and the bore itself is cut away: the thin edge gives way to a face at right angles to the skin.
    """
    axis = -sleeve.needle.direction_lps
    lean = float(np.arccos(np.clip(axis @ normal_lps, -1.0, 1.0)))
    if np.degrees(lean) < LEAST_LEAN_DEG:
        return None
    radius = 0.5 * design.bore_diameter_mm
    above = (design.skin_clearance_mm + design.wall_mm + radius * np.sin(lean)) / max(np.cos(lean), 0.1)
    whole = float(np.linalg.norm(sleeve.top_lps_mm - sleeve.needle.entry_lps_mm))
    above = min(above, max(whole - LEAST_GUIDED_MM, 0.0))
    side = np.cross(axis, normal_lps) / np.linalg.norm(np.cross(axis, normal_lps))
    turns = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)[:, None]
    disc = sleeve.needle.entry_lps_mm + above * axis
    disc = disc + radius * (np.cos(turns) * side + np.sin(turns) * np.cross(axis, side))
    below = disc - (above + 2.0 * design.shell_thickness_mm) * normal_lps
    beyond = disc - (above + 2.0 * design.shell_thickness_mm) * axis
    return Manifold.hull_points(np.concatenate([disc, below, beyond]))

"""Vessels that cool: which points near them an activation does not reach.

docs/theory/ablation_planning.md derives it; equations (ablation-3) and (ablation-4) are its.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt, maximum_filter
from scipy.special import k0e

from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import Region
from trocar.geometry.value import Value, frozen_array
from trocar.workflow.large_vessels import large_vessel_mask
from trocar.workflow.simulated_zone import SimulatedZone

REACH_MM = 25.0
"""Vessels farther from the target than this cool nothing in it."""
STEP_MM = 1.0
LOCAL_VOXELS = 9
"""Neighbourhood in which the thickness of a vessel is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestVessel(Value):
    """What each point of the target sees of the vessels.

    Parameters
    ----------
    wall_lps_mm
        Nearest place in a vessel.
    gap_mm
        Distance to it; infinite where no vessel is near.
    radius_mm
        Of the vessel there.
    name
        Of the vessel; empty where none is near.
    """

    wall_lps_mm: Float[np.ndarray, "n 3"]
    gap_mm: Float[np.ndarray, " n"]
    radius_mm: Float[np.ndarray, " n"]
    name: tuple[str, ...]

    def __post_init__(self) -> None:
        for each in ("wall_lps_mm", "gap_mm", "radius_mm"):
            object.__setattr__(self, each, frozen_array(getattr(self, each), np.float64))


def nearest_vessels(
    points_lps_mm: Float[np.ndarray, "n 3"], vessels: Sequence[Region], *, tumour: Region
) -> NearestVessel:
    """Return the nearest vessel of each point; a vessel drawn through the tumour counts as tumour there."""
    count = len(points_lps_mm)
    wall, gap, radius = np.zeros((count, 3)), np.full(count, np.inf), np.ones(count)
    name = [""] * count
    grid = Grid.around(points_lps_mm, margin_mm=REACH_MM, spacing_mm=STEP_MM)
    index = tuple(np.rint(grid.index_ijk(points_lps_mm)).astype(int)[:, ::-1].T)
    still = mask_on_grid(tumour, grid)
    for vessel in vessels:
        mask = large_vessel_mask(vessel, grid) & ~still
        if not mask.any():
            continue
        away, place = distance_transform_edt(~mask, sampling=STEP_MM, return_indices=True)
        thick = maximum_filter(distance_transform_edt(mask, sampling=STEP_MM), size=LOCAL_VOXELS)
        nearest = tuple(each[index] for each in place)
        nearer = away[index] < gap
        wall[nearer] = grid.centres_lps_mm()[nearest][nearer]
        radius[nearer] = np.maximum(thick[nearest][nearer], 0.5)
        gap[nearer] = away[index][nearer]
        name = [vessel.name if closer else old for closer, old in zip(nearer, name, strict=True)]
    return NearestVessel(wall_lps_mm=wall, gap_mm=gap, radius_mm=radius, name=tuple(name))


def reached(
    points_lps_mm: Float[np.ndarray, "n 3"],
    centres_lps_mm: Float[np.ndarray, "m 3"],
    axes_lps: Float[np.ndarray, "m 3"],
    *,
    long_mm: float,
    short_mm: float,
    zone: SimulatedZone,
    vessels: NearestVessel,
) -> Bool[np.ndarray, "n m"]:
    """Return which point each activation kills, vessels' cooling counted, by equation (ablation-3).

    Parameters
    ----------
    points_lps_mm
        Of the target.
    centres_lps_mm, axes_lps
        Of the activations.
    long_mm, short_mm
        Diameters of the zone that is believed, simulated or published.
    zone
        Whose fall-off is taken.
    vessels
        Nearest to the points.
    """
    heat = zone.relative_heat(_radius(points_lps_mm, centres_lps_mm, axes_lps, long_mm, short_mm))
    near = np.isfinite(vessels.gap_mm)
    if near.any():
        at_wall = zone.relative_heat(_radius(vessels.wall_lps_mm[near], centres_lps_mm, axes_lps, long_mm, short_mm))
        heat[near] -= at_wall * _left(vessels.gap_mm[near], vessels.radius_mm[near], zone.sink_mm)[:, None]
        heat[near & (vessels.gap_mm <= 0)] = np.inf
    return np.asarray(heat >= 1.0)


def _left(gap_mm: np.ndarray, radius_mm: np.ndarray, sink_mm: float) -> np.ndarray:
    """Return the share of a vessel's cooling that is left at a distance from its wall, equation (ablation-4)."""
    far, wall = (radius_mm + gap_mm) / sink_mm, radius_mm / sink_mm
    return np.asarray(k0e(far) / k0e(wall) * np.exp(wall - far))


def _radius(points: np.ndarray, centres: np.ndarray, axes: np.ndarray, long_mm: float, short_mm: float) -> np.ndarray:
    along = points @ axes.T - np.einsum("ij,ij->i", centres, axes)
    square = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    across = np.maximum(square - along**2, 0.0)
    return np.asarray(np.sqrt((2 * along / long_mm) ** 2 + 4 * across / short_mm**2))

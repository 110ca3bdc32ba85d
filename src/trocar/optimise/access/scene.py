"""`Scene`: target, body and obstacles as fields on one grid, made once and traced many times."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from trocar.errors import OptimiseError
from trocar.geometry.grid import Grid
from trocar.geometry.kernels.stacks import distances_to_stack
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.region import EndCap, Region, region_from_contours, usual_plane_spacing_mm
from trocar.geometry.resample import Interpolation, resample
from trocar.geometry.value import Value, frozen_without_copy
from trocar.geometry.volume import Quantity, Volume
from trocar.optimise.kernels.clearance import lower_to_slab, plane_distance
from trocar.plan.access import AccessRules
from trocar.plan.structures import Structure

MOST_NODES = 6_000_000
"""Nodes of the grid: with ten obstacles the fields then take a quarter of a gigabyte."""

FINEST_MM = 1.0
REACH_MM = 25.0
"""Distances are exact up to here beyond the largest margin; farther things are just far."""

_ALONG_Z = 1e-6
"""Outlines whose plane is axial within this take the fast road."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene(Value):
    """All that lines are traced through; made by `build_scene`.

    Parameters
    ----------
    grid
        Axial, cubic voxels; between body, target and the farthest skin a needle could come from.
    rules
        What needles must obey.
    target
        Solid of the target.
    target_occupancy, body_occupancy
        Share of each voxel inside.
    distance_mm
        Obstacle by obstacle: distance to it, 0 inside, at most `reach_mm`.
    limited_occupancy
        Structure by structure with a crossing limit: share of each voxel inside.
    combined_mm
        Least distance to any obstacle beyond its margin and the needle's radius.
    reach_mm
        Largest distance told apart.
    """

    grid: Grid
    rules: AccessRules
    target: Region
    target_occupancy: Float32[np.ndarray, "k j i"]
    body_occupancy: Float32[np.ndarray, "k j i"]
    distance_mm: Float32[np.ndarray, "obstacles k j i"]
    limited_occupancy: Float32[np.ndarray, "limits k j i"]
    combined_mm: Float32[np.ndarray, "k j i"]
    reach_mm: float

    @property
    def step_mm(self) -> float:
        """Edge of a voxel."""
        return self.grid.spacing_ijk_mm[0]


def build_scene(target: Structure, body: Volume, rules: AccessRules, *, spacing_mm: float | None = None) -> Scene:
    """Return the fields for a target in a body under rules.

    Parameters
    ----------
    target
        What the needles are for.
    body
        Share of each voxel inside the body, 0 to 1, or a mask.
    rules
        Obstacles and limits.
    spacing_mm
        Edge of the voxels; the finest that memory allows, at least 1 mm, where None. Clearances stay lower bounds on
        any grid; on a coarse one they are more pessimistic.

    Raises
    ------
    OptimiseError
        Target or body are empty, or do not overlap.
    GeometryError
        A structure cannot be made into a solid.
    """
    region = region_of(target)
    grid = _grid(region, body, rules, spacing_mm=spacing_mm)
    reach = max((obstacle.margin_mm for obstacle in rules.obstacles), default=0.0) + rules.needle_radius_mm + REACH_MM
    distance = np.empty((len(rules.obstacles), *grid.shape_kji), np.float32)
    combined = np.full(grid.shape_kji, reach, np.float32)
    for n, obstacle in enumerate(rules.obstacles):
        distance_field(region_of(obstacle.structure), grid, reach_mm=reach, out=distance[n])
        np.minimum(combined, distance[n] - np.float32(obstacle.margin_mm + rules.needle_radius_mm), out=combined)
    limited = [occupancy_on_grid(region_of(limit.structure), grid) for limit in rules.crossing_limits]
    soft = Volume.owning(
        grid=body.grid,
        values_kji=body.values_kji.astype(np.float32),
        quantity=Quantity.PROBABILITY,
        frame_uid=body.frame_uid,
    )
    inside = resample(soft, grid, interpolation=Interpolation.LINEAR, outside=0.0)
    return Scene(
        grid=grid,
        rules=rules,
        target=region,
        target_occupancy=frozen_without_copy(occupancy_on_grid(region, grid)),
        body_occupancy=inside.values_kji,
        distance_mm=frozen_without_copy(distance),
        limited_occupancy=frozen_without_copy(
            np.stack(limited) if limited else np.empty((0, *grid.shape_kji), np.float32)
        ),
        combined_mm=frozen_without_copy(combined),
        reach_mm=reach,
    )


def region_of(structure: Structure) -> Region:
    """Return the solid of a structure as needles see it: every outline stands for its whole slice."""
    spacing = usual_plane_spacing_mm(structure.contours)
    return region_from_contours(
        structure.closed_contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=spacing or 1.0, name=structure.name
    )


def _grid(target: Region, body: Volume, rules: AccessRules, *, spacing_mm: float | None) -> Grid:
    present = np.argwhere(body.values_kji > 0)
    if not len(present):
        raise OptimiseError(
            "optimise.no-body", "the body is empty; give a body mask of the scan the target is drawn on"
        )
    low_kji, high_kji = present.min(axis=0), present.max(axis=0)
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    ijk = low_kji[::-1] + corners * (high_kji - low_kji)[::-1]
    in_body = ijk @ body.grid.lps_from_ijk[:3, :3].T + body.grid.origin_lps_mm
    low_target, high_target = target.bounds_lps_mm
    around = max(rules.most_depth_mm, rules.needle_length_mm)
    low = np.maximum(in_body.min(axis=0), low_target - around) - 3.0
    high = np.minimum(in_body.max(axis=0), high_target + around) + 3.0
    if not (high - low > 6.0).all():
        raise OptimiseError(
            "optimise.target-outside-body",
            "target {name} does not lie in the body of this scan; check that both belong to one frame of reference",
            name=target.name,
        )
    step = spacing_mm or max(FINEST_MM, float((np.prod(high - low) / MOST_NODES) ** (1 / 3)))
    return Grid.around(np.stack([low, high]), margin_mm=0.0, spacing_mm=step)


def distance_field(
    region: Region, grid: Grid, *, reach_mm: float, out: Float32[np.ndarray, "k j i"] | None = None
) -> Float32[np.ndarray, "k j i"]:
    """Return the distance of every node from a solid: 0 inside, exact up to ``reach_mm``, and that beyond.

    Parameters
    ----------
    region
        Slabs of polygons with flat ends.
    grid
        Axial, cubic voxels.
    reach_mm
        How far.
    out
        Array to fill, if any.

    Notes
    -----
    The solid is a union of slabs, polygon times interval. The squared distance to a slab is the squared distance to the
    polygon within the plane plus the squared gap along the normal; the least over all slabs is exact.
    """
    square = np.empty(grid.shape_kji, np.float32) if out is None else out
    square[:] = reach_mm**2
    axis = region.uvw_from_lps[2, :3]
    if abs(abs(axis[2]) - 1) < _ALONG_Z:
        _lower_by_slabs(region, grid, reach_mm, square)
    else:
        _lower_by_points(region, grid, reach_mm, square)
    return np.asarray(np.sqrt(square, out=square))


def _lower_by_slabs(region: Region, grid: Grid, reach_mm: float, square: np.ndarray) -> None:
    step = grid.spacing_ijk_mm[0]
    x0, y0, z0 = grid.origin_lps_mm
    turn = region.lps_from_uvw[:3, :3]
    for p, plane in enumerate(region.planes):
        polygons = [polygon @ turn[:2, :2].T for polygon in plane.polygons_uv_mm]
        window, start = _window(np.concatenate(polygons), grid, reach_mm)
        if window is None:
            continue
        edges = np.concatenate([np.column_stack([each, np.roll(each, -1, axis=0)]) for each in polygons])
        low, high = sorted((turn[2, 2] * region.stack.low[p], turn[2, 2] * region.stack.high[p]))
        flat = np.empty((window[0].stop - window[0].start, window[1].stop - window[1].start), np.float32)
        plane_distance(edges, x0 + start[0] * step, y0 + start[1] * step, step, reach_mm, flat)
        lower_to_slab(flat, low, high, z0, step, reach_mm, square[:, window[0], window[1]])


def _window(points: np.ndarray, grid: Grid, reach_mm: float) -> tuple[tuple[slice, slice] | None, tuple[int, int]]:
    """Return the rows and columns within reach of some points, and the first column and row."""
    step = grid.spacing_ijk_mm[0]
    _, nj, ni = grid.shape_kji
    low = np.floor((points.min(axis=0) - reach_mm - grid.origin_lps_mm[:2]) / step).astype(int)
    high = np.ceil((points.max(axis=0) + reach_mm - grid.origin_lps_mm[:2]) / step).astype(int) + 1
    first = (max(int(low[0]), 0), max(int(low[1]), 0))
    last = (min(int(high[0]), ni), min(int(high[1]), nj))
    if first[0] >= last[0] or first[1] >= last[1]:
        return None, first
    return (slice(first[1], last[1]), slice(first[0], last[0])), first


def _lower_by_points(region: Region, grid: Grid, reach_mm: float, square: np.ndarray) -> None:
    """Fill in the distance node by node: for outlines on oblique planes."""
    low, high = region.bounds_lps_mm
    near = np.arange(grid.shape_kji[0])
    near = near[(grid.origin_lps_mm[2] + near * grid.spacing_ijk_mm[2] >= low[2] - reach_mm)]
    for k in near:
        points = grid.lps_from_ijk[:3, 3] + np.zeros((grid.shape_kji[1], grid.shape_kji[2], 3))
        points[..., 0] += np.arange(grid.shape_kji[2]) * grid.spacing_ijk_mm[0]
        points[..., 1] += np.arange(grid.shape_kji[1])[:, None] * grid.spacing_ijk_mm[1]
        points[..., 2] += k * grid.spacing_ijk_mm[2]
        close = ((points > low - reach_mm) & (points < high + reach_mm)).all(axis=-1)
        if not close.any():
            continue
        chosen = np.ascontiguousarray(points[close])
        away = np.empty(len(chosen))
        distances_to_stack(region.stack, region.uvw_from_lps, chosen, away)
        away[region.contains(chosen)] = 0.0
        square[k][close] = np.minimum(square[k][close], away**2)

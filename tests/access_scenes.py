"""Simple scenes for needle access, and an independent dense sampler of distances to drawn structures."""

import numpy as np
from matplotlib.path import Path as Outline

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.axes import Axes
from trocar.phantom.outlines import outline
from trocar.phantom.solids import Ellipsoid, Solid
from trocar.plan.access import AccessRules, Obstacle, SkinEntries
from trocar.plan.needles import Needle
from trocar.plan.structures import Structure

BODY = Ellipsoid((0.0, 0.0, 0.0), (110.0, 80.0, 300.0))
GRID = Grid.axial(origin_lps_mm=(-120.0, -90.0, -80.0), spacing_ijk_mm=(2.0, 2.0, 2.5), shape_kji=(65, 91, 121))


def drawn(name: str, solid: Solid, *, slice_mm: float = 2.5, number: int = 1) -> Structure:
    """Return a structure drawn on slices from an exact solid."""
    low, high = solid.bounds_lps_mm
    z = np.arange(np.ceil(max(low[2], -80.0) / slice_mm) * slice_mm, min(high[2], 80.0), slice_mm)
    axes = Axes(
        x_mm=np.arange(low[0] - 4, high[0] + 4, 0.8).astype(np.float32),
        y_mm=np.arange(low[1] - 4, high[1] + 4, 0.8).astype(np.float32),
        z_mm=z.astype(np.float32),
    )
    return Structure(number=number, name=name, contours=outline(solid, axes, image_uids=("",) * len(z)))


def body_of(solid: Solid, grid: Grid = GRID) -> Volume:
    """Return the share of each voxel inside a solid."""
    centres = grid.centres_lps_mm()
    level = solid.level_mm(centres[..., 0], centres[..., 1], centres[..., 2])
    share = np.clip(0.5 - level / grid.spacing_ijk_mm[0], 0, 1).astype(np.float32)
    return Volume.owning(grid=grid, values_kji=share, quantity=Quantity.PROBABILITY, frame_uid="1.2.3")


def skin_of(solid: Ellipsoid, *, spacing_deg: float = 3.0, z_mm: tuple[float, float] = (-70.0, 70.0)) -> SkinEntries:
    """Return points on an upright ellipsoid with their normals."""
    angle = np.radians(np.arange(0, 360, spacing_deg))
    points = []
    a, b, c = solid.half_axes_mm
    for z in np.arange(z_mm[0], z_mm[1] + 1e-9, 5.0):
        shrink = np.sqrt(1 - (z / c) ** 2)
        points.append(np.column_stack([a * shrink * np.cos(angle), b * shrink * np.sin(angle), np.full(angle.size, z)]))
    every = np.concatenate(points)
    normal = every / np.array([a, b, c]) ** 2
    return SkinEntries(points_lps_mm=every, normals_lps=normal / np.linalg.norm(normal, axis=1, keepdims=True))


def rules_with(*obstacles: Obstacle, **changes: object) -> AccessRules:
    """Return generous rules with obstacles."""
    usual: dict[str, object] = {
        "needle_length_mm": 200.0,
        "needle_radius_mm": 0.635,
        "most_depth_mm": 160.0,
        "beyond_target_mm": 0.0,
        "least_in_target_mm": 5.0,
    }
    return AccessRules(obstacles=obstacles, **(usual | changes))  # type: ignore[arg-type]


def densely_sampled_clearance_mm(needle: Needle, structure: Structure, *, radius_mm: float) -> float:
    """Return the distance between needle surface and structure, by brute force; shares no code with the product.

    The structure is the stack of its outlines, each half-way to its neighbours thick. Every quarter millimetre of the
    needle is measured against every edge of every outline.
    """
    z = np.array(sorted({round(float(c.points_lps_mm[0, 2]), 3) for c in structure.contours}))
    half = 0.5 * float(np.median(np.diff(z)))
    points = np.linspace(needle.entry_lps_mm, needle.tip_lps_mm, int(needle.length_mm / 0.25) + 2)
    least = np.inf
    for height in z:
        gap = np.maximum(0.0, np.abs(points[:, 2] - height) - half)
        if gap.min() >= least:
            continue
        polygons = [c.points_lps_mm[:, :2] for c in structure.contours if abs(c.points_lps_mm[0, 2] - height) < 1e-3]
        inside = np.zeros(len(points), bool)
        flat = np.full(len(points), np.inf)
        for polygon in polygons:
            inside ^= Outline(np.vstack([polygon, polygon[:1]])).contains_points(points[:, :2])
            ways = np.roll(polygon, -1, axis=0) - polygon
            offsets = points[:, None, :2] - polygon
            share = np.clip((offsets * ways).sum(axis=2) / np.maximum((ways**2).sum(axis=1), 1e-12), 0, 1)
            flat = np.minimum(flat, np.linalg.norm(offsets - share[..., None] * ways, axis=2).min(axis=1))
        flat[inside] = 0.0
        least = min(least, float(np.hypot(flat, gap).min()))
    return least - radius_mm

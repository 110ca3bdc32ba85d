"""Free, non-coplanar needles: every skin point towards every part of the target."""

import numpy as np
from jaxtyping import Float

from trocar.errors import OptimiseError
from trocar.geometry.region import Region
from trocar.optimise.access.lines import Lines
from trocar.optimise.access.scene import Scene
from trocar.optimise.access.search import AccessSearch, examine
from trocar.plan.access import SkinEntries

MOST_LINES = 2_000_000
"""Lines to look at: of more, which only large targets have, an even share."""


def lattice_in(region: Region, *, spacing_mm: float) -> Float[np.ndarray, "n 3"]:
    """Return points of a face-centred cubic lattice inside a solid; at least one, however small the solid.

    Parameters
    ----------
    region
        The solid.
    spacing_mm
        Distance between nearest neighbours.
    """
    low, high = region.bounds_lps_mm
    edge = spacing_mm * np.sqrt(2.0)
    middle = 0.5 * (low + high)
    counts = np.ceil((high - low) / edge / 2).astype(int) + 1
    cell = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
    corners = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    points = middle + edge * (cell[:, None] + corners).reshape(-1, 3)
    inside = points[region.contains(points)]
    if len(inside):
        return np.asarray(inside)
    if spacing_mm < 0.2:
        raise OptimiseError(
            "optimise.target-too-thin", "target {name} is too thin to aim at; check its contours", name=region.name
        )
    return lattice_in(region, spacing_mm=0.5 * spacing_mm)


def free_lines_to(scene: Scene, entries: SkinEntries, *, aim_spacing_mm: float, reach_mm: float) -> Lines:
    """Return lines from each entry through points all over the target, as far as the reach.

    Where there would be too many, each entry aims at every n-th point only, its neighbours at those between.

    Parameters
    ----------
    scene
        Where.
    entries
        The allowed part of the skin.
    aim_spacing_mm
        Distance between the points aimed at.
    reach_mm
        Largest distance from skin to point aimed at.

    Raises
    ------
    OptimiseError
        All of the skin is farther away.
    """
    aims = lattice_in(scene.target, spacing_mm=aim_spacing_mm)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    nearest = np.inf
    for aim in aims:
        way = aim - entries.points_lps_mm
        length = np.linalg.norm(way, axis=1)
        nearest = min(nearest, float(length.min()))
        rows = np.flatnonzero((length <= reach_mm) & (length > 1e-6))
        found.append((rows, way[rows] / length[rows, None]))
    step = -(-sum(len(each) for each, _ in found) // MOST_LINES)
    if step > 1:
        shares = [(each + number) % step == 0 for number, (each, _) in enumerate(found)]
        found = [(each[share], way[share]) for (each, way), share in zip(found, shares, strict=True)]
    rows = np.concatenate([each for each, _ in found])
    if not len(rows):
        raise OptimiseError(
            "optimise.skin-too-far",
            "the allowed skin is at least {nearest_mm:.0f} mm from target {name}, but the needle is {reach_mm:.0f} mm "
            "long; take a longer needle or allow nearer skin",
            nearest_mm=nearest,
            name=scene.target.name,
            reach_mm=reach_mm,
        )
    return Lines(
        entries_lps_mm=entries.points_lps_mm[rows],
        ways_lps=np.concatenate([way for _, way in found]),
        normals_lps=entries.normals_lps[rows],
        labels=(),
    )


def search_free(scene: Scene, entries: SkinEntries, *, aim_spacing_mm: float) -> AccessSearch:
    """Return all free needles from the allowed skin into the target that obey every rule.

    Parameters
    ----------
    scene
        Target, body, obstacles and rules.
    entries
        The allowed part of the skin; see `SkinEntries.where`, `SkinEntries.facing`, `SkinEntries.above`.
    aim_spacing_mm
        Distance between the points of the target aimed at: about the distance wanted between needles.

    Raises
    ------
    OptimiseError
        No skin is left to enter by, or all of it is farther away than the needle is long.
    """
    if not len(entries):
        raise OptimiseError(
            "optimise.no-entry-skin",
            "the allowed entry region holds no skin; allow more of it (front, side, back, above the couch)",
        )
    rules = scene.rules
    longest = free_lines_to(scene, entries, aim_spacing_mm=aim_spacing_mm, reach_mm=rules.needle_length_mm)
    return examine(scene, longest)

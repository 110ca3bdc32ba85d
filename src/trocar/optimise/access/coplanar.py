"""Coplanar needles: the holes of a grid template, and the pose in which a template serves a target best."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy.spatial import cKDTree

from trocar.errors import OptimiseError
from trocar.geometry.value import Value
from trocar.optimise.access.free import lattice_in
from trocar.optimise.access.lines import Lines, inside_of, span_in_box
from trocar.optimise.access.scene import Scene
from trocar.optimise.access.search import FOLLOWED_MM, AccessSearch, examine
from trocar.plan.access import Accesses, SkinEntries
from trocar.plan.template import GridTemplate, HoleNames, template_towards

SKIN_NEAR_MM = 15.0
"""A hole whose needle meets the skin farther than this from any allowed skin point is not allowed."""

HOLE_BEYOND_TARGET = 0.6
"""Holes up to this share of the pitch beside the target are tried: their needles may still graze it."""


def template_lines(scene: Scene, entries: SkinEntries, template: GridTemplate) -> Lines:
    """Return the lines through the holes of a template, from where they meet allowed skin.

    Parameters
    ----------
    scene
        Where.
    entries
        The allowed part of the skin.
    template
        In front of the skin.

    Raises
    ------
    OptimiseError
        Holes of the template lie inside the body.
    """
    holes = template.holes_lps_mm
    ways = np.tile(template.direction_lps, (len(holes), 1))
    lines, _, inside = _lines_from(scene, entries, holes, ways, labels=template.hole_names)
    if inside:
        raise OptimiseError(
            "optimise.template-inside-body",
            "{n} holes of the template lie inside the body; move it away from the skin",
            n=inside,
        )
    return lines


def _lines_from(
    scene: Scene,
    entries: SkinEntries,
    starts_lps_mm: Float[np.ndarray, "n 3"],
    ways: Float[np.ndarray, "n 3"],
    *,
    labels: tuple[str, ...],
) -> tuple[Lines, Int64[np.ndarray, " m"], int]:
    """Return lines from where rays first meet allowed skin, which rays they are, and how many begin in the body."""
    span = _span_to_scene(scene, starts_lps_mm, ways)
    skin = inside_of(scene.body_occupancy, scene, starts_lps_mm=starts_lps_mm, ways_lps=ways, span_mm=span)
    begins_inside = scene.grid.contains(starts_lps_mm) & (skin.first_mm <= span[:, 0] + 1e-9)
    rows = np.flatnonzero(np.isfinite(skin.first_mm) & (skin.first_mm > span[:, 0] + 1e-9))
    points = starts_lps_mm[rows] + skin.first_mm[rows, None] * ways[rows]
    if not len(rows) or not len(entries):
        empty = np.empty((0, 3))
        nothing = Lines(entries_lps_mm=empty, ways_lps=empty, normals_lps=empty, labels=())
        return nothing, rows[:0], int(begins_inside.sum())
    away, nearest = cKDTree(entries.points_lps_mm).query(points)
    allowed = away <= SKIN_NEAR_MM
    return (
        Lines(
            entries_lps_mm=points[allowed],
            ways_lps=ways[rows][allowed],
            normals_lps=entries.normals_lps[nearest[allowed]],
            labels=tuple(labels[row] for row in rows[allowed]) if labels else (),
        ),
        rows[allowed],
        int(begins_inside.sum()),
    )


def _span_to_scene(
    scene: Scene, starts: Float[np.ndarray, "n 3"], ways: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 2"]:
    """Return the part of each ray within the scene, from where it comes."""
    corners = scene.grid.corners_lps_mm
    return span_in_box(starts, ways, np.stack([corners.min(axis=0), corners.max(axis=0)]), most_mm=FOLLOWED_MM)


def search_template(scene: Scene, entries: SkinEntries, template: GridTemplate) -> AccessSearch:
    """Return the holes of a template whose needles obey every rule; labels are hole names.

    Raises
    ------
    OptimiseError
        Holes of the template lie inside the body.
    """
    return examine(scene, template_lines(scene, entries, template))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TemplatePose(Value):
    """A template in a pose, and what it is worth.

    Parameters
    ----------
    template
        Its middle hole column and row are in front of the target.
    accesses
        Needles of its holes that obey every rule.
    covered
        Share of the target within reach of these needles.
    """

    template: GridTemplate
    accesses: Accesses
    covered: float


def sphere_directions(count: int) -> Float[np.ndarray, "n 3"]:
    """Return unit vectors spread evenly over the sphere, by a Fibonacci spiral."""
    n = np.arange(count) + 0.5
    z = 1 - 2 * n / count
    turn = np.pi * (1 + np.sqrt(5.0)) * n
    flat = np.sqrt(1 - z * z)
    return np.column_stack([flat * np.cos(turn), flat * np.sin(turn), z])


def best_template_poses(
    scene: Scene,
    entries: SkinEntries,
    *,
    pitch_mm: float,
    reach_mm: float,
    standoff_mm: float,
    up_lps: Float[np.ndarray, " 3"],
    directions_lps: Float[np.ndarray, "n 3"],
    names: HoleNames = HoleNames.PLAIN,
    keep: int = 5,
) -> tuple[TemplatePose, ...]:
    """Return the poses in which most of the target lies within reach of allowed holes, best first.

    Parameters
    ----------
    scene, entries
        Target, obstacles and rules; allowed skin.
    pitch_mm
        Of the template.
    reach_mm
        A part of the target is covered if a needle passes within this distance.
    standoff_mm
        From the template to the nearest skin in front of it.
    up_lps
        Rows of the template run as nearly along it as each direction allows.
    directions_lps
        Needle directions to try, into the patient, such as `sphere_directions`.
    names
        Of the holes.
    keep
        How many poses to return; each direction counts once.

    Raises
    ------
    OptimiseError
        No direction given.
    """
    if not len(directions_lps):
        raise OptimiseError(
            "optimise.template-search-empty",
            "no direction was left to search for a template; allow more directions or a larger tilt",
        )
    aims = lattice_in(scene.target, spacing_mm=0.5 * reach_mm)
    templates = [
        template
        for direction in directions_lps
        if not _too_tilted(scene, direction)
        for template in _templates(scene, direction, up_lps, pitch_mm=pitch_mm, names=names)
    ]
    found = _rated(scene, entries, templates, aims, reach_mm=reach_mm)
    poses: list[TemplatePose] = []
    for worth, _, template in found:
        if all(float(template.direction_lps @ pose.template.direction_lps) < 0.9999 for pose in poses):
            placed = _before_skin(scene, entries, template, standoff_mm=standoff_mm)
            poses.append(
                TemplatePose(template=placed, accesses=search_template(scene, entries, placed).accesses, covered=worth)
            )
        if len(poses) == keep:
            break
    return tuple(poses)


def _rated(
    scene: Scene,
    entries: SkinEntries,
    templates: list[GridTemplate],
    aims_lps_mm: Float[np.ndarray, "m 3"],
    *,
    reach_mm: float,
) -> list[tuple[float, float, GridTemplate]]:
    """Return covered share, mean slack and template of each that has a needle, best first; all traced in one go."""
    if not templates:
        return []
    holes = [template.holes_lps_mm for template in templates]
    owner = np.repeat(np.arange(len(templates)), [len(each) for each in holes])
    ways = np.stack([template.direction_lps for template in templates])[owner]
    lines, rows, _ = _lines_from(scene, entries, np.concatenate(holes), ways, labels=())
    search = examine(scene, lines)
    whose = owner[rows[search.rows]]
    found = []
    for n, template in enumerate(templates):
        mine = search.accesses.take(np.flatnonzero(whose == n))
        if len(mine):
            worth = covered_share(aims_lps_mm, mine, reach_mm=reach_mm)
            found.append((worth, float(np.minimum(mine.slack_mm, reach_mm).mean()), template))
    return sorted(found, key=lambda each: (-round(each[0], 2), -each[1]))


def covered_share(aims_lps_mm: Float[np.ndarray, "m 3"], accesses: Accesses, *, reach_mm: float) -> float:
    """Return the share of points within reach of any needle between entry and tip."""
    near = np.zeros(len(aims_lps_mm), np.bool_)
    for entry, tip in zip(accesses.entries_lps_mm, accesses.tips_lps_mm, strict=True):
        near |= distance_to_needle(aims_lps_mm, entry, tip) <= reach_mm
    return float(near.mean())


def distance_to_needle(
    points_lps_mm: Float[np.ndarray, "m 3"], entry_lps_mm: Float[np.ndarray, " 3"], tip_lps_mm: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, " m"]:
    """Return the distance of points from a needle between its ends."""
    way = tip_lps_mm - entry_lps_mm
    share = np.clip((points_lps_mm - entry_lps_mm) @ way / (way @ way), 0, 1)
    return np.asarray(np.linalg.norm(points_lps_mm - entry_lps_mm - share[:, None] * way, axis=1))


def _too_tilted(scene: Scene, direction: Float[np.ndarray, " 3"]) -> bool:
    most = scene.rules.most_axial_tilt_deg
    return most is not None and float(np.degrees(np.arcsin(min(1.0, abs(float(direction[2])))))) > most


def _templates(
    scene: Scene,
    direction: Float[np.ndarray, " 3"],
    up_lps: Float[np.ndarray, " 3"],
    *,
    pitch_mm: float,
    names: HoleNames,
) -> list[GridTemplate]:
    """Return templates that just cover the target along a direction, shifted by half a pitch each way."""
    low, high = scene.target.bounds_lps_mm
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    if np.linalg.norm(np.cross(up_lps, direction)) < 0.05:
        up_lps = np.roll(up_lps, 1)
    probe = template_towards(
        direction, centre_lps_mm=corners.mean(axis=0), up_lps=up_lps, pitch_mm=pitch_mm, columns=1, rows=1
    )
    across = (corners - corners.mean(axis=0)) @ probe.lps_from_template[:3, :3]
    size = across.max(axis=0) - across.min(axis=0) + 2 * HOLE_BEYOND_TARGET * pitch_mm
    columns, rows = (int(np.ceil(extent / pitch_mm)) + 1 for extent in size[:2])
    away = corners.mean(axis=0) - (scene.rules.most_depth_mm + 50.0) * direction
    templates = []
    for shift_x in (0.0, 0.5):
        for shift_y in (0.0, 0.5):
            shift = probe.lps_from_template[:3, :2] @ (np.array([shift_x, shift_y]) * pitch_mm)
            templates.append(
                template_towards(
                    direction,
                    centre_lps_mm=away + shift,
                    up_lps=up_lps,
                    pitch_mm=pitch_mm,
                    columns=columns,
                    rows=rows,
                    names=names,
                )
            )
    return templates


def _before_skin(scene: Scene, entries: SkinEntries, template: GridTemplate, *, standoff_mm: float) -> GridTemplate:
    """Return the template moved along its needles until it stands before the nearest skin in front of it."""
    way = template.direction_lps
    inside = (entries.points_lps_mm - template.holes_lps_mm.mean(axis=0)) @ template.lps_from_template[:3, :3]
    half = 0.5 * template.pitch_mm * np.array([template.columns + 1, template.rows + 1])
    ahead = inside[(np.abs(inside[:, :2]) <= half).all(axis=1) & (entries.normals_lps @ way < 0)]
    holes = template.holes_lps_mm
    lines, _, _ = _lines_from(scene, entries, holes, np.tile(way, (len(holes), 1)), labels=())
    to_skin = (lines.entries_lps_mm - template.holes_lps_mm.mean(axis=0)) @ way
    nearest = min(ahead[:, 2].min(initial=np.inf), to_skin.min(initial=np.inf))
    pose = np.array(template.lps_from_template)
    pose[:3, 3] += (nearest - standoff_mm) * way
    return GridTemplate(
        lps_from_template=pose,
        pitch_mm=template.pitch_mm,
        columns=template.columns,
        rows=template.rows,
        names=template.names,
    )

"""Examine lines: which are needles that obey every rule, and the account of each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int32, Int64

from trocar.geometry.value import Value
from trocar.optimise.access.lines import Lines, inside_of, span_in_box, voxels
from trocar.optimise.access.scene import Scene
from trocar.optimise.kernels.tracing import clearances, free_lines
from trocar.plan.access import Accesses

UNDER_SKIN_MM = 3.0
"""From this depth on a needle must be inside the body: at the very surface the outline is not that sharp."""

FOLLOWED_MM = 1000.0
"""Lines are followed this far; no needle is so long."""

OUT_OF_BODY_MM = 1.0
"""A needle leaves the body if more of it than this lies outside."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccessSearch(Value):
    """What was found.

    Parameters
    ----------
    accesses
        Needles that obey every rule.
    lines
        All ways that were tried: `trocar.optimise.access.explain` says what stands in the way of the others.
    rows
        Which of the lines each needle is.
    """

    accesses: Accesses
    lines: Lines
    rows: Int64[np.ndarray, " found"]

    @property
    def tried(self) -> int:
        """Number of ways tried."""
        return len(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Lengths and angles of lines, before any obstacle is looked at."""

    tip_depth_mm: Float[np.ndarray, " n"]
    in_target_mm: Float[np.ndarray, " n"]
    couch_mm: Float[np.ndarray, " n"]
    bore_mm: Float[np.ndarray, " n"]


def skin_angle_deg(lines: Lines) -> Float[np.ndarray, " n"]:
    """Return the angle between each line and the straight way into the skin."""
    straight = -np.einsum("ij,ij->i", lines.ways_lps, lines.normals_lps)
    return np.asarray(np.degrees(np.arccos(np.clip(straight, -1, 1))))


def axial_tilt_deg(lines: Lines) -> Float[np.ndarray, " n"]:
    """Return the angle between each line and the axial plane."""
    return np.asarray(np.degrees(np.arcsin(np.clip(np.abs(lines.ways_lps[:, 2]), 0, 1))))


def shape_of(scene: Scene, lines: Lines) -> Shape:
    """Return lengths in the target and room outside; the tip depth is NaN where a line misses the target."""
    rules = scene.rules
    box = scene.target.bounds_lps_mm + np.array([[-2.0], [2.0]]) * scene.step_mm
    span = span_in_box(lines.entries_lps_mm, lines.ways_lps, box, most_mm=FOLLOWED_MM)
    target = inside_of(
        scene.target_occupancy, scene, starts_lps_mm=lines.entries_lps_mm, ways_lps=lines.ways_lps, span_mm=span
    )
    tip = target.last_mm + rules.beyond_target_mm
    hub = lines.entries_lps_mm - (rules.needle_length_mm - np.nan_to_num(tip))[:, None] * lines.ways_lps
    everywhere = np.full(len(lines), np.inf)
    return Shape(
        tip_depth_mm=tip,
        in_target_mm=target.inside_mm,
        couch_mm=rules.couch.height_mm(hub) if rules.couch is not None else everywhere,
        bore_mm=rules.bore.room_mm(hub) if rules.bore is not None else everywhere,
    )


def _within_angles(scene: Scene, lines: Lines) -> Bool[np.ndarray, " n"]:
    rules = scene.rules
    good = np.ones(len(lines), np.bool_)
    if rules.most_skin_angle_deg is not None:
        good &= skin_angle_deg(lines) <= rules.most_skin_angle_deg
    if rules.most_axial_tilt_deg is not None:
        good &= axial_tilt_deg(lines) <= rules.most_axial_tilt_deg
    return good


def examine(scene: Scene, tried: Lines) -> AccessSearch:
    """Return the lines that are needles obeying every rule, each with its account.

    Angles come first, then lengths, then one combined field of all obstacles, then each obstacle by itself; clearances
    are lower bounds, so that a needle that passes clears every obstacle in truth.
    """
    rules = scene.rules
    upright = np.flatnonzero(_within_angles(scene, tried))
    lines = tried.take(upright)
    most = min(rules.most_depth_mm, rules.needle_length_mm)
    shape = shape_of(scene, lines)
    with np.errstate(invalid="ignore"):
        good = (shape.tip_depth_mm <= most) & (shape.in_target_mm >= rules.least_in_target_mm)
    good &= (shape.couch_mm >= 0) & (shape.bore_mm >= 0)
    rows = np.flatnonzero(good)
    rows = rows[_passes_combined(scene, lines, shape.tip_depth_mm, rows)]
    rows = rows[outside_body_mm(scene, lines, shape.tip_depth_mm, rows) <= OUT_OF_BODY_MM]
    clearance = clearance_of(scene, lines, shape.tip_depth_mm, rows)
    margins = np.array([obstacle.margin_mm for obstacle in rules.obstacles])
    free = (clearance >= margins).all(axis=1)
    entered = entered_of(scene, lines, shape.tip_depth_mm, rows)
    free &= (entered <= np.array([limit.at_most for limit in rules.crossing_limits], dtype=np.int32)).all(axis=1)
    rows, clearance, entered = rows[free], clearance[free], entered[free]
    kept = lines.take(rows)
    accesses = Accesses(
        entries_lps_mm=kept.entries_lps_mm,
        tips_lps_mm=kept.entries_lps_mm + shape.tip_depth_mm[rows, None] * kept.ways_lps,
        labels=kept.labels or ("",) * len(kept),
        in_target_mm=shape.in_target_mm[rows],
        skin_angle_deg=skin_angle_deg(kept),
        axial_tilt_deg=axial_tilt_deg(kept),
        clearance_mm=clearance,
        entered=entered,
        obstacle_names=tuple(obstacle.name for obstacle in rules.obstacles),
        margins_mm=tuple(obstacle.margin_mm for obstacle in rules.obstacles),
        limit_names=tuple(limit.name for limit in rules.crossing_limits),
    )
    return AccessSearch(accesses=accesses, lines=tried, rows=upright[rows])


def _ends(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"], rows: np.ndarray
) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
    """Return entries and tips in voxels."""
    entries = lines.entries_lps_mm[rows]
    return voxels(scene, entries), voxels(scene, entries + tip_depth_mm[rows, None] * lines.ways_lps[rows])


def _passes_combined(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"], rows: np.ndarray
) -> Bool[np.ndarray, " m"]:
    free = np.empty(len(rows), np.bool_)
    free_lines(scene.combined_mm, scene.step_mm, *_ends(scene, lines, tip_depth_mm, rows), free)
    return free


def clearance_of(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"], rows: np.ndarray
) -> Float[np.ndarray, "m obstacles"]:
    """Return lower bounds of the distance of needle surface and obstacles, entry to tip; below 0 where it crosses."""
    starts, stops = _ends(scene, lines, tip_depth_mm, rows)
    result = np.empty((len(rows), len(scene.rules.obstacles)))
    column = np.empty(len(rows))
    for n, field in enumerate(scene.distance_mm):
        clearances(field, scene.step_mm, starts, stops, 0.0, column)
        result[:, n] = np.maximum(column - scene.rules.needle_radius_mm, -0.001)
    return result


def outside_body_mm(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"], rows: np.ndarray
) -> Float[np.ndarray, " m"]:
    """Return how much of each needle, from just under the skin to the tip, lies outside the body."""
    tips = tip_depth_mm[rows]
    span = np.column_stack([np.minimum(UNDER_SKIN_MM, tips), tips])
    stretch = inside_of(
        scene.body_occupancy,
        scene,
        starts_lps_mm=lines.entries_lps_mm[rows],
        ways_lps=lines.ways_lps[rows],
        span_mm=span,
    )
    return np.asarray(span[:, 1] - span[:, 0] - stretch.inside_mm)


def entered_of(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"], rows: np.ndarray
) -> Int32[np.ndarray, "m limits"]:
    """Return how often each needle enters each structure with a crossing limit."""
    span = np.column_stack([np.zeros(len(rows)), tip_depth_mm[rows]])
    result = np.empty((len(rows), len(scene.rules.crossing_limits)), np.int32)
    for n, occupancy in enumerate(scene.limited_occupancy):
        result[:, n] = inside_of(
            occupancy,
            scene,
            starts_lps_mm=lines.entries_lps_mm[rows],
            ways_lps=lines.ways_lps[rows],
            span_mm=span,
        ).times
    return result

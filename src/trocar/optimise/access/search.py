"""Examine lines: which are needles that obey every rule, and the account of each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int32, Int64

from trocar.geometry.value import Value
from trocar.optimise.access.lines import Lines, Stretch, inside_of, span_in_box, voxels
from trocar.optimise.access.scene import Scene
from trocar.optimise.kernels.tracing import clear_ways, clearances, free_ways
from trocar.plan.access import Accesses

UNDER_SKIN_MM = 3.0
"""From this depth on a needle must be inside the body: at the very surface the outline is not that sharp."""

FOLLOWED_MM = 1000.0
"""Lines are followed this far; no needle is so long."""

OUT_OF_BODY_MM = 1.0
"""A needle leaves the body if more of it than this lies outside."""

TIMES_DRAWN_BACK = 4
"""A needle cut short that fails its last test is drawn back by half a voxel so often before it is given up."""


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
    """Lengths of lines, and room about their outer ends, before any obstacle is looked at.

    Parameters
    ----------
    tip_depth_mm
        From skin to the far border of the target, and the way beyond; NaN where a line misses the target.
    served_depth_mm
        Where the least length in the target is reached; NaN where it never is.
    in_target_mm
        All of the line's length in the target.
    couch_mm, bore_mm
        Room between the outer end and couch or scanner; infinite where there is none.
    """

    tip_depth_mm: Float[np.ndarray, " n"]
    served_depth_mm: Float[np.ndarray, " n"]
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
        scene.target_occupancy,
        scene,
        starts_lps_mm=lines.entries_lps_mm,
        ways_lps=lines.ways_lps,
        span_mm=span,
        wanted_mm=rules.least_in_target_mm,
    )
    tip = target.last_mm + rules.beyond_target_mm
    couch, bore = _room_outside(scene, lines, tip)
    return Shape(
        tip_depth_mm=tip,
        served_depth_mm=target.served_mm,
        in_target_mm=target.inside_mm,
        couch_mm=couch,
        bore_mm=bore,
    )


def _room_outside(
    scene: Scene, lines: Lines, tip_depth_mm: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return how far the outer ends of needles lie above the couch and inside the scanner's opening."""
    rules = scene.rules
    hub = lines.entries_lps_mm - (rules.needle_length_mm - np.nan_to_num(tip_depth_mm))[:, None] * lines.ways_lps
    everywhere = np.full(len(lines), np.inf)
    return (
        rules.couch.height_mm(hub) if rules.couch is not None else everywhere,
        rules.bore.room_mm(hub) if rules.bore is not None else everywhere,
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
    are lower bounds, so that a needle that passes clears every obstacle in truth. Where the rules allow it, a needle
    that would meet an obstacle, or enter a structure once too often, before the target's far border ends before it:
    eq. (A5).
    """
    rules = scene.rules
    upright = np.flatnonzero(_within_angles(scene, tried))
    lines = tried.take(upright)
    shape = shape_of(scene, lines)
    rows, tips = _long_enough(scene, lines, shape)
    rows, tips = _cut_short(scene, lines, shape, rows, tips)
    kept = lines.take(rows)
    good = outside_body_mm(scene, lines, rows, tips) <= OUT_OF_BODY_MM
    for room in _room_outside(scene, kept, tips):
        good &= room >= 0
    in_target = _in_target_to(scene, lines, shape, rows, tips)
    good &= in_target >= rules.least_in_target_mm
    rows, tips = rows[good], tips[good]
    clearance, entered = clearance_of(scene, lines, rows, tips), entered_of(scene, lines, rows, tips)
    free = _obeys(scene, clearance, entered)
    rows, tips, clearance, entered = rows[free], tips[free], clearance[free], entered[free]
    kept, in_target = lines.take(rows), in_target[good][free]
    accesses = Accesses(
        entries_lps_mm=kept.entries_lps_mm,
        tips_lps_mm=kept.entries_lps_mm + tips[:, None] * kept.ways_lps,
        labels=kept.labels or ("",) * len(kept),
        in_target_mm=in_target,
        unserved_mm=np.maximum(shape.in_target_mm[rows] - in_target, 0.0),
        skin_angle_deg=skin_angle_deg(kept),
        axial_tilt_deg=axial_tilt_deg(kept),
        clearance_mm=clearance,
        entered=entered,
        obstacle_names=tuple(obstacle.name for obstacle in rules.obstacles),
        margins_mm=tuple(obstacle.margin_mm for obstacle in rules.obstacles),
        limit_names=tuple(limit.name for limit in rules.crossing_limits),
    )
    return AccessSearch(accesses=accesses, lines=tried, rows=upright[rows])


def _long_enough(scene: Scene, lines: Lines, shape: Shape) -> tuple[Int64[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return the lines that serve enough of the target within the allowed depth, and the depth of each tip."""
    rules = scene.rules
    most = min(rules.most_depth_mm, rules.needle_length_mm)
    with np.errstate(invalid="ignore"):
        good = (shape.tip_depth_mm <= most) & (shape.in_target_mm >= rules.least_in_target_mm)
    rows = np.flatnonzero(good)
    return rows, shape.tip_depth_mm[rows]


def _cut_short(
    scene: Scene, lines: Lines, shape: Shape, rows: Int64[np.ndarray, " n"], tips: Float[np.ndarray, " n"]
) -> tuple[Int64[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return the lines that may be free and how deep each goes: cut before what is in the way where that is allowed."""
    free = np.empty(len(rows))
    free_ways(scene.combined_mm, scene.step_mm, *_ends(scene, lines, rows, tips), free)
    if not scene.rules.may_stop_short:
        return rows[np.isinf(free)], tips[np.isinf(free)]
    kept = free >= shape.served_depth_mm[rows]
    rows, tips = rows[kept], np.minimum(tips, free)[kept]
    cut = np.flatnonzero((tips < shape.tip_depth_mm[rows]) | ~_free_to(scene, lines, rows, tips))
    tips[cut] = _stops(scene, lines, rows[cut], tips[cut])
    for _ in range(TIMES_DRAWN_BACK):
        cut = cut[~_free_to(scene, lines, rows[cut], tips[cut])]
        tips[cut] -= 0.5 * scene.step_mm
    worth = tips >= shape.served_depth_mm[rows]
    return rows[worth], tips[worth]


def _stops(
    scene: Scene, lines: Lines, rows: Int64[np.ndarray, " n"], tips: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Return where needles end that stop before what is in their way; 0 where they then miss the target."""
    rules = scene.rules
    starts, stops = _ends(scene, lines, rows, tips)
    stop, way = np.array(tips), np.empty(len(rows))
    for field, obstacle in zip(scene.distance_mm, rules.obstacles, strict=True):
        clear_ways(field, scene.step_mm, starts, stops, obstacle.margin_mm + rules.needle_radius_mm, way)
        stop = np.minimum(stop, way)
    for occupancy, limit in zip(scene.limited_occupancy, rules.crossing_limits, strict=True):
        stop = np.minimum(stop, _inside(occupancy, scene, lines, rows, tips, at_most=limit.at_most).refused_mm)
    far = _inside(scene.target_occupancy, scene, lines, rows, stop).last_mm + rules.beyond_target_mm
    return np.asarray(np.minimum(stop, np.nan_to_num(far)))


def _in_target_to(
    scene: Scene, lines: Lines, shape: Shape, rows: Int64[np.ndarray, " n"], tips: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Return how much of each needle runs in the target."""
    short = np.flatnonzero(tips < shape.tip_depth_mm[rows])
    result = np.array(shape.in_target_mm[rows])
    result[short] = _inside(scene.target_occupancy, scene, lines, rows[short], tips[short]).inside_mm
    return result


def _free_to(
    scene: Scene, lines: Lines, rows: Int64[np.ndarray, " n"], tips: Float[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Say which needles keep every margin and enter nothing too often, entry to tip."""
    clearance, entered = clearance_of(scene, lines, rows, tips), entered_of(scene, lines, rows, tips)
    return _obeys(scene, clearance, entered)


def _obeys(
    scene: Scene, clearance_mm: Float[np.ndarray, "n obstacles"], entered: Int32[np.ndarray, "n limits"]
) -> Bool[np.ndarray, " n"]:
    margins = np.array([obstacle.margin_mm for obstacle in scene.rules.obstacles])
    limits = np.array([limit.at_most for limit in scene.rules.crossing_limits], dtype=np.int32)
    return np.asarray((clearance_mm >= margins).all(axis=1) & (entered <= limits).all(axis=1))


def _inside(
    occupancy: np.ndarray,
    scene: Scene,
    lines: Lines,
    rows: Int64[np.ndarray, " n"],
    tips: Float[np.ndarray, " n"],
    *,
    at_most: int = 0,
) -> Stretch:
    """Return where needles run inside a thing, entry to tip."""
    return inside_of(
        occupancy,
        scene,
        starts_lps_mm=lines.entries_lps_mm[rows],
        ways_lps=lines.ways_lps[rows],
        span_mm=np.column_stack([np.zeros(len(rows)), tips]),
        at_most=at_most,
    )


def _ends(
    scene: Scene, lines: Lines, rows: np.ndarray, tips: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
    """Return entries and tips in voxels."""
    entries = lines.entries_lps_mm[rows]
    return voxels(scene, entries), voxels(scene, entries + tips[:, None] * lines.ways_lps[rows])


def clearance_of(
    scene: Scene, lines: Lines, rows: Int64[np.ndarray, " m"], tips: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "m obstacles"]:
    """Return lower bounds of the distance of needle surface and obstacles, entry to tip; below 0 where it crosses.

    Parameters
    ----------
    scene, lines
        Where, and the ways.
    rows, tips
        Which of the lines, and the depth of the tip on each.
    """
    starts, stops = _ends(scene, lines, rows, tips)
    result = np.empty((len(rows), len(scene.rules.obstacles)))
    column = np.empty(len(rows))
    for n, field in enumerate(scene.distance_mm):
        clearances(field, scene.step_mm, starts, stops, 0.0, column)
        result[:, n] = np.maximum(column - scene.rules.needle_radius_mm, -0.001)
    return result


def outside_body_mm(
    scene: Scene, lines: Lines, rows: Int64[np.ndarray, " m"], tips: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    """Return how much of each needle, from just under the skin to the tip, lies outside the body."""
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
    scene: Scene, lines: Lines, rows: Int64[np.ndarray, " m"], tips: Float[np.ndarray, " m"]
) -> Int32[np.ndarray, "m limits"]:
    """Return how often each needle enters each structure with a crossing limit."""
    result = np.empty((len(rows), len(scene.rules.crossing_limits)), np.int32)
    for n, occupancy in enumerate(scene.limited_occupancy):
        result[:, n] = _inside(occupancy, scene, lines, rows, tips).times
    return result

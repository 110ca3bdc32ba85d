"""Needles that are given, by hand or by a picture: the account of each, and which rules it breaks."""

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from trocar.messages import Message
from trocar.optimise.access.lines import Lines, inside_of
from trocar.optimise.access.scene import Scene
from trocar.optimise.access.search import (
    OUT_OF_BODY_MM,
    axial_tilt_deg,
    clearance_of,
    entered_of,
    outside_body_mm,
    shape_of,
    skin_angle_deg,
)
from trocar.plan.access import Accesses, SkinEntries
from trocar.plan.needles import Needle

LENGTH_ROUNDING_MM = 1e-6
"""Lengths are compared up to this."""


def account_needles(scene: Scene, entries: SkinEntries, needles: tuple[Needle, ...]) -> Accesses:
    """Return the accounts of needles, whether they obey the rules or not.

    Parameters
    ----------
    scene
        Target, obstacles and rules.
    entries
        Skin: the normal of the nearest point tells the angle.
    needles
        With entry and tip.
    """
    lines = _lines(entries, needles)
    depth = np.array([needle.length_mm for needle in needles])
    rows = np.arange(len(needles))
    span = np.column_stack([np.zeros(len(needles)), depth])
    target = inside_of(
        scene.target_occupancy, scene, starts_lps_mm=lines.entries_lps_mm, ways_lps=lines.ways_lps, span_mm=span
    )
    rules = scene.rules
    return Accesses(
        entries_lps_mm=lines.entries_lps_mm,
        tips_lps_mm=np.array([needle.tip_lps_mm for needle in needles]).reshape(-1, 3),
        labels=tuple(needle.label for needle in needles),
        in_target_mm=target.inside_mm,
        unserved_mm=np.maximum(shape_of(scene, lines).in_target_mm - target.inside_mm, 0.0),
        skin_angle_deg=skin_angle_deg(lines),
        axial_tilt_deg=axial_tilt_deg(lines),
        clearance_mm=clearance_of(scene, lines, rows, depth),
        entered=entered_of(scene, lines, rows, depth),
        obstacle_names=tuple(obstacle.name for obstacle in rules.obstacles),
        margins_mm=tuple(obstacle.margin_mm for obstacle in rules.obstacles),
        limit_names=tuple(limit.name for limit in rules.crossing_limits),
    )


def _lines(entries: SkinEntries, needles: tuple[Needle, ...]) -> Lines:
    starts = np.array([needle.entry_lps_mm for needle in needles]).reshape(-1, 3)
    ways = np.array([needle.direction_lps for needle in needles]).reshape(-1, 3)
    normals = -ways
    if len(entries) and len(needles):
        normals = entries.normals_lps[cKDTree(entries.points_lps_mm).query(starts)[1]]
    return Lines(entries_lps_mm=starts, ways_lps=ways, normals_lps=normals, labels=())


def broken_by(scene: Scene, accesses: Accesses, row: int, *, number: int) -> tuple[Message, ...]:
    """Return which rules one of some needles breaks; nothing where it obeys them all."""
    return (
        *_too_near(accesses, row, number),
        *_entered(scene, accesses, row, number),
        *_out_of_measure(scene, accesses, row, number),
        *_outside(scene, accesses, row, number),
    )


def _too_near(accesses: Accesses, row: int, number: int) -> list[Message]:
    return [
        Message(
            code="optimise.needle-too-near",
            template="needle {number} passes {clearance_mm:.1f} mm from {name} where {margin_mm:g} mm are asked for",
            data={"number": number, "clearance_mm": max(0.0, float(clear)), "name": name, "margin_mm": margin},
        )
        for name, margin, clear in zip(
            accesses.obstacle_names, accesses.margins_mm, accesses.clearance_mm[row], strict=True
        )
        if clear < margin
    ]


def _entered(scene: Scene, accesses: Accesses, row: int, number: int) -> list[Message]:
    return [
        Message(
            code="optimise.needle-enters",
            template="needle {number} enters {name} {times} times where {at_most} are allowed",
            data={"number": number, "name": limit.name, "times": int(times), "at_most": limit.at_most},
        )
        for limit, times in zip(scene.rules.crossing_limits, accesses.entered[row], strict=True)
        if times > limit.at_most
    ]


def _out_of_measure(scene: Scene, accesses: Accesses, row: int, number: int) -> list[Message]:
    rules = scene.rules
    depth = float(accesses.depth_mm[row])
    found = []
    if depth > min(rules.most_depth_mm, rules.needle_length_mm) + LENGTH_ROUNDING_MM:
        most = min(rules.most_depth_mm, rules.needle_length_mm)
        found.append(
            Message(
                code="optimise.needle-too-deep",
                template="needle {number} goes {depth_mm:.1f} mm deep where {most_mm:g} mm are allowed",
                data={"number": number, "depth_mm": depth, "most_mm": most},
            )
        )
    flat = float(accesses.skin_angle_deg[row])
    if rules.most_skin_angle_deg is not None and flat > rules.most_skin_angle_deg:
        found.append(
            Message(
                code="optimise.needle-too-flat",
                template="needle {number} meets the skin at {angle_deg:.0f}° from straight where {most_deg:g}° are "
                "allowed",
                data={"number": number, "angle_deg": flat, "most_deg": rules.most_skin_angle_deg},
            )
        )
    tilt = float(accesses.axial_tilt_deg[row])
    if rules.most_axial_tilt_deg is not None and tilt > rules.most_axial_tilt_deg:
        found.append(
            Message(
                code="optimise.needle-tilted",
                template="needle {number} leans {angle_deg:.0f}° out of the axial plane where {most_deg:g}° are "
                "allowed",
                data={"number": number, "angle_deg": tilt, "most_deg": rules.most_axial_tilt_deg},
            )
        )
    return found


def _outside(scene: Scene, accesses: Accesses, row: int, number: int) -> list[Message]:
    """Return what is wrong outside the body: the hub in couch or scanner, the needle leaving the body on its way."""
    rules = scene.rules
    entry, way = accesses.entries_lps_mm[row], accesses.directions_lps[row]
    depth = float(accesses.depth_mm[row])
    hub: Float[np.ndarray, "1 3"] = (entry - (rules.needle_length_mm - depth) * way)[None]
    found = []
    if rules.couch is not None and rules.couch.height_mm(hub)[0] < 0:
        found.append(
            Message(
                code="optimise.needle-hub-in-couch",
                template="the outer end of needle {number} would lie in the couch",
                data={"number": number},
            )
        )
    if rules.bore is not None and rules.bore.room_mm(hub)[0] < 0:
        found.append(
            Message(
                code="optimise.needle-hub-in-bore",
                template="the outer end of needle {number} would touch the scanner",
                data={"number": number},
            )
        )
    line = Lines(entries_lps_mm=entry[None], ways_lps=way[None], normals_lps=-way[None], labels=())
    if outside_body_mm(scene, line, np.array([0]), np.array([depth]))[0] > OUT_OF_BODY_MM:
        found.append(
            Message(
                code="optimise.needle-leaves-body",
                template="needle {number} leaves the body on its way and enters it again",
                data={"number": number},
            )
        )
    return found

"""What became of every needle that was looked at: used, offered, allowed or refused, and why."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64

from trocar.messages import Message
from trocar.optimise.access.choose import aims_in, near_aims, thinned
from trocar.optimise.access.explain import rule_tests
from trocar.optimise.access.explanation import failure_message
from trocar.optimise.access.given import account_needles
from trocar.optimise.access.search import shape_of
from trocar.optimise.candidates import segment_distance_mm
from trocar.plan.access import Accesses
from trocar.plan.considered import ConsideredNeedles, Fate
from trocar.plan.needles import Needle
from trocar.workflow.way_in import WayIn

MOST_ALLOWED, MOST_REFUSED = 1500, 500
"""Candidates listed of those that obey every rule and of those that do not: more no planner reads."""

MOST_LOOKED_AT = 20_000
"""Refused ways that are followed to the target: nearly all of free needles reach it."""

SAME_MM = 1e-6
"""Two needles whose ends lie this near are the same."""


def considered_needles(way: WayIn, used: Sequence[Needle]) -> ConsideredNeedles:
    """Return the candidates of a way in with their accounts and fates, the best fate first.

    Parameters
    ----------
    way
        What was looked at.
    used
        Needles of the plan.
    """
    aims = aims_in(way.scene, reach_mm=way.wish.reach_mm)
    offered, numbers = _offered(way.chosen, used)
    allowed = _left_out(way)
    refused, why = _refused(way)
    near_offered, near_allowed, near_refused = (
        near_aims(each, aims, reach_mm=way.wish.reach_mm) for each in (offered, allowed, refused)
    )
    order = np.argsort(-near_allowed.mean(axis=1), kind="stable")
    allowed, near_allowed = allowed.take(order), near_allowed[order]
    reasons = _not_chosen(way, offered, numbers, allowed, near_allowed & ~near_offered.any(axis=0))
    unused = Message(code="workflow.considered-unused", template="the search for seeds did without it")
    return ConsideredNeedles(
        accesses=_joined(offered, allowed, refused),
        served_percent=100.0 * np.concatenate([near_offered, near_allowed, near_refused]).mean(axis=1),
        fates=(
            *(Fate.USED if number else Fate.OFFERED for number in numbers),
            *[Fate.ALLOWED] * len(allowed),
            *[Fate.REFUSED] * len(refused),
        ),
        numbers=(*numbers, *[0] * (len(allowed) + len(refused))),
        reasons=(*(() if number else (unused,) for number in numbers), *reasons, *why),
        reach_mm=way.wish.reach_mm,
        farthest_mm=way.scene.reach_mm - way.scene.rules.needle_radius_mm,
        tried=way.search.tried,
        allowed=len(way.search.accesses),
    )


def _offered(chosen: Accesses, used: Sequence[Needle]) -> tuple[Accesses, tuple[int, ...]]:
    """Return the needles offered to the search, those in use first by number, and the numbers; 0 of those not used."""
    ends = np.hstack([chosen.entries_lps_mm, chosen.tips_lps_mm])
    numbers = np.zeros(len(chosen), np.int64)
    for needle in used:
        away = np.abs(ends - np.concatenate([needle.entry_lps_mm, needle.tip_lps_mm])).max(axis=1)
        numbers[away <= SAME_MM] = needle.number
    order = np.argsort(np.where(numbers > 0, numbers, np.iinfo(np.int64).max), kind="stable")
    return chosen.take(order), tuple(int(number) for number in numbers[order])


def _left_out(way: WayIn) -> Accesses:
    """Return the candidates that obey every rule and were not chosen; of many the safest of each neighbourhood."""
    ends = np.hstack([way.search.accesses.entries_lps_mm, way.search.accesses.tips_lps_mm])
    left = np.ones(len(ends), np.bool_)
    for chosen in np.hstack([way.chosen.entries_lps_mm, way.chosen.tips_lps_mm]):
        like = np.flatnonzero(np.abs(ends[:, 0] - chosen[0]) <= SAME_MM)
        left[like[(np.abs(ends[like] - chosen) <= SAME_MM).all(axis=1)]] = False
    return thinned(way.search.accesses.take(np.flatnonzero(left)), most=MOST_ALLOWED)


def _refused(way: WayIn) -> tuple[Accesses, list[tuple[Message, ...]]]:
    """Return candidates that reach the target but break a rule, followed to its far border, and what they break."""
    scene, lines = way.scene, way.search.lines
    broken = np.ones(len(lines), np.bool_)
    broken[way.search.rows] = False
    rows = _some(np.flatnonzero(broken), MOST_LOOKED_AT)
    shape = shape_of(scene, lines.take(rows))
    rows = _some(rows[np.isfinite(shape.tip_depth_mm)], MOST_REFUSED)
    some = lines.take(rows)
    shape = shape_of(scene, some)
    tests = rule_tests(scene, some, shape, np.arange(len(some)))
    why = [
        tuple(
            failure_message(test.rule, name=test.name, given=test.given, needed=float(test.needed[row]))
            for test in tests
            if test.failed[row]
        )
        for row in range(len(some))
    ]
    tips = some.entries_lps_mm + shape.tip_depth_mm[:, None] * some.ways_lps
    labels = some.labels or ("",) * len(some)
    needles = tuple(
        Needle(number=row + 1, entry_lps_mm=some.entries_lps_mm[row], tip_lps_mm=tips[row], label=labels[row])
        for row in range(len(some))
    )
    return account_needles(scene, way.entries, needles), why


def _some(rows: Int64[np.ndarray, " n"], most: int) -> Int64[np.ndarray, " m"]:
    """Return all rows, or of too many every n-th."""
    return rows[:: max(-(-len(rows) // most), 1)]


def _not_chosen(
    way: WayIn,
    offered: Accesses,
    numbers: tuple[int, ...],
    allowed: Accesses,
    brings: Bool[np.ndarray, "n m"],
) -> list[tuple[Message, ...]]:
    """Return why candidates that obey every rule were not chosen."""
    nearest, gap_mm = _nearest(offered, allowed)
    return [
        (_too_near(way.wish.spacing_mm, numbers[nearest[row]]) if gap_mm[row] < way.wish.spacing_mm else _adds(new),)
        for row, new in enumerate(brings.mean(axis=1))
    ]


def _nearest(offered: Accesses, allowed: Accesses) -> tuple[Int64[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return the chosen needle that each candidate comes nearest to, and how near, anywhere between skin and tip."""
    shape = allowed.entries_lps_mm.shape
    gaps = np.array(
        [
            segment_distance_mm(
                np.broadcast_to(entry, shape), np.broadcast_to(tip, shape), allowed.entries_lps_mm, allowed.tips_lps_mm
            )
            for entry, tip in zip(offered.entries_lps_mm, offered.tips_lps_mm, strict=True)
        ]
    )
    return gaps.argmin(axis=0), gaps.min(axis=0)


def _too_near(spacing_mm: float, number: int) -> Message:
    if number:
        return Message(
            code="workflow.considered-near-needle",
            template="nearer than {spacing_mm:g} mm to needle {number}",
            data={"spacing_mm": spacing_mm, "number": number},
        )
    return Message(
        code="workflow.considered-near-other",
        template="nearer than {spacing_mm:g} mm to another needle that was offered",
        data={"spacing_mm": spacing_mm},
    )


def _adds(share: float) -> Message:
    if share > 0:
        return Message(
            code="workflow.considered-elsewhere",
            template="would add {percent:.1f} % of the target; the chosen needles serve more together",
            data={"percent": 100.0 * share},
        )
    return Message(
        code="workflow.considered-served", template="serves nothing that the chosen needles do not serve already"
    )


def _joined(*parts: Accesses) -> Accesses:
    """Return several lists of candidates as one."""
    names = ("in_target_mm", "unserved_mm", "skin_angle_deg", "axial_tilt_deg", "clearance_mm", "entered")
    first = parts[0]
    return Accesses(
        entries_lps_mm=np.concatenate([each.entries_lps_mm for each in parts]),
        tips_lps_mm=np.concatenate([each.tips_lps_mm for each in parts]),
        labels=tuple(label for each in parts for label in each.labels),
        obstacle_names=first.obstacle_names,
        margins_mm=first.margins_mm,
        limit_names=first.limit_names,
        **{name: np.concatenate([getattr(each, name) for each in parts]) for name in names},
    )

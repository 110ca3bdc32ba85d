"""Needles as placed against needles as planned: which is which, and how far off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from trocar.geometry.value import Value
from trocar.plan.needles import Needle

NEVER_MM = 1.0e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement(Value):
    """One planned needle and how it was placed.

    Parameters
    ----------
    planned, placed
        The same needle twice; the placed one carries the planned number and label.
    entry_off_mm, tip_off_mm
        Distance of the entries and of the tips.
    angle_deg
        Between the directions.
    depth_off_mm
        Placed depth less planned depth.
    lateral_tip_off_mm
        Distance of the placed tip from the planned needle's line.
    """

    planned: Needle
    placed: Needle
    entry_off_mm: float
    tip_off_mm: float
    angle_deg: float
    depth_off_mm: float
    lateral_tip_off_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacementReview(Value):
    """All needles sorted out.

    Parameters
    ----------
    placements
        By number.
    not_placed
        Planned needles that no placed one matches.
    not_planned
        Placed needles that no planned one matches, as given.
    """

    placements: tuple[Placement, ...]
    not_placed: tuple[Needle, ...]
    not_planned: tuple[Needle, ...]


def compare_placement(
    planned: Sequence[Needle], placed: Sequence[Needle], *, within_mm: float, within_deg: float
) -> PlacementReview:
    """Return which placed needle is which planned one: the pairing with the least total distance.

    Parameters
    ----------
    planned, placed
        In one frame of reference.
    within_mm
        Pairs whose mean of entry and tip distance is larger are no pairs.
    within_deg
        Nor are pairs with a larger angle.
    """
    cost = np.full((len(planned), len(placed)), NEVER_MM)
    for row, plan in enumerate(planned):
        for column, place in enumerate(placed):
            each = _placement(plan, place)
            off = 0.5 * (each.entry_off_mm + each.tip_off_mm)
            if off <= within_mm and each.angle_deg <= within_deg:
                cost[row, column] = off
    rows, columns = linear_sum_assignment(cost)
    pairs = [(row, column) for row, column in zip(rows, columns, strict=True) if cost[row, column] < NEVER_MM]
    paired_rows, paired_columns = {row for row, _ in pairs}, {column for _, column in pairs}
    placements = [_placement(planned[row], placed[column]) for row, column in pairs]
    return PlacementReview(
        placements=tuple(sorted(placements, key=lambda each: each.planned.number)),
        not_placed=tuple(each for n, each in enumerate(planned) if n not in paired_rows),
        not_planned=tuple(each for n, each in enumerate(placed) if n not in paired_columns),
    )


def _placement(planned: Needle, placed: Needle) -> Placement:
    renamed = Needle(
        number=planned.number, entry_lps_mm=placed.entry_lps_mm, tip_lps_mm=placed.tip_lps_mm, label=planned.label
    )
    cosine = float(np.clip(planned.direction_lps @ placed.direction_lps, -1.0, 1.0))
    off = placed.tip_lps_mm - planned.entry_lps_mm
    lateral = off - (off @ planned.direction_lps) * planned.direction_lps
    return Placement(
        planned=planned,
        placed=renamed,
        entry_off_mm=float(np.linalg.norm(placed.entry_lps_mm - planned.entry_lps_mm)),
        tip_off_mm=float(np.linalg.norm(placed.tip_lps_mm - planned.tip_lps_mm)),
        angle_deg=float(np.degrees(np.arccos(cosine))),
        depth_off_mm=placed.length_mm - planned.length_mm,
        lateral_tip_off_mm=float(np.linalg.norm(lateral)),
    )

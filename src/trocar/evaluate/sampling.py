"""Sampling of a dose over a region: more densely where less volume shares the dose.

The region is covered by boxes. A rough dose in each box tells how much volume is hotter and how much is colder; a box
in which little volume is left on one side is cut in two along its long axes, again and again. Then fresh points are
drawn, one in each octant of every box, so that the tails of the DVH, down to a smallest volume, are
described by more points than their volume would get. Because the rough doses decide only where points are drawn and
are not used otherwise, the result has no bias, whatever they were. See docs/theory/dvh.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from trocar.errors import EvaluateError
from trocar.evaluate.kernels import classify_boxes, scatter_points
from trocar.geometry.affine import apply_affine
from trocar.geometry.kernels.stacks import EMPTY, FULL
from trocar.geometry.region import Between, EndCap, Region
from trocar.units import mm3_from_cc

DoseAt = Callable[[Float[np.ndarray, "n 3"]], Float[np.ndarray, " n"]]
"""Dose in Gy at points in LPS mm; NaN where no dose is known."""

REPLICATES = 8
"""Interleaved parts of the sample, whose spread gives the standard error."""

TAIL_POWER = 2.0 / 3.0
"""The volume a point stands for falls with this power of the tail volume: 0 is uniform, 1 is alike for all tails."""

POINTS_PER_BOX = 8
"""One in each octant."""

DIVIDED_ABOVE = 8.0**1.5
"""A box is divided if it would need more points than this: the geometric mean of one box's 8 and its children's 64."""

DEEPEST = 20
"""Times a box may be divided: a millionth of its edge."""

POINTS_AT_ONCE = 131_072
"""Points for which the dose is asked in one call; bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Points inside a region, the volume each stands for, and their doses.

    Parameters
    ----------
    points_lps_mm, dose_gy, weight_mm3
        One entry a point.
    replicate
        Which of the interleaved parts, 0 to 7, it belongs to.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    dose_gy: Float[np.ndarray, " n"]
    weight_mm3: Float[np.ndarray, " n"]
    replicate: Int[np.ndarray, " n"]


def sample_region(region: Region, dose_at: DoseAt, *, points: int, smallest_cc: float) -> Samples:
    """Return doses at points that are densest in the hottest and the coldest parts of a region.

    Parameters
    ----------
    region
        Where.
    dose_at
        Asked for at most 131 072 points at a time.
    points
        About how many, if no box needs more than its share.
    smallest_cc
        Volume below which a tail is not refined further.
    """
    whole = np.array([region.volume_mm3])
    boxes = _first_boxes(region, float(_share_mm3(whole, region.volume_mm3, points)[0]))
    boxes, state = _divided(region, boxes, dose_at, points=points, smallest_mm3=mm3_from_cc(smallest_cc))
    total = POINTS_PER_BOX * len(boxes)
    places, weight = np.empty((total, 3)), np.empty(total)
    replicate = np.empty(total, np.int64)
    kept = scatter_points(region.stack, region.lps_from_uvw, boxes, state, places, weight, replicate, *_choices(region))
    return Samples(
        points_lps_mm=places[:kept],
        dose_gy=doses(dose_at, places[:kept]),
        weight_mm3=weight[:kept],
        replicate=replicate[:kept],
    )


def doses(dose_at: DoseAt, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Return the doses at many points, asked for in pieces; NaN where none is known.

    Raises
    ------
    EvaluateError
        The source of the dose gave something else than one number a point, or an infinite one.
    """
    dose = np.empty(len(points_lps_mm))
    for start in range(0, len(points_lps_mm), POINTS_AT_ONCE):
        piece = points_lps_mm[start : start + POINTS_AT_ONCE]
        given = np.asarray(dose_at(piece))
        if given.shape != (len(piece),) or np.isinf(given).any():
            raise EvaluateError(
                "evaluate.dose-not-a-number",
                "the dose at {points} points came as an array of shape {shape} with {infinite} infinite values; one "
                "finite number of Gy a point is needed, or NaN where no dose is known",
                points=len(piece),
                shape=given.shape,
                infinite=int(np.isinf(given).sum()),
            )
        dose[start : start + POINTS_AT_ONCE] = given
    return dose


def _choices(region: Region) -> tuple[bool, bool]:
    return region.between is Between.SHAPE, region.end_cap is EndCap.ROUNDED


def _first_boxes(region: Region, share_mm3: float) -> np.ndarray:
    """Return boxes of nearly equal edges that cover the region, their faces on slab faces where slabs are thick."""
    edge = float(np.cbrt(POINTS_PER_BOX * share_mm3))
    parts = []
    for low_w, high_w, planes in _layers(region, edge):
        corners = np.concatenate([polygon for p in planes for polygon in region.planes[p].polygons_uv_mm])
        cuts = [_cut(corners[:, a].min(), corners[:, a].max(), edge) for a in (0, 1)]
        cuts.append(_cut(low_w, high_w, edge))
        low = np.stack(np.meshgrid(*[each[:-1] for each in cuts], indexing="ij"), axis=-1).reshape(-1, 3)
        high = np.stack(np.meshgrid(*[each[1:] for each in cuts], indexing="ij"), axis=-1).reshape(-1, 3)
        parts.append(np.stack([low, high], axis=-1).reshape(-1, 6))
    return np.concatenate(parts)


def _cut(low: float, high: float, edge: float) -> np.ndarray:
    return np.linspace(low, high, 1 + max(1, int(np.ceil((high - low) / edge - 1e-9))))


def _layers(region: Region, edge: float) -> list[tuple[float, float, range]]:
    """Return stretches of w with the planes whose outlines matter there; thin slabs are taken together."""
    low, high = region.stack.low, region.stack.high
    layers: list[tuple[float, float, range]] = []
    first = 0
    for p in range(len(low)):
        last_of_run = p + 1 == len(low) or low[p + 1] > high[p]
        if last_of_run or high[p] - low[first] >= 0.75 * edge:
            reach = 1 if region.between is Between.SHAPE else 0
            planes = range(max(0, first - reach), min(len(low), p + 1 + reach))
            layers.append((float(low[first]), float(high[p]), planes))
            first = p + 1
    return layers


def _divided(
    region: Region, boxes: np.ndarray, dose_at: DoseAt, *, points: int, smallest_mm3: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes divided as far as needed, and which of them are full."""
    state, dose = _examined(region, boxes, dose_at)
    for depth in range(DEEPEST + 1):
        kept = state != EMPTY
        boxes, state, dose = boxes[kept], state[kept], dose[kept]
        volume = np.prod(boxes[:, 1::2] - boxes[:, ::2], axis=1)
        tail = _tail_volume(dose, np.where(state == FULL, volume, 0.5 * volume))
        share = _share_mm3(np.maximum(tail, smallest_mm3), region.volume_mm3, points)
        large = volume > DIVIDED_ABOVE * share
        if not large.any() or depth == DEEPEST:
            break
        children = _halved(boxes[large])
        child_state, child_dose = _examined(region, children, dose_at)
        boxes = np.concatenate([boxes[~large], children])
        state = np.concatenate([state[~large], child_state])
        dose = np.concatenate([dose[~large], child_dose])
    return boxes, state


def _share_mm3(tail_mm3: np.ndarray, volume_mm3: float, points: int) -> np.ndarray:
    """Return the volume each point shall stand for: c (2 tail / volume)^p, with c such that the points add up."""
    middle = volume_mm3 / (points * (1.0 - TAIL_POWER))
    share: np.ndarray = middle * np.minimum(1.0, 2.0 * tail_mm3 / volume_mm3) ** TAIL_POWER
    return share


def _examined(region: Region, boxes: np.ndarray, dose_at: DoseAt) -> tuple[np.ndarray, np.ndarray]:
    state = np.empty(len(boxes), np.int64)
    classify_boxes(region.stack, boxes, state, *_choices(region))
    dose = np.zeros(len(boxes))
    middle = 0.5 * (boxes[:, ::2] + boxes[:, 1::2])[state != EMPTY]
    dose[state != EMPTY] = np.nan_to_num(doses(dose_at, apply_affine(region.lps_from_uvw, middle)), nan=0.0)
    return state, dose


def _tail_volume(dose: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Return for each box the volume at least as hot, or at most as hot, as it: the smaller of the two."""
    order = np.argsort(dose)
    rising = dose[order]
    below = np.concatenate([[0.0], np.cumsum(volume[order])])
    colder = below[np.searchsorted(rising, dose, side="right")]
    hotter = below[-1] - below[np.searchsorted(rising, dose, side="left")]
    tail: np.ndarray = np.minimum(colder, hotter)
    return tail


def _halved(boxes: np.ndarray) -> np.ndarray:
    """Return each box cut in two along every axis that is longer than half its longest one."""
    low, high = boxes[:, ::2], boxes[:, 1::2]
    size = high - low
    long = size > 0.5 * size.max(axis=1, keepdims=True)
    middle = np.where(long, 0.5 * (low + high), high)
    parts = []
    for upper in np.ndindex(2, 2, 2):
        chosen = np.array(upper, dtype=bool)
        exists = (long | ~chosen).all(axis=1)
        part = np.stack([np.where(chosen, middle, low), np.where(chosen, high, middle)], axis=-1)
        parts.append(part.reshape(-1, 6)[exists])
    return np.concatenate(parts)

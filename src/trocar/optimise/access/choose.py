"""Choose needles from many candidates: few, safe, apart along their whole length, and near every part of the target."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.geometry.value import Value
from trocar.optimise.access.free import lattice_in
from trocar.optimise.access.scene import Scene
from trocar.optimise.candidates import segment_distance_mm
from trocar.plan.access import Accesses

MOST_CANDIDATES = 3000
"""Of more candidates than this the safest of each neighbourhood are looked at."""

LEAST_GAIN = 0.003
"""A needle that brings less than this share of the target within reach is not worth a puncture."""

FAN_DEG, MOST_FANS = 20.0, 10
"""Half opening of a bundle of nearly parallel needles, and how many bundles are tried."""

CELL_KEYS = np.array([1, 2_003, 4_012_009, 8_036_054_027, 16_096_216_216_081, 32_240_720_780_810_243])
"""Six whole coordinates below a thousand become one number: cells are sorted by that, not row by row."""

GENTLE = 0.35
"""How much of its worth the riskiest candidate loses against the safest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection(Value):
    """Needles chosen.

    Parameters
    ----------
    accesses
        The chosen candidates, in the order in which they were chosen.
    covered
        Share of the target within reach of at least one.
    uncovered_lps_mm
        Points of the target that no chosen needle reaches.
    """

    accesses: Accesses
    covered: float
    uncovered_lps_mm: Float[np.ndarray, "n 3"]


def select_needles(
    scene: Scene,
    candidates: Accesses,
    *,
    reach_mm: float,
    spacing_mm: float,
    times: int = 1,
    most: int | None = None,
) -> Selection:
    """Return needles that together come near every part of the target.

    One needle after the other: the one that brings most of what is not yet covered within reach, weighed by its risk;
    needles nearer than ``spacing_mm`` to a chosen one anywhere between skin and tip fall away. This is done with all
    candidates and with narrow fans of directions, since nearly parallel needles leave room for one another; what covers
    most with fewest needles is returned.

    Parameters
    ----------
    scene
        With the target.
    candidates
        Needles that obey every rule.
    reach_mm
        A part of the target is covered if a needle passes within this distance.
    spacing_mm
        Least distance between the axes of two needles.
    times
        How often each part is to be covered: 1 gives needles to use, more gives an optimiser a choice.
    most
        Largest number of needles; None for as many as it takes.
    """
    aims = aims_in(scene, reach_mm=reach_mm)
    limit = most if most is not None else len(candidates)
    best = _Try(accesses=candidates.take(np.empty(0)), near=np.zeros((0, len(aims)), np.bool_))
    for bundle in (candidates, *_fans(candidates)):
        pool = thinned(bundle, most=MOST_CANDIDATES)
        near = near_aims(pool, aims, reach_mm=reach_mm)
        rows = _greedy(pool, near, times=times, spacing_mm=spacing_mm, most=limit)
        new = _Try(accesses=pool.take(np.asarray(rows)), near=near[rows])
        if new.worth(times) > best.worth(times):
            best = new
    reached = best.near.any(axis=0)
    return Selection(accesses=best.accesses, covered=float(reached.mean()), uncovered_lps_mm=aims[~reached])


def aims_in(scene: Scene, *, reach_mm: float) -> Float[np.ndarray, "m 3"]:
    """Return the points of the target that needles are to come near."""
    return lattice_in(scene.target, spacing_mm=0.6 * reach_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """Some needles, and which aims each is near."""

    accesses: Accesses
    near: Bool[np.ndarray, "n m"]

    def worth(self, times: int) -> tuple[float, int]:
        """Return how much of the wanted covering is given, rounded as a trifle is worth no needle; then few needles."""
        given = np.minimum(self.near.sum(axis=0), times).mean() / times
        return round(float(given), 2), -len(self.accesses)


def risk(candidates: Accesses) -> Float[np.ndarray, " n"]:
    """Return a risk from 0 (best of these) to 1: half by slack beyond margins, a quarter each by depth and angle."""
    slack = np.clip(candidates.slack_mm, 0, 15) / 15
    depth = candidates.depth_mm
    depth = (depth - depth.min(initial=np.inf)) / max(float(np.ptp(depth)) if len(depth) else 0.0, 1.0)
    return np.asarray(0.5 * (1 - slack) + 0.25 * depth + 0.25 * np.clip(candidates.skin_angle_deg / 90, 0, 1))


def thinned(candidates: Accesses, *, most: int) -> Accesses:
    """Return the candidates, the safest first; of too many the safest of each neighbourhood of entry and tip."""
    if len(candidates) <= most:
        return candidates.take(np.argsort(risk(candidates), kind="stable"))
    edge = 1.0
    order = np.argsort(risk(candidates), kind="stable")
    ends = np.hstack([candidates.entries_lps_mm, candidates.tips_lps_mm])
    while len(order) > most:
        cell = np.floor(ends[order] / edge).astype(np.int64) @ CELL_KEYS
        _, first = np.unique(cell, return_index=True)
        order = order[np.sort(first)]
        edge *= 1.25
    return candidates.take(order)


def _fans(candidates: Accesses) -> Iterator[Accesses]:
    """Yield bundles of nearly parallel candidates about main directions that lie as far from one another as can be."""
    if not len(candidates):
        return
    directions = candidates.directions_lps
    near = np.cos(np.radians(FAN_DEG))
    centre = 0
    closest = np.full(len(candidates), -1.0)
    for _ in range(MOST_FANS):
        along = directions @ directions[centre]
        yield candidates.take(np.flatnonzero(along >= near))
        closest = np.maximum(closest, along)
        centre = int(np.argmin(closest))
        if closest[centre] >= near:
            return


def near_aims(pool: Accesses, aims: Float[np.ndarray, "m 3"], *, reach_mm: float) -> Bool[np.ndarray, "n m"]:
    """Return which aims each needle passes within reach."""
    ways = pool.directions_lps
    offset = aims @ ways.T - np.einsum("ij,ij->i", pool.entries_lps_mm, ways)
    along = np.clip(offset, 0.0, pool.depth_mm)
    square = (aims**2).sum(axis=1)[:, None] - 2 * aims @ pool.entries_lps_mm.T + (pool.entries_lps_mm**2).sum(axis=1)
    return np.asarray((square - 2 * along * offset + along**2 <= reach_mm**2).T)


def _greedy(pool: Accesses, near: Bool[np.ndarray, "n m"], *, times: int, spacing_mm: float, most: int) -> list[int]:
    weight = 1 - GENTLE * risk(pool)
    counted = near.astype(np.float32)
    allowed = np.ones(len(pool), np.bool_)
    left = np.full(near.shape[1], times)
    entries, tips = pool.entries_lps_mm, pool.tips_lps_mm
    chosen: list[int] = []
    while len(chosen) < most and allowed.any():
        gain = counted @ (left > 0).astype(np.float32)
        best = int(np.argmax(np.where(allowed, gain * weight, -1.0)))
        if gain[best] < max(1.0, LEAST_GAIN * len(left)):
            break
        chosen.append(best)
        left -= near[best] & (left > 0)
        one = np.broadcast_to(entries[best], entries.shape), np.broadcast_to(tips[best], tips.shape)
        allowed &= segment_distance_mm(*one, entries, tips) >= spacing_mm
    return chosen

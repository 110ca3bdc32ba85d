"""Candidate positions: where in which needle a seed might go, and which of them exclude each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int32
from scipy.spatial import cKDTree

from trocar.errors import OptimiseError
from trocar.geometry.value import Value, frozen_array
from trocar.plan.needles import Needle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates(Value):
    """Places for seeds.

    Parameters
    ----------
    positions_lps_mm
        Centre of each seed.
    axes_lps
        Direction of its needle, unit length.
    needle
        Which needle, counted from 0 in the order given.
    depth_mm
        Distance of the centre from the entry along the needle.
    """

    positions_lps_mm: Float[np.ndarray, "n 3"]
    axes_lps: Float[np.ndarray, "n 3"]
    needle: Int32[np.ndarray, " n"]
    depth_mm: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        for name in ("positions_lps_mm", "axes_lps", "depth_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))
        object.__setattr__(self, "needle", frozen_array(self.needle, np.int32))

    def __len__(self) -> int:
        return len(self.needle)


def candidates_in_needles(
    needles: Sequence[Needle],
    *,
    step_mm: float,
    seed_length_mm: float,
    tip_to_seed_mm: float,
    allowed: Callable[[Float[np.ndarray, "n 3"]], Bool[np.ndarray, " n"]],
) -> Candidates:
    """Return the places in needles where a whole seed lies in the allowed region.

    Parameters
    ----------
    needles
        The way in.
    step_mm
        Distance between neighbouring places, positive; counted from the tip.
    seed_length_mm
        Length of the seed: both its ends and its middle must be allowed.
    tip_to_seed_mm
        Distance from the needle's tip to the centre of the deepest seed it can drop.
    allowed
        Which of many points (n, 3) a seed may touch.

    Raises
    ------
    OptimiseError
        No place is left.
    """
    if not (step_mm > 0 and seed_length_mm > 0 and tip_to_seed_mm >= 0):
        raise OptimiseError(
            "optimise.step-not-positive",
            "a step of {step_mm} mm, a seed length of {seed_length_mm} mm and {tip_to_seed_mm} mm from tip to seed "
            "were given; the first two must be above 0 and the third 0 or more",
            step_mm=step_mm,
            seed_length_mm=seed_length_mm,
            tip_to_seed_mm=tip_to_seed_mm,
        )
    depths = [_depths(needle, step_mm=step_mm, tip_to_seed_mm=tip_to_seed_mm) for needle in needles]
    number = np.repeat(np.arange(len(needles), dtype=np.int32), [len(each) for each in depths])
    depth = np.concatenate([*depths, np.empty(0)])
    entry = np.array([needle.entry_lps_mm for needle in needles]).reshape(-1, 3)
    way = np.array([needle.direction_lps for needle in needles]).reshape(-1, 3)
    centre = entry[number] + depth[:, None] * way[number]
    half = 0.5 * seed_length_mm * way[number]
    inside = np.ones(len(depth), np.bool_)
    for points in (centre, centre - half, centre + half):
        inside[inside] = allowed(points[inside])
    if not inside.any():
        raise OptimiseError(
            "optimise.no-place-for-a-seed",
            "none of {places} places in {needles} needles lies in the allowed region; "
            "add needles that reach the target, or widen the region",
            places=len(depth),
            needles=len(needles),
        )
    return Candidates(
        positions_lps_mm=centre[inside],
        axes_lps=way[number][inside],
        needle=number[inside],
        depth_mm=depth[inside],
    )


def _depths(needle: Needle, *, step_mm: float, tip_to_seed_mm: float) -> Float[np.ndarray, " n"]:
    deepest = needle.length_mm - tip_to_seed_mm
    count = max(0, int(np.floor(deepest / step_mm)) + 1) if deepest >= 0 else 0
    return np.asarray(deepest - step_mm * np.arange(count, dtype=np.float64))


def touching_pairs(
    candidates: Candidates, *, seed_length_mm: float, seed_diameter_mm: float
) -> Int32[np.ndarray, "pairs 2"]:
    """Return pairs of candidates in different needles whose seeds would overlap.

    Seeds are taken as cylinders with round ends: two overlap if their axes come closer than a diameter.
    """
    tree = cKDTree(candidates.positions_lps_mm)
    pairs = tree.query_pairs(seed_length_mm + seed_diameter_mm, output_type="ndarray")
    pairs = pairs[candidates.needle[pairs[:, 0]] != candidates.needle[pairs[:, 1]]]
    core = 0.5 * max(0.0, seed_length_mm - seed_diameter_mm) * candidates.axes_lps
    low, high = candidates.positions_lps_mm - core, candidates.positions_lps_mm + core
    a, b = pairs[:, 0], pairs[:, 1]
    gap_mm = segment_distance_mm(low[a], high[a], low[b], high[b])
    return np.asarray(pairs[gap_mm < seed_diameter_mm], np.int32).reshape(-1, 2)


def crossing_needles(needles: Sequence[Needle], *, spacing_mm: float) -> Int32[np.ndarray, "pairs 2"]:
    """Return pairs of needles whose axes come closer than ``spacing_mm`` anywhere between skin and tip."""
    first, second = np.triu_indices(len(needles), 1)
    entry = np.array([needle.entry_lps_mm for needle in needles]).reshape(-1, 3)
    tip = np.array([needle.tip_lps_mm for needle in needles]).reshape(-1, 3)
    gap_mm = segment_distance_mm(entry[first], tip[first], entry[second], tip[second])
    close = gap_mm < spacing_mm
    return np.stack([first[close], second[close]], axis=1).astype(np.int32)


def segment_distance_mm(
    start_a: Float[np.ndarray, "n 3"],
    stop_a: Float[np.ndarray, "n 3"],
    start_b: Float[np.ndarray, "n 3"],
    stop_b: Float[np.ndarray, "n 3"],
) -> Float[np.ndarray, " n"]:
    """Return the least distance between pairs of straight segments.

    References
    ----------
    Ericson C. Real-Time Collision Detection, 2005, section 5.1.9.
    """
    u, v, w = stop_a - start_a, stop_b - start_b, start_a - start_b
    a, e = _dot(u, u), _dot(v, v)
    b, c, f = _dot(u, v), _dot(u, w), _dot(v, w)
    tiny = 1e-12
    determinant = a * e - b * b
    parallel = determinant <= tiny * np.maximum(a * e, tiny)
    s = np.where(parallel, 0.0, np.clip((b * f - c * e) / np.where(parallel, 1.0, determinant), 0.0, 1.0))
    t = (b * s + f) / np.where(e > tiny, e, 1.0)
    t_clipped = np.where(e > tiny, np.clip(t, 0.0, 1.0), 0.0)
    s = np.where(a > tiny, np.clip((b * t_clipped - c) / np.where(a > tiny, a, 1.0), 0.0, 1.0), 0.0)
    gap: np.ndarray = w + s[:, None] * u - t_clipped[:, None] * v
    return np.asarray(np.linalg.norm(gap, axis=1))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("ij,ij->i", a, b))

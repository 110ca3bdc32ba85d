"""Needles on a CT taken with the needles in: bright straight tracks, found one after the other, corrected by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt, find_objects, label

from trocar.errors import ImagingError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.rod_fit import across_in_slice, laid_on_picture, slices_of
from trocar.imaging.track_fit import Cloud, Track, best_track, local_middles, stretched
from trocar.plan.needles import Needle

METAL_HU, UP_TO_SLICE_MM = 1600.0, 3.0
"""Metal is brighter in slices up to this thickness; cortical bone, contrast medium and calcifications rarely are. A
needle that leans across thicker slices fills less of each, and the level falls with their thickness."""

SQUEEZED_TO_MM, THICK_SLICE_MM = 2.5, 3.5
"""Thicker slices are brought the first near together for the search; beyond the second, tracks look like stairs."""

RIM_MM, MOST_RIM = 2.8, 0.4
"""Circle about a track just outside its bloom, and how much of it may be metal: other needles, not bone."""

THICK_MM = 4.0
"""Metal deeper than this below its own surface is no needle, however much it blooms."""

SHORTEST_MM = 25.0
"""A shorter bright streak is a clip, a seed or a tooth."""

LEAST_INSIDE_MM = 10.0
"""A track with less of it inside the body is no needle in the patient."""

ENDS_STEP_MM = 0.25
TIP_DISC_MM = 0.8
MOST_BLOOM_MM = 1.0
"""Blooming moves a tip by no more than this; a track that looks thicker is blurred by thick slices."""

SKIN_RING_MM = 8.0
"""The skin is looked for this far around a needle: on the needle itself its metal hides the skin."""

SAME_DEG, SAME_MM = 12.0, 4.0
"""Two tracks this alike are one needle."""

FOLLOWED_MM = 200.0
"""A track is followed this far beyond the voxels it was found by."""

AHEAD_MM, AHEAD_SHARE = 12.0, 0.4
"""A track ends where less than this share of so much ahead is bright."""

DIM_SHARE, OUTSIDE_MM, OUTSIDE_HU = 0.6, (2.0, 12.0), -300.0
"""A needle between two slices fills half of each. What is brighter than this share of the level only is taken for a
needle where it stands out of the skin, brighter than air all along the stretch: bone and contrast medium never do."""

LAID_TIMES, LONGER_MM = 8, 2.0
"""The first fit sees as much of a needle as the search did, the next as much as the first showed to be there, until
that is hardly longer."""

END_SHARE = 0.45
"""A track is bright above this share of its usual brightness: how far it is brighter than what lies beside it, for in
lung and in air metal that fills a part of a voxel is darker."""

BESIDE_MM = np.array([-5.5, -4.5, -3.5, 3.5, 4.5, 5.5])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundNeedle(Value):
    """A needle as the picture shows it.

    Parameters
    ----------
    entry_lps_mm
        Where it crosses the skin; its outer end where the picture shows no crossing.
    tip_lps_mm
        Its inner end.
    outer_lps_mm
        Its visible outer end.
    mean_hu
        Along the track, above what lies beside it.
    spread_mm
        Root mean square distance of its bright voxels from the line.
    bend_mm
        Largest departure of the track's middle line from straight.
    by_hand
        Whether a person set it.
    """

    entry_lps_mm: Float[np.ndarray, " 3"]
    tip_lps_mm: Float[np.ndarray, " 3"]
    outer_lps_mm: Float[np.ndarray, " 3"]
    mean_hu: float
    spread_mm: float
    bend_mm: float
    by_hand: bool = False

    def __post_init__(self) -> None:
        for name in ("entry_lps_mm", "tip_lps_mm", "outer_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    def height_doubt_mm(self, grid: Grid) -> float:
        """Return how far across the slices of its scan it may lie from here: within one slice that does not show."""
        if self.by_hand:
            return 0.0
        normal, slice_mm = slices_of(grid)
        return 0.5 * max(slice_mm - abs(float((self.tip_lps_mm - self.outer_lps_mm) @ normal)), 0.0)

    def needle(self, *, number: int, label: str = "") -> Needle:
        """Return it as a needle of a plan."""
        return Needle(number=number, entry_lps_mm=self.entry_lps_mm, tip_lps_mm=self.tip_lps_mm, label=label)


def find_needles(
    scan: Volume,
    body: Volume,
    *,
    needle_radius_mm: float,
    most: int = 60,
    metal_hu: float | None = None,
) -> tuple[FoundNeedle, ...]:
    """Return every straight metal track that enters the body, the longest first.

    Parameters
    ----------
    scan
        CT in HU with the needles in.
    body
        Share of each voxel inside the body, or a mask; see `trocar.imaging.skin.find_body`. Needles in the scan do not
        disturb it.
    needle_radius_mm
        Outer radius of the needles: metal blooms, and the tip is set back by as much as the track is too thick.
    most
        Largest number of needles looked for.
    metal_hu
        What is brighter is metal; chosen by the slice thickness where None.

    Raises
    ------
    ImagingError
        Not HU.
    """
    if scan.quantity is not Quantity.HOUNSFIELD:
        raise ImagingError(
            "imaging.needles-need-ct",
            "needles were to be found on a picture of {quantity}; they are found on CT in HU: set them by hand",
            quantity=scan.quantity.value,
        )
    level = metal_hu or METAL_HU * min(1.0, UP_TO_SLICE_MM / scan.grid.spacing_ijk_mm[2])
    found: list[FoundNeedle] = []
    laid: list[Track] = []
    for share in (1.0, DIM_SHARE):
        for needle, track in _needles_above(scan, body, share * level, laid, radius_mm=needle_radius_mm):
            is_sure = share == 1.0 or _stands_out(scan, body, needle)
            if is_sure and not any(_is_same(needle, other) for other in found):
                found.append(needle)
            laid.append(track)
            if len(found) == most:
                return tuple(found)
    return tuple(found)


def _needles_above(
    scan: Volume, body: Volume, metal_hu: float, known: Sequence[Track], *, radius_mm: float
) -> Iterator[tuple[FoundNeedle, Track]]:
    """Yield the needles of what is brighter than a level and not known, with their tracks, the longest first."""
    squeeze = _squeeze(scan)
    back = np.linalg.inv(squeeze)
    cloud = _cloud(scan, metal_hu, squeeze)
    for track in known:
        cloud = cloud.without_bloom(stretched(track, back))
    generator = np.random.default_rng(0)

    def is_rod(track: Track) -> bool:
        return _rim_share(scan, track, squeeze, metal_hu) <= MOST_RIM

    while (seen := best_track(cloud, shortest_mm=SHORTEST_MM, is_rod=is_rod, generator=generator)) is not None:
        track = _laid(scan, stretched(seen, squeeze), metal_hu)
        needle = _needle(scan, body, track, radius_mm=radius_mm, metal_hu=metal_hu)
        if needle is not None:
            yield needle, track
        cloud = cloud.without(seen).without_bloom(stretched(track, back))


def _laid(scan: Volume, track: Track, metal_hu: float) -> Track:
    """Return the track laid through the picture from end to end, for it is found by what shows in a few slices."""
    for _ in range(LAID_TIMES):
        seen_mm = track.last_mm - track.first_mm
        track = laid_on_picture(scan, track)
        first, last, _mean = _ends(scan, track, metal_hu)
        track = replace(track, first_mm=first, last_mm=last)
        if last - first < seen_mm + LONGER_MM:
            break
    return track


def _squeeze(scan: Volume) -> Float[np.ndarray, "3 3"]:
    """Return the matrix that brings thick slices nearer together: straight stays straight, and steps become small."""
    normal, slice_mm = slices_of(scan.grid)
    share = min(1.0, SQUEEZED_TO_MM / slice_mm)
    return np.asarray(np.eye(3) + (share - 1.0) * np.outer(normal, normal))


def _cloud(scan: Volume, metal_hu: float, squeeze: Float[np.ndarray, "3 3"]) -> Cloud:
    """Return the metal voxels as weighted points, each with the piece of metal it belongs to."""
    pieces, _ = label(_thin(scan.values_kji > metal_hu, scan.grid.spacing_ijk_mm[::-1]), np.ones((3, 3, 3), bool))
    kji = np.argwhere(pieces > 0)
    piece = pieces[tuple(kji.T)]
    points = apply_affine(scan.grid.lps_from_ijk, kji[:, ::-1].astype(np.float64)) @ squeeze
    weight = scan.values_kji[tuple(kji.T)].astype(np.float64) - metal_hu
    voxel_mm = min(max(scan.grid.spacing_ijk_mm), max(SQUEEZED_TO_MM, *scan.grid.spacing_ijk_mm[:2]))
    return Cloud(
        points_lps_mm=points,
        weight=weight + 1.0,
        piece=piece.astype(np.int64),
        voxel_mm=voxel_mm,
        thick_slices=bool(np.linalg.det(squeeze) * THICK_SLICE_MM < SQUEEZED_TO_MM),
        middles_lps_mm=local_middles(points, weight + 1.0, piece.astype(np.int64)),
    )


def _thin(metal: Bool[np.ndarray, "k j i"], spacing_kji_mm: tuple[float, float, float]) -> Bool[np.ndarray, "k j i"]:
    """Return metal without its thick parts: prostheses and dense bone, which only cost time."""
    (box,) = find_objects(metal.astype(np.int8)) or (None,)
    if box is None:
        return metal
    inside = metal[box]
    core = distance_transform_edt(np.pad(inside, 1), sampling=spacing_kji_mm)[1:-1, 1:-1, 1:-1] > THICK_MM
    result = metal.copy()
    if core.any():
        result[box] &= distance_transform_edt(~core, sampling=spacing_kji_mm) > 1.6 * THICK_MM
    return result


def _needle(scan: Volume, body: Volume, track: Track, *, radius_mm: float, metal_hu: float) -> FoundNeedle | None:
    """Return the needle of a track, or None if it does not go into the body."""
    first, last, mean_hu = _ends(scan, track, metal_hu)
    t = np.arange(first - FOLLOWED_MM, last + FOLLOWED_MM, ENDS_STEP_MM)
    line = track.centre_lps_mm + t[:, None] * track.way_lps
    around = _ring(track.way_lps, SKIN_RING_MM)
    inside = body.sample(line[:, None] + around, outside=0.0).mean(axis=1) >= 0.5
    bright = (t >= first) & (t <= last)
    if np.count_nonzero(inside & bright) * ENDS_STEP_MM < LEAST_INSIDE_MM:
        return None
    if _enters_at_end(inside, bright):
        line, inside, bright = line[::-1], inside[::-1], bright[::-1]
    outer, tip = (int(n) for n in np.flatnonzero(bright)[[0, -1]])
    set_back = round(_overshoot_mm(track, radius_mm) / ENDS_STEP_MM)
    return FoundNeedle(
        entry_lps_mm=line[_crossing(inside, outer, tip)],
        tip_lps_mm=line[max(outer, tip - set_back)],
        outer_lps_mm=line[outer],
        mean_hu=mean_hu,
        spread_mm=track.spread_mm,
        bend_mm=track.bend_mm,
    )


def _stands_out(scan: Volume, body: Volume, needle: FoundNeedle) -> bool:
    """Say whether the line of a needle is brighter than air just outside the skin."""
    way = needle.tip_lps_mm - needle.entry_lps_mm
    t = np.arange(*OUTSIDE_MM, 0.5)
    line = needle.entry_lps_mm - t[:, None] * way / np.linalg.norm(way)
    ring = np.vstack([np.zeros(3), _ring(way, TIP_DISC_MM)])
    around = line[:, None] + _ring(way, SKIN_RING_MM)
    outside = body.sample(around, outside=0.0).mean(axis=1) < 0.5
    bright = scan.sample(line[:, None] + ring, outside=-1000.0).max(axis=1) > OUTSIDE_HU
    return bool(outside[-1] and bright[outside].all())


def _rim_share(scan: Volume, track: Track, squeeze: Float[np.ndarray, "3 3"], metal_hu: float) -> float:
    """Return how much of a circle just outside the bloom of a track is metal: little for a rod, half for an edge."""
    t = np.arange(track.first_mm, track.last_mm, 2.0)
    line = track.centre_lps_mm + t[:, None, None] * track.way_lps
    rim = (line + _ring(track.way_lps, RIM_MM)) @ np.linalg.inv(squeeze)
    return float((scan.sample(rim, outside=-1000.0) > metal_hu).mean())


def _ring(way_lps: Float[np.ndarray, " 3"], radius_mm: float) -> Float[np.ndarray, "8 3"]:
    """Return eight points of a circle about a direction."""
    across = np.linalg.svd(way_lps[None])[2][1:]
    angle = np.arange(8) * (np.pi / 4)
    return np.asarray(radius_mm * np.column_stack([np.cos(angle), np.sin(angle)]) @ across)


def _ends(scan: Volume, track: Track, metal_hu: float) -> tuple[float, float, float]:
    """Return where along the track the metal begins and ends, and its mean HU above what lies beside it."""
    t = np.arange(track.first_mm - FOLLOWED_MM, track.last_mm + FOLLOWED_MM, ENDS_STEP_MM)
    line = track.centre_lps_mm + t[:, None, None] * track.way_lps
    disc = np.vstack([np.zeros(3), _ring(track.way_lps, TIP_DISC_MM)])
    sides = BESIDE_MM[:, None] * across_in_slice(track.way_lps, slices_of(scan.grid)[0])
    beside = np.median(scan.sample(line + sides, outside=-1000.0), axis=1)
    profile = scan.sample(line + disc, outside=-1000.0).mean(axis=1) - beside
    middle = (t > track.first_mm + 3) & (t < track.last_mm - 3)
    plateau = float(np.median(profile[middle])) if middle.any() else float(profile.max())
    bright = profile >= min(metal_hu, END_SHARE * plateau)
    centre = int(np.argmin(np.abs(t - 0.5 * (track.first_mm + track.last_mm))))
    low, high = _run(bright, centre)
    return float(t[low]), float(t[high]), float(profile[low : high + 1].mean())


def _run(bright: np.ndarray, start: int) -> tuple[int, int]:
    """Return the ends of the bright run about an index.

    It goes on as long as enough of the next stretch is bright: dark streaks are crossed, but another needle that passes
    behind the tip is not taken along.
    """
    if not bright.any():
        return start, start
    start = int(np.flatnonzero(bright)[np.argmin(np.abs(np.flatnonzero(bright) - start))])
    return start - _reach(bright[start::-1]), start + _reach(bright[start:])


def _reach(bright: np.ndarray) -> int:
    """Return the last bright index before too little of what comes next is bright."""
    window = int(AHEAD_MM / ENDS_STEP_MM)
    total = np.concatenate([[0], np.cumsum(bright), np.full(window, bright.sum())])
    ahead = total[window + 1 : window + 1 + len(bright)] - total[1 : len(bright) + 1]
    stops = np.flatnonzero(ahead < AHEAD_SHARE * window)
    end = int(stops[0]) if len(stops) else len(bright) - 1
    while end + 1 < len(bright) and bright[end + 1]:
        end += 1
    return int(np.flatnonzero(bright[: end + 1])[-1])


def _enters_at_end(inside: np.ndarray, bright: np.ndarray) -> bool:
    """Say whether the needle comes in at the end of the line: that end lies outside, or is nearer to the skin."""
    first, last = np.flatnonzero(bright)[[0, -1]]
    if inside[first] != inside[last]:
        return bool(inside[first])
    to_skin = [np.flatnonzero(~inside[first::-1]), np.flatnonzero(~inside[last:])]
    return bool((to_skin[1][0] if len(to_skin[1]) else np.inf) < (to_skin[0][0] if len(to_skin[0]) else np.inf))


def _crossing(inside: np.ndarray, outer: int, tip: int) -> int:
    """Return where the line crosses the skin: beyond the visible outer end if that lies inside; that end if nowhere."""
    if not inside[outer]:
        return outer + int(np.argmax(inside[outer:tip]))
    outside = np.flatnonzero(~inside[outer::-1])
    return outer - int(outside[0]) + 1 if len(outside) else outer


def _is_same(one: FoundNeedle, other: FoundNeedle) -> bool:
    """Say whether two tracks are pieces of one needle: alike in direction, the shorter one beside the longer."""
    ways = [(each.tip_lps_mm - each.outer_lps_mm) for each in (one, other)]
    short, long = (one, 1) if np.linalg.norm(ways[0]) < np.linalg.norm(ways[1]) else (other, 0)
    start, way = (other if long else one).outer_lps_mm, ways[long] / np.linalg.norm(ways[long])
    ends = np.stack([short.outer_lps_mm, short.tip_lps_mm]) - start
    off = np.linalg.norm(ends - (ends @ way)[:, None] * way, axis=1)
    alike = abs(ways[0] @ ways[1]) / np.prod([np.linalg.norm(each) for each in ways])
    return bool(alike > np.cos(np.radians(SAME_DEG)) and off.max() < SAME_MM)


def _overshoot_mm(track: Track, radius_mm: float) -> float:
    """Return by how much blooming makes the track thicker than the needle."""
    return float(np.clip(track.radius_mm - radius_mm, 0.0, MOST_BLOOM_MM))


def corrected(
    needle: FoundNeedle,
    *,
    entry_lps_mm: Float[np.ndarray, " 3"] | None = None,
    tip_lps_mm: Float[np.ndarray, " 3"] | None = None,
) -> FoundNeedle:
    """Return a needle with ends set by hand; what is not given stays."""
    entry = needle.entry_lps_mm if entry_lps_mm is None else entry_lps_mm
    tip = needle.tip_lps_mm if tip_lps_mm is None else tip_lps_mm
    return replace(needle, entry_lps_mm=entry, tip_lps_mm=tip, by_hand=True)


def set_by_hand(*, entry_lps_mm: Float[np.ndarray, " 3"], tip_lps_mm: Float[np.ndarray, " 3"]) -> FoundNeedle:
    """Return a needle that the search missed, drawn by a person."""
    return FoundNeedle(
        entry_lps_mm=entry_lps_mm,
        tip_lps_mm=tip_lps_mm,
        outer_lps_mm=entry_lps_mm,
        mean_hu=float("nan"),
        spread_mm=float("nan"),
        bend_mm=float("nan"),
        by_hand=True,
    )


def needles_of(found: Sequence[FoundNeedle]) -> tuple[Needle, ...]:
    """Return found needles as needles of a plan, numbered in the order given."""
    return tuple(each.needle(number=n) for n, each in enumerate(found, start=1))

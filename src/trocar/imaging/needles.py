"""Needles on a CT taken with the needles in: bright straight tracks, found one after the other, corrected by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.metal_cloud import metal_cloud, squeeze_of, through_skin
from trocar.imaging.rod_fit import across_in_slice, laid_on_picture, slices_of
from trocar.imaging.track_fit import Track, best_track, stretched
from trocar.plan.needles import Needle

METAL_HU = 1600.0
"""Metal is brighter; cortical bone, contrast medium and calcifications rarely are."""

RIM_MM, MOST_RIM = 2.8, 0.4
"""Circle about a track just outside its bloom, and how much of it may be metal: other needles, not bone."""

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

DIM_SHARE, DIM_SLICE_MM = 0.35, 3.0
"""A needle between two slices fills half of each, is darker in lung, and fills less of slices thicker than this. What
is brighter than its surroundings by this share of the level only is a needle where it stands out of the skin."""

OUTSIDE_MM, OUTSIDE_SHARE, OUTSIDE_LENGTH = (2.0, 12.0), 0.3, 0.7
"""It does if, over the second share of this stretch outside, it is brighter than air by the first share of its usual
brightness. Bone and contrast medium never are, however bright."""

MOST_OTHERS = 5
"""The search ends when it has come upon so many straight bright things that are none, each longer than the next."""

BONE_HU = 1900.0
"""No bone is brighter. Where the scan ends before the skin, only what is, is taken for a needle."""

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
        What is brighter is metal; `METAL_HU` where None.

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
    bright_hu = metal_hu or METAL_HU
    dim_hu = DIM_SHARE * bright_hu * min(1.0, DIM_SLICE_MM / slices_of(scan.grid)[1])
    found: list[FoundNeedle] = []
    laid: list[Track] = []
    for dim in (False, True):
        picture = through_skin(scan, body, dim_hu) if dim else scan
        level = dim_hu if dim else bright_hu
        others = 0
        for track in _tracks(scan, picture, level, laid, from_outside=body if dim else None):
            laid.append(track)
            needle = _needle(scan, body, track, radius_mm=needle_radius_mm)
            if needle is not None and any(_is_same(needle, other) for other in found):
                continue
            if needle is not None and _is_needle(scan, body, needle, track, dim=dim):
                found.append(needle)
            else:
                others += 1
            if len(found) >= most or others == MOST_OTHERS:
                break
        if len(found) >= most:
            break
    return tuple(found)


def _tracks(
    scan: Volume, picture: Volume, metal_hu: float, known: Sequence[Track], *, from_outside: Volume | None
) -> Iterator[Track]:
    """Yield the tracks of what is brighter than a level in a picture and not known, laid on the scan, longest first."""
    squeeze = squeeze_of(scan)
    back = np.linalg.inv(squeeze)
    cloud = metal_cloud(picture, metal_hu, squeeze, from_outside=from_outside)
    for track in known:
        cloud = cloud.without_bloom(stretched(track, back))
    generator = np.random.default_rng(0)

    def is_rod(track: Track) -> bool:
        return _rim_share(picture, track, squeeze, metal_hu) <= MOST_RIM

    while (seen := best_track(cloud, shortest_mm=SHORTEST_MM, is_rod=is_rod, generator=generator)) is not None:
        track = _laid(scan, stretched(seen, squeeze))
        yield track
        cloud = cloud.without(seen).without_bloom(stretched(track, back))


def _laid(scan: Volume, track: Track) -> Track:
    """Return the track laid through the picture from end to end, for it is found by what shows in a few slices."""
    for _ in range(LAID_TIMES):
        seen_mm = track.last_mm - track.first_mm
        track = laid_on_picture(scan, track)
        first, last, _mean = _ends(scan, track)
        track = replace(track, first_mm=first, last_mm=last)
        if last - first < seen_mm + LONGER_MM:
            break
    return track


def _needle(scan: Volume, body: Volume, track: Track, *, radius_mm: float) -> FoundNeedle | None:
    """Return the needle of a track, or None if it does not go into the body."""
    first, last, mean_hu = _ends(scan, track)
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


def _is_needle(scan: Volume, body: Volume, needle: FoundNeedle, track: Track, *, dim: bool) -> bool:
    """Say whether what looks like a needle is one: it comes out of the skin, or is metal where that does not show."""
    stands_out = _stands_out(scan, body, needle)
    return not dim and _is_metal(scan, track) if stands_out is None else stands_out


def _stands_out(scan: Volume, body: Volume, needle: FoundNeedle) -> bool | None:
    """Say whether the line of a needle is brighter than air just outside the skin; None where the scan ends before."""
    way = needle.tip_lps_mm - needle.entry_lps_mm
    t = np.arange(*OUTSIDE_MM, 0.5)
    line = needle.entry_lps_mm - t[:, None] * way / np.linalg.norm(way)
    inside = body.sample(line[:, None] + _ring(way, SKIN_RING_MM), outside=1.0).mean(axis=1)
    outside = inside < 0.5
    if not outside[-1]:
        return None
    above = _above_beside(scan, line, way / np.linalg.norm(way))
    return bool((above > OUTSIDE_SHARE * needle.mean_hu)[outside].mean() >= OUTSIDE_LENGTH)


def _is_metal(scan: Volume, track: Track) -> bool:
    """Say whether most of a track is brighter than any bone."""
    t = np.arange(track.first_mm, track.last_mm, 0.5)
    line = track.centre_lps_mm + t[:, None, None] * track.way_lps
    disc = np.vstack([np.zeros(3), _ring(track.way_lps, TIP_DISC_MM)])
    return bool((scan.sample(line + disc, outside=-1000.0).max(axis=1) > BONE_HU).mean() > 0.5)


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


def _ends(scan: Volume, track: Track) -> tuple[float, float, float]:
    """Return where along the track the metal begins and ends, and its mean HU above what lies beside it."""
    t = np.arange(track.first_mm - FOLLOWED_MM, track.last_mm + FOLLOWED_MM, ENDS_STEP_MM)
    profile = _above_beside(scan, track.centre_lps_mm + t[:, None] * track.way_lps, track.way_lps)
    middle = (t > track.first_mm + 3) & (t < track.last_mm - 3)
    plateau = float(np.median(profile[middle])) if middle.any() else float(profile.max())
    bright = profile >= END_SHARE * plateau
    centre = int(np.argmin(np.abs(t - 0.5 * (track.first_mm + track.last_mm))))
    low, high = _run(bright, centre)
    return float(t[low]), float(t[high]), float(profile[low : high + 1].mean())


def _above_beside(
    scan: Volume, line_lps_mm: Float[np.ndarray, "n 3"], way_lps: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, " n"]:
    """Return by how much a line is brighter than what lies beside it within the slices."""
    disc = np.vstack([np.zeros(3), _ring(way_lps, TIP_DISC_MM)])
    sides = BESIDE_MM[:, None] * across_in_slice(way_lps, slices_of(scan.grid)[0])
    on = scan.sample(line_lps_mm[:, None] + disc, outside=-1000.0).mean(axis=1)
    beside = np.median(scan.sample(line_lps_mm[:, None] + sides, outside=-1000.0), axis=1)
    return np.asarray(on - beside)


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

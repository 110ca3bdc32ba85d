"""Straight tracks in a cloud of bright voxels: guessed from pairs of points, judged by what lies along them, fitted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.spatial import cKDTree

MOST_SPREAD_MM = 1.0
"""A track whose voxels lie farther from its line than this is two needles, or none."""

GUESSES = 400
"""Pairs of points tried a track."""

MIDDLE_MM = 2.6
"""Radius about a voxel within which the middle of the metal is taken."""

CORE_MM = 1.4
"""Voxels this near to a guessed line count for it."""

FIT_MM = 2.2
"""Voxels this near take part in the fit."""

THICK_FIT_MM = (4.5, 4.5, 4.0, 3.5, 3.0, 2.6, 2.2, 2.2)
"""The same for thick slices: wide at first, so that the fit finds its way out of the slice it began in."""

TAKEN_MM = 3.2
"""Voxels this near to an accepted track are its bloom and are taken away with it."""

GAP_MM = 9.0
"""Dark stretches up to this length do not end a track: another needle crosses there, or a slice is thick."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cloud:
    """Bright voxels.

    Parameters
    ----------
    points_lps_mm
        Centres.
    weight
        Brightness above the threshold, positive.
    piece
        Connected piece each belongs to.
    voxel_mm
        Largest edge of a voxel.
    thick_slices
        Whether a track may lie in one slice for a long way and then step into the next.
    middles_lps_mm
        Weighted middle of the voxels of the same piece about each voxel.
    normal_lps
        Of the slices.
    may_start
        Where tracks are looked for from.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    weight: Float[np.ndarray, " n"]
    piece: Int64[np.ndarray, " n"]
    voxel_mm: float
    thick_slices: bool
    middles_lps_mm: Float[np.ndarray, "n 3"]
    normal_lps: Float[np.ndarray, " 3"]
    may_start: Bool[np.ndarray, " n"]

    def without(self, track: "Track") -> "Cloud":
        """Return what remains when a track and its bloom are taken away."""
        return self._kept(~track.taken)

    def without_bloom(self, track: "Track") -> "Cloud":
        """Return what remains when all is taken away that lies about the stretch of a line."""
        along, off = _along_and_off(self.points_lps_mm, track.centre_lps_mm, track.way_lps)
        within = (along >= track.first_mm - 1.0) & (along <= track.last_mm + 1.0)
        return self._kept(~(within & (off <= max(TAKEN_MM, self.voxel_mm))))

    def _kept(self, kept: Bool[np.ndarray, " n"]) -> "Cloud":
        return Cloud(
            points_lps_mm=self.points_lps_mm[kept],
            weight=self.weight[kept],
            piece=self.piece[kept],
            voxel_mm=self.voxel_mm,
            thick_slices=self.thick_slices,
            middles_lps_mm=self.middles_lps_mm[kept],
            normal_lps=self.normal_lps,
            may_start=self.may_start[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """A fitted line with the stretch that is bright.

    Parameters
    ----------
    centre_lps_mm, way_lps
        A point and the direction.
    first_mm, last_mm
        The stretch, from the centre.
    spread_mm
        Root mean square distance of voxels from the line.
    flat_spread_mm
        The same within the slices: a needle between two slices shows in both.
    radius_mm
        Radius of a rod with as many voxels a length.
    bend_mm
        Largest distance of the middle line from straight.
    taken
        Voxels of the cloud that belong to it.
    """

    centre_lps_mm: Float[np.ndarray, " 3"]
    way_lps: Float[np.ndarray, " 3"]
    first_mm: float
    last_mm: float
    spread_mm: float
    flat_spread_mm: float
    radius_mm: float
    bend_mm: float
    taken: Bool[np.ndarray, " n"]


def local_middles(
    points: Float[np.ndarray, "n 3"], weight: Float[np.ndarray, " n"], piece: Int64[np.ndarray, " n"]
) -> Float[np.ndarray, "n 3"]:
    """Return the weighted middle of the points of the same piece within `MIDDLE_MM` of each point."""
    if not len(points):
        return points
    pairs = cKDTree(points).query_pairs(MIDDLE_MM, output_type="ndarray")
    pairs = pairs[piece[pairs[:, 0]] == piece[pairs[:, 1]]]
    both = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(len(points))[:, None], 2, axis=1)])
    total = np.bincount(both[:, 0], weight[both[:, 1]], minlength=len(points))
    sums = [
        np.bincount(both[:, 0], weight[both[:, 1]] * points[both[:, 1], n], minlength=len(points)) for n in range(3)
    ]
    return np.column_stack(sums) / total[:, None]


def stretched(track: Track, squeeze: Float[np.ndarray, "3 3"]) -> Track:
    """Return a track found in squeezed space as it lies in the patient."""
    back = np.linalg.inv(squeeze)
    way = track.way_lps @ back
    length = float(np.linalg.norm(way))
    return replace(
        track,
        centre_lps_mm=track.centre_lps_mm @ back,
        way_lps=way / length,
        first_mm=track.first_mm * length,
        last_mm=track.last_mm * length,
    )


def best_track(
    cloud: Cloud, *, shortest_mm: float, is_rod: Callable[[Track], bool], generator: np.random.Generator
) -> Track | None:
    """Return the longest bright track, or None if none is long enough and a rod by a judgement of the picture."""
    refused = np.zeros(len(cloud.points_lps_mm), np.bool_)
    for _ in range(20):
        guess = _best_guess(cloud, refused, shortest_mm=shortest_mm, generator=generator)
        if guess is None:
            return None
        track = _fitted(cloud, *guess[:2])
        if track.last_mm - track.first_mm >= shortest_mm and track.flat_spread_mm <= MOST_SPREAD_MM and is_rod(track):
            return track
        refused |= track.taken
        refused[guess[2]] = True
    return None


def _along_and_off(
    points: Float[np.ndarray, "n 3"], centre: Float[np.ndarray, " 3"], way: Float[np.ndarray, " 3"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    offset = points - centre
    along = offset @ way
    return along, np.sqrt(np.maximum((offset**2).sum(axis=1) - along**2, 0))


def _best_guess(
    cloud: Cloud, refused: Bool[np.ndarray, " n"], *, shortest_mm: float, generator: np.random.Generator
) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"], Int64[np.ndarray, " m"]] | None:
    """Return centre, direction and voxels of the line through two points with most brightness close along it.

    Points are local middles of metal. Every other pair lies in one piece of metal; the rest joins pieces, since a
    needle that leans little out of the slices looks like dashes.
    """
    free = np.flatnonzero(~refused)
    starts = free[cloud.may_start[free]]
    if len(free) < 8 or not len(starts):
        return None
    points, middles = cloud.points_lps_mm, cloud.middles_lps_mm
    best_score, best = 0.0, None
    for n, start in enumerate(generator.choice(starts, size=GUESSES)):
        mates = free[cloud.piece[free] == cloud.piece[start]] if n % 2 else free
        away = np.linalg.norm(middles[mates] - middles[start], axis=1)
        mates = mates[(away > 8.0) & (away < 90.0)]
        if not len(mates):
            continue
        stop = mates[int(generator.integers(len(mates)))]
        way = (middles[stop] - middles[start]) / np.linalg.norm(middles[stop] - middles[start])
        along, off = _along_and_off(points, middles[start], way)
        core = np.flatnonzero((off <= _core_mm(cloud)) & ~refused)
        low, high = _longest_run(along[core], np.ones(len(core)), gap_mm=_gap_mm(cloud))
        run = core[(along[core] >= low) & (along[core] <= high)]
        score = float((cloud.weight[run] * (1 - (off[run] / _core_mm(cloud)) ** 2)).sum())
        if score > best_score and high - low >= 0.6 * shortest_mm:
            best_score, best = score, (middles[start], way, run)
    return best


def _core_mm(cloud: Cloud) -> float:
    return max(CORE_MM, 0.55 * cloud.voxel_mm)


def _gap_mm(cloud: Cloud) -> float:
    return max(GAP_MM, 2.0 * cloud.voxel_mm)


def _longest_run(
    along: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"], *, gap_mm: float
) -> tuple[float, float]:
    """Return the ends of the heaviest run of positions without a gap."""
    if not len(along):
        return 0.0, 0.0
    order = np.argsort(along)
    sorted_along = along[order]
    group = np.concatenate([[0], np.cumsum(np.diff(sorted_along) > gap_mm)])
    heaviest = int(np.argmax(np.bincount(group, weight[order])))
    run = sorted_along[group == heaviest]
    return float(run[0]), float(run[-1])


def _fitted(cloud: Cloud, centre: Float[np.ndarray, " 3"], way: Float[np.ndarray, " 3"]) -> Track:
    """Return the track fitted to the voxels about a guess, by repeated weighted principal axes."""
    points = cloud.points_lps_mm
    for near_mm in THICK_FIT_MM if cloud.thick_slices else (FIT_MM,) * 6:
        along, off = _along_and_off(points, centre, way)
        near = off <= near_mm
        low, high = _longest_run(along[near], cloud.weight[near], gap_mm=_gap_mm(cloud))
        mine = near & (along >= low) & (along <= high)
        weight = cloud.weight[mine]
        centre = (weight[:, None] * points[mine]).sum(axis=0) / weight.sum()
        spread = points[mine] - centre
        axis = np.linalg.eigh((weight[:, None] * spread).T @ spread)[1][:, -1]
        way = axis if axis @ way >= 0 else -axis
    along, off = _along_and_off(points, centre, way)
    height = (points - centre - along[:, None] * way) @ cloud.normal_lps
    within = (along >= low - 1.0) & (along <= high + 1.0)
    bloom = within & (off <= max(TAKEN_MM, cloud.voxel_mm))
    return Track(
        centre_lps_mm=centre,
        way_lps=way,
        first_mm=float(along[mine].min()),
        last_mm=float(along[mine].max()),
        spread_mm=float(np.sqrt(np.average(off[mine] ** 2, weights=cloud.weight[mine]))),
        flat_spread_mm=float(np.sqrt(np.average(off[mine] ** 2 - height[mine] ** 2, weights=cloud.weight[mine]))),
        radius_mm=float(np.sqrt(2.0) * np.sqrt(np.mean(off[bloom] ** 2))),
        bend_mm=_bend_mm(points[mine], along[mine], cloud.weight[mine], centre, way),
        taken=bloom,
    )


def _bend_mm(
    points: Float[np.ndarray, "n 3"],
    along: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    centre: Float[np.ndarray, " 3"],
    way: Float[np.ndarray, " 3"],
) -> float:
    """Return how far the weighted middles of centimetre-long pieces lie from the line."""
    piece = np.floor((along - along.min()) / 10.0).astype(np.int64)
    total = np.bincount(piece, weight)
    sums = np.column_stack([np.bincount(piece, weight * points[:, n]) for n in range(3)])
    middles = np.asarray(sums[total > 0] / total[total > 0, None])
    return float(_along_and_off(middles, centre, way)[1].max())

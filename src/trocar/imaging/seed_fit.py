"""Fitting blurred lines to bright things: the scan's blur and a seed's brightness, then each thing's seeds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.cluster.vq import kmeans2

from trocar.imaging.kernels import add_line, changed, cost_of, refine_line

STREAK_HU, STREAK_SHARE, STREAK_HIDDEN_HU = 120.0, 0.06, 500.0
MODEL_SHARE = 0.15
DARK_SHARE = 1.0
"""A voxel's misfit counts in units of what is not modelled: streaks of about 120 HU or 6 % of the brightest voxel (of
which a scale cut off shows nothing), 15 % of its own brightness for the blur's shape, the whole depth of a dark streak.
Rays along a lying seed are nearly put out; so it looks broader and shorter in its wings than in its core."""

CUT_OFF_HU = 3070.0
"""Voxels at or above this may be cut off by a 12-bit scale: a model brighter than they are is not wrong there."""

MASS_PULL = 2.0
SEED_PRICE = 0.12
"""A further seed must explain at least this share of what one seed explains."""

MOST_HIDDEN = 2
"""Seeds that lie along rays show as little as half their brightness: a long thing may hold that many times more."""

PART_MM = 1.0
"""A slice's mean is taken over parts about this thick: the blur beside it is half a millimetre or more."""

REACH_MM = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A bright thing with its surroundings, in the scan's own axes (mm along i, j, k)."""

    points_mm: Float[np.ndarray, "n 3"]
    observed_hu: Float[np.ndarray, " n"]
    bright: Bool[np.ndarray, " n"]
    background_hu: float
    voxel_mm3: float

    @property
    def mass_hu_mm3(self) -> float:
        """Brightness above the background, summed; too small where the scale is cut off."""
        return float(np.clip(self.observed_hu - self.background_hu, 0.0, None).sum() * self.voxel_mm3)

    @property
    def contrast_hu(self) -> float:
        """How far its brightest voxel stands above its background."""
        return float(self.observed_hu.max() - self.background_hu)

    @property
    def extent_mm(self) -> float:
        """Diagonal of the box about its bright voxels."""
        return float(np.linalg.norm(np.ptp(self.points_mm[self.bright], axis=0)))

    @property
    def weight(self) -> Float[np.ndarray, " n"]:
        """Inverse variance of each voxel's misfit."""
        above = self.observed_hu - self.background_hu
        share = np.where(above > 0, MODEL_SHARE, DARK_SHARE)
        peak = float(above.max())
        streak = STREAK_HIDDEN_HU if self.is_cut_off else max(STREAK_HU, STREAK_SHARE * peak)
        return np.asarray(1.0 / (streak**2 + (share * above) ** 2))

    @property
    def is_cut_off(self) -> bool:
        """Whether the scale ends below its brightest voxel."""
        return bool(self.observed_hu.max() >= CUT_OFF_HU)

    @property
    def cap_hu(self) -> float:
        """Where the scale is cut off."""
        return float(self.observed_hu.max()) if self.is_cut_off else 1e9

    def count_by_mass(self, picture: "Picture") -> int:
        """Return how many seeds' brightness it holds."""
        return round(self.mass_hu_mm3 / picture.seen_mass_hu_mm3)


def blur_of(across_mm: float, along_mm: float, slice_mm: float) -> Float[np.ndarray, " 5"]:
    """Return a blur as the kernels take it: Gaussian across and along the scan's axis, then the mean over a slice."""
    return np.array([across_mm, across_mm, along_mm, slice_mm, max(round(slice_mm / PART_MM), 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How this scan shows a seed.

    Parameters
    ----------
    blur_mm
        Standard deviations along i, j, k.
    mass_hu_mm3
        Fitted brightness of a seed.
    seen_mass_hu_mm3
        Summed brightness of an isolated seed as the cut-off scale shows it.
    half_mm
        Half the length of the bright part of a seed.
    capsule_mm
        Length of the whole capsule: two seeds cannot be nearer end to end.
    slice_mm
        Thickness of a slice, taken as the distance of slices.
    """

    blur_mm: tuple[float, float, float]
    mass_hu_mm3: float
    seen_mass_hu_mm3: float
    half_mm: float
    capsule_mm: float
    slice_mm: float

    @property
    def sigma(self) -> Float[np.ndarray, " 5"]:
        """The blur as the kernels take it."""
        return blur_of(self.blur_mm[0], self.blur_mm[2], self.slice_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFit:
    """One reading of a bright thing; ``spreads`` are those of place (mm) and axis (degrees)."""

    rows: Float[np.ndarray, "n 7"]
    score: float
    explained: Float[np.ndarray, " n"]
    spreads: Float[np.ndarray, "n 2"]


def start_rows(patch: Patch, count: int, half_mm: float, generator: np.random.Generator) -> np.ndarray:
    """Return seeds placed by k-means on the bright voxels, each along its cell's longest axis."""
    bright = patch.points_mm[patch.bright]
    light = np.clip(patch.observed_hu[patch.bright] - patch.background_hu, 1.0, None)
    drawn = bright[generator.choice(len(bright), size=max(40 * count, 200), p=light / light.sum())]
    drawn = drawn + generator.normal(0.0, 0.25, drawn.shape)
    centres, cell = (
        kmeans2(drawn, count, minit="++", seed=generator, iter=25, missing="warn")
        if count > 1
        else (
            drawn.mean(axis=0)[None],
            np.zeros(len(drawn), dtype=int),
        )
    )
    rows = []
    for number, centre in enumerate(centres):
        own = drawn[cell == number]
        spread = np.cov(own.T) if len(own) > 4 else np.eye(3)
        axis = np.linalg.eigh(spread)[1][:, -1]
        rows.append([*(own.mean(axis=0) if len(own) else centre), *axis, 9e4])
    return np.array(rows, dtype=np.float64)


def fit_cluster(patch: Patch, picture: Picture) -> list[ClusterFit]:
    """Return readings with about as many seeds as the brightness holds, one for each number."""
    likely = max(patch.count_by_mass(picture), 1)
    numbers = {max(likely - 1, 1), likely, likely + 1}
    by_length = round((patch.extent_mm - picture.slice_mm) / picture.capsule_mm)
    if likely < by_length <= MOST_HIDDEN * likely + 1:
        numbers |= {by_length, by_length + 1}
    empty = cost_of(patch.observed_hu, np.full(len(patch.observed_hu), patch.background_hu), patch.weight, patch.cap_hu)
    return [_best_reading(patch, picture, count, likely, empty) for count in sorted(numbers)]


def _best_reading(patch: Patch, picture: Picture, count: int, likely: int, empty: float) -> ClusterFit:
    generator = np.random.default_rng(count)
    tries = 1 if count == 1 else 4
    attempts = []
    for _ in range(tries):
        rows = start_rows(patch, count, picture.half_mm, generator)
        rows[:, 6] = picture.mass_hu_mm3
        attempts.append(_fitted(patch, picture, rows, sweeps=3 if count > 1 else 1))
    if count == 1:
        attempts += [_fitted(patch, picture, _along(attempts[0][0], axis), sweeps=1) for axis in np.eye(3)]
    rows, cost = min(attempts, key=lambda attempt: attempt[1])
    rows, cost = _fitted(patch, picture, rows, sweeps=2)
    explained, spreads = _quality(patch, picture, rows)
    score = cost / (empty / likely) + SEED_PRICE * count
    return ClusterFit(rows=rows, score=float(score), explained=explained, spreads=spreads)


def _along(rows: np.ndarray, axis: np.ndarray) -> np.ndarray:
    turned = rows.copy()
    turned[:, 3:6] = axis
    return turned


def _fitted(patch: Patch, picture: Picture, rows: np.ndarray, *, sweeps: int) -> tuple[np.ndarray, float]:
    """Return seeds refined one after the other, and what is left unexplained."""
    sigma = picture.sigma
    rows = rows.copy()
    weight, cap = patch.weight, patch.cap_hu
    scale = 1.0 / max(len(rows), 1)
    model = np.full(len(patch.observed_hu), patch.background_hu)
    for row in rows:
        add_line(patch.points_mm, row, picture.half_mm, sigma, model, 1.0)
    pull = MASS_PULL * scale * _single_energy(patch, picture)
    for _ in range(sweeps):
        for number, row in enumerate(rows):
            near = np.linalg.norm(patch.points_mm - row[:3], axis=1) < REACH_MM
            points = np.ascontiguousarray(patch.points_mm[near])
            others = model[near]
            add_line(points, row, picture.half_mm, sigma, others, -1.0)
            fitted, _ = refine_line(
                points, patch.observed_hu[near], others, weight[near], cap, row, picture.half_mm, sigma,
                picture.mass_hu_mm3, pull, 12,
            )  # fmt: skip
            add_line(patch.points_mm, row, picture.half_mm, sigma, model, -1.0)
            add_line(patch.points_mm, fitted, picture.half_mm, sigma, model, 1.0)
            rows[number] = fitted
    return rows, float(cost_of(patch.observed_hu, model, weight, cap))


def _single_energy(patch: Patch, picture: Picture) -> float:
    above = patch.observed_hu - patch.background_hu
    return 0.02 * float((patch.weight * above**2).sum()) / max(patch.count_by_mass(picture), 1)


def _quality(patch: Patch, picture: Picture, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each seed, the explained share of the picture within 3 mm of it, and its spreads."""
    sigma = picture.sigma
    model = np.full(len(patch.observed_hu), patch.background_hu)
    for row in rows:
        add_line(patch.points_mm, row, picture.half_mm, sigma, model, 1.0)
    explained, spreads = [], []
    for row in rows:
        along = (patch.points_mm - row[:3]) @ row[3:6]
        foot = row[:3] + np.clip(along, -picture.half_mm, picture.half_mm)[:, None] * row[3:6]
        near = np.linalg.norm(patch.points_mm - foot, axis=1) < 2.5
        weight, seen = patch.weight[near], patch.observed_hu[near]
        left = cost_of(seen, model[near], weight, patch.cap_hu)
        whole = float((weight * (seen - patch.background_hu) ** 2).sum())
        explained.append(1.0 - left / max(whole, 1e-9))
        spreads.append(_spreads(patch.points_mm[near], weight, row, picture, left))
    return np.array(explained), np.array(spreads)


def _spreads(
    points: np.ndarray, weight: np.ndarray, row: np.ndarray, picture: Picture, left: float
) -> tuple[float, float]:
    """Return standard deviations by error propagation: of the centre in mm and of the direction in degrees.

    Both are root mean squares, over the three axes and over the two ways a direction can turn.
    """
    sigma, step = picture.sigma, 0.05
    slopes = []
    for parameter in range(5):
        pair = []
        for sign in (1.0, -1.0):
            value = np.zeros(len(points))
            add_line(points, changed(row, parameter, sign * step), picture.half_mm, sigma, value, 1.0)
            pair.append(value)
        slopes.append((pair[0] - pair[1]) / (2.0 * step))
    matrix = np.array(slopes)
    information = (matrix * weight) @ matrix.T + 1e-9 * np.eye(5)
    variance = np.diag(np.linalg.inv(information)) * left / max(len(points) - 6, 1)
    return float(np.sqrt(variance[:3].mean())), float(np.degrees(np.sqrt(variance[3:].mean())))

"""Fitting blurred lines to bright things: the scan's blur and a seed's brightness, then each thing's seeds."""

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise

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
SEED_PRICE = 0.03
"""A further seed must explain at least this share of what one seed explains."""

ALIKE, ODD, LACKING = 20.0, 0.1, 0.4
"""Touching seeds whose brightness is odd by more than the second are also fitted with it drawn so much more strongly to
the usual one, if the thing lacks no more than the third of so many seeds' brightness: few voxels of a coarse picture
leave open how two share what they are together."""

MASS_SPREAD, MASS_PRICE, MOST_PRICE = 0.2, 0.02, 0.3
"""Seeds of one thing are as bright as others to about a fifth; what a standard deviation costs, and at most."""

SAME_PLACE_MM = 2.0
"""Centres of two capsules are not nearer than this."""

LENGTH_PULL = 4.0
"""How strongly a seed's length is drawn to the usual one, in the same units."""

HEIGHT_PULL = 0.5
"""How strongly a seed's height is drawn to that of its brightness, a square millimetre, in the same units."""

WAY_PULL = 4.0
"""How strongly a seed's direction is drawn to the needles' common one, in units of a 50th of what it explains."""

OVERLAP_MM, FIT_ERROR_MM, OVERLAP_PRICE = 0.5, 1.0, 0.3
"""Axes of two capsules of 0.8 mm cannot come nearer than this, errors of the fit granted; what it costs if they do."""

HOPELESS = 0.7
"""A first reading that explains less of a thing than this is not improved upon: it is no group of seeds."""

PLAIN_LEFT, PLAIN_MASS, PLAIN_LENGTH = 0.08, (0.6, 1.4), 1.4
"""What one line leaves at most of a lone seed, and how bright and long it is at most."""

LONG_THING = 12
"""Things of more seeds than this are read with one number of seeds and its two neighbours only."""

PART_MM = 1.0
"""A slice's mean is taken over parts about this thick: the blur beside it is half a millimetre or more."""

REACH_MM = 5.0


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

    def count_by_length(self, picture: "Picture") -> int:
        """Return how many seeds end to end make its length: one shows as hardly longer than its blur."""
        return 1 + max(round((self.extent_mm - picture.slice_mm) / picture.capsule_mm - 0.1), 0)


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
    contrast_hu
        How far a lone seed's brightest voxel usually stands above its surroundings.
    way
        Common direction of the needles, in the scan's axes; None where not known.
    """

    blur_mm: tuple[float, float, float]
    mass_hu_mm3: float
    seen_mass_hu_mm3: float
    half_mm: float
    capsule_mm: float
    slice_mm: float
    contrast_hu: float
    way: Float[np.ndarray, " 3"] | None = None

    @property
    def sigma(self) -> Float[np.ndarray, " 5"]:
        """The blur as the kernels take it."""
        return blur_of(self.blur_mm[0], self.blur_mm[2], self.slice_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFit:
    """One reading of a bright thing.

    ``spreads`` are those of place (mm) and axis (degrees), ``share_left`` the share of the thing left unexplained.
    """

    rows: Float[np.ndarray, "n 8"]
    score: float
    explained: Float[np.ndarray, " n"]
    spreads: Float[np.ndarray, "n 2"]
    share_left: float

    def is_plainly_one(self, picture: Picture) -> bool:
        """Whether one line of a seed's brightness and length explains nearly everything: no second need be tried."""
        ratio = float(self.rows[0, 6] / picture.mass_hu_mm3)
        is_usual = PLAIN_MASS[0] < ratio < PLAIN_MASS[1] and float(self.rows[0, 7]) < PLAIN_LENGTH
        return is_usual and self.share_left < PLAIN_LEFT


def start_rows(patch: Patch, count: int, half_mm: float, generator: np.random.Generator) -> np.ndarray:
    """Return seeds placed by k-means on the bright voxels, each along its cell's longest axis."""
    bright = patch.points_mm[patch.bright]
    light = np.clip(patch.observed_hu[patch.bright] - patch.background_hu, 1.0, None)
    drawn = bright[generator.choice(len(bright), size=max(40 * count, 200), p=light / light.sum())]
    drawn = drawn + generator.normal(0.0, 0.25, drawn.shape)
    centres, cell = (
        _cells(drawn, count, generator)
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
        rows.append([*(own.mean(axis=0) if len(own) else centre), *axis, 9e4, 1.0])
    return np.array(rows, dtype=np.float64)


def _cells(
    drawn: Float[np.ndarray, "n 3"], count: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return centres and cells of k-means; a cell that came out empty keeps its centre."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One of the clusters is empty")
        centres, cell = kmeans2(drawn, count, minit="++", seed=generator, iter=25, missing="warn")
    return centres, cell


def fit_cluster(patch: Patch, picture: Picture) -> list[ClusterFit]:
    """Return readings with about as many seeds as brightness and length allow, one for each number.

    Where the best reading has the largest or smallest number tried, the next number is tried too.
    """
    empty = cost_of(patch.observed_hu, np.full(len(patch.observed_hu), patch.background_hu), patch.weight, patch.cap_hu)
    by_mass, by_length = max(patch.count_by_mass(picture), 1), patch.count_by_length(picture)
    usual = max(by_mass, by_length)
    first = _best_reading(patch, picture, usual, empty / usual)
    readings = {usual: first}
    if first.share_left > 1.0 - HOPELESS or (usual == 1 and first.is_plainly_one(picture)):
        return [first]
    steps = 1 if usual > LONG_THING else 3
    for _ in range(steps):
        best = min(readings.values(), key=lambda reading: reading.score)
        news = [n for n in (len(best.rows) - 1, len(best.rows) + 1) if n > 0 and n not in readings]
        if not news:
            break
        for count in news:
            readings[count] = _best_reading(patch, picture, count, empty / usual)
    return list(readings.values())


def _best_reading(patch: Patch, picture: Picture, count: int, one_seed: float) -> ClusterFit:
    generator = np.random.default_rng(count)
    attempts = []
    for start in _starts(patch, count, picture, generator):
        start[:, 6] = picture.mass_hu_mm3
        attempts.append(fitted(patch, picture, start, sweeps=3 if count > 1 else 1))
        if min(attempts, key=_cost)[1] < PLAIN_LEFT * one_seed:
            break
    rows, cost = min(attempts, key=_cost)
    finals = [fitted(patch, picture, rows, sweeps=2 if count > 1 else 1)]
    held = patch.mass_hu_mm3 / picture.seen_mass_hu_mm3
    if count > 1 and held > count - LACKING and _oddness(picture, finals[0][0]) > ODD:
        finals += [
            fitted(patch, picture, start, sweeps=3, alike=ALIKE) for start in (rows, _parted_train(patch, count))
        ]
    score, rows, cost = min(
        ((_score(picture, *final, one_seed=one_seed), *final) for final in finals), key=lambda each: each[0]
    )
    explained, spreads = _quality(patch, picture, rows)
    empty = cost_of(patch.observed_hu, np.full(len(patch.observed_hu), patch.background_hu), patch.weight, patch.cap_hu)
    return ClusterFit(
        rows=rows, score=float(score), explained=explained, spreads=spreads, share_left=float(cost / max(empty, 1e-9))
    )


def _score(picture: Picture, rows: np.ndarray, cost: float, *, one_seed: float) -> float:
    """Return what a reading is worth: what it leaves, its number of seeds, their odd brightness and their overlaps."""
    odd, overlaps = _oddness(picture, rows), _overlaps(rows, picture)
    return cost / one_seed + SEED_PRICE * len(rows) + odd + OVERLAP_PRICE * overlaps


def _oddness(picture: Picture, rows: np.ndarray) -> float:
    """Return the price of brightness that seeds do not have."""
    ratio = np.log(rows[:, 6] / picture.mass_hu_mm3) / MASS_SPREAD
    return float(np.minimum(MASS_PRICE * ratio**2, MOST_PRICE).sum())


def _cost(attempt: tuple[np.ndarray, float]) -> float:
    return attempt[1]


def _starts(patch: Patch, count: int, picture: Picture, generator: np.random.Generator) -> list[np.ndarray]:
    """Return lines to start from: by k-means; one seed also along the axes, several also as an equally parted train."""
    first = start_rows(patch, count, picture.half_mm, generator)
    if count == 1:
        return [first, *(_along(first, axis) for axis in np.eye(3))]
    return [first, start_rows(patch, count, picture.half_mm, generator), _parted_train(patch, count)]


def _parted_train(patch: Patch, count: int) -> np.ndarray:
    """Return lines end to end along the longest axis of a thing, each where its part of the bright voxels lies."""
    bright = patch.points_mm[patch.bright]
    middle = bright.mean(axis=0)
    axis = np.linalg.svd(bright - middle, full_matrices=False)[2][0]
    along = (bright - middle) @ axis
    edges = np.linspace(along.min(), along.max() + 1e-6, count + 1)
    rows = []
    for low, high in pairwise(edges):
        part = bright[(along >= low) & (along < high)]
        place = part.mean(axis=0) if len(part) else middle + 0.5 * (low + high) * axis
        rows.append([*place, *axis, 9e4, 1.0])
    return np.array(rows)


def _overlaps(rows: np.ndarray, picture: Picture) -> int:
    """Return how many pairs of capsules run through one another."""
    half = 0.5 * picture.capsule_mm - FIT_ERROR_MM
    along = np.linspace(-half, half, 9)
    points = rows[:, None, :3] + along[None, :, None] * rows[:, None, 3:6]
    count = 0
    for a in range(len(rows)):
        for b in range(a + 1, len(rows)):
            if np.linalg.norm(rows[a, :3] - rows[b, :3]) < picture.capsule_mm:
                apart = np.linalg.norm(points[a][:, None] - points[b][None], axis=2)
                close = np.linalg.norm(rows[a, :3] - rows[b, :3]) < SAME_PLACE_MM
                count += int(close or apart.min() < OVERLAP_MM)
    return count


def _along(rows: np.ndarray, axis: np.ndarray) -> np.ndarray:
    turned = rows.copy()
    turned[:, 3:6] = axis
    turned[:, 7] = 1.0
    return turned


def fitted(
    patch: Patch, picture: Picture, rows: np.ndarray, *, sweeps: int, alike: float = 1.0
) -> tuple[np.ndarray, float]:
    """Return seeds refined one after the other, and what is left unexplained.

    Parameters
    ----------
    patch, picture, rows
        Thing, how the scan shows a seed, and where to start.
    sweeps
        How often all are refined.
    alike
        How many times as strongly as usual their brightness is drawn to that of a seed.
    """
    sigma = picture.sigma
    rows = rows.copy()
    weight, cap = patch.weight, patch.cap_hu
    model = np.full(len(patch.observed_hu), patch.background_hu)
    for row in rows:
        add_line(patch.points_mm, row, picture.half_mm, sigma, model, 1.0)
    prior = _prior(patch, picture, len(rows))
    prior[1] *= alike
    for _ in range(sweeps):
        for number, row in enumerate(rows):
            near = np.linalg.norm(patch.points_mm - row[:3], axis=1) < REACH_MM
            points = np.ascontiguousarray(patch.points_mm[near])
            others = model[near]
            add_line(points, row, picture.half_mm, sigma, others, -1.0)
            fitted, _ = refine_line(
                points, patch.observed_hu[near], others, weight[near], cap, row, picture.half_mm, sigma, prior, 12
            )
            add_line(patch.points_mm, row, picture.half_mm, sigma, model, -1.0)
            add_line(patch.points_mm, fitted, picture.half_mm, sigma, model, 1.0)
            rows[number] = fitted
    return rows, float(cost_of(patch.observed_hu, model, weight, cap))


def free_line(mass_hu_mm3: float) -> np.ndarray:
    """Return a prior, as the kernels take it, that draws a line nowhere and keeps its length."""
    return np.array([mass_hu_mm3, 1e-9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def _prior(patch: Patch, picture: Picture, count: int) -> np.ndarray:
    """Return what each of some lines of a thing is drawn to."""
    energy = _single_energy(patch, picture, count)
    way = np.zeros(3) if picture.way is None else picture.way
    way_pull = 0.0 if picture.way is None else WAY_PULL * energy
    return np.array(
        [
            picture.mass_hu_mm3, MASS_PULL * energy / max(count, 1), *way, way_pull, LENGTH_PULL * energy,
            HEIGHT_PULL * energy,
        ]
    )  # fmt: skip


def drawn_along(patch: Patch, picture: Picture, fit: ClusterFit) -> ClusterFit:
    """Return a reading fitted once more, its directions drawn to the needles' common one where the picture is vague."""
    if picture.way is None:
        return fit
    kept = fitted(patch, picture, fit.rows, sweeps=1)
    rows, cost = min((kept, fitted(patch, picture, _along(fit.rows, picture.way), sweeps=2)), key=_cost)
    turned = _with_way_cost(patch, picture, rows, cost), _with_way_cost(patch, picture, *kept)
    if turned[1] <= turned[0]:
        rows, cost = kept
    explained, spreads = _quality(patch, picture, rows)
    return replace(fit, rows=rows, explained=explained, spreads=spreads)


def _with_way_cost(patch: Patch, picture: Picture, rows: np.ndarray, cost: float) -> float:
    assert picture.way is not None
    sine2 = float((1.0 - (rows[:, 3:6] @ picture.way) ** 2).sum())
    return cost + WAY_PULL * _single_energy(patch, picture, len(rows)) * sine2


def _single_energy(patch: Patch, picture: Picture, count: int) -> float:
    above = patch.observed_hu - patch.background_hu
    return 0.02 * float((patch.weight * above**2).sum()) / max(patch.count_by_mass(picture), count)


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

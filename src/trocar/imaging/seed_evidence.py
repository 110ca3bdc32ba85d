"""What speaks for and against a line's being a seed: in the picture, by the plan, and by the number implanted."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.imaging.kernels import add_line, cost_of, refine_line
from trocar.imaging.seed_fit import MODEL_SHARE, STREAK_HIDDEN_HU, STREAK_HU, Patch, Picture, free_line

BESIDE_MM = (2.4, 4.5)
"""Where bright matter beside a line is looked for: outside a seed's blur, inside the distance of the next needle."""

TISSUE_HU = 150.0
"""Soft tissue is no brighter: what is brighter beside a line is bone, contrast or another thing's blur."""

CROWDED_MM = 3.0
"""Centres of two seeds are hardly ever nearer than this."""

REACH_MM, WIDTH_MM = 7.0, 4.5
"""Voxels looked at about a line, and those that its width is judged by."""

WIDER = 1.6
"""Another shape tried in a line's place: so many times the blur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the picture shows of one line.

    Parameters
    ----------
    log_mass
        Logarithm of its brightness relative to a seed's.
    left
        Share of the picture within 2.5 mm that the lines leave unexplained.
    beside
        Bright matter beside it that no line explains, relative to its own peak.
    log_length
        Logarithm of its length relative to a seed's.
    wider
        What a wider shape in its place would explain better, as a share of what it explains.
    thing_left
        Share of the whole thing that its lines leave unexplained.
    crowding
        0 where the next line's centre is 3 mm away or more, 1 where it is the same place.
    """

    log_mass: float
    left: float
    beside: float
    log_length: float
    wider: float
    thing_left: float
    crowding: float

    @property
    def values(self) -> Float[np.ndarray, " 9"]:
        """As the log-odds take them: each within the range in which it was measured."""
        return np.array(
            [
                np.clip(-self.log_mass, 0.0, 1.5),
                np.clip(self.log_mass, 0.0, 1.5),
                np.clip(self.left, 0.0, 0.5),
                np.clip(self.beside, 0.0, 0.6),
                np.clip(-self.log_length, 0.0, 1.0),
                np.clip(self.log_length, 0.0, 1.0),
                np.clip(self.wider, 0.0, 0.3),
                np.clip(self.thing_left, 0.0, 0.5),
                self.crowding,
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the lines of a scan stand.

    Parameters
    ----------
    values_kji, spacing_kji
        The scan.
    picture
        How it shows a seed.
    rows
        All lines.
    """

    values_kji: np.ndarray
    spacing_kji: np.ndarray
    picture: Picture
    rows: Float[np.ndarray, "n 8"]

    def about(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places (mm along i, j, k) and values of the voxels within reach of a line."""
        middle, shape = row[2::-1] / self.spacing_kji, np.array(self.values_kji.shape)
        reach = REACH_MM / self.spacing_kji
        low = np.clip(np.ceil(middle - reach).astype(int), 0, shape - 1)
        high = np.clip(np.floor(middle + reach).astype(int) + 1, low + 1, shape)
        box = self.values_kji[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        index = np.indices(box.shape).reshape(3, -1).T + low
        points = np.ascontiguousarray((index * self.spacing_kji)[:, ::-1])
        return points, box.reshape(-1).astype(np.float64)

    def evidence(self, row: np.ndarray, patch: Patch, *, explained: float, share_left: float) -> Evidence:
        """Return what the picture shows of a line.

        Parameters
        ----------
        row, patch
            The line and its thing.
        explained, share_left
            Of its surroundings, and of its thing.
        """
        picture = self.picture
        points, seen = self.about(row)
        away = np.linalg.norm(self.rows[:, :3] - row[:3], axis=1)
        model, own = np.zeros(len(points)), np.zeros(len(points))
        for each in self.rows[away < 2.0 * REACH_MM]:
            add_line(points, each, picture.half_mm, picture.sigma, model, 1.0)
        add_line(points, row, picture.half_mm, picture.sigma, own, 1.0)
        background = min(patch.background_hu, TISSUE_HU)
        peak = min(float(own.max()), patch.cap_hu)
        return Evidence(
            log_mass=float(np.log(row[6] / picture.mass_hu_mm3)),
            left=1.0 - explained,
            beside=_beside(points, seen - model - background, row, picture.half_mm) / max(peak, 1.0),
            log_length=float(np.log(row[7])),
            wider=_gain_of_width(_Own(points, seen, model - own + patch.background_hu), row, patch, picture),
            thing_left=share_left,
            crowding=max(1.0 - float(np.partition(away, 1)[1]) / CROWDED_MM, 0.0) if len(away) > 1 else 0.0,
        )


@dataclass(frozen=True, slots=True)
class _Own:
    """What is left to one line: voxels, and what all else explains of them."""

    points: np.ndarray
    seen: np.ndarray
    others: np.ndarray


def _beside(points: np.ndarray, rest: np.ndarray, row: np.ndarray, half_mm: float) -> float:
    """Return the median of what no line explains beside a line, if bright."""
    away = points - row[:3]
    along = away @ row[3:6]
    across = np.linalg.norm(away - along[:, None] * row[3:6], axis=1)
    ring = (across > BESIDE_MM[0]) & (across < BESIDE_MM[1]) & (np.abs(along) < half_mm + 0.5)
    return float(max(np.median(rest[ring]), 0.0)) if ring.any() else 0.0


def _gain_of_width(own: _Own, row: np.ndarray, patch: Patch, picture: Picture) -> float:
    """Return how much better a wider line explains what this one does, as a share of it."""
    near = np.linalg.norm(own.points - row[:3], axis=1) < WIDTH_MM
    points, seen, others = np.ascontiguousarray(own.points[near]), own.seen[near], own.others[near]
    streak = STREAK_HIDDEN_HU if patch.is_cut_off else STREAK_HU
    weight = 1.0 / (streak**2 + (MODEL_SHARE * (seen - patch.background_hu)) ** 2)
    whole = max(cost_of(seen, others, weight, patch.cap_hu), 1e-9)
    wide = picture.sigma.copy()
    wide[:3] *= WIDER
    usual_left, wide_left = (
        refine_line(points, seen, others, weight, patch.cap_hu, row, picture.half_mm, sigma, free_line(row[6]), 5)[1]
        for sigma in (picture.sigma, wide)
    )
    return float((usual_left - wide_left) / whole)


WEIGHTS = np.array([-1.5, -8.0, -1.0, -18.0, -0.5, -22.0, -20.0, -10.0, -1.5])
CONSTANT = 4.4
"""Log-odds of a seed: constant and weights of `Evidence.values`."""


def log_odds(evidence: Evidence) -> float:
    """Return the log-odds that a line is a seed, by the picture alone."""
    return float(CONSTANT + WEIGHTS @ evidence.values)


PLAN_SPREAD_MM, ASTRAY = 7.0, 0.01
"""How far seeds lie from where they were planned, and the share of them that may lie anywhere."""

PLAN_GAIN = 1.0
"""Log-odds that lying at a planned place adds."""

MOST_BY_COUNT = 1.5
"""Log-odds that the number implanted may add or take from every line."""


def log_odds_of_place(away_mm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return what the distance from the nearest planned place adds to the log-odds."""
    return np.asarray(PLAN_GAIN + np.log((1.0 - ASTRAY) * np.exp(-0.5 * (away_mm / PLAN_SPREAD_MM) ** 2) + ASTRAY))


def confidences(odds: Float[np.ndarray, " n"], expected: int | None) -> Float[np.ndarray, " n"]:
    """Return probabilities; with a known number, all odds are shifted alike so that their sum comes as near as it may.

    The shift is bounded: seeds are lost, and things are mistaken for seeds, whatever the number implanted.
    """
    if expected is None or not len(odds):
        return _probability(odds)
    low, high = -MOST_BY_COUNT, MOST_BY_COUNT
    for _ in range(30):
        middle = 0.5 * (low + high)
        if _probability(odds + middle).sum() < expected:
            low = middle
        else:
            high = middle
    return _probability(odds + 0.5 * (low + high))


def _probability(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))))

"""How a scan shows a seed: its blur, a seed's brightness and the length of its bright part, measured on lone seeds.

Blur and length are the same for every seed of a scan, place and direction are each seed's own. So all lone seeds are
fitted together: for a trial blur each takes its best place and direction, and the blur that leaves least unexplained
is the scan's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from trocar.imaging.kernels import cost_of, refine_line
from trocar.imaging.seed_fit import Patch, Picture, blur_of, fit_cluster, fitted, free_line, start_rows
from trocar.results.seeds_seen import SeedBody

MASS_RANGE_HU_MM3 = (1.2e4, 1.6e5)
"""What a seed's brightness summed over volume can be at 80 to 140 kV, from the attenuation of titanium and silver."""

SAME_MASS = 1.35
"""Lone seeds differ by no more than this factor: cut-off scales and streaks."""

LEAST_CONTRAST, TYPICAL_OF = 0.75, 15
"""Blur is measured on lone things whose contrast is this share of the usual one of the brightest: bone has less."""

LONE_EXTENT_MM, LONGEST_TRAIN_MM = 3.5, 70.0
"""How long one seed shows in the box of its bright voxels; and the longest train looked at."""

LONGEST_LONE = 1.7
"""What is longer than this many usual bright parts is no lone seed, but a pair end to end or something else."""

LONE_USED, LONE_LOOKED_AT = 8, 40

LONE_LEFT, MANY_ALIKE = 0.25, 5
"""What one line of the usual blur leaves more of is no lone seed, but two beside each other or something else; unless
so many are alike: then the scanner's blur is unusual."""

TRAINS_TUNED, LONGEST_TUNED = 6, 8
"""Where no seed is alone: how many trains the picture is tuned on, and how long they are at most."""

ACROSS_TRIED, HALF_TRIED = (0.6, 0.75, 0.9, 1.0, 1.15), (0.75, 1.0, 1.2)
"""Blurs and lengths tried for them, relative to the usual ones."""

ACROSS_MM, ALONG_MM = (0.70, 0.35), (0.45, 0.35)
"""Blur across and along the scan's axis as scanners have it (before the mean over the slice): median, spread of log."""

BRIGHT_SHARE, BRIGHT_SPREAD = 0.72, 0.20
"""Share of the capsule that its rod or marker fills as a scan shows it, and the spread of its logarithm."""

PRIOR_WEIGHT = 0.02
"""What one standard deviation from the usual costs, as a share of the whole picture of the lone seeds."""


@dataclass(slots=True)
class _Lone:
    """A bright thing taken for one seed, with its best line so far."""

    patch: Patch
    row: np.ndarray
    energy: float
    left: float = 1.0

    def fitted(self, half_mm: float, sigma: np.ndarray, rows: Sequence[np.ndarray], rounds: int) -> float:
        """Take the best of some starting lines, and return the share of the picture left unexplained."""
        patch = self.patch
        others = np.full(len(patch.observed_hu), patch.background_hu)
        best, left = self.row, np.inf
        for start in rows:
            row, cost = refine_line(
                patch.points_mm, patch.observed_hu, others, patch.weight, patch.cap_hu, start, half_mm, sigma,
                free_line(start[6]), rounds,
            )  # fmt: skip
            if cost < left:
                best, left = row, cost
        self.row, self.left = best, float(left / self.energy)
        return self.left

    def own_length(self, x: Float[np.ndarray, " 3"], slice_mm: float) -> float:
        """Return its length relative to that of a picture."""
        patch = self.patch
        others = np.full(len(patch.observed_hu), patch.background_hu)
        prior = free_line(self.row[6])
        prior[6] = 1e-3 * self.energy
        row, _ = refine_line(
            patch.points_mm, patch.observed_hu, others, patch.weight, patch.cap_hu, self.row, float(np.exp(x[2])),
            blur_of(float(np.exp(x[0])), float(np.exp(x[1])), slice_mm), prior, 12,
        )  # fmt: skip
        return float(row[7])


def measure_picture(patches: Sequence[Patch], body: SeedBody, slice_mm: float) -> Picture | None:
    """Return how the scan shows a seed, as measured on bright things that are one seed each; None if there is none."""
    brightest = np.sort([patch.contrast_hu for patch in patches])[::-1][:TYPICAL_OF]
    able = [patch for patch in patches if patch.contrast_hu >= LEAST_CONTRAST * float(np.median(brightest))]
    lone = _lone_seeds(able, body, slice_mm)
    usual = np.log([ACROSS_MM[0], ALONG_MM[0], 0.5 * BRIGHT_SHARE * body.length_mm])
    spread = np.array([ACROSS_MM[1], ALONG_MM[1], BRIGHT_SPREAD])
    for each in lone:
        _all_ways(each, usual, slice_mm)
    lone = _alike([each for each in lone if each.own_length(usual, slice_mm) < LONGEST_LONE])
    plain = [each for each in lone if each.left < LONE_LEFT]
    lone = plain or (lone if len(lone) >= MANY_ALIKE else [])
    if not lone:
        usual_picture = _picture_of_trains(able, body, slice_mm)
        return None if usual_picture is None else _tuned_on_trains(usual_picture, able)

    def left(x: Float[np.ndarray, " 3"]) -> float:
        sigma, half = blur_of(float(np.exp(x[0])), float(np.exp(x[1])), slice_mm), float(np.exp(x[2]))
        misfit = np.mean([each.fitted(half, sigma, [each.row], 4) for each in lone])
        return float(misfit + PRIOR_WEIGHT * np.sum(((x - usual) / spread) ** 2))

    x = usual
    for _ in range(1):
        corners = np.vstack([x, *(x + np.diag(0.15 * np.ones(3)))])
        found = minimize(left, x, method="Nelder-Mead", options={"initial_simplex": corners, "maxfev": 30})
        x = np.asarray(found.x)
        for each in lone:
            _all_ways(each, x, slice_mm)
    masses = [float(each.row[6]) for each in lone]
    seen = [each.patch.mass_hu_mm3 for each in lone]
    return Picture(
        blur_mm=(float(np.exp(x[0])), float(np.exp(x[0])), float(np.exp(x[1]))),
        mass_hu_mm3=float(np.median(masses)),
        seen_mass_hu_mm3=float(np.median(seen)),
        half_mm=float(np.exp(x[2])),
        capsule_mm=body.length_mm,
        slice_mm=slice_mm,
        contrast_hu=float(np.median([each.patch.contrast_hu for each in lone])),
    )


def _picture_of_trains(patches: Sequence[Patch], body: SeedBody, slice_mm: float) -> Picture | None:
    """Return the usual picture of a scanner with the brightness of seeds that lie end to end; None without any train.

    Where no seed stands alone, a train's length says how many it holds, and its brightness what each gives.
    """
    per_seed, contrast_hu = [], []
    for patch in patches:
        count = 1 + max(round((patch.extent_mm - LONE_EXTENT_MM) / body.length_mm), 0)
        mass = patch.mass_hu_mm3 / count
        if MASS_RANGE_HU_MM3[0] < mass < MASS_RANGE_HU_MM3[1] and patch.extent_mm < LONGEST_TRAIN_MM:
            per_seed += [mass] * count
            contrast_hu.append(patch.contrast_hu)
    if not per_seed:
        return None
    return Picture(
        blur_mm=(ACROSS_MM[0], ACROSS_MM[0], ALONG_MM[0]),
        mass_hu_mm3=float(np.median(per_seed)),
        seen_mass_hu_mm3=float(np.median(per_seed)),
        half_mm=0.5 * BRIGHT_SHARE * body.length_mm,
        capsule_mm=body.length_mm,
        slice_mm=slice_mm,
        contrast_hu=float(np.median(contrast_hu)),
    )


def _tuned_on_trains(picture: Picture, patches: Sequence[Patch]) -> Picture:
    """Return a picture with the blur, the length and the brightness that explain some trains best."""
    trains = [patch for patch in patches if 2 <= patch.count_by_length(picture) <= LONGEST_TUNED][:TRAINS_TUNED]
    if not trains:
        return picture
    rows = [min(fit_cluster(patch, picture), key=lambda fit: fit.score).rows for patch in trains]
    best, least = picture, np.inf
    for across in ACROSS_TRIED:
        for half in HALF_TRIED:
            trial = replace(
                picture,
                blur_mm=(across * picture.blur_mm[0], across * picture.blur_mm[1], picture.blur_mm[2]),
                half_mm=half * picture.half_mm,
            )
            fits = [fitted(patch, trial, start, sweeps=1) for patch, start in zip(trains, rows, strict=True)]
            left = sum(cost for _, cost in fits) + sum(float((np.log(got[:, 7]) ** 2).sum()) for got, _ in fits)
            if left < least:
                mass = float(np.median(np.concatenate([got[:, 6] for got, _ in fits])))
                best, least = replace(trial, mass_hu_mm3=mass), left
    return best


def _all_ways(each: _Lone, x: Float[np.ndarray, " 3"], slice_mm: float) -> float:
    """Fit a lone seed from its own line and from lines along the axes; return what is left."""
    sigma, half = blur_of(float(np.exp(x[0])), float(np.exp(x[1])), slice_mm), float(np.exp(x[2]))
    rows = [each.row]
    for axis in np.eye(3):
        turned = each.row.copy()
        turned[3:6] = axis
        rows.append(turned)
    return each.fitted(half, sigma, rows, 12)


def _lone_seeds(patches: Sequence[Patch], body: SeedBody, slice_mm: float) -> list[_Lone]:
    """Return the bright things short enough to be one seed, those of the brightest peak first."""
    lone = []
    for patch in sorted(patches, key=lambda each: -each.contrast_hu):
        if patch.extent_mm < body.length_mm + 2.5 + 2.0 * slice_mm:
            row = start_rows(patch, 1, 0.5 * body.length_mm, np.random.default_rng(0))[0]
            row[6] = np.clip(patch.mass_hu_mm3, *MASS_RANGE_HU_MM3)
            lone.append(_Lone(patch, row, _energy(patch)))
        if len(lone) >= LONE_LOOKED_AT:
            break
    return lone


def _energy(patch: Patch) -> float:
    empty = np.full(len(patch.observed_hu), patch.background_hu)
    return max(float(cost_of(patch.observed_hu, empty, patch.weight, patch.cap_hu)), 1e-9)


def _alike(lone: list[_Lone]) -> list[_Lone]:
    """Return the lone things of the most frequent brightness that seeds can have, the best explained first."""
    low, high = MASS_RANGE_HU_MM3
    able = [each for each in lone if low < each.row[6] < high]
    if not able:
        return []
    mass = np.log([each.row[6] for each in able])
    near = np.abs(mass[:, None] - mass[None]) < np.log(SAME_MASS)
    middle = int(near.sum(axis=1).argmax())
    alike = [each for each, same in zip(able, near[middle], strict=True) if same]
    return sorted(alike, key=lambda each: each.left)[:LONE_USED]

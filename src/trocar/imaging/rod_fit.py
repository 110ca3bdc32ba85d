"""A track laid where a blurred straight rod explains the picture best: each slice is a mean over its thickness."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int64
from scipy.optimize import least_squares

from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume
from trocar.imaging.seed_fit import CUT_OFF_HU, PART_MM
from trocar.imaging.track_fit import Track

ACROSS_MM, ACROSS_SLICES = 3.5, 1.6
"""Voxels this near take part: within a slice in mm, from slice to slice in slices, if that is more."""

RIM_MM, RIM_STEP_MM = 2.0, 6.0
"""The surroundings are what is farther than this from the line within its slice, over such stretches."""

ENDS_MM = 3.0
"""So much at both ends is left out: what an end looks like is not modelled."""

STREAK_HU, MODEL_SHARE = 250.0, 0.1
"""A voxel's misfit counts in units of what streaks do and of a share of its brightness for the shape of the blur; what
is farther off counts less and less."""

MOST_VOXELS, FEW_VOXELS, LEAST_VOXELS = 3000, 1000, 60
ROUGH_STEPS, FINE_STEPS = 12, 30

LEANING = ((0, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))
"""Half slices by which the two ends are moved before the fit begins: it does not find its way out of every slice."""

MIDDLE_PULL = 4.0
"""How strongly an end is drawn to where it was, a slice away, in the same units: a rod that lies in one slice from end
to end looks alike anywhere in it, and is then best taken to lie in its middle."""

BLUR_MM, USUAL_BLUR_MM = (0.4, 1.8), 0.6
BRIGHTNESS_HU, BRIGHTER = (300.0, 60000.0), 2.0
AROUND_HU = (-300.0, 300.0)
STEP = np.array([0.3, 0.3, 0.3, 0.3, 0.2, 0.2, 50.0])
"""Usual, least and most of the parameters of a rod's picture, and the size of a usual change of each."""


def laid_on_picture(scan: Volume, track: Track) -> Track:
    """Return the track with its line fitted to the brightness of the voxels about it.

    The model is a Gaussian ridge along a straight line, averaged over the thickness of a slice and cut off where the
    scale of the scan ends (N1). So a rod that leans a little out of the slices is laid through them, where the middle
    of the metal would stay in one.

    Parameters
    ----------
    scan
        CT in HU.
    track
        In patient space; its stretch tells which voxels are asked.

    Returns
    -------
    Track
        The same stretch of the fitted line; the track itself where too little is left to fit.
    """
    if track.last_mm - track.first_mm < 4 * ENDS_MM:
        return track
    picture = _Picture.about(scan, track)
    if len(picture.observed_hu) < LEAST_VOXELS:
        return track
    few = picture.thinned(FEW_VOXELS)
    rough = min((few.fitted(start, ROUGH_STEPS) for start in few.starts()), key=few.cost)
    low, high = picture.ends(picture.thinned(MOST_VOXELS).fitted(rough, FINE_STEPS))
    way = (high - low) / np.linalg.norm(high - low)
    return replace(track, centre_lps_mm=low + ((track.centre_lps_mm - low) @ way) * way, way_lps=way)


def slices_of(grid: Grid) -> tuple[Float[np.ndarray, " 3"], float]:
    """Return the normal of a scan's slices and their distance (mm)."""
    step_i, step_j, step_k = grid.steps_lps_mm
    normal = np.cross(step_i, step_j)
    normal /= np.linalg.norm(normal)
    return normal, abs(float(normal @ step_k))


def across_in_slice(way_lps: Float[np.ndarray, " 3"], normal_lps: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    """Return a direction across a line that stays within a slice."""
    across = np.cross(way_lps, normal_lps)
    if np.linalg.norm(across) < 1e-3:
        across = np.linalg.svd(way_lps[None])[2][1]
    return np.asarray(across / np.linalg.norm(across))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Picture:
    """Voxels about a track, and what a rod would make of them.

    The parameters of a rod are the shifts of its two ends aside and towards the next slice (mm), log brightness above
    its surroundings, log blur (mm) and by how many HU those are brighter than the rim.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    observed_hu: Float[np.ndarray, " n"]
    around_hu: Float[np.ndarray, " n"]
    low_lps_mm: Float[np.ndarray, " 3"]
    high_lps_mm: Float[np.ndarray, " 3"]
    aside_lps: Float[np.ndarray, "2 3"]
    within_slice_lps_mm: Float[np.ndarray, "parts 3"]
    slice_mm: float
    cap_hu: float

    @classmethod
    def about(cls, scan: Volume, track: Track) -> "_Picture":
        """Return the picture of a track: its ends are left out, neighbouring slices are in."""
        normal, slice_mm = slices_of(scan.grid)
        index = _voxels_about(scan.grid, track)
        points = apply_affine(scan.grid.lps_from_ijk, index.astype(np.float64))
        along = (points - track.centre_lps_mm) @ track.way_lps
        off = points - track.centre_lps_mm - along[:, None] * track.way_lps
        height = off @ normal
        flat2 = np.maximum((off**2).sum(axis=1) - height**2, 0.0)
        near = flat2 / ACROSS_MM**2 + (height / max(ACROSS_MM, ACROSS_SLICES * slice_mm)) ** 2 <= 1.0
        near &= (along >= track.first_mm + ENDS_MM) & (along <= track.last_mm - ENDS_MM)
        i, j, k = index[near].T
        observed = scan.values_kji[k, j, i].astype(np.float64)
        stretch = np.floor(along[near] / RIM_STEP_MM).astype(np.int64)
        around = _around_hu(observed, np.stack([stretch, k], axis=1), flat2[near] > RIM_MM**2)
        parts = max(int(np.ceil(slice_mm / PART_MM)), 1)
        return cls(
            points_lps_mm=points[near],
            observed_hu=observed,
            around_hu=around,
            low_lps_mm=track.centre_lps_mm + track.first_mm * track.way_lps,
            high_lps_mm=track.centre_lps_mm + track.last_mm * track.way_lps,
            aside_lps=_aside(track.way_lps, normal),
            within_slice_lps_mm=((np.arange(parts) + 0.5) / parts - 0.5)[:, None] * slice_mm * normal,
            slice_mm=slice_mm * float(np.linalg.norm(normal - (normal @ track.way_lps) * track.way_lps)),
            cap_hu=float(observed.max()) if len(observed) and observed.max() >= CUT_OFF_HU else np.inf,
        )

    def thinned(self, most: int) -> "_Picture":
        """Return the picture by at most so many of its voxels, evenly taken."""
        every = -(-len(self.observed_hu) // most)
        return replace(
            self,
            points_lps_mm=self.points_lps_mm[::every],
            observed_hu=self.observed_hu[::every],
            around_hu=self.around_hu[::every],
        )

    def ends(self, rod: Float[np.ndarray, " 7"]) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
        """Return the ends of a rod."""
        return self.low_lps_mm + rod[0:2] @ self.aside_lps, self.high_lps_mm + rod[2:4] @ self.aside_lps

    def misfit(self, rod: Float[np.ndarray, " 7"]) -> Float[np.ndarray, " n"]:
        """Return how far the scan is from what it would show of a rod, in units of what is not modelled; the pull."""
        low, high = self.ends(rod)
        way = (high - low) / np.linalg.norm(high - low)
        offset = self.points_lps_mm[:, None] + self.within_slice_lps_mm - low
        off2 = (offset**2).sum(axis=2) - (offset @ way) ** 2
        ridge = np.exp(-0.5 * off2 * np.exp(-2.0 * rod[5])).mean(axis=1)
        shown = np.minimum(self.around_hu + rod[6] + np.exp(rod[4]) * ridge, self.cap_hu)
        above = np.maximum(self.observed_hu - self.around_hu, 0.0)
        misfit = (shown - self.observed_hu) / (STREAK_HU + MODEL_SHARE * above)
        return np.concatenate([misfit, MIDDLE_PULL * rod[[1, 3]] / self.slice_mm])

    def cost(self, rod: Float[np.ndarray, " 7"]) -> float:
        """Return what the fit makes least."""
        return float((np.sqrt(1.0 + self.misfit(rod) ** 2) - 1.0).sum())

    def starts(self) -> list[Float[np.ndarray, " 7"]]:
        """Return where to begin: the track as it is, aside, and leaning through its slice."""
        brightest = float((self.observed_hu - self.around_hu).max())
        bright = float(np.log(BRIGHTER * max(brightest, BRIGHTNESS_HU[0])))
        step = 0.5 * self.slice_mm
        return [np.array([0.0, a * step, 0.0, b * step, bright, np.log(USUAL_BLUR_MM), 0.0]) for a, b in LEANING]

    def fitted(self, start: Float[np.ndarray, " 7"], steps: int) -> Float[np.ndarray, " 7"]:
        """Return the rod that the picture fits best, by a robust least-squares search from a start on."""
        up = max(ACROSS_MM, ACROSS_SLICES * self.slice_mm)
        low, high = (
            np.array([sign * ACROSS_MM, sign * up] * 2 + [np.log(BRIGHTNESS_HU[n]), np.log(BLUR_MM[n]), AROUND_HU[n]])
            for n, sign in ((0, -1.0), (1, 1.0))
        )
        start = np.clip(start, low + 1e-6, high - 1e-6)
        fit = least_squares(self.misfit, start, loss="soft_l1", bounds=(low, high), x_scale=STEP, max_nfev=steps)
        return np.asarray(fit.x)


def _around_hu(
    observed: Float[np.ndarray, " n"],
    place: Int64[np.ndarray, "n 2"],
    rim: Bool[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """Return the HU of each voxel's surroundings: the median of the rim at its stretch of the line, in its slice."""
    if not rim.any():
        return np.full(len(observed), float(np.median(observed)) if len(observed) else 0.0)
    known, of = np.unique(place[rim], axis=0, return_inverse=True)
    medians = np.array([np.median(observed[rim][of == n]) for n in range(len(known))])
    # Far in front of anything else: the next slice is another tissue, the next stretch mostly the same.
    far = np.abs(place[:, None] - known) @ np.array([1, 1000])
    return np.asarray(medians[far.argmin(axis=1)])


def _aside(way: Float[np.ndarray, " 3"], normal: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "2 3"]:
    """Return two directions across a rod: within the slices, and as far towards the next as may be."""
    across = across_in_slice(way, normal)
    return np.stack([across, np.cross(across, way)])


def _voxels_about(grid: Grid, track: Track) -> np.ndarray:
    """Return the indices (i, j, k) of the voxels about a track's stretch, some too far off among them."""
    spacing = np.asarray(grid.spacing_ijk_mm)
    t = np.arange(track.first_mm, track.last_mm, 0.5 * spacing.min())
    line = apply_affine(grid.ijk_from_lps, track.centre_lps_mm + t[:, None] * track.way_lps)
    reach = np.ceil(np.maximum(ACROSS_MM / spacing, ACROSS_SLICES)).astype(int)
    about = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    middles = np.unique(np.rint(line).astype(int), axis=0)
    shape = np.asarray(grid.shape_kji[::-1])
    index = (middles[:, None] + about).reshape(-1, 3)
    index = index[((index >= 0) & (index < shape)).all(axis=1)]
    return np.stack(
        np.unravel_index(np.unique(np.ravel_multi_index(tuple(index.T), tuple(shape))), tuple(shape)), axis=-1
    )

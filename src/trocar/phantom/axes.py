"""`Axes`: the coordinates of an axial block of samples, and windows in it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Window = tuple[slice, slice, slice]
"""Slices along k, j and i."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Axes:
    """Coordinates along x, y and z of a block whose arrays are ``[k, j, i]``; each ascending.

    Parameters
    ----------
    x_mm, y_mm, z_mm
        LPS coordinates of the samples, float32.
    """

    x_mm: Float[np.ndarray, " i"]
    y_mm: Float[np.ndarray, " j"]
    z_mm: Float[np.ndarray, " k"]

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Number of samples along k, j and i."""
        return len(self.z_mm), len(self.y_mm), len(self.x_mm)

    def window(self, bounds_lps_mm: Float[np.ndarray, "2 3"], *, reach_mm: float) -> Window | None:
        """Return the block of samples within ``reach_mm`` of a box, or None if there is none."""
        low, high = bounds_lps_mm[0] - reach_mm, bounds_lps_mm[1] + reach_mm
        found = []
        for axis, values in ((2, self.z_mm), (1, self.y_mm), (0, self.x_mm)):
            start, stop = np.searchsorted(values, low[axis]), np.searchsorted(values, high[axis], side="right")
            if start >= stop:
                return None
            found.append(slice(int(start), int(stop)))
        return found[0], found[1], found[2]

    @property
    def bounds_lps_mm(self) -> Float[np.ndarray, "2 3"]:
        """Lowest and highest corner of the samples."""
        return np.array(
            [[v[0] for v in (self.x_mm, self.y_mm, self.z_mm)], [v[-1] for v in (self.x_mm, self.y_mm, self.z_mm)]],
            dtype=np.float64,
        )

    def touched(self, boxes_lps_mm: Float[np.ndarray, "n 2 3"], *, reach_mm: float) -> list[int]:
        """Return which boxes come within ``reach_mm`` of the samples."""
        low, high = self.bounds_lps_mm
        near = (boxes_lps_mm[:, 0] <= high + reach_mm) & (boxes_lps_mm[:, 1] >= low - reach_mm)
        return [int(n) for n in np.flatnonzero(near.all(axis=1))]

    def cut(self, window: Window) -> "Axes":
        """Return the coordinates of a window."""
        return Axes(x_mm=self.x_mm[window[2]], y_mm=self.y_mm[window[1]], z_mm=self.z_mm[window[0]])

    def open_grid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return x, y and z shaped so that they broadcast to ``[k, j, i]``."""
        return self.x_mm[None, None, :], self.y_mm[None, :, None], self.z_mm[:, None, None]

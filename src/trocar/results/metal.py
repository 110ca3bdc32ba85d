"""`MetalBody`: metal in a scan too thick for any seed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetalBody(Value):
    """A prosthesis, a tooth, a screw: where no seed can be seen, and whose streaks cross its slices.

    Parameters
    ----------
    volume_cc
        Of the voxels that are metal.
    centre_lps_mm
        Their middle.
    low_lps_mm, high_lps_mm
        Corners of the box that holds them.
    """

    volume_cc: float
    centre_lps_mm: Float[np.ndarray, " 3"]
    low_lps_mm: Float[np.ndarray, " 3"]
    high_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        for name in ("centre_lps_mm", "low_lps_mm", "high_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    def gap_mm(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Return how far points lie from the box."""
        outside = np.maximum(np.maximum(self.low_lps_mm - points_lps_mm, points_lps_mm - self.high_lps_mm), 0.0)
        return np.asarray(np.linalg.norm(outside, axis=1))

    def shares_slice(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> np.ndarray:
        """Return which points lie in axial slices that hold the metal, where its streaks run."""
        z = points_lps_mm[:, 2]
        return np.asarray((z >= self.low_lps_mm[2]) & (z <= self.high_lps_mm[2]))

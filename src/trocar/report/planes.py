"""Cutting planes through the patient, and the letters that say which side is which.

An axial slice is seen from the feet, a coronal slice from the front, a sagittal slice from the left: the radiological
convention. The letters are computed from the directions that are drawn, never typed beside them.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume


class View(Enum):
    """Which way the patient is cut; the value names right, down and into-the-page as LPS directions."""

    AXIAL = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    CORONAL = ((1, 0, 0), (0, 0, -1), (0, 1, 0))
    SAGITTAL = ((0, 1, 0), (0, 0, -1), (-1, 0, 0))


def letter(direction_lps: Float[np.ndarray, " 3"]) -> str:
    """Return the side of the patient a direction points to: L, R, P, A, H (head) or F (feet).

    Examples
    --------
    >>> import numpy as np
    >>> letter(np.array([1.0, 0.0, 0.0]))
    'L'
    """
    axis = int(np.argmax(np.abs(direction_lps)))
    return ("LR", "PA", "HF")[axis][0 if direction_lps[axis] > 0 else 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A rectangle of a plane.

    Parameters
    ----------
    view
        Which way.
    centre_lps_mm
        Middle of the rectangle; its component along the normal says which slice.
    half_width_mm, half_height_mm
        Extent.
    """

    view: View
    centre_lps_mm: Float[np.ndarray, " 3"]
    half_width_mm: float
    half_height_mm: float

    @property
    def right_lps(self) -> Float[np.ndarray, " 3"]:
        """Direction drawn to the right."""
        return np.asarray(self.view.value[0], dtype=np.float64)

    @property
    def down_lps(self) -> Float[np.ndarray, " 3"]:
        """Direction drawn downward."""
        return np.asarray(self.view.value[1], dtype=np.float64)

    @property
    def normal_lps(self) -> Float[np.ndarray, " 3"]:
        """Direction across the plane, toward positive patient coordinates."""
        return np.abs(np.asarray(self.view.value[2], dtype=np.float64))

    @property
    def position_mm(self) -> float:
        """Coordinate of the plane along its normal."""
        return float(self.centre_lps_mm @ self.normal_lps)

    @property
    def letters(self) -> dict[str, str]:
        """Letter at each edge of the picture."""
        return {
            "right": letter(self.right_lps),
            "left": letter(-self.right_lps),
            "bottom": letter(self.down_lps),
            "top": letter(-self.down_lps),
        }

    @property
    def extent_mm(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge in the coordinates of `in_plane`."""
        across, along = self.in_plane(self.centre_lps_mm)
        return (
            float(across - self.half_width_mm),
            float(across + self.half_width_mm),
            float(along + self.half_height_mm),
            float(along - self.half_height_mm),
        )

    def in_plane(self, points_lps_mm: Float[np.ndarray, "*batch 3"]) -> tuple[np.ndarray, np.ndarray]:
        """Return how far points lie to the right and how far down, in mm."""
        return np.asarray(points_lps_mm @ self.right_lps), np.asarray(points_lps_mm @ self.down_lps)

    def points(self, step_mm: float) -> tuple[np.ndarray, np.ndarray, Float[np.ndarray, "rows columns 3"]]:
        """Return coordinates to the right, coordinates downward, and the points of a lattice over the rectangle."""
        left, right, bottom, top = self.extent_mm
        across = np.arange(left, right + 0.5 * step_mm, step_mm)
        along = np.arange(top, bottom + 0.5 * step_mm, step_mm)
        fixed = self.position_mm * self.normal_lps
        points = across[None, :, None] * self.right_lps + along[:, None, None] * self.down_lps + fixed
        return across, along, points


def crosses(cut: Cut, grid: Grid) -> bool:
    """Say whether a plane runs through the voxels of a grid."""
    heights = grid.corners_lps_mm @ cut.normal_lps
    return bool(heights.min() <= cut.position_mm <= heights.max())


def sampled(volume: Volume, cut: Cut, *, step_mm: float, outside: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coordinates to the right, downward, and the values of a volume over a cut."""
    across, along, points = cut.points(step_mm)
    return across, along, volume.sample(points, outside=outside)

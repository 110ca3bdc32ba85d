"""`Volume`: numbers on a grid."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float, Shaped
from scipy.ndimage import map_coordinates

from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array, frozen_without_copy


class Quantity(Enum):
    """What the numbers of a volume measure, and in which unit."""

    HOUNSFIELD = "HU"
    MR_SIGNAL = "MR signal, arbitrary unit"
    DOSE_GY = "Gy"
    DOSE_RATE_GY_PER_H = "Gy/h"
    RELATIVE_DOSE = "dose relative to the prescription, 1 = 100 %"
    TEMPERATURE_K = "K"
    LENGTH_MM = "mm"
    PROBABILITY = "probability, 0 to 1"
    DEATH_SCORE = "signed death score, 0 = edge of the dead zone, positive inside"
    LABEL = "label, 0 = outside"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume(Value):
    """Numbers on a grid, in one frame of reference.

    Parameters
    ----------
    grid
        Where the voxels are.
    values_kji
        One number a voxel, array order slice, row, column; read-only afterwards.
    quantity
        What the numbers are.
    frame_uid
        DICOM Frame of Reference UID: volumes may be compared point by point only if it is the same.

    Raises
    ------
    GeometryError
        The array does not have the grid's shape.
    """

    grid: Grid
    values_kji: Shaped[np.ndarray, "k j i"]
    quantity: Quantity
    frame_uid: str

    def __post_init__(self) -> None:
        if self.values_kji.shape != self.grid.shape_kji:
            raise GeometryError(
                "geometry.volume-shape",
                "an array of shape {given} was given for a grid of {allowed} (slices, rows, columns)",
                given=self.values_kji.shape,
                allowed=self.grid.shape_kji,
            )
        object.__setattr__(self, "values_kji", frozen_array(self.values_kji, self.values_kji.dtype))

    @classmethod
    def owning(cls, *, grid: Grid, values_kji: np.ndarray, quantity: Quantity, frame_uid: str) -> "Volume":
        """Return a volume that takes over a large array without copying it; the caller gives up writing to it."""
        return cls(grid=grid, values_kji=frozen_without_copy(values_kji), quantity=quantity, frame_uid=frame_uid)

    def sample(self, points_lps_mm: Float[np.ndarray, "*batch 3"], *, outside: float) -> Float[np.ndarray, "*batch"]:
        """Return trilinear values at points.

        Parameters
        ----------
        points_lps_mm
            Where.
        outside
            Value for points beyond the outermost voxel centres by more than half a voxel; within that half voxel the
            nearest voxel counts.
        """
        index = self.grid.index_ijk(points_lps_mm)
        inside = self.grid.contains(points_lps_mm)
        coordinates = index[..., ::-1].reshape(-1, 3).T
        values = map_coordinates(
            self.values_kji, coordinates, order=1, mode="nearest", output=np.float64, prefilter=False
        )
        return np.where(inside, values.reshape(inside.shape), outside)


def require_same_frame(first_uid: str, second_uid: str, *, first: str, second: str) -> None:
    """Raise unless two things share one frame of reference.

    Raises
    ------
    GeometryError
        The frames differ: positions of one mean nothing in the other until they are registered.
    """
    if first_uid != second_uid:
        raise GeometryError(
            "geometry.frame-differs",
            "{first} lies in frame of reference {first_uid}, {second} in {second_uid}; "
            "positions can only be compared in one frame: give objects of the same scan, or register them first",
            first=first,
            first_uid=first_uid,
            second=second,
            second_uid=second_uid,
        )

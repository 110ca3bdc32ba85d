"""Resample: the numbers of a volume on another grid."""

from enum import Enum

import numpy as np
from jaxtyping import Float
from scipy.ndimage import affine_transform

from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume

_REVERSED = np.eye(3)[::-1]


class Interpolation(Enum):
    """How a value between voxel centres is found; the number is the order of the spline."""

    NEAREST = 0
    LINEAR = 1
    CUBIC = 3


def resample(volume: Volume, grid: Grid, *, interpolation: Interpolation, outside: float) -> Volume:
    """Return the volume on another grid of the same frame of reference.

    The values are interpolated at the new centres, not averaged over the new voxels: going to a much coarser grid,
    blur first.

    Parameters
    ----------
    volume
        Any grid, sheared or not.
    grid
        Where the values are wanted.
    interpolation
        Labels allow `Interpolation.NEAREST` only.
    outside
        Value beyond the box of the old voxels; within it but beyond the outermost centres the border is continued.

    Raises
    ------
    GeometryError
        Labels were to be interpolated.

    Examples
    --------
    >>> coarse = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(2, 2, 2), shape_kji=(1, 1, 2))
    >>> fine = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 2, 2), shape_kji=(1, 1, 3))
    >>> ramp = Volume(grid=coarse, values_kji=np.array([[[0.0, 2.0]]]), quantity=Quantity.HOUNSFIELD, frame_uid="1")
    >>> resample(ramp, fine, interpolation=Interpolation.LINEAR, outside=-1000.0).values_kji.tolist()
    [[[0.0, 1.0, 2.0]]]
    """
    if volume.quantity is Quantity.LABEL and interpolation is not Interpolation.NEAREST:
        raise GeometryError(
            "geometry.labels-interpolated",
            "a volume of labels was to be resampled by {interpolation} interpolation; labels have no values in "
            "between: use NEAREST",
            interpolation=interpolation.name,
        )
    old_from_new = volume.grid.ijk_from_lps @ grid.lps_from_ijk
    matrix = _REVERSED @ old_from_new[:3, :3] @ _REVERSED
    offset = old_from_new[:3, 3][::-1]
    values = affine_transform(
        volume.values_kji,
        matrix,
        offset=offset,
        output_shape=grid.shape_kji,
        output=_type_for(volume, interpolation),
        order=interpolation.value,
        mode="nearest",
    )
    _blank_outside(values, volume.grid.shape_kji, matrix, offset, outside)
    return Volume.owning(grid=grid, values_kji=values, quantity=volume.quantity, frame_uid=volume.frame_uid)


def near(image: Volume, points_lps_mm: Float[np.ndarray, "n 3"], *, reach_mm: float) -> Volume:
    """Return the part of a scan within a reach of points."""
    index = image.grid.index_ijk(points_lps_mm)
    beyond = reach_mm / np.asarray(image.grid.spacing_ijk_mm)
    last = np.array(image.grid.shape_kji[::-1])
    low = np.clip(np.floor(index.min(axis=0) - beyond), 0, last - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + beyond) + 1, low + 1, last).astype(int)
    matrix = np.array(image.grid.lps_from_ijk)
    matrix[:3, 3] = matrix[:3, :3] @ low + matrix[:3, 3]
    shape = (int(high[2] - low[2]), int(high[1] - low[1]), int(high[0] - low[0]))
    return Volume(
        grid=Grid(shape_kji=shape, lps_from_ijk=matrix),
        values_kji=image.values_kji[low[2] : high[2], low[1] : high[1], low[0] : high[0]],
        quantity=image.quantity,
        frame_uid=image.frame_uid,
    )


def _type_for(volume: Volume, interpolation: Interpolation) -> np.dtype:
    kind: np.dtype = volume.values_kji.dtype
    if interpolation is Interpolation.NEAREST or np.issubdtype(kind, np.floating):
        return kind
    return np.dtype(np.float32)


def _blank_outside(
    values: np.ndarray, old_shape: tuple[int, int, int], matrix: np.ndarray, offset: np.ndarray, outside: float
) -> None:
    """Set what lies beyond the old voxels; slice by slice, as coordinates take three numbers a voxel."""
    rows, columns = np.indices(values.shape[1:], dtype=np.float64)
    for k in range(values.shape[0]):
        beyond = np.zeros(values.shape[1:], np.bool_)
        for axis in range(3):
            at = matrix[axis, 0] * k + matrix[axis, 1] * rows + matrix[axis, 2] * columns + offset[axis]
            beyond |= (at < -0.5) | (at > old_shape[axis] - 0.5)
        values[k][beyond] = outside

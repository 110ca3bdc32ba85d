"""What a planner sees while a plan is edited: outlines of structures and of doses in one plane of the patient.

A cut is a grid one voxel thick along the patient's axes. Its two directions are the patient axes that are left when
the one across the plane is taken away, in the order of L, P, S.
"""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from jaxtyping import Float
from skimage.measure import find_contours

from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.region import Region

Outline = Float[np.ndarray, "_ 2"]
"""A line within a cut, in mm along its two patient axes."""

NOTHING_SHARE = 1e-6
"""A dose below this share of the lowest line is none, as it is beyond the cut."""


class Plane(Enum):
    """A plane of the patient; the value is the axis of L, P, S across it."""

    SAGITTAL = 0
    CORONAL = 1
    TRANSVERSE = 2

    @property
    def axes(self) -> tuple[int, int]:
        """The axes of L, P, S within it.

        Examples
        --------
        >>> Plane.CORONAL.axes
        (0, 2)
        """
        first, second = (axis for axis in range(3) if axis != self.value)
        return first, second


def cut_grid(box_lps_mm: Float[np.ndarray, "2 3"], plane: Plane, *, at_mm: float, spacing_mm: float) -> Grid:
    """Return a grid one voxel thick across a box.

    Parameters
    ----------
    box_lps_mm
        Lowest and highest corner.
    plane
        Which way it is cut.
    at_mm
        Where, along the axis across the plane.
    spacing_mm
        Between the voxels of the cut.
    """
    low, high = box_lps_mm
    counts = np.maximum(np.floor((high - low) / spacing_mm).astype(int) + 1, 1)
    origin = low.copy()
    counts[plane.value], origin[plane.value] = 1, at_mm
    return Grid.axial(
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        spacing_ijk_mm=(spacing_mm, spacing_mm, spacing_mm),
        shape_kji=(int(counts[2]), int(counts[1]), int(counts[0])),
    )


def region_outlines(region: Region, grid: Grid, plane: Plane) -> tuple[Outline, ...]:
    """Return where the border of a region meets a cut: at the share of one half of a voxel."""
    return _lines(occupancy_on_grid(region, grid, points_per_axis=3), 0.5, grid, plane)


def dose_outlines(
    dose_gy: Float[np.ndarray, " n"], levels_gy: Sequence[float], grid: Grid, plane: Plane
) -> tuple[tuple[Outline, ...], ...]:
    """Return the isodose lines of a cut, level by level.

    Between voxels the logarithm of the dose is taken as straight: beside seeds dose falls steeply and bends, its
    logarithm bends less.

    Parameters
    ----------
    dose_gy
        At the voxels of the cut, in the order of `cut_points`.
    levels_gy
        Doses of the lines.
    grid, plane
        The cut.
    """
    nothing_gy = NOTHING_SHARE * min(levels_gy)
    values = np.log(np.maximum(dose_gy.reshape(grid.shape_kji), nothing_gy))
    return tuple(
        _lines(values, float(np.log(level)), grid, plane, outside=float(np.log(nothing_gy))) for level in levels_gy
    )


def cut_points(grid: Grid) -> Float[np.ndarray, "n 3"]:
    """Return the centres of the voxels of a cut, in LPS mm."""
    return np.ascontiguousarray(grid.centres_lps_mm().reshape(-1, 3))


def _lines(
    values_kji: np.ndarray, level: float, grid: Grid, plane: Plane, *, outside: float = 0.0
) -> tuple[Outline, ...]:
    flat = values_kji.squeeze(axis=2 - plane.value)  # rows along the later axis, columns along the earlier
    if min(flat.shape) < 2:
        return ()
    # A rim of nothing closes lines that reach the edge of the cut.
    padded = np.pad(flat, 1, constant_values=outside)
    first, second = plane.axes
    origin, spacing = grid.origin_lps_mm, grid.spacing_ijk_mm
    return tuple(
        np.column_stack(
            [origin[first] + spacing[first] * (line[:, 1] - 1), origin[second] + spacing[second] * (line[:, 0] - 1)]
        )
        for line in find_contours(padded, level)
    )

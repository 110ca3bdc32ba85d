"""`Grid`: where voxels are. Axis order: indices are (i, j, k) = (column, row, slice); arrays are ``[k, j, i]``."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import GeometryError
from trocar.geometry.affine import affine_from_axes, apply_affine, invert_affine
from trocar.geometry.value import Value, frozen_array

ORTHOGONAL_WITHIN = 1e-4
"""Cosine between grid axes below which they count as orthogonal; DICOM direction cosines carry about 1e-6."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid(Value):
    """A regular lattice of voxels in patient space, in any pose, sheared if the gantry was tilted.

    Parameters
    ----------
    shape_kji
        Number of slices, rows and columns, all positive.
    lps_from_ijk
        Homogeneous matrix from voxel index (i, j, k) to the voxel's centre in LPS mm; never singular. A left-handed
        matrix is allowed: slices may be stored from head to feet.

    Raises
    ------
    GeometryError
        The shape is not positive or the matrix is singular, not finite or not affine.
    """

    shape_kji: tuple[int, int, int]
    lps_from_ijk: Float[np.ndarray, "4 4"]

    def __post_init__(self) -> None:
        matrix = frozen_array(self.lps_from_ijk, np.float64)
        if min(self.shape_kji) < 1:
            raise GeometryError(
                "geometry.grid-empty",
                "a grid of {shape_kji} voxels was given; each of slices, rows and columns must be at least 1",
                shape_kji=self.shape_kji,
            )
        if not np.isfinite(matrix).all() or not np.array_equal(matrix[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError(
                "geometry.grid-not-affine",
                "the matrix from voxel to patient is not affine or not finite: {matrix}; "
                "check image position, orientation and spacing",
                matrix=matrix.tolist(),
            )
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise GeometryError(
                "geometry.grid-singular",
                "the voxels of the grid have no volume (matrix {matrix}); check spacing and orientation",
                matrix=matrix.tolist(),
            )
        object.__setattr__(self, "lps_from_ijk", matrix)
        object.__setattr__(self, "shape_kji", tuple(int(n) for n in self.shape_kji))

    @classmethod
    def axial(
        cls,
        *,
        origin_lps_mm: tuple[float, float, float],
        spacing_ijk_mm: tuple[float, float, float],
        shape_kji: tuple[int, int, int],
    ) -> "Grid":
        """Return a grid along the patient axes: i to the left, j to the back, k to the head."""
        steps = np.diag(np.asarray(spacing_ijk_mm, dtype=np.float64))
        origin = np.asarray(origin_lps_mm, dtype=np.float64)
        return cls(shape_kji=shape_kji, lps_from_ijk=affine_from_axes(origin_lps_mm=origin, steps_lps_mm=steps))

    @classmethod
    def around(cls, points_lps_mm: Float[np.ndarray, "n 3"], *, margin_mm: float, spacing_mm: float) -> "Grid":
        """Return an axial, isotropic grid whose voxel centres reach ``margin_mm`` beyond all points."""
        low = points_lps_mm.min(axis=0) - margin_mm
        high = points_lps_mm.max(axis=0) + margin_mm
        counts = np.ceil((high - low) / spacing_mm - 1e-9).astype(int) + 1
        start = 0.5 * (low + high) - 0.5 * (counts - 1) * spacing_mm
        return cls.axial(
            origin_lps_mm=(float(start[0]), float(start[1]), float(start[2])),
            spacing_ijk_mm=(spacing_mm, spacing_mm, spacing_mm),
            shape_kji=(int(counts[2]), int(counts[1]), int(counts[0])),
        )

    @property
    def steps_lps_mm(self) -> Float[np.ndarray, "3 3"]:
        """Row 0 is the vector to the next column (i), row 1 to the next row (j), row 2 to the next slice (k)."""
        return np.ascontiguousarray(self.lps_from_ijk[:3, :3].T)

    @property
    def spacing_ijk_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring centres along i, j and k."""
        lengths = np.linalg.norm(self.steps_lps_mm, axis=1)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])

    @property
    def origin_lps_mm(self) -> Float[np.ndarray, " 3"]:
        """Centre of voxel (0, 0, 0)."""
        return np.array(self.lps_from_ijk[:3, 3])

    @property
    def ijk_from_lps(self) -> Float[np.ndarray, "4 4"]:
        """Matrix from patient space to fractional voxel index."""
        return invert_affine(self.lps_from_ijk)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.lps_from_ijk[:3, :3])))

    @property
    def is_orthogonal(self) -> bool:
        """Whether the three axes are at right angles (no gantry tilt)."""
        unit = self.steps_lps_mm / np.linalg.norm(self.steps_lps_mm, axis=1, keepdims=True)
        gram = unit @ unit.T
        return bool(np.abs(gram - np.eye(3)).max() < ORTHOGONAL_WITHIN)

    @property
    def corners_lps_mm(self) -> Float[np.ndarray, "8 3"]:
        """Outer corners of the outermost voxels (half a voxel beyond their centres)."""
        nk, nj, ni = self.shape_kji
        index = np.array([[i, j, k] for k in (-0.5, nk - 0.5) for j in (-0.5, nj - 0.5) for i in (-0.5, ni - 0.5)])
        return apply_affine(self.lps_from_ijk, index)

    def centres_lps_mm(self) -> Float[np.ndarray, "k j i 3"]:
        """Return the centres of all voxels; large: three float64 numbers a voxel."""
        nk, nj, ni = self.shape_kji
        step_i, step_j, step_k = self.steps_lps_mm
        plane = np.arange(ni)[:, None] * step_i + np.arange(nj)[:, None, None] * step_j
        centres: np.ndarray = plane[None] + np.arange(nk)[:, None, None, None] * step_k + self.origin_lps_mm
        return centres

    def index_ijk(self, points_lps_mm: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Return fractional indices of points."""
        return apply_affine(self.ijk_from_lps, points_lps_mm)

    def contains(self, points_lps_mm: Float[np.ndarray, "*batch 3"]) -> Bool[np.ndarray, "*batch"]:
        """Return which points lie inside the box of voxels, half a voxel beyond the outer centres included."""
        nk, nj, ni = self.shape_kji
        index = self.index_ijk(points_lps_mm)
        return np.asarray(((index >= -0.5) & (index <= np.array([ni, nj, nk]) - 0.5)).all(axis=-1))

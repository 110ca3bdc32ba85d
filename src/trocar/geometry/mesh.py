"""`Mesh`: surfaces for 3-D views: of a region, of a mask, of an isodose."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist
from skimage.measure import marching_cubes

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.region import Region
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh(Value):
    """Triangles in patient space; seen from outside their corners run counter-clockwise.

    A picture of a surface, not a definition of one: volumes that count come from a `Region`.
    """

    vertices_lps_mm: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "m 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices_lps_mm", frozen_array(self.vertices_lps_mm, np.float64))
        object.__setattr__(self, "triangles", frozen_array(self.triangles, np.int64))

    @property
    def area_mm2(self) -> float:
        """Area of all triangles."""
        first, second, third = (self.vertices_lps_mm[self.triangles[:, corner]] for corner in range(3))
        return float(0.5 * np.linalg.norm(np.cross(second - first, third - first), axis=1).sum())

    @property
    def longest_mm(self) -> float:
        """Longest distance between two of its points: the longest diameter in three dimensions."""
        outer = np.asarray(self.vertices_lps_mm)[ConvexHull(self.vertices_lps_mm).vertices]
        return float(pdist(outer).max())

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume if the surface is closed."""
        first, second, third = (self.vertices_lps_mm[self.triangles[:, corner]] for corner in range(3))
        return float(np.einsum("ij,ij->", first, np.cross(second, third)) / 6)


def mesh_from_volume(volume: Volume, *, level: float) -> Mesh:
    """Return the surface where a volume takes a value, closed at the border of the grid.

    Raises
    ------
    GeometryError
        The volume does not reach the level anywhere.
    """
    values = np.asarray(volume.values_kji, dtype=np.float32)
    return _surface(values, volume.grid, level=level, beyond=min(float(values.min()), level - 1e-3 * (abs(level) + 1)))


def mesh_from_mask(mask: Bool[np.ndarray, "k j i"], grid: Grid) -> Mesh:
    """Return the surface halfway between inside and outside voxel centres."""
    return _surface(mask.astype(np.float32), grid, level=0.5, beyond=0.0)


def mesh_from_region(region: Region, *, spacing_mm: float, points_per_axis: int = 4) -> Mesh:
    """Return the surface of a region, seen at a resolution.

    Parameters
    ----------
    region
        The solid.
    spacing_mm
        Voxel size of the occupancies that the surface is drawn through.
    points_per_axis
        See `trocar.geometry.rasterise.occupancy_on_grid`.
    """
    grid = Grid.around(region.bounds_lps_mm, margin_mm=spacing_mm, spacing_mm=spacing_mm)
    return _surface(occupancy_on_grid(region, grid, points_per_axis=points_per_axis), grid, level=0.5, beyond=0.0)


def _surface(values_kji: np.ndarray, grid: Grid, *, level: float, beyond: float) -> Mesh:
    if not values_kji.max() > level:
        raise GeometryError(
            "geometry.level-not-reached",
            "no surface at {level:g}: the values lie between {lowest:g} and {highest:g}; choose a level in between",
            level=level,
            lowest=float(values_kji.min()),
            highest=float(values_kji.max()),
        )
    padded = np.pad(values_kji, 1, constant_values=beyond)
    vertices_kji, triangles, _, _ = marching_cubes(padded, level, gradient_direction="descent")
    points = apply_affine(grid.lps_from_ijk, vertices_kji[:, ::-1].astype(np.float64) - 1.0)
    right_handed = np.linalg.det(grid.lps_from_ijk[:3, :3]) > 0
    return Mesh(vertices_lps_mm=points, triangles=triangles if right_handed else triangles[:, ::-1])

"""Distance from the skin on a fine grid, and solids of constant distance."""

import numpy as np
from jaxtyping import Float
from manifold3d import Manifold, Mesh
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from trocar.errors import GuideError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume

SMOOTHING_VOXELS = 1.2
"""Blur of the voxel mask, in voxels of each axis: it removes the stairs of a binary mask and moves a skin of radius R
by about half its square over R (0.02 mm for 1.5 mm voxels and a trunk)."""


def smooth_body(body: Volume) -> Volume:
    """Return the body mask blurred to a field whose level 0.5 is a smooth skin.

    Parameters
    ----------
    body
        1 inside the patient, 0 outside.
    """
    soft = gaussian_filter(body.values_kji.astype(np.float32), SMOOTHING_VOXELS, mode="nearest")
    return Volume.owning(grid=body.grid, values_kji=soft, quantity=body.quantity, frame_uid=body.frame_uid)


def skin_distance(soft_body: Volume, grid: Grid, *, exact_to_mm: float) -> Float[np.ndarray, "k j i"]:
    """Return the signed distance to the skin in mm, positive outside the patient.

    Parameters
    ----------
    soft_body
        From `smooth_body`.
    grid
        Isotropic, in any pose; must hold some skin.
    exact_to_mm
        Beyond this distance the voxel distance is good enough.

    Raises
    ------
    GuideError
        No skin lies within the grid.
    """
    occupancy = soft_body.sample(grid.centres_lps_mm(), outside=0.0)
    if occupancy.max() < 0.5 or occupancy.min() > 0.5:
        raise GuideError(
            "guide.no-skin",
            "no skin lies within {extent_mm} mm around the needles' entries; "
            "the body outline must reach the entry points of all needles",
            extent_mm=[round(float(n * s)) for n, s in zip(grid.shape_kji, grid.spacing_ijk_mm[::-1], strict=True)],
        )
    skin_kji, triangles, _, _ = marching_cubes(occupancy, level=0.5)
    skin = apply_affine(grid.lps_from_ijk, skin_kji[:, ::-1].astype(np.float64))
    # Vertices alone are up to a voxel apart; the triangles' centres halve the gap and the error with it.
    tree = cKDTree(np.concatenate([skin, skin[triangles].mean(axis=1)]))
    inside = occupancy > 0.5
    spacing_kji = grid.spacing_ijk_mm[::-1]
    distance = np.where(inside, _to_edge(inside, spacing_kji), _to_edge(~inside, spacing_kji))
    near = distance < exact_to_mm + max(spacing_kji)
    distance[near], _ = tree.query(grid.centres_lps_mm()[near], workers=-1)
    signed: np.ndarray = np.where(inside, -distance, distance)
    return signed


def _to_edge(mask: np.ndarray, spacing_kji: tuple[float, float, float]) -> np.ndarray:
    edt: np.ndarray = distance_transform_edt(mask, sampling=spacing_kji)
    return edt


def solid_below(distance_kji: Float[np.ndarray, "k j i"], grid: Grid, level_mm: float) -> Manifold:
    """Return the solid of all points less than ``level_mm`` above the skin, closed at the grid's edge."""
    field = np.pad(level_mm - distance_kji, 1, constant_values=-1.0)
    vertices_kji, triangles, _, _ = marching_cubes(field, level=0.0, gradient_direction="ascent")
    vertices = apply_affine(grid.lps_from_ijk, (vertices_kji[:, ::-1] - 1.0).astype(np.float64))
    return oriented(vertices, triangles)


def oriented(vertices_mm: Float[np.ndarray, "n 3"], triangles: np.ndarray) -> Manifold:
    """Return a manifold with outward normals from a closed surface."""
    solid = _manifold(vertices_mm, triangles)
    if solid.volume() < 0:
        solid = _manifold(vertices_mm, triangles[:, ::-1])
    return solid


def _manifold(vertices_mm: np.ndarray, triangles: np.ndarray) -> Manifold:
    mesh = Mesh(
        vert_properties=np.ascontiguousarray(vertices_mm, dtype=np.float32),
        tri_verts=np.ascontiguousarray(triangles, dtype=np.uint32),
    )
    mesh.merge()
    return Manifold(mesh)

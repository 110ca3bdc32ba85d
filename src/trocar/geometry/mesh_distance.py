"""Signed distance from points to a closed mesh, and the nearest place on it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from trocar.geometry.kernels.triangles import closest_places
from trocar.geometry.mesh import Mesh
from trocar.geometry.value import Value

NEIGHBOURS = 3
"""Nearest vertices whose triangles are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest(Value):
    """Where points lie to a closed mesh.

    Parameters
    ----------
    signed_mm
        Distance, positive inside.
    places_lps_mm
        Nearest points of the surface.
    """

    signed_mm: Float[np.ndarray, " n"]
    places_lps_mm: Float[np.ndarray, "n 3"]


def nearest_on_mesh(mesh: Mesh, points_lps_mm: Float[np.ndarray, "n 3"]) -> Nearest:
    """Return signed distances from points to a closed mesh of small, even triangles.

    The triangles around the three nearest vertices are tried; the side is told by the area-weighted normal there.
    """
    vertices = np.asarray(mesh.vertices_lps_mm)
    points = np.ascontiguousarray(points_lps_mm, dtype=np.float64)
    _, near = cKDTree(vertices).query(points, k=NEIGHBOURS)
    start, around = _triangles_of_vertices(mesh)
    places = np.empty_like(points)
    which = np.empty(len(points), np.int64)
    closest_places(vertices, np.asarray(mesh.triangles), start, around, points, near.astype(np.int64), places, which)
    normals = vertex_normals(mesh)
    facing = normals[np.asarray(mesh.triangles)[which]].mean(axis=1)
    side = np.where(np.einsum("ij,ij->i", points - places, facing) <= 0, 1.0, -1.0)
    return Nearest(signed_mm=side * np.linalg.norm(points - places, axis=1), places_lps_mm=places)


def vertex_normals(mesh: Mesh) -> Float[np.ndarray, "n 3"]:
    """Return unit normals out of the mesh at its vertices, weighted by the areas around."""
    vertices, triangles = np.asarray(mesh.vertices_lps_mm), np.asarray(mesh.triangles)
    a, b, c = (vertices[triangles[:, n]] for n in range(3))
    face = np.cross(b - a, c - a)
    normals = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(face[:, n], 3), minlength=len(vertices)) for n in range(3)], axis=1
    )
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def vertex_areas_mm2(mesh: Mesh) -> Float[np.ndarray, " n"]:
    """Return the area that each vertex stands for: a third of each triangle around it."""
    vertices, triangles = np.asarray(mesh.vertices_lps_mm), np.asarray(mesh.triangles)
    a, b, c = (vertices[triangles[:, n]] for n in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return np.asarray(np.bincount(triangles.ravel(), np.repeat(area / 3, 3), minlength=len(vertices)))


def _triangles_of_vertices(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    corners = np.asarray(mesh.triangles).ravel()
    order = np.argsort(corners, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(corners, minlength=len(mesh.vertices_lps_mm)))])
    return start.astype(np.int64), (order // 3).astype(np.int64)

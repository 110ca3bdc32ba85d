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
SURE = 0.3
"""Cosine between the way to the surface and its normal from which the normal tells the side."""
TOUCHING_MM = 0.02
BLOCK = 2_000_000
"""Pairs of point and triangle looked at together."""


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

    The triangles around the three nearest vertices are tried; the side is told by the area-weighted normal there, or,
    where the surface is creased and the normal says little, by how often the mesh winds around the point.
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
    along = np.einsum("ij,ij->i", points - places, facing)
    away = np.linalg.norm(points - places, axis=1)
    inside = along <= 0
    doubtful = (np.abs(along) < SURE * away * np.linalg.norm(facing, axis=1)) & (away > TOUCHING_MM)
    inside[doubtful] = windings(mesh, points[doubtful]) > 0.5
    return Nearest(signed_mm=np.where(inside, away, -away), places_lps_mm=places)


def windings(mesh: Mesh, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Return how often a mesh winds around points: 1 inside a closed mesh, 0 outside.

    References
    ----------
    van Oosterom A, Strackee J. The solid angle of a plane triangle. IEEE Trans Biomed Eng 1983;30:125, equation 8.
    """
    corners = np.asarray(mesh.vertices_lps_mm)[np.asarray(mesh.triangles)]
    rows = max(BLOCK // max(len(corners), 1), 1)
    parts = [
        _solid_angle(corners[None] - points_lps_mm[start : start + rows, None, None])
        for start in range(0, len(points_lps_mm), rows)
    ]
    return np.concatenate(parts) / (4 * np.pi) if parts else np.zeros(0)


def _solid_angle(corners: np.ndarray) -> np.ndarray:
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    u, v, w = (np.linalg.norm(each, axis=-1) for each in (a, b, c))
    volume = np.einsum("...i,...i->...", a, np.cross(b, c))
    below = u * v * w + (a * b).sum(-1) * w + (b * c).sum(-1) * u + (c * a).sum(-1) * v
    return np.asarray(2 * np.arctan2(volume, below).sum(axis=-1))


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

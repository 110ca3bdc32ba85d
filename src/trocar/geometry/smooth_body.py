"""`SmoothBody`: the smooth surface that a digitised mask stands for, placed to a fraction of a voxel.

A mask knows its surface to half a voxel along each lattice line. Bodies that every ray from their middle leaves once
(tumours, ablation zones) are fitted by an ellipsoid with smooth bumps through all those crossings; others by a blurred
mask whose blur does not shrink what is round. docs/theory/margin.md derives both.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import binary_dilation, binary_erosion
from skimage.measure import marching_cubes

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.value import Value, frozen_array

FEWEST_VOXELS = 8
HIGHEST_DEGREE = 14
WAVES_A_VOXEL = 3.0
"""The shortest bump told apart is this many voxels (of their longest edge) long."""
CORRELATED = 30.0
"""How many neighbouring crossings share one error of digitisation: terraces are not independent."""
BUMP_SHARE = 0.2
"""Usual height of a bump of degree l, as a share of the radius times √(4π)/(l(l+1))."""
TANGENT_FLOOR = 0.1
"""A lattice line along the surface still knows it no better than this share of its step."""
MISFIT_SHARE = 0.003
"""More voxels than this share on the wrong side, beyond the layer next to the surface, say that the body is no star."""
LEAST_BLUR_MM = 2.0


class Fit(Enum):
    """How a surface was found."""

    STAR = "ellipsoid with smooth bumps"
    BLURRED = "blurred mask"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothBody(Value):
    """A closed smooth surface.

    Parameters
    ----------
    mesh
        Its triangles.
    fit
        How it was found.
    coarsest_mm
        Longest edge of the voxels it was found from.
    """

    mesh: Mesh
    fit: Fit
    coarsest_mm: float


def smooth_body(mask: Bool[np.ndarray, "k j i"], grid: Grid) -> SmoothBody:
    """Return the smooth body that a mask digitises.

    Parameters
    ----------
    mask
        Voxels whose centre lies inside; must not touch the border of the grid.
    grid
        Right-angled, any spacing.

    Raises
    ------
    GeometryError
        Too few voxels, or the mask runs out of the grid.
    """
    index = np.argwhere(mask)
    _require_whole(index, grid)
    low = np.maximum(index.min(axis=0) - 2, 0)
    high = np.minimum(index.max(axis=0) + 3, mask.shape)
    part = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    frame = _frame(grid)
    origin = low[::-1] * np.asarray(grid.spacing_ijk_mm)
    spacing = np.asarray(grid.spacing_ijk_mm)
    points, kind = _star_points(part.transpose(2, 1, 0), spacing), Fit.STAR
    if points is None:
        mesh_points, triangles = _blurred(part.transpose(2, 1, 0), spacing)
        kind = Fit.BLURRED
    else:
        mesh_points, triangles = points, _icosphere()[1]
    vertices = apply_affine(frame, mesh_points + origin)
    if np.linalg.det(frame[:3, :3]) < 0:
        triangles = triangles[:, ::-1]
    return SmoothBody(mesh=Mesh(vertices_lps_mm=vertices, triangles=triangles), fit=kind, coarsest_mm=max(spacing))


def nearby_body(
    mask: Bool[np.ndarray, "k j i"], grid: Grid, points_lps_mm: Float[np.ndarray, "n 3"], *, reach_mm: float
) -> SmoothBody:
    """Return the surface of a large organ in the box about some points; the box's own faces close it.

    Parameters
    ----------
    mask, grid
        As for `smooth_body`; may touch the border of the grid.
    points_lps_mm
        What matters.
    reach_mm
        How far beyond them the surface is true.

    Raises
    ------
    GeometryError
        Nothing of the organ lies there.
    """
    index = grid.index_ijk(points_lps_mm)
    beyond = reach_mm / np.asarray(grid.spacing_ijk_mm)
    last = np.array(grid.shape_kji[::-1])
    low = np.clip(np.floor(index.min(axis=0) - beyond), 0, last - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + beyond) + 1, low + 1, last).astype(int)
    part = mask[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    if not part.any():
        raise GeometryError(
            "geometry.organ-elsewhere",
            "the outlined organ does not reach the tumour; check that both belong to the same scan",
        )
    spacing = np.asarray(grid.spacing_ijk_mm)
    vertices, triangles = _blurred(part.transpose(2, 1, 0), spacing)
    frame = _frame(grid)
    if np.linalg.det(frame[:3, :3]) < 0:
        triangles = triangles[:, ::-1]
    mesh = Mesh(vertices_lps_mm=apply_affine(frame, vertices + low * spacing), triangles=triangles)
    return SmoothBody(mesh=mesh, fit=Fit.BLURRED, coarsest_mm=float(spacing.max()))


def ellipsoid_body(
    centre_lps_mm: Float[np.ndarray, " 3"], axes_lps_mm: Float[np.ndarray, "3 3"], *, coarsest_mm: float = 0.0
) -> SmoothBody:
    """Return an ellipsoid from its centre and semi-axes (one a row)."""
    directions, triangles = _icosphere()
    turned = triangles if np.linalg.det(axes_lps_mm) > 0 else triangles[:, ::-1]
    mesh = Mesh(vertices_lps_mm=directions @ axes_lps_mm + centre_lps_mm, triangles=turned)
    return SmoothBody(mesh=mesh, fit=Fit.STAR, coarsest_mm=coarsest_mm)


def _require_whole(index: Int[np.ndarray, "n 3"], grid: Grid) -> None:
    if len(index) < FEWEST_VOXELS:
        raise GeometryError(
            "geometry.body-too-small",
            "a mask of {n} voxels was given; at least {fewest} are needed to tell a surface: outline it on finer "
            "slices",
            n=len(index),
            fewest=FEWEST_VOXELS,
        )
    if (index.min(axis=0) == 0).any() or (index.max(axis=0) == np.array(grid.shape_kji) - 1).any():
        raise GeometryError(
            "geometry.body-touches-edge",
            "the outlined body touches the edge of the image, so part of it is not shown; give a scan that holds it "
            "whole",
        )


def _frame(grid: Grid) -> Float[np.ndarray, "4 4"]:
    """Return the matrix from mm along the lattice to LPS."""
    matrix = np.array(grid.lps_from_ijk)
    matrix[:3, :3] = matrix[:3, :3] / np.asarray(grid.spacing_ijk_mm)
    return matrix


def _star_points(mask: np.ndarray, spacing: np.ndarray) -> np.ndarray | None:
    """Return the fitted vertices in mm along the lattice, or None where the mask is no star."""
    inside = np.argwhere(mask) * spacing
    centre = inside.mean(axis=0)
    spread = (inside - centre).T @ (inside - centre) / len(inside)
    squares, turn = np.linalg.eigh(5 * spread)
    squares = np.maximum(squares, (0.5 * spacing.min()) ** 2)
    to_unit = turn @ np.diag(1 / np.sqrt(squares)) @ turn.T
    from_unit = turn @ np.diag(np.sqrt(squares)) @ turn.T
    degree = int(np.clip(2 * np.pi * squares.prod() ** (1 / 6) / (WAVES_A_VOXEL * spacing.max()), 4, HIGHEST_DEGREE))
    heights = _fitted(mask, spacing, centre, to_unit, degree)
    if not _fits(mask, spacing, centre, to_unit=to_unit, degree=degree, heights=heights):
        return None
    directions = _icosphere()[0]
    radius = 1 + harmonics(degree, directions)[0] @ heights
    return np.asarray((directions * radius[:, None]) @ from_unit + centre)


def _fitted(mask: np.ndarray, spacing: np.ndarray, centre: np.ndarray, to_unit: np.ndarray, degree: int) -> np.ndarray:
    """Return the heights of the bumps by penalised least squares: equation (margin-3)."""
    points, axis, terrace = _crossings(mask, spacing)
    unit = (points - centre) @ to_unit
    radius = np.linalg.norm(unit, axis=1)
    normal = unit @ to_unit
    length = np.linalg.norm(normal, axis=1)
    along = np.abs(normal[np.arange(len(axis)), axis]) / length
    error_mm = spacing[axis] * np.sqrt(along**2 + TANGENT_FLOOR**2) / np.sqrt(12)
    shared = np.maximum(CORRELATED, np.bincount(terrace)[terrace])
    weight = 1 / (shared * (error_mm * length / radius) ** 2)
    basis, degrees = harmonics(degree, unit / radius[:, None])
    penalty = (degrees * (degrees + 1.0)) ** 2 / (4 * np.pi * BUMP_SHARE**2)
    weighted = basis * weight[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ basis + np.diag(penalty), weighted.T @ (radius - 1)))


def _fits(
    mask: np.ndarray, spacing: np.ndarray, centre: np.ndarray, *, to_unit: np.ndarray, degree: int, heights: np.ndarray
) -> bool:
    """Return whether hardly a voxel beyond the first layer lies on the wrong side of the surface."""
    padded = np.pad(mask, 2)
    core, around = binary_erosion(padded), binary_dilation(padded)
    layers = ((core & ~binary_erosion(core), 1.0), (binary_dilation(around) & ~around, -1.0))
    wrong = 0
    for layer, sign in layers:
        unit = ((np.argwhere(layer) - 2) * spacing - centre) @ to_unit
        radius = np.maximum(np.linalg.norm(unit, axis=1), 1e-9)
        surface = 1 + harmonics(degree, unit / radius[:, None])[0] @ heights
        wrong += int((sign * (surface - radius) < 0).sum())
    return wrong <= max(1, MISFIT_SHARE * int(mask.sum()))


def _crossings(mask: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the middles of all steps between a voxel inside and its neighbour outside, their axis and terrace."""
    points, axes, terraces = [], [], []
    for axis in range(3):
        step = np.diff(mask.astype(np.int8), axis=axis)
        index = np.argwhere(step)
        terraces.append(((step[tuple(index.T)] > 0) * mask.shape[axis] + index[:, axis]) * 3 + axis)
        middle = index.astype(np.float64)
        middle[:, axis] += 0.5
        points.append(middle * spacing)
        axes.append(np.full(len(index), axis))
    return np.concatenate(points), np.concatenate(axes), np.concatenate(terraces)


def harmonics(
    degree: int, directions: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "n m"], Int[np.ndarray, " m"]]:
    """Return real orthonormal spherical harmonics up to a degree at unit vectors, and the degree of each."""
    z = np.clip(directions[:, 2], -1.0, 1.0)
    sine = np.sqrt(1 - z * z)
    azimuth = np.arctan2(directions[:, 1], directions[:, 0])
    columns: list[np.ndarray] = []
    degrees: list[int] = []
    sectoral = np.full(len(z), np.sqrt(1 / (4 * np.pi)))
    for m in range(degree + 1):
        if m:
            sectoral = -np.sqrt((2 * m + 1) / (2 * m)) * sine * sectoral
        waves = (np.sqrt(2) * np.cos(m * azimuth), np.sqrt(2) * np.sin(m * azimuth)) if m else (np.ones(len(z)),)
        before, now = np.zeros(len(z)), sectoral
        for l in range(m, degree + 1):  # noqa: E741 - the degree's own letter
            columns.extend(now * wave for wave in waves)
            degrees.extend([l] * len(waves))
            above = np.sqrt((4 * (l + 1) ** 2 - 1) / ((l + 1) ** 2 - m * m))
            below = np.sqrt((l * l - m * m) / (4 * l * l - 1)) if l else 0.0
            before, now = now, above * (z * now - below * before)
    return np.stack(columns, axis=1), np.array(degrees)


def _blurred(mask: np.ndarray, spacing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the half level of 2 G_σ - G_(√2 σ) of the mask: its second moment is zero, so nothing round shrinks."""
    sigma = max(LEAST_BLUR_MM, 0.6 * float(spacing.max()))
    step = max(0.75, 0.3 * float(spacing.max()))
    fines = [np.arange(-3 * sigma, (n - 1) * h + 3 * sigma, step) for n, h in zip(mask.shape, spacing, strict=True)]
    field = 2 * _smoothed(mask, spacing, fines, sigma) - _smoothed(mask, spacing, fines, np.sqrt(2) * sigma)
    vertices, triangles, _, _ = marching_cubes(field, 0.5, gradient_direction="descent")
    start = np.array([each[0] for each in fines])
    return vertices * step + start, triangles[:, ::-1]


def _smoothed(mask: np.ndarray, spacing: np.ndarray, fines: list[np.ndarray], sigma: float) -> np.ndarray:
    values = mask.astype(np.float64)
    for axis, fine in enumerate(fines):
        reach = int(np.ceil(6 * sigma / spacing[axis]))
        index = np.arange(-reach, mask.shape[axis] + reach)
        weight = np.exp(-0.5 * ((fine[:, None] - index * spacing[axis]) / sigma) ** 2)
        weight = weight[:, reach : reach + mask.shape[axis]] / weight.sum(axis=1, keepdims=True)
        values = np.moveaxis(np.tensordot(weight, values, axes=(1, axis)), 0, axis)
    return values


@cache
def _icosphere() -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors spread over the sphere and the triangles between them, outward: 10 242 and 20 480."""
    golden = (1 + np.sqrt(5)) / 2
    corners = [(s, t * golden, 0.0) for t in (1, -1) for s in (-1, 1)]
    vertices = np.array([np.roll(corner, shift) for shift in range(3) for corner in corners])
    edge = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    near = np.isclose(edge, 2.0)
    faces = [
        (a, b, c) for a in range(12) for b in range(12) for c in range(12)
        if a < b < c and near[a, b] and near[b, c] and near[a, c]
    ]  # fmt: skip
    triangles = np.array([_outward(vertices, face) for face in faces])
    for _ in range(5):
        vertices, triangles = _quartered(vertices, triangles)
    vertices = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    return frozen_array(vertices, np.float64), frozen_array(triangles, np.int64)


def _outward(vertices: np.ndarray, face: tuple[int, int, int]) -> tuple[int, int, int]:
    a, b, c = (vertices[n] for n in face)
    return face if np.dot(np.cross(b - a, c - a), a) > 0 else (face[0], face[2], face[1])


def _quartered(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, place = np.unique(edges, axis=0, return_inverse=True)
    middle = vertices[unique].mean(axis=1)
    middle = middle / np.linalg.norm(middle, axis=1, keepdims=True) * np.linalg.norm(vertices[0])
    ab, bc, ca = place.reshape(3, -1) + len(vertices)
    a, b, c = triangles.T
    parts = [np.stack(t, axis=1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]
    return np.concatenate([vertices, middle]), np.concatenate(parts)

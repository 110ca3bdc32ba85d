"""Bricks: how a grid is cut into boxes of voxels, each with few nodes between which distant sources are interpolated.

See the theory page, equations (B1) to (B4). All offsets are float32 in mm from the middle of a brick.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from trocar.catalogue.sources import Source
from trocar.dose.kernel_bricks import sample_errors
from trocar.dose.table import rate_table
from trocar.dose.tg43 import Formalism
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array

BRICK_MM = 16.0
"""Edge that bricks aim at."""
VOXELS_AN_EDGE = (4, 8, 16, 32)
NODES_AN_EDGE = {4: 4, 8: 5, 16: 6, 32: 8}
"""Nodes along an edge, by voxels along it; where both are equal nothing is interpolated in that direction."""
NEAREST_INTERPOLATED = 1.3
"""Distance of a source from the middle of a brick, in half diagonals, from which it may be interpolated."""
BINS_AN_OCTAVE = 4
OCTAVES = 5
ANGLES = 24
BESIDES_CORNERS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrickLayout(Value):
    """The inside of every brick of a grid.

    Parameters
    ----------
    shape_kji
        Voxels along each edge.
    voxels_mm, nodes_mm, probes_mm
        Offsets from the middle of the brick, ``[axis, point]``.
    to_plane, to_k
        Weights from nodes to voxels, ``[node, voxel]``, within a plane (j and i) and along k.
    """

    shape_kji: tuple[int, int, int]
    voxels_mm: Float[np.ndarray, "3 voxels"]
    nodes_mm: Float[np.ndarray, "3 nodes"]
    probes_mm: Float[np.ndarray, "3 probes"]
    to_plane: Float[np.ndarray, "nodes_ji voxels_ji"]
    to_k: Float[np.ndarray, "nodes_k voxels_k"]

    def __post_init__(self) -> None:
        for name in ("voxels_mm", "nodes_mm", "probes_mm", "to_plane", "to_k"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float32))

    @property
    def half_diagonal_mm(self) -> float:
        """Distance from the middle to the farthest voxel centre."""
        return float(np.sqrt((self.voxels_mm.astype(np.float64) ** 2).sum(axis=0)).max())


@lru_cache(maxsize=64)
def brick_layout(grid: Grid) -> BrickLayout:
    """Return the layout whose bricks are near `BRICK_MM` long along each axis of a grid."""
    spacing = np.array(grid.spacing_ijk_mm)
    edges = [min(VOXELS_AN_EDGE, key=lambda n: abs(np.log(n * step / BRICK_MM))) for step in spacing]
    places = [np.arange(n) - 0.5 * (n - 1) for n in edges]
    nodes = [_chebyshev(NODES_AN_EDGE[n]) * 0.5 * (n - 1) for n in edges]
    probes = [np.array(share) * n for share, n in zip(PROBES, edges, strict=True)]
    to_i, to_j, to_k = (_weights(node, place) for node, place in zip(nodes, places, strict=True))
    steps = grid.steps_lps_mm
    return BrickLayout(
        shape_kji=(edges[2], edges[1], edges[0]),
        voxels_mm=_offsets(places, steps),
        nodes_mm=_offsets(nodes, steps),
        probes_mm=_offsets(probes, steps),
        to_plane=np.kron(to_j, to_i),
        to_k=to_k,
    )


PROBES = ((-0.375, -0.125, 0.125, 0.375), (-0.375, -0.125, 0.125, 0.375), (-0.25, 0.25))
"""Where in a brick the whole dose is probed, as parts of its edges i, j and k."""


def brick_corners(grid: Grid, layout: BrickLayout) -> Int[np.ndarray, "bricks 3"]:
    """Return the first voxel (k, j, i) of every brick; the last bricks may reach beyond the grid."""
    starts = [np.arange(0, n, edge) for n, edge in zip(grid.shape_kji, layout.shape_kji, strict=True)]
    return np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 3)


@lru_cache(maxsize=64)
def interpolation_errors(
    source: Source, formalism: Formalism, layout: BrickLayout
) -> Float[np.ndarray, "distances angles"]:
    """Return the largest relative error met when a source is interpolated, by its distance and angle from the brick.

    Notes
    -----
    Sampled at the near end of each step of distance, with the source off each corner of the brick, where the error is
    largest, and in two more directions. Each entry is the largest of its neighbours, so that a brick between two
    samples is not judged too kindly. Row 0 begins at `first_distance_log2_mm`.
    """
    steps = np.arange(BINS_AN_OCTAVE * OCTAVES)
    distances = 2.0 ** (first_distance_log2_mm(layout) + steps / BINS_AN_OCTAVE)
    angles = (np.arange(ANGLES) + 0.5) / ANGLES * np.pi
    errors = np.zeros((len(distances), ANGLES))
    table = rate_table(source, formalism)
    inside = (layout.voxels_mm, layout.nodes_mm, layout.to_plane, layout.to_k)
    sample_errors(table.entries, table.shape, inside, distances, angles, *_directions(layout), errors)
    padded = np.pad(errors, 1, mode="edge")
    neighbours = [padded[i : i + len(steps), j : j + ANGLES] for i in range(3) for j in range(3)]
    return np.asarray(np.max(neighbours, axis=0))


def first_distance_log2_mm(layout: BrickLayout) -> float:
    """Return the base-2 logarithm of the distance from which sources may be interpolated."""
    return float(np.log2(NEAREST_INTERPOLATED * layout.half_diagonal_mm))


def _directions(layout: BrickLayout) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors from a source to the brick, and one at a right angle to each, to which the axis leans.

    They point to the brick along its four diagonals and in directions spread by the golden section.
    """
    nk, nj, ni = layout.shape_kji
    corners = [(0, 0, 0), (nk - 1, 0, 0), (0, nj - 1, 0), (0, 0, ni - 1)]
    diagonals = layout.voxels_mm[:, [(k * nj + j) * ni + i for k, j, i in corners]].T.astype(np.float64)
    number = np.arange(BESIDES_CORNERS)
    height, turn = 1.0 - (number + 0.5) / max(BESIDES_CORNERS, 1), 2.399963 * number
    level = np.sqrt(1.0 - height * height)
    spread = np.stack([level * np.cos(turn), level * np.sin(turn), height], axis=1)
    aways = np.concatenate([diagonals / np.linalg.norm(diagonals, axis=1, keepdims=True), spread])
    lean = 3.0 * np.arange(len(aways))
    sides = np.cross(aways, np.stack([np.sin(lean), np.cos(lean), np.full_like(lean, 0.5)], axis=1))
    return aways, sides / np.linalg.norm(sides, axis=1, keepdims=True)


def _chebyshev(n: int) -> np.ndarray:
    """Return the nodes of least oscillation on [-1, 1], widened a little so that they embrace the outer voxels."""
    return np.asarray(1.02 * np.cos((np.arange(n) + 0.5) / n * np.pi))


def _weights(nodes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return Lagrange weights from nodes to places, ``[node, place]``."""
    weights = np.ones((len(nodes), len(places)))
    for a, node in enumerate(nodes):
        for b, other in enumerate(nodes):
            if a != b:
                weights[a] *= (places - other) / (node - other)
    return weights


def _offsets(places: list[np.ndarray], steps_lps_mm: np.ndarray) -> np.ndarray:
    """Return the points of a lattice inside a brick, k slowest, in mm."""
    k, j, i = np.meshgrid(places[2], places[1], places[0], indexing="ij")
    return np.asarray((np.stack([i, j, k], axis=-1).reshape(-1, 3) @ steps_lps_mm).T)

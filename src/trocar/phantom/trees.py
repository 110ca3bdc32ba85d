"""Branching vessels: trees that fill a solid, with radii by Murray's law."""

import numpy as np
from jaxtyping import Float, Int

from trocar.phantom.solids import Solid, Union
from trocar.phantom.sweeps import Tube

MURRAY_POWER = 3.0
"""The cube of a vessel's radius is the sum of the cubes of its branches' (Murray 1926, doi 10.1073/pnas.12.3.207)."""


def points_inside(solid: Solid, *, count: int, depth_mm: float, rng: np.random.Generator) -> Float[np.ndarray, "n 3"]:
    """Return random points at least ``depth_mm`` below the surface, fairly evenly spread."""
    low, high = solid.bounds_lps_mm
    tries = rng.uniform(low, high, size=(count * 30, 3))
    tries = tries[solid.level_mm(*tries.T) < -depth_mm]
    chosen = np.empty((0, 3))
    spacing = (float(np.prod(high - low)) / max(count, 1)) ** (1 / 3)
    while len(chosen) < min(count, len(tries)):
        chosen = _thinned(tries, spacing_mm=spacing, count=count)
        spacing *= 0.85
    return chosen


def _thinned(points: Float[np.ndarray, "m 3"], *, spacing_mm: float, count: int) -> Float[np.ndarray, "n 3"]:
    """Return at most ``count`` of the points, each at least ``spacing_mm`` from those before it."""
    kept = np.empty((count, 3))
    n = 0
    for point in points:
        if n == 0 or np.min(np.sum((kept[:n] - point) ** 2, axis=1)) > spacing_mm**2:
            kept[n] = point
            n += 1
            if n == count:
                break
    return kept[:n]


def grow_tree(
    root_lps_mm: tuple[float, float, float], points_lps_mm: Float[np.ndarray, "n 3"], *, directness: float = 0.45
) -> tuple[Float[np.ndarray, "m 3"], Int[np.ndarray, " m"]]:
    """Return nodes and parents of a tree that reaches all points from a root.

    Each step joins the point that is cheapest to reach, at the cost of the new piece plus ``directness`` times the way
    back to the root: 0 gives the shortest tree, 1 the straightest ways.
    """
    nodes = np.vstack([np.asarray(root_lps_mm, dtype=np.float64), points_lps_mm])
    count = len(nodes)
    parent = np.zeros(count, dtype=np.int64)
    parent[0] = -1
    way = np.full(count, np.inf)
    way[0] = 0.0
    piece = np.linalg.norm(nodes - nodes[0], axis=1)
    cost, best = piece.copy(), np.zeros(count, dtype=np.int64)
    joined = np.zeros(count, dtype=bool)
    joined[0] = True
    for _ in range(count - 1):
        new = int(np.argmin(np.where(joined, np.inf, cost)))
        parent[new] = best[new]
        way[new] = way[parent[new]] + np.linalg.norm(nodes[new] - nodes[parent[new]])
        joined[new] = True
        offer = np.linalg.norm(nodes - nodes[new], axis=1) + directness * way[new]
        better = offer < cost
        cost[better], best[better] = offer[better], new
    return nodes, parent


def vessel_tree(
    root_lps_mm: tuple[float, float, float],
    solid: Solid,
    *,
    count: int,
    tip_radius_mm: float,
    depth_mm: float,
    rng: np.random.Generator,
) -> Union:
    """Return a tree of tubes that fills a solid from a root, thickening towards it."""
    points = points_inside(solid, count=count, depth_mm=depth_mm, rng=rng)
    nodes, parent = grow_tree(root_lps_mm, points)
    order = np.argsort(_steps_to_root(parent))[::-1]
    flow = np.zeros(len(nodes))
    has_child = np.isin(np.arange(len(nodes)), parent)
    flow[~has_child] = tip_radius_mm**MURRAY_POWER
    for node in order:
        if parent[node] >= 0:
            flow[parent[node]] += flow[node]
    radius = flow ** (1 / MURRAY_POWER)
    pieces = [_branch(nodes, parent, radius, node) for node in range(1, len(nodes))]
    return Union(tuple(pieces))


def _branch(nodes: np.ndarray, parent: np.ndarray, radius: np.ndarray, node: int) -> Tube:
    """Return the piece to one node, bent so that it leaves its parent in the parent's own direction."""
    start, end = nodes[parent[node]], nodes[node]
    grand = parent[parent[node]]
    middle = 0.5 * (start + end)
    if grand >= 0:
        onward = start - nodes[grand]
        middle = middle + 0.15 * np.linalg.norm(end - start) * onward / max(float(np.linalg.norm(onward)), 1e-6)
    thick = float(radius[node])
    return Tube(np.array([start, middle, end]), np.array([thick, thick, thick]))


def _steps_to_root(parent: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    steps = np.zeros(len(parent), dtype=np.int64)
    walker = parent.copy()
    while (walker >= 0).any():
        steps[walker >= 0] += 1
        walker = np.where(walker >= 0, parent[np.maximum(walker, 0)], -1)
    return steps

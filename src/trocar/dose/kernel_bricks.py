# ruff: noqa: PLR0917 - numba knows no keyword-only arguments
"""Compiled loops over bricks of voxels: near sources voxel by voxel, distant ones through few nodes.

Equations (B1) to (B4) of ``docs/theory/tg43.md``.
"""

from typing import Any

import numpy as np

from trocar.dose.kernel_loads import add_to, entry
from trocar.dose.kernels import add_source, compiled, inlined, shape_of, shift_to, three

_f4 = np.float32

NEVER = 1e300
"""Burden of a source that must not be interpolated."""


@inlined
def add_scaled(weight: Any, values: Any, total: Any) -> None:
    """Add an array times a weight to another of the same length."""
    for i in range(len(total)):
        add_to(total, i, weight * entry(values, i))


@compiled
def add_interpolated(coarse: Any, to_plane: Any, to_k: Any, planes: Any, fine: Any) -> None:
    """Add to a brick of voxels the polynomial through its nodes, planes of i and j first (B2).

    Parameters
    ----------
    coarse
        Values at nodes, ``[k, node of the plane]``.
    to_plane
        Weights ``[node, voxel]`` within a plane.
    to_k
        Weights ``[node, voxel]`` along k.
    planes
        Scratch: a plane of voxels a node along k.
    fine
        Voxels, ``[k, voxel of the plane]``, added to.
    """
    for k in range(len(coarse)):
        planes[k, :] = _f4(0.0)
        for a in range(coarse.shape[1]):
            add_scaled(coarse[k, a], to_plane[a], planes[k])
    for k in range(len(fine)):
        for a in range(len(planes)):
            add_scaled(to_k[a, k], planes[a], fine[k])


@inlined
def part_of(values: Any, first: Any, edges: Any) -> Any:
    """Return the voxels of a grid that belong to the brick beginning at a voxel (k, j, i)."""
    k, j, i = first
    return values[k : k + edges[0], j : j + edges[1], i : i + edges[2]]


@compiled
def least_in_bricks(values: Any, corners: Any, edges: Any, least: Any) -> None:
    """Write the least value of a grid in each brick.

    Parameters
    ----------
    values
        ``[k, j, i]``.
    corners
        First voxel (k, j, i) of each brick.
    edges
        Voxels of a brick in k, j and i.
    least
        Result, one a brick.
    """
    for b in range(len(corners)):
        here = part_of(values, corners[b], edges)
        smallest = _f4(np.inf)
        for k in range(here.shape[0]):
            for j in range(here.shape[1]):
                row = here[k, j]
                for i in range(len(row)):
                    smallest = min(smallest, row[i])
        least[b] = smallest


@inlined
def scratch(to_plane: Any, to_k: Any) -> Any:
    """Return buffers for the voxels and nodes of a brick and for the step between them, a row a plane."""
    fine = np.zeros((to_k.shape[1], to_plane.shape[1]), np.float32)
    coarse = np.zeros((to_k.shape[0], to_plane.shape[0]), np.float32)
    planes = np.zeros((to_k.shape[0], to_plane.shape[1]), np.float32)
    return fine, coarse, planes


@compiled
def sample_errors(
    entries: Any, shape: Any, layout: Any, distances_mm: Any, angles: Any, aways: Any, sides: Any, errors: Any
) -> None:
    """Write the largest relative error that interpolating one source makes in one brick (B3).

    Parameters
    ----------
    entries, shape
        Table of the source.
    layout
        Offsets of voxels and nodes, weights from nodes to voxels within a plane and along k.
    distances_mm, angles
        Of the brick from the source; angles from its axis.
    aways, sides
        Pairs of unit vectors at right angles: to the brick, and to where the axis leans.
    errors
        Result ``[distance, angle]``.
    """
    voxels, nodes, to_plane, to_k = layout
    fine, coarse, planes = scratch(to_plane, to_k)
    true = np.zeros(voxels.shape[1], np.float32)
    for a in range(len(distances_mm)):
        for b in range(len(angles)):
            worst = _f4(0.0)
            cosine, sine, r = np.cos(angles[b]), np.sin(angles[b]), distances_mm[a]
            for c in range(len(aways)):
                ax = _f4(cosine * aways[c, 0] + sine * sides[c, 0])
                ay = _f4(cosine * aways[c, 1] + sine * sides[c, 1])
                az = _f4(cosine * aways[c, 2] + sine * sides[c, 2])
                away = (_f4(r * aways[c, 0]), _f4(r * aways[c, 1]), _f4(r * aways[c, 2]))
                fine[:] = _f4(0.0)
                coarse[:] = _f4(0.0)
                true[:] = _f4(0.0)
                for which in range(2):
                    points = voxels if which else nodes
                    values = true if which else coarse.reshape(-1)
                    add_source(entries, shape, points[0], points[1], points[2], values, away, (ax, ay, az), _f4(1.0))
                add_interpolated(coarse, to_plane, to_k, planes, fine)
                interpolated = fine.reshape(-1)
                for i in range(len(true)):
                    worst = max(worst, abs(interpolated[i] / true[i] - _f4(1.0)))
            errors[a, b] = worst


@compiled
def expected_error(errors: Any, first_log2_mm: Any, bins_an_octave: Any, away: Any, axis: Any) -> float:
    """Return the largest relative interpolation error met in a brick seen from a source; 1 where it must be direct.

    Parameters
    ----------
    errors
        ``[distance, angle]``, sampled beforehand.
    first_log2_mm, bins_an_octave
        Scale of the first index.
    away
        Middle of the brick seen from the source, in mm.
    axis
        Direction of the source.
    """
    r = np.sqrt(away[0] * away[0] + away[1] * away[1] + away[2] * away[2])
    if r <= _f4(0.0):
        return 1.0
    step = int(np.floor((np.log2(r) - first_log2_mm) * bins_an_octave))
    if step < 0:
        return 1.0
    along = (away[0] * axis[0] + away[1] * axis[1] + away[2] * axis[2]) / r
    theta = np.arccos(min(_f4(1.0), max(_f4(-1.0), along)))
    column = int(theta / np.pi * errors.shape[1])
    return float(errors[min(step, errors.shape[0] - 1), min(column, errors.shape[1] - 1)])


@inlined
def _burden_up_to(burden: Any, limit: Any) -> Any:
    """Return the sum of all burdens that do not exceed a limit."""
    total = 0.0
    for each in burden:
        total += each if each <= limit else 0.0
    return total


@compiled
def choose_interpolated(
    shares: Any, error: Any, companions: Any, tolerance: Any, burden: Any, interpolated: Any
) -> bool:
    """Mark the sources of a brick that may be interpolated, and say whether there are any (B4).

    As many as possible are marked whose errors together stay in tolerance: all up to a burden found by bisection.

    Parameters
    ----------
    shares
        Dose of each source at probes of the brick, as part of the whole dose there, ``[source, probe]``.
    error
        Expected relative interpolation error of each source.
    companions
        How many sources lie on the same line as each; their errors may add up, those of others average out.
    tolerance
        Relative error allowed.
    burden
        Scratch, one a source.
    interpolated
        Result, one a source.
    """
    most, allowed = 0.0, tolerance * tolerance
    for s in range(len(error)):
        worst = _f4(0.0)
        for p in range(shares.shape[1]):
            worst = max(worst, abs(shares[s, p]))
        burden[s] = companions[s] * (worst * error[s]) ** 2 if error[s] < 1.0 else NEVER
        most = max(most, burden[s] if error[s] < 1.0 else 0.0)
    low, high = -1.0, most
    if _burden_up_to(burden, most) <= allowed:
        low = most
    for _ in range(40 if low < most else 0):
        middle = 0.5 * (max(low, 0.0) + high)
        if _burden_up_to(burden, middle) <= allowed:
            low = middle
        else:
            high = middle
    found = False
    for s in range(len(error)):
        interpolated[s] = burden[s] <= low
        found = found or interpolated[s]
    return found


@inlined
def _as_parts(shares: Any, elsewhere: Any) -> None:
    """Turn doses at probes into parts of the whole dose there."""
    for p in range(shares.shape[1]):
        there = elsewhere
        for s in range(len(shares)):
            there += abs(shares[s, p])
        for s in range(len(shares)):
            shares[s, p] = shares[s, p] / there if there > 0.0 else _f4(0.0)


@compiled
def add_bricks(tables: Any, sources: Any, layout: Any, corners: Any, tolerance: Any, total: Any, dose: Any) -> None:
    """Add the dose of all sources to the voxels of a list of bricks.

    Parameters
    ----------
    tables
        Entries of all tables; their shapes as whole and as real numbers; their interpolation errors
        ``[table, distance, angle]`` with first log2 mm and bins an octave.
    sources
        Table number, centre in mm ``[source, 3]``, axis ``[source, 3]``, weight, companions.
    layout
        Offsets in mm from the middle of a brick of its voxels, nodes and probes (``[3, n]`` each); weights from nodes
        to voxels within a plane and along k; voxels along k, j and i.
    corners
        First voxel (k, j, i) of each brick, and its middle in mm ``[brick, 3]``.
    tolerance
        Relative error allowed of the whole dose.
    total
        Least dose of each brick from elsewhere, in the unit of the weights, that counts as whole dose.
    dose
        Result ``[k, j, i]``, added to.
    """
    entries, whole, real, errors, first_log2_mm, bins_an_octave = tables
    table, centres, axes, weights, companions = sources
    voxels, nodes, probes, to_plane, to_k, edges = layout
    first, middles = corners
    n = len(weights)
    fine, coarse, planes = scratch(to_plane, to_k)
    shares = np.zeros((n, probes.shape[1]), np.float32)
    error, burden, interpolated = np.zeros(n), np.zeros(n), np.zeros(n, np.bool_)
    for b in range(len(first)):
        x, y, z = middles[b, 0], middles[b, 1], middles[b, 2]
        shares[:] = _f4(0.0)
        fine[:] = _f4(0.0)
        coarse[:] = _f4(0.0)
        found = False
        for work in range(2 * n):  # first all sources at the probes, then all at nodes or voxels
            s = work % n
            away, axis, shape = shift_to(x, y, z, centres, s), three(axes, s), shape_of(whole, real, table[s])
            points, values = voxels, fine.reshape(-1)
            if work < n:
                error[s] = expected_error(errors[table[s]], first_log2_mm, bins_an_octave, away, axis)
                points, values = probes, shares[s]
            elif interpolated[s]:
                points, values = nodes, coarse.reshape(-1)
            add_source(entries, shape, points[0], points[1], points[2], values, away, axis, _f4(weights[s]))
            if work == n - 1:
                _as_parts(shares, total[b])
                found = choose_interpolated(shares, error, companions, tolerance, burden, interpolated)
        if found:
            add_interpolated(coarse, to_plane, to_k, planes, fine)
        here = part_of(dose, first[b], edges)
        for k in range(here.shape[0]):
            for j in range(here.shape[1]):
                add_scaled(_f4(1.0), fine[k, j * edges[2] : (j + 1) * edges[2]], here[k, j])


@compiled
def voxels_near(
    middles: Any, reach: Any, steps: Any, radius_mm: Any, shape_kji: Any, source: Any, index: Any, away: Any
) -> int:
    """Write every pair of a source and a voxel centre within a radius of it; return how many there are.

    Parameters
    ----------
    middles
        Sources in fractional voxel indices (i, j, k).
    reach
        Radius in voxels along i, j and k.
    steps
        Vectors in mm from a voxel to the next in i, j and k.
    shape_kji
        Size of the grid.
    source, index, away
        Results: number of the source, flat index of the voxel, vector to it in mm; only counted where they are empty.
    """
    found = 0
    nk, nj, ni = shape_kji
    for s in range(len(middles)):
        mi, mj, mk = middles[s, 0], middles[s, 1], middles[s, 2]
        for k in range(max(0, int(np.ceil(mk - reach[2]))), min(nk - 1, int(np.floor(mk + reach[2]))) + 1):
            for j in range(max(0, int(np.ceil(mj - reach[1]))), min(nj - 1, int(np.floor(mj + reach[1]))) + 1):
                for i in range(max(0, int(np.ceil(mi - reach[0]))), min(ni - 1, int(np.floor(mi + reach[0]))) + 1):
                    x = (i - mi) * steps[0, 0] + (j - mj) * steps[1, 0] + (k - mk) * steps[2, 0]
                    y = (i - mi) * steps[0, 1] + (j - mj) * steps[1, 1] + (k - mk) * steps[2, 1]
                    z = (i - mi) * steps[0, 2] + (j - mj) * steps[1, 2] + (k - mk) * steps[2, 2]
                    if x * x + y * y + z * z < radius_mm * radius_mm:
                        if len(source):
                            source[found] = s
                            index[found] = (k * nj + j) * ni + i
                            away[found, 0], away[found, 1], away[found, 2] = x, y, z
                        found += 1
    return found

"""Thin applicators on coarse voxels: a needle as a cloud of exchange whose effective radius is the needle's.

A needle of 1.5 mm on voxels of 1 mm cannot be drawn with voxels: one voxel acts as a wire of 0.2 mm, two as 0.72 mm.
Instead each point of the axis exchanges heat or current with its surroundings by a Gaussian weight, with a strength so
chosen that the field further out is that of a cylinder of the true radius; equations (L1) to (L3) of
docs/theory/heat.md. Direction and place between the voxels then matter little.
"""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float32
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid

CLOUD_IN_VOXELS = 0.75
"""Standard deviation of the cloud in voxels: smaller feels the lattice, larger blurs the near field."""
CLOUD_IN_RADII = 0.8
"""Least standard deviation of the cloud in needle radii: a thinner one cannot act as thick as the needle."""
LATTICE = 0.021
"""How much thinner a cloud acts on a lattice than in the continuum, times (voxel / deviation)²; a test measures it."""
THIN, THIN_LOG = 0.01, 0.4180
"""Radius in standard deviations under which the strength is 2 pi / (0.4180 - ln radius); a test holds it to (L2)."""
REACH = 4.0
"""Standard deviations after which the cloud ends."""


def cloud_mm(radius_mm: float, grid: Grid) -> float:
    """Return the standard deviation of the cloud of a needle."""
    return max(CLOUD_IN_VOXELS * max(grid.spacing_ijk_mm), CLOUD_IN_RADII * radius_mm)


def effective_radius(strength: float) -> float:
    """Return the radius, in standard deviations, of the cylinder as which a cloud of some strength acts (L2).

    The radial equation (1/r)(r y')' = g w(r) y with w = exp(-r²/2) / 2 pi is solved outwards; beyond the cloud
    y = c ln(r / r_eff).
    """

    def slope(x: float, y: np.ndarray) -> list[float]:
        # x = ln r: y'' = r² g w y
        r2 = math.exp(2 * x)
        return [float(y[1]), r2 * strength * math.exp(-0.5 * r2) / (2 * math.pi) * float(y[0])]

    last = math.log(6.0)
    end = solve_ivp(slope, (math.log(1e-3), last), [1.0, 0.0], rtol=1e-8, atol=1e-10).y[:, -1]
    return math.exp(last - end[0] / end[1])


@lru_cache(maxsize=64)
def strength_for(radius_in_clouds: float) -> float:
    """Return the strength for which a cloud acts as a cylinder of a radius given in standard deviations (L2)."""
    found = brentq(lambda x: effective_radius(math.exp(x)) - radius_in_clouds, math.log(0.2), math.log(1e5), xtol=1e-6)
    return math.exp(float(found))


def points_along(path_lps_mm: Float[np.ndarray, "n 3"], *, apart_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Return midpoints of short pieces of a path, and the length of each piece."""
    points, lengths = [], []
    for start, end in pairwise(path_lps_mm):
        total = float(np.linalg.norm(end - start))
        n = max(1, math.ceil(total / apart_mm))
        shares = (np.arange(n) + 0.5) / n
        points.append(start + shares[:, None] * (end - start))
        lengths.append(np.full(n, total / n))
    return np.concatenate(points), np.concatenate(lengths)


def line_cloud(
    path_lps_mm: Float[np.ndarray, "n 3"], grid: Grid, *, deviation_mm: float
) -> Float32[np.ndarray, "k j i"]:
    """Return length of a path in mm a mm³: each piece spread over its neighbours, none of it lost (L1)."""
    weight = np.zeros(grid.shape_kji)
    spacing = np.array(grid.spacing_ijk_mm)
    reach = np.ceil(REACH * deviation_mm / spacing).astype(int)
    points, lengths = points_along(path_lps_mm, apart_mm=0.25 * float(spacing.min()))
    for index, length in zip(apply_affine(grid.ijk_from_lps, points), lengths, strict=True):
        centre = np.round(index).astype(int)
        lines = []
        for axis, n in enumerate(grid.shape_kji[::-1]):
            steps = np.arange(max(centre[axis] - reach[axis], 0), min(centre[axis] + reach[axis] + 1, n))
            lines.append((steps, np.exp(-0.5 * ((steps - index[axis]) * spacing[axis] / deviation_mm) ** 2)))
        (ii, wi), (jj, wj), (kk, wk) = lines
        if min(len(ii), len(jj), len(kk)) == 0:
            continue
        block = wk[:, None, None] * wj[:, None] * wi
        weight[kk[0] : kk[-1] + 1, jj[0] : jj[-1] + 1, ii[0] : ii[-1] + 1] += length * block / block.sum()
    return np.asarray(weight / grid.voxel_volume_mm3, dtype=np.float32)


def exchange_of(
    path_lps_mm: Float[np.ndarray, "n 3"], grid: Grid, *, radius_mm: float, thinning: float = 0.0
) -> Float32[np.ndarray, "k j i"]:
    """Return the weight, 1/mm², that times a conductivity makes a path act as a cylinder of its radius (L3).

    Parameters
    ----------
    path_lps_mm
        Points of the axis.
    grid
        Where the voxels are.
    radius_mm
        Of the cylinder.
    thinning
        Conductivity over film coefficient and radius: a resistance at the surface, with which the cylinder acts as
        one of a radius smaller by exp(-thinning), equation (C1).
    """
    deviation_mm = cloud_mm(radius_mm, grid)
    voxels = max(grid.spacing_ijk_mm) / deviation_mm
    bare = round(radius_mm / deviation_mm * (1.0 + LATTICE * voxels**2), 4)
    acting = math.log(bare) - thinning
    if acting > math.log(THIN):
        strength = strength_for(round(math.exp(acting), 5))
    else:
        strength = 2.0 * math.pi / (THIN_LOG - acting)
    return np.asarray(np.float32(strength) * line_cloud(path_lps_mm, grid, deviation_mm=deviation_mm))

"""Plans and grids on which the speed of the dose is measured."""

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.dose.base import SourceTerm
from trocar.geometry.grid import Grid

SOURCE = load_source("I125_6711")


def term(positions: np.ndarray, axes: np.ndarray) -> SourceTerm:
    return SourceTerm(
        source=SOURCE,
        positions_lps_mm=positions,
        axes_lps=axes / np.linalg.norm(axes, axis=1, keepdims=True),
        weight_u_h=np.full(len(positions), 0.5 * SOURCE.nuclide.mean_life_h),
    )


def tilted_needles(seeds: int) -> SourceTerm:
    """Return needles of five seeds in 20 directions within about 15 degrees of the z axis."""
    random = np.random.default_rng(5)
    needles = -(-seeds // 5)
    ways = random.normal(size=(needles, 3)) * [0.13, 0.13, 0.0] + [0.0, 0.0, 1.0]
    entries = np.c_[random.uniform(-18, 18, (needles, 2)), np.zeros(needles)]
    depth = np.arange(-20.0, 21.0, 10.0)
    positions = (entries[:, None] + depth[:, None] * ways[:, None]).reshape(-1, 3)
    return term(positions[:seeds], np.repeat(ways, 5, axis=0)[:seeds])


def parallel_needles(seeds: int) -> SourceTerm:
    """Return needles on a 5 mm template, all along z: errors at their axes add up here if anywhere."""
    x, y, z = np.meshgrid(np.arange(-20.0, 21.0, 10.0), np.arange(-15.0, 16.0, 10.0), np.arange(-20.0, 21.0, 10.0))
    positions = np.c_[x.ravel(), y.ravel(), z.ravel()]
    extra = positions + np.array([5.0, 5.0, 2.5])
    between = np.array([2.5, 0.0, 5.0])
    chosen = np.concatenate([positions, extra, positions + between, extra + between])[:seeds]
    return term(chosen, np.tile([0.0, 0.0, 1.0], (len(chosen), 1)))


def cube(voxels: int, spacing_mm: float = 1.0) -> Grid:
    start = -0.5 * (voxels - 1) * spacing_mm
    return Grid.axial(
        origin_lps_mm=(start, start, start), spacing_ijk_mm=(spacing_mm,) * 3, shape_kji=(voxels, voxels, voxels)
    )


def points_of_structures(n: int) -> np.ndarray:
    """Return points as a DVH asks for them: in a target and around it."""
    random = np.random.default_rng(9)
    inside = random.normal(size=(n, 3))
    inside *= (random.random(n) ** (1 / 3) / np.linalg.norm(inside, axis=1))[:, None] * [22.0, 20.0, 24.0]
    inside[: n // 3] += [0.0, 30.0, 0.0]
    return inside


def probe_voxels(some: SourceTerm, grid: Grid, n: int) -> np.ndarray:
    """Return voxels (i, j, k): half of them anywhere, half where needle axes pass."""
    random = np.random.default_rng(6)
    shape = np.array(grid.shape_kji[::-1])
    number = random.integers(0, len(some), n // 2)
    along = random.uniform(-60.0, 60.0, n // 2)[:, None]
    on_axis = np.rint(grid.index_ijk(some.positions_lps_mm[number] + along * some.axes_lps[number])).astype(int)
    index = np.concatenate([random.integers(0, shape, (n // 2, 3)), on_axis])
    return index[((index >= 0) & (index < shape)).all(axis=1)]

"""Signed distances to meshes: which side, also where the surface is creased."""

import numpy as np
import pytest

from trocar.geometry.grid import Grid
from trocar.geometry.mesh import mesh_from_mask
from trocar.geometry.mesh_distance import nearest_on_mesh, windings


def test_the_side_is_told_right_behind_a_narrow_channel() -> None:
    """A ball with a thin, deep slit: points beside its sharp end are inside, though its creased normals say little."""
    grid = Grid.axial(origin_lps_mm=(-20.0, -20.0, -20.0), spacing_ijk_mm=(2.0, 2.0, 2.0), shape_kji=(21, 21, 21))
    at = grid.centres_lps_mm()
    solid = (at**2).sum(-1) < 18**2
    solid &= ~((np.abs(at[..., 0]) < 1.5) & (np.abs(at[..., 1]) < 1.5) & (at[..., 2] > -4))
    mesh = mesh_from_mask(solid, grid)
    points = np.random.default_rng(1).uniform(-11, 11, (4000, 3))
    signed = nearest_on_mesh(mesh, points).signed_mm
    clear = np.abs(signed) > 2.5  # farther from the surface than a voxel: sampling the mask decides
    index = np.rint(grid.index_ijk(points)).astype(int)
    truly = solid[index[:, 2], index[:, 1], index[:, 0]]
    assert (truly[clear] == (signed[clear] > 0)).all()
    assert windings(mesh, np.array([[5.0, 5.0, 5.0], [0.0, 0.0, 40.0]])) == pytest.approx([1.0, 0.0], abs=1e-6)

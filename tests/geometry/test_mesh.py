"""Surfaces for 3-D views enclose what they show and face outwards."""

import numpy as np
import pytest

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import mesh_from_mask, mesh_from_region, mesh_from_volume
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.volume import Quantity, Volume


def test_the_mesh_of_a_ball_has_its_volume_and_area() -> None:
    region = region_from_contours(shapes.ball(10, spacing=0.5), end_cap=EndCap.HALF_SLICE)
    mesh = mesh_from_region(region, spacing_mm=1.0)
    assert mesh.volume_mm3 == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
    assert mesh.area_mm2 == pytest.approx(4 * np.pi * 100, rel=0.08)


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_a_mesh_faces_outwards_on_right_and_left_handed_grids(flip: float) -> None:
    matrix = np.diag([1.0, 1.0, flip, 1.0])
    grid = Grid(shape_kji=(4, 4, 4), lps_from_ijk=matrix)
    mesh = mesh_from_mask(np.ones((4, 4, 4), dtype=bool), grid)
    assert mesh.volume_mm3 == pytest.approx(64 - 12 * 4 / 8, rel=0.02)
    assert np.abs(mesh.vertices_lps_mm - grid.corners_lps_mm.mean(axis=0)).max() == pytest.approx(2.0)


def test_an_isodose_lies_where_the_dose_takes_the_level() -> None:
    grid = Grid.axial(origin_lps_mm=(-10, -10, -10), spacing_ijk_mm=(1, 1, 1), shape_kji=(21, 21, 21))
    distance = np.linalg.norm(grid.centres_lps_mm(), axis=-1)
    volume = Volume(grid=grid, values_kji=100 - distance, quantity=Quantity.DOSE_GY, frame_uid="1")
    mesh = mesh_from_volume(volume, level=94.0)
    assert np.linalg.norm(mesh.vertices_lps_mm, axis=1) == pytest.approx(6.0, abs=0.08)


def test_a_level_that_is_never_reached_is_refused() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))
    volume = Volume(grid=grid, values_kji=np.ones((2, 2, 2)), quantity=Quantity.DOSE_GY, frame_uid="1")
    for level in (1.0, 2.0):
        with pytest.raises(GeometryError, match="no surface"):
            mesh_from_volume(volume, level=level)

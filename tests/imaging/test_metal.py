"""Thick metal is told from seeds, needles and bone."""

import numpy as np
import pytest

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.metal import thick_metal

GRID = Grid.axial(origin_lps_mm=(-60.0, -60.0, -40.0), spacing_ijk_mm=(1.0, 1.0, 2.5), shape_kji=(32, 120, 120))
HIP_AT, HIP_MM = np.array([30.0, 5.0, 0.0]), 14.0


def scan_with(*, hip: bool) -> Volume:
    points = GRID.centres_lps_mm()
    values = np.full(GRID.shape_kji, 40.0)
    values[np.hypot(points[..., 0] + 30.0, points[..., 1]) < 12.0] = 1600.0  # the densest bone
    values[(np.abs(points[..., 0]) < 1.0) & (np.abs(points[..., 1]) < 1.0)] = 3071.0  # a needle
    if hip:
        values[np.linalg.norm(points - HIP_AT, axis=-1) < HIP_MM] = 3071.0
    return Volume(grid=GRID, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")


def test_bone_and_a_needle_are_no_thick_metal() -> None:
    assert thick_metal(scan_with(hip=False)) == ()


def test_a_prosthesis_is_found_with_its_place_and_size() -> None:
    (body,) = thick_metal(scan_with(hip=True))
    assert body.centre_lps_mm == pytest.approx(HIP_AT, abs=1.0)
    assert body.volume_cc == pytest.approx(4.0 / 3.0 * np.pi * HIP_MM**3 / 1e3, rel=0.05)
    near, far = np.array([[30.0, 25.0, 0.0]]), np.array([[30.0, 5.0, 30.0]])
    assert body.gap_mm(near)[0] == pytest.approx(6.0, abs=1.0)
    assert body.shares_slice(near).all()
    assert not body.shares_slice(far).any()

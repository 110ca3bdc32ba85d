"""A needle between the voxels acts as a cylinder of its radius, wherever it lies and however it is turned."""

import numpy as np
import pytest
from scipy.sparse import diags, eye_array, kron
from scipy.sparse.linalg import spsolve

from trocar.geometry.grid import Grid
from trocar.heat.lines import effective_radius, exchange_of, line_cloud, strength_for

RADIUS_WITHIN = 0.02
"""Relative; a resistance goes with its logarithm: 2 % of the radius are 0.5 % of the resistance of a 30 mm tip."""


def radius_on_voxels(
    offset_mm: tuple[float, float], *, radius_mm: float, spacing_mm: float, thinning: float = 0.0
) -> float:
    """Return the radius of the cylinder as which a long needle acts on the lattice, from the field further out."""
    n = 61
    edge = -0.5 * (n - 1) * spacing_mm
    grid = Grid.axial(origin_lps_mm=(edge, edge, 0), spacing_ijk_mm=(spacing_mm,) * 3, shape_kji=(9, n, n))
    x, y = offset_mm
    needle = np.array([[x, y, -9 * spacing_mm], [x, y, 18 * spacing_mm]])
    weight = exchange_of(needle, grid, radius_mm=radius_mm, thinning=thinning)[4].astype(float).ravel()
    row = np.arange(n) * spacing_mm + edge
    far = np.hypot(row[None, :] - x, row[:, None] - y).ravel()
    second = diags([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(n, n)) / spacing_mm**2
    lattice = kron(second, eye_array(n)) + kron(eye_array(n), second) - diags(weight)
    outside = far > (n // 2 - 2) * spacing_mm
    matrix = diags(np.where(outside, 0.0, 1.0)) @ lattice + diags(outside.astype(float))
    potential = spsolve(matrix.tocsr(), np.where(outside, 0.0, -weight))
    current = float(np.sum(weight * (1 - potential)) * spacing_mm**2)
    ring = (far > 6 * spacing_mm) & (far < 10 * spacing_mm)
    return float(np.exp(np.mean(np.log(far[ring]) - (1 - potential[ring]) * 2 * np.pi / current)))


@pytest.mark.parametrize("offset_mm", [(0.0, 0.0), (0.25, 0.1), (0.5, 0.5)])
@pytest.mark.parametrize(("radius_mm", "spacing_mm"), [(0.735, 1.0), (0.35, 1.0), (0.735, 0.5), (1.2, 1.0)])
def test_a_needle_acts_as_a_cylinder_of_its_radius(
    offset_mm: tuple[float, float], radius_mm: float, spacing_mm: float
) -> None:
    got = radius_on_voxels(offset_mm, radius_mm=radius_mm, spacing_mm=spacing_mm)
    assert got == pytest.approx(radius_mm, rel=RADIUS_WITHIN)


@pytest.mark.parametrize("thinning", [0.3, 1.4, 5.0, 12.0])
def test_a_resistance_at_the_surface_makes_a_needle_act_as_a_thinner_one(thinning: float) -> None:
    """C1: ln r - k / (h r); at 5 and 12 the cloud is far thinner than (L2) was solved for."""
    got = radius_on_voxels((0.25, 0.1), radius_mm=1.2, spacing_mm=1.0, thinning=thinning)
    # the resistance between the surface and a centimetre is what matters
    assert np.log(10.0 / got) == pytest.approx(np.log(10.0 / 1.2) + thinning, rel=RADIUS_WITHIN)


def test_a_stronger_cloud_acts_as_a_thicker_needle() -> None:
    radii = [effective_radius(g) for g in (0.5, 5.0, 50.0)]
    assert radii == sorted(radii)
    assert effective_radius(strength_for(0.9)) == pytest.approx(0.9, rel=1e-4)


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8), (0.48, 0.6, 0.64)])
def test_no_length_of_a_needle_is_lost(direction: tuple[float, float, float]) -> None:
    grid = Grid.axial(origin_lps_mm=(-20, -20, -20), spacing_ijk_mm=(1, 1, 1), shape_kji=(41, 41, 41))
    needle = np.array([[0.0, 0.0, 0.0], 15.0 * np.array(direction)])
    assert line_cloud(needle, grid, deviation_mm=0.75).sum() == pytest.approx(15.0, rel=1e-5)

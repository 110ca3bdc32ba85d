"""Large vessels as heat sinks against exact solutions of conduction with a film; equation (H8)."""

from dataclasses import replace

import numpy as np
import pytest

from trocar.catalogue.tissues import Spread, Tissue, load_tissue
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import TissueMap, VesselCooling
from trocar.heat.bioheat import INSIDE, HeatField, field_of

PLANE = 0.005
"""Flux through a plane wall on voxels of 1 mm."""
STAIRCASE = 0.1
"""Of an e-fold of distance: radius of a round vessel of five voxels, whose wall is a staircase of half a voxel."""
HOT_K = 40.0


def still(tissue: Tissue) -> Tissue:
    """Return a tissue without blood flow whose conductivity does not change."""
    zero = Spread(value=0.0, low=0.0, high=0.0)
    return replace(tissue, perfusion_ml_per_min_kg=zero, conductivity_slope_w_per_m_k2=zero)


def settled(values: np.ndarray, hot: np.ndarray, cooling: VesselCooling, film: float | None) -> HeatField:
    """Return the steady field between a vessel (label 2) and tissue that is held hot by a strong contact."""
    nk, nj, ni = values.shape
    grid = Grid.axial(origin_lps_mm=(0.0, 0.0, 0.0), spacing_ijk_mm=(1.0,) * 3, shape_kji=(nk, nj, ni))
    labels = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1")
    tissue_map = TissueMap(
        labels=labels,
        tissues=(still(load_tissue("liver")), still(load_tissue("blood"))),
        vessel_label=2,
        vessel_cooling=cooling,
        vessel_film_w_per_m2_k=film,
    )
    field = field_of(tissue_map, phase=None, threads=1)
    field.take[INSIDE][hot] += 1.0
    field.give[INSIDE][hot] += HOT_K
    # tissue outside the grid would carry heat away along the vessel: let nothing through its ends
    for faces, axis in ((field.gz, 0), (field.gy, 1), (field.gx, 2)):
        if values.shape[axis] == 1:
            faces[...] = 0.0
    for _ in range(60):
        field.advance(200.0)
    return field


@pytest.mark.parametrize(("cooling", "film"), [(VesselCooling.FIXED, None), (VesselCooling.CONVECTIVE, 500.0)])
def test_flux_into_a_plane_wall_is_that_of_tissue_and_film_in_series(
    cooling: VesselCooling, film: float | None
) -> None:
    values = np.ones((1, 1, 24), np.uint8)
    values[..., :3] = 2
    hot = np.zeros(values.shape, bool)
    hot[..., -1] = True
    theta = settled(values, hot, cooling, film).theta[INSIDE][0, 0]
    k, length_mm = 0.52e-3, 20.5  # from the wall between voxels 2 and 3 to the centre of the last one
    flux = k * (theta[12] - theta[11])
    resistance = length_mm / k + (1.0 / (film * 1e-6) if film else 0.0)
    assert flux == pytest.approx(HOT_K / resistance, rel=PLANE)


@pytest.mark.parametrize(("cooling", "film"), [(VesselCooling.FIXED, None), (VesselCooling.CONVECTIVE, 227.0)])
def test_the_wall_of_a_round_vessel_is_as_warm_as_its_film_lets_it_be(
    cooling: VesselCooling, film: float | None
) -> None:
    n, radius_mm, outer_mm = 45, 5.0, 18.0
    row = np.arange(n) - n // 2
    far = np.hypot(row[:, None], row)
    values = np.ones((1, n, n), np.uint8)
    values[0][far < radius_mm] = 2
    hot = (far > outer_mm)[None]
    theta = settled(values, hot, cooling, film).theta[INSIDE][0]
    ring = (far > 8.0) & (far < 15.0)
    per_log, at_one = np.polyfit(np.log(far[ring]), theta[ring], 1)
    wall_k = at_one + per_log * np.log(radius_mm)
    # heat a length is 2 pi k times the slope; the film takes it up over the circumference
    exact_k = per_log * 0.52e-3 / (radius_mm * film * 1e-6) if film else 0.0
    assert wall_k == pytest.approx(exact_k, abs=STAIRCASE * per_log)

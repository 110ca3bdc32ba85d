"""Biologically effective dose on a grid: each structure by its own tissue."""

from dataclasses import dataclass

import numpy as np

from trocar.catalogue.nuclides import Nuclide
from trocar.evaluate.biology import eqd2_gy, implant_bed_gy
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.volume import Quantity, Volume
from trocar.workflow.histograms import region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, BiologyWish, ImplantRequest

INSIDE = 0.5
"""A voxel belongs to a structure that fills at least so much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiologicalVolumes:
    """BED and EQD2 in Gy in the structures whose tissue was named; 0 elsewhere.

    Parameters
    ----------
    bed, eqd2
        On the grid of the dose.
    structures
        Structure to what it was taken for, such as ``prostate_cancer, α/β 3 Gy``; where two overlap the first counts.
    """

    bed: Volume
    eqd2: Volume
    structures: dict[str, str]


def biological_volumes(
    request: ImplantRequest, wish: BiologyWish, dose: Volume, *, nuclide: Nuclide
) -> BiologicalVolumes:
    """Return a dose as BED and EQD2, voxel by voxel, external beam included where it was given.

    Parameters
    ----------
    request, wish
        Structures, and which tissue each is.
    dose
        Total dose of the implant to complete decay, Gy.
    nuclide
        Of the seeds.
    """
    bed, eqd2 = np.zeros(dose.grid.shape_kji), np.zeros(dose.grid.shape_kji)
    free = np.ones(dose.grid.shape_kji, np.bool_)
    for name, tissue in wish.tissues.items():
        region = region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE)
        mine = free & (occupancy_on_grid(region, dose.grid) >= INSIDE)
        free &= ~mine
        doses = dose.values_kji[mine].astype(np.float64)
        bed[mine] = implant_bed_gy(doses, nuclide, tissue, external=wish.external.get(name))
        eqd2[mine] = eqd2_gy(bed[mine], tissue.alpha_beta_gy)
    return BiologicalVolumes(
        bed=_like(dose, bed),
        eqd2=_like(dose, eqd2),
        structures={name: f"{tissue.key}, α/β {tissue.alpha_beta_gy:g} Gy" for name, tissue in wish.tissues.items()},
    )


def _like(dose: Volume, values: np.ndarray) -> Volume:
    return Volume.owning(grid=dose.grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid=dose.frame_uid)

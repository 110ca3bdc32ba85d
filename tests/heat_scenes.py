"""Small tissues and applicators for tests of whole simulations."""

import numpy as np

from trocar.catalogue.tissues import load_tissue
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import HeatProblem, Schedule, Step, TissueMap
from trocar.heat.sources.microwave import Band, MicrowaveAntenna
from trocar.results.tissue_death import DeathModel


def block(n: int = 40, *, spacing_mm: float = 1.0, tissue: str = "liver") -> TissueMap:
    edge = -0.5 * (n - 1) * spacing_mm
    grid = Grid.axial(origin_lps_mm=(edge,) * 3, spacing_ijk_mm=(spacing_mm,) * 3, shape_kji=(n,) * 3)
    values = np.ones((n,) * 3, np.uint8)
    labels = Volume(grid=grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
    return TissueMap(labels=labels, tissues=(load_tissue(tissue),))


def antenna(**changes) -> MicrowaveAntenna:
    facts = {
        "label": "antenna",
        "tip_lps_mm": np.array([0.0, 0.0, -10.0]),
        "axis_lps": np.array([0.0, 0.0, 1.0]),
        "radius_mm": 1.0,
        "band": Band.MHZ_2450,
        "active_mm": 20.0,
        "efficiency": 0.6,
    }
    return MicrowaveAntenna(**facts | changes)


def problem(*sources, steps=((60.0, (60.0,)),), **changes) -> HeatProblem:
    facts = {
        "tissue_map": block(),
        "sources": sources or (antenna(),),
        "schedule": Schedule(steps=tuple(Step(duration_s=t, levels=levels) for t, levels in steps)),
        "death_model": DeathModel.CEM43_240,
    }
    return HeatProblem(**facts | changes)

"""Compiles every loop of the room by running each once on next to nothing."""

from dataclasses import replace

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.dose.base import SourceTerm
from trocar.dose.grid import dose_on_grid
from trocar.dose.moves import dose_difference, swap_source
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.geometry.grid import Grid


def compile_loops() -> None:
    """Compile the loops; the numbers that come out are dropped."""
    term = SourceTerm(
        source=load_source("I125_6711"),
        positions_lps_mm=np.zeros((1, 3)),
        axes_lps=np.array([[0.0, 0.0, 1.0]]),
        weight_u_h=np.ones(1),
    )
    grid = Grid.axial(origin_lps_mm=(-8.0, -8.0, -8.0), spacing_ijk_mm=(4.0, 4.0, 4.0), shape_kji=(5, 5, 5))
    form = Formalism.LINE_1D
    dose_gy = dose_on_grid([term], grid, formalism=form)
    elsewhere = replace(term, positions_lps_mm=np.ones((1, 3)))
    dose_difference(term, elsewhere, grid, formalism=form, dose_gy=dose_gy)
    at_points = dose_at_points([term], np.array([[0.0, 0.0, 10.0]]), formalism=form).astype(np.float32)
    swap_source(at_points.copy(), at_points, at_points)

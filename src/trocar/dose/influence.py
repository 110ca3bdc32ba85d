"""Influence matrix: what every candidate source gives to every point."""

import numpy as np
from jaxtyping import Float, Float32

from trocar.catalogue.sources import Source
from trocar.dose.base import SourceTerm
from trocar.dose.points import dose_by_source
from trocar.dose.tabulated import lay_out
from trocar.dose.tg43 import Formalism


def influence_matrix(
    source: Source,
    positions_lps_mm: Float[np.ndarray, "candidates 3"],
    axes_lps: Float[np.ndarray, "candidates 3"],
    points_lps_mm: Float[np.ndarray, "points 3"],
    *,
    weight_u_h: Float[np.ndarray, " candidates"] | float | None = None,
    formalism: Formalism = Formalism.LINE_2D,
) -> Float32[np.ndarray, "candidates points"]:
    """Return the dose in Gy that each candidate gives to each point.

    Parameters
    ----------
    source
        Model of all candidates.
    positions_lps_mm, axes_lps
        Centres and unit vectors; a row of NaN where the direction is unknown.
    points_lps_mm
        Where.
    weight_u_h
        S_K times effective time of each candidate; None for the total dose of a permanent seed of 1 U.
    formalism
        Form of the TG-43 equation.

    Raises
    ------
    DoseError
        A point is out of reach, or a candidate is not valid.
    """
    weight = source.nuclide.mean_life_h if weight_u_h is None else weight_u_h
    term = SourceTerm(
        source=source,
        positions_lps_mm=positions_lps_mm,
        axes_lps=axes_lps,
        weight_u_h=np.broadcast_to(np.asarray(weight, dtype=np.float64), (len(positions_lps_mm),)),
    )
    return dose_by_source(lay_out([term], formalism), points_lps_mm)

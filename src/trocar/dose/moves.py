"""What a change of a few sources does to a dose, without computing the rest again."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from trocar.dose.base import SourceTerm
from trocar.dose.grid import dose_of_sources
from trocar.dose.kernels import swap
from trocar.dose.tabulated import lay_out
from trocar.dose.tg43 import Formalism
from trocar.geometry.grid import Grid

MOVE_TOLERANCE = 1e-4
"""Relative error of the whole dose allowed to one change: ten in a row err as much as a full calculation may."""


def dose_difference(
    leaving: SourceTerm,
    entering: SourceTerm,
    grid: Grid,
    *,
    formalism: Formalism,
    dose_gy: Float32[np.ndarray, "k j i"],
) -> Float32[np.ndarray, "k j i"]:
    """Return the change of dose in Gy on a grid when some sources leave and others enter; a moved seed does both.

    Parameters
    ----------
    leaving, entering
        The sources before and after, as parts of the terms of the two plans.
    grid
        Where.
    formalism
        As for the dose that is changed.
    dose_gy
        Whole dose before the change, on the same grid; the error allowed is a part of it.

    Raises
    ------
    DoseError
        The grid is out of reach of a source.
    """
    sources = lay_out([leaving, entering], formalism)
    signs = np.repeat([-1.0, 1.0], [len(leaving), len(entering)])
    signed = replace(sources, weight_gy=sources.weight_gy * signs)
    return dose_of_sources(signed, grid, elsewhere_gy=dose_gy, tolerance=MOVE_TOLERANCE)


def swap_source(
    dose_gy: Float32[np.ndarray, " points"],
    leaving_gy: Float32[np.ndarray, " points"],
    entering_gy: Float32[np.ndarray, " points"],
) -> None:
    """Change a dose at points in place by one row of an influence matrix against another."""
    swap(dose_gy, leaving_gy, entering_gy)

"""Source terms laid out for the compiled loops: every source beside the number of its table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Int32

from trocar.catalogue.sources import Source
from trocar.dose.base import SourceTerm
from trocar.dose.kernels import rates_at
from trocar.dose.table import FARTHEST_MM, NEAREST_SERVED_MM, RateTable, rate_table
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u
from trocar.errors import DoseError
from trocar.geometry.value import frozen_without_copy
from trocar.units import cm_from_mm, gy_from_cgy

ANY_AXIS = (0.0, 0.0, 1.0)
"""Stands for an unknown axis; the one-dimensional tables do not look at it."""
SAME_LINE_MM = 1.5
"""Two sources lie on one line if each is this near to the axis of the other ..."""
SAME_LINE_COSINE = 0.998
"""... and their axes are this parallel (3.6 degrees)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All sources of a calculation.

    Parameters
    ----------
    models
        Source and formalism of each table.
    tables
        The tables.
    table
        Which table a source uses.
    positions_mm, axes
        Centres and directions in LPS.
    weight_gy
        Dose in Gy for a rate of 1 cGy/(h U).
    """

    models: tuple[tuple[Source, Formalism], ...]
    tables: tuple[RateTable, ...]
    table: Int[np.ndarray, " n"]
    positions_mm: Float[np.ndarray, "n 3"]
    axes: Float[np.ndarray, "n 3"]
    weight_gy: Float[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.table)

    def joined_tables(self) -> tuple[Int32[np.ndarray, " n"], Int[np.ndarray, "t 4"], Float32[np.ndarray, "t 4"]]:
        """Return the entries of all tables one after another, and their shapes as whole and as real numbers."""
        starts = np.cumsum([0, *(len(table.entries) for table in self.tables)])
        shapes = [table.shape for table in self.tables]
        whole = [(s[0], s[1], s[3], s[4] + start) for s, start in zip(shapes, starts, strict=False)]
        real = [(s[2], s[5], s[6], s[7]) for s in shapes]
        if len(self.tables) == 1:
            entries = self.tables[0].entries
        else:
            entries = frozen_without_copy(np.concatenate([table.entries for table in self.tables]))
        return entries, np.array(whole, dtype=np.int64), np.array(real, dtype=np.float32)

    def companions(self) -> Float[np.ndarray, " n"]:
        """Return for each source how many lie on its line, itself included."""
        away = self.positions_mm[None, :, :] - self.positions_mm[:, None, :]
        along = np.einsum("ijk,ik->ij", away, self.axes)
        off_mm = np.linalg.norm(away - along[..., None] * self.axes[:, None, :], axis=2)
        parallel = np.abs(self.axes @ self.axes.T) > SAME_LINE_COSINE
        return np.asarray(((off_mm < SAME_LINE_MM) & parallel).sum(axis=1), dtype=np.float64)


def lay_out(terms: Sequence[SourceTerm], formalism: Formalism) -> Sources:
    """Return all sources of some terms; those without a known axis go to a one-dimensional table."""
    models: list[tuple[Source, Formalism]] = []
    table = [np.zeros(0, dtype=np.int64)]
    for term in terms:
        table.append(_table_numbers(term, formalism, models))
    axes = np.concatenate([np.zeros((0, 3)), *(term.axes_lps for term in terms)])
    return Sources(
        models=tuple(models),
        tables=tuple(rate_table(source, form) for source, form in models),
        table=np.concatenate(table),
        positions_mm=np.concatenate([np.zeros((0, 3)), *(term.positions_lps_mm for term in terms)]),
        axes=np.where(np.isnan(axes), ANY_AXIS, axes),
        weight_gy=gy_from_cgy(np.concatenate([np.zeros(0), *(term.weight_u_h for term in terms)])),
    )


def _table_numbers(term: SourceTerm, formalism: Formalism, models: list[tuple[Source, Formalism]]) -> np.ndarray:
    """Return which model each source of a term belongs to; models that are new are added to the list."""
    directed = term.is_oriented | (formalism is not Formalism.LINE_2D)
    number = np.zeros(len(term), dtype=np.int64)
    for form, mine in ((formalism, directed), (Formalism.LINE_1D, ~directed)):
        if mine.any():
            number[mine] = _number_of(models, (term.source, form))
    return number


def _number_of(models: list[tuple[Source, Formalism]], model: tuple[Source, Formalism]) -> int:
    if model not in models:
        models.append(model)
    return models.index(model)


def require_within_reach(sources: Sources, corners_lps_mm: Float[np.ndarray, "m 3"]) -> None:
    """Raise if a source is farther from a box than the tables reach: the two are then hardly of one patient.

    Raises
    ------
    DoseError
        A source and a corner of the box are more than `FARTHEST_MM` apart.
    """
    if not len(sources) or not len(corners_lps_mm):
        return
    away = corners_lps_mm[:, None, :] - sources.positions_mm[None, :, :]
    farthest_mm = float(np.sqrt((away**2).sum(axis=2).max()))
    if farthest_mm > FARTHEST_MM:
        raise DoseError(
            "dose.out-of-reach",
            "a dose {farthest_mm:.0f} mm away from a source was asked for; up to {allowed_mm:.0f} mm can be computed: "
            "check that plan and grid belong to the same frame of reference",
            farthest_mm=farthest_mm,
            allowed_mm=FARTHEST_MM,
        )


def near_correction_gy(
    sources: Sources, source: Int[np.ndarray, " pairs"], away_mm: Float[np.ndarray, "pairs 3"]
) -> Float[np.ndarray, " pairs"]:
    """Return direct minus tabulated dose for pairs of a source and a point close to it.

    Parameters
    ----------
    source
        Which source, one a pair.
    away_mm
        From the source to the point.
    """
    axes = sources.axes[source]
    height = np.einsum("ij,ij->i", away_mm, axes)
    across = np.linalg.norm(away_mm - height[:, None] * axes, axis=1)
    radius_cm, theta = cm_from_mm(np.hypot(across, height)), np.arctan2(across, height)
    difference = np.zeros(len(source))
    for number, (model, formalism) in enumerate(sources.models):
        mine = sources.table[source] == number
        direct = dose_rate_cgy_per_h_per_u(model, radius_cm[mine], theta[mine], formalism)
        difference[mine] = direct - _tabulated(sources.tables[number], across[mine], height[mine])
    return np.asarray(difference * sources.weight_gy[source])


def _tabulated(table: RateTable, across_mm: np.ndarray, height_mm: np.ndarray) -> np.ndarray:
    rates = np.zeros(len(across_mm), dtype=np.float32)
    rates_at(table.entries, table.shape, across_mm.astype(np.float32), height_mm.astype(np.float32), rates)
    return rates


Progress = Callable[[float], None]
"""Called now and then with the part done, 0 to 1."""

__all__ = ["NEAREST_SERVED_MM", "Progress", "Sources", "lay_out", "near_correction_gy", "require_within_reach"]

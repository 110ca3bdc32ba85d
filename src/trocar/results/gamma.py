"""`GammaMap`: how well two doses agree, in dose and distance together."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float32

from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array


class GammaKind(Enum):
    """What the dose criterion is a percentage of."""

    GLOBAL = "of one stated dose"
    LOCAL = "of the reference dose at the point"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GammaMap(Value):
    """The gamma index at the voxels of a reference dose.

    Parameters
    ----------
    grid
        Of the reference dose.
    gamma_kji
        NaN where it was not computed; ``limit`` where it is that or more.
    kind, dose_percent, distance_mm
        The criteria.
    normalisation_gy
        The dose that the global criterion is a percentage of; None for a local one.
    cutoff_gy
        Reference doses below it were not judged.
    limit
        Largest value looked for.
    below_cutoff, left_out, beyond
        Voxels not judged: below the cut-off, left out on demand, outside the evaluated grid.
    """

    grid: Grid
    gamma_kji: Float32[np.ndarray, "k j i"]
    kind: GammaKind
    dose_percent: float
    distance_mm: float
    normalisation_gy: float | None
    cutoff_gy: float
    limit: float
    below_cutoff: int
    left_out: int
    beyond: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma_kji", frozen_array(self.gamma_kji, np.float32))

    @property
    def judged(self) -> int:
        """Number of voxels with a gamma index."""
        return int(np.count_nonzero(~np.isnan(self.gamma_kji)))

    @property
    def pass_percent(self) -> float:
        """Share of the judged voxels with gamma at most 1, in percent; NaN where none was judged."""
        return float(100.0 * np.count_nonzero(self.gamma_kji <= 1.0) / self.judged) if self.judged else float("nan")

    @property
    def mean(self) -> float:
        """Mean gamma of the judged voxels."""
        return float(np.nanmean(self.gamma_kji, dtype=np.float64)) if self.judged else float("nan")

    @property
    def max(self) -> float:
        """Largest gamma, not above the limit."""
        return float(np.nanmax(self.gamma_kji)) if self.judged else float("nan")

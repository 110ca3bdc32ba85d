"""`CombinedTreatment`: what heat and seeds treat together in one tumour, and what each does to the organs around."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatedPart(Value):
    """How a part of the target is treated, in ml; the last four add up to the first.

    Parameters
    ----------
    name
        ``tumour`` or ``margin``: the wanted margin around it, within the organ.
    total_ml
        All of it.
    heat_ml, seeds_ml, both_ml, neither_ml
        Dead by heat only; at the prescribed dose only; both; neither.
    """

    name: str
    total_ml: float
    heat_ml: float
    seeds_ml: float
    both_ml: float
    neither_ml: float

    @property
    def treated_percent(self) -> float:
        """Share that heat or seeds treat."""
        return 100 * (1 - self.neither_ml / self.total_ml) if self.total_ml else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrganAccount(Value):
    """What both treatments do to one structure, beside what is allowed.

    Parameters
    ----------
    name
        Of the structure.
    least_gap_mm, gap_mm
        Least distance from the zone allowed, and the distance; negative where the zone reaches in.
    most_dose_gy, dose_gy
        Most dose allowed to the hottest ``cc``, and that dose.
    cc
        Volume of which the dose speaks.
    """

    name: str
    least_gap_mm: float
    gap_mm: float
    most_dose_gy: float
    dose_gy: float
    cc: float

    @property
    def used(self) -> tuple[float, float]:
        """Share of each limit that is used up: of the distance, and of the dose; above 1 is beyond it."""
        gap = self.least_gap_mm / max(self.gap_mm, 1e-6) if self.gap_mm > 0 else float("inf")
        return gap, self.dose_gy / self.most_dose_gy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CombinedTreatment(Value):
    """Heat and seeds in one patient.

    Parameters
    ----------
    prescription_gy
        From which a point counts as treated by seeds.
    parts
        Tumour, and margin.
    organs
        Structures with limits.
    points_lps_mm, treated_by
        Points of tumour and margin; 0 neither, 1 heat, 2 seeds, 3 both.
    step_mm
        Distance between the points.
    punctures
        Applicators and seed needles together.
    seeds, seeds_in_zone
        All, and those that lie in dead tissue.
    """

    prescription_gy: float
    parts: tuple[TreatedPart, ...]
    organs: tuple[OrganAccount, ...]
    points_lps_mm: Float[np.ndarray, "n 3"]
    treated_by: Int[np.ndarray, " n"]
    step_mm: float
    punctures: tuple[int, int]
    seeds: int
    seeds_in_zone: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_lps_mm", frozen_array(self.points_lps_mm, np.float64))
        object.__setattr__(self, "treated_by", frozen_array(self.treated_by, np.int64))

    @property
    def untreated_ml(self) -> float:
        """Tumour that neither treats."""
        return self.parts[0].neither_ml

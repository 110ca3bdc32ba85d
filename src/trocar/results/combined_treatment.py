"""`CombinedTreatment`: what heat and seeds treat together in one tumour, and what each does to the organs around."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
    least_needle_mm, needle_gap_mm
        Least distance of any axis, applicator or seed needle, that is allowed (None: no limit), and the distance; 0
        where one enters.
    most_entries, entries
        How many may enter it (None: no limit), and how many applicators and seed needles do: they add up.
    """

    name: str
    least_gap_mm: float
    gap_mm: float
    most_dose_gy: float
    dose_gy: float
    cc: float
    least_needle_mm: float | None
    needle_gap_mm: float
    most_entries: int | None
    entries: tuple[int, int]

    @property
    def is_kept(self) -> bool:
        """Whether it keeps every limit stated."""
        near = self.least_needle_mm is not None and self.needle_gap_mm < self.least_needle_mm
        often = self.most_entries is not None and sum(self.entries) > self.most_entries
        return max(self.used) <= 1 and not near and not often

    @property
    def used(self) -> tuple[float, float]:
        """Share of each limit that is used up: of the distance, and of the dose; above 1 is beyond it."""
        gap = self.least_gap_mm / max(self.gap_mm, 1e-6) if self.gap_mm > 0 else float("inf")
        return gap, self.dose_gy / self.most_dose_gy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UntreatedPlace(Value):
    """One connected piece that neither heat nor seeds treat.

    Parameters
    ----------
    part
        ``tumour`` or ``margin``.
    ml
        Its size.
    side
        Where it lies, seen from the middle of the tumour, as in `side_words`.
    middle_lps_mm
        Its middle.
    """

    part: str
    ml: float
    side: str
    middle_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "middle_lps_mm", frozen_array(self.middle_lps_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatmentTimes(Value):
    """When which treatment is done.

    Parameters
    ----------
    ablate_at
        Start of the first activation; None where not stated.
    ablation_s
        How long energy is applied.
    implant_at
        When seeds are placed.
    """

    ablate_at: datetime | None
    ablation_s: float
    implant_at: datetime

    @property
    def heat_is_over(self) -> bool | None:
        """Whether all heat is over before seeds are placed; None where the ablation's time is not stated."""
        if self.ablate_at is None:
            return None
        return self.ablate_at + timedelta(seconds=self.ablation_s) <= self.implant_at


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
    untreated
        Pieces that neither treats, the largest first, of the tumour before those of the margin.
    times
        When which is done.
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
    untreated: tuple[UntreatedPlace, ...]
    times: TreatmentTimes

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_lps_mm", frozen_array(self.points_lps_mm, np.float64))
        object.__setattr__(self, "treated_by", frozen_array(self.treated_by, np.int64))

    @property
    def untreated_ml(self) -> float:
        """Tumour that neither treats."""
        return self.parts[0].neither_ml

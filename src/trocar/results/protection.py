"""What people around a patient with an implant receive."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProtectionLimit(Value):
    """A limit with its source; one that nobody has read where it stands is shown and never blocks."""

    key: str
    value: float
    unit: str
    meaning: str
    meaning_zh: str
    source: str
    source_zh: str
    may_block: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contact(Value):
    """How long somebody may be near, each day from discharge on, without passing a limit.

    Parameters
    ----------
    limit
        Which.
    distance_mm
        From the patient's surface.
    hours_a_day
        24 where no limit is reached even so.
    """

    limit: ProtectionLimit
    distance_mm: float
    hours_a_day: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateOnDay(Value):
    """Dose rates some days after the implant."""

    day: float
    surface_usv_h: float
    one_metre_usv_h: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured(Value):
    """A survey reading; None where not read."""

    surface_usv_h: float | None
    one_metre_usv_h: float | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProtectionEstimate(Value):
    """What an implant gives to others.

    Parameters
    ----------
    nuclide, seeds, strength_u
        Of the implant at implant time.
    depth_mm
        From the seeds' middle to the nearest skin.
    surface_lps_mm
        Where the skin receives most.
    surface_usv_h, one_metre_usv_h
        Highest rates, at implant time: at the skin, and at 1 m from it.
    transmission
        What the tissue lets through on the way to that 1 m, scatter included.
    rates
        Over time.
    lifetime_one_metre_msv
        To complete decay, for somebody always at 1 m, times the occupancy.
    occupancy
        Share of the time spent at 1 m.
    contacts
        For family.
    limits
        All that were laid beside.
    cremation_after
        Day from which cremation needs no special measures.
    measured
        None where nothing was measured.
    expected_surface_usv_h, expected_one_metre_usv_h
        As computed, at the time of measuring.
    """

    nuclide: str
    seeds: int
    strength_u: float
    depth_mm: float
    surface_lps_mm: Float[np.ndarray, " 3"]
    surface_usv_h: float
    one_metre_usv_h: float
    transmission: float
    rates: tuple[RateOnDay, ...]
    lifetime_one_metre_msv: float
    occupancy: float
    contacts: tuple[Contact, ...]
    limits: tuple[ProtectionLimit, ...]
    cremation_after: date | None
    measured: Measured | None = None
    expected_surface_usv_h: float | None = None
    expected_one_metre_usv_h: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "surface_lps_mm", frozen_array(self.surface_lps_mm, np.float64))

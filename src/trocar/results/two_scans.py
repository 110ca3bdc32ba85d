"""`TwoScans`: what changed between two scans after one implant."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.results.registration import Registration
from trocar.results.verification import Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedJourney(Value):
    """A seed seen on both scans.

    Parameters
    ----------
    earlier, later
        Places in the two lists of seeds seen, counted from 0.
    displacement_lps_mm
        From its place on the earlier scan, laid over the later one, to its place there.
    own_lps_mm
        What is left of that when the common motion and the drawing together of all seeds are taken off.
    """

    earlier: int
    later: int
    displacement_lps_mm: Float[np.ndarray, " 3"]
    own_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        for name in ("displacement_lps_mm", "own_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    @property
    def distance_mm(self) -> float:
        """How far it moved against the body."""
        return float(np.linalg.norm(self.displacement_lps_mm))

    @property
    def own_mm(self) -> float:
        """How far it moved against the other seeds."""
        return float(np.linalg.norm(self.own_lps_mm))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedMotion(Value):
    """Seeds of two scans against each other. Equation (V6).

    Parameters
    ----------
    pairs
        Seeds seen on both.
    lost
        Seen on the earlier scan only, counted from 0.
    new
        Seen on the later scan only.
    shift_lps_mm
        Of the middle of the paired seeds.
    scale, scale_sd
        Linear size of the later cloud of seeds over the earlier one, and its standard deviation; NaN with fewer than
        four pairs.
    """

    pairs: tuple[SeedJourney, ...]
    lost: tuple[int, ...]
    new: tuple[int, ...]
    shift_lps_mm: Float[np.ndarray, " 3"]
    scale: float
    scale_sd: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift_lps_mm", frozen_array(self.shift_lps_mm, np.float64))

    @property
    def volume_ratio(self) -> float:
        """Volume that the seeds span later over that earlier."""
        return float(self.scale**3)

    @property
    def volume_ratio_interval(self) -> tuple[float, float]:
        """The interval that holds it with 95 % probability."""
        half = 1.96 * self.scale_sd
        return float((self.scale - half) ** 3), float((self.scale + half) ** 3)

    @property
    def median_mm(self) -> float:
        """Median distance that seeds moved against the body; NaN without pairs."""
        return float(np.median([pair.distance_mm for pair in self.pairs])) if self.pairs else float("nan")

    @property
    def own_median_mm(self) -> float:
        """Median distance that seeds moved against each other; NaN without pairs."""
        return float(np.median([pair.own_mm for pair in self.pairs])) if self.pairs else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScanPair(Value):
    """One metric of one structure by the plan and on both scans.

    Parameters
    ----------
    structure, is_target
        Whose.
    earlier, later
        As told by the two verifications.
    """

    structure: str
    is_target: bool
    earlier: Interval
    later: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resolution(Value):
    """Swelling as both scans tell it, with a half-life that was stated.

    Parameters
    ----------
    at_implant_percent, half_life_d
        Volume at the implant over that without swelling, less 100 %; and the half-life.
    metrics
        D90 and V100 of the target: as it lies on the later scan (``planned``), and with the swelling going down
        (``value``).
    """

    at_implant_percent: float
    half_life_d: float
    metrics: tuple[Interval, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoScans(Value):
    """What changed between an earlier and a later scan. Everything lies in the frame of the later one.

    Parameters
    ----------
    earlier_day, later_day
        Days from the implant; None where the scan states no time.
    earlier_seen, later_seen
        Seeds seen.
    earlier_lps_mm, later_lps_mm
        Their places; those of the earlier scan laid over the later one.
    motion
        Seed by seed.
    registration
        Of the earlier scan to the later one; None where both lie in one frame.
    target_cc
        Volume of the target on the earlier and on the later scan; None where it was not drawn on both.
    metrics
        Of all structures evaluated on both.
    resolution
        None where no half-life was stated, or where both scans contradict it.
    contradicts
        Whether a half-life was stated and the two scans cannot be had with it.
    """

    earlier_day: float | None
    later_day: float | None
    earlier_seen: int
    later_seen: int
    earlier_lps_mm: Float[np.ndarray, "n 3"]
    later_lps_mm: Float[np.ndarray, "m 3"]
    motion: SeedMotion
    registration: Registration | None
    target_cc: tuple[float, float] | None
    metrics: tuple[ScanPair, ...]
    resolution: Resolution | None = None
    contradicts: bool = False

    def __post_init__(self) -> None:
        for name in ("earlier_lps_mm", "later_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

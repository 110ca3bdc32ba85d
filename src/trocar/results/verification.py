"""What a verification after the implant found: seeds one by one, counts, doses planned and implanted."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.results.indices import Estimate, ImplantIndices


class Fate(Enum):
    """What became of a seed."""

    MATCHED = "matched"
    MISSING = "missing"
    EXTRA = "extra"
    MIGRATED = "migrated"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedPair(Value):
    """A planned seed and the seen seed taken for it.

    Parameters
    ----------
    planned, seen
        Places in the two lists, counted from 0.
    displacement_lps_mm
        From the planned place to the seen one, in the frame of the scan.
    """

    planned: int
    seen: int
    displacement_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "displacement_lps_mm", frozen_array(self.displacement_lps_mm, np.float64))

    @property
    def distance_mm(self) -> float:
        """How far."""
        return float(np.linalg.norm(self.displacement_lps_mm))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedComparison(Value):
    """Planned seeds against seen seeds.

    Parameters
    ----------
    pairs
        One to one, by planned seed.
    missing
        Planned seeds that no seen one is taken for.
    extra
        Seen seeds near the implant that no planned one stands for.
    migrated
        Seen seeds far from every planned place.
    shift_lps_mm
        What the pairs have in common: the median displacement.
    """

    pairs: tuple[SeedPair, ...]
    missing: tuple[int, ...]
    extra: tuple[int, ...]
    migrated: tuple[int, ...]
    shift_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift_lps_mm", frozen_array(self.shift_lps_mm, np.float64))

    @property
    def median_mm(self) -> float:
        """Median distance of the pairs; NaN without any."""
        return float(np.median([pair.distance_mm for pair in self.pairs])) if self.pairs else float("nan")

    @property
    def largest_mm(self) -> float:
        """Largest distance of a pair; NaN without any."""
        return max((pair.distance_mm for pair in self.pairs), default=float("nan"))

    def fate_of_seen(self, seen: int) -> Fate:
        """Return what a seen seed is."""
        if seen in self.extra:
            return Fate.EXTRA
        return Fate.MIGRATED if seen in self.migrated else Fate.MATCHED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedCounts(Value):
    """Seeds counted along their way; None where nobody stated it.

    Parameters
    ----------
    planned, seen
        Of the plan, and on the scan.
    doubtful
        Bright things on the scan that a person must decide.
    taken, implanted, returned
        Taken from the store, implanted as the theatre counted, given back to the store.
    strength_u
        Mean strength of a planned seed at the implant: counts times it are the strengths that must balance.
    """

    planned: int
    seen: int
    doubtful: int
    taken: int | None
    implanted: int | None
    returned: int | None
    strength_u: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interval(Value):
    """A number with the interval in which it lies with 95 % probability by the errors that were named.

    Parameters
    ----------
    name, unit
        ``D90``, ``Gy``.
    planned
        By the plan; None where not known.
    value
        As computed from what was seen.
    low, high
        2.5th and 97.5th percentile; None where no errors were drawn.
    """

    name: str
    unit: str
    planned: float | None
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorShare(Value):
    """What one named error alone does to the target's numbers.

    Parameters
    ----------
    key
        Name of the error in the pack.
    d90_gy, v100_percent
        Standard deviation of D90 and of V100 by it alone.
    share_of_d90
        Of the variance of D90, all errors taken one by one; 0 to 1.
    """

    key: str
    d90_gy: float
    v100_percent: float
    share_of_d90: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureOutcome(Value):
    """What a structure receives.

    Parameters
    ----------
    name, is_target, is_carried
        Which, whether it was prescribed to, whether it was carried over from the planning image.
    volume_cc
        On the scan.
    drawn_cc
        As drawn on the planning image; None where it was drawn on the scan.
    metrics
        Planned and implanted, each with its interval.
    """

    name: str
    is_target: bool
    is_carried: bool
    volume_cc: float
    drawn_cc: float | None
    metrics: tuple[Interval, ...]

    def metric(self, name: str) -> Interval:
        """Return a metric by its name."""
        return next(each for each in self.metrics if each.name == name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColdRegion(Value):
    """A connected part of the target below the reference dose.

    Parameters
    ----------
    volume_cc
        How much.
    centre_lps_mm, coldest_lps_mm
        Its middle, and where it is coldest.
    least_gy
        The least dose in it.
    """

    volume_cc: float
    centre_lps_mm: Float[np.ndarray, " 3"]
    least_gy: float
    coldest_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        for name in ("centre_lps_mm", "coldest_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WayToSeed(Value):
    """A needle that reaches a place for a further seed.

    Parameters
    ----------
    seat_lps_mm
        Where the seed would lie, on the needle.
    entry_lps_mm
        Where the needle goes through the skin.
    label
        Hole of the template; empty for a free needle.
    slack_mm
        By how much it clears the nearest obstacle beyond that one's margin.
    """

    seat_lps_mm: Float[np.ndarray, " 3"]
    entry_lps_mm: Float[np.ndarray, " 3"]
    label: str
    slack_mm: float

    def __post_init__(self) -> None:
        for name in ("seat_lps_mm", "entry_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    @property
    def depth_mm(self) -> float:
        """From the skin to the seed."""
        return float(np.linalg.norm(self.seat_lps_mm - self.entry_lps_mm))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FurtherSeeds(Value):
    """Places where further seeds would mend a target, and what they would make of it.

    Parameters
    ----------
    positions_lps_mm
        The most helpful first.
    v100_before_percent, v100_after_percent, d90_before_gy, d90_after_gy
        Of the target, counted on points.
    wanted_percent
        V100 that was sought: that of the plan.
    ways
        A needle to each place; empty where nobody asked for needles.
    blocked_lps_mm
        Places that would have helped, and that no needle reaches.
    hindrance
        What stands in the way of those.
    """

    positions_lps_mm: Float[np.ndarray, "n 3"]
    v100_before_percent: float
    v100_after_percent: float
    d90_before_gy: float
    d90_after_gy: float
    wanted_percent: float
    ways: tuple[WayToSeed, ...] = ()
    blocked_lps_mm: Float[np.ndarray, "m 3"] = field(default_factory=lambda: np.empty((0, 3)))
    hindrance: Message | None = None

    @property
    def is_enough(self) -> bool:
        """Whether the planned coverage is reached, to a percentage point."""
        return self.v100_after_percent >= self.wanted_percent - 1.0

    def __post_init__(self) -> None:
        for name in ("positions_lps_mm", "blocked_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))


def index_intervals(planned: ImplantIndices | None, implanted: ImplantIndices | None) -> tuple[Interval, ...]:
    """Return CI, EI and HI of both doses."""
    if implanted is None:
        return ()
    rows = []
    for name in ("ci", "ei", "hi"):
        value: Estimate | None = getattr(implanted, name)
        before: Estimate | None = getattr(planned, name) if planned is not None else None
        if value is not None:
            rows.append(
                Interval(
                    name=name.upper(), unit="", planned=None if before is None else before.value, value=value.value
                )
            )
    return tuple(rows)

"""What a plan gives when needles, seeds and tissue do not keep to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from trocar.errors import EvaluateError
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes(Value):
    """One quantity over all versions of an implant.

    Parameters
    ----------
    planned
        Without any mishap, on the same points.
    values
        One a version.
    """

    planned: float
    values: Float[np.ndarray, " versions"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_array(self.values, np.float64))

    @property
    def mean(self) -> float:
        """Mean of all versions."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of all versions."""
        return float(self.values.std())

    def percentile(self, percent: float) -> float:
        """Return the value that so many percent of the versions stay below."""
        return float(np.percentile(self.values, percent))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance(Value):
    """A probability estimated by counting.

    Parameters
    ----------
    hits, tries
        How often it happened, of how many.
    """

    hits: int
    tries: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.tries or self.tries == 0:
            raise EvaluateError(
                "results.chance-impossible",
                "{hits} hits in {tries} tries were counted; hits lie between 0 and the number of tries",
                hits=self.hits,
                tries=self.tries,
            )

    @property
    def value(self) -> float:
        """Share of hits."""
        return self.hits / self.tries

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error √(p (1 − p) / n), with p moved by one hit away from 0 and 1."""
        p = (self.hits + 1.0) / (self.tries + 2.0)
        return float(np.sqrt(p * (1.0 - p) / self.tries))

    def __str__(self) -> str:
        return f"{100.0 * self.value:.1f} ± {100.0 * self.standard_error:.1f} %"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeedleShare(Value):
    """How much of the spread of D90 one needle answers for.

    Parameters
    ----------
    number
        Of the needle.
    first, total
        Shares of the variance: alone, and with all interactions.
    total_error
        Monte Carlo standard error of ``total``.
    without_gy
        D90 if this needle's seeds were all missing.
    """

    number: int
    first: float
    total: float
    total_error: float
    without_gy: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Robustness(Value):
    """A plan under mishaps.

    Parameters
    ----------
    prescription_gy
        Prescribed dose.
    target
        Name of the target.
    d90_gy, v100_percent
        Of the target.
    goals
        Text of each goal to its values in the goal's unit.
    chances
        Text of each goal to how often it is met.
    needles
        Those with seeds, the one that matters most first; empty where needles do not err.
    versions
        How many were computed.
    """

    prescription_gy: float
    target: str
    d90_gy: Outcomes
    v100_percent: Outcomes
    goals: Mapping[str, Outcomes]
    chances: Mapping[str, Chance]
    needles: tuple[NeedleShare, ...]
    versions: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "goals", MappingProxyType(dict(self.goals)))
        object.__setattr__(self, "chances", MappingProxyType(dict(self.chances)))

    @property
    def covered(self) -> Chance:
        """Probability that D90 reaches the prescription."""
        hits = int(np.count_nonzero(self.d90_gy.values >= self.prescription_gy))
        return Chance(hits=hits, tries=self.versions)

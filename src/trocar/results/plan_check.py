"""What an independent check of another system's plan came to, values only."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding
from trocar.results.indices import ImplantIndices
from trocar.results.provenance import Provenance


class Verdict(Enum):
    """What the check says as a whole."""

    AGREES = "the stored dose agrees with the recomputation"
    EXPLAINED = "the stored dose differs, and named causes account for the difference"
    UNEXPLAINED = "the stored dose differs, and no tested cause accounts for it"
    NOT_COMPARED = "no stored dose was given; the dose was computed only"


class Cause(Enum):
    """Why two systems may give different doses for one plan."""

    DOSE_UNIT = "unit of dose"
    STRENGTH_UNIT = "unit of source strength"
    FRACTIONS = "number of fractions"
    DECAY = "calibration date and decay"
    FORMALISM = "one- or two-dimensional formalism"
    SOURCE_DATA = "source data set"
    RADIAL = "radial dose function"
    ORIENTATION = "source orientation"
    GRID = "position of the dose grid"
    SINGLE_SOURCES = "sources missing, doubled or of another strength"
    FACTOR = "a uniform factor"
    DISPLACEMENT = "a displacement of the whole dose"
    ROUNDING = "rounding of the stored numbers"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread(Value):
    """How local differences, (stored - recomputed) / recomputed in percent, are spread over points.

    Parameters
    ----------
    points
        How many.
    median_percent, mean_absolute_percent, p05_percent, p95_percent
        Of the local differences.
    within_share
        Share of points within the tolerance, 0 to 1.
    tolerance_percent
        That tolerance.
    """

    points: int
    median_percent: float
    mean_absolute_percent: float
    p05_percent: float
    p95_percent: float
    within_share: float
    tolerance_percent: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoseBand(Value):
    """Differences among the points whose recomputed dose lies in a band; ``to_gy`` may be infinite."""

    from_gy: float
    to_gy: float
    spread: Spread


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region(Value):
    """Which points of the stored grid were compared, and why the others were not.

    Parameters
    ----------
    stored
        Points of the stored grid.
    in_capsule
        Left out: in a source capsule or nearer to a source than ``nearest_mm`` from its axis.
    below_threshold
        Left out: stored and recomputed dose both below ``threshold_gy``.
    saturated
        Left out: at the largest number the file can hold, so the true dose is not known.
    compared
        The rest.
    """

    stored: int
    in_capsule: int
    below_threshold: int
    saturated: int
    compared: int
    threshold_gy: float
    nearest_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison(Value):
    """Stored against recomputed dose, point by point.

    Parameters
    ----------
    region
        Which points.
    overall
        All of them.
    bands
        By dose.
    step_gy
        Smallest step between stored numbers; 0 where they are not quantised.
    recomputed_gy, difference_percent, distance_mm
        A sample of the points for pictures: recomputed dose, local difference, distance to the nearest source.
    gamma_pass_share
        Share of compared points with gamma at most 1; None where gamma was not computed.
    gamma_criteria
        Dose difference and distance of the gamma index in words.
    """

    region: Region
    overall: Spread
    bands: tuple[DoseBand, ...]
    step_gy: float
    recomputed_gy: Float[np.ndarray, " n"]
    difference_percent: Float[np.ndarray, " n"]
    distance_mm: Float[np.ndarray, " n"]
    gamma_pass_share: float | None = None
    gamma_criteria: str = ""

    def __post_init__(self) -> None:
        for name in ("recomputed_gy", "difference_percent", "distance_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial(Value):
    """One supposition, computed.

    Parameters
    ----------
    cause
        Which kind.
    message
        What was supposed, in words with data.
    misfit_percent
        Mean absolute local difference that is left under it.
    share
        Share of the difference it accounts for, 0 to 1; negative where it makes things worse.
    rivals
        Suppositions that account for as much, so that the dose alone cannot tell which is true.
    """

    cause: Cause
    message: Message
    misfit_percent: float
    share: float
    rivals: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation(Value):
    """Why the doses differ.

    Parameters
    ----------
    misfit_percent
        Mean absolute local difference before any supposition.
    trials
        Every supposition alone, the most telling first.
    account
        The suppositions accepted together, in the order found; each ``share`` is what it adds.
    remaining_percent
        Mean absolute local difference under all of ``account`` together.
    rounding_percent
        What the stored numbers' rounding alone would cause: no supposition can do better.
    """

    misfit_percent: float
    trials: tuple[Trial, ...]
    account: tuple[Trial, ...]
    remaining_percent: float
    rounding_percent: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetricPair(Value):
    """One number of a structure from both doses; ``stored`` is None where no stored dose was given.

    Parameters
    ----------
    name
        Such as ``D90``.
    unit
        Such as ``Gy``.
    recomputed, stored
        The two numbers; NaN where the quantity is not defined.
    """

    name: str
    unit: str
    recomputed: float
    stored: float | None

    @property
    def difference_percent(self) -> float | None:
        """(stored - recomputed) / recomputed in percent; None without a stored number or with nothing to divide by."""
        if self.stored is None or not np.isfinite(self.recomputed) or self.recomputed == 0:
            return None
        return 100.0 * (self.stored - self.recomputed) / self.recomputed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureCheck(Value):
    """What one structure receives by both doses; ``indices`` are those of the recomputed dose in a target."""

    name: str
    number: int
    is_target: bool
    recomputed: Dvh
    stored: Dvh | None
    metrics: tuple[MetricPair, ...]
    indices: ImplantIndices | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointCheck(Value):
    """A dose point that the plan states itself: the stated and the recomputed dose there."""

    name: str
    position_lps_mm: tuple[float, float, float]
    stated_gy: float
    recomputed_gy: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanCheck(Value):
    """The outcome of an independent check.

    Parameters
    ----------
    verdict
        As a whole.
    findings
        What a person must see.
    comparison, explanation
        None where no stored dose was given; the explanation is also None where the doses agree.
    structures
        In the order of the structure set, those with a volume.
    points
        Points with a dose stated in the plan.
    reference_dose_gy
        The dose that 100 % means in bands and pictures.
    provenance
        Inputs, tables, papers, version.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    comparison: Comparison | None
    explanation: Explanation | None
    structures: tuple[StructureCheck, ...]
    points: tuple[PointCheck, ...]
    reference_dose_gy: float
    provenance: Provenance

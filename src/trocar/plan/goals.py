"""What a plan shall achieve: dose-volume goals, and how far a plan got.

A goal is intention and carries its source; numbers come from a rule pack or from the hospital, never from code.
"""

import re
from dataclasses import dataclass
from enum import Enum

from trocar.errors import PlanError
from trocar.geometry.value import Value


class MetricKind(Enum):
    """What is read from a dose-volume histogram."""

    DOSE_TO_VOLUME = "D"
    VOLUME_WITH_DOSE = "V"
    MAXIMUM = "Dmax"
    MINIMUM = "Dmin"
    MEAN = "Dmean"


class Unit(Enum):
    """Unit of a level or a limit."""

    PERCENT = "%"
    CC = "cc"
    GY = "Gy"


class Comparison(Enum):
    """On which side of the limit a plan must be."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


class Priority(Enum):
    """Whether a plan is acceptable without it."""

    MUST = "must"
    WISH = "wish"


class Confidence(Enum):
    """How sure a published number is."""

    FOUND = "found"
    FOUND_SECONDARY = "found_secondary"
    DERIVED = "derived"
    MEMORY_UNVERIFIED = "memory_unverified"
    HOSPITAL = "hospital"
    EXAMPLE = "example"


_METRIC = re.compile(r"(?P<kind>[DV])(?P<level>\d+(?:\.\d+)?)(?P<unit>%|cc|Gy)?")
_POINT_METRICS = {"Dmax": MetricKind.MAXIMUM, "Dmin": MetricKind.MINIMUM, "Dmean": MetricKind.MEAN}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric(Value):
    """One number of a dose-volume histogram.

    Parameters
    ----------
    kind
        D_x, V_x, maximum, minimum or mean.
    level
        The x; None for maximum, minimum and mean.
    level_unit
        For D_x: percent of the volume, or cc. For V_x: percent of the prescription, or Gy.

    Examples
    --------
    >>> Metric.parse("D2cc").text, Metric.parse("V150%").text
    ('D2cc', 'V150')
    """

    kind: MetricKind
    level: float | None = None
    level_unit: Unit | None = None

    @classmethod
    def parse(cls, text: str) -> "Metric":
        """Return the metric of a name such as ``D90``, ``D2cc``, ``V150``, ``V60Gy``, ``Dmax``, ``Dmean``.

        Raises
        ------
        PlanError
            Not such a name.
        """
        if text in _POINT_METRICS:
            return cls(kind=_POINT_METRICS[text])
        match = _METRIC.fullmatch(text)
        kind = MetricKind(match["kind"]) if match else None
        unit = Unit(match["unit"] or "%") if match else None
        impossible = Unit.GY if kind is MetricKind.DOSE_TO_VOLUME else Unit.CC
        if match is None or kind is None or unit is impossible:
            raise PlanError(
                "plan.metric-unknown",
                "the dose-volume metric {text} is not known; write D90, D2cc, V150, V60Gy, Dmax, Dmin or Dmean",
                text=text,
            )
        return cls(kind=kind, level=float(match["level"]), level_unit=unit)

    @property
    def text(self) -> str:
        """The name as physicists write it."""
        if self.level is None or self.level_unit is None:
            return self.kind.value
        unit = "" if self.level_unit is Unit.PERCENT else self.level_unit.value
        return f"{self.kind.value}{self.level:g}{unit}"

    @property
    def is_dose(self) -> bool:
        """Whether its value is a dose, not a volume."""
        return self.kind is not MetricKind.VOLUME_WITH_DOSE

    def dose_level_gy(self, prescription_gy: float) -> float:
        """Return the dose of a V_x in Gy."""
        if self.kind is not MetricKind.VOLUME_WITH_DOSE or self.level is None:
            raise PlanError(
                "plan.metric-without-dose", "{metric} has no dose level; only V metrics have one", metric=self.text
            )
        return self.level if self.level_unit is Unit.GY else 0.01 * self.level * prescription_gy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Goal(Value):
    """One demand on a plan, with where it comes from.

    Parameters
    ----------
    key
        Stable name, pack and clause: ``abs/prostate_permanent_2012#urethra-d5``.
    structure
        Name of the structure it speaks of (a role such as ``target`` until bound to a structure set).
    metric
        What is compared.
    comparison
        At least, or at most.
    limit
        The number, 0 or more.
    limit_unit
        For a dose: Gy, or percent of the prescription. For a volume: percent of the structure, or cc.
    priority
        Whether a plan is acceptable without it.
    reference
        Citation and place.
    confidence
        How sure the number is.

    Raises
    ------
    PlanError
        The unit does not fit the metric, or the limit is negative.
    """

    key: str
    structure: str
    metric: Metric
    comparison: Comparison
    limit: float
    limit_unit: Unit
    priority: Priority
    reference: str
    confidence: Confidence

    def __post_init__(self) -> None:
        fits = self.limit_unit is not (Unit.CC if self.metric.is_dose else Unit.GY)
        if not fits or not self.limit >= 0:
            raise PlanError(
                "plan.goal-unit",
                "goal {key} compares {metric} with {limit} {unit}; a dose is limited in Gy or % of the prescription, "
                "a volume in cc or % of the structure, by a number of 0 or more",
                key=self.key,
                metric=self.metric.text,
                limit=self.limit,
                unit=self.limit_unit.value,
            )

    @property
    def text(self) -> str:
        """The demand in short: ``urethra D5 ≤ 150 %``."""
        unit = self.limit_unit.value
        return f"{self.structure} {self.metric.text} {self.comparison.value} {self.limit:g} {unit}"

    def limit_gy(self, prescription_gy: float) -> float:
        """Return the limit of a dose metric in Gy."""
        return self.limit if self.limit_unit is Unit.GY else 0.01 * self.limit * prescription_gy

    def bound_to(self, structure: str) -> "Goal":
        """Return the same demand on a structure as it is named in a structure set."""
        return Goal(
            key=self.key,
            structure=structure,
            metric=self.metric,
            comparison=self.comparison,
            limit=self.limit,
            limit_unit=self.limit_unit,
            priority=self.priority,
            reference=self.reference,
            confidence=self.confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Achievement(Value):
    """How far a plan got with one goal.

    Parameters
    ----------
    goal
        The demand.
    value
        What the plan has, in the goal's limit unit.
    """

    goal: Goal
    value: float

    @property
    def is_met(self) -> bool:
        """Whether the demand is met."""
        if self.goal.comparison is Comparison.AT_LEAST:
            return self.value >= self.goal.limit
        return self.value <= self.goal.limit

    @property
    def shortfall(self) -> float:
        """By how much it is missed, in the limit's unit; 0 where met."""
        below = self.goal.limit - self.value
        return max(0.0, below if self.goal.comparison is Comparison.AT_LEAST else -below)

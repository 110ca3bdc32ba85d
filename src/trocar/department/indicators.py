"""What indicators came to: counts with the very cases behind them, and intervals."""

from dataclasses import dataclass
from enum import Enum

from trocar.department.norms import IndicatorDefinition
from trocar.department.period import Period
from trocar.geometry.value import Value
from trocar.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Excluded(Value):
    """A case that an indicator leaves out, and why."""

    case: str
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Count(Value):
    """Numerator and denominator of an indicator, case by case.

    Parameters
    ----------
    definition, pack
        Which indicator of which norm.
    period
        The days counted.
    numerator, denominator
        Counts in the unit of the definition; the numerator of a mean is its sum.
    hits, misses
        Cases in the numerator; cases in the denominator alone. Patients and procedures by their keys.
    unknown
        Those of the misses for which nothing was recorded.
    excluded
        Cases left out.
    """

    definition: IndicatorDefinition
    pack: str
    period: Period
    numerator: float
    denominator: int
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    excluded: tuple[Excluded, ...] = ()


class IntervalKind(Enum):
    """How an interval was computed."""

    WILSON = "wilson"
    POISSON = "poisson"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndicatorValue(Value):
    """An indicator of a period.

    Parameters
    ----------
    count
        What it rests on.
    value
        Share 0 to 1 (for episodes the rate, for means the mean); None where it cannot be computed.
    low, high
        95 % interval; None for none.
    interval
        Its kind.
    reason
        Why there is no value.
    """

    count: Count
    value: float | None
    low: float | None = None
    high: float | None = None
    interval: IntervalKind = IntervalKind.NONE
    reason: Message | None = None

    @property
    def is_share(self) -> bool:
        """Whether the value is a share to be printed in percent."""
        measure = self.count.definition.measure
        return measure is not None and not measure.mean_of

    @property
    def fraction_text(self) -> str:
        """Numerator and denominator as printed, such as ``165/203``; a dash where there is nothing to count."""
        return f"{self.count.numerator:g}/{self.count.denominator}" if self.count.denominator else "—"

    @property
    def value_text(self) -> str:
        """The value as printed, such as ``81.3 %``; a dash for none."""
        if self.value is None:
            return "—"
        return f"{100.0 * self.value:.1f} %" if self.is_share else f"{self.value:.1f}"

    @property
    def interval_text(self) -> str:
        """The interval as printed, such as ``75.4–86.1 %``; a dash for none."""
        if self.low is None or self.high is None:
            return "—"
        return f"{100.0 * self.low:.1f}–{100.0 * self.high:.1f} %"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChartPoint(Value):
    """One point of a chart: label, counts, limits (None where they have no meaning), whether it lies outside."""

    label: str
    numerator: int
    denominator: int
    low: float | None
    high: float | None
    outside: bool

    @property
    def share(self) -> float | None:
        """The share; None for an empty denominator."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunnelLimit(Value):
    """The limits of chance for a number of cases: one point of the lines of a funnel."""

    cases: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlChart(Value):
    """Shares over time, or over operators, with the limits of chance.

    Parameters
    ----------
    centre
        The overall share; None without cases.
    points
        In order.
    remarks
        Runs and trends that chance hardly makes.
    limits
        Of a funnel: its lines, from few cases to many.
    """

    centre: float | None
    points: tuple[ChartPoint, ...]
    remarks: tuple[Message, ...] = ()
    limits: tuple[FunnelLimit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurvivalStep(Value):
    """Survival at one time: share with interval, and how many were still watched."""

    months: float
    survival: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survival(Value):
    """A Kaplan–Meier estimate.

    Parameters
    ----------
    patients, deaths
        Counts.
    months, survival
        The steps of the curve.
    table
        At the times asked for; times beyond the last observation are left out.
    median_months
        None where the curve stays above one half.
    censored_months
        When the others were last seen.
    """

    patients: int
    deaths: int
    months: tuple[float, ...]
    survival: tuple[float, ...]
    table: tuple[SurvivalStep, ...]
    median_months: float | None
    censored_months: tuple[float, ...] = ()

"""Lay goals beside what was reached, and say what is missed."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from trocar.messages import Message
from trocar.plan.goals import Achievement, Confidence, Goal, Metric, MetricKind, Priority, Unit
from trocar.results.findings import Finding, Severity

UNSURE = frozenset({Confidence.MEMORY_UNVERIFIED, Confidence.EXAMPLE})
"""Goals so sure may be shown, but must not demand action."""


@runtime_checkable
class DoseVolume(Protocol):
    """What a dose-volume histogram must answer; `trocar.results.dvh.Dvh` does."""

    @property
    def volume_cc(self) -> float:
        """Volume of the structure."""
        ...

    @property
    def min_gy(self) -> float:
        """Least dose."""
        ...

    @property
    def max_gy(self) -> float:
        """Greatest dose."""
        ...

    @property
    def mean_gy(self) -> float:
        """Mean dose."""
        ...

    def dose_at_percent(self, percent: float, /) -> float:
        """Return D_x in Gy."""
        ...

    def dose_at_cc(self, cc: float, /) -> float:
        """Return D_x cc in Gy."""
        ...

    def percent_at_dose(self, dose_gy: float, /) -> float:
        """Return V in percent."""
        ...

    def cc_at_dose(self, dose_gy: float, /) -> float:
        """Return V in cc."""
        ...


def achieved(goal: Goal, dvh: DoseVolume, *, prescription_gy: float) -> Achievement:
    """Return how far a structure's dose gets with a goal."""
    metric = goal.metric
    if metric.kind is MetricKind.VOLUME_WITH_DOSE:
        level_gy = metric.dose_level_gy(prescription_gy)
        in_cc = goal.limit_unit is Unit.CC
        return Achievement(goal=goal, value=dvh.cc_at_dose(level_gy) if in_cc else dvh.percent_at_dose(level_gy))
    dose_gy = _dose_gy(metric, dvh)
    in_gy = goal.limit_unit is Unit.GY
    return Achievement(goal=goal, value=dose_gy if in_gy else 100.0 * dose_gy / prescription_gy)


def _dose_gy(metric: Metric, dvh: DoseVolume) -> float:
    if metric.kind is MetricKind.DOSE_TO_VOLUME and metric.level is not None:
        in_cc = metric.level_unit is Unit.CC
        return dvh.dose_at_cc(metric.level) if in_cc else dvh.dose_at_percent(metric.level)
    if metric.kind is MetricKind.MAXIMUM:
        return dvh.max_gy
    return dvh.min_gy if metric.kind is MetricKind.MINIMUM else dvh.mean_gy


def judge(achievements: Iterable[Achievement]) -> tuple[Finding, ...]:
    """Return a finding for each goal that is missed, in order.

    A missed must demands action, a missed wish attention; a goal that nobody has checked against its source never
    demands more than attention.
    """
    return tuple(_finding(each) for each in achievements if not each.is_met)


def _finding(each: Achievement) -> Finding:
    goal = each.goal
    demands = goal.priority is Priority.MUST and goal.confidence not in UNSURE
    return Finding(
        severity=Severity.ACTION if demands else Severity.ATTENTION,
        message=Message(
            code="rules.goal-missed",
            template="{structure}: {metric} is {value:.4g} {unit}, the goal is {comparison} {limit:g} {unit} "
            "(off by {shortfall:.3g})",
            data={
                "structure": goal.structure,
                "metric": goal.metric.text,
                "value": each.value,
                "unit": goal.limit_unit.value,
                "comparison": goal.comparison.value,
                "limit": goal.limit,
                "shortfall": each.shortfall,
            },
        ),
        reference=f"{goal.key}: {goal.reference} ({goal.confidence.value})",
    )

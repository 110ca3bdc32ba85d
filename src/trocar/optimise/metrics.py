"""What a dose on points achieves: D_x and V_x by sorting and counting.

D_x is the k-th hottest dose, k being the number of points that make up x, rounded up; V_x is the share of points at or
above the dose. So D90 ≥ T says the same as V_T ≥ 90 %, which the solvers rely on.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from trocar.errors import OptimiseError
from trocar.optimise.base import PointSet, Problem
from trocar.optimise.objectives import ROUNDING
from trocar.plan.goals import Achievement, Goal, Metric, MetricKind, Unit


def achievements(
    problem: Problem, dose_gy: Float[np.ndarray, " points"], goals: Sequence[Goal]
) -> tuple[Achievement, ...]:
    """Return how far a dose gets with each goal."""
    return tuple(Achievement(goal=goal, value=_value(problem, dose_gy, goal)) for goal in goals)


def _value(problem: Problem, dose_gy: np.ndarray, goal: Goal) -> float:
    points = problem.structure(goal.structure)
    return goal_value(points, dose_gy[points.start : points.stop], goal, problem.prescription_gy)


def goal_value(points: PointSet, dose_gy: Float[np.ndarray, " n"], goal: Goal, prescription_gy: float) -> float:
    """Return what a goal compares, in its own unit, for the dose at the points of its structure; see `metric_value`."""
    value = metric_value(points, dose_gy, goal.metric, prescription_gy)
    if goal.metric.is_dose:
        return value if goal.limit_unit is Unit.GY else 100.0 * value / prescription_gy
    return value if goal.limit_unit is Unit.CC else 100.0 * value / points.volume_cc


def metric_value(points: PointSet, dose_gy: Float[np.ndarray, " n"], metric: Metric, prescription_gy: float) -> float:
    """Return a metric of one structure: in Gy, or in cc for a volume.

    Parameters
    ----------
    points
        What the points stand for.
    dose_gy
        Dose at the points of this structure.
    metric
        What to read.
    prescription_gy
        100 % of a V_x.

    Raises
    ------
    OptimiseError
        Only a part of the structure is sampled and the metric needs more of it.
    """
    if metric.kind is MetricKind.VOLUME_WITH_DOSE:
        level = np.float32(metric.dose_level_gy(prescription_gy))
        return float(np.count_nonzero(dose_gy >= level)) * points.cc_per_point
    if metric.kind is MetricKind.MAXIMUM:
        return float(dose_gy.max())
    whole = points.sampled_cc >= points.volume_cc * (1.0 - 1e-3)
    if metric.kind in (MetricKind.MINIMUM, MetricKind.MEAN):
        if not whole:
            raise _needs_more(points, metric)
        return float(dose_gy.min() if metric.kind is MetricKind.MINIMUM else dose_gy.mean())
    assert metric.level is not None
    cc = metric.level if metric.level_unit is Unit.CC else 0.01 * metric.level * points.volume_cc
    hottest = max(1, int(np.ceil(cc / points.cc_per_point - ROUNDING)))
    if hottest > points.count:
        if not whole:
            raise _needs_more(points, metric)
        hottest = points.count
    return float(np.partition(dose_gy, points.count - hottest)[points.count - hottest])


def readable_goals(goals: Sequence[Goal], sets: Sequence[PointSet]) -> tuple[Goal, ...]:
    """Return the goals whose structure has enough points near the target; the others are far below every limit."""
    by_name = {points.name: points for points in sets}
    return tuple(goal for goal in goals if goal.structure in by_name and _is_readable(by_name[goal.structure], goal))


def _is_readable(points: PointSet, goal: Goal) -> bool:
    try:
        goal_value(points, np.zeros(points.count), goal, 1.0)
    except OptimiseError:
        return False
    return True


def _needs_more(points: PointSet, metric: Metric) -> OptimiseError:
    return OptimiseError(
        "optimise.sample-too-small",
        "{metric} of {structure} cannot be read: only {sampled_cc:.1f} of its {volume_cc:.1f} cc are sampled; "
        "sample the whole structure",
        metric=metric.text,
        structure=points.name,
        sampled_cc=points.sampled_cc,
        volume_cc=points.volume_cc,
    )

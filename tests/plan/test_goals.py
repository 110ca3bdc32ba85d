import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import PlanError
from trocar.plan.goals import Achievement, Comparison, Confidence, Goal, Metric, MetricKind, Priority, Unit


def goal(metric: str, comparison: Comparison, limit: float, unit: Unit) -> Goal:
    return Goal(
        key="test#1",
        structure="target",
        metric=Metric.parse(metric),
        comparison=comparison,
        limit=limit,
        limit_unit=unit,
        priority=Priority.MUST,
        reference="nobody",
        confidence=Confidence.EXAMPLE,
    )


@pytest.mark.parametrize(
    ("text", "kind", "level", "unit"),
    [
        ("D90", MetricKind.DOSE_TO_VOLUME, 90.0, Unit.PERCENT),
        ("D2cc", MetricKind.DOSE_TO_VOLUME, 2.0, Unit.CC),
        ("D0.1cc", MetricKind.DOSE_TO_VOLUME, 0.1, Unit.CC),
        ("V150%", MetricKind.VOLUME_WITH_DOSE, 150.0, Unit.PERCENT),
        ("V60Gy", MetricKind.VOLUME_WITH_DOSE, 60.0, Unit.GY),
        ("Dmax", MetricKind.MAXIMUM, None, None),
        ("Dmean", MetricKind.MEAN, None, None),
    ],
)
def test_a_metric_is_read_as_physicists_write_it(
    text: str, kind: MetricKind, level: float | None, unit: Unit | None
) -> None:
    metric = Metric.parse(text)
    assert (metric.kind, metric.level, metric.level_unit) == (kind, level, unit)
    assert Metric.parse(metric.text) == metric


@pytest.mark.parametrize("text", ["D", "90", "V2cc", "D5Gy", "d90", "D90 ", "EUD", "", "V100%%", "D-2cc"])
def test_a_metric_that_does_not_exist_is_refused_by_name(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        Metric.parse(text)
    assert caught.value.code == "plan.metric-unknown"


@pytest.mark.parametrize(("metric", "unit"), [("D90", Unit.CC), ("V100", Unit.GY), ("Dmax", Unit.CC)])
def test_a_goal_whose_unit_does_not_fit_its_metric_is_refused(metric: str, unit: Unit) -> None:
    with pytest.raises(PlanError) as caught:
        goal(metric, Comparison.AT_LEAST, 90.0, unit)
    assert caught.value.code == "plan.goal-unit"


def test_a_negative_or_missing_limit_is_refused() -> None:
    for limit in (-1.0, float("nan")):
        with pytest.raises(PlanError):
            goal("D90", Comparison.AT_LEAST, limit, Unit.GY)


def test_v100_of_145_gy_has_its_level_at_145_gy_and_v60gy_at_60_gy() -> None:
    assert Metric.parse("V100").dose_level_gy(145.0) == pytest.approx(145.0)
    assert Metric.parse("V60Gy").dose_level_gy(145.0) == 60.0
    with pytest.raises(PlanError):
        Metric.parse("D90").dose_level_gy(145.0)


@given(value=st.floats(0.0, 1e4), limit=st.floats(0.0, 1e4))
def test_a_goal_is_met_exactly_when_nothing_is_short(value: float, limit: float) -> None:
    for comparison in Comparison:
        reached = Achievement(goal=goal("D90", comparison, limit, Unit.GY), value=value)
        assert reached.is_met == (reached.shortfall == 0.0)


def test_binding_changes_the_structure_and_nothing_else() -> None:
    first = goal("D2cc", Comparison.AT_MOST, 145.0, Unit.GY)
    bound = first.bound_to("Rektum")
    assert bound.structure == "Rektum"
    assert bound.bound_to("target") == first
    assert bound.text == "Rektum D2cc ≤ 145 Gy"

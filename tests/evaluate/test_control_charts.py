import pytest
from scipy.stats import binom

from trocar.evaluate.control_charts import funnel, funnel_limits, p_chart

ORANGE_JUICE_CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9]
ORANGE_JUICE_CANS += [12, 7, 13, 9, 6]
"""Nonconforming cans in 30 samples of 50: Montgomery, Introduction to Statistical Quality Control, table 7.1."""


def test_a_p_chart_is_that_of_the_textbook() -> None:
    chart = p_chart([(str(place), n, 50) for place, n in enumerate(ORANGE_JUICE_CANS, start=1)])
    assert chart.centre == pytest.approx(0.2313, abs=5e-5)
    assert chart.points[0].high == pytest.approx(0.4102, abs=5e-5)
    assert chart.points[0].low == pytest.approx(0.0524, abs=5e-5)
    assert [point.label for point in chart.points if point.outside] == ["15", "23"]
    assert [remark.code for remark in chart.remarks] == ["evaluate.chart-outside"]


def test_limits_widen_where_there_are_fewer_cases_and_are_absent_without_any() -> None:
    few, many, none = p_chart([("a", 8, 10), ("b", 80, 100), ("c", 0, 0)]).points
    assert few.low is not None
    assert many.low is not None
    assert few.low < many.low
    assert (none.low, none.share, none.outside) == (None, None, False)


def test_a_run_on_one_side_and_a_trend_are_told() -> None:
    shifted = p_chart([(str(place), 60 if place < 8 else 70, 100) for place in range(16)])
    assert "evaluate.chart-run" in {remark.code for remark in shifted.remarks}
    rising = p_chart([(str(place), 50 + place, 100) for place in range(6)])
    assert "evaluate.chart-trend" in {remark.code for remark in rising.remarks}
    assert p_chart([]).centre is None


@pytest.mark.parametrize("cases", [10, 57, 400])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.81])
def test_a_funnel_leaves_out_the_tails_it_promises(share: float, cases: int) -> None:
    low, high = funnel_limits(share, cases, tail=0.025)
    below = sum(binom.pmf(n, cases, share) for n in range(cases + 1) if n / cases < low)
    above = sum(binom.pmf(n, cases, share) for n in range(cases + 1) if n / cases > high)
    assert below <= 0.025
    assert above <= 0.025
    assert low < share < high


def test_a_share_beyond_chance_stands_outside_the_funnel() -> None:
    chart = funnel([("D1", 95, 100), ("D2", 60, 100), ("D3", 17, 20)])
    assert [point.outside for point in chart.points] == [True, True, False]

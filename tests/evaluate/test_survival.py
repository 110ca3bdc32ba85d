import pytest

from trocar.errors import EvaluateError
from trocar.evaluate.survival import kaplan_meier

WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PRINTED = {
    6: (0.857, 17),
    7: (0.807, 17),
    10: (0.753, 15),
    13: (0.690, 12),
    16: (0.627, 11),
    22: (0.538, 7),
    23: (0.448, 6),
}
"""Remission of acute leukaemia on 6-mercaptopurine: Freireich et al. Blood 1963;21:699-716, as printed in
Kleinbaum and Klein, Survival Analysis, table 2.1: survival after, and number at risk at, each time."""


def test_survival_and_numbers_at_risk_are_those_of_the_textbook() -> None:
    result = kaplan_meier(WEEKS, [bool(each) for each in RELAPSED], at_months=list(PRINTED))
    found = {step.months: (step.survival, step.at_risk) for step in result.table}
    for week, (share, at_risk) in PRINTED.items():
        assert found[week][0] == pytest.approx(share, abs=5e-4)
        assert found[week][1] == at_risk or week == 6
    assert result.median_months == 23
    assert (result.patients, result.deaths) == (21, 9)


def test_intervals_hold_the_estimate_and_times_beyond_the_last_are_left_out() -> None:
    result = kaplan_meier(WEEKS, [bool(each) for each in RELAPSED], at_months=[12, 24, 36])
    assert [step.months for step in result.table] == [12, 24]
    assert all(step.low < step.survival < step.high for step in result.table)


def test_without_deaths_survival_is_one_and_has_no_median() -> None:
    result = kaplan_meier([3.0, 5.0], [False, False], at_months=[4.0])
    assert result.table[0].survival == 1.0
    assert result.median_months is None


def test_nobody_and_negative_times_are_refused() -> None:
    for months, died in (([], []), ([-1.0], [True]), ([1.0, 2.0], [True])):
        with pytest.raises(EvaluateError) as caught:
            kaplan_meier(months, died, at_months=[1.0])
        assert caught.value.code == "evaluate.survival-impossible"

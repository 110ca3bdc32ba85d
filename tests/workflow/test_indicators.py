"""Every figure of the demonstration department, recomputed by queries that share no line with the counting."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from demonstration import EMPTY_PERIOD, PERIOD, department
from trocar.department.indicators import IndicatorValue, IntervalKind
from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.department.records import Procedure
from trocar.errors import RuleError
from trocar.evaluate.proportions import wilson_interval
from trocar.workflow.indicators import (
    SMALLEST_CELL,
    funnel_of,
    grouped,
    indicators_of,
    monthly_chart,
    shipped_norms,
    survival_of,
)

SEEDS, ABLATIONS = Technique.SEED_IMPLANT, Technique.ABLATION


def _values(technique: Technique, period: Period = PERIOD) -> dict[str, IndicatorValue]:
    found = indicators_of(department(), technique=technique, period=period, norms=shipped_norms())
    return {each.count.definition.key: each for each in found}


def _rows(technique: Technique) -> list[Procedure]:
    return [
        each
        for each in department().procedures
        if each.technique is technique
        and each.discharged_on is not None
        and date(2022, 5, 1) <= each.discharged_on <= date(2023, 5, 31)
    ]


def _people() -> dict[str, date | None]:
    return {each.key: each.died_on for each in department().patients}


def _early_major(row: Procedure, *kinds: str) -> bool:
    return any(
        each.major and each.on <= row.day + timedelta(days=30) and (not kinds or each.kind in kinds)
        for each in row.complications
    )


RECOUNTED: dict[str, tuple[Technique, Callable[[Procedure], bool]]] = {
    "RSI-QI-01": (
        SEEDS,
        lambda row: (
            row.indication_items is not None
            and len({1, 2, 3} & row.indication_items) >= 2
            and len({4, 5, 6, 7, 8, 9} & row.indication_items) >= 3
        ),
    ),
    "RSI-QI-02": (SEEDS, lambda row: row.planned_at is not None and row.planned_at < row.started_at),
    "RSI-QI-03": (SEEDS, lambda row: row.verified_on is not None),
    "RSI-QI-04": (SEEDS, _early_major),
    "RSI-QI-04A": (SEEDS, lambda row: _early_major(row, "infection", "bleeding", "pneumothorax", "nerve_injury")),
    "RSI-QI-04A4": (SEEDS, lambda row: _early_major(row, "pneumothorax")),
    "RSI-QI-05": (SEEDS, lambda row: any(each.category.value != "PD" for each in row.responses)),
    "RSI-QI-06": (
        SEEDS,
        lambda row: (died := _people()[row.patient]) is not None and died <= row.day + timedelta(days=30),
    ),
    "ABL-QI-01": (ABLATIONS, lambda row: row.indication_correct is True),
    "ABL-QI-03": (
        ABLATIONS,
        lambda row: (
            any(each.treated for each in row.lesions)
            and all(
                each.complete is True and each.checked_on is not None and (each.checked_on - row.day).days <= 31
                for each in row.lesions
                if each.treated
            )
        ),
    ),
}


@pytest.mark.parametrize("key", RECOUNTED)
def test_a_figure_is_what_an_independent_query_counts(key: str) -> None:
    technique, fulfilled = RECOUNTED[key]
    rows = _rows(technique)
    value = _values(technique)[key]
    assert (value.count.numerator, value.count.denominator) == (sum(map(fulfilled, rows)), len(rows))
    names = {row.patient for row in rows} if technique is SEEDS else {row.key for row in rows}
    assert {*value.count.hits, *value.count.misses} == names
    assert value.value == pytest.approx(value.count.numerator / len(rows))
    assert (value.low, value.high) == pytest.approx(wilson_interval(int(value.count.numerator), len(rows)))


def test_the_department_states_what_it_was_made_to_state() -> None:
    verified = _values(SEEDS)["RSI-QI-03"]
    assert verified.fraction_text == "165/203"
    assert verified.value_text == "81.3 %"
    assert len(verified.count.misses) == 38
    assert _values(ABLATIONS)["ABL-QI-01"].count.denominator == 130
    assert {row.operator for row in _rows(SEEDS)} == {"D1"}
    assert {row.operator for row in _rows(ABLATIONS)} == {"D2", "D3", "D4"}
    assert {row.site for row in _rows(SEEDS)} >= {"lung", "liver", "cervix", "mediastinum"}
    assert {row.device for row in _rows(SEEDS) if row.site == "mediastinum"} == {"EBUS-1"}


def test_lesions_and_episodes_are_counted_in_their_own_unit() -> None:
    rows = _rows(ABLATIONS)
    values = _values(ABLATIONS)
    lesions = [lesion for row in rows for lesion in row.lesions if lesion.planned]
    completed = values["ABL-QI-02"]
    assert (completed.count.numerator, completed.count.denominator) == (sum(x.treated for x in lesions), len(lesions))
    assert completed.count.denominator > 130
    episodes = sum(each.major and (each.on - row.day).days <= 30 for row in rows for each in row.complications)
    severe = values["ABL-QI-04"]
    assert severe.count.numerator == episodes
    assert severe.interval is IntervalKind.POISSON


def test_one_year_figures_count_only_those_for_whom_the_year_has_passed() -> None:
    value = _values(SEEDS)["RSI-QI-08"]
    passed = [row for row in _rows(SEEDS) if row.day.replace(year=row.day.year + 1) <= department().as_of]
    assert value.count.denominator == len({row.patient for row in passed})
    assert 0 < value.count.denominator < 203


def test_nothing_is_computed_for_an_empty_period_or_denominator() -> None:
    for value in _values(SEEDS, EMPTY_PERIOD).values():
        assert value.value is None
        assert value.reason is not None
        assert value.fraction_text == value.value_text == value.interval_text == "—"
    thyroid = _values(ABLATIONS)["ABL-QI-08B"]
    assert thyroid.reason is not None
    assert thyroid.reason.code == "indicators.no-case"
    assert _values(ABLATIONS)["ABL-QI-08A"].reason.code == "indicators.no-definition"  # type: ignore[union-attr]


def test_a_procedure_across_the_border_counts_once_by_its_discharge_and_is_named() -> None:
    first = Period(first=date(2022, 5, 1), last=date(2022, 11, 30))
    second = Period(first=date(2022, 12, 1), last=date(2023, 5, 31))
    parts = [_values(SEEDS, each)["RSI-QI-03"].count for each in (first, second)]
    assert parts[0].denominator + parts[1].denominator == 203
    crossing = [row for row in _rows(SEEDS) if row.day in first and row.discharged_on not in first]
    assert {each.case for each in parts[0].excluded} == {row.key for row in crossing}
    assert all(each.reason.code == "rules.discharged-later" for each in parts[0].excluded)


def test_a_procedure_without_discharge_is_left_out_by_name() -> None:
    record = department()
    kept = [each for each in record.procedures if each.key != "S0300"]
    waiting = replace(next(each for each in record.procedures if each.key == "S0300"), discharged_on=None)
    changed = replace(record, procedures=(*kept, waiting))
    value = indicators_of(changed, technique=SEEDS, period=PERIOD, norms=shipped_norms())[0]
    assert value.count.denominator == 202
    assert [(each.case, each.reason.code) for each in value.count.excluded] == [("S0300", "rules.not-discharged")]


def test_one_patient_twice_counts_once_and_only_if_both_were_verified() -> None:
    record = department()
    rows = _rows(SEEDS)
    proven = next(row for row in rows if row.verified_on is not None and _people()[row.patient] is None)
    later = proven.started_at + timedelta(days=20)
    again = replace(
        proven,
        key="S9999",
        started_at=later,
        discharged_on=later.date() + timedelta(days=2),
        planned_at=None,
        verified_on=None,
        complications=(),
        responses=(),
        contacts=(),
    )
    changed = replace(record, procedures=(*record.procedures, again))
    period = Period(first=PERIOD.first, last=date(2023, 6, 29))
    found = {
        each.count.definition.key: each
        for each in indicators_of(changed, technique=SEEDS, period=period, norms=shipped_norms())
    }
    assert found["RSI-QI-03"].fraction_text == "164/203"


def test_figures_of_two_definitions_stand_apart_where_they_changed_within_the_period() -> None:
    period = Period(first=date(2021, 10, 1), last=date(2022, 9, 30))
    found = indicators_of(department(), technique=ABLATIONS, period=period, norms=shipped_norms())
    same = [each for each in found if each.count.definition.key == "ABL-QI-01"]
    assert [each.count.pack for each in same] == ["cn_nhc/ablation_2017", "cn_nhc/ablation_2022"]
    assert same[0].count.period.last == date(2022, 4, 19)
    assert same[1].count.period.first == date(2022, 4, 20)
    assert not {*same[0].count.hits, *same[0].count.misses} & {*same[1].count.hits, *same[1].count.misses}


def test_a_period_before_any_definition_is_refused() -> None:
    with pytest.raises(RuleError):
        _values(SEEDS, Period(first=date(2012, 1, 1), last=date(2012, 12, 31)))


def test_the_months_of_a_chart_add_up_to_the_period() -> None:
    norm = next(each for each in shipped_norms() if each.key == "cn_nhc/seed_implantation_2022")
    chart = monthly_chart(norm.indicator("RSI-QI-03"), department(), norm=norm, period=PERIOD)
    assert len(chart.points) == 13
    assert sum(point.denominator for point in chart.points) == 203
    assert sum(point.numerator for point in chart.points) == 165


def test_operators_are_shown_only_where_their_counts_allow() -> None:
    norm = next(each for each in shipped_norms() if each.key == "cn_nhc/ablation_2022")
    definition = norm.indicator("ABL-QI-03")
    groups = grouped(definition, department(), norm=norm, period=PERIOD, by=lambda each: each.operator)
    assert sum(of for _, _, of in groups) == 130
    chart, hidden = funnel_of([*groups, ("rare", 1, 3)])
    assert hidden >= 1
    assert all(point.numerator == 0 or point.numerator >= SMALLEST_CELL for point in chart.points)
    assert "rare" not in {point.label for point in chart.points}


def test_survival_watches_each_patient_once_from_the_first_procedure() -> None:
    found = survival_of(department(), technique=ABLATIONS, period=PERIOD)
    assert found is not None
    people = {row.patient for row in _rows(ABLATIONS)}
    assert found.patients == len(people)
    assert found.deaths == sum(_people()[key] is not None for key in people)
    assert survival_of(department(), technique=ABLATIONS, period=EMPTY_PERIOD) is None

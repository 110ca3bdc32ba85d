"""What the database counts is what the library counts, indicator by indicator, case by case."""

from datetime import date
from typing import Any

import pytest

from demonstration import PERIOD, department
from trocar.department.norms import Technique, Unit
from trocar.department.period import Period
from trocar.errors import DepartmentError
from trocar.workflow.indicators import indicators_of, shipped_norms, survival_of
from trocar.workflow.self_assessment import BESIDE
from trocar_clinic.errors import Refused
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import Register, RegisteredPatient, RegisteredProcedure
from trocar_clinic.quality.queries import Counting, countings, current_register, survival, values_of


@pytest.fixture
def register(team: Any, now: Any) -> Register:
    return actions.take_record(department(), actor=team.accounts["affairs"], at=now)


def _named(register: Register, technique: Technique, key: str, period: Period = PERIOD) -> Counting:
    found = countings(register, technique=technique, period=period)
    return next(each for each in found if each.definition.key == key)


def test_the_database_counts_what_the_library_counts(register: Register) -> None:
    periods = (
        PERIOD,
        Period(first=date(2022, 8, 15), last=date(2022, 12, 3)),
        Period(first=date(2021, 4, 1), last=date(2023, 5, 31)),
    )
    differing = {}
    for period in periods:
        for technique in Technique:
            expected = indicators_of(department(), technique=technique, period=period, norms=shipped_norms())
            found = countings(register, technique=technique, period=period)
            assert [each.definition.key for each in found if each.norm.key != BESIDE] == [
                each.count.definition.key for each in expected
            ]
            for mine, theirs in zip(found, expected, strict=False):
                if mine.definition.measure is None:
                    continue
                if mine.counts() != (theirs.count.numerator, theirs.count.denominator):
                    differing[mine.definition.key, period.text] = (mine.counts(), theirs.fraction_text)
    assert differing == {}


@pytest.mark.parametrize("technique", list(Technique))
@pytest.mark.parametrize(
    "period",
    [
        PERIOD,
        Period(first=date(2021, 4, 1), last=date(2023, 5, 31)),
        Period(first=date(2022, 4, 1), last=date(2022, 6, 9)),
    ],
)
def test_one_pass_over_the_marks_counts_what_the_conditions_count(
    register: Register, technique: Technique, period: Period
) -> None:
    found = countings(register, technique=technique, period=period)
    assert any(each.norm.key == BESIDE for each in found)
    for counting, value in values_of(found):
        counted = counting.counts() if counting.definition.measure is not None else (0.0, 0)
        assert (value.count.numerator, value.count.denominator) == counted, counting.definition.key


def test_the_overview_asks_a_handful_of_questions(register: Register, django_assert_max_num_queries: Any) -> None:
    found = countings(register, technique=Technique.SEED_IMPLANT, period=PERIOD)
    with django_assert_max_num_queries(4):
        values_of(found)


def test_rows_marked_by_other_definitions_are_counted_by_the_conditions(register: Register) -> None:
    found = countings(register, technique=Technique.SEED_IMPLANT, period=PERIOD)
    expected = [value for _, value in values_of(found)]
    RegisteredProcedure.objects.update(among=0, that=0)
    Register.objects.update(definitions="older")
    again = countings(Register.objects.get(), technique=Technique.SEED_IMPLANT, period=PERIOD)
    assert [value for _, value in values_of(again)] == expected


def test_survival_of_the_register_is_that_of_the_library(register: Register) -> None:
    for technique in Technique:
        expected = survival_of(department(), technique=technique, period=PERIOD)
        assert survival(register, technique=technique, period=PERIOD) == expected


def test_the_cases_behind_a_figure_are_those_of_the_library(register: Register) -> None:
    for technique in Technique:
        for theirs in indicators_of(department(), technique=technique, period=PERIOD, norms=shipped_norms()):
            measure = theirs.count.definition.measure
            if measure is None or measure.unit is not Unit.PROCEDURE or measure.mean_of:
                continue
            mine = _named(register, technique, theirs.count.definition.key)
            assert {each.key for each in mine.cases(fulfilled=True)} == set(theirs.count.hits)
            assert {each.key for each in mine.cases(fulfilled=False)} == set(theirs.count.misses)


def test_the_unverified_are_thirty_eight_by_name(register: Register) -> None:
    lacking = _named(register, Technique.SEED_IMPLANT, "RSI-QI-03").cases(fulfilled=False)
    assert lacking.count() == 38
    assert all(each.unverified_reason for each in lacking)


def test_months_and_groups_add_up(register: Register) -> None:
    counting = _named(register, Technique.ABLATION, "ABL-QI-03")
    n, of = counting.counts()
    for groups in (counting.by_month(), counting.by("operator"), counting.by("site"), counting.by("device")):
        assert sum(each[1] for each in groups) == n
        assert sum(each[2] for each in groups) == of


def test_a_record_is_taken_once_and_the_former_register_stays(team: Any, now: Any, register: Register) -> None:
    affairs = team.accounts["affairs"]
    again = actions.take_record(department(), actor=affairs, at=now)
    assert again == register
    assert RegisteredProcedure.objects.count() == len(department().procedures)
    assert current_register() == register
    assert actions.record_of(register) == department()


def test_the_register_holds_no_name_and_no_date_of_birth(register: Register) -> None:
    columns = {each.name for model in (RegisteredPatient, RegisteredProcedure) for each in model._meta.fields}
    assert not columns & {"name", "birth_date", "identity_number", "address", "telephone"}


def test_only_medical_affairs_takes_a_record_and_a_bad_one_is_refused(team: Any, now: Any) -> None:
    with pytest.raises(Refused):
        actions.take_text(b"{}", actor=team.accounts["nurse"], at=now)
    for data in (b"{}", b"\xff\xfe", b"not json"):
        with pytest.raises(Refused) as caught:
            actions.take_text(data, actor=team.accounts["affairs"], at=now)
        assert caught.value.codes == ("quality.record-refused",)
    assert not Register.objects.exists()
    assert issubclass(DepartmentError, Exception)

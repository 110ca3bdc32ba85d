from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from demonstration import EMPTY_PERIOD, PERIOD, assessment, department
from trocar.department.assessment import Archive, Standing
from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.department.records import Fact
from trocar.errors import DepartmentError
from trocar.workflow.indicators import shipped_norms
from trocar.workflow.self_assessment import AUDIT, archived, self_assessment

SEEDS, ABLATIONS = Technique.SEED_IMPLANT, Technique.ABLATION


def test_what_such_reports_hide_is_named() -> None:
    made = assessment(SEEDS)
    not_met = {each.requirement.key for each in made.standing(Standing.NOT_MET)}
    not_shown = {each.requirement.key for each in made.standing(Standing.NOT_SHOWN)}
    assert {"RSI-STF-01", "RSI-TEC-05", "RSI-ORG-08", "RSI-ORG-04"} <= not_met
    assert {"RSI-ORG-06", "RSI-RAD-14"} <= not_shown, "beds and area unstated; a survey claimed, not shown"
    assert len(made.unproven) == 38
    assert all(each.reason for each in made.unproven)
    proof = next(each for each in made.judgements if each.requirement.key == "RSI-TEC-05")
    assert {each.case for each in made.unproven} == set(proof.cases)


def test_both_responses_and_late_complications_stand_beside_the_official_figure() -> None:
    made = assessment(SEEDS)
    official = next(each.value for each in made.figures if each.value.count.definition.key == "RSI-QI-05")
    beside = {each.value.count.definition.key: each.value for each in made.beside}
    assert official.value is not None
    assert beside["BESIDE-ORR"].value is not None
    assert beside["BESIDE-ORR"].value < official.value
    assert beside["BESIDE-LATE"].count.numerator > 0
    radiation = next(each.value for each in made.figures if each.value.count.definition.key == "RSI-QI-04B")
    assert radiation.count.numerator == 0, "the official window of thirty days sees none of them"


def test_each_figure_stands_beside_that_of_the_period_before_by_the_same_definition() -> None:
    made = assessment(SEEDS)
    verified = next(each for each in made.figures if each.value.count.definition.key == "RSI-QI-03")
    assert verified.before is not None
    assert verified.before.count.definition == verified.value.count.definition
    assert verified.before.count.period.last < PERIOD.first
    assert verified.before.count.denominator == 171


def test_the_nine_domains_of_ablation_are_audited_one_by_one() -> None:
    made = assessment(ABLATIONS)
    assert len(AUDIT[ABLATIONS]) == 9
    assert [each.name for each in made.audit] == list(AUDIT[ABLATIONS])
    assert [each.name for each in made.audit if not each.audited] == ["quality_of_life"]


def test_example_cases_hold_nothing_by_which_a_person_could_be_known() -> None:
    for technique in Technique:
        made = assessment(technique)
        assert made.examples
        keys = {each.key for each in department().patients} | {each.key for each in department().procedures}
        for example in made.examples:
            values = {str(getattr(example, name)) for name in type(example).__dataclass_fields__}
            assert not values & keys
            assert example.age_from is None or example.age_from % 10 == 0


def test_the_disease_mix_adds_up_to_the_cases() -> None:
    for technique, number in ((SEEDS, 203), (ABLATIONS, 130)):
        made = assessment(technique)
        assert sum(row.procedures for row in made.mix) == made.procedures == number
        assert sum(n for _, n in made.modalities) == number


def test_an_empty_period_is_assessed_without_a_figure() -> None:
    made = self_assessment(department(), technique=SEEDS, period=EMPTY_PERIOD, norms=shipped_norms())
    assert made.procedures == 0
    assert all(each.value.value is None for each in made.figures)
    assert made.survival is None
    assert made.mix == made.examples == ()


def test_the_roster_stands_above_a_typed_count() -> None:
    record = department()
    claimed = replace(record, facts=(*record.facts, Fact(name="physicians.capable_registered", value=5)))
    made = self_assessment(claimed, technique=SEEDS, period=PERIOD, norms=shipped_norms())
    judged = next(each for each in made.judgements if each.requirement.key == "RSI-STF-01")
    assert judged.standing is Standing.NOT_MET


@pytest.mark.parametrize("day", [date(2026, 1, 1)])
def test_certificates_that_ended_no_longer_count(day: date) -> None:
    from trocar.workflow.department_facts import facts_for

    facts = facts_for(department(), technique=ABLATIONS, on=day)
    assert facts["physicians.capable_registered"].value == 0
    assert facts["licences"].value == []


EARLIER = Period(first=PERIOD.first, last=date(2022, 10, 31))
LATER = Period(first=date(2022, 11, 1), last=PERIOD.last)


@cache
def _archive() -> Archive:
    earlier = self_assessment(department(), technique=SEEDS, period=EARLIER, norms=shipped_norms())
    return archived(earlier, signers=("a",))


def test_next_year_is_compared_with_the_archive_figure_by_figure() -> None:
    made = self_assessment(department(), technique=SEEDS, period=LATER, norms=shipped_norms(), archive=_archive())
    (verified,) = [each for each in made.compared if each.archived.key == "RSI-QI-03"]
    assert verified.archived.denominator + verified.now.count.denominator == 203
    assert verified.archived.numerator + verified.now.count.numerator == 165
    assert not any(each.has_moved for each in made.compared), "the record did not change since"


def test_an_archive_whose_definitions_changed_is_compared_stretch_by_stretch() -> None:
    before = Period(first=date(2021, 10, 1), last=date(2022, 4, 30))
    archive = archived(self_assessment(department(), technique=ABLATIONS, period=before, norms=shipped_norms()))
    assert {each.period.last for each in archive.figures} == {date(2022, 4, 19), before.last}
    made = self_assessment(department(), technique=ABLATIONS, period=PERIOD, norms=shipped_norms(), archive=archive)
    assert made.compared
    assert not any(each.has_moved for each in made.compared), "each is counted anew over its own days"


def test_an_archive_of_the_same_time_is_refused() -> None:
    with pytest.raises(DepartmentError) as caught:
        self_assessment(department(), technique=SEEDS, period=EARLIER, norms=shipped_norms(), archive=_archive())
    assert caught.value.code == "department.archive-not-earlier"


def test_a_record_that_was_mended_after_the_archive_is_told() -> None:
    record = department()
    late = next(
        each
        for each in record.procedures
        if each.technique is SEEDS and each.verified_on is None and each.discharged_on in EARLIER
    )
    mended = replace(
        record,
        procedures=tuple(replace(each, verified_on=each.day) if each is late else each for each in record.procedures),
    )
    made = self_assessment(mended, technique=SEEDS, period=LATER, norms=shipped_norms(), archive=_archive())
    (one,) = [each for each in made.compared if each.has_moved]
    assert one.archived.key == "RSI-QI-03"
    assert one.recounted is not None
    assert one.recounted.count.numerator == one.archived.numerator + 1

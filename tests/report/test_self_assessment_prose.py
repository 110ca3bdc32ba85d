"""The sentences of a self-assessment say what the tables say, and only of the technique they stand in."""

import re

import pytest

from demonstration import assessment, department
from trocar.department.assessment import Standing
from trocar.department.norms import Technique
from trocar.messages import Language
from trocar.report.document import Paragraph, Table
from trocar.report.self_assessment_prose import Prose
from trocar.report.self_assessment_tables import Evidenced


def told(technique: Technique, part: str, language: Language = Language.CHINESE) -> str:
    made = assessment(technique)
    prose = Prose(made=made, evidence=Evidenced(record_hash=made.record_hash), language=language)
    blocks = [block for block in getattr(prose, part)() if isinstance(block, Paragraph)]
    return "\n".join(block.text if isinstance(block.text, str) else block.text.text(language) for block in blocks)


@pytest.mark.parametrize("technique", list(Technique))
def test_every_fraction_told_is_a_figure(technique: Technique) -> None:
    made = assessment(technique)
    figures = {each.value.fraction_text for each in (*made.figures, *made.beside)}
    said = set(re.findall(r"\d+/\d+", told(technique, "course")))
    assert len(said) >= 8
    assert said <= figures


def test_the_unverified_are_told_by_the_reasons_recorded() -> None:
    text = told(Technique.SEED_IMPLANT, "course")
    (sentence,) = re.findall(r"其余 38 例见附录C[^。]*。", text)
    assert sum(int(n) for n in re.findall(r" (\d+) 例[、。]", sentence)) == 38
    reasons = {each.unverified_reason for each in department().procedures if each.unverified_reason}
    assert any(reason in sentence for reason in reasons)


def test_an_ablation_is_told_without_seeds() -> None:
    text = told(Technique.ABLATION, "department") + told(Technique.ABLATION, "course")
    assert text
    assert "粒子" not in text
    assert "三方签署" not in text


def test_what_nothing_shows_is_told_as_such() -> None:
    assert "洁净级别 III（没有证明材料）" in told(Technique.SEED_IMPLANT, "department")
    assert "nothing shows it" in told(Technique.SEED_IMPLANT, "department", Language.ENGLISH)


def test_a_statement_that_something_is_not_so_is_not_told_as_if_it_were() -> None:
    text = told(Technique.SEED_IMPLANT, "department")
    assert department().fact_by_name["survey.lost_seed"].value is False
    assert "巡测" not in text


@pytest.mark.parametrize("technique", list(Technique))
def test_each_unmet_requirement_has_a_row_to_put_it_right(technique: Technique) -> None:
    made = assessment(technique)
    prose = Prose(made=made, evidence=Evidenced(record_hash=made.record_hash), language=Language.CHINESE)
    (table,) = [block for block in prose.corrections() if isinstance(block, Table)]
    assert len(table.rows) == len(made.standing(Standing.NOT_MET))
    assert all(row[2:] == ("", "", "") for row in table.rows)

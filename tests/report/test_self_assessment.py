import io
import re
from datetime import datetime
from typing import Any

import pytest
from docx import Document as WordDocument
from pypdf import PdfReader

from demonstration import EMPTY_PERIOD, assessment, department
from trocar.assess.reading import read_document
from trocar.department.assessment import SelfAssessment
from trocar.department.norms import Technique
from trocar.errors import ReportError
from trocar.messages import Language
from trocar.report.docx import docx, paragraphs_of
from trocar.report.filing_packet import CONDITIONS, filing_packet
from trocar.report.self_assessment import self_assessment_document
from trocar.report.self_assessment_files import draft_paragraphs
from trocar.report.typeset import typeset
from trocar.workflow.assess import assess_paragraphs
from trocar.workflow.indicators import shipped_norms
from trocar.workflow.self_assessment import self_assessment

AT = datetime(2023, 7, 3, 9)


@pytest.fixture(scope="module")
def word_file() -> bytes:
    made = assessment(Technique.SEED_IMPLANT)
    document = self_assessment_document(made, language=Language.CHINESE, at=AT, pictures="png")
    return docx(document, language=Language.CHINESE)


def test_the_document_to_edit_has_real_headings_tables_and_repeating_heads(word_file: bytes) -> None:
    word = WordDocument(io.BytesIO(word_file))
    headings = [each.text for each in word.paragraphs if each.style.name == "Heading 1"]
    assert [each[:2] for each in headings if each[1:2] == "、"] == ["一、", "二、", "三、", "四、", "五、", "六、"]
    assert len(word.tables) > 12
    assert sum("w:tblHeader" in table._tbl.xml for table in word.tables) > 10
    assert word.core_properties.title == "放射性粒子植入治疗技术临床应用情况自我评估报告"


def test_chinese_letters_are_said_to_be_chinese(word_file: bytes) -> None:
    word = WordDocument(io.BytesIO(word_file))
    parts = (word.styles.element.xml, word.settings.element.xml)
    assert {found for xml in parts for found in re.findall(r'w:eastAsia="([a-z]{2}-[A-Z]{2})"', xml)} == {"zh-CN"}


def test_each_cited_number_leads_to_its_evidence(word_file: bytes) -> None:
    xml = WordDocument(io.BytesIO(word_file)).element.xml
    cited = set(re.findall(r'w:anchor="(evidence_\d+)"', xml))
    defined = set(re.findall(r'w:name="(evidence_\d+)"', xml))
    assert len(cited) > 30
    assert cited <= defined


def test_what_is_missing_stands_before_the_sections(word_file: bytes) -> None:
    texts = read_document(word_file).paragraphs
    missing = next(place for place, text in enumerate(texts) if text.startswith("要点：缺失与矛盾"))
    first = next(place for place, text in enumerate(texts) if text.startswith("一、"))
    assert missing < first
    assert any("203 例粒子植入中有 38 例没有完成剂量验证" in text for text in texts[:missing])
    assert sum(text.startswith("S0") for text in texts) == 38, "the unverified are named"


def test_every_figure_stands_with_its_counts_and_period(word_file: bytes) -> None:
    text = "\n".join(read_document(word_file).paragraphs)
    assert "术后放射剂量验证率　165/203　81.3 %" in text
    assert "2022-05-01 – 2023-05-31" in text


@pytest.mark.parametrize("technique", list(Technique))
def test_our_own_text_contradicts_itself_only_where_the_department_does(technique: Technique) -> None:
    found = assess_paragraphs(draft_paragraphs(assessment(technique), at=AT))
    assert {each.check for each in found} == {"licence-expired", "recovery-room-incomplete"}


def _embedded(font: Any) -> bool:
    below = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
    return bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(below["/FontDescriptor"].get_object()))


@pytest.mark.parametrize("language", list(Language))
def test_the_document_to_file_is_archival_and_says_the_same(language: Language) -> None:
    made = assessment(Technique.ABLATION)
    document = self_assessment_document(made, language=language, at=AT)
    data = typeset(document, language=language)
    read = PdfReader(io.BytesIO(data))
    catalogue = read.trailer["/Root"]
    about = catalogue["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part\W+2", about)
    assert re.search(r"pdfaid:conformance\W+A", about)
    (intent,) = catalogue["/OutputIntents"]
    assert "/DestOutputProfile" in intent.get_object()
    assert catalogue["/MarkInfo"]["/Marked"], "tagged, so that it can be read aloud"
    assert all(_embedded(font.get_object()) for page in read.pages for font in page["/Resources"]["/Font"].values())
    text = "".join(page.extract_text() for page in read.pages)
    assert "154/158" in text.replace(" ", "")
    assert typeset(document, language=language) == data


def test_an_empty_period_prints_no_figure() -> None:
    made = self_assessment(department(), technique=Technique.SEED_IMPLANT, period=EMPTY_PERIOD, norms=shipped_norms())
    document = self_assessment_document(made, language=Language.CHINESE, at=AT)
    text = "\n".join(paragraphs_of(document, Language.CHINESE))
    assert not re.search(r"\d+/\d+", text)
    assert not re.search(r"\d+(?:\.\d+)? ?%(?! )", text.replace("95% ", ""))


def test_changed_definitions_are_told_and_stand_apart() -> None:
    from datetime import date

    from trocar.department.period import Period

    period = Period(first=date(2021, 10, 1), last=date(2022, 9, 30))
    made = self_assessment(department(), technique=Technique.ABLATION, period=period, norms=shipped_norms())
    assert made.changed_on == (date(2022, 4, 20),)
    document = self_assessment_document(made, language=Language.ENGLISH, at=AT)
    titles = [block.title.text() for block in document.blocks if type(block).__name__ == "Box"]  # type: ignore[union-attr]
    assert any("2022-04-20" in title for title in titles)


def test_pictures_that_cannot_be_edited_are_refused() -> None:
    document = self_assessment_document(assessment(Technique.ABLATION), language=Language.ENGLISH, at=AT)
    with pytest.raises(ReportError) as caught:
        docx(document, language=Language.ENGLISH)
    assert caught.value.code == "report.docx-needs-png"


def _packet_text(made: SelfAssessment, language: Language = Language.CHINESE) -> str:
    packet = filing_packet(made, files=(("a.pdf", "0" * 64),), language=language, at=AT)
    return "\n".join(read_document(docx(packet, language=language)).paragraphs)


@pytest.mark.parametrize("technique", list(Technique))
def test_the_filing_packet_holds_its_parts_and_not_only_their_names(technique: Technique) -> None:
    made = assessment(technique)
    text = _packet_text(made)
    assert "a.pdf" in text
    assert all(each.number in text for each in made.licences), "the licences stand in it"
    assert "示例伦审〔2019〕5 号" in text, "the decision of the ethics committee stands in it"
    assert "示例医管〔2019〕3 号" in text
    figure = next(each.value for each in made.figures if each.value.count.definition.key in {"RSI-QI-03", "ABL-QI-03"})
    assert figure.fraction_text in text, "what the bodies weighed stands in it"
    lead = next(each for each in made.staff if {"implanting_physician", "ablating_physician"} & each.roles)
    assert lead.registration in text
    assert lead.certificate in text
    conditions = [each for each in made.judgements if each.requirement.category in CONDITIONS]
    assert sum(each.requirement.key in text for each in conditions) > 10


def test_a_packet_without_decisions_prints_the_form_and_says_what_is_missing() -> None:
    text = _packet_text(_without_filing())
    assert "没有论证结论的记录" in text
    assert "＿＿＿" in text
    assert "缺少" in text
    assert "No decision is recorded" in _packet_text(_without_filing(), Language.ENGLISH)


def _without_filing():  # type: ignore[no-untyped-def]
    from dataclasses import replace

    made = assessment(Technique.SEED_IMPLANT)
    return replace(made, facts=tuple(each for each in made.facts if not each.name.startswith("filing.")))

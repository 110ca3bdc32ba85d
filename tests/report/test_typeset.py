import re
from dataclasses import replace
from datetime import datetime

import pytest

from trocar.errors import ReportError
from trocar.messages import Language
from trocar.report.document import (
    Box,
    Column,
    Document,
    Facts,
    Findings,
    Heading,
    Paragraph,
    Picture,
    Side,
    Signatures,
    Table,
    Tone,
    say,
)
from trocar.report.typeset import typeset
from trocar.results.findings import Finding, Severity

SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40"/></svg>'
PICTURE = Picture(data=SQUARE, suffix="svg", alternative="a square", caption="图 1", width_percent=30)
DOCUMENT = Document(
    title="粒子植入治疗计划独立核对报告",
    subtitle="TG-43U1",
    running_head=("P001", "王小东", "a1b2c3d4"),
    made_at=datetime(2026, 11, 22, 15, 0, 1),
    blocks=(
        Box(title="一致", text="…", tone=Tone.GOOD),
        Facts(rows=(("a", "1"), ("b", "2"), ("c", "3"))),
        Heading(text="结论"),
        Findings(findings=(Finding(severity=Severity.NOTE, message=say("t.note", "a note")),)),
        Findings(findings=()),
        Heading(text="表", level=2, new_page=True),
        Table(columns=(Column(head="x", share=1), Column(head="y")), rows=(("1", "2"), ("3", "4")), strong_rows=(1,)),
        PICTURE,
        Side(pictures=(PICTURE, PICTURE)),
        Paragraph(text="注", small=True),
        Signatures(roles=("物理师", "医师")),
    ),
)


def test_a_document_of_every_block_becomes_archival_pdf():
    pdf = typeset(DOCUMENT, language=Language.CHINESE)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2<" in pdf
    assert b"pdfaid:conformance>A<" in pdf
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def test_the_same_document_gives_the_same_bytes():
    assert typeset(DOCUMENT, language=Language.ENGLISH) == typeset(DOCUMENT, language=Language.ENGLISH)


def test_markup_in_data_is_printed_and_never_carried_out():
    hostile = replace(DOCUMENT, blocks=(Paragraph(text='#panic("no") *x* $ [ #include "/etc/passwd"'),))
    assert typeset(hostile, language=Language.ENGLISH).startswith(b"%PDF")


def test_a_name_with_a_character_no_font_has_is_refused():
    with pytest.raises(ReportError) as caught:
        typeset(replace(DOCUMENT, running_head=("𠮷田",)), language=Language.CHINESE)
    assert caught.value.code == "report.glyph-missing"


def test_a_picture_that_cannot_be_read_is_an_error_of_trocar():
    broken = replace(PICTURE, data=b"no picture at all")
    with pytest.raises(ReportError) as caught:
        typeset(replace(DOCUMENT, blocks=(broken,)), language=Language.ENGLISH)
    assert caught.value.code == "report.typesetting-failed"

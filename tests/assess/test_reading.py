import io
import zipfile
from contextlib import suppress
from datetime import datetime

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from trocar.assess.numbers import number_of, percents_in
from trocar.assess.reading import joined_lines, read_document
from trocar.assess.script import script_of
from trocar.assess.spans import spans_in
from trocar.department.norms import Technique
from trocar.errors import AssessmentError
from trocar.messages import Language
from trocar.report.document import Document as Paper
from trocar.report.document import Paragraph
from trocar.report.typeset import typeset

TEXT = "术后放射剂量验证率81%。"


def _docx() -> bytes:
    document = Document()
    document.add_paragraph("放射性粒子植入治疗技术自评报告")
    document.add_paragraph(TEXT)
    table = document.add_table(rows=2, cols=2)
    for row, cells in enumerate((("年度", "例数"), ("2022年", "203例"))):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    document.add_paragraph("结束。")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_a_docx_gives_paragraphs_and_table_rows_in_order() -> None:
    read = read_document(_docx())
    assert read.form == "docx"
    assert read.paragraphs == ("放射性粒子植入治疗技术自评报告", TEXT, "年度　例数", "2022年　203例", "结束。")


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("gb2312", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_text_is_read_in_the_encodings_of_chinese_hospitals(encoding: str, form: str) -> None:
    read = read_document(TEXT.encode(encoding))
    assert read.paragraphs == (TEXT,)
    assert read.form == f"text ({form})"


def test_the_text_of_a_pdf_is_read(paper: Paper) -> None:
    read = read_document(typeset(paper, language=Language.CHINESE))
    assert read.form == "pdf"
    assert any(TEXT in each for each in read.paragraphs)


@pytest.fixture
def paper() -> Paper:
    return Paper(
        title="自评报告", subtitle="", running_head=(), blocks=(Paragraph(text=TEXT),), made_at=datetime(2023, 5, 31)
    )


def _blank_pdf(password: str = "") -> bytes:
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(width=200, height=200)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _zip(name: str, text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "assess.empty"),
        (b" \n\t ", "assess.empty"),
        (_blank_pdf(), "assess.scanned"),
        (_blank_pdf("secret"), "assess.locked"),
        (b"%PDF-1.7 nonsense", "assess.damaged"),
        (_docx()[:2000], "assess.damaged"),
        (_zip("word/document.xml", "<w:document"), "assess.damaged"),
        (_zip("notes.txt", "x"), "assess.form-not-read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "assess.form-not-read"),
        (b"{\\rtf1 text}", "assess.form-not-read"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "assess.picture"),
        (b"\xff\xfe\xff", "assess.encoding-unknown"),
        (b"\x81\xff\xff\xfe\x00\x81", "assess.encoding-unknown"),
        (b"abc\x00def", "assess.not-text"),
        ("字。".encode() * 300_000, "assess.too-long"),
        (b"a" * 50_000_001, "assess.too-large"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_with_the_reason(data: bytes, code: str) -> None:
    with pytest.raises(AssessmentError) as caught:
        read_document(data)
    assert caught.value.code == code


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fall_over(data: bytes) -> None:
    with suppress(AssessmentError):
        read_document(data)


def test_lines_broken_at_the_width_of_a_page_are_joined() -> None:
    lines = [
        "我院已开展放射性粒子植入治疗技术多年，近五年共完",
        "成植入二百零三例。",
        "一、人员情况",
        "有医师三名。",
    ]
    assert joined_lines(lines) == (
        "我院已开展放射性粒子植入治疗技术多年，近五年共完成植入二百零三例。",
        "一、人员情况",
        "有医师三名。",
    )


@given(st.integers(min_value=0, max_value=99_999))
def test_chinese_numerals_are_read_as_they_are_counted(n: int) -> None:
    assert number_of(_numeral(n)) == n


def _numeral(n: int) -> str:
    """Return a number in Chinese numerals, independently of the reader."""
    if n >= 10_000:
        rest = n % 10_000
        return _numeral(n // 10_000) + "万" + (("零" if rest < 1000 else "") + _numeral(rest) if rest else "")
    digits, text, gap = "零一二三四五六七八九", "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // power % 10
        if digit:
            text += ("零" if gap and text else "") + digits[digit] + unit
            gap = False
        else:
            gap = True
    return text or "零"


def test_percentages_are_read_in_digits_and_words() -> None:
    assert percents_in("百分之七十九，81.5 %")[0][0] == 79.0
    assert percents_in("百分之七十九，81.5 %")[1][0] == 81.5


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2022年5月-2023年5月", [13]),
        ("2022.05—2023.04", [12]),
        ("2022/1/1至2022/12/31", [12]),
        ("2022年3-8月", [6]),
        ("2021-2022年", [24]),
        ("近3年", [36]),
        ("过去十年间", [120]),
        ("5年以上", [60]),
        ("2022年上半年", [6]),
        ("2023年第二季度", [3]),
        ("2022年版规范", []),
        ("45岁", []),
        ("2022年13月", []),
    ],
)
def test_stretches_of_time_are_read_as_reports_write_them(text: str, months: list[int]) -> None:
    assert [each.months for each in spans_in(text)] == months


def test_sentences_know_their_section_and_technique() -> None:
    script = script_of(
        ["一、粒子植入", "术后均随访。验证全部完成。", "二、肿瘤消融", "使用微波。", "含粒子植入与消融。"]
    )
    assert [each.section for each in script.sentences] == ["一、粒子植入"] * 3 + ["二、肿瘤消融"] * 3
    assert [each.technique for each in script.sentences] == [Technique.SEED_IMPLANT] * 3 + [Technique.ABLATION] * 3


def test_equal_cells_of_a_row_are_both_read() -> None:
    document = Document()
    table = document.add_table(rows=2, cols=4)
    for cell, text in zip(table.rows[0].cells, ("术后剂量验证率", "97", "97", "100%"), strict=True):
        cell.text = text
    table.rows[1].cells[0].merge(table.rows[1].cells[1]).text = "合并"
    file = io.BytesIO()
    document.save(file)
    first, second = (each for each in read_document(file.getvalue()).paragraphs if each)
    assert first == "术后剂量验证率　97　97　100%"
    assert second == "合并"

"""Documents become DOCX that people go on editing: real styles, headings, tables whose heads repeat, linked "
"evidence."""

import io
import re
from collections.abc import Iterator
from typing import Any, Final

import docx as word_file
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

import trocar
from trocar.errors import ReportError
from trocar.messages import Language, Message
from trocar.report.document import (
    Align,
    Block,
    Box,
    Document,
    Facts,
    Findings,
    Heading,
    Paragraph,
    Picture,
    Side,
    Signatures,
    Table,
    Text,
    in_language,
    say,
)

ACCENT: Final = "0B4F6C"
QUIET: Final = "5B6875"
GROUNDS: Final = {"good": "EEF7F1", "attention": "FFF8E6", "action": "FDEEED", "plain": "F1F6F9"}
INKS: Final = {"good": "1F6F43", "attention": "9A6700", "action": "B3261E", "plain": ACCENT}
BODY_FONT: Final = {Language.CHINESE: ("Times New Roman", "宋体"), Language.ENGLISH: ("Calibri", "宋体")}
HEAD_FONT: Final = {Language.CHINESE: ("Arial", "黑体"), Language.ENGLISH: ("Calibri", "黑体")}
TEXT_WIDTH_MM: Final = 174.0
_ALIGN = {
    Align.LEFT: WD_ALIGN_PARAGRAPH.LEFT,
    Align.RIGHT: WD_ALIGN_PARAGRAPH.RIGHT,
    Align.CENTRE: WD_ALIGN_PARAGRAPH.CENTER,
}
_CITED = re.compile(r"\[(\d{1,3})\]")


def docx(document: Document, *, language: Language) -> bytes:
    """Return a document as DOCX.

    Parameters
    ----------
    document
        What it says; its pictures as PNG.
    language
        In which language its messages are written.

    Raises
    ------
    ReportError
        A picture is not PNG.

    Notes
    -----
    The same document gives the same text and styles; the bytes differ by nothing but what the ZIP container adds.
    Numbers in brackets that the list of evidence defines are links to it.
    """
    return _Maker(document, language).bytes()


class _Maker:
    def __init__(self, document: Document, language: Language) -> None:
        self._document = document
        self._language = language
        self._file = word_file.Document()
        self._numbers = frozenset(_defined(document))
        self._bookmarks = 0

    def bytes(self) -> bytes:
        self._page()
        self._styles()
        self._head_and_foot()
        self._file.add_paragraph(self.words(self._document.title), style="Title")
        if self._document.subtitle:
            self._file.add_paragraph(self.words(self._document.subtitle), style="Subtitle")
        for block in self._document.blocks:
            self._block(block)
        properties = self._file.core_properties
        properties.title = self.words(self._document.title)
        properties.author = "Trocar"
        properties.created = properties.modified = self._document.made_at
        properties.comments = f"Trocar {trocar.__version__}"
        properties.language = "zh-CN" if self._language is Language.CHINESE else "en-GB"
        file = io.BytesIO()
        self._file.save(file)
        return file.getvalue()

    def words(self, text: Text) -> str:
        return in_language(text, self._language)

    # -- the paper

    def _page(self) -> None:
        section = self._file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(18)
        section.top_margin, section.bottom_margin = Mm(24), Mm(22)

    def _styles(self) -> None:
        body, heads = BODY_FONT[self._language], HEAD_FONT[self._language]
        normal = self._file.styles["Normal"]
        _set_font(normal, body, 10.5)
        normal.paragraph_format.space_after = Pt(5)
        for name, size in (("Title", 20), ("Subtitle", 11), ("Heading 1", 14.5), ("Heading 2", 12), ("Heading 3", 11)):
            style = self._file.styles[name]
            _set_font(style, heads, size)
            style.font.color.rgb = RGBColor.from_string(QUIET if name == "Subtitle" else ACCENT)
            style.font.italic = False
        _set_font(self._file.styles["Caption"], body, 9)
        self._file.styles["Caption"].font.color.rgb = RGBColor.from_string(QUIET)
        self._file.styles["Caption"].font.bold = False
        self._speak()

    def _speak(self) -> None:
        """Say which language the text is in: Chinese letters and stops are drawn as Chinese, not as Japanese."""
        latin = "en-GB" if self._language is Language.ENGLISH else "en-US"
        written = [
            *self._file.styles.element.iter(qn("w:lang")),
            *self._file.settings.element.iter(qn("w:themeFontLang")),
        ]
        for each in written:
            each.set(qn("w:val"), latin)
            each.set(qn("w:eastAsia"), "zh-CN")

    def _head_and_foot(self) -> None:
        section = self._file.sections[0]
        head = section.header.paragraphs[0]
        head.text = "   ·   ".join(
            self.words(item) for item in (self._document.title, *self._document.running_head) if item
        )
        foot = section.footer.paragraphs[0]
        disclaimer = say(
            "report.disclaimer", "Research and quality-assurance software, not a certified medical device."
        )
        foot.add_run(f"{self.words(disclaimer)}   {self._document.made_at:%Y-%m-%d %H:%M}   ")
        _field(foot, "PAGE")
        foot.add_run(" / ")
        _field(foot, "NUMPAGES")
        for paragraph in (head, foot):
            for run in paragraph.runs:
                run.font.size = Pt(8)
                run.font.color.rgb = RGBColor.from_string(QUIET)

    # -- the blocks

    def _block(self, block: Block) -> None:
        match block:
            case Heading():
                paragraph = self._file.add_heading(self.words(block.text), level=block.level)
                paragraph.paragraph_format.page_break_before = block.new_page
            case Paragraph():
                self._linked(self._file.add_paragraph(), self.words(block.text), size=8.5 if block.small else None)
            case Facts():
                self._facts(block)
            case Table():
                self._table(block)
            case Picture():
                self._picture(block, TEXT_WIDTH_MM)
            case Side():
                for picture in block.pictures:
                    self._picture(picture, TEXT_WIDTH_MM / len(block.pictures))
            case Box():
                self._box(block)
            case Findings():
                for finding in block.findings:
                    self._linked(self._file.add_paragraph(style="List Bullet"), self.words(finding.message))
            case Signatures():
                self._signatures(block)

    def _facts(self, block: Facts) -> None:
        table = self._file.add_table(rows=0, cols=2)
        for name, value in block.rows:
            cells = table.add_row().cells
            cells[0].text, cells[1].text = self.words(name), self.words(value)
            for run in cells[0].paragraphs[0].runs:
                run.font.color.rgb = RGBColor.from_string(QUIET)
        _widths(table, (48.0, TEXT_WIDTH_MM - 48.0))
        _tight(table, 9.5)
        self._file.add_paragraph().paragraph_format.space_after = Pt(0)

    def _table(self, block: Table) -> None:
        if block.caption:
            caption = self._file.add_paragraph(self.words(block.caption), style="Caption")
            caption.paragraph_format.keep_with_next = True
        table = self._file.add_table(rows=1, cols=len(block.columns), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        for cell, column in zip(table.rows[0].cells, block.columns, strict=True):
            _fill(cell, "E8EFF3")
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(self.words(column.head))
            run.bold = True
            paragraph.alignment = _ALIGN[column.align]
        _repeat(table.rows[0])
        for place, row in enumerate(block.rows):
            self._row(table, row, block, bold=place in block.strong_rows)
        shares = [column.share or 0.6 for column in block.columns]
        _widths(table, tuple(TEXT_WIDTH_MM * share / sum(shares) for share in shares))
        _tight(table, 8.5 if block.compact else 9.0)
        self._file.add_paragraph().paragraph_format.space_after = Pt(2)

    def _row(self, table: Any, row: tuple[Text, ...], block: Table, *, bold: bool) -> None:
        cells = table.add_row().cells
        for place, (cell, text, column) in enumerate(zip(cells, row, block.columns, strict=True)):
            paragraph = cell.paragraphs[0]
            paragraph.alignment = _ALIGN[column.align]
            words = self.words(text)
            cited = _CITED.fullmatch(words)
            if place == 0 and cited:
                self._bookmark(paragraph, words, f"evidence_{cited[1]}")
            else:
                self._linked(paragraph, words, bold=bold)
        cant_split = OxmlElement("w:cantSplit")
        table.rows[-1]._tr.get_or_add_trPr().append(cant_split)

    def _box(self, block: Box) -> None:
        table = self._file.add_table(rows=1, cols=1)
        cell = table.rows[0].cells[0]
        _fill(cell, GROUNDS[block.tone.value])
        _left_line(cell, INKS[block.tone.value])
        title = cell.paragraphs[0].add_run(self.words(block.title))
        title.bold = True
        title.font.size = Pt(12)
        title.font.color.rgb = RGBColor.from_string(INKS[block.tone.value])
        self._linked(cell.add_paragraph(), self.words(block.text))
        self._file.add_paragraph().paragraph_format.space_after = Pt(0)

    def _picture(self, block: Picture, width_mm: float) -> None:
        if block.suffix != "png":
            raise ReportError(
                "report.docx-needs-png",
                "the picture {name} is {suffix}; documents to be edited take PNG: this is a fault of Trocar",
                name=block.name or self.words(block.caption),
                suffix=block.suffix,
            )
        paragraph = self._file.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run().add_picture(io.BytesIO(block.data), width=Mm(0.01 * block.width_percent * width_mm))
        shape = paragraph._p.xpath(".//wp:docPr")[-1]
        shape.set("descr", self.words(block.alternative))
        self._file.add_paragraph(self.words(block.caption), style="Caption")

    def _signatures(self, block: Signatures) -> None:
        words = [say("report.signature", "Signature"), say("report.date", "Date")]
        table = self._file.add_table(rows=0, cols=4)
        for role in block.roles:
            cells = table.add_row().cells
            cells[0].text = self.words(role)
            cells[1].text = "＿" * 10
            cells[2].text = f"{self.words(words[0])} {'＿' * 7}"
            cells[3].text = f"{self.words(words[1])} {'＿' * 6}"
        _widths(table, (40.0, 44.0, 48.0, 42.0))
        for row in table.rows[:-1]:  # all signatures on one page
            for cell in row.cells:
                cell.paragraphs[0].paragraph_format.keep_with_next = True

    # -- links

    def _linked(self, paragraph: Any, text: str, *, bold: bool = False, size: float | None = None) -> None:
        """Write a text; numbers that the list of evidence defines become links to it."""
        begin = 0
        for match in _CITED.finditer(text):
            if match[1] not in self._numbers:
                continue
            _run(paragraph, text[begin : match.start()], bold=bold, size=size)
            link = OxmlElement("w:hyperlink")
            link.set(qn("w:anchor"), f"evidence_{match[1]}")
            run = _run(paragraph, match.group(), bold=bold, size=size)
            run.font.superscript = True
            run.font.color.rgb = RGBColor.from_string(ACCENT)
            link.append(run._r)
            paragraph._p.append(link)
            begin = match.end()
        _run(paragraph, text[begin:], bold=bold, size=size)

    def _bookmark(self, paragraph: Any, text: str, name: str) -> None:
        self._bookmarks += 1
        for kind in ("w:bookmarkStart", "w:bookmarkEnd"):
            mark = OxmlElement(kind)
            mark.set(qn("w:id"), str(self._bookmarks))
            if kind == "w:bookmarkStart":
                mark.set(qn("w:name"), name)
            paragraph._p.append(mark)
            if kind == "w:bookmarkStart":
                paragraph.add_run(text)


def _defined(document: Document) -> Iterator[str]:
    """Yield the numbers that a list of evidence defines: first cells that are a number in brackets."""
    for block in document.blocks:
        if isinstance(block, Table):
            for row in block.rows:
                match = _CITED.fullmatch(row[0]) if isinstance(row[0], str) else None
                if match:
                    yield match[1]


def paragraphs_of(document: Document, language: Language) -> tuple[str, ...]:
    """Return the running text of a document, table rows as one paragraph each: what the checks of reports read.

    What quotes a norm or speaks about the text is left out: verdicts, requirements, contradictions, annexes.
    """
    texts: list[str] = [in_language(document.title, language)]
    for block in document.blocks:
        if isinstance(block, Heading) and _code(block.text).startswith("self.annex"):
            break
        if isinstance(block, Table) and _code(block.columns[0].head) in _ABOUT_NORMS:
            continue
        if isinstance(block, Heading | Paragraph):
            texts.append(in_language(block.text, language))
        elif isinstance(block, Facts):
            texts += [f"{in_language(name, language)}：{in_language(value, language)}" for name, value in block.rows]
        elif isinstance(block, Table):
            texts += ["　".join(in_language(cell, language) for cell in row) for row in block.rows]
        elif isinstance(block, Signatures):
            texts += [
                f"{in_language(role, language)}（签字）：　日期：{document.made_at:%Y-%m-%d}" for role in block.roles
            ]
    return tuple(texts)


_ABOUT_NORMS = frozenset({"self.column-requirement", "report.assessed-column-quote", "self.column-domain"})


def _code(text: Text) -> str:
    return text.code if isinstance(text, Message) else ""


def _run(paragraph: Any, text: str, *, bold: bool, size: float | None) -> Any:
    run = paragraph.add_run(text)
    run.bold = bold or None
    if size is not None:
        run.font.size = Pt(size)
    return run


def _set_font(style: Any, fonts: tuple[str, str], size: float) -> None:
    latin, chinese = fonts
    style.font.name = latin
    style.font.size = Pt(size)
    properties = style.element.get_or_add_rPr()
    families = properties.find(qn("w:rFonts"))
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        families.attrib.pop(qn(name), None)
    families.set(qn("w:eastAsia"), chinese)
    families.set(qn("w:hAnsi"), latin)


def _field(paragraph: Any, name: str) -> None:
    run = paragraph.add_run()
    for kind in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        run._r.append(mark)
        if kind == "begin":
            instruction = OxmlElement("w:instrText")
            instruction.text = name
            run._r.append(instruction)


def _fill(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", colour)):
        shade.set(qn(name), value)
    cell._tc.get_or_add_tcPr().append(shade)


def _left_line(cell: Any, colour: str) -> None:
    borders = OxmlElement("w:tcBorders")
    line = OxmlElement("w:left")
    for name, value in (("w:val", "single"), ("w:sz", "24"), ("w:space", "0"), ("w:color", colour)):
        line.set(qn(name), value)
    borders.append(line)
    properties = cell._tc.get_or_add_tcPr()
    properties.insert(len(properties) - 1, borders)


def _repeat(row: Any) -> None:
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)


def _widths(table: Any, widths_mm: tuple[float, ...]) -> None:
    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _tight(table: Any, size: float) -> None:
    for row in table.rows:
        for cell in row.cells:
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.space_after = Pt(1)
                for run in paragraph._p.xpath(".//w:r"):
                    properties = run.get_or_add_rPr()
                    if properties.find(qn("w:sz")) is None:
                        mark = OxmlElement("w:sz")
                        mark.set(qn("w:val"), str(round(2 * size)))
                        properties.append(mark)

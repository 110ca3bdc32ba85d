"""Documents become PDF: Typst with the vendored font alone, PDF/A-2a, every character proved to have a glyph."""

import json
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import typst

import trocar
from trocar.errors import ReportError
from trocar.messages import Language, Message
from trocar.report.document import (
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
from trocar.report.glyphs import font_families, require_glyphs, vendored_fonts
from trocar.results.findings import Finding, Severity

PDF_STANDARD: Final = "a-2a"
"""Archival, with text that can be searched and read aloud (ISO 19005-2, conformance level A)."""

SEVEREST_FIRST = (Severity.ACTION, Severity.ATTENTION, Severity.NOTE)
_SEVERITY_WORDS = {
    Severity.ACTION: say("report.severity-action", "Action"),
    Severity.ATTENTION: say("report.severity-attention", "Attention"),
    Severity.NOTE: say("report.severity-note", "Note"),
}
_SEVERITY_TONES = {Severity.ACTION: "action", Severity.ATTENTION: "attention", Severity.NOTE: "plain"}
_WORDS = {
    "page": say("report.page", "Page {n} of {of}", n="#n", of="#of"),
    "severity": say("report.severity", "Severity"),
    "finding": say("report.finding", "Finding"),
    "no-findings": say("report.no-findings", "No findings."),
    "signature": say("report.signature", "Signature"),
    "date": say("report.date", "Date"),
}
_CLOCK = ("year", "month", "day", "hour", "minute", "second")
_DISCLAIMER = say("report.disclaimer", "Research and quality-assurance software, not a certified medical device.")


def typeset(document: Document, *, language: Language, extra_fonts: tuple[Path, ...] = ()) -> bytes:
    """Return a document as PDF/A-2a.

    Parameters
    ----------
    document
        What it says.
    language
        In which language its messages are printed; data stays as it is.
    extra_fonts
        Font files for characters that the vendored font lacks, such as rare names.

    Raises
    ------
    ReportError
        A character has no glyph, or the document cannot be set.

    Notes
    -----
    The same document gives the same bytes: the date in the PDF is ``document.made_at``; no font of the machine is used.
    """
    fonts = (*vendored_fonts(), *extra_fonts)
    with tempfile.TemporaryDirectory(prefix="trocar-report-") as name:
        folder = Path(name)
        data = _document_data(document, language=language, folder=folder, fonts=fonts)
        require_glyphs(_strings(data), fonts=fonts)
        return _compiled(data, document=document, folder=folder, fonts=fonts)


def _compiled(data: dict[str, Any], *, document: Document, folder: Path, fonts: tuple[Path, ...]) -> bytes:
    template = resources.files("trocar.report") / "template" / "document.typ"
    (folder / "document.typ").write_bytes(template.read_bytes())
    (folder / "fonts").mkdir()
    for number, font in enumerate(fonts):
        (folder / "fonts" / f"{number}{font.suffix.lower()}").symlink_to(font.resolve())
    try:
        pdf = typst.compile(
            str(folder / "document.typ"),
            root=str(folder),
            font_paths=[str(folder / "fonts")],
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
            pdf_standards=[PDF_STANDARD],
        )
    except typst.TypstError as problem:
        raise ReportError(
            "report.typesetting-failed",
            "the document {title} could not be set ({problem}); this is a fault of Trocar: please report it",
            title=in_language(document.title, Language.ENGLISH),
            problem=str(problem),
        ) from problem
    return bytes(pdf)


def _document_data(document: Document, *, language: Language, folder: Path, fonts: tuple[Path, ...]) -> dict[str, Any]:
    setter = _Setter(language=language, folder=folder)
    chinese = language is Language.CHINESE
    return {
        "title": setter.words(document.title),
        "subtitle": setter.words(document.subtitle),
        "author": "Trocar",
        "fonts": list(font_families(fonts)),
        "lang": "zh" if chinese else "en",
        "region": "CN" if chinese else "GB",
        "running-head": [setter.words(item) for item in document.running_head if item],
        "disclaimers": [in_language(_DISCLAIMER, each) for each in (Language.CHINESE, Language.ENGLISH)],
        "made-at": dict(zip(_CLOCK, document.made_at.timetuple()[:6], strict=True)),
        "maker": f"Trocar {trocar.__version__} · {document.made_at:%Y-%m-%d %H:%M}",
        "words": {name: setter.words(word) for name, word in _WORDS.items()},
        "blocks": [setter.block(block) for block in document.blocks],
    }


class _Setter:
    """Turns blocks into the template's JSON, writing pictures into the folder of the compilation."""

    def __init__(self, *, language: Language, folder: Path) -> None:
        self._language = language
        self._folder = folder
        self._pictures = 0

    def words(self, text: Any) -> str:
        return in_language(text, self._language)

    def sentence(self, text: Text) -> str:
        """Return a text with a capital first letter: messages begin small, as they also stand within others."""
        words = self.words(text)
        return words[:1].upper() + words[1:] if _begins_with_word(text) else words

    def block(self, block: Block) -> dict[str, Any]:  # noqa: PLR0911 - one return a kind of block
        kind = {"kind": type(block).__name__}
        match block:
            case Heading():
                return kind | {"text": self.words(block.text), "level": block.level, "new-page": block.new_page}
            case Paragraph():
                return kind | {"text": self.words(block.text), "small": block.small}
            case Facts():
                rows = [[self.words(name), self.words(value)] for name, value in block.rows]
                return kind | {"rows": rows, "columns": block.columns}
            case Table():
                return kind | self._table(block)
            case Picture():
                return kind | self._picture(block)
            case Side():
                return kind | {"pictures": [self._picture(picture) for picture in block.pictures]}
            case Box():
                return kind | {
                    "title": self.words(block.title),
                    "text": self.sentence(block.text),
                    "tone": block.tone.value,
                }
            case Findings():
                ordered = sorted(block.findings, key=lambda finding: SEVEREST_FIRST.index(finding.severity))
                return kind | {"rows": [self._finding(finding) for finding in ordered]}
            case Signatures():
                return kind | {"roles": [self.words(role) for role in block.roles]}

    def _table(self, table: Table) -> dict[str, Any]:
        columns = [
            {"head": self.words(column.head), "align": column.align.value, "share": column.share}
            for column in table.columns
        ]
        rows = [[self.words(cell) for cell in row] for row in table.rows]
        return {
            "columns": columns,
            "rows": rows,
            "caption": self.words(table.caption),
            "strong": list(table.strong_rows),
            "compact": table.compact,
        }

    def _finding(self, finding: Finding) -> dict[str, str]:
        return {
            "severity": self.words(_SEVERITY_WORDS[finding.severity]),
            "tone": _SEVERITY_TONES[finding.severity],
            "text": self.sentence(finding.message),
            "reference": finding.reference,
        }

    def _picture(self, picture: Picture) -> dict[str, Any]:
        self._pictures += 1
        file = self._folder / f"picture{self._pictures}.{picture.suffix}"
        file.write_bytes(picture.data)
        return {
            "file": file.name,
            "alternative": self.words(picture.alternative),
            "caption": self.words(picture.caption),
            "width": picture.width_percent,
        }


def _begins_with_word(text: Text) -> bool:
    """Say whether a text begins with a word of its own, not with data or another message."""
    return isinstance(text, Message) and not text.template.startswith("{")


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for item in data.values():
            yield from _strings(item)
    elif isinstance(data, list):
        for item in data:
            yield from _strings(item)

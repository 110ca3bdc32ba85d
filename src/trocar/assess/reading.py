"""The bytes of a document become paragraphs: DOCX, text in UTF-8, UTF-16 or GB 18030 (GBK, GB 2312), PDF with text."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any, Final

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.exceptions import InvalidXmlError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from trocar.errors import AssessmentError

LARGEST_BYTES: Final = 50_000_000
"""A report beyond this is not a report."""

LARGEST_UNPACKED_BYTES: Final = 400_000_000
"""A DOCX that unpacks to more is refused."""

LARGEST_TEXT: Final = 400_000
"""Characters beyond which a text is a book, not a report."""

SCANNED_CHARACTERS_PER_PAGE: Final = 20
"""Pages with fewer characters than this on average are pictures of a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Paragraphs of a document, and in what form it came."""

    paragraphs: tuple[str, ...]
    form: str


def read_document(data: bytes) -> Read:
    """Return the paragraphs of a document, told by its content, not by its name.

    Parameters
    ----------
    data
        The bytes of the file.

    Raises
    ------
    AssessmentError
        Empty, too large, of a form that is not read, damaged, locked, a scan without text, or without any text.
    """
    if not data.strip(b"\x00\t\r\n "):
        raise AssessmentError("assess.empty", "the document is empty; give a report as DOCX, text or PDF with text")
    if len(data) > LARGEST_BYTES:
        raise AssessmentError(
            "assess.too-large",
            "the document has {size} bytes, more than {allowed}; give the report without its attachments",
            size=len(data),
            allowed=LARGEST_BYTES,
        )
    read = _by_content(data)
    if not any(paragraph.strip() for paragraph in read.paragraphs):
        raise AssessmentError(
            "assess.no-text", "the document ({form}) holds no text; give the written report", form=read.form
        )
    if sum(map(len, read.paragraphs)) > LARGEST_TEXT:
        raise AssessmentError(
            "assess.too-long",
            "the document has more than {allowed} characters; give one report at a time",
            allowed=LARGEST_TEXT,
        )
    return read


def _by_content(data: bytes) -> Read:
    if data.startswith(b"PK\x03\x04"):
        return Read(paragraphs=_docx(data), form="docx")
    if data[:1024].lstrip().startswith(b"%PDF"):
        return Read(paragraphs=_pdf(data), form="pdf")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _unread("Word 97-2003 (.doc)")
    if data.startswith(b"{\\rtf"):
        raise _unread("RTF")
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"GIF8", b"BM")):
        raise AssessmentError(
            "assess.picture", "the document is a picture; nothing is recognised in pictures: give the report as text"
        )
    text, encoding = decoded(data)
    return Read(paragraphs=joined_lines(text.splitlines()), form=f"text ({encoding})")


def _unread(form: str) -> AssessmentError:
    return AssessmentError(
        "assess.form-not-read",
        "documents in the form {form} are not read; save it as DOCX or as text and give that",
        form=form,
    )


def decoded(data: bytes) -> tuple[str, str]:
    """Return text and encoding: by byte order mark, else UTF-8, else GB 18030, which holds GBK and GB 2312.

    Raises
    ------
    AssessmentError
        It is none of these.

    Examples
    --------
    >>> decoded("粒子植入203例".encode("gbk"))
    ('粒子植入203例', 'gb18030')
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _text(data, encoding), encoding
    try:
        return _text(data, "utf-8"), "utf-8"
    except AssessmentError:
        return _text(data, "gb18030"), "gb18030"


def _text(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise AssessmentError(
            "assess.encoding-unknown",
            "the text is neither UTF-8, UTF-16 nor GB 18030 (byte {byte}); save it as UTF-8 and give that",
            byte=problem.start,
        ) from problem
    if "\x00" in text:
        raise AssessmentError("assess.not-text", "the file holds bytes that are no text; give DOCX, text or PDF")
    return text


def _docx(data: bytes) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(each.file_size for each in package.infolist()) > LARGEST_UNPACKED_BYTES:
                raise AssessmentError(
                    "assess.bomb",
                    "the DOCX unpacks to more than {allowed} bytes; it is refused",
                    allowed=LARGEST_UNPACKED_BYTES,
                )
            if "word/document.xml" not in package.namelist():
                raise _unread("ZIP")
        document = Document(io.BytesIO(data))
        return tuple(_texts_in(document.element.body, document))
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        PackageNotFoundError,
        InvalidXmlError,
        etree.LxmlError,
    ) as problem:
        raise AssessmentError(
            "assess.damaged", "the {form} is damaged and cannot be read ({reason})", form="DOCX", reason=str(problem)
        ) from problem


def _texts_in(body: Any, parent: Any) -> list[str]:
    """Return paragraphs and table rows in the order of the document; a row is one paragraph, its cells joined."""
    texts: list[str] = []
    for child in body.iterchildren():
        if child.tag.endswith("}p"):
            texts.append(Paragraph(child, parent).text)
        elif child.tag.endswith("}tbl"):
            for row in Table(child, parent).rows:
                merged_once = {id(cell._tc): cell.text.strip() for cell in row.cells}
                texts.append("　".join(cell.replace("\n", "；") for cell in merged_once.values() if cell))
        elif child.tag.endswith("}sdt"):
            for content in child.iterchildren():
                if content.tag.endswith("}sdtContent"):
                    texts += _texts_in(content, parent)
    return texts


def _pdf(data: bytes) -> tuple[str, ...]:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise AssessmentError("assess.locked", "the PDF is locked with a password; give it unlocked")
        pages = [page.extract_text() or "" for page in reader.pages]
    except AssessmentError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as problem:
        raise AssessmentError(
            "assess.damaged", "the {form} is damaged and cannot be read ({reason})", form="PDF", reason=str(problem)
        ) from problem
    letters = sum(len(re.sub(r"\s", "", page)) for page in pages)
    if letters < SCANNED_CHARACTERS_PER_PAGE * max(len(pages), 1):
        raise AssessmentError(
            "assess.scanned",
            "the PDF has {pages} pages and {letters} letters: it is a scan, a picture of a report; nothing is "
            "recognised "
            "in pictures: give the DOCX or text it was made from",
            pages=len(pages),
            letters=letters,
        )
    return joined_lines([_BETWEEN_LETTERS.sub("", line) for page in pages for line in page.splitlines()])


_BETWEEN_LETTERS = re.compile(r"(?<=[一-鿿，。；：、）》]) +(?=\S)|(?<=\S) +(?=[一-鿿（《])")
"""Blanks that typesetting puts between Chinese and other letters; the report has none."""


_ENDS = tuple("。！？；：.!?;:")
_NEW_PARAGRAPH = re.compile(
    r"\s*(?:[一二三四五六七八九十]{1,3}[、．.]|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[、．.](?!\d)|"
    r"第.{1,4}[章节条]|[①-⑳]|[-•·●*#|])"
)


def joined_lines(lines: list[str]) -> tuple[str, ...]:
    """Return paragraphs from lines that may have been broken at the width of a page.

    A line is taken on by the next where it is as long as full lines are, does not end a sentence, and the next does not
    begin with a number or bullet.
    """
    stripped = [line.strip() for line in lines]
    longest = max((len(line) for line in stripped), default=0)
    paragraphs: list[str] = []
    open_line = False
    for line in stripped:
        if open_line and line and not _NEW_PARAGRAPH.match(line):
            gap = " " if paragraphs[-1][-1:].isascii() and line[:1].isascii() and line[:1].isalpha() else ""
            paragraphs[-1] += gap + line
        else:
            paragraphs.append(line)
        open_line = bool(line) and len(line) >= 0.75 * longest and longest >= 16 and not line.endswith(_ENDS)
    return tuple(paragraph for paragraph in paragraphs if paragraph)

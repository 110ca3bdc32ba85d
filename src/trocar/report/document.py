"""What a document consists of, before any typesetting: blocks of text, tables, pictures and signature lines.

A `Document` is plain data. `trocar.report.typeset` turns it into a PDF; the makers (`trocar.report.plan_check`, ...)
build it from results. Every word for people is a `Message`, so one document exists in every language; a plain `str` is
data that no language changes: a name, a number with its unit, a hash.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from trocar.messages import Language, Message
from trocar.results.findings import Finding

Text = Message | str
"""A sentence to be translated, or data that reads the same in every language."""


def say(code: str, template: str, /, **data: object) -> Message:
    """Return a message: the short form in which documents and pictures name their words.

    Examples
    --------
    >>> say("report.page", "Page {n}", n=3).text()
    'Page 3'
    """
    return Message(code=code, template=template, data=data)


def in_language(text: Text, language: Language) -> str:
    """Return a text as it is printed."""
    return text if isinstance(text, str) else text.text(language)


class Align(Enum):
    """Where a column's text stands."""

    LEFT = "left"
    RIGHT = "right"
    CENTRE = "center"


class Tone(Enum):
    """What a box says at first sight."""

    GOOD = "good"
    ATTENTION = "attention"
    ACTION = "action"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; level 1 opens a section of the document."""

    text: Text
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text; small for notes under a table or picture."""

    text: Text
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and their values in a grid, as on the head of a form."""

    rows: tuple[tuple[Text, Text], ...]
    columns: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table: its head, where its text stands, and its share of the width (0 = as wide as its text)."""

    head: Text
    align: Align = Align.LEFT
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under heads; the heads repeat on every page.

    Parameters
    ----------
    columns
        One or more.
    rows
        As many cells each as there are columns.
    caption
        What the table shows.
    strong_rows
        Indices of rows set in bold.
    compact
        Whether the rows stand close, as in a long list.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: Text = ""
    strong_rows: tuple[int, ...] = ()
    compact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing as SVG or PNG.

    Parameters
    ----------
    data
        The file's bytes.
    suffix
        ``svg`` or ``png``.
    alternative
        What it shows, in a sentence, for readers who cannot see it.
    caption
        Printed beneath.
    width_percent
        Of the text width, 1 to 100.
    name
        Under which it is also kept as a file of its own; empty for none.
    """

    data: bytes
    suffix: str
    alternative: Text
    caption: Text
    width_percent: int = 100
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Pictures side by side."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The one thing a reader must not miss."""

    title: Text
    text: Text
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Findings, the severest first."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Lines to be signed by hand, with name and date."""

    roles: tuple[Text, ...]


Block = Heading | Paragraph | Facts | Table | Picture | Side | Box | Findings | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document to be filed.

    Parameters
    ----------
    title
        Printed large on page 1 and small on every page.
    subtitle
        Below the title; empty for none.
    running_head
        Short facts repeated on every page, so that a loose sheet finds its file: patient, plan, hash.
    blocks
        What it says, in order.
    made_at
        When it was made; printed, and written into the PDF as its date.
    """

    title: Text
    subtitle: Text
    running_head: tuple[Text, ...]
    blocks: tuple[Block, ...]
    made_at: datetime

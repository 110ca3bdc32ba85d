"""A sheet to be printed: what stands on it, told once for the screen and for the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on a sheet, in the reader's language.

    Parameters
    ----------
    title, subtitle
        Above all.
    facts
        Names and values.
    sections
        Headings, each with its paragraphs.
    warning
        What must not be missed; empty for nothing.
    signatures
        Who signs.
    small
        Whether it is a label for a vessel, not a page.
    source
        Where standing text comes from.
    """

    title: Any
    subtitle: Any = ""
    facts: Sequence[tuple[Any, Any]] = ()
    sections: Sequence[tuple[Any, Sequence[Any]]] = ()
    warning: Any = ""
    signatures: Sequence[Any] = ()
    small: bool = False
    source: Any = ""


def sheet_pdf(sheet: Sheet, *, made_at: datetime) -> bytes:
    """Return a sheet as PDF/A in the language that is active."""
    from trocar.messages import Language
    from trocar.report.document import Box, Document, Facts, Heading, Paragraph, Signatures, Tone
    from trocar.report.typeset import typeset

    blocks: list[Any] = []
    if sheet.warning:
        blocks.append(Box(title=str(sheet.warning), text="", tone=Tone.ATTENTION))
    blocks.append(Facts(rows=tuple((str(name), str(value)) for name, value in sheet.facts)))
    for heading, paragraphs in sheet.sections:
        blocks.append(Heading(text=str(heading)))
        blocks += [Paragraph(text=f"• {text}") for text in paragraphs]
    if sheet.signatures:
        blocks.append(Signatures(roles=tuple(str(each) for each in sheet.signatures)))
    if sheet.source:
        blocks.append(Paragraph(text=str(sheet.source), small=True))
    document = Document(
        title=str(sheet.title),
        subtitle=str(sheet.subtitle),
        running_head=(),
        blocks=tuple(blocks),
        made_at=made_at,
    )
    chinese = (translation.get_language() or "").startswith("zh")
    return typeset(document, language=Language.CHINESE if chinese else Language.ENGLISH)

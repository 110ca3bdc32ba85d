"""A sheet to be printed: what stands on it, told once for the screen and for the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation

from trocar_clinic.records.files import path_of
from trocar_clinic.records.models import StoredFile


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
    drawn
        Signatures that were drawn on the screen: whose, the picture, and its address.
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
    drawn: Sequence[tuple[Any, StoredFile, str]] = ()
    small: bool = False
    source: Any = ""


def sheet_pdf(sheet: Sheet, *, made_at: datetime) -> bytes:
    """Return a sheet as PDF/A in the language that is active."""
    from trocar.messages import Language
    from trocar.report.document import Box, Document, Facts, Heading, Paragraph, Picture, Side, Signatures, Tone
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
    if sheet.drawn:
        pictures = [
            Picture(data=path_of(file.sha256).read_bytes(), suffix="png", alternative=str(whose), caption=str(whose))
            for whose, file, _ in sheet.drawn
        ]
        blocks.append(Side(pictures=tuple(pictures)))
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

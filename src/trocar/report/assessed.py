"""The findings on a written self-assessment as a document: what must be mended first."""

from collections.abc import Iterator
from datetime import datetime

from trocar.department.contradictions import Assessed, Contradiction, Quote
from trocar.report.document import Block, Box, Column, Document, Facts, Heading, Paragraph, Table, Text, Tone, say
from trocar.results.findings import Severity

_HEADINGS = {
    Severity.ACTION: say("report.assessed-action", "To be mended before signing"),
    Severity.ATTENTION: say("report.assessed-attention", "To be answered"),
    Severity.NOTE: say("report.assessed-note", "To be seen"),
}
LONGEST_QUOTE = 160
"""Letters of a sentence that are quoted; the place says where the rest is."""


def assessed_document(assessed: Assessed, *, at: datetime) -> Document:
    """Return the findings on a report as a document.

    Parameters
    ----------
    assessed
        What was found.
    at
        When it is made.
    """
    return Document(
        title=say("report.assessed-title", "Consistency of a self-assessment"),
        subtitle=say(
            "report.assessed-subtitle",
            "Gone through sentence by sentence: contradictions, omissions, claims that nothing shows",
        ),
        running_head=(assessed.name, assessed.sha256[:12]),
        blocks=tuple(_blocks(assessed)),
        made_at=at,
    )


def _blocks(assessed: Assessed) -> Iterator[Block]:
    yield _verdict(assessed)
    yield Facts(
        rows=(
            (say("report.assessed-file", "File"), assessed.name),
            (say("report.assessed-form", "Form"), assessed.form),
            (
                say("report.assessed-read", "Read"),
                say(
                    "report.assessed-amount",
                    "{paragraphs} paragraphs, {sentences} sentences, {characters} characters",
                    paragraphs=assessed.paragraphs,
                    sentences=assessed.sentences,
                    characters=assessed.characters,
                ),
            ),
            ("SHA-256", assessed.sha256),
        ),
        columns=1,
    )
    if assessed.remarks:
        yield Heading(text=say("report.assessed-remarks", "Remarks"), level=2)
        for remark in assessed.remarks:
            yield Paragraph(text=remark)
    for severity, heading in _HEADINGS.items():
        mine = [each for each in assessed.contradictions if each.severity is severity]
        if mine:
            yield Heading(text=heading)
            yield findings_table(mine)


def _verdict(assessed: Assessed) -> Box:
    counts = dict.fromkeys(Severity, 0)
    for each in assessed.contradictions:
        counts[each.severity] += 1
    if not assessed.contradictions:
        return Box(
            title=say("report.assessed-none", "Nothing was found"),
            text=say(
                "report.assessed-none-text",
                "None of the checks found a fault. That does not make the report true: words were read, not records.",
            ),
            tone=Tone.GOOD,
        )
    return Box(
        title=say(
            "report.assessed-some",
            "{action} to be mended before signing, {attention} to be answered, {note} to be seen",
            action=counts[Severity.ACTION],
            attention=counts[Severity.ATTENTION],
            note=counts[Severity.NOTE],
        ),
        text=say(
            "report.assessed-some-text",
            "Each quotes the sentence, says why, and what would settle it. Words were read, not records.",
        ),
        tone=Tone.ACTION if counts[Severity.ACTION] else Tone.ATTENTION,
    )


def findings_table(found: list[Contradiction]) -> Table:
    """Return contradictions as a table: the sentences, why, what would settle it."""
    return Table(
        columns=(
            Column(head=say("report.assessed-column-quote", "Sentence"), share=1.25),
            Column(head=say("report.assessed-column-why", "Fault"), share=1.1),
            Column(head=say("report.assessed-column-settle", "What would settle it"), share=0.9),
        ),
        rows=tuple((_quotes(each), each.why, each.settle) for each in found),
    )


def _quotes(found: Contradiction) -> Text:
    if not found.quotes:
        return say("report.assessed-absent", "(absent from the whole report)")
    return "\n".join(_quoted(each) for each in found.quotes)


def _quoted(quote: Quote) -> str:
    text = quote.text if len(quote.text) <= LONGEST_QUOTE else quote.text[:LONGEST_QUOTE] + "…"
    return f"¶{quote.place} {text}"

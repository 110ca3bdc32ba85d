"""Blocks of a report that say what it rests on: files, tables, tolerances, deviations, papers, limits of the method."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trocar.report.document import Align, Block, Column, Heading, Paragraph, Table, Text, say
from trocar.results.findings import Deviation
from trocar.results.provenance import Provenance

HASH_LETTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A tolerance as printed: what it limits, its value with unit, where it comes from and how sure that is."""

    meaning: Text
    value: str
    source: Text
    confidence: Text


def input_rows(files: Sequence[tuple[Text, str, str]]) -> tuple[tuple[Text, ...], ...]:
    """Return table rows of files: role, name, first letters of the SHA-256."""
    return tuple((role, name, sha256[:HASH_LETTERS]) for role, name, sha256 in files)


def basis_blocks(
    provenance: Provenance,
    *,
    limits: tuple[Limit, ...],
    deviations: tuple[Deviation, ...],
    files: tuple[tuple[Text, ...], ...],
) -> Iterator[Block]:
    """Yield what a report rests on."""
    yield Heading(text=say("report.heading-basis", "What this rests on"))
    yield Paragraph(
        text=say(
            "report.method",
            "Dose to water in water by the TG-43U1 formalism with the line-source geometry function and the published "
            "data of the source named; source axes as the plan states them, where unknown the one-dimensional "
            "anisotropy factor. Not taken into account: tissues other than water, shadowing of sources by each other, "
            "applicators and shields, the edge of the body.",
        )
    )
    if files:
        yield _file_table(files)
    yield _table_table(provenance)
    if deviations:
        yield _deviation_table(deviations)
    if limits:
        yield _limit_table(limits)
    yield Heading(text=say("report.heading-papers", "Papers"), level=2)
    for paper in provenance.papers:
        yield Paragraph(text=paper, small=True)
    yield Paragraph(
        text=say(
            "report.computed-by",
            "Computed by Trocar {version}, {engine}. Content hashes: {inputs}.",
            version=provenance.library_version,
            engine=provenance.engine,
            inputs=", ".join(f"{name} {value[:HASH_LETTERS]}" for name, value in provenance.inputs.items()),
        ),
        small=True,
    )


def _file_table(files: tuple[tuple[Text, ...], ...]) -> Table:
    columns = (
        Column(head=say("report.column-role", "Read as"), share=1.2),
        Column(head=say("report.column-file", "File"), share=2.4),
        Column(head="SHA-256", share=1.6),
    )
    return Table(columns=columns, rows=files, caption=say("report.file-table", "Files"))


def _table_table(provenance: Provenance) -> Table:
    columns = (
        Column(head=say("report.column-source-model", "Source model"), share=1),
        Column(head=say("report.column-citation", "Tables taken from"), share=3),
    )
    rows = tuple((key, citation) for key, citation in provenance.tables.items())
    return Table(columns=columns, rows=rows, caption=say("report.table-table", "Source data"))


def _deviation_table(deviations: tuple[Deviation, ...]) -> Table:
    columns = (
        Column(head=say("report.column-file", "File"), share=1),
        Column(head=say("report.column-deviation", "Deviation, and how it was read"), share=3),
    )
    rows = tuple((deviation.where or "—", deviation.message) for deviation in deviations)
    return Table(columns=columns, rows=rows, caption=say("report.deviation-table", "Deviations tolerated in the files"))


def _limit_table(limits: tuple[Limit, ...]) -> Table:
    columns = (
        Column(head=say("report.column-limit", "Tolerance"), share=3),
        Column(head=say("report.column-value", "Value"), align=Align.RIGHT, share=0.8),
        Column(head=say("report.column-basis", "Source and how sure"), share=2.4),
    )
    rows = tuple((limit.meaning, limit.value, _basis_of(limit)) for limit in limits)
    return Table(columns=columns, rows=rows, caption=say("report.limit-table", "Tolerances"))


def _basis_of(limit: Limit) -> Text:
    if not limit.source:
        return limit.confidence
    return say("report.basis-of-limit", "{source} [{confidence}]", source=limit.source, confidence=limit.confidence)

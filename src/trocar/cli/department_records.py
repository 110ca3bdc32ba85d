"""Options and files that the department's commands share: record, period, norms."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trocar.department.assessment import Archive, ArchivedFigure
from trocar.department.norms import NormPack, Technique
from trocar.department.period import Period
from trocar.department.record_reading import record_from_text
from trocar.department.records import DepartmentRecord
from trocar.errors import UsageError
from trocar.phantom.department import demonstration_department
from trocar.workflow.indicators import read_norm, shipped_norms

Record = Annotated[
    Path | None,
    typer.Argument(help="The department's record as exported (JSON). 科室记录", show_default=False),
]
Demonstration = Annotated[
    bool, typer.Option("--demonstration", help="Use the made-up department instead of a record. 使用演示科室")
]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First day, by discharge. 起始日", show_default=False),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, by discharge. 截止日", show_default=False),
]
OnlyTechnique = Annotated[
    Technique | None,
    typer.Option("--technique", help="Only this technique. 仅此技术", show_default=False),
]
OwnNorms = Annotated[
    list[Path] | None,
    typer.Option(
        "--norm", exists=True, file_okay=False, help="Folder of a hospital's own norm. 本院规范", show_default=False
    ),
]

LastYear = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        exists=True,
        dir_okay=False,
        help="trocar.json of an archived self-assessment to compare with. 上一次归档的 trocar.json",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a department's command was asked about: the record, the period, the norms, the techniques."""

    department: DepartmentRecord
    period: Period
    norms: tuple[NormPack, ...]
    techniques: tuple[Technique, ...]


def asked_of(
    record: Path | None,
    *,
    demonstration: bool,
    first: datetime | None,
    last: datetime | None,
    technique: Technique | None,
    norm: list[Path] | None,
) -> Asked:
    """Return what the shared options ask about.

    Raises
    ------
    UsageError
        No record or two, no period.
    DepartmentError
        The record contradicts itself.
    RuleError
        The hospital's own norm cannot be used.
    """
    return Asked(
        department=load_record(record, demonstration=demonstration),
        period=period_of(first, last),
        norms=norms_with(norm),
        techniques=(technique,) if technique else tuple(Technique),
    )


def load_archives(file: Path | None) -> dict[Technique, Archive]:
    """Return the archived self-assessments of a ``trocar.json`` by technique; none without a file.

    Raises
    ------
    UsageError
        It is not what `trocar report` wrote.
    """
    if file is None:
        return {}
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        return {Technique(each["technique"]): _archive(each) for each in written["assessments"]}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UsageError(
            "cli.archive-unreadable",
            "{file} is no trocar.json of an archived self-assessment ({reason}); give the one in last year's folder",
            file=file.name,
            reason=str(problem) or type(problem).__name__,
        ) from problem


def _archive(written: dict[str, Any]) -> Archive:
    return Archive(
        period=Period(first=date.fromisoformat(written["first"]), last=date.fromisoformat(written["last"])),
        content_hash=str(written["values"]),
        figures=tuple(
            ArchivedFigure(
                pack=str(each["pack"]),
                key=str(each["key"]),
                period=Period(first=date.fromisoformat(each["first"]), last=date.fromisoformat(each["last"])),
                numerator=float(each["numerator"]),
                denominator=int(each["denominator"]),
            )
            for each in (*written["indicators"], *written["beside"])
            if each["denominator"]
        ),
    )


def load_record(file: Path | None, *, demonstration: bool) -> DepartmentRecord:
    """Return the record of a file, or the made-up one.

    Raises
    ------
    UsageError
        Neither was named, both were, or the file cannot be opened.
    DepartmentError
        The record contradicts itself.
    """
    if demonstration == (file is not None):
        raise UsageError(
            "cli.record-or-demonstration", "give the file of a record, or --demonstration: one of the two, not both"
        )
    if file is None:
        return demonstration_department()
    try:
        return record_from_text(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            "cli.record-unreadable",
            "the record {file} cannot be read as text in UTF-8 ({reason})",
            file=file.name,
            reason=str(problem),
        ) from problem


def period_of(first: datetime | None, last: datetime | None) -> Period:
    """Return the period of two options.

    Raises
    ------
    UsageError
        One is missing: no period is assumed.
    """
    if first is None or last is None:
        raise UsageError("cli.period-needed", "say the period: --from YYYY-MM-DD --to YYYY-MM-DD, both days counted")
    return Period(first=first.date(), last=last.date())


def norms_with(own: list[Path] | None) -> tuple[NormPack, ...]:
    """Return the norms that come with Trocar and the hospital's own."""
    return (*shipped_norms(), *(read_norm(folder) for folder in own or ()))

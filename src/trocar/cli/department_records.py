"""Options and files that the department's commands share: record, period, norms."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

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


def techniques_of(only: Technique | None) -> tuple[Technique, ...]:
    """Return the techniques asked for."""
    return tuple(Technique) if only is None else (only,)

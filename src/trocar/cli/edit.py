"""``trocar edit``: change a proposed plan by hand, see at once what each change does, and write the new plan."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.console import Speaker
from trocar.cli.exits import Exit, exit_of_findings
from trocar.cli.folders import whole_folder
from trocar.cli.plan import BY_HAND, write_proposal
from trocar.cli.plan_request import guide_design, implant_request
from trocar.cli.request_section import Section, a_number, a_text, a_vector, a_whole, carry_request, read_request
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.errors import PlanError, TrocarError, UsageError
from trocar.guide.design import GuideDesign
from trocar.messages import Message
from trocar.plan.plan import ImplantPlan
from trocar.results.findings import Finding
from trocar.workflow.edit_bench import Bench, OnBench, accounts_on, achievements_on, edit, open_bench
from trocar.workflow.implant import Progress
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.plan_edits import DEEDS, Edit, needs_of
from trocar.workflow.plan_judging import judged


@dataclass(frozen=True, slots=True, kw_only=True)
class EditInputs:
    """Where the command reads and writes.

    Parameters
    ----------
    plan
        Folder that ``trocar plan`` made.
    changes
        TOML file.
    images, structures
        As planned on.
    out
        Folder of results.
    replace
        Whether earlier results there may be replaced.
    at
        Time of making.
    """

    plan: Path
    changes: Path
    images: Path
    structures: Path
    out: Path
    replace: bool
    at: datetime


def edit_plan(
    context: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder made by trocar plan. 计划文件夹")],
    changes: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What to change, a TOML file. 修改清单")],
    images: Annotated[Path, typer.Option("--images", exists=True, help="Folder of the planning CT. 影像文件夹")],
    structures: Annotated[
        Path, typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")],
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Change a proposed plan: seeds and needles by hand, each change checked and its dose shown. 手工修改计划."""
    surroundings: Surroundings = context.obj
    inputs = EditInputs(
        plan=plan,
        changes=changes,
        images=images,
        structures=structures,
        out=out,
        replace=replace,
        at=surroundings.now(),
    )
    raise typer.Exit(run_edit(inputs, surroundings.speaker(lang, as_json=as_json)))


def run_edit(inputs: EditInputs, speaker: Speaker) -> Exit:
    """Carry out the changes and write the new plan; nothing is written if one is refused. Returns the exit code."""
    changes = read_changes(inputs.changes)
    opened = open_plan(inputs.plan, images=inputs.images, structures=inputs.structures)
    bench, current = open_bench(opened.request, opened.plan)
    table = _table(bench, current, speaker)
    rows = []
    for n, change in enumerate(changes, start=1):
        current, spent_ms = _carried_out(bench, current, change, n)
        rows.append({"change": n, "ms": round(spent_ms, 2), "goals": _values(bench, current)})
        table.add_row(str(n), f"{spent_ms:.1f}", *(f"{value:.1f}" for value in _values(bench, current).values()))
    speaker.show(table)
    with speaker.following() as told, whole_folder(inputs.out, replace=inputs.replace) as folder:
        text = inputs.changes.read_text(encoding="utf-8")
        data, findings = write_changed(folder, opened, bench, current, changes_text=text, at=inputs.at, told=told)
    speaker.give(data | {"changes": rows})
    speaker.say(
        Message(
            code="cli.edit-done",
            template="{n} changes were made; the plan and its papers are in {folder}",
            data={"n": len(changes), "folder": str(inputs.out)},
        )
    )
    return exit_of_findings(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPlan:
    """A plan that ``trocar plan`` made, with what it was made from.

    Parameters
    ----------
    request, request_text
        As planned, and as written.
    plan
        Read from its RT Plan.
    design
        Of the printed guide; None where none was asked for.
    beside
        Folder with the files that the request names; None where it names none.
    """

    request: ImplantRequest
    request_text: str
    plan: ImplantPlan
    design: GuideDesign | None
    beside: Path | None = None


def open_plan(folder: Path, *, images: Path, structures: Path) -> OpenedPlan:
    """Return the plan of a folder.

    Raises
    ------
    UsageError
        The folder holds no request or no implant.
    """
    section = read_request(folder / "request.toml")
    image = read_image(images).value
    drawn = read_structures(structures, image=image).value
    guide = section.may_table("guide")
    design = guide_design(guide) if guide is not None else None
    request = implant_request(section, image, drawn)
    section.done()
    return OpenedPlan(
        request=request,
        request_text=(folder / "request.toml").read_text(encoding="utf-8"),
        plan=_plan_in(folder, request),
        design=design,
        beside=folder,
    )


def write_changed(
    folder: Path,
    opened: OpenedPlan,
    bench: Bench,
    current: OnBench,
    *,
    changes_text: str,
    at: datetime,
    told: Progress,
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Write a changed plan with all papers, the request and the changes; return what scripts want, and the findings."""
    request = opened.request
    proposed = judged(request, current.plan, outcome=None, accounts=accounts_on(bench, current.plan), covered=None)
    data = write_proposal(folder, request, proposed, design=opened.design, at=at, told=told, made_by=BY_HAND)
    carry_request(opened.request_text, beside=opened.beside or folder, folder=folder)
    (folder / "changes.toml").write_text(changes_text, encoding="utf-8")
    return data, proposed.findings


def _plan_in(folder: Path, request: ImplantRequest) -> ImplantPlan:
    found = read_plan(folder / "RTPLAN.dcm", implant_at=request.implant_at).value
    if not isinstance(found, ImplantPlan) or not found.needles:
        raise UsageError(
            "cli.edit-no-implant",
            "{folder} holds no implant with needles that could be changed; give a folder made by trocar plan",
            folder=str(folder),
        )
    return found


def _carried_out(bench: Bench, current: OnBench, change: Edit, n: int) -> tuple[OnBench, float]:
    start = time.perf_counter()
    try:
        after = edit(bench, current, change)
        achievements_on(bench, after)
    except TrocarError as problem:
        raise PlanError(
            "cli.edit-refused",
            "change {n} was refused and nothing was written: {reason}",
            n=n,
            reason=problem.message,
        ) from problem
    return after, 1e3 * (time.perf_counter() - start)


def _values(bench: Bench, current: OnBench) -> dict[str, float]:
    return {each.goal.text: each.value for each in achievements_on(bench, current)}


def _table(bench: Bench, current: OnBench, speaker: Speaker) -> Table:
    table = Table()
    table.add_column(speaker.words(Message(code="cli.edit-change", template="change")), justify="right")
    table.add_column("ms", justify="right")
    for text in _values(bench, current):
        table.add_column(text, justify="right")
    table.add_row("0", "", *(f"{value:.1f}" for value in _values(bench, current).values()))
    return table


def read_changes(path: Path) -> tuple[Edit, ...]:
    """Return the changes of a file: tables ``[[edit]]``, carried out in order.

    Raises
    ------
    UsageError
        Not TOML, an unknown deed, or a value missing, misspelt or of the wrong kind.
    """
    section = read_request(path)
    found = tuple(_change(Section(f"edit {n}", each)) for n, each in enumerate(section.take("edit", list), start=1))
    section.done()
    return found


def _change(section: Section) -> Edit:
    deed = section.take("do", a_text)
    if deed not in DEEDS:
        raise UsageError(
            "cli.edit-unknown",
            "{section} asks to {deed}, which is no change; write one of {deeds}",
            section=section.name,
            deed=deed,
            deeds=", ".join(DEEDS),
        )
    needs = needs_of(DEEDS[deed])
    values: dict[str, Any] = {name: section.take(name, _READERS.get(kind, a_vector)) for name, kind in needs.items()}
    section.done()
    return DEEDS[deed](**values)


_READERS: dict[object, Any] = {int: a_whole, float: a_number}
"""How a value is read by its type; all else is a vector."""

"""`trocar check`: an independent check of another system's plan."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, check_json, deviation_json, finding_json, plan_json
from trocar.cli.case_files import Asked, find_case
from trocar.cli.console import Speaker
from trocar.cli.exits import exit_of_findings
from trocar.cli.figures import figures
from trocar.cli.folders import MARK, require_free, whole_folder
from trocar.cli.loading import Case, Told, load_case
from trocar.cli.packs import load_tolerances, printed_limits
from trocar.cli.picture_files import write_pictures
from trocar.cli.surroundings import Surroundings
from trocar.messages import Language, Message
from trocar.report.document import say
from trocar.report.pictures import Paper
from trocar.report.plan_check import CheckedCase, plan_check_document
from trocar.report.typeset import typeset
from trocar.results.findings import Severity
from trocar.results.plan_check import PlanCheck, Verdict
from trocar.workflow.check import Checked, check_plan
from trocar.workflow.tolerances import CheckTolerances

READING = say("cli.stage-reading", "reading the files")
WRITING = say("cli.stage-writing", "writing the report")
_STYLES = {Severity.ACTION: "bold red", Severity.ATTENTION: "yellow", Severity.NOTE: "dim"}
_SEVERITIES = {
    Severity.ACTION: say("cli.severity-action", "ACTION"),
    Severity.ATTENTION: say("cli.severity-attention", "ATTENTION"),
    Severity.NOTE: say("cli.severity-note", "note"),
}
_VERDICTS = {
    Verdict.AGREES: say("cli.verdict-agrees", "AGREES: the stored dose agrees with the recomputation"),
    Verdict.EXPLAINED: say("cli.verdict-explained", "DIFFERS, cause found: see the findings"),
    Verdict.UNEXPLAINED: say(
        "cli.verdict-unexplained", "DIFFERS, cause unknown: do not use the plan before it is known"
    ),
    Verdict.NOT_COMPARED: say("cli.verdict-computed", "COMPUTED: no stored dose was given to compare with"),
}


def check(
    context: typer.Context,
    *,
    plan: Annotated[
        Path, typer.Argument(exists=True, help="RT Plan file, or the folder of an exported case. 计划文件或病例文件夹")
    ],
    dose: options.DoseFile = None,
    structures: options.StructureFile = None,
    images: options.ImageFolder = None,
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Name of the target structure. 靶区名称", show_default=False)
    ] = None,
    reference_dose: Annotated[
        float | None,
        typer.Option(
            "--reference-dose", help="What 100 % means in Gy; else the prescription. 参考剂量", show_default=False
        ),
    ] = None,
    tolerances: Annotated[
        Path | None,
        typer.Option(
            "--tolerances", exists=True, dir_okay=False, help="Your own tolerances, YAML. 限值文件", show_default=False
        ),
    ] = None,
    end_cap: options.EndCapName = "half-slice",
    patient: options.PatientId = None,
    plan_label: options.PlanLabel = None,
    alone: options.Alone = False,
    font: options.Fonts = None,
    out: options.Out = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Recompute another system's plan, compare, explain the difference, and write a report to sign. 独立核对计划.

    Dose, structures and images are looked for beside the plan by what they quote. Without --out the report goes to
    a folder check-<plan> here; with --json and without --out nothing is written.

    Exit codes: 0 nothing needs action, 1 something does, 2 wrong use, 3 bad input, 4 a choice is needed.
    """
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    limits = load_tolerances(tolerances)
    asked = Asked(dose=dose, structures=structures, images=images, patient=patient, plan_label=plan_label, alone=alone)
    with speaker.following() as follow:
        follow(READING, 0.0)
        case = load_case(find_case(plan, asked), Told(source=source, implant_at=implant_at))
        follow(READING, 1.0)
        folder = _folder(case, out, as_json=as_json)
        if folder is not None:
            require_free(folder, replace=replace)
        checked = check_plan(
            case.plan,
            stored=case.dose,
            structures=case.structures,
            tolerances=limits,
            stated_points=case.points,
            target=target,
            reference_dose_gy=reference_dose,
            end_cap=options.end_cap_named(end_cap),
            progress=follow,
        )
        if folder is not None:
            follow(WRITING, 0.0)
            with whole_folder(folder, replace=replace) as building:
                paper = Paper(language=speaker.language, extra_fonts=tuple(font or ()))
                write_check(case, checked, limits, building, paper=paper, made_at=surroundings.now())
            follow(WRITING, 1.0)
    tell(case, checked.check, speaker, folder=folder)
    raise typer.Exit(exit_of_findings((*case.findings, *checked.check.findings)))


def _folder(case: Case, out: Path | None, *, as_json: bool) -> Path | None:
    if out is not None:
        return out
    if as_json:
        return None
    name = re.sub(r"[^\w.-]+", "-", case.plan.label).strip("-.") or "plan"
    return Path(f"check-{name}-{case.plan.content_hash[:8]}")


def write_check(
    case: Case,
    checked: Checked,
    limits: CheckTolerances,
    folder: Path,
    *,
    paper: Paper,
    made_at: datetime,
    name: str = "report",
) -> None:
    """Write report, pictures and data of a check into a folder.

    Parameters
    ----------
    case, checked, limits
        What was read, what came of it, by which tolerances.
    folder
        An empty folder.
    paper
        Language and fonts.
    made_at
        Printed on the report.
    name
        Of the PDF, before its language.
    """
    printed = CheckedCase(
        plan=case.plan,
        check=checked.check,
        recomputed=checked.recomputed.volume,
        compared=checked.compared.volume if checked.compared is not None else None,
        stored=checked.stored.volume if checked.stored is not None else None,
        structures=case.structures,
        image=case.image,
        limits=printed_limits(limits, paper.language),
        deviations=case.deviations,
        files=case.files,
        gamma=checked.gamma,
    )
    document = plan_check_document(printed, made_at=made_at, paper=paper)
    pdf = typeset(document, language=paper.language, extra_fonts=paper.extra_fonts)
    (folder / f"{name}-{paper.language.value}.pdf").write_bytes(pdf)
    write_pictures(document, folder, language=paper.language)
    data = check_data(case, checked.check, paper.language)
    (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def check_data(case: Case, outcome: PlanCheck, language: Language) -> dict[str, Any]:
    """Return a check as data for scripts."""
    return {
        "schema": SCHEMA,
        "command": "check",
        "plan": plan_json(case.plan),
        "files": [{"role": str(file.role), "name": file.name, "sha256": file.sha256} for file in case.files],
        "deviations": [deviation_json(deviation, language) for deviation in case.deviations],
        "belonging": [finding_json(finding, language) for finding in case.findings],
        **check_json(outcome, language),
    }


def tell(case: Case, outcome: PlanCheck, speaker: Speaker, *, folder: Path | None) -> None:
    """Say the outcome of a check on the terminal, or give it as JSON."""
    speaker.give(check_data(case, outcome, speaker.language) | {"folder": str(folder) if folder else None})
    if speaker.as_json:
        return
    for remark in case.remarks:
        speaker.remark(remark)
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in (*outcome.findings, *case.findings):
        table.add_row(
            f"[{_STYLES[finding.severity]}]{speaker.words(_SEVERITIES[finding.severity])}[/]",
            _escaped(speaker.words(finding.message)),
        )
    speaker.show(table)
    for structure in outcome.structures:
        if structure.is_target:
            speaker.say(f"{structure.name}: {figures(structure)}")
    speaker.say(_VERDICTS[outcome.verdict])
    if folder is not None:
        speaker.say(written_words(folder))


def written_words(folder: Path) -> Message:
    """Return the sentence that says where results are."""
    return say("cli.written", "written to {folder}", folder=str(folder))


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")

"""``trocar verify``: what was implanted, found on the CT after the implant and compared with the plan."""

import dataclasses
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, finding_json
from trocar.cli.console import Speaker
from trocar.cli.exits import Exit, exit_of_findings
from trocar.cli.folders import MARK, require_free, whole_folder
from trocar.cli.landmarks import read_landmarks
from trocar.cli.loading import Told
from trocar.cli.surroundings import Surroundings
from trocar.cli.verify_batch import (
    CORRECTIONS,
    EARLIER,
    EARLIER_STRUCTURES,
    LANDMARKS,
    PLANNING,
    REQUEST,
    STRUCTURES,
    BatchCase,
    run_batch,
)
from trocar.cli.verify_batch_table import HEADS, OUTCOMES, cell, summary_words
from trocar.cli.verify_files import write_verification
from trocar.cli.verify_inputs import (
    VerifyOptions,
    read_case,
    read_corrections,
    read_earlier,
    read_errors,
    read_needles,
    stated_measured,
)
from trocar.cli.verify_json import verification_data
from trocar.errors import UsageError
from trocar.plan.plan import ImplantPlan
from trocar.report.document import say
from trocar.results.registration import Motion
from trocar.results.verification import Interval
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_request import StatedCounts, VerifyRequest

READING = say("cli.stage-reading", "reading the files")
OF_ONE_CASE = (
    "plan",
    "structures",
    "planning_ct",
    "taken",
    "implanted",
    "returned",
    "corrections",
    "measured_surface",
    "measured_metre",
    "measured_at",
    "landmarks",
    "earlier",
    "earlier_structures",
    "earlier_corrections",
    "asked",
    "source",
    "implant_at",
    "out",
)
"""Parameters of the command that mean nothing for a folder of cases."""

NAMED = {"measured_metre": "measured-1m", "asked": "request"}
"""Options called otherwise than their parameters."""

SHOWN = ("case", "outcome", "planned", "seen", "migrated", "d90_planned_gy", "d90_gy", "v100_percent", "said")
"""What the terminal shows of the table; the files hold all of it."""

WRITING = say("cli.stage-writing", "writing the report")


def verify(
    context: typer.Context,
    *,
    scan: Annotated[
        Path,
        typer.Argument(exists=True, help="Folder of the CT after the implant; of cases with --batch. 术后 CT 文件夹"),
    ],
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            exists=True,
            dir_okay=False,
            help="RT Plan of the implant. 计划文件",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Verify every case of a folder that has no results yet. 批量验证")
    ] = False,
    structures: options.StructureFile = None,
    planning_ct: Annotated[
        Path | None,
        typer.Option(
            "--planning-ct", exists=True, help="Folder of the planning CT. 计划 CT 文件夹", show_default=False
        ),
    ] = None,
    taken: Annotated[
        int | None, typer.Option("--taken", min=0, help="Seeds taken from the store. 领取粒子数", show_default=False)
    ] = None,
    implanted: Annotated[
        int | None, typer.Option("--implanted", min=0, help="Seeds implanted. 植入粒子数", show_default=False)
    ] = None,
    returned: Annotated[
        int | None,
        typer.Option("--returned", min=0, help="Seeds returned to the store. 退回粒子数", show_default=False),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Name of the target structure. 靶区名称", show_default=False)
    ] = None,
    reference_dose: Annotated[
        float | None,
        typer.Option(
            "--reference-dose", help="What 100 % means in Gy; else the prescription. 参考剂量", show_default=False
        ),
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections",
            exists=True,
            dir_okay=False,
            help="Seeds corrected by hand, TOML. 人工修正文件",
            show_default=False,
        ),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(
            "--errors",
            exists=True,
            dir_okay=False,
            help="Your own errors for the intervals, YAML. 误差文件",
            show_default=False,
        ),
    ] = None,
    measured_surface: Annotated[
        float | None,
        typer.Option(
            "--measured-surface", min=0.0, help="Measured at the skin, µSv/h. 体表实测剂量率", show_default=False
        ),
    ] = None,
    measured_metre: Annotated[
        float | None,
        typer.Option("--measured-1m", min=0.0, help="Measured at 1 m, µSv/h. 1 m 处实测剂量率", show_default=False),
    ] = None,
    measured_at: Annotated[
        datetime | None,
        typer.Option(
            "--measured-at",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="When it was measured. 测量时间",
            show_default=False,
        ),
    ] = None,
    swelling: Annotated[
        float | None,
        typer.Option(
            "--swelling", help="Of the target at the implant, % of its volume. 植入时肿胀百分比", show_default=False
        ),
    ] = None,
    swelling_half_life: Annotated[
        float | None,
        typer.Option(
            "--swelling-half-life", help="Days in which half of it goes. 肿胀消退半衰期（天）", show_default=False
        ),
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            "--landmarks",
            exists=True,
            dir_okay=False,
            help="CSV: x,y,z on the planning CT, x,y,z on the CT after, mm. 标志点",
            show_default=False,
        ),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--earlier",
            exists=True,
            file_okay=False,
            help="Folder of an earlier CT after the implant, such as day 0. 较早的术后 CT 文件夹",
            show_default=False,
        ),
    ] = None,
    earlier_structures: Annotated[
        Path | None,
        typer.Option(
            "--earlier-structures",
            exists=True,
            dir_okay=False,
            help="RT Structure Set drawn on the earlier CT. 较早 CT 上勾画的结构文件",
            show_default=False,
        ),
    ] = None,
    earlier_corrections: Annotated[
        Path | None,
        typer.Option(
            "--earlier-corrections",
            exists=True,
            dir_okay=False,
            help="Seeds of the earlier CT corrected by hand, TOML. 较早 CT 的人工修正文件",
            show_default=False,
        ),
    ] = None,
    asked: Annotated[
        Path | None,
        typer.Option(
            "--request",
            exists=True,
            dir_okay=False,
            help="The request the plan was made from: needles for further seeds by its rules. 计划请求文件",
            show_default=False,
        ),
    ] = None,
    deformable: Annotated[
        bool, typer.Option("--deformable", help="Let tissue deform between the two scans. 形变配准")
    ] = False,
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    end_cap: options.EndCapName = "half-slice",
    font: options.Fonts = None,
    out: options.Out = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the seeds on the CT after an implant, compute what they give, compare with the plan. 术后剂量验证.

    Without --out the results go to a folder verify-<plan> here; with --json and without --out nothing is written.

    Exit codes: 0 nothing needs action, 1 something does, 2 wrong use, 3 bad input, 4 a choice is needed.
    """
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    common = VerifyOptions(
        target=target,
        reference_gy=reference_dose,
        motion=Motion.DEFORMABLE if deformable else Motion.RIGID,
        end_cap=options.end_cap_named(end_cap),
        budget=read_errors(errors),
        swelling_percent=swelling,
        swelling_half_life_d=swelling_half_life,
        fonts=tuple(font or ()),
    )
    if batch:
        _require_no_option_of_one_case(context)
        raise typer.Exit(_verify_folder(scan, speaker, common, again=replace, at=surroundings.now()))
    if plan is None:
        raise UsageError("verify.no-plan", "a verification needs the plan it compares with; give it with --plan")
    with speaker.following() as follow:
        follow(READING, 0.0)
        told = Told(source=source, implant_at=implant_at)
        read = read_case(scan, plan, structures, planning_ct, told=told)
        before = read_earlier(earlier, earlier_structures, earlier_corrections)
        follow(READING, 1.0)
        folder = _folder(read.plan, out, as_json=as_json)
        if folder is not None:
            require_free(folder, replace=replace)
        request = dataclasses.replace(
            common.applied_to(read, half_life_alone=before is not None),
            counts=StatedCounts(taken=taken, implanted=implanted, returned=returned),
            corrections=read_corrections(corrections) if corrections is not None else None,
            measured=stated_measured(measured_surface, measured_metre, measured_at),
            landmarks=read_landmarks(landmarks) if landmarks is not None else None,
            earlier=before,
            needles=read_needles(asked, read) if asked is not None else None,
        )
        verified = verify_implant(request, progress=follow)
        if folder is not None:
            follow(WRITING, 0.0)
            with whole_folder(folder, replace=replace) as building:
                _write(request, verified, building, fonts=common.fonts, at=surroundings.now())
            follow(WRITING, 1.0)
    speaker.give(verification_data(verified, speaker.language) | {"folder": str(folder) if folder else None})
    tell(verified, speaker, folder=folder)
    raise typer.Exit(exit_of_findings(verified.findings))


def _require_no_option_of_one_case(context: typer.Context) -> None:
    """Raise where an option was given that belongs to one case: in a folder of cases it stands beside each."""
    given = [
        f"--{NAMED.get(name, name).replace('_', '-')}"
        for name in OF_ONE_CASE
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    ]
    if given:
        raise UsageError(
            "verify.batch-option",
            "{options} belongs to one case and cannot be given for a folder of cases; put plan.dcm, after/, images/, "
            "structures.dcm, counts.json, corrections.toml, landmarks.csv and earlier/ into the folder of each case",
            options=", ".join(given),
        )


def _verify_folder(parent: Path, speaker: Speaker, common: VerifyOptions, *, again: bool, at: datetime) -> Exit:
    """Verify every case of a folder, show one table, and return the exit code."""

    def one(case: BatchCase) -> dict[str, Any]:
        speaker.remark(case.folder.name)
        request = _request_of(case, common)
        with speaker.following() as follow:
            verified = verify_implant(request, progress=follow)
            with whole_folder(case.results, replace=True) as building:
                _write(request, verified, building, fonts=common.fonts, at=at)
        return verification_data(verified, speaker.language)

    rows = run_batch(parent, one, again=again, language=speaker.language)
    speaker.give({"schema": SCHEMA, "command": "verify", "cases": rows})
    table = Table(*(speaker.words(HEADS[name]) for name in SHOWN), box=None)
    for row in rows:
        table.add_row(*(_shown(row, name, speaker) for name in SHOWN))
    speaker.show(table)
    speaker.say(summary_words(rows))
    return Exit.ACTION if any(row["outcome"] != "done" for row in rows) else Exit.DONE


def _request_of(case: BatchCase, common: VerifyOptions) -> VerifyRequest:
    read = read_case(case.scan, case.plan, case.may(STRUCTURES), case.may(PLANNING), told=Told())
    before = read_earlier(case.may(EARLIER), case.may(EARLIER_STRUCTURES), None)
    corrections, landmarks = case.may(CORRECTIONS), case.may(LANDMARKS)
    return dataclasses.replace(
        common.applied_to(read, half_life_alone=True),
        counts=case.counts(),
        corrections=read_corrections(corrections) if corrections is not None else None,
        landmarks=read_landmarks(landmarks) if landmarks is not None else None,
        earlier=before,
        needles=read_needles(request, read) if (request := case.may(REQUEST)) is not None else None,
    )


def _shown(row: dict[str, Any], name: str, speaker: Speaker) -> str:
    text = speaker.words(OUTCOMES[row[name]]) if name == "outcome" else cell(row[name])
    return text.replace("[", "\\[")


def _folder(plan: ImplantPlan, out: Path | None, *, as_json: bool) -> Path | None:
    if out is not None or as_json:
        return out
    name = re.sub(r"[^\w.-]+", "-", plan.label).strip("-.") or "plan"
    return Path(f"verify-{name}-{plan.content_hash[:8]}")


def _write(
    request: VerifyRequest, verified: Verification, folder: Path, *, fonts: tuple[Path, ...], at: datetime
) -> None:
    data = write_verification(request, verified, folder, fonts=fonts, at=at)
    (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def tell(verified: Verification, speaker: Speaker, *, folder: Path | None) -> None:
    """Say the outcome on the terminal, unless that carries JSON."""
    if speaker.as_json:
        return
    counts = verified.counts
    speaker.say(
        say(
            "cli.verify-seeds",
            "{seen} seeds seen, {planned} planned; {paired} paired, median {median_mm:.1f} mm from their place",
            seen=counts.seen,
            planned=counts.planned,
            paired=len(verified.comparison.pairs),
            median_mm=verified.comparison.median_mm,
        )
    )
    for outcome in verified.outcomes:
        if outcome.is_target:
            speaker.say(f"{outcome.name}: " + "  ".join(_number(metric) for metric in outcome.metrics))
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in verified.findings:
        words = finding_json(finding, speaker.language)
        table.add_row(str(words["severity"]), str(words["text"]).replace("[", "\\["))
    speaker.show(table)
    if folder is not None:
        speaker.say(say("cli.written", "written to {folder}", folder=str(folder)))


def _number(metric: Interval) -> str:
    planned = "" if metric.planned is None else f" ({metric.planned:.1f})"
    return f"{metric.name} {metric.value:.1f}{planned} {metric.unit}"

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
from trocar.cli.loading import Told, load_plan
from trocar.cli.surroundings import Surroundings
from trocar.cli.verify_batch import COLUMNS, BatchCase, run_batch
from trocar.cli.verify_files import verification_data, write_verification
from trocar.cli.verify_inputs import read_corrections, read_errors
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import UsageError
from trocar.plan.plan import ImplantPlan
from trocar.report.document import say
from trocar.results.protection import Measured
from trocar.results.registration import Motion
from trocar.results.verification import Interval
from trocar.workflow.swelling import Swelling
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_request import StatedCounts, VerifyRequest

READING = say("cli.stage-reading", "reading the files")
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
            "--plan", exists=True, dir_okay=False, help="RT Plan of the implant. 计划文件", show_default=False
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
    if batch:
        raise typer.Exit(_verify_folder(scan, speaker, again=replace, at=surroundings.now()))
    if plan is None:
        raise UsageError("verify.no-plan", "a verification needs the plan it compares with; give it with --plan")
    with speaker.following() as follow:
        follow(READING, 0.0)
        read = _read_request(scan, plan, structures, planning_ct, told=Told(source=source, implant_at=implant_at))
        follow(READING, 1.0)
        folder = _folder(read.plan, out, as_json=as_json)
        if folder is not None:
            require_free(folder, replace=replace)
        request = VerifyRequest(
            plan=read.plan,
            scan=read.scan,
            structures=read.structures,
            planning=read.planning,
            counts=StatedCounts(taken=taken, implanted=implanted, returned=returned),
            target=target,
            reference_gy=reference_dose,
            motion=Motion.DEFORMABLE if deformable else Motion.RIGID,
            end_cap=options.end_cap_named(end_cap),
            corrections=read_corrections(corrections) if corrections is not None else None,
            budget=read_errors(errors),
            measured=_measured(measured_surface, measured_metre, measured_at),
            swelling=_swelling(swelling, swelling_half_life),
        )
        verified = verify_implant(request, progress=follow)
        if folder is not None:
            follow(WRITING, 0.0)
            with whole_folder(folder, replace=replace) as building:
                _write(request, verified, building, fonts=tuple(font or ()), at=surroundings.now())
            follow(WRITING, 1.0)
    speaker.give(verification_data(verified, speaker.language) | {"folder": str(folder) if folder else None})
    tell(verified, speaker, folder=folder)
    raise typer.Exit(exit_of_findings(verified.findings))


def _verify_folder(parent: Path, speaker: Speaker, *, again: bool, at: datetime) -> Exit:
    """Verify every case of a folder, show one table, and return the exit code."""

    def one(case: BatchCase) -> dict[str, Any]:
        speaker.remark(case.folder.name)
        read = _read_request(case.scan, case.plan, case.structures, case.planning, told=Told())
        request = dataclasses.replace(read, counts=StatedCounts(**case.counts), budget=read_errors(None))
        with speaker.following() as follow:
            verified = verify_implant(request, progress=follow)
            with whole_folder(case.results, replace=again) as building:
                _write(request, verified, building, fonts=(), at=at)
        return verification_data(verified, speaker.language)

    rows = run_batch(parent, one, again=again, language=speaker.language)
    speaker.give({"schema": SCHEMA, "command": "verify", "cases": rows})
    table = Table(*COLUMNS, box=None)
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in COLUMNS))
    speaker.show(table)
    return Exit.ACTION if any(row["outcome"] != "done" for row in rows) else Exit.DONE


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if isinstance(value, float) else str(value).replace("[", "\\[")


def _read_request(
    scan: Path, plan: Path, structures: Path | None, planning_ct: Path | None, *, told: Told
) -> VerifyRequest:
    read_plan = load_plan(plan, told).value
    if not isinstance(read_plan, ImplantPlan):
        raise UsageError(
            "verify.not-an-implant",
            "plan {label} is an afterloading treatment; only permanent implants leave seeds that a later CT shows",
            label=read_plan.label,
        )
    planning = read_image(planning_ct).value if planning_ct is not None else None
    after = read_image(scan).value
    drawn = read_structures(structures).value if structures is not None else None
    return VerifyRequest(plan=read_plan, scan=after, structures=drawn, planning=planning)


def _measured(surface: float | None, metre: float | None, at: datetime | None) -> Measured | None:
    if surface is None and metre is None:
        return None
    if at is None:
        raise UsageError(
            "verify.measured-when",
            "a measured dose rate was given without when it was measured; it decays: give --measured-at",
        )
    return Measured(surface_usv_h=surface, one_metre_usv_h=metre, at=at)


def _swelling(percent: float | None, half_life_d: float | None) -> Swelling | None:
    if (percent is None) != (half_life_d is None):
        raise UsageError(
            "verify.swelling-half",
            "swelling is stated by two numbers, --swelling and --swelling-half-life; one was given: neither has a "
            "default",
        )
    if percent is None or half_life_d is None:
        return None
    return Swelling(at_implant_percent=percent, half_life_d=half_life_d)


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

"""``trocar ablate``: plan an ablation, simulate it, and verify its margin."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from trocar.cli import options
from trocar.cli.ablate_combine import combine_plans, rim
from trocar.cli.ablate_files import write_ablation_plan, write_margin
from trocar.cli.ablate_outline import outline
from trocar.cli.ablate_request import ablation_request, margin_request
from trocar.cli.ablate_simulate import simulate
from trocar.cli.console import Speaker
from trocar.cli.exits import exit_of_findings
from trocar.cli.folders import whole_folder
from trocar.cli.landmarks import read_landmarks
from trocar.cli.points import numbers_in
from trocar.cli.request_section import read_request
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import UsageError
from trocar.plan.patient import Image
from trocar.plan.structures import Structure
from trocar.report.document import say
from trocar.results.findings import Severity
from trocar.results.registration import Motion
from trocar.workflow.ablation_intake import with_thickness
from trocar.workflow.plan_ablation import plan_ablation
from trocar.workflow.verify_ablation import verify_ablation

READING = say("cli.ablate-reading", "Reading images and structures")
PAPERS = say("cli.ablate-papers", "Writing papers and DICOM")
NOT_SIMULATED = say("cli.ablate-not-simulated", "not simulated")
USUAL_PACK = "published/ablation_margin"
MOTIONS = {"rigid": Motion.RIGID, "deformable": Motion.DEFORMABLE}

ablate = typer.Typer(
    no_args_is_help=True, help="Plan an ablation, simulate it, verify its margin. 消融的计划、模拟与边缘验证"
)

Images = Annotated[Path, typer.Option("--images", exists=True, help="Folder of the CT. 影像文件夹")]
Structures = Annotated[
    Path, typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件")
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")]

ablate.command("simulate")(simulate)
ablate.command("outline")(outline)
ablate.command("rim")(rim)
ablate.command("combine")(combine_plans)


@ablate.command("plan")
def plan(
    context: typer.Context,
    *,
    request: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What to plan, a TOML file. 计划请求文件")
    ],
    images: Images,
    structures: Structures,
    out: OutFolder,
    replace: options.Replace = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the robustness draws. 随机种子")] = 1,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Propose applicators that cover a tumour and its margin, with papers and DICOM. 制定消融计划."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    section = read_request(request)
    with speaker.following() as told:
        told(READING, 0.0)
        image = read_image(images).value
        drawn = with_thickness(read_structures(structures, image=image).value, image)
        wanted = ablation_request(section, image, drawn)
        section.done()
        told(READING, 1.0)
        proposed = plan_ablation(wanted, rng=np.random.default_rng(seed), progress=told)
        told(PAPERS, 0.0)
        with whole_folder(out, replace=replace) as folder:
            data = write_ablation_plan(folder, wanted, proposed, at=surroundings.now())
            (folder / "request.toml").write_text(request.read_text(encoding="utf-8"), encoding="utf-8")
        told(PAPERS, 1.0)
    speaker.give(data)
    speaker.say(
        say(
            "cli.ablate-plan-done",
            "{n} insertions, {activations} activations; minimal margin {planned:+.1f} mm by the zones laid out, "
            "{mam} in this patient's own tissue; everything is in {folder}",
            n=len(proposed.plan.applicators),
            activations=len(proposed.plan.activations),
            planned=proposed.planned.least_mm,
            mam=NOT_SIMULATED if proposed.simulated is None else f"{proposed.margin.least_mm:+.1f} mm",
            folder=str(out),
        )
    )
    for finding in proposed.findings:
        if finding.severity is not Severity.NOTE:
            speaker.say(finding.message)
    raise typer.Exit(exit_of_findings(proposed.findings))


@ablate.command("verify")
def verify(
    context: typer.Context,
    *,
    images: Images,
    structures: Structures,
    lesion: Annotated[str, typer.Option("--lesion", help="Name of the tumour on the scan before. 肿瘤结构名")],
    kind: Annotated[str, typer.Option("--organ-kind", help="liver, lung or kidney: whose rules apply. 器官类别")],
    margin_mm: Annotated[float, typer.Option("--margin", help="Margin aimed at, mm. 目标边缘")],
    out: OutFolder,
    organ: Annotated[str, typer.Option("--organ", help="Name of the organ's structure. 器官结构名")] = "",
    after: Annotated[
        Path | None, typer.Option("--after", exists=True, help="Folder of the CT after. 术后 CT", show_default=False)
    ] = None,
    zone_file: Annotated[
        Path | None,
        typer.Option(
            "--zone-structures", exists=True, dir_okay=False, help="RTSTRUCT on it. 术后结构", show_default=False
        ),
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="Name of the zone's structure. 消融区结构名")] = "",
    click: Annotated[
        str, typer.Option("--zone-click", help="x,y,z in the middle of the zone, mm. 点击消融区中心")
    ] = "",
    landmarks: Annotated[
        Path | None,
        typer.Option(
            "--landmarks",
            exists=True,
            dir_okay=False,
            help="CSV: x,y,z before, x,y,z after. 标志点",
            show_default=False,
        ),
    ] = None,
    registration_error_mm: Annotated[
        float | None, typer.Option("--registration-error", help="Stated, mm. 配准误差", show_default=False)
    ] = None,
    outline_error_mm: Annotated[
        float | None, typer.Option("--outline-error", help="Of outlines, one sd, mm. 轮廓误差", show_default=False)
    ] = None,
    spare: Annotated[
        list[str] | None,
        typer.Option("--spare", help="Structure no zone may reach; repeat. 须避开的结构", show_default=False),
    ] = None,
    motion: Annotated[str, typer.Option("--motion", help="rigid or deformable. 配准方式")] = "rigid",
    pack: Annotated[str, typer.Option("--pack", help="Rule pack. 规则包")] = USUAL_PACK,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Measure the margin that an ablation reached, with its map. 验证消融边缘."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    with speaker.following() as told:
        told(READING, 0.0)
        before = read_image(images).value
        scan = None if after is None else read_image(after).value
        drawn = with_thickness(read_structures(structures, image=before).value, before)
        request = margin_request(
            before=before,
            structures=drawn,
            lesion=lesion,
            organ=organ,
            after=scan,
            zone=_zone(zone_file or structures, zone, scan or before),
            click_lps_mm=_point(click),
            wanted_mm=margin_mm,
            outline_error_mm=outline_error_mm,
            registration_error_mm=registration_error_mm,
            landmarks=None if landmarks is None else read_landmarks(landmarks),
            motion=_motion(motion),
            pack=pack,
            organ_kind=kind,
            spared=tuple(spare or ()),
        )
        told(READING, 1.0)
        verified = verify_ablation(request, progress=told)
        told(PAPERS, 0.0)
        with whole_folder(out, replace=replace) as folder:
            data = write_margin(folder, request, verified, at=surroundings.now())
        told(PAPERS, 1.0)
    speaker.give(data)
    _tell(speaker, verified.margin.least_mm, out)
    for finding in verified.findings:
        if finding.severity is not Severity.NOTE:
            speaker.say(finding.message)
    raise typer.Exit(exit_of_findings(verified.findings))


def _tell(speaker: Speaker, least_mm: float, out: Path) -> None:
    speaker.say(
        say(
            "cli.ablate-verify-done",
            "minimal ablative margin {mam:+.1f} mm; report and map are in {folder}",
            mam=least_mm,
            folder=str(out),
        )
    )


def _zone(file: Path, name: str, image: Image) -> Structure | None:
    return with_thickness(read_structures(file, image=image).value, image).named(name) if name else None


def _point(text: str) -> np.ndarray | None:
    return numbers_in(text, 3) if text else None


def _motion(name: str) -> Motion:
    if name not in MOTIONS:
        raise UsageError(
            "cli.no-such-choice",
            "{option} is {given}; it can be: {choices}",
            option="--motion",
            given=name,
            choices=", ".join(MOTIONS),
        )
    return MOTIONS[name]

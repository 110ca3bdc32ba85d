"""``trocar ablate rim`` and ``trocar ablate combine``: ablate the core, seed the rest, and one report of both."""

import json
from dataclasses import replace as replaced
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trocar.cli import options
from trocar.cli.ablate_files import MADE_BY, marked, write_document
from trocar.cli.ablate_plan_file import ablation_plan_from
from trocar.cli.as_json import finding_json
from trocar.cli.exits import exit_of_findings
from trocar.cli.folders import MARK, whole_folder
from trocar.cli.outcome import OUTCOME, read_outcome
from trocar.cli.request_section import Section, a_moment, a_number, a_text, a_whole, read_request
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import write_structures
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.report.combined import CombinedCase, combined_report
from trocar.report.document import say
from trocar.report.pictures import Paper
from trocar.results.combined_treatment import CombinedTreatment
from trocar.results.findings import Finding, Severity
from trocar.rules.ablation_margin import pack_sentence
from trocar.workflow.ablation_intake import with_thickness
from trocar.workflow.combine import CombineRequest, OrganLimit, combine, rim_to_seed
from trocar.workflow.verify_ablation import body_of, mask_of

READING = say("cli.ablate-reading", "Reading images and structures")
COMBINING = say("cli.ablate-combining", "Adding up heat and seeds")
ZONE_NAME = "ablation zone"

Images = Annotated[Path, typer.Option("--images", exists=True, help="Folder of the CT. 影像文件夹")]
Structures = Annotated[
    Path, typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件")
]
Ablation = Annotated[
    Path, typer.Option("--ablation", exists=True, file_okay=False, help="Folder of trocar ablate plan. 消融计划文件夹")
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")]


def rim(
    context: typer.Context,
    *,
    images: Images,
    structures: Structures,
    ablation: Ablation,
    margin_mm: Annotated[
        float, typer.Option("--margin", min=0.0, help="Wanted by heat and seeds together, mm. 目标边缘")
    ],
    overlap_mm: Annotated[
        float, typer.Option("--overlap", min=0.0, help="How far seeds reach into the zone, mm. 与消融区重叠")
    ],
    out: OutFolder,
    name: Annotated[str, typer.Option("--name", help="Name of the new target. 新靶区名")] = "Rim",
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Outline what an ablation leaves of tumour and margin, to plan seeds on it. 勾画消融后留给粒子的部分."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    image = read_image(images).value
    drawn = with_thickness(read_structures(structures, image=image).value, image)
    plan, zone = _ablation(ablation, image)
    target = replaced(plan.target, margin_mm=margin_mm)
    left = rim_to_seed(image, drawn, target, zone, overlap_mm=overlap_mm, name=name)
    with whole_folder(out, replace=replace) as folder:
        kept = tuple(each for each in drawn if each.name != zone.name)
        both = replaced(drawn, structures=(*kept, left))
        both = replaced(both, structures=(*both, _renumbered(zone, both)))
        write_structures(both, folder / "RTSTRUCT.dcm", at=surroundings.now())
        (folder / MARK).write_text("{}", encoding="utf-8")
    mask, grid = mask_of(left)
    volume = float(mask.sum()) * grid.voxel_volume_mm3 / 1000
    speaker.give({"name": name, "volume_ml": volume})
    speaker.say(
        say(
            "cli.ablate-rim",
            "{name} holds {volume:.1f} ml; plan seeds on it with trocar plan and {file}",
            name=name,
            volume=volume,
            file=str(out / "RTSTRUCT.dcm"),
        )
    )


def combine_plans(
    context: typer.Context,
    *,
    request: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Limits of both, TOML. 联合限值文件")],
    images: Images,
    structures: Structures,
    ablation: Ablation,
    seeds: Annotated[
        Path, typer.Option("--seeds", exists=True, help="RT Plan of the seeds, or folder of trocar plan. 粒子计划")
    ],
    out: OutFolder,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what an ablation and seeds do together in one patient, in one report. 消融与粒子联合报告."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    section = read_request(request)
    with speaker.following() as told:
        told(READING, 0.0)
        image = read_image(images).value
        plan, zone = _ablation(ablation, image)
        asked = CombineRequest(
            structures=with_thickness(read_structures(structures, image=image).value, image),
            ablation=plan,
            zone=zone,
            seeds=_seeds(seeds, section.take("implant_at", a_moment)),
            margin_mm=section.take("margin_mm", a_number),
            prescription_gy=section.take("prescription_gy", a_number),
            limits=tuple(
                _limit(Section(f"limit {n}", each)) for n, each in enumerate(section.may("limit", list) or (), start=1)
            ),
            ablate_at=section.may("ablate_at", a_moment),
        )
        section.done()
        told(READING, 1.0)
        told(COMBINING, 0.0)
        treatment, findings = combine(asked)
        with whole_folder(out, replace=replace) as folder:
            case = _case(asked, image, treatment, findings, of_ablation=_found_in(ablation), of_seeds=_found_in(seeds))
            data = _write(folder, asked, case, at=surroundings.now())
        told(COMBINING, 1.0)
    speaker.give(data)
    speaker.say(
        say(
            "cli.ablate-combined",
            "untreated: {tumour:.2f} ml of tumour, {margin:.2f} ml of margin; the report is in {folder}",
            tumour=treatment.parts[0].neither_ml,
            margin=treatment.parts[1].neither_ml,
            folder=str(out),
        )
    )
    for finding in findings:
        if finding.severity is Severity.ACTION:
            speaker.say(finding.message)
    raise typer.Exit(exit_of_findings(findings))


def _ablation(folder: Path, image: Image) -> tuple[AblationPlan, Structure]:
    file = folder / "plan.json"
    if not file.is_file():
        raise UsageError(
            "cli.ablate-no-plan-folder",
            "{folder} holds no plan.json; give the folder that trocar ablate plan made",
            folder=folder.name,
        )
    plan = ablation_plan_from(json.loads(file.read_text(encoding="utf-8")), image)
    return plan, with_thickness(read_structures(folder / "RTSTRUCT.dcm", image=image).value, image).named(ZONE_NAME)


def _seeds(path: Path, implant_at: datetime) -> ImplantPlan:
    file = path / "RTPLAN.dcm" if path.is_dir() else path
    found = read_plan(file, implant_at=implant_at).value
    if not isinstance(found, ImplantPlan):
        raise UsageError(
            "cli.combine-no-implant",
            "{file} holds no permanent implant; give the RT Plan of the seeds",
            file=file.name,
        )
    return found


def _limit(section: Section) -> OrganLimit:
    made = OrganLimit(
        structure=section.take("structure", a_text),
        least_gap_mm=section.take("zone_mm", a_number),
        most_dose_gy=section.take("dose_gy", a_number),
        cc=section.take("cc", a_number),
        least_needle_mm=section.may("needle_mm", a_number),
        most_entries=section.may("enter_at_most", a_whole),
    )
    section.done()
    return made


def _found_in(folder: Path) -> tuple[Finding, ...]:
    """Return what the report of a plan asks to be seen, from its folder; nothing where a lone file was given."""
    if not (folder / OUTCOME).is_file():
        return ()
    told = [each for each in read_outcome(folder)["findings"] if each["severity"] != Severity.NOTE.value]
    return tuple(
        Finding(
            severity=Severity(each["severity"]),
            message=pack_sentence(each["en"][:1].upper() + each["en"][1:], each["zh"]),
            reference=each["reference"],
        )
        for each in told
    )


def _case(
    asked: CombineRequest,
    image: Image,
    treatment: CombinedTreatment,
    findings: tuple[Finding, ...],
    *,
    of_ablation: tuple[Finding, ...],
    of_seeds: tuple[Finding, ...],
) -> CombinedCase:
    return CombinedCase(
        image=image,
        treatment=treatment,
        zone=body_of(asked.zone).mesh,
        lesion=body_of(asked.structures.named(asked.ablation.target.lesion)).mesh,
        ablation=asked.ablation,
        seeds=asked.seeds,
        findings=findings,
        made_by=MADE_BY,
        margin_mm=asked.margin_mm,
        of_ablation=of_ablation,
        of_seeds=of_seeds,
    )


def _write(folder: Path, asked: CombineRequest, case: CombinedCase, *, at: datetime) -> dict[str, Any]:
    for language in Language:
        document = combined_report(case, paper=Paper(language=language), made_at=at)
        title = "Ablation and seeds combined" if language is Language.ENGLISH else "消融与粒子联合治疗报告"
        write_document(folder, document, "combined", title, language=language, image=case.image, at=at)
    both = replaced(asked.structures, structures=(*asked.structures, _renumbered(asked.zone, asked.structures)))
    write_structures(both, folder / "RTSTRUCT.dcm", at=at)
    return marked(folder, _data(case))


def _renumbered(zone: Structure, beside: StructureSet) -> Structure:
    return replaced(zone, number=max(each.number for each in beside) + 1)


def _data(case: CombinedCase) -> dict[str, Any]:
    treatment = case.treatment
    return {
        "prescription_gy": treatment.prescription_gy,
        "parts": {
            part.name: {
                "total_ml": part.total_ml,
                "heat_ml": part.heat_ml,
                "seeds_ml": part.seeds_ml,
                "both_ml": part.both_ml,
                "neither_ml": part.neither_ml,
            }
            for part in treatment.parts
        },
        "untreated": [
            {"part": each.part, "ml": each.ml, "side": each.side, "middle_lps_mm": each.middle_lps_mm.tolist()}
            for each in treatment.untreated
        ],
        "organs": {
            organ.name: {
                "gap_mm": organ.gap_mm,
                "dose_gy": organ.dose_gy,
                "cc": organ.cc,
                "needle_gap_mm": organ.needle_gap_mm,
                "entries": list(organ.entries),
                "kept": organ.is_kept,
            }
            for organ in treatment.organs
        },
        "punctures": list(treatment.punctures),
        "seeds": treatment.seeds,
        "seeds_in_zone": treatment.seeds_in_zone,
        "heat_is_over_before_seeds": treatment.times.heat_is_over,
        "findings": [finding_json(each, Language.ENGLISH) for each in case.findings],
        "findings_of_ablation": [finding_json(each, Language.ENGLISH) for each in case.of_ablation],
        "findings_of_seeds": [finding_json(each, Language.ENGLISH) for each in case.of_seeds],
    }

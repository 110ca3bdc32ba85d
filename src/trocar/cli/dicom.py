"""`trocar dicom`: what a folder holds, what a file says, and the same written anew."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, deviation_json, plan_json
from trocar.cli.case_files import Asked, find_case
from trocar.cli.console import Speaker
from trocar.cli.folders import MARK, whole_folder
from trocar.cli.loading import Told, load_case
from trocar.cli.surroundings import Surroundings
from trocar.cli.writing import mark_folder, write_case
from trocar.dicom.belonging import read_identity
from trocar.dicom.folder import Survey, survey
from trocar.dicom.image import read_image
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtdose_writing import DOSE_CLASS_UID
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtplan_writing import PLAN_CLASS_UID
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import STRUCTURE_SET_CLASS_UID
from trocar.dicom.seg import LABEL_MAP_SEGMENTATION, SEGMENTATION, read_seg
from trocar.dicom.segmentation import Segmentation
from trocar.dicom.slices import MULTI_FRAME, SINGLE_FRAME
from trocar.errors import RefusedObject
from trocar.geometry.grid import Grid
from trocar.report.document import say
from trocar.results.findings import Deviation
from trocar.units import cc_from_mm3

dicom = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look at DICOM files, and write them anew. 查看与重写 DICOM 文件."
)
SURVEYING = say("cli.stage-surveying", "looking at the files")
WRITING = say("cli.stage-writing-files", "writing the files")


@dicom.command("survey")
def survey_folder(
    context: typer.Context,
    *,
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder or file. 文件夹或文件")],
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what a folder holds: patients, studies, series, objects, and what is wrong with them. 清点文件夹."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    with speaker.following() as follow:
        follow(SURVEYING, 0.0)
        found = survey(folder)
        follow(SURVEYING, 1.0)
    speaker.give({"schema": SCHEMA, "command": "dicom survey", **_survey_json(found, speaker)})
    for patient in found.patients:
        speaker.say(say("cli.patient", "patient {identifier}", identifier=patient.patient.identifier or "''"))
        table = Table(box=None, show_header=False, pad_edge=False)
        for study in patient.studies:
            for series in study.series:
                label = next((file.label for file in series.files if file.label), "") or series.description
                table.add_row("  " + series.modality, str(len(series.files)), label, series.series_uid)
        speaker.show(table)
    for problem in found.problems:
        speaker.remark(say("cli.problem", "{where}: {problem}", where=problem.where or "—", problem=problem.message))


def _survey_json(found: Survey, speaker: Speaker) -> dict[str, Any]:
    return {
        "patients": [
            {
                "patient_id": patient.patient.identifier,
                "studies": [
                    {
                        "study_uid": study.study_uid,
                        "description": study.description,
                        "series": [
                            {
                                "series_uid": series.series_uid,
                                "modality": series.modality,
                                "description": series.description,
                                "frames_of_reference": list(series.frame_uids),
                                "files": [str(file.path) for file in series.files],
                                "labels": [file.label for file in series.files if file.label],
                            }
                            for series in study.series
                        ],
                    }
                    for study in patient.studies
                ],
            }
            for patient in found.patients
        ],
        "problems": [deviation_json(problem, speaker.language) for problem in found.problems],
    }


@dicom.command("show")
def show(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Argument(exists=True, help="A DICOM file, or the folder of one image series. 文件或影像文件夹")
    ],
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Read an object as Trocar would use it, and say what it is and what was tolerated in it. 查看对象."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    facts, deviations = _facts(file, Told(source=source, implant_at=implant_at))
    speaker.give(
        {
            "schema": SCHEMA,
            "command": "dicom show",
            **facts,
            "deviations": [deviation_json(deviation, speaker.language) for deviation in deviations],
        }
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name, str(value).replace("[", "\\["))
    speaker.show(table)
    for deviation in deviations:
        speaker.say(say("cli.tolerated", "tolerated: {what}", what=deviation.message))


def _facts(file: Path, told: Told) -> tuple[dict[str, Any], tuple[Deviation, ...]]:
    kind = read_identity(file).sop_class_uid if file.is_file() else ""
    if kind == PLAN_CLASS_UID:
        plan = read_plan(file, source_model=told.source, implant_at=told.implant_at)
        return {"object": "RT Plan", **plan_json(plan.value)}, plan.deviations
    if kind == DOSE_CLASS_UID:
        dose = read_dose(file)
        volume = dose.value.volume
        facts: dict[str, Any] = {
            "object": "RT Dose",
            "patient_id": dose.value.patient_id,
            "kind": dose.value.kind.value,
        }
        facts |= {"largest": float(volume.values_kji.max()), "unit": volume.quantity.value, **_grid_facts(volume.grid)}
        return facts, dose.deviations
    if kind == STRUCTURE_SET_CLASS_UID:
        read = read_structures(file)
        names = {structure.name: len(structure.contours) for structure in read.value}
        drawn: dict[str, Any] = {
            "object": "RT Structure Set",
            "label": read.value.label,
            "contours_by_structure": names,
        }
        return {"patient_id": read.value.patient.identifier, **drawn}, read.deviations
    if kind in {SEGMENTATION, LABEL_MAP_SEGMENTATION}:
        segmentation = read_seg(file)
        return _segmentation_facts(segmentation.value), segmentation.deviations
    if kind not in {"", *SINGLE_FRAME, *MULTI_FRAME}:
        raise RefusedObject(
            "cli.not-shown",
            "{file} is an object of class {kind}; `trocar dicom show` reads CT and MR images, RT Structure Sets, "
            "RT Plans, RT Doses and Segmentations",
            file=file.name,
            kind=kind,
        )
    image = read_image(file)
    reference = image.value.reference
    return {
        "object": f"{reference.modality} series",
        "patient_id": image.value.patient.identifier,
        "series_uid": reference.series_uid,
        **_grid_facts(image.value.volume.grid),
    }, image.deviations


def _segmentation_facts(segmentation: Segmentation) -> dict[str, Any]:
    voxel_cc = cc_from_mm3(float(np.prod(segmentation.grid.spacing_ijk_mm)))
    return {
        "object": "Segmentation",
        "patient_id": segmentation.patient.identifier,
        "label": segmentation.label,
        "cc_by_segment": {
            f"{each.number} {each.label}": round(float(each.block.sum()) * voxel_cc, 3)
            for each in segmentation.segments
        },
        **_grid_facts(segmentation.grid),
    }


def _grid_facts(grid: Grid) -> dict[str, Any]:
    return {
        "shape_kji": list(grid.shape_kji),
        "spacing_ijk_mm": [round(step, 5) for step in grid.spacing_ijk_mm],
        "origin_lps_mm": [round(float(value), 4) for value in grid.origin_lps_mm],
    }


@dicom.command("export")
def export(
    context: typer.Context,
    *,
    place: Annotated[
        Path, typer.Argument(exists=True, help="RT Plan file, or the folder of a case. 计划文件或病例文件夹")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write. 输出文件夹")],
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    patient: options.PatientId = None,
    plan_label: options.PlanLabel = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Read a case and write it anew as strict DICOM: images, structures, plan, dose. 按标准重写病例."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    with speaker.following() as follow:
        follow(SURVEYING, 0.0)
        case = load_case(
            find_case(place, Asked(patient=patient, plan_label=plan_label)), Told(source=source, implant_at=implant_at)
        )
        follow(SURVEYING, 1.0)
        follow(WRITING, 0.0)
        with whole_folder(out, replace=replace) as building:
            written, remarks = write_case(
                building,
                plan=case.plan,
                dose=case.dose,
                structures=case.structures,
                image=case.image,
                at=surroundings.now(),
            )
            mark_folder(building, command="dicom export", files=written)
        follow(WRITING, 1.0)
    for remark in (*case.remarks, *remarks):
        speaker.remark(remark)
    for deviation in case.deviations:
        speaker.remark(say("cli.tolerated", "tolerated: {what}", what=deviation.message))
    speaker.give({"schema": SCHEMA, "command": "dicom export", "folder": str(out), "files": [*written, MARK]})
    speaker.say(say("cli.written", "written to {folder}", folder=str(out)))

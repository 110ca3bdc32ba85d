"""`trocar dose`: the dose of a plan on a grid or at points."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, plan_json, provenance_json
from trocar.cli.case_files import Asked, find_case
from trocar.cli.loading import Told, load_plan
from trocar.cli.surroundings import Surroundings
from trocar.dicom.belonging import read_identity
from trocar.dicom.image import read_image
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtdose_writing import write_dose
from trocar.dicom.uids import derived_uid
from trocar.errors import DicomError, UsageError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import require_same_frame
from trocar.report.document import say
from trocar.results.dose import Dose
from trocar.workflow.compute import Plan, compute_dose, compute_dose_at_points, dose_provenance, source_positions_lps_mm

COMPUTING = say("cli.stage-computing", "computing the dose")
MOST_VOXELS = 200_000_000


def dose(
    context: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(exists=True, help="RT Plan file, or a folder with one. 计划文件或文件夹")],
    grid: Annotated[
        str,
        typer.Option(
            "--grid", help="Voxel size in mm around the sources, or an RT Dose or image folder whose grid to take. 网格"
        ),
    ] = "1.0",
    margin: Annotated[
        float, typer.Option("--margin", min=0.0, help="How far the grid reaches beyond the sources, mm. 外扩")
    ] = 30.0,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help="Dose at a point x,y,z in LPS mm instead of on a grid. 点剂量", show_default=False),
    ] = None,
    formalism: options.FormalismName = "2d",
    until: options.Until = None,
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    patient: options.PatientId = None,
    plan_label: options.PlanLabel = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="RT Dose file to write. 输出剂量文件", show_default=False)
    ] = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Compute the dose of a plan and write it as RT Dose, or say it at points. 计算剂量."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    form = options.formalism_named(formalism)
    if out is None and not at:
        raise UsageError("cli.no-output", "give --out FILE for an RT Dose, or --at x,y,z for the dose at a point")
    if out is not None and out.exists():
        raise UsageError("cli.file-exists", "{file} exists and is left alone; give another name", file=str(out))
    path = find_case(plan, Asked(patient=patient, plan_label=plan_label, alone=True)).plan
    treatment = load_plan(path, Told(source=source, implant_at=implant_at)).value
    provenance = dose_provenance(treatment, formalism=form)
    result = {
        "schema": SCHEMA,
        "command": "dose",
        "plan": plan_json(treatment),
        "provenance": provenance_json(provenance),
    }
    if at:
        points = np.array([_point(text) for text in at])
        doses = compute_dose_at_points(treatment, points, formalism=form, until=until)
        speaker.give(
            result
            | {"points": [{"lps_mm": p.tolist(), "dose_gy": float(d)} for p, d in zip(points, doses, strict=True)]}
        )
        for point, value in zip(points, doses, strict=True):
            speaker.say(f"({point[0]:g}, {point[1]:g}, {point[2]:g}) mm: {value:.5g} Gy")
    if out is None:
        return
    lattice = _grid(grid, treatment, margin_mm=margin)
    with speaker.following() as follow:
        computed = compute_dose(
            treatment, lattice, formalism=form, until=until, progress=lambda share: follow(COMPUTING, share)
        )
    _write(computed, treatment, path, out, surroundings)
    nk, nj, ni = lattice.shape_kji
    if not at:
        speaker.give(
            result
            | {"file": str(out), "grid": {"shape_kji": [nk, nj, ni], "spacing_ijk_mm": list(lattice.spacing_ijk_mm)}}
        )
    speaker.say(
        say(
            "cli.dose-written",
            "dose on {ni} × {nj} × {nk} voxels written to {file}",
            ni=ni,
            nj=nj,
            nk=nk,
            file=str(out),
        )
    )


def _point(text: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError as problem:
        raise UsageError(
            "cli.point-invalid", "--at is {text}; a point is three numbers in mm, as 12.5,-3,40", text=text
        ) from problem
    return x, y, z


def _grid(text: str, plan: Plan, *, margin_mm: float) -> Grid:
    place = Path(text)
    if place.exists():
        return _grid_of(place, plan)
    try:
        spacing_mm = float(text)
    except ValueError as problem:
        raise UsageError(
            "cli.grid-invalid",
            "--grid is {text}: it is no file here and no number; give a voxel size in mm, an RT Dose or images",
            text=text,
        ) from problem
    extent = np.ptp(source_positions_lps_mm(plan), axis=0) + 2.0 * margin_mm
    voxels = float(np.prod(extent / spacing_mm + 1.0)) if spacing_mm > 0 else float("inf")
    if not voxels <= MOST_VOXELS:
        raise UsageError(
            "cli.grid-too-fine",
            "a voxel size of {spacing_mm} mm makes {voxels:.3g} voxels; {most} can be computed: give a larger size or "
            "a smaller margin",
            spacing_mm=spacing_mm,
            voxels=voxels,
            most=MOST_VOXELS,
        )
    return Grid.around(source_positions_lps_mm(plan), margin_mm=margin_mm, spacing_mm=spacing_mm)


def _grid_of(place: Path, plan: Plan) -> Grid:
    if place.is_file():
        try:
            volume = read_dose(place).value.volume
        except DicomError:
            volume = read_image(place).value.volume
    else:
        volume = read_image(place).value.volume
    require_same_frame(plan.frame_uid, volume.frame_uid, first="the plan", second="the grid")
    return volume.grid


def _write(computed: Dose, plan: Plan, path: Path, out: Path, surroundings: Surroundings) -> None:

    named = replace(computed, plan_uid=read_identity(path).sop_instance_uid)
    study = plan.image.study_uid if plan.image is not None else derived_uid("study", plan.content_hash)
    write_dose(named, out, patient=plan.patient, study_uid=study, at=surroundings.now())

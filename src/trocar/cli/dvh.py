"""`trocar dvh`: dose-volume histograms of structures."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, dvh_json, message_json, structure_json
from trocar.cli.case_files import Asked, find_case
from trocar.cli.figures import figures
from trocar.cli.loading import Case, Told, load_case
from trocar.cli.surroundings import Surroundings
from trocar.dose.base import source_terms
from trocar.errors import UsageError
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.plan.structures import StructureSet
from trocar.report.document import say
from trocar.workflow.histograms import check_structures, exact_dose, target_among

EVALUATING = say("cli.stage-evaluating", "evaluating the structures")


def dvh(
    context: typer.Context,
    *,
    plan: Annotated[
        Path, typer.Argument(exists=True, help="RT Plan file, or the folder of an exported case. 计划或病例文件夹")
    ],
    structures: options.StructureFile = None,
    structure: Annotated[
        list[str] | None,
        typer.Option("--structure", help="Only this structure; repeat for more. 仅此结构", show_default=False),
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Use the dose stored beside the plan instead of computing it. 用已存剂量")
    ] = False,
    dose: options.DoseFile = None,
    reference_dose: Annotated[
        float | None,
        typer.Option(
            "--reference-dose", help="What 100 % means in Gy; else the prescription. 参考剂量", show_default=False
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Name of the target. 靶区名称", show_default=False)
    ] = None,
    end_cap: options.EndCapName = "half-slice",
    formalism: options.FormalismName = "2d",
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    patient: options.PatientId = None,
    plan_label: options.PlanLabel = None,
    curves: Annotated[bool, typer.Option("--curves", help="With --json: the whole curves. 输出整条曲线")] = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Compute dose-volume histograms and their numbers. 剂量体积直方图."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    case = load_case(
        find_case(plan, Asked(dose=dose, structures=structures, patient=patient, plan_label=plan_label)),
        Told(source=source, implant_at=implant_at),
    )
    chosen = _chosen(case, structure)
    reference_gy = _reference(case, reference_dose)
    if stored and case.dose is None:
        raise UsageError(
            "cli.no-stored-dose", "--stored was asked for, but no RT Dose was given or found; give --dose FILE"
        )
    by = (
        dose_from_grid(case.dose)
        if stored and case.dose is not None
        else exact_dose(source_terms(case.plan), formalism=options.formalism_named(formalism))
    )
    prescription = case.plan.prescription
    name, said = target_among(
        case.structures or chosen, told=target, prescribed=prescription.target if prescription else None
    )
    with speaker.following() as follow:
        checked, remarks = check_structures(
            chosen,
            recomputed=by,
            stored=None,
            reference_gy=reference_gy,
            target=name,
            end_cap=options.end_cap_named(end_cap),
            progress=lambda share: follow(EVALUATING, share),
        )
    remarks = (*said, *remarks)
    data = [structure_json(each) | ({"curve": dvh_json(each.recomputed)} if curves else {}) for each in checked]
    speaker.give(
        {
            "schema": SCHEMA,
            "command": "dvh",
            "dose": "stored" if stored else "computed",
            "reference_dose_gy": reference_gy,
            "structures": data,
            "remarks": [message_json(remark, speaker.language) for remark in remarks],
        }
    )
    for remark in remarks:
        speaker.remark(remark)
    table = Table(box=None, pad_edge=False)
    for head in (
        say("cli.column-structure", "structure"),
        say("cli.column-volume", "cc"),
        say("cli.column-numbers", "numbers"),
    ):
        table.add_column(speaker.words(head))
    for each in checked:
        table.add_row(each.name, f"{each.recomputed.volume_cc:.2f}", figures(each))
    speaker.show(table)


def _chosen(case: Case, names: list[str] | None) -> StructureSet:
    if case.structures is None:
        raise UsageError("cli.no-structures", "no RT Structure Set was given or found; give --structures FILE")
    if not names:
        return case.structures

    return replace(case.structures, structures=tuple(case.structures.named(name) for name in names))


def _reference(case: Case, told: float | None) -> float:
    if told is not None:
        return told
    if case.plan.prescription is None:
        raise UsageError(
            "cli.no-reference-dose", "the plan states no prescription; say with --reference-dose what 100 % means in Gy"
        )
    return case.plan.prescription.dose_gy

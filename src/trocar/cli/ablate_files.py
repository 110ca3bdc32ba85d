"""What planning and verifying an ablation leave: reports in both languages, DICOM, data for scripts."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import trocar
from trocar.catalogue.applicators import load_applicator
from trocar.cli.as_json import finding_json
from trocar.cli.folders import MARK
from trocar.cli.outcome import heat_told, margin_told, write_outcome
from trocar.cli.picture_files import write_pictures
from trocar.dicom.pdf import encapsulate
from trocar.dicom.rtstruct_writing import write_structures
from trocar.dicom.seg_writer import write_seg
from trocar.dicom.segmentation import TISSUE, Algorithm, Code, Segment, Segmentation, Share
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.geometry.resample import near
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.level_lines import level_lines
from trocar.imaging.register import checkerboard
from trocar.messages import Language
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.report.ablation import (
    OVERLAY_MM,
    PLANNED,
    SIMULATED,
    MarginCase,
    PlannedCase,
    planning_report,
    verification_report,
)
from trocar.report.ablation_check import checked_blocks
from trocar.report.document import Block, Document, Text, say
from trocar.report.pictures import Paper
from trocar.report.typeset import typeset
from trocar.results.ablation_margin import AblationMargin
from trocar.results.ablation_outcome import PlanningRound
from trocar.results.findings import Finding
from trocar.workflow.ablation_request import AblationRequest
from trocar.workflow.plan_ablation import ProposedAblation, smooth_zone
from trocar.workflow.verify_ablation import AblationVerification, AblationVerifyRequest

ZONE_CODE = Code(value="49755003", scheme="SCT", meaning="Morphologically abnormal structure")
TILE_MM = 15.0
MADE_BY = f"Trocar {trocar.__version__}"
EVIDENCE = {
    "EX_VIVO": say("ablation.evidence-ex-vivo", "excised tissue, no blood flow"),
    "IN_VIVO": say("ablation.evidence-in-vivo", "living animal"),
    "CLINICAL": say("ablation.evidence-clinical", "patients"),
    "CHART": say("ablation.evidence-chart", "chart of the maker"),
    "PHANTOM": say("ablation.evidence-phantom", "gel phantom"),
}
READINGS = {
    "FULL_TEXT": say("ablation.reading-full", "read in the publication"),
    "ABSTRACT": say("ablation.reading-abstract", "read in the abstract or an excerpt"),
    "PUBLIC_MODEL": say("ablation.reading-model", "read in a public computer model that names the publication"),
    "REMEMBERED": say("ablation.reading-remembered", "remembered, not read: verify"),
}
SIMULATED_EVIDENCE = say("ablation.evidence-simulated", "simulation")
SIMULATED_READING = say("ablation.reading-simulated", "computed for this plan")
SIMULATED_SOURCE = say(
    "ablation.source-simulated", "one activation in even tissue of the organ with a ball of tumour about it"
)


def write_margin(
    folder: Path, request: AblationVerifyRequest, verified: AblationVerification, *, at: datetime
) -> dict[str, Any]:
    """Write report, map and DICOM of a verified margin, and return what a script wants to know."""
    further = tuple(request.structures.named(name) for name in (request.organ, *request.spared) if name)
    case = MarginCase(
        image=request.before,
        lesion=request.lesion,
        margin=verified.margin,
        mixed=_mixed(request, verified),
        zone=verified.zone,
        findings=verified.findings,
        registration=verified.registration,
        landmark_errors_mm=verified.landmark_errors_mm,
        further=further,
        made_by=MADE_BY,
        inputs=(("structures", request.structures.content_hash), ("margin", verified.margin.content_hash)),
    )
    for language in Language:
        document = verification_report(case, paper=Paper(language=language), made_at=at)
        title = "Margin of an ablation" if language is Language.ENGLISH else "消融边缘验证报告"
        write_document(folder, document, "margin", title, language=language, image=request.before, at=at)
    drawn = (request.structures.named(request.lesion), *further)
    write_zone(folder, request.before, verified.zone, drawn, at=at)
    write_outcome(folder, margin_told(verified))
    data = margin_data(verified.margin, verified.findings)
    return marked(folder, data)


def _mixed(request: AblationVerifyRequest, verified: AblationVerification) -> Volume | None:
    """Return both scans in tiles about the tumour, so that the registration can be judged by eye."""
    if request.after is None or verified.registration is None:
        return None
    points = np.asarray(verified.margin.surface.vertices_lps_mm)
    fixed = near(request.before.volume, points, reach_mm=OVERLAY_MM)
    return checkerboard(fixed, request.after.volume, verified.registration, tile_mm=TILE_MM)


def write_ablation_plan(
    folder: Path, request: AblationRequest, proposed: ProposedAblation, *, at: datetime
) -> dict[str, Any]:
    """Write report, sheet and DICOM of a plan, and return what a script wants to know."""
    zone = smooth_zone(proposed.zones) if proposed.simulated is None else proposed.simulated.zone
    further = tuple(request.structures.named(name) for name in (*request.vessels, *request.spared))
    shown = MarginCase(
        image=request.image,
        lesion=request.target.lesion,
        margin=proposed.margin,
        zone=zone,
        findings=proposed.findings,
        registration=None,
        landmark_errors_mm=(),
        further=further,
        made_by=MADE_BY,
        inputs=(("plan", proposed.plan.content_hash), ("structures", request.structures.content_hash)),
        needles=tuple(each.needle for each in proposed.plan.applicators),
        origin=PLANNED if proposed.simulated is None else SIMULATED,
    )
    case = PlannedCase(
        shown=shown,
        plan=proposed.plan,
        accounts=dict(proposed.accounts),
        zone_rows=_zone_rows(request, proposed),
        cover_text=_cover_text(proposed),
        chance_covered=proposed.chance_covered,
        placement_error_mm=request.placement_error_mm,
    )
    for language in Language:
        paper = Paper(language=language)
        document = planning_report(replace(case, check=_check(proposed, paper)), paper=paper, made_at=at)
        title = "Plan of an ablation" if language is Language.ENGLISH else "消融治疗计划"
        write_document(folder, document, "plan", title, language=language, image=request.image, at=at)
    write_zone(folder, request.image, zone, (request.structures.named(request.target.lesion),), at=at)
    write_outcome(folder, heat_told(request, proposed))
    data = margin_data(proposed.margin, proposed.findings) | {
        "plan": ablation_json(proposed.plan),
        "chance_covered": proposed.chance_covered,
        "planned_mm": proposed.planned.least_mm,
        "simulated": None if proposed.simulated is None else [_round_json(each) for each in proposed.rounds],
        "cover": {
            "insertions": len(proposed.plan.applicators),
            "activations": len(proposed.plan.activations),
            "solver": proposed.cover.solver,
            "gap_percent": proposed.cover.gap_percent,
        },
    }
    (folder / "plan.json").write_text(json.dumps(data["plan"], ensure_ascii=False, indent=2), encoding="utf-8")
    return marked(folder, data)


def _cover_text(proposed: ProposedAblation) -> Text:
    data: dict[str, Any] = {
        "insertions": len(proposed.plan.applicators),
        "activations": len(proposed.plan.activations),
    }
    first = len(proposed.cover.rows)
    if data["activations"] < first:
        return say(
            "ablation.cover-fewer",
            "{insertions} insertions with {activations} activations: {first} activations were laid out zone by zone, "
            "of which the simulation showed so many to be enough.",
            first=first,
            **data,
        )
    return say(
        "ablation.cover-told",
        "{insertions} insertions with {activations} activations ({solver}); a better plan could be cheaper by "
        "{gap:.0f} % "
        "at most.",
        solver=proposed.cover.solver,
        gap=proposed.cover.gap_percent,
        **data,
    )


def marked(folder: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Write the file that marks a folder of Trocar's, and return its data."""
    (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
    return data


def _check(proposed: ProposedAblation, paper: Paper) -> tuple[Block, ...]:
    simulated = proposed.simulated
    if simulated is None:
        return ()
    return checked_blocks(
        proposed.plan,
        simulated.outcome,
        simulated.margin,
        planned=proposed.planned,
        rounds=proposed.rounds,
        paper=paper,
    )


def _round_json(each: PlanningRound) -> dict[str, Any]:
    return {
        "power_w": each.power_w,
        "duration_s": each.duration_s,
        "insertions": each.insertions,
        "activations": each.activations,
        "least_mm": each.least_mm,
        "zone_ml": each.zone_ml,
        "side": each.side,
    }


def _zone_rows(request: AblationRequest, proposed: ProposedAblation) -> tuple[tuple[Text, ...], ...]:
    model = load_applicator(request.model)
    zone = proposed.zones[0].zone
    size = f"{zone.long_mm:.1f} × {zone.short_mm:.1f} {zone.factor_note}".strip()
    if not zone.rows:
        return ((size, SIMULATED_EVIDENCE, SIMULATED_READING, SIMULATED_SOURCE),)
    return tuple(
        (size, EVIDENCE[row.evidence.name], READINGS[row.reading.name], model.citations[row.source])
        for row in zone.rows
    )


def write_document(
    folder: Path, document: Document, name: str, title: str, *, language: Language, image: Image, at: datetime
) -> None:
    """Write a document as PDF, its pictures as files, and the PDF as DICOM."""
    pdf = typeset(document, language=language)
    stem = f"{name}-{language.value}"
    (folder / f"{stem}.pdf").write_bytes(pdf)
    write_pictures(document, folder / f"pictures-{language.value}", language=language)
    encapsulate(
        pdf, folder / f"{stem}.dcm", patient=image.patient, study_uid=image.reference.study_uid, title=title, at=at
    )


def write_zone(folder: Path, image: Image, zone: Mesh, drawn: tuple[Structure, ...], *, at: datetime) -> None:
    """Write the zone as a segmentation and, beside what was drawn, as a structure."""
    part = near(image.volume, np.asarray(zone.vertices_lps_mm), reach_mm=6.0)
    depth = nearest_on_mesh(zone, part.grid.centres_lps_mm().reshape(-1, 3)).signed_mm.reshape(part.grid.shape_kji)
    field = Volume(grid=part.grid, values_kji=depth, quantity=Quantity.LENGTH_MM, frame_uid=image.reference.frame_uid)
    numbers = [each.number for each in drawn]
    contours = level_lines(depth, field.grid, level=0.0, outside=-1.0, least_area_mm2=2.0)
    outlined = Structure(number=max(numbers) + 1, name="ablation zone", contours=contours)
    structures = StructureSet(
        label="ABLATION",
        patient=image.patient,
        frame_uid=image.reference.frame_uid,
        structures=(*(replace(each, contours=each.contours) for each in drawn), outlined),
        image=image.reference,
    )
    write_structures(structures, folder / "RTSTRUCT.dcm", at=at)
    segment = Segment(
        number=1,
        label="ablation zone",
        category=TISSUE,
        kind=ZONE_CODE,
        start_kji=(0, 0, 0),
        block=depth > 0,
        algorithm=Algorithm.SEMIAUTOMATIC,
        algorithm_name=MADE_BY,
    )
    segmentation = Segmentation(
        label="ABLATION ZONE",
        patient=image.patient,
        study_uid=image.reference.study_uid,
        frame_uid=image.reference.frame_uid,
        grid=field.grid,
        share=Share.WHOLE,
        segments=(segment,),
    )
    write_seg(segmentation, folder / "SEG.dcm", image=image, at=at)


def margin_data(margin: AblationMargin, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Return a margin as data for scripts."""
    interval = margin.interval
    return {
        "least_mm": margin.least_mm,
        "least_any_mm": margin.least_any_mm,
        "worst_lps_mm": [float(x) for x in margin.worst_lps_mm],
        "wanted_mm": margin.wanted_mm,
        "percent_under": {f"{level:g}": percent for level, percent in margin.percent_under.items()},
        "lesion_ml": margin.lesion_ml,
        "zone_ml": margin.zone_ml,
        "uncovered_ml": margin.uncovered_ml,
        "uncovered_with_margin_ml": margin.uncovered_with_margin_ml,
        "capsule_covered_mm2": margin.capsule_covered_mm2,
        "capsule_uncovered_mm2": margin.capsule_uncovered_mm2,
        "interval_mm": None if interval is None else [interval.low_mm, interval.middle_mm, interval.high_mm],
        "chance_at_least": None
        if interval is None
        else {f"{level:g}": chance for level, chance in interval.chance_at_least.items()},
        "patches": [
            {
                "least_mm": patch.least_mm,
                "side": patch.side,
                "area_mm2": patch.area_mm2,
                "aim_lps_mm": [float(x) for x in patch.aim_lps_mm],
            }
            for patch in margin.patches
        ],
        "findings": [finding_json(each, Language.ENGLISH) for each in findings],
    }


def ablation_json(plan: AblationPlan) -> dict[str, Any]:
    """Return a plan as data that `ablation_plan_from` reads again."""
    return {
        "schema": "trocar.ablation-plan/1",
        "label": plan.label,
        "hash": plan.content_hash,
        "frame_uid": plan.frame_uid,
        "target": {"lesion": plan.target.lesion, "margin_mm": plan.target.margin_mm, "organ": plan.target.organ},
        "applicators": [
            {
                "number": each.number,
                "model": each.model,
                "entry_lps_mm": [float(x) for x in each.needle.entry_lps_mm],
                "tip_lps_mm": [float(x) for x in each.needle.tip_lps_mm],
            }
            for each in plan.applicators
        ],
        "activations": [
            {
                "applicator": each.applicator,
                "start_s": each.start_s,
                "pulled_back_mm": each.pulled_back_mm,
                "steps": [
                    {
                        "control": step.control.name,
                        "duration_s": step.duration_s,
                        "power_w": step.power_w,
                        "temperature_k": step.temperature_k,
                        "flow_percent": step.flow_percent,
                    }
                    for step in each.schedule.steps
                ],
            }
            for each in plan.activations
        ],
    }

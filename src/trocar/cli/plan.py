"""``trocar plan``: needles and seeds for a request, with everything the theatre and the file need."""

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import trocar
from trocar.catalogue.sources import load_source
from trocar.cli import options
from trocar.cli.console import Speaker
from trocar.cli.exits import Exit, exit_of_findings
from trocar.cli.folders import MARK, whole_folder
from trocar.cli.outcome import seeds_told, write_outcome
from trocar.cli.picture_files import write_pictures
from trocar.cli.plan_assumptions import assumed_words, consequences_json
from trocar.cli.plan_front import run_front
from trocar.cli.plan_request import guide_design, implant_request
from trocar.cli.plan_ways import Way, proposal
from trocar.cli.request_section import carry_request, read_request
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.pdf import encapsulate
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtdose_writing import EffectiveDose, write_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import write_structures
from trocar.dose.base import Formalism
from trocar.dose.decay import strength_at_u
from trocar.errors import GuideError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.guide.design import GuideDesign, PrintedGuide
from trocar.guide.inspection import measure_bore, require_true_bore
from trocar.guide.printed import build_guide
from trocar.imaging.skin import find_body
from trocar.messages import Language, Message
from trocar.plan.access import RiskAccount
from trocar.plan.considered import ConsideredNeedles
from trocar.plan.plan import ImplantPlan
from trocar.report.document import say
from trocar.report.implant_pictures import ShownPlan, plan_pictures
from trocar.report.implant_plan import PlanDossier, loading_sheet, plan_report
from trocar.report.needle_table import needles_csv, needles_page
from trocar.report.pictures import Paper
from trocar.report.solids import SolidFormat, read_solid, solid_bytes
from trocar.report.template_sheet import template_sheet
from trocar.report.typeset import typeset
from trocar.results.dose import Dose
from trocar.results.findings import Finding, Severity
from trocar.workflow.biology_volumes import biological_volumes
from trocar.workflow.compute import compute_dose, dose_provenance
from trocar.workflow.implant import Progress
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.plan_judging import ProposedImplant
from trocar.workflow.release import require_release

DOSE_MARGIN_MM, DOSE_SPACING_MM = 30.0, 1.0

BY_SEARCH = say("cli.plan-by-search", "Trocar {version}, by simulated annealing", version=trocar.__version__)
BY_CHOICE = say("cli.plan-by-choice", "Trocar {version}, chosen from a set of plans", version=trocar.__version__)
BY_HAND = say("cli.plan-by-hand", "Trocar {version}, changed by hand", version=trocar.__version__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Where the command reads and writes.

    Parameters
    ----------
    request
        TOML file.
    images
        Folder of the planning CT.
    structures
        RTSTRUCT file.
    out
        Folder of results.
    replace
        Whether earlier results there may be replaced.
    seed
        Of the search: the same seed gives the same plan.
    at
        Time of making.
    pareto
        Whether a set of plans to choose from is made instead of one plan.
    way
        How the plan is to be come by.
    """

    request: Path
    images: Path
    structures: Path
    out: Path
    replace: bool
    seed: int
    at: datetime
    pareto: bool = False
    way: Way = field(default_factory=Way)


def plan(
    context: typer.Context,
    *,
    request: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What to plan, a TOML file. 计划请求文件")
    ],
    images: Annotated[Path, typer.Option("--images", exists=True, help="Folder of the planning CT. 影像文件夹")],
    structures: Annotated[
        Path, typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")],
    replace: options.Replace = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the search; the same gives the same plan. 随机种子")
    ] = 1,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="Make many plans to choose from. 生成可供选择的多个计划")
    ] = False,
    choose: Annotated[
        int | None, typer.Option("--choose", help="Carry on a plan of such a set. 选定其中第几个计划")
    ] = None,
    before: Annotated[
        Path | None, typer.Option("--from", exists=True, help="Folder of the set, or of the plan before. 此前的文件夹")
    ] = None,
    placed: Annotated[
        Path | None, typer.Option("--placed", exists=True, help="CT with the needles in. 带针 CT")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option("--corrections", exists=True, help="Needles corrected by hand. 手工修正文件")
    ] = None,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="Where no plan is possible, the nearest one. 无解时给出最接近的计划")
    ] = False,
    bound: Annotated[bool, typer.Option("--bound", help="Prove how good a plan could be. 证明最优下界")] = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Propose needles and seeds for a request, and write DICOM, papers and guide. 制定粒子植入计划."""
    surroundings: Surroundings = context.obj
    inputs = PlanInputs(
        request=request,
        images=images,
        structures=structures,
        out=out,
        replace=replace,
        seed=seed,
        at=surroundings.now(),
        pareto=pareto,
        way=Way(choose=choose, before=before, placed=placed, corrections=corrections, nearest=nearest, bound=bound),
    )
    raise typer.Exit(run_plan(inputs, surroundings.speaker(lang, as_json=as_json)))


def run_plan(inputs: PlanInputs, speaker: Speaker) -> Exit:
    """Plan what a request asks for, and write it; returns the exit code."""
    section = read_request(inputs.request)
    with speaker.following() as told:
        reading = _say("cli.plan-reading", "Reading images and structures")
        told(reading, 0.0)
        image = read_image(inputs.images).value
        structures = read_structures(inputs.structures, image=image).value
        guide = section.may_table("guide")
        # needles that lie in the patient need no guide any more
        design = guide_design(guide) if guide is not None and inputs.way.placed is None else None
        request = implant_request(section, image, structures)
        section.done()
        told(reading, 1.0)
        text = inputs.request.read_text(encoding="utf-8")
        rng = np.random.default_rng(inputs.seed)
        if inputs.pareto:
            return run_front(
                request,
                inputs.out,
                request_text=text,
                beside=inputs.request.parent,
                replace=inputs.replace,
                rng=rng,
                told=told,
                speaker=speaker,
            )
        proposed, beside = proposal(request, inputs.way, request_text=text, rng=rng, told=told)
        with whole_folder(inputs.out, replace=inputs.replace) as folder:
            how = BY_SEARCH if inputs.way.choose is None else BY_CHOICE
            data = write_proposal(folder, request, proposed, design=design, at=inputs.at, told=told, made_by=how)
            data |= beside.data
            for name, content in beside.files.items():
                (folder / name).write_bytes(content)
            (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
            carry_request(text, beside=inputs.request.parent, folder=folder)
    speaker.give(data)
    for finding in proposed.findings:
        if finding.severity is not Severity.NOTE:
            speaker.say(finding.message)
    speaker.say(_say("cli.plan-done", "The plan and its papers are in {folder}", folder=str(inputs.out)))
    return exit_of_findings(proposed.findings)


def write_proposal(
    folder: Path,
    request: ImplantRequest,
    proposed: ProposedImplant,
    *,
    design: GuideDesign | None,
    at: datetime,
    told: Progress,
    made_by: Message = BY_SEARCH,
) -> dict[str, Any]:
    """Write DICOM, papers and guide of a plan into a folder, and return what a script wants to know.

    Raises
    ------
    DoseError
        The files read back do not agree with each other: nothing is released.
    """
    dicom = _say("cli.plan-dicom", "Writing DICOM and computing it again")
    papers = _say("cli.plan-papers", "Setting the papers")
    told(dicom, 0.0)
    dose, difference = _write_dicom(folder, request, proposed.plan, at=at)
    _write_biology(folder, request, proposed.plan, dose, at=at)
    told(dicom, 1.0)
    if design is not None:
        guide = _say("cli.plan-guide", "Making the printed guide and measuring it")
        told(guide, 0.0)
        proposed = _with_guide(folder, request, proposed, design)
        told(guide, 1.0)
    dossier = _dossier(request, proposed, made_by)
    for number, language in enumerate(Language):
        told(papers, number / len(Language))
        _write_papers(folder, dossier, request, proposed, dose, language=language, at=at)
    told(papers, 1.0)
    if proposed.considered is not None:
        _write_needles(folder, proposed.considered, plan=proposed.plan.label)
    data = _summary(request, proposed, difference)
    (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
    write_outcome(folder, seeds_told(request, proposed))
    return data


def _say(code: str, template: str, /, **data: object) -> Message:
    return Message(code=code, template=template, data=data)


def _write_dicom(folder: Path, request: ImplantRequest, plan: ImplantPlan, *, at: datetime) -> tuple[Dose, float]:
    target = request.structures.named(request.target)
    points = np.vstack([contour.points_lps_mm for contour in target.closed_contours])
    grid = Grid.around(points, margin_mm=DOSE_MARGIN_MM, spacing_mm=DOSE_SPACING_MM)
    study = request.image.reference.study_uid
    structures = write_structures(request.structures, folder / "RTSTRUCT.dcm", at=at)
    plan_reference = write_plan(plan, folder / "RTPLAN.dcm", at=at, structures=structures)
    computed = compute_dose(plan, grid, formalism=Formalism.LINE_2D)
    named = Dose(
        volume=computed.volume,
        kind=computed.kind,
        patient_id=computed.patient_id,
        provenance=computed.provenance,
        plan_uid=plan_reference.sop_instance_uid,
    )
    write_dose(named, folder / "RTDOSE.dcm", patient=plan.patient, study_uid=study, at=at)
    read_back = read_plan(folder / "RTPLAN.dcm", implant_at=plan.implant_at).value
    if not isinstance(read_back, ImplantPlan):
        raise TypeError("a permanent implant was read back as an afterloading plan")
    difference = require_release(read_back, read_dose(folder / "RTDOSE.dcm").value, rng=np.random.default_rng(0))
    return named, difference


def _write_biology(folder: Path, request: ImplantRequest, plan: ImplantPlan, dose: Dose, *, at: datetime) -> None:
    """Write BED and EQD2 on the grid of the dose, where the request names tissues."""
    if request.biology is None:
        return
    nuclide = load_source(request.stock[0].source_model).nuclide
    volumes = biological_volumes(request, request.biology, dose.volume, nuclide=nuclide)
    for quantity, volume in (("BED", volumes.bed), ("EQD2", volumes.eqd2)):
        write_dose(
            dataclasses.replace(dose, volume=volume),
            folder / f"RTDOSE_{quantity}.dcm",
            patient=plan.patient,
            study_uid=request.image.reference.study_uid,
            at=at,
            effective=EffectiveDose(quantity=quantity, structures=volumes.structures),
        )


def _dossier(request: ImplantRequest, proposed: ProposedImplant, made_by: Message) -> PlanDossier:
    plan = proposed.plan
    source = load_source(request.stock[0].source_model)
    provenance = dose_provenance(plan, formalism=Formalism.LINE_2D)
    return PlanDossier(
        plan=plan,
        source=source,
        seed_length_mm=request.seeding.seed_length_mm,
        strength_at_implant_u={
            (each.source_model, each.strength.s_k_u, each.strength.reference_at): strength_at_u(
                each.strength, load_source(each.source_model).nuclide, at=plan.implant_at
            )
            for each in request.stock
        },
        accounts=dict(proposed.accounts),
        achievements=proposed.achievements,
        indices=proposed.indices,
        histograms=proposed.histograms,
        robustness=proposed.robustness,
        assumed=assumed_words(request.robustness),
        biology=proposed.biology,
        findings=proposed.findings,
        made_by=made_by,
        provenance=provenance,
    )


def _write_papers(
    folder: Path,
    dossier: PlanDossier,
    request: ImplantRequest,
    proposed: ProposedImplant,
    dose: Dose,
    *,
    language: Language,
    at: datetime,
) -> None:
    paper = Paper(language=language)
    organs = [dvh.name for dvh in proposed.histograms[1:]]
    organs += [o.name for o in request.needles.rules.obstacles if o.name in request.structures.names]
    shown = ShownPlan(
        plan=proposed.plan,
        image=request.image,
        dose=dose.volume,
        target=request.structures.named(request.target),
        organs=tuple(request.structures.named(name) for name in dict.fromkeys(organs)),
        histograms=proposed.histograms,
        reference_gy=request.prescription_gy,
        seed_length_mm=request.seeding.seed_length_mm,
    )
    documents = {
        "plan": plan_report(dossier, plan_pictures(shown, paper=paper), paper=paper, made_at=at),
        "loading": loading_sheet(dossier, paper=paper, made_at=at),
    }
    if proposed.template is not None:
        documents["template"] = template_sheet(proposed.plan, proposed.template, paper=paper, made_at=at)
    for name, document in documents.items():
        pdf = typeset(document, language=language)
        (folder / f"{name}_{language.value}.pdf").write_bytes(pdf)
        if name == "plan":
            write_pictures(document, folder / f"pictures-{language.value}", language=language)
            encapsulate(
                pdf,
                folder / f"{name}_{language.value}.dcm",
                patient=proposed.plan.patient,
                study_uid=request.image.reference.study_uid,
                title=document.title.text(Language.ENGLISH) if isinstance(document.title, Message) else document.title,
                at=at,
            )


def _write_needles(folder: Path, considered: ConsideredNeedles, *, plan: str) -> None:
    """Write every candidate needle with its account: to read and sort on a screen, and for scripts."""
    (folder / "needles.csv").write_text(needles_csv(considered), encoding="utf-8")
    for language in Language:
        page = needles_page(considered, language=language, plan=plan)
        (folder / f"needles_{language.value}.html").write_text(page, encoding="utf-8")


def _with_guide(
    folder: Path, request: ImplantRequest, proposed: ProposedImplant, design: GuideDesign
) -> ProposedImplant:
    """Write the guide; where none can be made, the plan stands and says why."""
    try:
        _write_guide(folder, request, proposed.plan, design)
    except GuideError as problem:
        finding = Finding(severity=Severity.ACTION, message=problem.message)
        return dataclasses.replace(proposed, findings=(finding, *proposed.findings))
    return proposed


def _write_guide(folder: Path, request: ImplantRequest, plan: ImplantPlan, design: GuideDesign) -> None:
    guide = build_guide(
        find_body(request.image.volume).occupancy,
        plan.needles,
        design,
        patient_key=plan.content_hash[:6].upper(),
    )
    rows = []
    for kind in SolidFormat:
        path = folder / f"guide.{kind.value}"
        path.write_bytes(solid_bytes(guide.solid, kind))
        rows = _measured(guide, path)
    lines = ["needle,offset_at_tip_mm,tilt_deg,diameter_mm,sleeve_top_to_tip_mm"]
    lines += [",".join(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row) for row in rows]
    (folder / "guide_bores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _measured(guide: PrintedGuide, path: Path) -> list[tuple[int, float, float, float, float]]:
    """Return what the bores of a written file measure against their needles."""
    solid = read_solid(path)
    rows = []
    for sleeve in guide.sleeves:
        ends = np.array([sleeve.needle.entry_lps_mm, sleeve.top_lps_mm, sleeve.needle.tip_lps_mm])
        entry, top, tip = apply_affine(guide.print_from_lps, ends)
        reach = 0.5 * (guide.design.bore_diameter_mm + guide.design.wall_mm)
        bore = measure_bore(solid, from_mm=top, to_mm=entry, reach_mm=reach)
        way = (tip - top) / np.linalg.norm(tip - top)
        require_true_bore(bore, sleeve.needle.number, entry_mm=entry, way=way)
        rows.append(
            (sleeve.needle.number, bore.offset_mm(tip), bore.tilt_deg(way), bore.diameter_mm, sleeve.stop_to_tip_mm)
        )
    return rows


def _account_json(account: RiskAccount | None) -> dict[str, Any]:
    """Return what a needle passes, for scripts to read and sort by."""
    if account is None:
        return {}
    return {
        "depth_mm": round(account.depth_mm, 1),
        "in_target_mm": round(account.in_target_mm, 1),
        "unserved_mm": round(account.unserved_mm, 1),
        "skin_angle_deg": round(account.skin_angle_deg, 1),
        "axial_tilt_deg": round(account.axial_tilt_deg, 1),
        "clearance_mm": {name: round(value, 1) for name, value in account.clearance_mm.items()},
        "tightest": account.tightest,
        "entered": dict(account.entered),
    }


def _summary(request: ImplantRequest, proposed: ProposedImplant, difference: float) -> dict[str, Any]:
    return {
        "trocar": trocar.__version__,
        "plan": proposed.plan.label,
        "hash": proposed.plan.content_hash,
        "patient_id": proposed.plan.patient.identifier,
        "prescription_gy": request.prescription_gy,
        "seeds": len(proposed.plan.seeds),
        "needles": len(proposed.plan.needles),
        "target_within_reach": proposed.covered,
        "needle_list": [
            {
                "number": needle.number,
                "hole": needle.label,
                "entry_lps_mm": needle.entry_lps_mm.tolist(),
                "tip_lps_mm": needle.tip_lps_mm.tolist(),
                **_account_json(proposed.accounts.get(needle.number)),
            }
            for needle in proposed.plan.needles
        ],
        "goals": [
            {"goal": each.goal.text, "value": each.value, "unit": each.goal.limit_unit.value, "met": each.is_met}
            for each in proposed.achievements
        ],
        **consequences_json(proposed),
        "findings": [
            {"severity": each.severity.value, "code": each.message.code, "text": each.message.text()}
            for each in proposed.findings
        ],
        "largest_difference_of_written_dose": difference,
    }

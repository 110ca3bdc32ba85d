"""The independent check of an imported plan, in a process of its own."""

import math
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trocar.cli.case_files import Asked, find_case
from trocar.cli.check import write_check
from trocar.cli.loading import Case, Told, load_case
from trocar.cli.outcome import number, told_twice, write_outcome
from trocar.cli.packs import load_tolerances
from trocar.messages import Language, Message
from trocar.report.pictures import Paper
from trocar.results.plan_check import MetricPair, PlanCheck
from trocar.workflow.check import check_plan
from trocar_clinic.calculations.kinds import Progress
from trocar_clinic.calculations.pace import Pace
from trocar_clinic.calculations.telling import here_and_now, kept
from trocar_clinic.planning.files import files_of
from trocar_clinic.planning.models import PlanVersion

READING = Message(code="cli.stage-reading", template="reading the files")
WRITING = Message(code="cli.stage-writing", template="writing the report")
TAKES_S = {
    "cli.stage-reading": 4.0,
    "workflow.stage-compute": 6.0,
    "workflow.stage-compare": 3.0,
    "workflow.stage-explain": 6.0,
    "workflow.stage-evaluate": 4.0,
    "cli.stage-writing": 8.0,
}
VERDICTS = {
    "AGREES": ("The stored dose agrees with the recomputation", "系统剂量与独立复算一致"),
    "EXPLAINED": ("The stored dose differs; the cause was found", "系统剂量与复算不一致，原因已查明"),
    "UNEXPLAINED": (
        "The stored dose differs and the cause is unknown: do not use the plan before it is known",
        "系统剂量与复算不一致且原因未明：查明前不得使用该计划",
    ),
    "NOT_COMPARED": ("No stored dose came with the plan to compare with", "未随计划导入剂量，无法比对"),
}


def check(job: Any, progress: Progress) -> dict[str, Any]:
    """Recompute a plan, compare, explain, and keep report and pictures in both languages."""
    pace = Pace(job, progress, usual=TAKES_S)
    plan = PlanVersion.objects.get(pk=job.inputs["plan"])
    with TemporaryDirectory() as place:
        folder = Path(place)
        pace(READING, 0.0)
        told = Told(source=plan.source.source_key or None if plan.source else None, implant_at=_noon(job.inputs))
        case = load_case(find_case(files_of(plan).plan, Asked()), told)
        pace(READING, 1.0)
        limits = load_tolerances(None)
        checked = check_plan(
            case.plan,
            stored=case.dose,
            structures=case.structures,
            tolerances=limits,
            stated_points=case.points,
            target=None,
            progress=pace,
        )
        for done, language in enumerate(Language):
            pace(WRITING, done / len(Language))
            into = folder / f"pictures-{language.value}"
            into.mkdir()
            write_check(case, checked, limits, into, paper=Paper(language=language), made_at=here_and_now())
            (into / f"report-{language.value}.pdf").rename(folder / f"report-{language.value}.pdf")
        write_outcome(folder, _told(case, checked.check))
        return kept(job, folder, pace)


def _noon(inputs: dict[str, Any]) -> datetime | None:
    return datetime.combine(date.fromisoformat(inputs["implant_on"]), time(12)) if inputs["implant_on"] else None


def _told(case: Case, found: PlanCheck) -> dict[str, Any]:
    en, zh = VERDICTS[found.verdict.name]
    targets = [each for each in found.structures if each.is_target] or list(found.structures[:1])
    rows = [_row(f"{each.name} ", pair) for each in targets for pair in each.metrics if math.isfinite(pair.recomputed)]
    return {
        "hash": case.plan.content_hash,
        "numbers": rows,
        "findings": told_twice((*found.findings, *case.findings)),
        "facts": {"verdict": found.verdict.name.lower()},
        "verdict": {"en": en, "zh": zh, "tone": "good" if found.verdict.name == "AGREES" else "error"},
        "title": {"en": "Independent check by the library", "zh": "程序库独立核对"},
        "value": {"en": "Recomputed", "zh": "独立复算"},
        "beside": {"en": "Stated by the other system", "zh": "原系统"},
    }


def _row(prefix: str, pair: MetricPair) -> dict[str, Any]:
    stored = pair.stored if pair.stored is not None and math.isfinite(pair.stored) else None
    name = f"{prefix}{pair.name}"
    return number(name, name, name, pair.recomputed, pair.unit, planned=stored)

"""Further ways to a plan of seeds: a set to choose from, one plan of it, needles that lie already."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.outcome import read_outcome, write_outcome
from trocar.cli.picture_files import INDEX
from trocar.cli.plan import BY_CHOICE, write_proposal
from trocar.cli.plan_front import FRONT, chosen_plan, write_front
from trocar.cli.plan_ways import overlays, placed_json
from trocar.dicom.rtplan import read_plan
from trocar.messages import Language
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.workflow.consequences import with_consequences
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.pareto import pareto_front
from trocar.workflow.placed import Corrections, plan_in_placed
from trocar_clinic.calculations.kinds import Progress
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.pace import Pace
from trocar_clinic.calculations.results import file_of
from trocar_clinic.calculations.telling import here_and_now, kept
from trocar_clinic.images.reading import image_of
from trocar_clinic.planning.desks import wanted
from trocar_clinic.planning.jobs import SEEDS_TAKE_S, asked
from trocar_clinic.records.files import path_of

SET_TAKES_S = {"cli.plan-reading": 4.0, "workflow.stage-way-in": 6.0, "workflow.stage-pareto": 60.0}
PLACED_TAKES_S = {**SEEDS_TAKE_S, "workflow.stage-overlay": 10.0, "workflow.stage-needles": 6.0}

SET_SHOWN = {
    "en": ("Coverage of the plans of the set against the load of organs", "Each dot is a plan that no other beats"),
    "zh": ("备选计划的靶区覆盖与危及器官负荷", "每一点为一个不被其他计划全面超过的计划，编号与列表一致"),
}
OVERLAY_SHOWN = {
    "en": ("Planning CT and CT with needles in turn", "The planning CT as it was laid over the CT with needles"),
    "zh": ("计划 CT 与带针 CT 交替显示", "计划 CT 配准至带针 CT"),
}
"""Language to what a picture shows and what stands beneath it."""


def make_set(job: Any, progress: Progress) -> dict[str, Any]:
    """Make a set of plans of which none beats another, and keep it with its picture."""
    pace = Pace(job, progress, usual=SET_TAKES_S)
    with asked(job, pace) as (section, image, structures, folder):
        request, _ = wanted(section, image, structures)
        front = pareto_front(request, rng=np.random.default_rng(job.inputs["seed"]), progress=pace)
        made = write_front(folder, front, request_text=job.inputs["request"])
        _show(folder, "pareto", SET_SHOWN)
        write_outcome(folder, {"hash": "", "numbers": [], "findings": [], "plans": _rows(made)})
        return kept(job, folder, pace)


def carry_on(job: Any, progress: Progress) -> dict[str, Any]:
    """Carry on one plan of a set, with all its papers."""
    pace = Pace(job, progress, usual=SEEDS_TAKE_S)
    with asked(job, pace) as (section, image, structures, folder):
        request, design = wanted(section, image, structures)
        file = file_of(Job.objects.get(pk=job.inputs["base"]), FRONT)
        assert file is not None
        text, number = job.inputs["request"], job.inputs["number"]
        chosen = chosen_plan(request, path_of(file.sha256), number, request_text=text)
        rng = np.random.default_rng(job.inputs["seed"])
        proposed = with_consequences(request, chosen, rng=rng, told=pace)
        write_proposal(folder, request, proposed, design=design, at=here_and_now(), told=pace, made_by=BY_CHOICE)
        return kept(job, folder, pace)


def plan_in_needles(job: Any, progress: Progress) -> dict[str, Any]:
    """Plan seeds anew in the needles that a CT shows."""
    pace = Pace(job, progress, usual=PLACED_TAKES_S)
    with asked(job, pace) as (section, image, structures, folder):
        request, _ = wanted(section, image, structures)
        scan = image_of(job.inputs["scan"])
        found = plan_in_placed(
            request,
            scan,
            corrections=Corrections(removed=tuple(job.inputs["removed"])),
            planned=_planned(Job.objects.get(pk=job.inputs["base"]), request),
            rng=np.random.default_rng(job.inputs["seed"]),
            progress=pace,
        )
        write_proposal(folder, request, found.proposed, design=None, at=here_and_now(), told=pace)
        (folder / "placed.json").write_text(json.dumps(placed_json(found), indent=1), encoding="utf-8")
        pictures = overlays(request, scan, found.laid)
        for name, content in pictures.items():
            (folder / name).write_bytes(content)
        if pictures:
            _show(folder, "overlay", OVERLAY_SHOWN)
            write_outcome(folder, read_outcome(folder))
        return kept(job, folder, pace)


def _planned(before: Job, request: ImplantRequest) -> tuple[Needle, ...]:
    file = file_of(before, "RTPLAN.dcm")
    assert file is not None
    plan = read_plan(path_of(file.sha256), implant_at=request.implant_at).value
    return plan.needles if isinstance(plan, ImplantPlan) else ()


def _rows(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a page shows of each plan of a set."""
    return [{name: value for name, value in each.items() if name != "places"} for each in made["plans"]]


def _show(folder: Path, name: str, shown: dict[str, tuple[str, str]]) -> None:
    """Put a picture of each language among those that the page shows."""
    for language in Language:
        place = folder / f"pictures-{language.value}"
        place.mkdir(exist_ok=True)
        (folder / f"{name}_{language.value}.svg").rename(place / f"{name}.svg")
        index = place / INDEX
        rows = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
        alternative, caption = shown[language.value]
        rows.append({"file": f"{name}.svg", "alternative": alternative, "caption": caption})
        index.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

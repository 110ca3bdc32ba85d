"""Sets of plans to choose from: written with their pictures, read back, and one of them carried on."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

import trocar
from trocar.cli.console import Speaker
from trocar.cli.exits import Exit
from trocar.cli.folders import MARK, whole_folder
from trocar.cli.request_section import carry_request
from trocar.errors import UsageError
from trocar.messages import Language, Message
from trocar.plan.needles import Needle
from trocar.report.pareto import ShownFront, ShownPoint, pareto_picture
from trocar.report.pictures import Paper
from trocar.workflow.edit_bench import account_of_needles
from trocar.workflow.implant import Progress
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.pareto import ParetoFront, ParetoPlan, pareto_front
from trocar.workflow.plan_judging import ProposedImplant, judged
from trocar.workflow.seed_placing import Place, plan_at_places

FRONT = "pareto.json"


def run_front(
    request: ImplantRequest,
    out: Path,
    *,
    request_text: str,
    beside: Path,
    replace: bool,
    rng: np.random.Generator,
    told: Progress,
    speaker: Speaker,
) -> Exit:
    """Make a set of plans to choose from, and write it with its pictures; returns the exit code."""
    front = pareto_front(request, rng=rng, progress=told)
    with whole_folder(out, replace=replace) as folder:
        data = write_front(folder, front, request_text=request_text)
        carry_request(request_text, beside=beside, folder=folder)
    speaker.give(data)
    speaker.say(
        Message(
            code="cli.pareto-done",
            template="{kept} plans of {tried} are beaten by none, {good} of them meet every goal that must be met; "
            "choose one from {folder} by --choose NUMBER --from {folder}",
            data={
                "kept": len(front.plans),
                "tried": front.tried,
                "good": sum(each.is_acceptable for each in front.plans),
                "folder": str(out),
            },
        )
    )
    return Exit.DONE if any(each.is_acceptable for each in front.plans) else Exit.ACTION


def write_front(folder: Path, front: ParetoFront, *, request_text: str) -> dict[str, Any]:
    """Write a set of plans with its request and pictures into a folder, and return what a script wants to know."""
    data = front_json(front, request_text=request_text)
    for name in (FRONT, MARK):
        (folder / name).write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "request.toml").write_text(request_text, encoding="utf-8")
    for language in Language:
        picture = pareto_picture(shown_front(front), paper=Paper(language=language))
        (folder / f"pareto_{language.value}.svg").write_bytes(picture)
    return data


def shown_front(front: ParetoFront) -> ShownFront:
    """Return what the picture of a set of plans shows."""
    return ShownFront(
        target=front.posed.request.target,
        scenarios=front.posed.scenarios,
        points=tuple(
            ShownPoint(
                number=each.number,
                coverage_percent=each.coverage_percent,
                load_percent=each.load_percent,
                needles=each.needles,
                acceptable=each.is_acceptable,
            )
            for each in front.plans
        ),
    )


def front_json(front: ParetoFront, *, request_text: str) -> dict[str, Any]:
    """Return a set of plans with all that is needed to carry one on."""
    return {
        "trocar": trocar.__version__,
        "request_sha256": _hash(request_text),
        "image_series": front.posed.request.image.reference.series_uid,
        "tried": front.tried,
        "scenarios": front.posed.scenarios,
        "covered": front.covered,
        "needles": [
            {"entry_lps_mm": each.entry_lps_mm.tolist(), "tip_lps_mm": each.tip_lps_mm.tolist(), "hole": each.label}
            for each in front.posed.needles
        ],
        "plans": [_plan_json(front, each) for each in front.plans],
    }


def _plan_json(front: ParetoFront, plan: ParetoPlan) -> dict[str, Any]:
    posed = front.posed
    places = len(posed.candidates)
    return {
        "number": plan.number,
        "coverage_percent": round(plan.coverage_percent, 2),
        "load_percent": round(plan.load_percent, 1),
        "needles": plan.needles,
        "seeds": plan.seeds,
        "acceptable": plan.is_acceptable,
        "goals": [
            {"goal": each.goal.text, "value": round(each.value, 3), "met": each.is_met} for each in plan.achievements
        ],
        "places": [
            [
                int(posed.candidates.needle[index % places]),
                float(posed.candidates.depth_mm[index % places]),
                int(index) // places,
            ]
            for index in plan.chosen
        ],
    }


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def chosen_plan(request: ImplantRequest, path: Path, number: int, *, request_text: str) -> ProposedImplant:
    """Return one plan of a set, judged by exact doses.

    Raises
    ------
    UsageError
        No such set or number, or the set was made for another request.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(
            "cli.pareto-unreadable",
            "{file} holds no set of plans: {reason}; give the folder that trocar plan --pareto made",
            file=path.name,
            reason=str(problem),
        ) from problem
    same = (_hash(request_text), request.image.reference.series_uid)
    if (data.get("request_sha256"), data.get("image_series")) != same:
        raise UsageError(
            "cli.pareto-other-request",
            "the set of plans in {file} was made for another request or another CT; make it anew",
            file=path.name,
        )
    plan = next((each for each in data["plans"] if each["number"] == number), None)
    if plan is None:
        raise UsageError(
            "cli.pareto-number-unknown",
            "plan {number} was chosen, but the set holds plans 1 to {last}",
            number=number,
            last=len(data["plans"]),
        )
    needles = tuple(
        Needle(
            number=n,
            entry_lps_mm=np.array(each["entry_lps_mm"]),
            tip_lps_mm=np.array(each["tip_lps_mm"]),
            label=each["hole"],
        )
        for n, each in enumerate(data["needles"], start=1)
    )
    places = [Place(needle=needle, depth_mm=depth, stock=stock) for needle, depth, stock in plan["places"]]
    built = plan_at_places(request, needles, places)
    return judged(
        request,
        built,
        outcome=None,
        accounts=account_of_needles(request, built.needles),
        covered=float(data["covered"]),
    )

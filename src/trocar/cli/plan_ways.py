"""Ways to a plan beside the usual one: chosen from a set of plans, or in needles that lie in the patient already."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.plan_front import FRONT, chosen_plan
from trocar.cli.request_section import Section, a_list, a_vector, a_whole, read_request
from trocar.dicom.image import read_image
from trocar.dicom.rtplan import read_plan
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.report.pictures import Paper
from trocar.report.verification_pictures import checkerboard_picture
from trocar.workflow.consequences import with_consequences
from trocar.workflow.implant import Progress, plan_implant
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.placed import Corrections, PlannedInPlaced, plan_in_placed
from trocar.workflow.placed_frame import LaidOver, overlay, target_points
from trocar.workflow.plan_judging import ProposedImplant


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a plan is to be come by.

    Parameters
    ----------
    choose
        Number of a plan in the set of ``before``; None for none.
    before
        Folder of an earlier run: a set of plans, or the plan before the needles were placed.
    placed
        CT with the needles in; None for none.
    corrections
        File of what a person changes about the needles found; None for none.
    nearest
        Whether to plan with the least change where none is possible.
    bound
        Whether to prove how good a plan could be.
    """

    choose: int | None = None
    before: Path | None = None
    placed: Path | None = None
    corrections: Path | None = None
    nearest: bool = False
    bound: bool = False

    def __post_init__(self) -> None:
        if (self.choose is not None and self.before is None) or (self.choose is not None and self.placed is not None):
            raise UsageError(
                "cli.choose-from-where",
                "a plan is chosen from a set made before: give its folder with --from, and not --placed",
            )
        if self.corrections is not None and self.placed is None:
            raise UsageError("cli.corrections-of-what", "corrections are of needles on a CT: give it with --placed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a way gives beside the plan.

    Parameters
    ----------
    data
        For scripts.
    files
        Name in the folder to content.
    """

    data: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def proposal(
    request: ImplantRequest, way: Way, *, request_text: str, rng: np.random.Generator, told: Progress
) -> tuple[ProposedImplant, Beside]:
    """Return the plan come by in a way, and what there is beside it."""
    if way.placed is not None:
        scan = read_image(way.placed).value
        found = _in_placed(request, scan, way, rng=rng, told=told)
        return found.proposed, Beside(data={"placed": placed_json(found)}, files=overlays(request, scan, found.laid))
    if way.choose is not None and way.before is not None:
        chosen = chosen_plan(request, way.before / FRONT, way.choose, request_text=request_text)
        return with_consequences(request, chosen, rng=rng, told=told), Beside(data={"chosen": way.choose})
    return plan_implant(request, rng=rng, progress=told, bound=way.bound, nearest=way.nearest), Beside()


def overlays(request: ImplantRequest, scan: Image, laid: LaidOver | None) -> dict[str, bytes]:
    """Return pictures of both scans in turn, where one was laid over the other."""
    if laid is None:
        return {}
    mixed = overlay(request, scan, laid)
    points = target_points(request)
    return {
        f"overlay_{language.value}.svg": checkerboard_picture(mixed, points, paper=Paper(language=language))
        for language in Language
    }


def _in_placed(
    request: ImplantRequest, scan: Image, way: Way, *, rng: np.random.Generator, told: Progress
) -> PlannedInPlaced:
    return plan_in_placed(
        request,
        scan,
        corrections=read_corrections(way.corrections) if way.corrections is not None else Corrections(),
        planned=_planned(way.before, request) if way.before is not None else (),
        rng=rng,
        bound=way.bound,
        progress=told,
    )


def _planned(folder: Path, request: ImplantRequest) -> tuple[Needle, ...]:
    found = read_plan(folder / "RTPLAN.dcm", implant_at=request.implant_at).value
    return found.needles if isinstance(found, ImplantPlan) else ()


def read_corrections(path: Path) -> Corrections:
    """Return corrections of found needles: tables ``[[correct]]``, ``[[remove]]`` and ``[[add]]``.

    Raises
    ------
    UsageError
        Not TOML, or an entry missing, misspelt or of the wrong kind.
    """
    section = read_request(path)
    entries: dict[int, np.ndarray] = {}
    tips: dict[int, np.ndarray] = {}
    removed, added = [], []
    for each in _tables(section, "correct"):
        number = each.take("number", a_whole)
        for name, ends in (("entry_lps_mm", entries), ("tip_lps_mm", tips)):
            end = each.may(name, a_vector)
            if end is not None:
                ends[number] = end
        each.done()
    for each in _tables(section, "remove"):
        removed.append(each.take("number", a_whole))
        each.done()
    for each in _tables(section, "add"):
        added.append((each.take("entry_lps_mm", a_vector), each.take("tip_lps_mm", a_vector)))
        each.done()
    section.done()
    return Corrections(removed=tuple(removed), entries=entries, tips=tips, added=tuple(added))


def _tables(section: Section, name: str) -> list[Section]:
    return [Section(f"{name} {n}", each) for n, each in enumerate(section.may(name, a_list) or [], start=1)]


def registration_json(laid: LaidOver) -> dict[str, Any]:
    """Return how the planning CT and the CT with needles lie to each other, for scripts."""
    found = laid.registration
    return {
        "needles_from_plan": found.moving_from_fixed.round(6).tolist(),
        "rotation_deg": round(found.rotation_deg, 2),
        "likeness": round(found.likeness_after, 3),
        "likeness_mirrored": round(found.likeness_mirrored, 3),
        "likeness_at_target": round(laid.likeness_at_target, 3),
        "moved_at_target_mm": round(laid.moved_at_target_mm, 2),
    }


def placed_json(found: PlannedInPlaced) -> dict[str, Any]:
    """Return found needles and how they lie against the plan, for scripts."""
    return {
        "found": [
            {
                "number": number,
                "entry_lps_mm": each.entry_lps_mm.round(2).tolist(),
                "tip_lps_mm": each.tip_lps_mm.round(2).tolist(),
                "entry_in_plan_lps_mm": there.entry_lps_mm.round(2).tolist(),
                "tip_in_plan_lps_mm": there.tip_lps_mm.round(2).tolist(),
                "bend_mm": None if each.by_hand else round(each.bend_mm, 2),
                "by_hand": each.by_hand,
            }
            for number, (each, there) in enumerate(zip(found.found, found.carried, strict=True), start=1)
        ],
        "against_plan": [
            {
                "number": each.planned.number,
                "entry_off_mm": round(each.entry_off_mm, 2),
                "tip_off_mm": round(each.tip_off_mm, 2),
                "lateral_tip_off_mm": round(each.lateral_tip_off_mm, 2),
                "depth_off_mm": round(each.depth_off_mm, 2),
                "angle_deg": round(each.angle_deg, 2),
            }
            for each in found.review.placements
        ],
        "registration": None if found.laid is None else registration_json(found.laid),
        "not_placed": [each.number for each in found.review.not_placed],
        "not_planned": len(found.review.not_planned),
    }

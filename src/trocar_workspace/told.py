"""What the browser is told of a desk, as plain data: the scene once, and where a list of changes leads each time."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from trocar.plan.access import RiskAccount
from trocar.plan.goals import Achievement
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.plan.template import GridTemplate
from trocar.workflow.edit_bench import accounts_on, achievements_on, histogram_on
from trocar.workflow.edit_views import Outline, Plane
from trocar.workflow.plan_edits import depth_of
from trocar_workspace.desk import ISODOSE_PERCENT, SHOWN_SPACING_MM, Desk, places_mm
from trocar_workspace.said import in_both

HISTOGRAM_POINTS = 200
COLOURS = (
    *("#e8554e", "#4fa3e0", "#58b368", "#e0a83c", "#a678de", "#40b8b0", "#d977a8", "#9aa83f"),
    *("#7f8fd9", "#c98a5b", "#6fd0e8", "#b5e07a", "#f0b8a0", "#c0a0f0", "#8fae9b", "#e8d27a"),
)
"""For structures that bring no colour of their own; the first is the target's."""


def scene(desk: Desk) -> dict[str, Any]:
    """Return what does not change while the plan is edited."""
    request, grid = desk.request, desk.picture.grid
    return {
        "label": request.label,
        "prescription_gy": request.prescription_gy,
        "target": request.target,
        "isodose_percent": list(ISODOSE_PERCENT),
        "spacing_mm": SHOWN_SPACING_MM,
        "box_lps_mm": desk.box_lps_mm.tolist(),
        "planes": places_mm(desk.box_lps_mm, grid.shape_kji),
        "structures": [
            {
                "name": each.name,
                "colour": COLOURS[n % len(COLOURS)],
                "margin_mm": _margin(desk, each.name),
                "outlines_lps_mm": [np.round(contour.points_lps_mm, 1).tolist() for contour in each.closed_contours],
            }
            for n, each in enumerate(desk.structures)
        ],
        "stock": [
            {
                "entry": n,
                "source_model": each.source_model,
                "s_k_u": each.strength.s_k_u,
                "reference_at": each.strength.reference_at.isoformat(),
                "count": each.count,
                "lot": each.lot,
            }
            for n, each in enumerate(request.stock, start=1)
        ],
        "seed": {
            "length_mm": request.seeding.seed_length_mm,
            "diameter_mm": request.seeding.seed_diameter_mm,
            "pitch_mm": request.seeding.pitch_mm,
            "tip_to_seed_mm": request.seeding.tip_to_seed_mm,
        },
        "needle": {"radius_mm": request.needles.rules.needle_radius_mm, "spacing_mm": request.needles.spacing_mm},
        "template": _template(request.needles.template),
        "worth": request.robustness is not None or request.biology is not None,
    }


def _margin(desk: Desk, name: str) -> float | None:
    return next((each.margin_mm for each in desk.request.needles.rules.obstacles if each.name == name), None)


def _template(template: GridTemplate | None) -> dict[str, Any] | None:
    if template is None:
        return None
    return {
        "direction_lps": template.direction_lps.tolist(),
        "pitch_mm": template.pitch_mm,
        "columns_lps": template.lps_from_template[:3, 0].tolist(),
        "rows_lps": template.lps_from_template[:3, 1].tolist(),
        "holes": [
            {"name": name, "lps_mm": hole}
            for name, hole in zip(template.hole_names, np.round(template.holes_lps_mm, 3).tolist(), strict=True)
        ],
    }


def state(desk: Desk, words: object, cuts: Iterable[tuple[Plane, float]], *, risks: bool) -> dict[str, Any]:
    """Return where a list of changes leads, with the isodose lines of some cuts.

    Parameters
    ----------
    desk
        The plan.
    words
        Changes from the beginning.
    cuts
        Planes and where they lie, in mm.
    risks
        Whether to account for what every needle passes, which takes longer than the dose.
    """
    started = time.perf_counter()
    standing = desk.stand(words)
    plan = standing.on_bench.plan
    told: dict[str, Any] = {
        "made": standing.made,
        "refused": in_both(standing.refused),
        "needles": [_needle(plan, each) for each in plan.needles],
        "seeds": len(plan.seeds),
        "goals": [_goal(each) for each in achievements_on(desk.bench, standing.on_bench)],
        "histograms": {
            each.name: _quantiles(histogram_on(desk.bench, standing.on_bench, each.name))
            for each in desk.bench.structures
        },
        "isodoses": {
            plane.name.lower(): [_lines(group) for group in desk.isodoses(plan, plane, at_mm)] for plane, at_mm in cuts
        },
        "used": [sum(_is_of(seed, each) for seed in plan.seeds) for each in desk.request.stock],
    }
    if risks:
        told["risks"] = {number: _risk(account) for number, account in accounts_on(desk.bench, plan).items()}
    return told | {"ms": round(1e3 * (time.perf_counter() - started), 1)}


def _is_of(seed: Any, stock: Any) -> bool:
    return bool(seed.source_model == stock.source_model and seed.strength == stock.strength)


def outlines(desk: Desk, plane: Plane, at_mm: float) -> dict[str, Any]:
    """Return the outlines of structures in a cut."""
    return {name: _lines(lines) for name, lines in desk.structure_outlines(plane, at_mm).items()}


def _lines(lines: Iterable[Outline]) -> list[list[list[float]]]:
    return [np.round(line, 1).tolist() for line in lines]


def _needle(plan: ImplantPlan, needle: Needle) -> dict[str, Any]:
    own = sorted(
        (seed for seed in plan.seeds if seed.needle == needle.number), key=lambda seed: -depth_of(seed, needle)
    )
    return {
        "number": needle.number,
        "hole": needle.label,
        "entry_lps_mm": np.round(needle.entry_lps_mm, 2).tolist(),
        "tip_lps_mm": np.round(needle.tip_lps_mm, 2).tolist(),
        "depth_mm": round(needle.length_mm, 1),
        "seeds": [
            {
                "seed": n,
                "depth_mm": round(depth_of(seed, needle), 2),
                "lps_mm": np.round(seed.position_lps_mm, 2).tolist(),
                "s_k_u": seed.strength.s_k_u,
            }
            for n, seed in enumerate(own, start=1)
        ],
    }


def _goal(achieved: Achievement) -> dict[str, Any]:
    goal = achieved.goal
    return {
        "structure": goal.structure,
        "metric": goal.metric.text,
        "comparison": goal.comparison.value,
        "limit": goal.limit,
        "unit": goal.limit_unit.value,
        "priority": goal.priority.value,
        "reference": goal.reference,
        "confidence": goal.confidence.value,
        "value": round(achieved.value, 2),
        "met": achieved.is_met,
    }


def _quantiles(falling_gy: np.ndarray) -> list[float]:
    """Return the doses to 0, …, 100 % of a structure."""
    if not len(falling_gy):
        return []
    at = np.linspace(0.0, len(falling_gy) - 1, HISTOGRAM_POINTS + 1)
    return np.round(np.interp(at, np.arange(len(falling_gy)), falling_gy), 2).tolist()  # type: ignore[no-any-return]


def _risk(account: RiskAccount) -> dict[str, Any]:
    return {
        "depth_mm": round(account.depth_mm, 1),
        "in_target_mm": round(account.in_target_mm, 1),
        "skin_angle_deg": round(account.skin_angle_deg, 1),
        "clearance_mm": {name: round(value, 1) for name, value in account.clearance_mm.items()},
        "tightest": account.tightest,
        "entered": dict(account.entered),
    }

"""The bench on which a plan is edited: each change checked against the rules, its dose updated by differences.

The dose is held at fair samples of the structures that goals speak of. A change alters the sources it touches and no
others, so that the new dose is the old one plus what these sources gave more or less: exact, since TG-43 doses add.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from trocar.dose.base import SourceTerm, source_terms
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.messages import Message
from trocar.optimise.access.given import account_needles, broken_by
from trocar.optimise.access.scene import Scene
from trocar.optimise.base import PointSet
from trocar.optimise.candidates import segment_distance_mm
from trocar.optimise.metrics import goal_value, readable_goals
from trocar.optimise.points import join_structures
from trocar.optimise.tables import PITCH_ROUNDING_MM
from trocar.plan.access import RiskAccount, SkinEntries
from trocar.plan.goals import Achievement, Goal
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.plan.template import GridTemplate
from trocar.workflow.implant_request import ImplantRequest, SeedStock
from trocar.workflow.plan_edits import Edit, depth_of, edited, needle_numbered
from trocar.workflow.posing import target_region
from trocar.workflow.seed_placing import sampled_structures
from trocar.workflow.seed_region import Allowed, seed_region
from trocar.workflow.way_in import scene_of

IN_HOLE_MM = 0.2
"""A needle goes through a hole of the template if its axis passes the hole's middle within this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What does not change while a plan is edited; made by `open_bench`.

    Parameters
    ----------
    request
        Rules, stock and goals.
    points_lps_mm, structures
        Samples of the target and of each structure that a goal speaks of, as far as it lies near the target.
    goals
        Those that can be read at the samples.
    allowed
        Where seeds may lie.
    scene, entries
        What needles must keep away from, and the skin.
    """

    request: ImplantRequest
    points_lps_mm: Float[np.ndarray, "n 3"]
    structures: tuple[PointSet, ...]
    goals: tuple[Goal, ...]
    allowed: Allowed
    scene: Scene
    entries: SkinEntries


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBench:
    """A plan on the bench.

    Parameters
    ----------
    plan
        As it stands.
    dose_gy
        At the points of the bench.
    """

    plan: ImplantPlan
    dose_gy: Float[np.ndarray, " n"]


def open_bench(request: ImplantRequest, plan: ImplantPlan) -> tuple[Bench, OnBench]:
    """Return the bench for a request and the plan laid on it."""
    scene, entries = scene_of(request)
    points, structures = join_structures(sampled_structures(request, target_region(request)))
    bench = Bench(
        request=request,
        points_lps_mm=points,
        structures=structures,
        goals=readable_goals(request.goals, structures),
        allowed=seed_region(request),
        scene=scene,
        entries=entries,
    )
    return bench, OnBench(plan=plan, dose_gy=plan_dose(plan, points))


def edit(bench: Bench, current: OnBench, change: Edit) -> OnBench:
    """Return the plan with one change and its dose.

    Raises
    ------
    PlanError
        The change names nothing there is, or the plan could then not be implanted; every reason is told.
    """
    plan = edited(current.plan, change, stock=bench.request.stock)
    plan = _through_holes(plan, _touched(current.plan, plan), bench.request.needles.template)
    reasons = refusals(bench, plan, touched=_touched(current.plan, plan))
    if reasons:
        raise PlanError("workflow.edit-refused", "the change was refused: {reasons}", reasons=reasons)
    dose = changed_dose(current.plan, plan, dose_gy=current.dose_gy, points_lps_mm=bench.points_lps_mm)
    return OnBench(plan=plan, dose_gy=dose)


def plan_dose(plan: ImplantPlan, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Return the dose of a plan at points, in Gy."""
    return _dose(source_terms(plan), points_lps_mm)


def changed_dose(
    before: ImplantPlan,
    after: ImplantPlan,
    *,
    dose_gy: Float[np.ndarray, " n"],
    points_lps_mm: Float[np.ndarray, "n 3"],
) -> Float[np.ndarray, " n"]:
    """Return the dose at points after a change, from the dose before it and the seeds that differ."""
    old, new = _only_in(before, after), _only_in(after, before)
    difference = (*_terms(before, old, sign=-1.0), *_terms(after, new, sign=1.0))
    return dose_gy + _dose(difference, points_lps_mm) if difference else dose_gy


def achievements_on(bench: Bench, current: OnBench) -> tuple[Achievement, ...]:
    """Return how far the plan gets with each goal, read at the points of the bench."""
    found = []
    for goal in bench.goals:
        points = next(each for each in bench.structures if each.name == goal.structure)
        part = current.dose_gy[points.start : points.stop]
        found.append(Achievement(goal=goal, value=goal_value(points, part, goal, bench.request.prescription_gy)))
    return tuple(found)


def histogram_on(bench: Bench, current: OnBench, structure: str) -> Float[np.ndarray, " n"]:
    """Return the doses of a structure in falling order: the k-th of n is the dose to k/n of it."""
    points = next(each for each in bench.structures if each.name == structure)
    return np.sort(current.dose_gy[points.start : points.stop])[::-1]


def refusals(bench: Bench, plan: ImplantPlan, *, touched: Sequence[int] | None = None) -> tuple[Message, ...]:
    """Return why a plan cannot be implanted; nothing where it can.

    Parameters
    ----------
    bench
        Rules.
    plan
        With needles.
    touched
        Numbers of the needles to look at; None for all.
    """
    numbers = [needle.number for needle in plan.needles if touched is None or needle.number in touched]
    return (
        *(reason for number in numbers for reason in _wrong_with_seeds(bench, plan, number)),
        *_touching(bench, plan, numbers),
        *_wrong_with_needles(bench, plan, numbers),
        *_overdrawn(bench.request, plan),
    )


def accounts_on(bench: Bench, plan: ImplantPlan) -> dict[int, RiskAccount]:
    """Return what each needle of a plan passes, by its number."""
    accesses = account_needles(bench.scene, bench.entries, plan.needles)
    return {needle.number: accesses.account(row) for row, needle in enumerate(plan.needles)}


def account_of_needles(request: ImplantRequest, needles: tuple[Needle, ...]) -> dict[int, RiskAccount]:
    """Return what each of some needles passes, by its number."""
    scene, entries = scene_of(request)
    accesses = account_needles(scene, entries, needles)
    return {needle.number: accesses.account(row) for row, needle in enumerate(needles)}


def _dose(terms: Sequence[SourceTerm], points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    return dose_at_points(terms, points_lps_mm, formalism=Formalism.LINE_2D)


def _terms(plan: ImplantPlan, seeds: tuple[Seed, ...], *, sign: float) -> tuple[SourceTerm, ...]:
    if not seeds:
        return ()
    terms = source_terms(replace(plan, seeds=seeds))
    return tuple(replace(term, weight_u_h=sign * term.weight_u_h) for term in terms)


def _only_in(one: ImplantPlan, other: ImplantPlan) -> tuple[Seed, ...]:
    """Return the seeds of one plan that are not, as objects, in the other: changes keep what they do not touch."""
    kept = {id(seed) for seed in other.seeds}
    return tuple(seed for seed in one.seeds if id(seed) not in kept)


def _touched(before: ImplantPlan, after: ImplantPlan) -> tuple[int, ...]:
    """Return the numbers of the needles that changed, or whose seeds did."""
    old = {id(needle) for needle in before.needles}
    needles = {needle.number for needle in after.needles if id(needle) not in old}
    seeds = {seed.needle for seed in _only_in(after, before) if seed.needle is not None}
    return tuple(sorted(needles | seeds))


def _through_holes(plan: ImplantPlan, touched: tuple[int, ...], template: GridTemplate | None) -> ImplantPlan:
    """Return the plan with the names of the holes its changed needles go through.

    Raises
    ------
    PlanError
        A needle goes through no hole.
    """
    if template is None:
        return plan
    needles = tuple(_named(each, template) if each.number in touched else each for each in plan.needles)
    return replace(plan, needles=needles)


def _named(needle: Needle, template: GridTemplate) -> Needle:
    away = template.holes_lps_mm - needle.entry_lps_mm
    off = np.linalg.norm(away - (away @ needle.direction_lps)[:, None] * needle.direction_lps, axis=1)
    leans = np.linalg.norm(np.cross(needle.direction_lps, template.direction_lps)) * needle.length_mm
    hole = int(np.argmin(off))
    if off[hole] > IN_HOLE_MM or leans > IN_HOLE_MM:
        raise PlanError(
            "workflow.edit-off-template",
            "needle {number} would pass {off_mm:.1f} mm beside hole {hole}, the nearest of the template; shift needles "
            "by whole holes of {pitch_mm:g} mm and along their direction",
            number=needle.number,
            off_mm=float(max(off[hole], leans)),
            hole=template.hole_names[hole],
            pitch_mm=template.pitch_mm,
        )
    return replace(needle, label=template.hole_names[hole])


def _wrong_with_seeds(bench: Bench, plan: ImplantPlan, number: int) -> list[Message]:
    """Return what is wrong with the seeds of one needle by themselves."""
    needle = needle_numbered(plan, number)
    seeding = bench.request.seeding
    depths = sorted((depth_of(seed, needle) for seed in plan.seeds if seed.needle == number), reverse=True)
    found = [
        Message(
            code="workflow.edit-beyond-needle",
            template="seed {seed} of needle {number} would lie {depth_mm:.1f} mm deep; the needle drops seeds from "
            "0 to {deepest_mm:.1f} mm",
            data={
                "seed": n,
                "number": number,
                "depth_mm": depth,
                "deepest_mm": needle.length_mm - seeding.tip_to_seed_mm,
            },
        )
        for n, depth in enumerate(depths, start=1)
        if not -PITCH_ROUNDING_MM <= depth <= needle.length_mm - seeding.tip_to_seed_mm + PITCH_ROUNDING_MM
    ]
    found += [
        Message(
            code="workflow.edit-too-close",
            template="seeds {first} and {second} of needle {number} would be {gap_mm:.1f} mm apart where "
            "{pitch_mm:g} mm are asked for",
            data={"first": n, "second": n + 1, "number": number, "gap_mm": a - b, "pitch_mm": seeding.pitch_mm},
        )
        for n, (a, b) in enumerate(pairwise(depths), start=1)
        if a - b < seeding.pitch_mm - PITCH_ROUNDING_MM
    ]
    if depths:
        half = 0.5 * seeding.seed_length_mm
        ends = np.array([needle.at_depth(depth + part) for depth in depths for part in (-half, 0.0, half)])
        good = bench.allowed(ends).reshape(-1, 3).all(axis=1)
        found += [
            Message(
                code="workflow.edit-outside-region",
                template="seed {seed} of needle {number} would lie outside the region where seeds are allowed",
                data={"seed": n, "number": number},
            )
            for n in (1 + np.flatnonzero(~good)).tolist()
        ]
    return found


def _touching(bench: Bench, plan: ImplantPlan, numbers: Sequence[int]) -> list[Message]:
    """Return which seeds of changed needles would overlap seeds of other needles."""
    seeding = bench.request.seeding
    if not plan.seeds:
        return []
    core = 0.5 * max(0.0, seeding.seed_length_mm - seeding.seed_diameter_mm)
    axes = np.array([seed.axis_lps if seed.axis_lps is not None else np.zeros(3) for seed in plan.seeds])
    middle = np.array([seed.position_lps_mm for seed in plan.seeds])
    of = np.array([seed.needle if seed.needle is not None else -1 for seed in plan.seeds])
    found = []
    for row in np.flatnonzero(np.isin(of, numbers)):
        others = np.flatnonzero((of != of[row]) & (~np.isin(of, numbers) | (of > of[row])))
        low, high = middle[others] - core * axes[others], middle[others] + core * axes[others]
        start = np.broadcast_to(middle[row] - core * axes[row], low.shape)
        stop = np.broadcast_to(middle[row] + core * axes[row], low.shape)
        gap = segment_distance_mm(start, stop, low, high)
        found += [
            Message(
                code="workflow.edit-seeds-overlap",
                template="a seed of needle {one} and a seed of needle {other} would overlap: {gap_mm:.1f} mm between "
                "their axes, capsules of {diameter_mm:g} mm",
                data={
                    "one": int(of[row]),
                    "other": int(of[other]),
                    "gap_mm": float(gap[n]),
                    "diameter_mm": seeding.seed_diameter_mm,
                },
            )
            for n, other in enumerate(others)
            if gap[n] < seeding.seed_diameter_mm
        ]
    return found


def _wrong_with_needles(bench: Bench, plan: ImplantPlan, numbers: Sequence[int]) -> list[Message]:
    """Return which access rules changed needles break, and which other needles they come too near."""
    changed = tuple(each for each in plan.needles if each.number in numbers)
    accesses = account_needles(bench.scene, bench.entries, changed)
    found = [
        reason
        for row, each in enumerate(changed)
        for reason in broken_by(bench.scene, accesses, row, number=each.number)
    ]
    entry = np.array([each.entry_lps_mm for each in plan.needles]).reshape(-1, 3)
    tip = np.array([each.tip_lps_mm for each in plan.needles]).reshape(-1, 3)
    for each in changed:
        start, stop = np.broadcast_to(each.entry_lps_mm, entry.shape), np.broadcast_to(each.tip_lps_mm, tip.shape)
        gap = segment_distance_mm(start, stop, entry, tip)
        found += [
            Message(
                code="workflow.edit-needles-close",
                template="needles {one} and {other} would come within {gap_mm:.1f} mm where {spacing_mm:g} mm are "
                "asked for",
                data={
                    "one": each.number,
                    "other": other.number,
                    "gap_mm": float(away),
                    "spacing_mm": bench.request.needles.spacing_mm,
                },
            )
            for other, away in zip(plan.needles, gap, strict=True)
            if away < bench.request.needles.spacing_mm - PITCH_ROUNDING_MM
            and other.number != each.number
            and (other.number > each.number or other.number not in numbers)
        ]
    return found


def _overdrawn(request: ImplantRequest, plan: ImplantPlan) -> list[Message]:
    found = [
        Message(
            code="workflow.edit-stock-overdrawn",
            template="{used} seeds of {model} at {s_k_u:.3f} U would be used, but {count} are in stock",
            data={
                "used": seeds_of(stock, plan),
                "model": stock.source_model,
                "s_k_u": stock.strength.s_k_u,
                "count": stock.count,
            },
        )
        for stock in request.stock
        if stock.count is not None and seeds_of(stock, plan) > stock.count
    ]
    most = request.seeding.most
    if most is not None and len(plan.seeds) > most:
        found.append(
            Message(
                code="workflow.edit-too-many",
                template="{used} seeds would be used where at most {most} are asked for",
                data={"used": len(plan.seeds), "most": most},
            )
        )
    return found


def seeds_of(stock: SeedStock, plan: ImplantPlan) -> int:
    """Return how many seeds of a stock entry a plan uses."""
    return sum(seed.source_model == stock.source_model and seed.strength == stock.strength for seed in plan.seeds)

"""Placing seeds: the search problem of a request in given needles, and the plan that a choice of places stands for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from jaxtyping import Float, Int32

from trocar.catalogue.sources import load_source
from trocar.dose.decay import effective_hours, strength_at_u
from trocar.dose.influence import influence_matrix
from trocar.errors import OptimiseError
from trocar.evaluate.scenarios import carried, moved_needles
from trocar.geometry.region import Region
from trocar.optimise.base import Problem
from trocar.optimise.candidates import Candidates, candidates_in_needles, crossing_needles, touching_pairs
from trocar.optimise.metrics import readable_goals
from trocar.optimise.points import SampledStructure, join_structures, sample_structure
from trocar.optimise.scenarios import problem_of_scenarios
from trocar.plan.goals import Goal
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed
from trocar.workflow.histograms import region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, ImplantRequest, SeedStock
from trocar.workflow.seed_region import seed_region

ORGAN_REACH_MM = 40.0
"""Of an organ only what lies this near the target is sampled, and the rest counts as receiving less; all of it where a
goal needs it."""

MOST_DENSE = 4
"""Times as many points as usual, at most, in an organ that has to be sampled as a whole."""
TARGET_POINTS, ORGAN_POINTS = 9000, 2500
TARGET_POINTS_A_SCENARIO, ORGAN_POINTS_A_SCENARIO = 2500, 800


def scenario_problem(
    request: ImplantRequest, needles: Sequence[Needle], target: Region, *, rng: np.random.Generator, in_place: bool
) -> tuple[Problem, Candidates, int]:
    """Return the search problem for the plan and the scenarios that the request asks for, and how many these are.

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    scenarios = request.robustness.planned_for if request.robustness is not None else 0
    if not scenarios:
        return *implant_problem(request, needles, target, in_place=in_place), 0
    problem, candidates = implant_problem(
        request,
        needles,
        target,
        in_place=in_place,
        target_points=TARGET_POINTS_A_SCENARIO,
        organ_points=ORGAN_POINTS_A_SCENARIO,
    )
    doses = _scenario_doses(request, needles, candidates, problem, count=scenarios, rng=rng)
    return problem_of_scenarios(problem, doses), candidates, scenarios


def implant_problem(
    request: ImplantRequest,
    needles: Sequence[Needle],
    target: Region,
    *,
    in_place: bool,
    target_points: int = TARGET_POINTS,
    organ_points: int = ORGAN_POINTS,
) -> tuple[Problem, Candidates]:
    """Return the search problem: places in the needles, points in target and organs, and the doses between them."""
    seeding = request.seeding
    candidates = candidates_in_needles(
        needles,
        step_mm=seeding.step_mm,
        seed_length_mm=seeding.seed_length_mm,
        tip_to_seed_mm=seeding.tip_to_seed_mm,
        allowed=seed_region(request),
    )
    points, sets = join_structures(
        sampled_structures(request, target, target_points=target_points, organ_points=organ_points)
    )
    matrices = [_dose_of_one(each, candidates, points, request.implant_at) for each in request.stock]
    kinds, places = len(request.stock), len(candidates)
    touching = touching_pairs(
        candidates, seed_length_mm=seeding.seed_length_mm, seed_diameter_mm=seeding.seed_diameter_mm
    )
    return (
        Problem(
            dose_gy=matrices[0] if kinds == 1 else np.concatenate(matrices),
            points_lps_mm=points,
            structures=sets,
            prescription_gy=request.prescription_gy,
            positions_lps_mm=np.tile(candidates.positions_lps_mm, (kinds, 1)),
            needle=np.tile(candidates.needle, kinds),
            along_mm=np.tile(candidates.depth_mm, kinds),
            pitch_mm=seeding.pitch_mm,
            needle_price=np.full(len(needles), 0.0 if in_place else 1.0),
            strength=np.repeat(np.arange(kinds, dtype=np.int32), places),
            available=tuple(each.count for each in request.stock),
            touching=_for_kinds(touching, kinds, places),
            crossing=crossing_needles(needles, spacing_mm=request.needles.spacing_mm)
            if not in_place
            else np.empty((0, 2), np.int32),
            fixed=np.empty(0, np.int32),
            background_gy=np.zeros(len(points), np.float32),
            prefix_is_sample=True,
            most_seeds=seeding.most,
        ),
        candidates,
    )


def _scenario_doses(
    request: ImplantRequest,
    needles: Sequence[Needle],
    candidates: Candidates,
    problem: Problem,
    *,
    count: int,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Return the doses of all candidates when their needles err, in pairs of opposite errors."""
    assert request.robustness is not None
    ends = np.array([[needle.entry_lps_mm, needle.tip_lps_mm] for needle in needles])
    drawn = moved_needles(ends, request.robustness.mishaps.needles, count=(count + 1) // 2, rng=rng) - ends
    moved = ends + np.concatenate([drawn, -drawn])[:count]
    positions, axes = carried(moved, ends, candidates.needle, candidates.positions_lps_mm)
    doses = []
    for places, ways in zip(positions, axes, strict=True):
        there = replace(candidates, positions_lps_mm=places, axes_lps=ways)
        kinds = [_dose_of_one(each, there, problem.points_lps_mm, request.implant_at) for each in request.stock]
        doses.append(kinds[0] if len(kinds) == 1 else np.concatenate(kinds))
    return doses


def _for_kinds(pairs: np.ndarray, kinds: int, places: int) -> np.ndarray:
    """Return overlapping pairs for every combination of strengths."""
    shifts = [(a * places, b * places) for a in range(kinds) for b in range(kinds)]
    return np.concatenate([pairs + np.array(shift, dtype=np.int32) for shift in shifts]).astype(np.int32)


def sampled_structures(
    request: ImplantRequest, target: Region, *, target_points: int = TARGET_POINTS, organ_points: int = ORGAN_POINTS
) -> list[SampledStructure]:
    """Return points in the target and, near it, in every organ a goal speaks of."""
    low, high = target.bounds_lps_mm
    sampled = [sample_structure(request.target, target.contains, low_lps_mm=low, high_lps_mm=high, count=target_points)]
    for name in dict.fromkeys(goal.structure for goal in request.goals):
        if name == request.target:
            continue
        region = region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE)
        near = _near_part(name, region, low - ORGAN_REACH_MM, high + ORGAN_REACH_MM, count=organ_points)
        if near is not None and not _reads_all(near, request.goals):
            density = organ_points * near.volume_cc / near.sampled_cc
            near = _near_part(name, region, *region.bounds_lps_mm, count=int(min(density, MOST_DENSE * organ_points)))
        if near is not None:
            sampled.append(near)
    return sampled


def _reads_all(sampled: SampledStructure, goals: Sequence[Goal]) -> bool:
    """Say whether every goal on a structure can be read from its points: a mean dose only from all of it."""
    own = [goal for goal in goals if goal.structure == sampled.name]
    _, sets = join_structures([sampled])
    return len(readable_goals(own, sets)) == len(own)


def _near_part(
    name: str, region: Region, low_lps_mm: np.ndarray, high_lps_mm: np.ndarray, *, count: int
) -> SampledStructure | None:
    """Return points of what lies of an organ in a box; None where nothing does."""
    low, high = np.maximum(region.bounds_lps_mm[0], low_lps_mm), np.minimum(region.bounds_lps_mm[1], high_lps_mm)
    if not (low < high).all():
        return None
    try:
        return sample_structure(
            name,
            region.contains,
            low_lps_mm=low,
            high_lps_mm=high,
            count=count,
            volume_cc=region.volume_mm3 / 1e3,
        )
    except OptimiseError as problem:
        winds_past = problem.message.data["found"] == 0 and (region.bounds_lps_mm != np.array([low, high])).any()
        if problem.message.code == "optimise.structure-hardly-there" and winds_past:
            return None
        raise


def _dose_of_one(
    stock: SeedStock, candidates: Candidates, points_lps_mm: Float[np.ndarray, "n 3"], implant_at: datetime
) -> np.ndarray:
    source = load_source(stock.source_model)
    weight = strength_at_u(stock.strength, source.nuclide, at=implant_at) * effective_hours(
        source.nuclide, elapsed_s=None
    )
    return influence_matrix(source, candidates.positions_lps_mm, candidates.axes_lps, points_lps_mm, weight_u_h=weight)


def plan_of_choice(
    request: ImplantRequest,
    needles: Sequence[Needle],
    candidates: Candidates,
    chosen: Int32[np.ndarray, " seeds"],
    *,
    in_place: bool = False,
) -> ImplantPlan:
    """Return the plan that a choice of candidates stands for.

    Needles in use are numbered anew, unless they lie in place with numbers of their own.
    """
    places = [
        Place(
            needle=int(candidates.needle[int(index) % len(candidates)]),
            depth_mm=float(candidates.depth_mm[int(index) % len(candidates)]),
            stock=int(index) // len(candidates),
        )
        for index in chosen
    ]
    return plan_at_places(request, needles, places, in_place=in_place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A seed in one of some needles.

    Parameters
    ----------
    needle
        Which, counted from 0.
    depth_mm
        Below the skin.
    stock
        Which entry of the stock, counted from 0.
    """

    needle: int
    depth_mm: float
    stock: int


def plan_at_places(
    request: ImplantRequest, needles: Sequence[Needle], places: Sequence[Place], *, in_place: bool = False
) -> ImplantPlan:
    """Return the plan with seeds at places in needles; needles without seeds are left out."""
    used = sorted({place.needle for place in places})
    number_of = {old: needles[old].number if in_place else new for new, old in enumerate(used, start=1)}
    seeds = tuple(
        Seed(
            position_lps_mm=needles[place.needle].at_depth(place.depth_mm),
            axis_lps=needles[place.needle].direction_lps,
            source_model=request.stock[place.stock].source_model,
            strength=request.stock[place.stock].strength,
            needle=number_of[place.needle],
        )
        for place in places
    )
    return ImplantPlan(
        label=request.label,
        patient=request.image.patient,
        frame_uid=request.image.volume.frame_uid,
        implant_at=request.implant_at,
        seeds=seeds,
        needles=tuple(replace(needles[old], number=new) for old, new in number_of.items()),
        prescription=Prescription(dose_gy=request.prescription_gy, target=request.target),
        image=request.image.reference,
    )

"""Planning a permanent implant: find the way in, place the seeds, judge what comes of it by exact doses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import load_source
from trocar.dose.base import source_terms
from trocar.dose.decay import effective_hours, strength_at_u
from trocar.dose.influence import influence_matrix
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.region import EndCap, Region
from trocar.geometry.value import Value
from trocar.geometry.volume import require_same_frame
from trocar.imaging.skin import find_body, skin_entries
from trocar.messages import Message
from trocar.optimise.access.choose import select_needles
from trocar.optimise.access.coplanar import search_template
from trocar.optimise.access.explain import require_access
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import Scene, build_scene
from trocar.optimise.annealing import Annealer
from trocar.optimise.base import Outcome, Problem
from trocar.optimise.candidates import Candidates, candidates_in_needles, crossing_needles, touching_pairs
from trocar.optimise.objectives import Preferences, build_objective
from trocar.optimise.points import SampledStructure, join_structures, sample_structure
from trocar.plan.access import Accesses, AccessRules, RiskAccount, SkinEntries
from trocar.plan.goals import Achievement, Goal
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import StructureSet
from trocar.plan.template import GridTemplate
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding, Severity
from trocar.results.indices import ImplantIndices
from trocar.rules.judge import achieved, judge
from trocar.workflow.histograms import exact_dose, region_of

ORGAN_REACH_MM = 40.0
"""Of an organ only what lies this near the target is sampled; the rest counts as receiving less."""

TARGET_POINTS, ORGAN_POINTS = 9000, 2500
CHOICES = 3
"""How often needles to choose from cover each part of the target."""

APPROACHES_TRIED, APPROACHES_KEPT = 400, 3

NEEDLE_PICTURE = EndCap.HALF_SLICE

Progress = Callable[[Message, float], None]
"""Called with the stage and the share of it that is done."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedStock(Value):
    """Seeds that may be used: a model, its strength with its date, and how many there are.

    Parameters
    ----------
    source_model
        Key in the catalogue.
    strength
        Of one seed.
    count
        How many; None for any number.
    """

    source_model: str
    strength: Strength
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeding(Value):
    """How seeds may sit.

    Parameters
    ----------
    step_mm
        Distance between the places tried along a needle.
    pitch_mm
        Least distance between the centres of two seeds of a needle.
    tip_to_seed_mm
        From a needle's tip to the centre of the deepest seed it can drop.
    seed_length_mm, seed_diameter_mm
        Of a capsule.
    """

    step_mm: float
    pitch_mm: float
    tip_to_seed_mm: float
    seed_length_mm: float
    seed_diameter_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeedleWish(Value):
    """How needles may go in.

    Parameters
    ----------
    rules
        Obstacles, lengths, angles.
    spacing_mm
        Least distance between two needles along their whole length.
    reach_mm
        How near every part of the target should have a needle.
    facing_lps
        Skin that looks this way may be entered; None for any.
    within_deg
        How far from that direction.
    template
        Coplanar template; None for free needles.
    most
        Largest number of needles; None for as many as it takes.
    spread_deg
        Largest angle between a needle and the common approach, so that one printed guide can carry all; None for any.
    """

    rules: AccessRules
    spacing_mm: float
    reach_mm: float
    facing_lps: tuple[float, float, float] | None
    within_deg: float
    template: GridTemplate | None = None
    most: int | None = None
    spread_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplantRequest:
    """All that is given.

    Parameters
    ----------
    image
        The planning CT.
    structures
        Drawn on it.
    target
        Name of the target structure.
    prescription_gy
        Total dose to the target's margin.
    goals
        Bound to structure names.
    stock
        What lies in the store, one entry a strength.
    implant_at
        When.
    needles
        How needles may go in.
    seeding
        How seeds may sit.
    label
        Of the plan.
    effort
        Changes the search tries.
    """

    image: Image
    structures: StructureSet
    target: str
    prescription_gy: float
    goals: tuple[Goal, ...]
    stock: tuple[SeedStock, ...]
    implant_at: datetime
    needles: NeedleWish
    seeding: Seeding
    label: str
    effort: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedImplant:
    """A plan and what it gives.

    Parameters
    ----------
    plan
        Needles and seeds.
    accounts
        Needle number to what it passes.
    covered
        Share of the target that has a needle within reach.
    achievements
        Goals judged on exact doses.
    histograms
        Of every structure a goal speaks of, the target first.
    indices
        Of the target.
    findings
        Goals missed and other things to see.
    outcome
        How the search ended.
    template
        None for free needles.
    """

    plan: ImplantPlan
    accounts: Mapping[int, RiskAccount]
    covered: float
    achievements: tuple[Achievement, ...]
    histograms: tuple[Dvh, ...]
    indices: ImplantIndices
    findings: tuple[Finding, ...]
    outcome: Outcome
    template: GridTemplate | None


def plan_implant(
    request: ImplantRequest, *, rng: np.random.Generator, progress: Progress | None = None
) -> ProposedImplant:
    """Return needles and seeds for a request.

    Raises
    ------
    PlanError
        What is given does not belong together or lacks strength or structures.
    OptimiseError
        No way in, no place for a seed, or a demand that cannot be posed.
    """
    told = progress or (lambda stage, share: None)
    _require_together(request)
    way_in = _stage("workflow.stage-way-in", "Finding the way in")
    placing = _stage("workflow.stage-seeds", "Placing seeds")
    judging = _stage("workflow.stage-judging", "Judging the plan by exact doses")
    told(way_in, 0.0)
    needles, accounts, covered = propose_needles(request)
    told(way_in, 1.0)
    told(placing, 0.0)
    plan, outcome = place_seeds(request, needles, rng=rng)
    told(placing, 1.0)
    told(judging, 0.0)
    account_at = {_place_of(needle): accounts[needle.number] for needle in needles}
    used = {needle.number: account_at[_place_of(needle)] for needle in plan.needles}
    proposed = judged(request, plan, outcome=outcome, accounts=used, covered=covered)
    told(judging, 1.0)
    return proposed


def _place_of(needle: Needle) -> tuple[float, ...]:
    return (*needle.entry_lps_mm.tolist(), *needle.tip_lps_mm.tolist())


def _stage(code: str, template: str) -> Message:
    return Message(code=code, template=template)


def _require_together(request: ImplantRequest) -> None:
    require_same_frame(
        request.image.volume.frame_uid, request.structures.frame_uid, first="the image", second="the structure set"
    )
    if request.image.patient.identifier != request.structures.patient.identifier:
        raise PlanError(
            "workflow.plan-other-patient",
            "the image belongs to patient {image_id}, the structures to {structures_id}; give objects of one patient",
            image_id=request.image.patient.identifier,
            structures_id=request.structures.patient.identifier,
        )
    if not request.stock:
        raise PlanError(
            "workflow.plan-no-stock", "no seeds are in stock; enter what the store holds, or order seeds first"
        )


def propose_needles(request: ImplantRequest) -> tuple[tuple[Needle, ...], dict[int, RiskAccount], float]:
    """Return needles to choose from, their accounts by number, and the share of the target they reach.

    Raises
    ------
    OptimiseError
        No needle obeys the rules; says what is in the way and what would open it.
    """
    wish = request.needles
    body = find_body(request.image.volume)
    entries = skin_entries(body.occupancy, spacing_mm=3.0)
    if wish.facing_lps is not None:
        entries = entries.facing(np.array(wish.facing_lps), within_deg=wish.within_deg)
    scene = build_scene(request.structures.named(request.target), body.occupancy, wish.rules)
    return choose_needles(scene, entries, wish)


def choose_needles(
    scene: Scene, entries: SkinEntries, wish: NeedleWish
) -> tuple[tuple[Needle, ...], dict[int, RiskAccount], float]:
    """Return needles from a scene that is already built; see `propose_needles`."""
    if wish.template is not None:
        search = search_template(scene, entries, wish.template)
    else:
        search = search_free(scene, entries, aim_spacing_mm=wish.reach_mm)
    require_access(search, scene)
    pools = _approaches(search.accesses, wish.spread_deg)
    selections = [
        select_needles(scene, pool, reach_mm=wish.reach_mm, spacing_mm=wish.spacing_mm, times=CHOICES, most=wish.most)
        for pool in pools
    ]
    selection = max(selections, key=lambda each: each.covered)
    chosen = selection.accesses
    needles = tuple(chosen.needle(row, number=row + 1) for row in range(len(chosen)))
    return needles, {row + 1: chosen.account(row) for row in range(len(chosen))}, selection.covered


def _approaches(accesses: Accesses, spread_deg: float | None) -> list[Accesses]:
    """Return the needles about each of a few common directions, the most frequented first."""
    if spread_deg is None:
        return [accesses]
    ways = accesses.directions_lps
    tried = ways[:: max(len(ways) // APPROACHES_TRIED, 1)]
    near = tried @ ways.T >= np.cos(np.radians(spread_deg))
    free = np.ones(len(tried), np.bool_)
    pools: list[Accesses] = []
    while free.any() and len(pools) < APPROACHES_KEPT:
        best = int(np.where(free, near.sum(axis=1), -1).argmax())
        pools.append(accesses.take(np.flatnonzero(near[best])))
        free &= tried @ tried[best] < np.cos(np.radians(0.7 * spread_deg))
    return pools


def place_seeds(
    request: ImplantRequest,
    needles: Sequence[Needle],
    *,
    rng: np.random.Generator,
    in_place: bool = False,
) -> tuple[ImplantPlan, Outcome]:
    """Return the best seeds in needles; with ``in_place`` the needles are there already and cost nothing more.

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    target = region_of(request.structures.named(request.target), end_cap=NEEDLE_PICTURE)
    problem, candidates = implant_problem(request, needles, target, in_place=in_place)
    near = {points.name for points in problem.structures}
    steered = [goal for goal in request.goals if goal.structure in near]
    objective = build_objective(problem, steered, target=request.target, preferences=Preferences.balanced())
    outcome = Annealer.with_effort(request.effort).optimise(problem, objective, rng=rng)
    return _plan_of(request, needles, candidates, problem, outcome), outcome


def implant_problem(
    request: ImplantRequest, needles: Sequence[Needle], target: Region, *, in_place: bool
) -> tuple[Problem, Candidates]:
    """Return the search problem: places in the needles, points in target and organs, and the doses between them."""
    seeding = request.seeding
    candidates = candidates_in_needles(
        needles,
        step_mm=seeding.step_mm,
        seed_length_mm=seeding.seed_length_mm,
        tip_to_seed_mm=seeding.tip_to_seed_mm,
        allowed=target.contains,
    )
    points, sets = join_structures(_sampled(request, target))
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
        ),
        candidates,
    )


def _for_kinds(pairs: np.ndarray, kinds: int, places: int) -> np.ndarray:
    """Return overlapping pairs for every combination of strengths."""
    shifts = [(a * places, b * places) for a in range(kinds) for b in range(kinds)]
    return np.concatenate([pairs + np.array(shift, dtype=np.int32) for shift in shifts]).astype(np.int32)


def _sampled(request: ImplantRequest, target: Region) -> list[SampledStructure]:
    low, high = target.bounds_lps_mm
    sampled = [sample_structure(request.target, target.contains, low_lps_mm=low, high_lps_mm=high, count=TARGET_POINTS)]
    for name in dict.fromkeys(goal.structure for goal in request.goals):
        if name == request.target:
            continue
        region = region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE)
        near_low = np.maximum(region.bounds_lps_mm[0], low - ORGAN_REACH_MM)
        near_high = np.minimum(region.bounds_lps_mm[1], high + ORGAN_REACH_MM)
        if (near_low < near_high).all():
            sampled.append(
                sample_structure(
                    name,
                    region.contains,
                    low_lps_mm=near_low,
                    high_lps_mm=near_high,
                    count=ORGAN_POINTS,
                    volume_cc=region.volume_mm3 / 1e3,
                )
            )
    return sampled


def _dose_of_one(
    stock: SeedStock, candidates: Candidates, points_lps_mm: Float[np.ndarray, "n 3"], implant_at: datetime
) -> np.ndarray:
    source = load_source(stock.source_model)
    weight = strength_at_u(stock.strength, source.nuclide, at=implant_at) * effective_hours(
        source.nuclide, elapsed_s=None
    )
    return influence_matrix(source, candidates.positions_lps_mm, candidates.axes_lps, points_lps_mm, weight_u_h=weight)


def _plan_of(
    request: ImplantRequest,
    needles: Sequence[Needle],
    candidates: Candidates,
    problem: Problem,
    outcome: Outcome,
) -> ImplantPlan:
    places = len(candidates)
    used = sorted({int(problem.needle[index]) for index in outcome.chosen})
    number_of = {old: new for new, old in enumerate(used, start=1)}
    seeds = []
    for index in outcome.chosen:
        place, kind = int(index) % places, int(index) // places
        seeds.append(
            Seed(
                position_lps_mm=candidates.positions_lps_mm[place],
                axis_lps=candidates.axes_lps[place],
                source_model=request.stock[kind].source_model,
                strength=request.stock[kind].strength,
                needle=number_of[int(candidates.needle[place])],
            )
        )
    kept = tuple(replace(needles[old], number=new) for old, new in number_of.items())
    return ImplantPlan(
        label=request.label,
        patient=request.image.patient,
        frame_uid=request.image.volume.frame_uid,
        implant_at=request.implant_at,
        seeds=tuple(seeds),
        needles=kept,
        prescription=Prescription(dose_gy=request.prescription_gy, target=request.target),
        image=request.image.reference,
    )


def judged(
    request: ImplantRequest,
    plan: ImplantPlan,
    *,
    outcome: Outcome,
    accounts: Mapping[int, RiskAccount],
    covered: float,
) -> ProposedImplant:
    """Return the plan with DVHs from the exact engine, indices, goals judged and findings."""
    dose_at = exact_dose(source_terms(plan), formalism=Formalism.LINE_2D)
    names = list(dict.fromkeys([request.target, *(goal.structure for goal in request.goals)]))
    regions = {name: region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE) for name in names}
    histograms = {name: compute_dvh(region, dose_at, name=name) for name, region in regions.items()}
    achievements = tuple(
        achieved(goal, histograms[goal.structure], prescription_gy=request.prescription_gy) for goal in request.goals
    )
    indices = implant_indices(regions[request.target], dose_at, prescription_gy=request.prescription_gy)
    findings = (*judge(achievements), *_remarks(request, plan, covered))
    return ProposedImplant(
        plan=plan,
        accounts=accounts,
        covered=covered,
        achievements=achievements,
        histograms=tuple(histograms.values()),
        indices=indices,
        findings=findings,
        outcome=outcome,
        template=request.needles.template,
    )


def _remarks(request: ImplantRequest, plan: ImplantPlan, covered: float) -> list[Finding]:
    found = []
    if covered < 0.995:
        found.append(
            Finding(
                severity=Severity.ATTENTION,
                message=Message(
                    code="workflow.target-not-reached",
                    template="{percent:.1f} % of the target has no allowed needle within {reach_mm:g} mm",
                    data={"percent": 100.0 * (1.0 - covered), "reach_mm": request.needles.reach_mm},
                ),
            )
        )
    for stock in request.stock:
        used = sum(seed.source_model == stock.source_model and seed.strength == stock.strength for seed in plan.seeds)
        if stock.count is not None and used == stock.count:
            found.append(
                Finding(
                    severity=Severity.ATTENTION,
                    message=Message(
                        code="workflow.stock-used-up",
                        template="all {count} seeds of {model} at {s_k_u:.3f} U are used; "
                        "more of them might give a better plan",
                        data={"count": stock.count, "model": stock.source_model, "s_k_u": stock.strength.s_k_u},
                    ),
                )
            )
    return found

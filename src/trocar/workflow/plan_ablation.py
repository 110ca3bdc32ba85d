"""Planning an ablation: ways in, fewest insertions whose zones cover tumour and margin, and what to doubt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.zones import Reading
from trocar.evaluate.margins import measure_margin
from trocar.geometry.mesh_distance import nearest_on_mesh, vertex_normals
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.geometry.smooth_body import nearby_body, smooth_body
from trocar.geometry.value import Value
from trocar.imaging.skin import find_body, skin_entries
from trocar.messages import Message
from trocar.optimise.access.explain import require_access
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import build_scene
from trocar.optimise.zone_cover import Cover, cover, covered_by_ellipsoids
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Schedule
from trocar.plan.access import Accesses, AccessRules, RiskAccount
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_margin import AblationMargin
from trocar.results.findings import Finding, Severity
from trocar.rules.ablation_margin import MarginPack, judge_margin
from trocar.workflow.ablation_zones import PlacedZone, ZoneChoice, planned_zones, union_grid, union_mask
from trocar.workflow.verify_ablation import ORGAN_REACH_MM, body_of, mask_of

POINT_SPACING_MM = 2.5
STEP_MM = 4.0
"""Distance between the depths tried on one line."""
MOST_LINES, MOST_POINTS = 120, 900
SAME_PLACE_MM = 5.0
SHIFTS = 200
NEAR_VESSEL_MM = 3.0

Progress = Callable[[Message, float], None]
WAYS = Message(code="ablation.stage-ways", template="Looking for ways in")
COVERING = Message(code="ablation.stage-cover", template="Covering tumour and margin with the fewest insertions")
JUDGING = Message(code="ablation.stage-judge", template="Measuring and judging the planned margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRequest:
    """What is to be planned.

    Parameters
    ----------
    label
        Of the plan.
    image, structures
        Scan and outlines.
    target
        Lesion, margin, organ.
    model, schedule
        Applicator and what one activation does.
    choice
        Which zones are believed.
    rules
        What needles must obey.
    facing_lps, within_deg
        Which skin may be entered; None for all.
    spared
        Structures that no zone may reach.
    vessels
        Structures that cool: a zone that comes near is doubtful there.
    placement_error_mm
        Pooled lateral error of needles, root mean square: how sure the cover is.
    most_insertions
        None for as many as it takes.
    at_once
        Whether the applicators act together.
    seconds
        For the exact solver.
    pack, organ_kind
        Rules.
    """

    label: str
    image: Image
    structures: StructureSet
    target: AblationTarget
    model: str
    schedule: Schedule
    choice: ZoneChoice
    rules: AccessRules
    facing_lps: tuple[float, float, float] | None
    within_deg: float
    spared: tuple[str, ...]
    vessels: tuple[str, ...]
    placement_error_mm: float
    most_insertions: int | None
    at_once: bool
    seconds: float
    pack: MarginPack
    organ_kind: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProposedAblation(Value):
    """A plan with its account.

    Parameters
    ----------
    plan
        Needles, activations.
    zones
        One an activation.
    cover
        How the search ended.
    accounts
        Number of the needle to its account.
    margin
        Of the planned zones, as it would be measured.
    chance_covered
        Probability that all of the tumour lies in the zones, given the placement error.
    findings
        What speaks against it.
    """

    plan: AblationPlan
    zones: tuple[PlacedZone, ...]
    cover: Cover
    accounts: Mapping[int, RiskAccount]
    margin: AblationMargin
    chance_covered: float
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "accounts", MappingProxyType(dict(self.accounts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Candidate activations: line, pull-back and middle of each."""

    line: np.ndarray
    back_mm: np.ndarray
    centres: np.ndarray
    axes: np.ndarray

    def take(self, keep: np.ndarray) -> "_Places":
        """Return some of them."""
        return _Places(
            line=self.line[keep], back_mm=self.back_mm[keep], centres=self.centres[keep], axes=self.axes[keep]
        )


def plan_ablation(request: AblationRequest, *, rng: np.random.Generator, progress: Progress) -> ProposedAblation:
    """Return a plan that covers the lesion and its margin with the fewest insertions.

    Raises
    ------
    OptimiseError
        No way in, nothing covered, or too many insertions needed.
    CatalogueError
        The catalogue holds no zone for the setting.
    """
    zone = request.choice.zone(request.model, request.schedule)
    progress(WAYS, 0.0)
    accesses = _ways_in(request)
    progress(WAYS, 1.0)
    progress(COVERING, 0.0)
    points = target_points(request)
    places = _places(request, accesses, points)
    spared = _keeps_clear(request, places, zone.long_mm, zone.short_mm)
    places = places.take(spared) if spared.any() else places
    covers = covered_by_ellipsoids(points, places.centres, places.axes, long_mm=zone.long_mm, short_mm=zone.short_mm)
    found = cover(
        covers,
        places.line,
        worth=0.01 * places.back_mm / max(float(places.back_mm.max(initial=1.0)), 1.0),
        seconds=request.seconds,
        most_insertions=request.most_insertions,
    )
    progress(COVERING, 1.0)
    progress(JUDGING, 0.0)
    plan, accounts = _plan(request, accesses, places, found)
    zones = planned_zones(plan, request.choice)
    margin = planned_margin(request, zones)
    chance = chance_covered(zones, target_points(request, margin_mm=0.0), request.placement_error_mm, rng)
    progress(JUDGING, 1.0)
    findings = (
        *judge_margin(margin, request.pack, organ=request.organ_kind),
        *plan_findings(plan, zones, structures=request.structures, spared=request.spared, vessels=request.vessels),
        *_doubts(request, chance, found),
    )
    return ProposedAblation(
        plan=plan, zones=zones, cover=found, accounts=accounts, margin=margin, chance_covered=chance, findings=findings
    )


def _ways_in(request: AblationRequest) -> Accesses:
    body = find_body(request.image.volume)
    entries = skin_entries(body.occupancy, spacing_mm=6.0)
    if request.facing_lps is not None:
        entries = entries.facing(np.array(request.facing_lps), within_deg=request.within_deg)
    scene = build_scene(request.structures.named(request.target.lesion), body.occupancy, request.rules)
    search = search_free(scene, entries, aim_spacing_mm=5.0)
    require_access(search, scene)
    found = search.accesses
    ordered = found.sorted_by(-np.minimum(found.slack_mm, 10.0), found.depth_mm)
    return _spread(ordered)


def _spread(accesses: Accesses) -> Accesses:
    """Return at most so many lines, the safest of each neighbourhood of entry and tip."""
    edge = 4.0
    while len(accesses) > MOST_LINES:
        place = np.floor(np.hstack([accesses.entries_lps_mm / (4 * edge), accesses.tips_lps_mm / edge]))
        _, first = np.unique(place, axis=0, return_index=True)
        accesses = accesses.take(np.sort(first))
        edge *= 1.2
    return accesses


def target_points(request: AblationRequest, *, margin_mm: float | None = None) -> Float[np.ndarray, "n 3"]:
    """Return points of the lesion and its margin within the organ."""
    wanted = request.target.margin_mm if margin_mm is None else margin_mm
    lesion = body_of(request.structures.named(request.target.lesion))
    vertices = np.asarray(lesion.mesh.vertices_lps_mm)
    low, high = vertices.min(axis=0) - wanted, vertices.max(axis=0) + wanted
    step = max(POINT_SPACING_MM, float((np.prod(high - low) / (2 * MOST_POINTS)) ** (1 / 3)))
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    rim = np.concatenate([vertices[::40], vertices[::40] + wanted * vertex_normals(lesion.mesh)[::40]])
    points = np.concatenate([lattice, rim])
    depth = nearest_on_mesh(lesion.mesh, points).signed_mm
    points = points[depth >= -wanted - 1e-6]
    if request.target.organ:
        organ = _region(request.structures.named(request.target.organ))
        points = points[organ.contains(points) | (nearest_on_mesh(lesion.mesh, points).signed_mm > 0)]
    return points


def _plan(
    request: AblationRequest, accesses: Accesses, places: _Places, found: Cover
) -> tuple[AblationPlan, dict[int, RiskAccount]]:
    applicators, activations, accounts = [], [], {}
    start = 0.0
    for number, line in enumerate(found.insertions, start=1):
        mine = [row for row in found.rows if places.line[row] == line]
        deepest = min(places.back_mm[row] for row in mine)
        needle = accesses.needle(line, number=number)
        tip = needle.tip_lps_mm - deepest * needle.direction_lps
        applicators.append(
            Applicator(
                needle=type(needle)(number=number, entry_lps_mm=needle.entry_lps_mm, tip_lps_mm=tip),
                model=request.model,
            )
        )
        accounts[number] = accesses.account(line)
        begin = 0.0 if request.at_once else start
        for row in sorted(mine, key=lambda each: places.back_mm[each]):
            activations.append(
                Activation(
                    applicator=number,
                    start_s=begin,
                    schedule=request.schedule,
                    pulled_back_mm=float(places.back_mm[row] - deepest),
                )
            )
            begin += request.schedule.duration_s
        start = max(start, begin)
    plan = AblationPlan(
        label=request.label,
        patient=request.image.patient,
        frame_uid=request.image.reference.frame_uid,
        applicators=tuple(applicators),
        activations=tuple(activations),
        target=request.target,
        image=request.image.reference,
    )
    return plan, accounts


def _places(request: AblationRequest, accesses: Accesses, points: np.ndarray) -> _Places:
    """Return activations along each line whose middle lies in or near the target."""
    behind = load_applicator(request.model).centre_behind_tip_mm
    line, back, centres = [], [], []
    middle = points.mean(axis=0)
    reach = float(np.linalg.norm(points - middle, axis=1).max())
    for row in range(len(accesses)):
        tip, way, depth = accesses.tips_lps_mm[row], accesses.directions_lps[row], accesses.depth_mm[row]
        for pulled in np.arange(0.0, min(2 * reach + 10.0, depth - behind), STEP_MM):
            centre = tip - (pulled + behind) * way
            if np.linalg.norm(centre - middle) <= reach:
                line.append(row)
                back.append(pulled)
                centres.append(centre)
    lines = np.array(line, dtype=np.int64)
    return _Places(
        line=lines,
        back_mm=np.array(back),
        centres=np.array(centres).reshape(-1, 3),
        axes=accesses.directions_lps[lines] if len(lines) else np.zeros((0, 3)),
    )


def _keeps_clear(request: AblationRequest, places: _Places, long_mm: float, short_mm: float) -> Bool[np.ndarray, " n"]:
    """Return which placements keep every spared structure out of their zone."""
    clear = np.ones(len(places.line), np.bool_)
    for name in request.spared:
        points = _surface(request.structures.named(name))
        near = points[np.linalg.norm(points - places.centres.mean(axis=0), axis=1) < 120.0]
        if len(near):
            inside = covered_by_ellipsoids(near, places.centres, places.axes, long_mm=long_mm, short_mm=short_mm)
            clear &= ~inside.any(axis=0)
    return clear


def planned_margin(request: AblationRequest, zones: tuple[PlacedZone, ...]) -> AblationMargin:
    """Return the margin that the planned zones would have."""
    grid = union_grid(zones, spacing_mm=1.0)
    lesion = body_of(request.structures.named(request.target.lesion))
    organ = None
    if request.target.organ:
        mask, organ_grid = mask_of(request.structures.named(request.target.organ))
        organ = nearby_body(mask, organ_grid, np.asarray(lesion.mesh.vertices_lps_mm), reach_mm=ORGAN_REACH_MM)
    return measure_margin(
        lesion, smooth_body(union_mask(zones, grid), grid), wanted_mm=request.target.margin_mm, organ=organ
    )


def chance_covered(
    zones: tuple[PlacedZone, ...], points: np.ndarray, error_mm: float, rng: np.random.Generator
) -> float:
    """Return the probability that all points lie in the zones when each needle is off by a lateral error."""
    covered = 0
    for _ in range(SHIFTS):
        inside = np.zeros(len(points), np.bool_)
        shifts: dict[int, np.ndarray] = {}
        for zone in zones:
            if zone.applicator not in shifts:
                shift = rng.normal(0.0, error_mm / np.sqrt(2), 3)
                shifts[zone.applicator] = shift - (shift @ zone.axis_lps) * zone.axis_lps
            inside |= zone.contains(points, shift_mm=shifts[zone.applicator])
        covered += bool(inside.all())
    return covered / SHIFTS


def plan_findings(
    plan: AblationPlan,
    zones: tuple[PlacedZone, ...],
    *,
    structures: StructureSet,
    spared: tuple[str, ...],
    vessels: tuple[str, ...],
) -> tuple[Finding, ...]:
    """Return what is wrong with a plan whoever made it: one place twice, zones in spared organs, vessels that cool."""
    findings = []
    for first in range(len(zones)):
        for second in range(first + 1, len(zones)):
            gap = float(np.linalg.norm(zones[first].centre_lps_mm - zones[second].centre_lps_mm))
            if gap < SAME_PLACE_MM and zones[first].applicator != zones[second].applicator:
                findings.append(
                    _found(
                        Severity.ACTION,
                        Message(
                            code="ablation.same-place",
                            template="applicators {first} and {second} act {gap:.1f} mm from each other: in one place "
                            "two do what one does; move one or leave it out",
                            data={"first": zones[first].applicator, "second": zones[second].applicator, "gap": gap},
                        ),
                    )
                )
    for names, near_mm, severity, code, text in (
        (spared, 0.0, Severity.ACTION, "ablation.zone-in-spared", ZONE_IN_SPARED),
        (vessels, NEAR_VESSEL_MM, Severity.ATTENTION, "ablation.vessel-cools", VESSEL_COOLS),
    ):
        for name in names:
            reached = _reached(structures.named(name), zones, near_mm)
            if reached > 0:
                findings.append(
                    _found(severity, Message(code=code, template=text, data={"name": name, "share": reached}))
                )
    return tuple(findings)


ZONE_IN_SPARED = (
    "the zone reaches {name}: {share:.0f} of its outline points lie inside; move it away, make it smaller or part "
    "them with "
    "fluid first"
)
VESSEL_COOLS = (
    "{name} runs through or next to the zone ({share:.0f} of its outline points): its blood cools the tissue, expect "
    "the "
    "zone to be indented there and simulate it"
)


def _found(severity: Severity, message: Message) -> Finding:
    return Finding(severity=severity, message=message)


def _reached(structure: Structure, zones: tuple[PlacedZone, ...], near_mm: float) -> int:
    points = _surface(structure)
    inside = np.zeros(len(points), np.bool_)
    for placed in zones:
        grown = PlacedZone(
            applicator=placed.applicator,
            centre_lps_mm=placed.centre_lps_mm,
            axis_lps=placed.axis_lps,
            zone=type(placed.zone)(
                long_mm=placed.zone.long_mm + 2 * near_mm,
                short_mm=placed.zone.short_mm + 2 * near_mm,
                long_sd_mm=None,
                short_sd_mm=None,
                rows=placed.zone.rows,
            ),
        )
        inside |= grown.contains(points)
    return int(inside.sum())


def _doubts(request: AblationRequest, chance: float, found: Cover) -> list[Finding]:
    model = load_applicator(request.model)
    doubts = [
        _found(
            Severity.NOTE,
            Message(
                code="ablation.catalogue-flag",
                template="{model}: {flag}",
                data={"model": model.model, "flag": flag},
            ),
        )
        for flag in model.flags
    ]
    rows = request.choice.zone(request.model, request.schedule).rows
    if any(row.reading is Reading.REMEMBERED for row in rows):
        doubts.append(
            _found(
                Severity.ACTION,
                Message(
                    code="ablation.zone-remembered",
                    template="the zone of {model} was remembered, not read at a source: verify it before use",
                    data={"model": model.model},
                ),
            )
        )
    if any(row.short_sd_mm is None for row in rows) and request.choice.factor is None:
        doubts.append(
            _found(
                Severity.ATTENTION,
                Message(
                    code="ablation.zone-without-spread",
                    template="no spread of the zone of {model} is published: how often it is smaller nobody says",
                    data={"model": model.model},
                ),
            )
        )
    if chance < 0.9:
        doubts.append(
            _found(
                Severity.ATTENTION,
                Message(
                    code="ablation.not-robust",
                    template="with needles off by {error:.1f} mm the tumour is covered whole with a probability of "
                    "{percent:.0f} % only",
                    data={"error": request.placement_error_mm, "percent": 100 * chance},
                ),
            )
        )
    if len(found.uncovered):
        doubts.append(
            _found(
                Severity.ACTION,
                Message(
                    code="ablation.part-unreachable",
                    template="{n} points of tumour or margin are reached by no allowed placement",
                    data={"n": len(found.uncovered)},
                ),
            )
        )
    return doubts


def _region(structure: Structure) -> Region:
    return region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)


def _surface(structure: Structure) -> np.ndarray:
    return np.vstack([contour.points_lps_mm for contour in structure.closed_contours])

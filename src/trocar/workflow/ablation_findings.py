"""What speaks against an ablation plan: one place twice, zones in spared organs, vessels, doubtful tables."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.zones import Reading
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_outcome import PlanningRound
from trocar.results.findings import Finding, Severity, found
from trocar.rules.ablation_margin import pack_sentence
from trocar.rules.ablation_size import judge_size
from trocar.workflow.ablation_reach import surface_points, temperature_findings
from trocar.workflow.ablation_request import SAME_PLACE_MM, AblationRequest
from trocar.workflow.ablation_zones import PlacedZone, ZoneChoice
from trocar.workflow.combined_findings import gap_between
from trocar.workflow.simulated_ablation import Simulated
from trocar.workflow.verify_ablation import body_of

NEAR_VESSEL_MM = 3.0


def plan_findings(
    plan: AblationPlan,
    zones: tuple[PlacedZone, ...],
    *,
    structures: StructureSet,
    vessels: tuple[str, ...],
) -> tuple[Finding, ...]:
    """Return what is wrong with a plan whoever made it: applicators in one place, vessels that cool."""
    findings = list(same_place_findings(plan))
    if findings:
        findings.append(found("ablation.spacing-given-up", GIVEN_UP, Severity.ATTENTION))
    for name in vessels:
        near = _near(structures.named(name), zones, NEAR_VESSEL_MM)
        if near > 0:
            findings.append(
                _found(
                    Severity.ATTENTION,
                    Message(code="ablation.vessel-cools", template=VESSEL_COOLS, data={"name": name, "share": near}),
                )
            )
    return tuple(findings)


def same_place_findings(plan: AblationPlan) -> tuple[Finding, ...]:
    """Return a finding for every two applicators that act in one place, or that meet while both are in."""
    return (*_in_one_place(plan), *_meeting(plan))


def _meeting(plan: AblationPlan) -> Iterator[Finding]:
    """Yield applicators that act at one time and whose axes come too near on the way in."""
    for first, second in combinations(plan.applicators, 2):
        gap = gap_between(first.needle, second.needle)
        if gap < SAME_PLACE_MM and _at_one_time(plan, first.number, second.number):
            data = {"first": first.number, "second": second.number, "gap": gap}
            yield found("ablation.applicators-meet", MEET, Severity.ACTION, **data)


MEET = (
    "applicators {first} and {second} act at one time and come within {gap:.1f} mm of each other on their way in: they "
    "cannot both be placed; move one, or let them act in turn"
)


def _at_one_time(plan: AblationPlan, first: int, second: int) -> bool:
    spans = [
        [(each.start_s, each.start_s + each.schedule.duration_s) for each in plan.activations if each.applicator == n]
        for n in (first, second)
    ]
    return any(a < d and c < b for a, b in spans[0] for c, d in spans[1])


def _in_one_place(plan: AblationPlan) -> tuple[Finding, ...]:
    places = [
        (each.applicator, plan.applicator(each.applicator).tip_lps_mm(pulled_back_mm=each.pulled_back_mm))
        for each in plan.activations
    ]
    nearest: dict[tuple[int, int], float] = {}
    for (first, here), (second, there) in combinations(places, 2):
        gap = float(np.linalg.norm(here - there))
        pair = (min(first, second), max(first, second))
        if first != second and gap < SAME_PLACE_MM:
            nearest[pair] = min(gap, nearest.get(pair, gap))
    return tuple(
        _found(
            Severity.ACTION,
            Message(
                code="ablation.same-place",
                template="applicators {first} and {second} act {gap:.1f} mm from each other: in one place two do what "
                "one does; move one or leave it out",
                data={"first": first, "second": second, "gap": gap},
            ),
        )
        for (first, second), gap in nearest.items()
    )


def limit_findings(request: AblationRequest, simulated: Simulated | None) -> tuple[Finding, ...]:
    """Return how the limits of temperature are kept, or that nothing was simulated to tell."""
    limits = dict(request.temperature_limits_c)
    if simulated is not None:
        return temperature_findings(simulated.outcome, request.structures, limits)
    if not limits:
        return ()
    return (found("ablation.limits-unchecked", UNCHECKED, Severity.ACTION, names=", ".join(limits)),)


UNCHECKED = "limits of temperature were stated for {names}, but nothing was simulated to tell whether they are kept"


def simulation_findings(
    request: AblationRequest, simulated: Simulated | None, rounds: tuple[PlanningRound, ...], short: Message | None
) -> tuple[Finding, ...]:
    """Return whether a plan was simulated, whether the margin was reached and, if not, what prevents it."""
    if simulated is None and short is not None:
        message = Message(
            code="ablation.simulation-impossible",
            template="the plan could not be simulated: {reason}",
            data={"reason": short},
        )
        return (_found(Severity.ACTION, message),)
    if simulated is None:
        return (
            _found(
                Severity.ATTENTION,
                Message(
                    code="ablation.not-simulated",
                    template="the plan was laid out by published zones and not simulated in this patient: vessels and "
                    "tissue are not counted; state [simulate] in the request",
                ),
            ),
        )
    wanted, least = request.target.margin_mm, simulated.margin.least_mm
    if short is None:
        reached = Message(
            code="ablation.simulated-reached",
            template="simulated in this patient's own tissue the plan leaves {least:+.1f} mm where {wanted:.1f} mm are "
            "wanted (simulations run: {rounds})",
            data={"least": least, "wanted": wanted, "rounds": len(rounds)},
        )
        return (_found(Severity.NOTE, reached), *simulated.notices)
    missed = Message(
        code="ablation.simulated-short",
        template="simulated in this patient's own tissue the plan leaves {least:+.1f} mm where {wanted:.1f} mm are "
        "wanted: {reason}",
        data={"least": least, "wanted": wanted, "reason": short},
    )
    return (_found(Severity.ACTION, missed), *simulated.notices)


GIVEN_UP = (
    "what is left to cover there is reached by no allowed placement that keeps its distance: allow another side, a "
    "smaller clearance of an obstacle or a stronger setting, or leave one of the two out and see what it costs"
)


VESSEL_COOLS = (
    "{name} runs through or next to the zone ({share:.0f} of its outline points): its blood cools the tissue, expect "
    "the "
    "zone to be indented there and simulate it"
)


def _found(severity: Severity, message: Message) -> Finding:
    return Finding(severity=severity, message=message)


def _near(structure: Structure, zones: tuple[PlacedZone, ...], near_mm: float) -> int:
    points = surface_points(structure)
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


def size_findings(request: AblationRequest, plan: AblationPlan) -> tuple[Finding, ...]:
    """Return what is published of size and number of tumours, and how many insertions this one takes."""
    lesion = body_of(request.structures.named(request.target.lesion)).mesh
    judged = judge_size(
        lesion.longest_mm, organ=request.organ_kind, tumours=request.tumours, tumours_a_side=request.tumours_a_side
    )
    if len(plan.applicators) == 1:
        return judged
    data = {
        "insertions": len(plan.applicators),
        "activations": len(plan.activations),
        "minutes": plan.duration_s / 60,
        "mm": lesion.longest_mm,
    }
    return (*judged, found("ablation.insertions-told", INSERTIONS, Severity.NOTE, **data))


INSERTIONS = (
    "the tumour of {mm:.0f} mm (longest diameter) takes {insertions} insertions and {activations} activations, "
    "{minutes:.0f} min of energy; no published limit of their number was found: whether it is bearable is judged by "
    "the physician"
)


def plan_doubts(
    request: AblationRequest, plan: AblationPlan, chance: float, unreached: int, choice: ZoneChoice
) -> list[Finding]:
    """Return what is doubtful about tables, needles and reach."""
    model = load_applicator(request.model)
    doubts = [
        _found(
            Severity.NOTE,
            Message(
                code="ablation.catalogue-flag",
                template="{model}: {flag}",
                data={"model": model.model, "flag": pack_sentence(flag, flag_zh)},
            ),
        )
        for flag, flag_zh in zip(model.flags, model.flags_zh, strict=True)
    ]
    rows = choice.zone(request.model, plan.activations[0].schedule).rows
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
    if any(row.short_sd_mm is None for row in rows) and choice.factor is None:
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
    if unreached:
        doubts.append(
            _found(
                Severity.ACTION,
                Message(
                    code="ablation.part-unreachable",
                    template="{n} points of tumour or margin are reached by no allowed placement",
                    data={"n": unreached},
                ),
            )
        )
    return doubts

"""What speaks against an ablation plan: one place twice, zones in spared organs, vessels, doubtful tables."""

from itertools import combinations

import numpy as np

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.zones import Reading
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_outcome import PlanningRound
from trocar.results.findings import Finding, Severity
from trocar.workflow.ablation_reach import surface_points
from trocar.workflow.ablation_request import AblationRequest
from trocar.workflow.ablation_zones import PlacedZone, ZoneChoice
from trocar.workflow.simulated_ablation import Simulated

SAME_PLACE_MM = 5.0
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
    """Return a finding for every two applicators that act in one place."""
    places = [
        (each.applicator, plan.applicator(each.applicator).tip_lps_mm(pulled_back_mm=each.pulled_back_mm))
        for each in plan.activations
    ]
    found: dict[tuple[int, int], float] = {}
    for (first, here), (second, there) in combinations(places, 2):
        gap = float(np.linalg.norm(here - there))
        pair = (min(first, second), max(first, second))
        if first != second and gap < SAME_PLACE_MM:
            found[pair] = min(gap, found.get(pair, gap))
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
        for (first, second), gap in found.items()
    )


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
                data={"model": model.model, "flag": flag},
            ),
        )
        for flag in model.flags
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

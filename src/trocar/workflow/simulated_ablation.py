"""From a plan and drawn structures to the simulated zone and the margin it would have."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import distance_transform_edt

from trocar.evaluate.margins import measure_margin
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh, mesh_from_volume
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.geometry.smooth_body import Fit, SmoothBody, nearby_body
from trocar.geometry.value import Value
from trocar.geometry.volume import Volume
from trocar.heat.base import HeatProblem, TissueMap
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_margin import AblationMargin
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.findings import Finding, Severity, found
from trocar.results.tissue_death import DeathModel
from trocar.rules.ablation_margin import MarginPack, judge_margin
from trocar.workflow.ablation_heat import (
    AntennaModel,
    Assumptions,
    TissuePart,
    heat_problem,
    simulate_ablation,
    tissue_map_around,
)
from trocar.workflow.antenna_findings import antenna_findings
from trocar.workflow.large_vessels import large_vessel_mask
from trocar.workflow.verify_ablation import ORGAN_REACH_MM, body_of, mask_of

TISSUES = {"liver": "liver", "kidney": "kidney", "lung": "lung_inflated"}
BACKGROUND = "muscle"
FRAMES = 6
AFTERWARDS_S = 60.0
"""Simulated after the last step: the pump stops, and heat flows back into the collar that a cooled shaft kept alive."""
CUFF_MM = 2.0
"""Tissue so near to a large vessel is counted apart: its blood keeps it alive whatever is done."""
CLOSED_MM = 7.0
"""Half the width of what a zone is closed across: a large vein with its cuffs."""
NEGLIGIBLE_ML = 0.005
WIDE_BAND = 1.5
"""Death models whose largest zone is this many times the smallest are told of."""

Progress = Callable[[Message, float], None]
HEATING = Message(code="ablation.stage-simulate", template="Computing temperature and death of the tissue")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationWish:
    """What a simulation is to be like.

    Parameters
    ----------
    organ_kind
        ``liver``, ``lung`` or ``kidney``: tissue around the tumour, and whose rules apply.
    vessels
        Structures whose blood cools.
    death_model
        What counts as dead.
    spacing_mm
        Voxel of the heat.
    pack
        Rules.
    antenna
        Where the heat of a microwave antenna comes from.
    """

    organ_kind: str
    vessels: tuple[str, ...]
    death_model: DeathModel
    spacing_mm: float
    pack: MarginPack
    antenna: AntennaModel = AntennaModel.PARAMETRIC


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated(Value):
    """The outcome, its zone's surface, the margin, what to see, and of that what the simulation itself notices."""

    outcome: AblationOutcome
    zone: Mesh
    margin: AblationMargin
    findings: tuple[Finding, ...]
    notices: tuple[Finding, ...] = ()


def simulate_plan(
    plan: AblationPlan, structures: StructureSet, wish: SimulationWish, *, progress: Progress
) -> Simulated:
    """Return what a plan does to the tissue, and the margin it leaves."""
    problem = problem_of(plan, structures, wish)
    tissue_map, lesion = problem.tissue_map, structures.named(plan.target.lesion)
    outcome = simulate_ablation(problem, progress=lambda share: progress(HEATING, share))
    score, cuff = across_vessels(outcome.zone.score, tissue_map)
    zone = mesh_from_volume(score, level=0.0)
    margin = _margin(plan, structures, zone, wish.spacing_mm)
    notices = (
        *antenna_findings(problem),
        *_without_organ(plan, wish),
        *_notices(outcome),
        *_cuff_findings(cuff, tissue_map),
        *_swallowed(lesion, wish.vessels, structures),
    )
    return Simulated(
        outcome=outcome,
        zone=zone,
        margin=margin,
        findings=(*judge_margin(margin, wish.pack, organ=wish.organ_kind), *notices),
        notices=notices,
    )


def _without_organ(plan: AblationPlan, wish: SimulationWish) -> list[Finding]:
    if plan.target.organ:
        return []
    return [
        found("ablation.organ-not-drawn", ORGAN_NOT_DRAWN, Severity.ATTENTION, tissue=TISSUE_WORDS[wish.organ_kind])
    ]


ORGAN_NOT_DRAWN = (
    "no organ is drawn: all tissue around the tumour was simulated as {tissue}, and the margin is asked on every side"
)
TISSUE_WORDS = {
    "liver": Message(code="ablation.tissue-liver", template="liver"),
    "kidney": Message(code="ablation.tissue-kidney", template="kidney"),
    "lung": Message(code="ablation.tissue-lung", template="lung"),
}


def problem_of(plan: AblationPlan, structures: StructureSet, wish: SimulationWish) -> HeatProblem:
    """Return the heat problem of a plan in the patient's own tissue."""
    lesion = structures.named(plan.target.lesion)
    vessels = [_region(structures.named(name)) for name in wish.vessels]
    parts = [TissuePart(region=each, tissue="blood", is_vessel=True) for each in vessels]
    if plan.target.organ:
        organ = _region(structures.named(plan.target.organ))
        parts.insert(0, TissuePart(region=organ, tissue=TISSUES[wish.organ_kind]))
    parts.append(TissuePart(region=_region(lesion), tissue="tumour"))
    tissue_map = tissue_map_around(
        _points(plan, lesion),
        parts,
        background=BACKGROUND if plan.target.organ else TISSUES[wish.organ_kind],
        body=None,
        frame_uid=plan.frame_uid,
        spacing_mm=wish.spacing_mm,
    )
    moments = tuple(float(t) for t in np.linspace(0, plan.duration_s, FRAMES + 1)[1:])
    return heat_problem(
        plan,
        tissue_map,
        death_model=wish.death_model,
        assumptions=Assumptions(antenna=wish.antenna),
        keep_at_s=moments,
        afterwards_s=AFTERWARDS_S,
    )


def _margin(plan: AblationPlan, structures: StructureSet, zone: Mesh, spacing_mm: float) -> AblationMargin:
    lesion = body_of(structures.named(plan.target.lesion))
    organ = None
    if plan.target.organ:
        mask, grid = mask_of(structures.named(plan.target.organ))
        organ = nearby_body(mask, grid, np.asarray(lesion.mesh.vertices_lps_mm), reach_mm=ORGAN_REACH_MM)
    dead = SmoothBody(mesh=zone, fit=Fit.STAR, coarsest_mm=spacing_mm)
    return measure_margin(lesion, dead, wanted_mm=plan.target.margin_mm, organ=organ)


def across_vessels(score: Volume, tissue_map: TissueMap) -> tuple[Volume, Bool[np.ndarray, "k j i"]]:
    """Return the zone as one would outline it, across vessels that run through it, and which tissue lives in it.

    A large vessel inside the zone keeps its lumen and a cuff of tissue alive. Nobody outlines that: the zone is closed
    over lumen and cuff where dead tissue lies around, and what lives in the cuff is told by itself.
    """
    values = np.asarray(score.values_kji)
    if tissue_map.vessel_label is None:
        return score, np.zeros(values.shape, np.bool_)
    spacing = score.grid.spacing_ijk_mm[::-1]
    lumen = np.asarray(tissue_map.labels.values_kji) == tissue_map.vessel_label
    if not lumen.any():
        return score, np.zeros(values.shape, np.bool_)
    wide = np.pad(values >= 0, 1)
    grown = distance_transform_edt(~wide, sampling=spacing) <= CLOSED_MM
    closed = (distance_transform_edt(grown, sampling=spacing) > CLOSED_MM)[1:-1, 1:-1, 1:-1]
    filled = closed & (values < 0) & (distance_transform_edt(~lumen, sampling=spacing) <= CUFF_MM)
    depth = float(np.median(np.abs(values[values >= 0]))) if (values >= 0).any() else 1.0
    over = Volume(
        grid=score.grid,
        values_kji=np.where(filled, depth, values),
        quantity=score.quantity,
        frame_uid=score.frame_uid,
    )
    return over, filled & ~lumen


def _cuff_findings(cuff: Bool[np.ndarray, "k j i"], tissue_map: TissueMap) -> list[Finding]:
    each_ml = tissue_map.labels.grid.voxel_volume_mm3 / 1000
    labels = np.asarray(tissue_map.labels.values_kji)
    names = [each.key for each in tissue_map.tissues]
    tumour = cuff & (labels == names.index("tumour") + 1) if "tumour" in names else np.zeros_like(cuff)
    if not cuff.any():
        return []
    data = {"tumour": float(tumour.sum() * each_ml), "all": float(cuff.sum() * each_ml), "cuff": CUFF_MM}
    message = Message(
        code="ablation.cuff-lives",
        template="within {cuff:g} mm of large vessels in the zone {all:.2f} ml of tissue live in the simulation, of it "
        "{tumour:.2f} ml tumour; the margin is measured across these cuffs, as one outlines a zone: watch them, or "
        "leave them to seeds",
        data=data,
    )
    severity = Severity.ACTION if tumour.sum() * each_ml > NEGLIGIBLE_ML else Severity.ATTENTION
    return [Finding(severity=severity, message=message)]


def _notices(outcome: AblationOutcome) -> list[Finding]:
    notices = [Finding(severity=Severity.ATTENTION, message=each) for each in outcome.notices]
    least, most = outcome.band_cc
    if most > WIDE_BAND * max(least, 1e-3):
        notices.append(
            Finding(
                severity=Severity.ATTENTION,
                message=Message(
                    code="ablation.models-disagree",
                    template="the models of death give zones from {least:.1f} to {most:.1f} ml on the same "
                    "temperatures: the choice of model matters more here than any setting",
                    data={"least": least, "most": most},
                ),
            )
        )
    return notices


def _swallowed(lesion: Structure, vessels: tuple[str, ...], structures: StructureSet) -> list[Finding]:
    """Return a finding for every vessel drawn through the tumour: there it counts as tumour."""
    tumour = _region(lesion)
    grid = Grid.around(np.vstack([each.points_lps_mm for each in lesion.closed_contours]), margin_mm=2, spacing_mm=1)
    inside = mask_on_grid(tumour, grid)
    found = []
    for name in vessels:
        if (large_vessel_mask(_region(structures.named(name)), grid) & inside).any():
            message = Message(
                code="ablation.vessel-in-tumour",
                template="{name} is drawn through the tumour {lesion}: inside it is taken as tumour whose blood stands "
                "still; if it flows, expect live tumour around it and correct the outlines",
                data={"name": name, "lesion": lesion.name},
            )
            found.append(Finding(severity=Severity.ATTENTION, message=message))
    return found


def _points(plan: AblationPlan, lesion: Structure) -> np.ndarray:
    tips = [
        plan.applicator(each.applicator).tip_lps_mm(pulled_back_mm=each.pulled_back_mm) for each in plan.activations
    ]
    behind = [
        tip - 30.0 * plan.applicator(a.applicator).needle.direction_lps
        for tip, a in zip(tips, plan.activations, strict=True)
    ]
    drawn = np.vstack([contour.points_lps_mm for contour in lesion.closed_contours])
    return np.vstack([np.array(tips), np.array(behind), drawn])


def _region(structure: Structure) -> Region:
    return region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)

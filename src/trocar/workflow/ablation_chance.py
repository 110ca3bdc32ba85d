"""How sure a planned ablation is, given that nobody knows the tissue exactly: probability of death in the target."""

from collections.abc import Callable

import numpy as np

from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan
from trocar.plan.structures import StructureSet
from trocar.results.ablation_chance import AblationChance
from trocar.results.findings import Finding, Severity, found
from trocar.results.tissue_death import DeathProbability
from trocar.workflow.ablation_heat import ablation_probability
from trocar.workflow.ablation_places import region_of
from trocar.workflow.simulated_ablation import Progress, SimulationWish, problem_of
from trocar.workflow.verify_ablation import body_of

SURE = 0.95
STEP_MM = 1.0
TRYING = Message(code="ablation.stage-chance", template="Trying tissues that might be this patient's")


def chance_of(
    plan: AblationPlan,
    structures: StructureSet,
    wish: SimulationWish,
    *,
    samples: int,
    seed: int,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> AblationChance:
    """Return how probable death is, over the spread of the tissue's properties; what is done by a cancel counts.

    Raises
    ------
    HeatError
        No sample was asked for, or all were cancelled.
    """
    death = ablation_probability(
        problem_of(plan, structures, wish),
        samples=samples,
        seed=seed,
        progress=lambda share: progress(TRYING, share),
        cancelled=cancelled,
    )
    return _in_target(death, plan, structures)


def _in_target(death: DeathProbability, plan: AblationPlan, structures: StructureSet) -> AblationChance:
    lesion = body_of(structures.named(plan.target.lesion)).mesh
    reach = plan.target.margin_mm
    vertices = np.asarray(lesion.vertices_lps_mm)
    axes = [np.arange(a, b, STEP_MM) for a, b in zip(vertices.min(0) - reach, vertices.max(0) + reach, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    depth = nearest_on_mesh(lesion, points).signed_mm
    kept = depth >= -reach
    if plan.target.organ:
        kept &= region_of(structures.named(plan.target.organ)).contains(points) | (depth > 0)
    points, in_tumour = points[kept], depth[kept] > 0
    chance = np.asarray(death.probability.sample(points, outside=0.0))
    worst = points[in_tumour][int(np.argmin(chance[in_tumour]))]
    return AblationChance(
        death=death,
        sure=SURE,
        tumour_least=float(chance[in_tumour].min()),
        tumour_least_lps_mm=worst,
        tumour_sure_percent=100.0 * float((chance[in_tumour] >= SURE).mean()),
        margin_sure_percent=100.0 * float((chance[~in_tumour] >= SURE).mean()) if (~in_tumour).any() else None,
    )


def chance_findings(chance: AblationChance) -> tuple[Finding, ...]:
    """Return what a physician must see of it."""
    findings = []
    if chance.death.samples < chance.death.asked:
        done = {"samples": chance.death.samples, "asked": chance.death.asked}
        findings.append(found("ablation.chance-cut-short", CUT_SHORT, Severity.ATTENTION, **done))
    if chance.tumour_least < SURE:
        told = {"least": 100 * chance.tumour_least, "sure": chance.tumour_sure_percent, "limit": 100 * SURE}
        findings.append(found("ablation.chance-low", LOW, Severity.ATTENTION, **told))
    return tuple(findings)


CUT_SHORT = "the trial of tissues was stopped after {samples} of {asked}: its probabilities are coarser than asked"
LOW = (
    "over what is not known of the tissue, {sure:.1f} % of the tumour dies with a probability of at least {limit:.0f} "
    "%; at its least sure place it dies with {least:.0f} %"
)

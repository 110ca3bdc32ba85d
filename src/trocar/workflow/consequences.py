"""What a plan means beyond its doses: to tissues, and when it is not carried out exactly."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from trocar.catalogue.nuclides import Nuclide
from trocar.catalogue.radiobiology import Radiobiology
from trocar.catalogue.sources import load_source
from trocar.dose.base import source_terms
from trocar.dose.tg43 import Formalism
from trocar.evaluate.biology import ExternalBeam, effective_time_d, eqd2_gy, implant_bed_gy
from trocar.evaluate.dvh import compute_dvh
from trocar.messages import Message
from trocar.plan.plan import ImplantPlan
from trocar.results.biology import BiologicalDose
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding, Severity
from trocar.results.robustness import Robustness
from trocar.workflow.histograms import exact_dose, region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, BiologyWish, ImplantRequest
from trocar.workflow.plan_judging import ProposedImplant
from trocar.workflow.robustness import ORGAN_POINTS, TARGET_POINTS, assess_robustness
from trocar.workflow.seed_placing import sampled_structures

ENOUGH = 0.9
"""A plan that keeps its D90 less often than this is pointed out: a convention of this software, not a limit."""

TARGET_METRICS, ORGAN_METRICS_CC = (98.0, 90.0, 50.0), (2.0, 0.1)
"""Points of the histogram told as BED and EQD2: near the least, the usual and the middle; the hottest of organs."""

TRYING = Message(code="workflow.stage-robustness", template="Trying what becomes of the plan when needles err")

Told = Callable[[Message, float], None]


def with_consequences(
    request: ImplantRequest, proposed: ProposedImplant, *, rng: np.random.Generator, told: Told
) -> ProposedImplant:
    """Return a plan with the robustness and the biology its request asks for."""
    if request.biology is not None:
        known = {dvh.name: dvh for dvh in proposed.histograms}
        proposed = replace(proposed, biology=biological_doses(request, proposed.plan, request.biology, known=known))
    if request.robustness is None:
        return proposed
    told(TRYING, 0.0)
    found = robustness_of(request, proposed.plan, rng=rng, told=lambda share: told(TRYING, share))
    return replace(proposed, robustness=found, findings=(*proposed.findings, *_remarks(found)))


def robustness_of(
    request: ImplantRequest, plan: ImplantPlan, *, rng: np.random.Generator, told: Callable[[float], None] | None = None
) -> Robustness:
    """Return how a plan of a request fares; see `assess_robustness`."""
    assert request.robustness is not None
    target = region_of(request.structures.named(request.target), end_cap=NEEDLE_PICTURE)
    return assess_robustness(
        plan,
        sampled_structures(request, target, target_points=TARGET_POINTS, organ_points=ORGAN_POINTS),
        request.goals,
        request.robustness.mishaps,
        versions=request.robustness.versions,
        rng=rng,
        inside_target=target.contains,
        progress=told,
    )


def biological_doses(
    request: ImplantRequest, plan: ImplantPlan, wish: BiologyWish, *, known: Mapping[str, Dvh] | None = None
) -> tuple[BiologicalDose, ...]:
    """Return D98, D90 and D50 of the target and D2cc, D0.1cc of organs as BED and EQD2, in the order of the wish.

    Parameters
    ----------
    request
        Gives the structures.
    plan
        Whose doses.
    wish
        Which tissues they are, and what external beam they got.
    known
        Histograms that are computed already, by name.
    """
    nuclide = load_source(plan.seeds[0].source_model).nuclide
    rows: list[BiologicalDose] = []
    for name, tissue in wish.tissues.items():
        dvh = (known or {}).get(name) or _histogram(request, plan, name)
        doses = {f"D{percent:g}": dvh.dose_at_percent(percent) for percent in TARGET_METRICS}
        if name != request.target:
            doses = {f"D{cc:g}cc": dvh.dose_at_cc(cc) for cc in ORGAN_METRICS_CC if cc < dvh.volume_cc}
        external = wish.external.get(name)
        rows += [
            _row(name, metric, dose, tissue=tissue, nuclide=nuclide, external=external)
            for metric, dose in doses.items()
        ]
    return tuple(rows)


def _histogram(request: ImplantRequest, plan: ImplantPlan, name: str) -> Dvh:
    region = region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE)
    return compute_dvh(region, exact_dose(source_terms(plan), formalism=Formalism.LINE_2D), name=name)


def _row(
    name: str, metric: str, dose_gy: float, *, tissue: Radiobiology, nuclide: Nuclide, external: ExternalBeam | None
) -> BiologicalDose:
    at = np.array([dose_gy])
    bed = float(implant_bed_gy(at, nuclide, tissue, external=external)[0])
    days = float(effective_time_d(at, nuclide, tissue)[0])
    return BiologicalDose(
        structure=name,
        tissue=tissue,
        metric=metric,
        implant_gy=dose_gy,
        external_gy=external.dose_gy if external is not None else 0.0,
        bed_gy=bed,
        eqd2_gy=eqd2_gy(bed, tissue.alpha_beta_gy),
        effective_days=None if np.isinf(days) else days,
    )


def _remarks(found: Robustness) -> list[Finding]:
    if found.covered.value >= ENOUGH:
        return []
    return [
        Finding(
            severity=Severity.ATTENTION,
            message=Message(
                code="workflow.plan-not-robust",
                template="under the placement errors given, D90 reaches the prescription in {chance} of the versions; "
                "replan in the placed needles before seeds are dropped",
                data={"chance": str(found.covered)},
            ),
        )
    ]

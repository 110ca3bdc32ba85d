"""Seeds and ablation in one patient: what is left to seed after an ablation, and what both do together."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from trocar.dose.base import source_terms
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.geometry.resample import near
from trocar.imaging.level_lines import level_lines
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan, AblationTarget
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.combined_treatment import CombinedTreatment, OrganAccount, TreatedPart
from trocar.results.findings import Finding, Severity
from trocar.workflow.ablation_places import region_of
from trocar.workflow.ablation_reach import surface_points
from trocar.workflow.histograms import exact_dose
from trocar.workflow.verify_ablation import body_of

STEP_MM = 1.0
MOST_POINTS = 120_000
NEEDLES_TOUCH_MM = 3.0
"""Axes of an applicator and a seed needle nearer than this cannot both be placed, or hinder each other."""
NEARLY_USED = 0.8
NEGLIGIBLE_ML = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganLimit:
    """What both treatments must keep to at one structure: a distance from the zone, and a dose to its hottest part."""

    structure: str
    least_gap_mm: float
    most_dose_gy: float
    cc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineRequest:
    """One patient with both plans.

    Parameters
    ----------
    structures
        With lesion, organ and the structures that have limits.
    ablation, zone
        The plan, and its zone as drawn.
    seeds
        The implant.
    margin_mm
        Wanted around the lesion by both together; the ablation alone may have aimed at less.
    prescription_gy
        Dose from which a point counts as treated by seeds.
    limits
        Of structures.
    """

    structures: StructureSet
    ablation: AblationPlan
    zone: Structure
    seeds: ImplantPlan
    margin_mm: float
    prescription_gy: float
    limits: tuple[OrganLimit, ...]


def rim_to_seed(
    image: Image, structures: StructureSet, target: AblationTarget, zone: Structure, *, overlap_mm: float, name: str
) -> Structure:
    """Return what an ablation leaves of tumour and margin within the organ, reaching an overlap into the zone.

    Raises
    ------
    PlanError
        Nothing is left.
    """
    lesion, dead = body_of(structures.named(target.lesion)).mesh, body_of(zone).mesh
    part = near(image.volume, np.asarray(lesion.vertices_lps_mm), reach_mm=target.margin_mm + 8.0)
    points = part.grid.centres_lps_mm().reshape(-1, 3)
    depth = np.minimum(
        nearest_on_mesh(lesion, points).signed_mm + target.margin_mm,
        overlap_mm - nearest_on_mesh(dead, points).signed_mm,
    )
    if target.organ:
        inside = region_of(structures.named(target.organ)).contains(points)
        depth = np.where(inside | (nearest_on_mesh(lesion, points).signed_mm > 0), depth, -1.0)
    field = depth.reshape(part.grid.shape_kji)
    contours = level_lines(field, part.grid, level=0.0, outside=-1.0, least_area_mm2=4.0)
    if not contours:
        raise PlanError(
            "ablation.no-rim",
            "the zone of the ablation covers {lesion} with its margin of {margin:.1f} mm and {overlap:.1f} mm more: "
            "nothing is left to be seeded",
            lesion=target.lesion,
            margin=target.margin_mm,
            overlap=overlap_mm,
        )
    number = max(each.number for each in structures) + 1
    return Structure(number=number, name=name, contours=contours, interpreted_type="PTV")


def combine(request: CombineRequest) -> tuple[CombinedTreatment, tuple[Finding, ...]]:
    """Return what heat and seeds treat together, and what speaks against it.

    Raises
    ------
    PlanError
        The plans lie in different frames or are of different patients.
    """
    _require_one_case(request)
    zone = body_of(request.zone).mesh
    dose_at = exact_dose(source_terms(request.seeds), formalism=Formalism.LINE_2D)
    points, in_tumour, step = _target(request)
    heat = nearest_on_mesh(zone, points).signed_mm > 0
    seeded = np.asarray(dose_at(points)) >= request.prescription_gy
    by = heat.astype(np.int64) + 2 * seeded
    places = np.array([each.position_lps_mm for each in request.seeds.seeds])
    treatment = CombinedTreatment(
        prescription_gy=request.prescription_gy,
        parts=(_part("tumour", by[in_tumour], step), _part("margin", by[~in_tumour], step)),
        organs=tuple(_organ(request, each, zone) for each in request.limits),
        points_lps_mm=points,
        treated_by=by,
        step_mm=step,
        punctures=(len(request.ablation.applicators), len(request.seeds.needles)),
        seeds=len(places),
        seeds_in_zone=int((nearest_on_mesh(zone, places).signed_mm > 0).sum()),
    )
    return treatment, tuple(_findings(request, treatment))


def _require_one_case(request: CombineRequest) -> None:
    ablation, seeds = request.ablation, request.seeds
    if ablation.patient.identifier != seeds.patient.identifier:
        raise PlanError(
            "ablation.combined-patients",
            "the ablation is of patient {ablation}, the seeds are of patient {seeds}; nothing was combined: give two "
            "plans of one patient",
            ablation=ablation.patient.identifier,
            seeds=seeds.patient.identifier,
        )
    if len({ablation.frame_uid, seeds.frame_uid, request.structures.frame_uid}) > 1:
        raise PlanError(
            "ablation.combined-frames",
            "ablation, seeds and structures lie in frames of reference {ablation}, {seeds} and {structures}; nothing "
            "was combined: plan both on one scan, or register them first",
            ablation=ablation.frame_uid,
            seeds=seeds.frame_uid,
            structures=request.structures.frame_uid,
        )


def _target(request: CombineRequest) -> tuple[np.ndarray, np.ndarray, float]:
    """Return points of tumour and margin in the organ, which are tumour, and their distance."""
    target = request.ablation.target
    lesion = body_of(request.structures.named(target.lesion)).mesh
    vertices = np.asarray(lesion.vertices_lps_mm)
    low, high = vertices.min(axis=0) - request.margin_mm, vertices.max(axis=0) + request.margin_mm
    step = max(STEP_MM, float((np.prod(high - low) / MOST_POINTS) ** (1 / 3)))
    axes = [np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    depth = nearest_on_mesh(lesion, points).signed_mm
    kept = depth >= -request.margin_mm
    if target.organ:
        kept &= region_of(request.structures.named(target.organ)).contains(points) | (depth > 0)
    return points[kept], depth[kept] > 0, step


def _part(name: str, by: np.ndarray, step_mm: float) -> TreatedPart:
    each_ml = step_mm**3 / 1000
    neither, heat, seeds, both = (float((by == kind).sum() * each_ml) for kind in range(4))
    return TreatedPart(
        name=name, total_ml=len(by) * each_ml, heat_ml=heat, seeds_ml=seeds, both_ml=both, neither_ml=neither
    )


def _organ(request: CombineRequest, limit: OrganLimit, zone: Mesh) -> OrganAccount:
    structure = request.structures.named(limit.structure)
    dose_at = exact_dose(source_terms(request.seeds), formalism=Formalism.LINE_2D)
    dvh = compute_dvh(region_of(structure), dose_at, name=structure.name)
    return OrganAccount(
        name=structure.name,
        least_gap_mm=limit.least_gap_mm,
        gap_mm=-float(nearest_on_mesh(zone, surface_points(structure)).signed_mm.max()),
        most_dose_gy=limit.most_dose_gy,
        dose_gy=dvh.dose_at_cc(min(limit.cc, dvh.volume_cc)),
        cc=limit.cc,
    )


def _findings(request: CombineRequest, made: CombinedTreatment) -> Iterable[Finding]:
    tumour, margin = made.parts
    if tumour.neither_ml > NEGLIGIBLE_ML:
        message = Message(
            code="ablation.untreated-tumour",
            template="{ml:.2f} ml of {total:.1f} ml tumour is neither killed by heat nor given the prescribed dose",
            data={"ml": tumour.neither_ml, "total": tumour.total_ml},
        )
        yield _found(Severity.ACTION, message)
    if margin.neither_ml > NEGLIGIBLE_ML:
        message = Message(
            code="ablation.untreated-margin",
            template="{ml:.2f} ml of {total:.1f} ml margin is neither killed by heat nor given the prescribed dose",
            data={"ml": margin.neither_ml, "total": margin.total_ml},
        )
        yield _found(Severity.ATTENTION, message)
    for organ in made.organs:
        yield from _organ_findings(organ)
    if made.seeds_in_zone:
        yield _found(
            Severity.ATTENTION,
            Message(
                code="ablation.seeds-in-zone",
                template="{n} of {seeds} seeds lie in tissue that heat kills: it shrinks by millimetres in the weeks "
                "after, and seeds move with it; place seeds after the ablation and verify their dose later too",
                data={"n": made.seeds_in_zone, "seeds": made.seeds},
            ),
        )
    for applicator, needle in product(request.ablation.applicators, request.seeds.needles):
        gap = _gap_between(applicator.needle, needle)
        if gap < NEEDLES_TOUCH_MM:
            yield _found(
                Severity.ATTENTION,
                Message(
                    code="ablation.needles-cross",
                    template="applicator {applicator} and seed needle {needle} come within {gap:.1f} mm of each other: "
                    "place one after the other, or move one",
                    data={"applicator": applicator.number, "needle": needle.number, "gap": gap},
                ),
            )


def _organ_findings(organ: OrganAccount) -> Iterable[Finding]:
    data = {
        "name": organ.name,
        "gap": organ.gap_mm,
        "least": organ.least_gap_mm,
        "dose": organ.dose_gy,
        "most": organ.most_dose_gy,
        "cc": organ.cc,
    }
    gap_used, dose_used = organ.used
    if gap_used > 1:
        yield _found(Severity.ACTION, Message(code="ablation.organ-too-near", template=TOO_NEAR, data=data))
    if dose_used > 1:
        yield _found(Severity.ACTION, Message(code="ablation.organ-too-much", template=TOO_MUCH, data=data))
    if NEARLY_USED < gap_used <= 1 and NEARLY_USED < dose_used <= 1:
        yield _found(Severity.ATTENTION, Message(code="ablation.organ-both-near", template=BOTH_NEAR, data=data))


TOO_NEAR = "the zone comes within {gap:.1f} mm of {name}, {least:.1f} mm are asked"
TOO_MUCH = "{name} receives {dose:.1f} Gy in its hottest {cc:g} cc, {most:.1f} Gy are allowed"
BOTH_NEAR = (
    "{name} keeps both limits, but each nearly to the full ({gap:.1f} mm of {least:.1f} mm; {dose:.1f} Gy of "
    "{most:.1f} Gy): no accepted rule adds heat and dose, so treat them as one load"
)


def _found(severity: Severity, message: Message) -> Finding:
    return Finding(severity=severity, message=message)


def _gap_between(first: Needle, second: Needle) -> float:
    """Return the least distance between two straight needles, to a quarter of a millimetre."""
    a = np.linspace(first.entry_lps_mm, first.tip_lps_mm, 400)
    b = np.linspace(second.entry_lps_mm, second.tip_lps_mm, 400)
    return float(np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1).min()))

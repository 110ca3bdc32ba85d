"""Seeds and ablation in one patient: what is left to seed after an ablation, and what both do together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy.ndimage import label
from scipy.spatial import KDTree

from trocar.dose.base import source_terms
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.dvh import compute_dvh
from trocar.evaluate.margins import side_of
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.geometry.resample import near
from trocar.imaging.level_lines import level_lines
from trocar.plan.ablation import AblationPlan, AblationTarget
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.combined_treatment import (
    CombinedTreatment,
    OrganAccount,
    TreatedPart,
    TreatmentTimes,
    UntreatedPlace,
)
from trocar.results.findings import Finding
from trocar.workflow.ablation_places import region_of
from trocar.workflow.ablation_reach import surface_points
from trocar.workflow.combined_findings import NEGLIGIBLE_ML, axis_points, combined_findings
from trocar.workflow.histograms import exact_dose
from trocar.workflow.verify_ablation import body_of

STEP_MM = 1.0
MOST_POINTS = 120_000
MOST_PLACES = 6
"""So many untreated pieces are told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganLimit:
    """What both treatments must keep to at one structure.

    Parameters
    ----------
    structure
        Its name.
    least_gap_mm
        From the zone.
    most_dose_gy, cc
        Of its hottest part, and how large that is.
    least_needle_mm
        From the axis of any applicator or seed needle; None for no limit.
    most_entries
        Applicators and seed needles that may enter it, taken together; None for no limit.
    """

    structure: str
    least_gap_mm: float
    most_dose_gy: float
    cc: float
    least_needle_mm: float | None = None
    most_entries: int | None = None


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
    ablate_at
        When the first activation starts; None where not stated, which is a finding.
    """

    structures: StructureSet
    ablation: AblationPlan
    zone: Structure
    seeds: ImplantPlan
    margin_mm: float
    prescription_gy: float
    limits: tuple[OrganLimit, ...]
    ablate_at: datetime | None = None


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
        untreated=_untreated(points, by == 0, in_tumour, step),
        times=TreatmentTimes(
            ablate_at=request.ablate_at,
            ablation_s=request.ablation.duration_s,
            implant_at=request.seeds.implant_at,
        ),
    )
    return treatment, combined_findings(treatment, request.ablation, request.seeds)


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


def _untreated(
    points: np.ndarray, left: np.ndarray, in_tumour: np.ndarray, step_mm: float
) -> tuple[UntreatedPlace, ...]:
    """Return the connected pieces that neither treats."""
    middle = points[in_tumour].mean(axis=0)
    found: list[UntreatedPlace] = []
    for part, mine in (("tumour", in_tumour), ("margin", ~in_tumour)):
        places = points[left & mine]
        if not len(places):
            continue
        index = np.rint((places - places.min(axis=0)) / step_mm).astype(int)
        lattice = np.zeros(index.max(axis=0) + 1, np.bool_)
        lattice[tuple(index.T)] = True
        of_piece = label(lattice, np.ones((3, 3, 3)))[0][tuple(index.T)]
        pieces = [places[of_piece == number] for number in range(1, int(of_piece.max()) + 1)]
        pieces.sort(key=len, reverse=True)
        found += [_place(part, each, middle, step_mm) for each in pieces if _ml(len(each), step_mm) > NEGLIGIBLE_ML]
    return tuple(found[:MOST_PLACES])


def _place(part: str, piece: np.ndarray, middle: np.ndarray, step_mm: float) -> UntreatedPlace:
    centre = piece.mean(axis=0)
    return UntreatedPlace(part=part, ml=_ml(len(piece), step_mm), side=side_of(centre - middle), middle_lps_mm=centre)


def _ml(n: int, step_mm: float) -> float:
    return n * step_mm**3 / 1000


def _organ(request: CombineRequest, limit: OrganLimit, zone: Mesh) -> OrganAccount:
    structure = request.structures.named(limit.structure)
    applicators = [each.needle for each in request.ablation.applicators]
    needles = list(request.seeds.needles)
    entries = (_entries(structure, applicators), _entries(structure, needles))
    dose_at = exact_dose(source_terms(request.seeds), formalism=Formalism.LINE_2D)
    dvh = compute_dvh(region_of(structure), dose_at, name=structure.name)
    return OrganAccount(
        name=structure.name,
        least_gap_mm=limit.least_gap_mm,
        gap_mm=-float(nearest_on_mesh(zone, surface_points(structure)).signed_mm.max()),
        most_dose_gy=limit.most_dose_gy,
        dose_gy=dvh.dose_at_cc(min(limit.cc, dvh.volume_cc)),
        cc=limit.cc,
        least_needle_mm=limit.least_needle_mm,
        needle_gap_mm=_needle_gap(structure, [*applicators, *needles], entries),
        most_entries=limit.most_entries,
        entries=entries,
    )


def _entries(structure: Structure, needles: Sequence[Needle]) -> int:
    """Return how many needles enter a structure."""
    region = region_of(structure)
    return sum(bool(region.contains(axis_points(each)).any()) for each in needles)


def _needle_gap(structure: Structure, needles: Sequence[Needle], entries: tuple[int, int]) -> float:
    """Return the least distance of any axis from a structure, 0 where one enters."""
    if sum(entries):
        return 0.0
    tree = KDTree(surface_points(structure))
    return min(float(tree.query(axis_points(each))[0].min()) for each in needles)

"""Seeds and ablation in one patient: what each treats adds up, and the limits of both hold together."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from trocar.errors import PlanError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.ablation import (
    AblationPlan,
    AblationTarget,
    Activation,
    Applicator,
    Control,
    PowerStep,
    Schedule,
)
from trocar.plan.needles import Needle
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.results.findings import Finding, Severity
from trocar.workflow.combine import CombineRequest, OrganLimit, combine, rim_to_seed
from trocar.workflow.verify_ablation import mask_of

AT = datetime(2026, 1, 5, 9, 0)
PATIENT = Patient(identifier="DEMO-A", name="Demo Patient A")
FRAME = "2.25.7"
LESION_MM, MARGIN_MM, ZONE_MM, OFF_MM = 10.0, 4.0, 12.0, 5.0


def _ball(number: int, name: str, centre: tuple[float, float, float], radius: float) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 61)[:-1]
    contours = []
    for z in np.arange(-40.0, 41.0, 2.0):
        wide = radius**2 - (z - centre[2]) ** 2
        if wide > 0.05:
            ring = np.sqrt(wide) * np.stack([np.cos(turn), np.sin(turn)], axis=1) + np.array(centre[:2])
            points = np.column_stack([ring, np.full(60, z)])
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=number, name=name, contours=tuple(contours))


ZONE = _ball(9, "ablation zone", (OFF_MM, 0, 0), ZONE_MM)
STRUCTURES = StructureSet(
    label="DRAWN",
    patient=PATIENT,
    frame_uid=FRAME,
    structures=(
        _ball(1, "lesion", (0, 0, 0), LESION_MM),
        _ball(2, "liver", (0, 0, 0), 36.0),
        _ball(3, "bowel", (27.0, 0, 0), 8.0),
    ),
)
STEP = PowerStep(control=Control.POWER, duration_s=300.0, power_w=60.0)
ABLATION = AblationPlan(
    label="core",
    patient=PATIENT,
    frame_uid=FRAME,
    applicators=(
        Applicator(
            needle=Needle(number=1, entry_lps_mm=np.array([OFF_MM, -90, 0]), tip_lps_mm=np.array([OFF_MM, 12.0, 0])),
            model="microwave/PME_2450",
        ),
    ),
    activations=(Activation(applicator=1, start_s=0.0, schedule=Schedule(steps=(STEP,))),),
    target=AblationTarget(lesion="lesion", margin_mm=MARGIN_MM, organ="liver"),
)


def _seeds(x_mm: float = -10.0) -> ImplantPlan:
    """Return nine seeds in a plane beside the tumour, opposite to the zone."""
    needles = tuple(
        Needle(number=n, entry_lps_mm=np.array([x_mm, -90.0, z]), tip_lps_mm=np.array([x_mm, 12.0, z]))
        for n, z in enumerate((-7.0, 0.0, 7.0), start=1)
    )
    seeds = tuple(
        Seed(
            position_lps_mm=np.array([x_mm, y, needle.tip_lps_mm[2]]),
            axis_lps=np.array([0.0, 1.0, 0.0]),
            source_model="I125_6711",
            strength=Strength(s_k_u=0.7, reference_at=AT),
            needle=needle.number,
        )
        for needle in needles
        for y in (-8.0, 0.0, 8.0)
    )
    return ImplantPlan(label="rim", patient=PATIENT, frame_uid=FRAME, implant_at=AT, seeds=seeds, needles=needles)


def _request(
    limit: OrganLimit | None = None, seeds: ImplantPlan | None = None, ablate_at: datetime | None = None
) -> CombineRequest:
    return CombineRequest(
        structures=STRUCTURES,
        ablation=ABLATION,
        zone=ZONE,
        seeds=seeds or _seeds(),
        margin_mm=MARGIN_MM,
        prescription_gy=100.0,
        limits=() if limit is None else (limit,),
        ablate_at=ablate_at,
    )


def _lens_ml(first: float, second: float, apart: float) -> float:
    """Return the volume that two balls share."""
    a, b, d = first, second, apart
    lens = np.pi * (a + b - d) ** 2 * (d**2 + 2 * d * (a + b) - 3 * (a - b) ** 2) / (12 * d)
    return float(lens / 1000)


def test_what_heat_seeds_both_and_neither_treat_adds_up_to_the_tumour() -> None:
    made, _ = combine(_request())
    tumour, margin = made.parts
    for part in made.parts:
        assert part.heat_ml + part.seeds_ml + part.both_ml + part.neither_ml == pytest.approx(part.total_ml)
    assert tumour.total_ml == pytest.approx(4.189, rel=0.02)
    assert tumour.heat_ml + tumour.both_ml == pytest.approx(_lens_ml(LESION_MM, ZONE_MM, OFF_MM), rel=0.02)
    assert tumour.total_ml + margin.total_ml == pytest.approx(4 / 3 * np.pi * 14**3 / 1000, rel=0.02)
    assert tumour.seeds_ml > 0.5 * (tumour.total_ml - tumour.heat_ml)  # seeds take what heat leaves


def test_without_seeds_on_the_far_side_the_tumour_left_is_told() -> None:
    _, findings = combine(_request(seeds=_seeds(x_mm=30.0)))
    told = {each.message.code: each for each in findings}
    assert told["ablation.untreated-tumour"].severity is Severity.ACTION
    left = 4.189 - _lens_ml(LESION_MM, ZONE_MM, OFF_MM)
    assert told["ablation.untreated-tumour"].message.data["ml"] == pytest.approx(left, abs=0.15)


@pytest.mark.parametrize(
    ("gap", "dose", "codes"),
    [
        (1.0, 500.0, set()),
        (5.0, 500.0, {"ablation.organ-too-near"}),
        (1.0, 0.5, {"ablation.organ-too-much"}),
    ],
)
def test_an_organ_must_keep_both_limits(gap: float, dose: float, codes: set[str]) -> None:
    """The zone ends at 17 mm, the bowel begins at 19."""
    made, findings = combine(_request(OrganLimit(structure="bowel", least_gap_mm=gap, most_dose_gy=dose, cc=0.5)))
    assert made.organs[0].gap_mm == pytest.approx(2.0, abs=0.4)
    assert {each.message.code for each in findings if "organ" in each.message.code} == codes


def test_an_organ_that_nearly_uses_up_both_limits_is_told() -> None:
    made, _ = combine(_request(OrganLimit(structure="bowel", least_gap_mm=1.9, most_dose_gy=500.0, cc=0.5)))
    organ = made.organs[0]
    limit = OrganLimit(
        structure="bowel", least_gap_mm=0.9 * organ.gap_mm, most_dose_gy=1.05 * organ.dose_gy, cc=organ.cc
    )
    _, findings = combine(_request(limit))
    assert "ablation.organ-both-near" in {each.message.code for each in findings}


def test_seeds_in_dead_tissue_and_needles_in_one_place_are_told() -> None:
    made, findings = combine(_request(seeds=_seeds(x_mm=OFF_MM)))
    assert made.seeds_in_zone == 9
    assert {"ablation.seeds-in-zone", "ablation.needles-cross"} <= {each.message.code for each in findings}


def test_what_is_left_is_told_with_its_place() -> None:
    """Heat lies to the left (+x), seeds far off: what is left of the tumour lies on the right."""
    made, _ = combine(_request(seeds=_seeds(x_mm=30.0)))
    first = made.untreated[0]
    assert first.part == "tumour"
    assert first.side[0] == "R"
    assert first.ml == pytest.approx(made.parts[0].neither_ml, rel=0.05)
    assert first.middle_lps_mm[0] < -5.0
    assert sum(each.ml for each in made.untreated) == pytest.approx(
        made.parts[0].neither_ml + made.parts[1].neither_ml, rel=0.05
    )


def test_needles_of_both_treatments_add_up_at_an_organ() -> None:
    """One applicator and three seed needles enter the liver; the bowel begins at 19 mm, the applicator lies at 5."""
    often = OrganLimit(structure="liver", least_gap_mm=0.0, most_dose_gy=1e6, cc=0.5, most_entries=3)
    made, findings = combine(_request(often))
    assert made.organs[0].entries == (1, 3)
    told = next(each for each in findings if each.message.code == "ablation.organ-entered")
    assert told.severity is Severity.ACTION
    assert told.message.data["total"] == 4
    assert "ablation.organ-entered" not in _codes(combine(_request(replace(often, most_entries=4)))[1])
    near = OrganLimit(structure="bowel", least_gap_mm=0.0, most_dose_gy=1e6, cc=0.5, least_needle_mm=13.0)
    assert combine(_request(near))[0].organs[0].needle_gap_mm == pytest.approx(14.0, abs=0.3)
    assert "ablation.organ-needle-near" not in _codes(combine(_request(near))[1])
    assert "ablation.organ-needle-near" in _codes(combine(_request(replace(near, least_needle_mm=15.0)))[1])


def test_a_zone_that_reaches_into_an_organ_is_told_with_its_depth() -> None:
    """The zone ends at 17 mm, the liver encloses it."""
    inside = OrganLimit(structure="liver", least_gap_mm=2.0, most_dose_gy=1e6, cc=0.5)
    told = {each.message.code for each in combine(_request(inside))[1]}
    assert "ablation.organ-too-near" not in told
    bowel = OrganLimit(structure="bowel", least_gap_mm=2.0, most_dose_gy=1e6, cc=0.5)
    deep = replace(_request(bowel), zone=_ball(9, "ablation zone", (12.0, 0, 0), ZONE_MM))
    said = next(each for each in combine(deep)[1] if each.message.code == "ablation.organ-in-zone")
    assert said.message.data["depth"] == pytest.approx(5.0, abs=0.4)


def test_which_comes_first_is_judged() -> None:
    inside = _seeds(x_mm=OFF_MM)
    assert "ablation.order-unknown" in _codes(combine(_request(seeds=inside))[1])
    before = combine(_request(seeds=inside, ablate_at=AT - timedelta(minutes=10)))[1]
    assert not {"ablation.order-unknown", "ablation.seeds-heated"} & _codes(before)
    assert {each.severity for each in before if each.message.code == "ablation.needles-cross"} == {Severity.NOTE}
    late = combine(_request(seeds=inside, ablate_at=AT - timedelta(minutes=4)))[1]  # 5 min of heat end after the seeds
    assert next(each for each in late if each.message.code == "ablation.seeds-heated").severity is Severity.ACTION


def _codes(findings: tuple[Finding, ...]) -> set[str]:
    return {each.message.code for each in findings}


def test_plans_of_two_patients_are_not_combined() -> None:
    other = replace(_seeds(), patient=Patient(identifier="DEMO-B", name="Demo Patient B"))
    with pytest.raises(PlanError, match="DEMO-B"):
        combine(_request(seeds=other))


def test_the_rim_is_what_the_zone_leaves_of_tumour_and_margin() -> None:
    grid = Grid.axial(origin_lps_mm=(-40.0, -40.0, -40.0), spacing_ijk_mm=(1.0, 1.0, 2.0), shape_kji=(41, 81, 81))
    reference = ImageReference(
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_uid=FRAME,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"2.25.3.{n}" for n in range(41)),
        modality="CT",
    )
    volume = Volume(grid=grid, values_kji=np.zeros(grid.shape_kji), quantity=Quantity.HOUNSFIELD, frame_uid=FRAME)
    image = Image(volume=volume, patient=PATIENT, reference=reference, acquired_at=AT)
    rim = rim_to_seed(image, STRUCTURES, ABLATION.target, ZONE, overlap_mm=0.0, name="Rim")
    left = 4 / 3 * np.pi * 14**3 / 1000 - _lens_ml(14.0, ZONE_MM, OFF_MM)
    mask, lattice = mask_of(rim)
    assert mask.sum() * lattice.voxel_volume_mm3 / 1000 == pytest.approx(left, rel=0.05)
    with pytest.raises(PlanError, match="nothing is left"):
        rim_to_seed(image, STRUCTURES, ABLATION.target, _ball(9, "zone", (0, 0, 0), 18.0), overlap_mm=1.0, name="Rim")

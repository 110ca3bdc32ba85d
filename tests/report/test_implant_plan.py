"""The plan report, the loading sheet and the template sheet of a small made-up plan."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from trocar.catalogue.radiobiology import load_radiobiology
from trocar.catalogue.sources import load_source
from trocar.errors import ReportError
from trocar.geometry.contours import Contour, ContourKind
from trocar.messages import Language, Message
from trocar.plan.access import RiskAccount
from trocar.plan.goals import Achievement, Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure
from trocar.plan.template import GridTemplate, template_towards
from trocar.report.document import Document, Facts, Picture, Table, in_language
from trocar.report.implant_plan import PlanDossier, PlanPictures, loading_sheet, plan_report
from trocar.report.pictures import Paper
from trocar.report.seed_map import loaded_needles, space_picture
from trocar.report.template_sheet import template_sheet
from trocar.report.typeset import typeset
from trocar.results.biology import BiologicalDose
from trocar.results.findings import Finding, Severity
from trocar.results.indices import Estimate, ImplantIndices
from trocar.results.provenance import Provenance
from trocar.results.robustness import Chance, NeedleShare, Outcomes, Robustness

AT = datetime(2026, 3, 2, 9, 30)


def template() -> GridTemplate:
    return template_towards(
        np.array([0.0, 0.0, 1.0]),
        centre_lps_mm=np.array([0.0, 0.0, -60.0]),
        up_lps=np.array([0.0, -1.0, 0.0]),
        pitch_mm=5.0,
        columns=13,
        rows=13,
    )


def plan(grid: GridTemplate) -> ImplantPlan:
    holes = dict(zip(grid.hole_names, grid.holes_lps_mm, strict=True))
    needles, seeds = [], []
    for number, name in enumerate(("C4", "E4", "G4", "I4", "E7", "G7"), start=1):
        mouth = holes[name]
        tip = mouth + np.array([0.0, 0.0, 80.0 + number])
        needles.append(Needle(number=number, entry_lps_mm=mouth, tip_lps_mm=tip, label=name))
        for depth in (4.0, 10.0, 20.0)[: 1 + number % 3]:
            seeds.append(
                Seed(
                    position_lps_mm=tip - np.array([0.0, 0.0, depth]),
                    axis_lps=np.array([0.0, 0.0, 1.0]),
                    source_model="I125_6711",
                    strength=Strength(s_k_u=0.6, reference_at=AT),
                    needle=number,
                )
            )
    return ImplantPlan(
        label="Prostate 1",
        patient=Patient(identifier="TROCAR-DEMO-1", name="Demo^Prostate=演示^前列腺"),
        frame_uid="1.2.3",
        implant_at=AT,
        seeds=tuple(seeds),
        needles=tuple(needles),
        prescription=Prescription(dose_gy=145.0, target="Prostate"),
    )


def robustness() -> Robustness:
    rng = np.random.default_rng(1)
    d90 = Outcomes(planned=152.0, values=rng.normal(148.0, 6.0, 200))
    v100 = Outcomes(planned=95.0, values=rng.normal(93.0, 2.0, 200))
    shares = tuple(
        NeedleShare(number=n, first=0.3 / n, total=0.4 / n, total_error=0.05, without_gy=140.0 - 5 * n) for n in (1, 2)
    )
    return Robustness(
        prescription_gy=145.0,
        target="Prostate",
        d90_gy=d90,
        v100_percent=v100,
        goals={"Prostate V100 ≥ 95 %": v100},
        chances={"Prostate V100 ≥ 95 %": Chance(hits=150, tries=200)},
        needles=shares,
        versions=200,
    )


def biological_dose() -> BiologicalDose:
    return BiologicalDose(
        structure="Prostate",
        tissue=load_radiobiology("prostate_cancer"),
        metric="D90",
        implant_gy=152.0,
        external_gy=45.0,
        bed_gy=180.0,
        eqd2_gy=108.0,
        effective_days=240.0,
    )


def goal(metric: str, comparison: Comparison, limit: float, unit: Unit, value: float) -> Achievement:
    demand = Goal(
        key=f"demo#{metric}",
        structure="Prostate",
        metric=Metric.parse(metric),
        comparison=comparison,
        limit=limit,
        limit_unit=unit,
        priority=Priority.MUST,
        reference="example",
        confidence=Confidence.EXAMPLE,
    )
    return Achievement(goal=demand, value=value)


def dossier() -> PlanDossier:
    account = RiskAccount(
        depth_mm=82.0,
        in_target_mm=31.0,
        unserved_mm=0.0,
        skin_angle_deg=12.0,
        axial_tilt_deg=88.0,
        clearance_mm={"Urethra": 4.2, "Rectum": 6.8},
        slack_mm=1.2,
        tightest="Urethra",
        entered={},
    )
    one = Estimate(value=97.5, standard_error=0.1)
    return PlanDossier(
        plan=plan(template()),
        source=load_source("I125_6711"),
        seed_length_mm=4.5,
        strength_at_implant_u={("I125_6711", 0.6, AT): 0.6, ("I125_6711", 0.4, AT): 0.4},
        accounts=dict.fromkeys(range(1, 7), account),
        achievements=(
            goal("V100", Comparison.AT_LEAST, 95.0, Unit.PERCENT, 97.5),
            goal("V150", Comparison.AT_MOST, 60.0, Unit.PERCENT, 66.1),
        ),
        indices=ImplantIndices(
            prescription_gy=145.0,
            d90_gy=one,
            d100_gy=one,
            v100_percent=one,
            v150_percent=one,
            v200_percent=one,
            v_t_cc=one,
            v_ref_cc=one,
            v_t_ref_cc=one,
            ci=one,
            ei=None,
            hi=one,
        ),
        histograms=(),
        robustness=robustness(),
        assumed=(),
        biology=(biological_dose(),),
        findings=(
            Finding(
                severity=Severity.ACTION,
                message=Message(code="plan.no-seeds", template="plan {label} holds no seed", data={"label": "x"}),
            ),
        ),
        made_by="Trocar",
        provenance=Provenance(engine="TG-43", library_version="0", inputs={"image": "abc"}),
    )


def pictures(paper: Paper) -> PlanPictures:
    ring = np.array([[15.0, 0, 0], [0, 15.0, 0], [-15.0, 0, 0], [0, -15.0, 0]]) + np.array([0.0, 0.0, 5.0])
    target = Structure(
        number=1,
        name="Prostate",
        contours=tuple(
            Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=ring + np.array([0.0, 0.0, z]))
            for z in np.arange(-10.0, 20.0, 5.0)
        ),
    )
    drawn = space_picture(dossier().plan, [target], seed_length_mm=4.5, paper=paper)
    return PlanPictures(slices=drawn, space=drawn, dvh=drawn)


def documents(language: Language) -> list[Document]:
    paper = Paper(language=language)
    return [
        plan_report(dossier(), pictures(paper), paper=paper, made_at=AT),
        loading_sheet(dossier(), paper=paper, made_at=AT),
        template_sheet(dossier().plan, template(), paper=paper, made_at=AT),
    ]


@pytest.mark.parametrize("language", list(Language))
def test_each_document_of_a_plan_is_a_pdf(language: Language) -> None:
    for document in documents(language):
        assert typeset(document, language=language).startswith(b"%PDF")


def test_a_missed_goal_that_must_be_met_calls_for_action() -> None:
    paper = Paper(language=Language.CHINESE)
    report = plan_report(dossier(), pictures(paper), paper=paper, made_at=AT)
    texts = [in_language(block.title, Language.CHINESE) for block in report.blocks if hasattr(block, "tone")]
    assert texts == ["必达目标未达到：1 项"]


def test_seeds_are_listed_from_the_tip() -> None:
    needles = loaded_needles(dossier().plan)
    assert needles[1].from_tip_mm == pytest.approx([4.0, 10.0, 20.0])
    assert needles[1].seeds[0].position_lps_mm[2] > needles[1].seeds[2].position_lps_mm[2]


def test_template_depth_counts_from_the_template() -> None:
    sheet = template_sheet(dossier().plan, template(), paper=Paper(language=Language.ENGLISH), made_at=AT)
    table = next(block for block in sheet.blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["C4", "E4", "G4", "I4", "E7", "G7"]
    assert [row[2] for row in table.rows] == ["81.0", "82.0", "83.0", "84.0", "85.0", "86.0"]


def test_a_needle_beside_the_holes_is_refused() -> None:
    shifted = template_towards(
        np.array([0.0, 0.0, 1.0]),
        centre_lps_mm=np.array([2.0, 0.0, -60.0]),
        up_lps=np.array([0.0, -1.0, 0.0]),
        pitch_mm=5.0,
        columns=13,
        rows=13,
    )
    with pytest.raises(ReportError, match="beside the nearest hole"):
        template_sheet(dossier().plan, shifted, paper=Paper(language=Language.ENGLISH), made_at=AT)


def test_seeds_of_two_strengths_are_told_apart_by_letters() -> None:
    grid = template()
    mixed = plan(grid)
    weaker = replace(mixed.seeds[0], strength=Strength(s_k_u=0.4, reference_at=AT))
    two_kinds = replace(mixed, seeds=(weaker, *mixed.seeds[1:]))
    sheet = loading_sheet(replace(dossier(), plan=two_kinds), paper=Paper(language=Language.ENGLISH), made_at=AT)
    cells = [cell for block in sheet.blocks if isinstance(block, Table) for row in block.rows for cell in row]
    texts = [in_language(cell, Language.ENGLISH) for cell in cells]
    assert sum(text.count("B") for text in texts if "." in text and "," not in text) == 1
    facts = next(block for block in sheet.blocks if isinstance(block, Facts))
    strengths = [in_language(value, Language.ENGLISH) for _, value in facts.rows]
    assert any("B: 1 × 0.400 U" in text for text in strengths)


def test_a_plan_of_many_needles_has_its_seed_map_on_several_pages() -> None:
    grid = template()
    few = plan(grid)
    needles = tuple(replace(few.needles[0], number=n) for n in range(1, 41))
    seeds = tuple(replace(few.seeds[0], needle=needle.number) for needle in needles)
    sheet = loading_sheet(
        replace(dossier(), plan=replace(few, needles=needles, seeds=seeds)),
        paper=Paper(language=Language.ENGLISH),
        made_at=AT,
    )
    assert sum(isinstance(block, Picture) for block in sheet.blocks) == 2

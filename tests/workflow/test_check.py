from dataclasses import replace

import numpy as np
import pytest

from checked_cases import (
    FRAME,
    PATIENT,
    PRESCRIBED_GY,
    afterloading,
    as_planned,
    grid,
    implant,
    stored_by,
    structures,
    tolerances,
)
from trocar.dose.tg43 import Formalism
from trocar.errors import GeometryError, PlanError
from trocar.geometry.affine import translation
from trocar.geometry.volume import Quantity
from trocar.plan.dose_points import DosePoint
from trocar.plan.patient import Patient
from trocar.results.dose import DoseKind
from trocar.results.findings import Severity
from trocar.results.plan_check import Verdict
from trocar.workflow.check import check_plan
from trocar.workflow.suppose import model_dose_gy

PLAN = implant()
MODEL = as_planned(PLAN)


def check(stored, plan=PLAN, **more):
    given = {"structures": None, "tolerances": tolerances()} | more
    return check_plan(plan, stored=stored, **given).check


def codes(outcome):
    return {finding.message.code for finding in outcome.findings}


def severest(outcome):
    return {finding.severity for finding in outcome.findings}


def test_a_right_dose_agrees_and_nothing_needs_action():
    outcome = check(stored_by(MODEL, step_gy=0.01))
    assert outcome.verdict is Verdict.AGREES
    assert Severity.ACTION not in severest(outcome)
    assert abs(outcome.comparison.overall.median_percent) < 0.05
    assert outcome.comparison.gamma_pass_share > 0.999


def test_a_wrong_unit_of_strength_is_explained_and_needs_action():
    outcome = check(stored_by(replace(MODEL, factor=1.27)))
    assert outcome.verdict is Verdict.EXPLAINED
    assert outcome.findings[0].severity is Severity.ACTION
    assert "workflow.found-cause" in codes(outcome)


def test_a_coarser_formalism_is_explained_and_asks_for_attention_only():
    outcome = check(stored_by(replace(MODEL, formalism=Formalism.LINE_1D)))
    assert outcome.verdict is Verdict.EXPLAINED
    assert outcome.findings[0].severity is Severity.ATTENTION


def test_a_dose_that_nothing_explains_needs_action():
    stored = stored_by(MODEL)
    noise = np.random.default_rng(5).lognormal(0.0, 0.3, stored.volume.values_kji.shape)
    wild = replace(stored, volume=replace(stored.volume, values_kji=stored.volume.values_kji * noise))
    outcome = check(wild)
    assert outcome.verdict is Verdict.UNEXPLAINED
    assert outcome.findings[0].message.code == "workflow.found-unexplained"
    assert outcome.findings[0].severity is Severity.ACTION


def test_a_shift_that_passes_gamma_still_asks_for_attention():
    fine = grid(2.0)
    stored = stored_by(MODEL.moved(translation(np.array([-0.8, 0.0, 0.0]))), fine)
    outcome = check(stored)
    assert outcome.verdict is Verdict.AGREES
    displaced = [f for f in outcome.findings if f.message.code.startswith("workflow.found-cause")]
    assert [f.severity for f in displaced] == [Severity.ATTENTION]


def test_without_a_stored_dose_the_plan_is_computed_only():
    outcome = check(None, structures=structures())
    assert outcome.verdict is Verdict.NOT_COMPARED
    assert outcome.comparison is None
    assert {structure.name for structure in outcome.structures} == {"CTV", "Organ"}
    assert all(pair.stored is None for structure in outcome.structures for pair in structure.metrics)


def test_structures_are_evaluated_by_both_doses_targets_first():
    outcome = check(stored_by(MODEL, grid(1.5)), structures=structures())
    first = outcome.structures[0]
    assert (first.name, first.is_target) == ("CTV", True)
    d90 = next(pair for pair in first.metrics if pair.name == "D90")
    assert d90.stored == pytest.approx(d90.recomputed, rel=0.02)
    assert first.indices is not None
    assert first.indices.prescription_gy == PRESCRIBED_GY


def test_a_structure_beyond_the_stored_grid_is_said_and_not_guessed():
    small = replace(grid(), shape_kji=(8, 19, 18))
    outcome = check(stored_by(MODEL, small), structures=structures())
    assert outcome.structures[0].stored is None
    assert "workflow.structure-beyond-grid" in codes(outcome)


def test_sources_beyond_the_stored_grid_ask_for_attention():
    small = replace(grid(), shape_kji=(8, 19, 18))
    assert "workflow.found-grid-too-small" in codes(check(stored_by(MODEL, small)))


@pytest.mark.parametrize(("factor", "severity"), [(1.0, Severity.NOTE), (1.08, Severity.ACTION)])
def test_a_dose_point_of_the_plan_is_recomputed(factor, severity):
    place = np.array([0.0, -4.0, 0.0])
    dose = float(model_dose_gy(MODEL, place[None])[0])
    point = DosePoint(name="A", position_lps_mm=place, dose_gy=factor * dose)
    outcome = check(None, stated_points=(point,))
    found = next(f for f in outcome.findings if f.message.code == "workflow.found-stated-point")
    assert found.severity is severity


def test_a_plan_without_prescription_says_what_stands_for_100_percent():
    outcome = check(None, plan=replace(PLAN, prescription=None))
    assert "workflow.found-no-prescription" in codes(outcome)
    assert outcome.reference_dose_gy > 0
    assert "workflow.found-no-prescription" not in codes(
        check(None, plan=replace(PLAN, prescription=None), reference_dose_gy=90.0)
    )


def test_seeds_without_direction_are_noted():
    blind = replace(PLAN, seeds=tuple(replace(seed, axis_lps=None) for seed in PLAN.seeds))
    assert "workflow.found-no-axis" in codes(check(None, plan=blind))


def test_an_afterloading_plan_is_checked_the_same_way():
    plan = afterloading()
    outcome = check(stored_by(as_planned(plan)), plan=plan)
    assert outcome.verdict is Verdict.AGREES


def test_another_patient_is_refused():
    stranger = replace(stored_by(MODEL), patient_id="SOMEONE")
    with pytest.raises(PlanError) as caught:
        check(stranger)
    assert caught.value.code == "workflow.other-patient"
    drawn = replace(structures(), patient=Patient(identifier="SOMEONE", name=PATIENT.name))
    with pytest.raises(PlanError, match="structure set"):
        check(None, structures=drawn)


def test_another_frame_of_reference_is_refused():
    stored = stored_by(MODEL)
    elsewhere = replace(stored, volume=replace(stored.volume, frame_uid="2.25.9"))
    with pytest.raises(GeometryError, match=FRAME):
        check(elsewhere)


@pytest.mark.parametrize("quantity", [Quantity.RELATIVE_DOSE, Quantity.DOSE_RATE_GY_PER_H])
def test_a_dose_that_is_no_total_dose_is_refused(quantity):
    stored = stored_by(MODEL)
    with pytest.raises(PlanError, match="total dose"):
        check(replace(stored, volume=replace(stored.volume, quantity=quantity)))
    with pytest.raises(PlanError, match="total dose"):
        check(replace(stored, kind=DoseKind.FRACTION))


def test_a_grid_that_misses_the_implant_is_refused():
    stored = stored_by(MODEL)
    away = replace(grid(), lps_from_ijk=translation(np.array([900.0, 0.0, 0.0])) @ grid().lps_from_ijk)
    far = replace(stored, volume=replace(stored.volume, grid=away, values_kji=np.zeros_like(stored.volume.values_kji)))
    with pytest.raises(PlanError) as caught:
        check(far)
    assert caught.value.code == "workflow.nothing-to-compare"


def test_provenance_names_every_input_by_hash():
    stored = stored_by(MODEL)
    provenance = check(stored, structures=structures()).provenance
    assert provenance.inputs["plan"] == PLAN.content_hash
    assert provenance.inputs["dose"] == stored.content_hash
    assert {"structures", "tolerances"} <= set(provenance.inputs)
    assert "I125_6711" in provenance.tables


def test_progress_goes_through_every_stage_to_its_end():
    seen: dict[str, float] = {}
    check(stored_by(MODEL), structures=structures(), progress=lambda stage, share: seen.__setitem__(stage.code, share))
    assert list(seen) == [
        "workflow.stage-compute",
        "workflow.stage-compare",
        "workflow.stage-explain",
        "workflow.stage-evaluate",
    ]
    assert all(share == pytest.approx(1.0) for share in seen.values())

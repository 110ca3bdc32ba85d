"""Errors are put into a stored dose, alone and in pairs; the explanation must name them."""

from dataclasses import replace

import numpy as np
import pytest

from checked_cases import afterloading, as_planned, grid, implant
from trocar.dose.tg43 import Formalism
from trocar.geometry.affine import translation
from trocar.results.plan_check import Cause
from trocar.workflow.explain import Evidence, explain, misfit, rounding_misfit
from trocar.workflow.suppose import AxisRule, Model, TurnedFrames, model_dose_gy
from trocar.workflow.suppositions import all_suppositions, with_source

PLAN = implant()
BASE = as_planned(PLAN)
GRID = grid()
STEP_GY = 0.05
CALIBRATION_GAIN = 2.0 ** (10.0 / 59.4)


def points_of(model: Model) -> np.ndarray:
    points = GRID.centres_lps_mm().reshape(-1, 3)
    stops = PLAN.seeds if model.plan is not HDR else HDR.dwells
    positions = np.array([stop.position_lps_mm for stop in stops])
    away = np.linalg.norm(points[:, None] - positions[None], axis=2).min(axis=1)
    near = points[(away > 2.5) & (away < 20.0)]
    return near[np.random.default_rng(3).permutation(len(near))[:500]]


HDR = afterloading()


def explained(truth: Model, base: Model = BASE, *, step_gy: float = STEP_GY):
    points = points_of(base)
    stored = model_dose_gy(truth, points)
    if step_gy:
        stored = np.round(stored / step_gy) * step_gy
    evidence = Evidence(points_lps_mm=points, stored_gy=stored, step_gy=step_gy)
    explanation, _ = explain(evidence, base, all_suppositions(base.plan, GRID))
    return explanation


CASES = {
    "cGy for Gy": (replace(BASE, factor=100.0), "workflow.suppose-cgy"),
    "divided twice": (replace(BASE, factor=0.01), "workflow.suppose-gy-over-100"),
    "U read as mCi": (replace(BASE, factor=1.27), "workflow.suppose-activity-as-strength"),
    "mCi read as U": (replace(BASE, factor=1 / 1.27), "workflow.suppose-strength-as-activity"),
    "not decayed": (replace(BASE, factor=CALIBRATION_GAIN), "workflow.suppose-not-decayed"),
    "decayed twice": (replace(BASE, factor=1 / CALIBRATION_GAIN), "workflow.suppose-decayed-twice"),
    "another source": (replace(BASE, plan=with_source(PLAN, "I125_2301")), "workflow.suppose-source"),
    "axes along y": (replace(BASE, axes=AxisRule.ALONG_Y), "workflow.suppose-axis-y"),
    "half a voxel in k": (BASE.moved(translation(-0.5 * GRID.steps_lps_mm[2])), "workflow.suppose-shift"),
    "a voxel in i": (BASE.moved(translation(-GRID.steps_lps_mm[0])), "workflow.suppose-shift"),
    "turned frames": (
        replace(BASE, turned_frames=TurnedFrames(grid=GRID, steps=1)),
        "workflow.suppose-last-frame",
    ),
    "a displacement": (BASE.moved(translation(np.array([-0.7, 0.3, 0.2]))), "workflow.fit-displacement"),
    "a factor": (replace(BASE, factor=1.043), "workflow.fit-factor"),
    "a seed missing": (replace(BASE, source_factors=(1.0,) * 4 + (0.0,) + (1.0,) * 7), "workflow.fit-sources"),
    "another g(r)": (
        replace(BASE, radial_factors=((5.0, 1.0), (10.0, 1.0), (20.0, 0.93))),
        "workflow.fit-radial",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_error_is_named_and_accounts_for_nearly_all(name):
    truth, code = CASES[name]
    explanation = explained(truth)
    assert [trial.message.code for trial in explanation.account] == [code]
    assert explanation.account[0].share > 0.9
    assert explanation.remaining_percent < explanation.rounding_percent + 0.3


def test_one_dimensional_forms_are_named_as_such_and_each_other_as_rivals():
    explanation = explained(replace(BASE, formalism=Formalism.LINE_1D))
    account = explanation.account
    assert [trial.cause for trial in account] == [Cause.FORMALISM]
    said = {account[0].message.code, *(rival.code for rival in account[0].rivals)}
    assert {"workflow.suppose-1d", "workflow.suppose-axis-unknown"} <= said


PAIRS = {
    "cGy and half a voxel": (
        replace(BASE, factor=100.0).moved(translation(-0.5 * GRID.steps_lps_mm[0])),
        {Cause.DOSE_UNIT, Cause.GRID},
    ),
    "mCi and axes": (replace(BASE, factor=1.27, axes=AxisRule.ALONG_Y), {Cause.STRENGTH_UNIT, Cause.ORIENTATION}),
    "source and one dimension": (
        replace(BASE, plan=with_source(PLAN, "I125_2301"), formalism=Formalism.LINE_1D),
        {Cause.SOURCE_DATA, Cause.FORMALISM},
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_errors_at_once_are_told_apart(name):
    truth, causes = PAIRS[name]
    explanation = explained(truth)
    assert {trial.cause for trial in explanation.account} == causes
    assert explanation.remaining_percent < explanation.rounding_percent + 0.3


def test_a_right_dose_needs_no_account():
    explanation = explained(BASE)
    assert explanation.account == ()
    assert explanation.misfit_percent <= 1.5 * explanation.rounding_percent


def test_shares_of_an_account_add_up_to_what_is_gone():
    explanation = explained(*PAIRS["mCi and axes"][:1])
    gone = 1.0 - explanation.remaining_percent / explanation.misfit_percent
    assert sum(trial.share for trial in explanation.account) == pytest.approx(gone, abs=1e-9)


def test_a_dose_of_one_fraction_is_recognised():
    base = as_planned(HDR)
    explanation = explained(replace(base, factor=0.5), base)
    assert [trial.message.code for trial in explanation.account] == ["workflow.suppose-one-fraction"]


def test_decay_of_a_strength_that_is_for_treatment_is_recognised():
    base = as_planned(HDR)
    days = 10.0
    explanation = explained(replace(base, factor=2.0 ** (-days / 73.83)), base, step_gy=0.0)
    assert [trial.message.code for trial in explanation.account] == ["workflow.suppose-decayed"]


def test_reversed_axes_matter_to_a_source_with_a_cable_only():
    codes = {each.message.code for each in all_suppositions(HDR, GRID)}
    assert "workflow.suppose-axis-reversed" in codes
    assert "workflow.suppose-axis-reversed" not in {each.message.code for each in all_suppositions(PLAN, GRID)}


def test_rounding_alone_makes_a_quarter_of_a_step_on_the_average():
    stored = np.linspace(50.0, 150.0, 4001)
    rounded = np.round(stored / 2.0) * 2.0
    evidence = Evidence(points_lps_mm=np.zeros((4001, 3)), stored_gy=rounded, step_gy=2.0)
    assert rounding_misfit(evidence) == pytest.approx(np.abs(rounded / stored - 1.0).mean(), rel=0.02)


def test_a_wild_point_counts_no_more_than_a_hundred_percent():
    points = points_of(BASE)
    stored = model_dose_gy(BASE, points)
    stored[0] *= 1e6
    evidence = Evidence(points_lps_mm=points, stored_gy=stored, step_gy=0.0)
    assert misfit(evidence, BASE) == pytest.approx(1.0 / len(points), rel=1e-6)

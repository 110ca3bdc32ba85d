"""The dose of a high-dose-rate plan with 14 curved needles as its own planning system exported it."""

from pathlib import Path

import numpy as np
import pytest

from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dose.base import Formalism, SourceTerm, source_terms
from trocar.dose.points import dose_at_points

SHIFT_MM = np.array([0.0, 0.0, -1.0])
"""From where the file says a frame is to where its dose is; see the README."""
CONSTANT_RATIO = 1.1165 / 1.117
"""Dose-rate constant of the exporting system over ours."""


@pytest.fixture(scope="module")
def plan_and_points(shared_data: Path) -> tuple[list[SourceTerm], np.ndarray, np.ndarray]:
    folder = shared_data / "tps-hdr-prostate-curved-needles"
    terms = source_terms(read_plan(folder / "PL001.dcm", source_model="Ir192_GammaMedPlus").value)
    exported = read_dose(folder / "DO001.dcm").value.volume
    whole = exported.values_kji[:-1]  # the last frame holds part of a slice only
    centres = exported.grid.centres_lps_mm()[:-1].reshape(-1, 3)
    chosen = np.random.default_rng(0).choice(len(centres), 20_000, replace=False)
    points, doses = centres[chosen], whole.ravel()[chosen].astype(np.float64)
    nearest = np.min(np.linalg.norm(points[:, None] - terms[0].positions_lps_mm, axis=2), axis=1)
    kept = (nearest > 5.0) & (doses > 4.0)
    return list(terms), points[kept], doses[kept]


Case = tuple[list[SourceTerm], np.ndarray, np.ndarray]


def off(case: Case, shift_mm: np.ndarray, form: Formalism = Formalism.LINE_2D) -> np.ndarray:
    terms, points, doses = case
    return CONSTANT_RATIO * dose_at_points(terms, points + shift_mm, formalism=form) / doses - 1.0


def test_the_exported_dose_is_met_once_its_frames_are_put_right(plan_and_points: Case) -> None:
    left = off(plan_and_points, SHIFT_MM)
    assert np.median(left) == pytest.approx(0.0, abs=1e-4)
    assert np.quantile(np.abs(left), 0.95) < 1e-3
    assert np.quantile(np.abs(left), 0.99) < 4e-3


def test_as_the_file_states_its_frames_the_dose_is_two_percent_off(plan_and_points: Case) -> None:
    assert 0.01 < off(plan_and_points, np.zeros(3)).std() < 0.05


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("step_mm", [-0.1, 0.1])
def test_no_other_shift_meets_it_as_well(plan_and_points: Case, axis: int, step_mm: float) -> None:
    other = SHIFT_MM + step_mm * np.eye(3)[axis]
    assert off(plan_and_points, other).std() > 1.5 * off(plan_and_points, SHIFT_MM).std()


def test_the_one_dimensional_form_does_not_meet_it(plan_and_points: Case) -> None:
    assert off(plan_and_points, SHIFT_MM, Formalism.LINE_1D).std() > 10 * off(plan_and_points, SHIFT_MM).std()


def test_turning_the_source_end_for_end_does_not_meet_it(plan_and_points: Case) -> None:
    (term,), points, doses = plan_and_points
    turned = SourceTerm(
        source=term.source,
        positions_lps_mm=term.positions_lps_mm,
        axes_lps=-term.axes_lps,
        weight_u_h=term.weight_u_h,
    )
    assert off(([turned], points, doses), SHIFT_MM).std() > 1.5 * off(plan_and_points, SHIFT_MM).std()

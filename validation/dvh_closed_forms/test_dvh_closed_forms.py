"""The claims of README.md: within 0.5 % of volume and dose for fine contours, and convergence."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from closed_forms import Case, all_cases
from measure import measure

from trocar.evaluate.dvh import Accuracy

CLAIMED_PERCENT = 0.5
CASES = all_cases()
QUICK = [CASES[1], CASES[5], CASES[12]]


def assert_within_claim(case: Case, spacing_mm: float) -> None:
    got = measure(case, spacing_mm=spacing_mm)
    assert abs(got.volume) < CLAIMED_PERCENT
    assert got.curve < CLAIMED_PERCENT
    assert got.dose < CLAIMED_PERCENT


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_solids_with_fine_contours_agree_within_half_a_percent_of_volume_and_dose(case: Case) -> None:
    assert_within_claim(case, 0.25)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_solids_with_fine_contours_agree_within_half_a_percent_of_volume_and_dose(case: Case) -> None:
    assert_within_claim(case, 0.2)


def test_the_curve_converges_with_the_spacing_of_contours() -> None:
    coarse, fine = (measure(CASES[0], spacing_mm=spacing) for spacing in (4.0, 1.0))
    assert fine.curve < 0.4 * coarse.curve


def test_deviations_shrink_with_the_sample_and_stay_near_what_is_stated() -> None:
    few, many = (
        measure(CASES[5], spacing_mm=1.0, accuracy=Accuracy(points=n, most_points=n)) for n in (12_500, 800_000)
    )
    assert many.curve < 0.25 * few.curve
    assert many.curve < 2.5 * many.stated_curve

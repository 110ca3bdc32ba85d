"""The dose of a real permanent implant as its own planning system exported it."""

from pathlib import Path

import numpy as np
import pytest

from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dose.base import Formalism, source_terms
from trocar.dose.grid import dose_on_grid

STEP_GY = 1.44
"""Dose of one stored unit; the exporting system cuts, it does not round."""
SCALE = 1.0035
"""Exported over computed dose, the same at all distances; see the README."""


@pytest.fixture(scope="module")
def doses(shared_data: Path) -> tuple[np.ndarray, dict[Formalism, np.ndarray]]:
    folder = shared_data / "tps-ldr-i125-oncentra-prostate"
    terms = source_terms(read_plan(folder / "RTPLAN.dcm", source_model="I125_SelectSeed_130.002").value)
    exported = read_dose(folder / "RTDOSE.dcm").value.volume
    computed = {form: dose_on_grid(terms, exported.grid, formalism=form).ravel() for form in Formalism}
    return exported.values_kji.ravel().astype(np.float64), computed


Doses = tuple[np.ndarray, dict[Formalism, np.ndarray]]


@pytest.mark.parametrize(
    ("form", "mean", "spread"),
    [(Formalism.POINT_1D, 0.005, 0.006), (Formalism.LINE_1D, 0.005, 0.006), (Formalism.LINE_2D, 0.01, 0.08)],
)
def test_the_dose_of_the_target_region_is_met(doses: Doses, form: Formalism, mean: float, spread: float) -> None:
    exported, computed = doses
    target = (exported > 72) & (exported < 288)
    ratio = computed[form][target] / (exported[target] + 0.5 * STEP_GY)
    assert ratio.mean() == pytest.approx(1.0, abs=mean)
    assert ratio.std() < spread


def test_only_the_point_source_formula_reproduces_the_stored_numbers(doses: Doses) -> None:
    exported, computed = doses
    region = (exported > 6) & (exported < 144)
    stored = np.rint(exported[region] / STEP_GY)

    def met(form: Formalism) -> float:
        return float((np.floor(SCALE * computed[form][region] / STEP_GY) == stored).mean())

    assert met(Formalism.POINT_1D) > 0.98
    assert met(Formalism.LINE_1D) < met(Formalism.POINT_1D)
    assert met(Formalism.LINE_2D) < 0.5


def test_what_is_left_is_spread_evenly_over_one_stored_step(doses: Doses) -> None:
    exported, computed = doses
    region = (exported > 6) & (exported < 40)
    left = SCALE * computed[Formalism.POINT_1D][region] - exported[region]
    assert left.mean() == pytest.approx(0.5 * STEP_GY, abs=0.03)
    assert left.std() == pytest.approx(STEP_GY / np.sqrt(12.0), rel=0.03)

"""A real permanent implant verified from its seed positions, against the dose its own system exported."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.dose.base import Formalism, source_terms
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.region import EndCap
from trocar.imaging.seed_match import match_seeds
from trocar.results.seeds_seen import FoundSeed, Verdict
from trocar.workflow.histograms import exact_dose, region_of
from trocar.workflow.verify_seeds import implanted_plan

STORED_STEP = 0.01
"""Half a stored step of 1.44 Gy on a D90 of about 145 Gy, and the 0.35 % by which the source tables differ."""


def seen(place: np.ndarray) -> FoundSeed:
    return FoundSeed(
        position_lps_mm=place,
        axis_lps=np.array([0.0, 0.0, 1.0]),
        confidence=1.0,
        verdict=Verdict.SEED,
        position_sd_mm=0.5,
        cluster=0,
        mass_ratio=1.0,
        explained=1.0,
        axis_sd_deg=90.0,
    )


def test_the_target_receives_what_the_exported_dose_says(shared_data: Path) -> None:
    folder = shared_data / "tps-ldr-i125-oncentra-prostate"
    plan = read_plan(folder / "RTPLAN.dcm", source_model="I125_SelectSeed_130.002").value
    stored = read_dose(folder / "RTDOSE.dcm").value
    structures = read_structures(folder / "RTSTRUCT.dcm").value
    places = np.array([seed.position_lps_mm for seed in plan.seeds])
    order = np.random.default_rng(1).permutation(len(places))
    comparison = match_seeds(places, places[order])
    assert len(comparison.pairs) == 36
    assert comparison.largest_mm == pytest.approx(0.0, abs=1e-9)
    implanted = implanted_plan(plan, tuple(seen(place) for place in places[order]), comparison)
    dose = exact_dose(source_terms(replace(implanted, needles=())), formalism=Formalism.POINT_1D)
    target = next(each for each in structures if each.name.casefold() == "target")
    region = region_of(target, end_cap=EndCap.HALF_SLICE)
    ours = compute_dvh(region, dose, name="target")
    theirs = compute_dvh(region, dose_from_grid(stored), name="target")
    assert ours.dose_at_percent(90) == pytest.approx(theirs.dose_at_percent(90), rel=STORED_STEP)
    assert ours.percent_at_dose(145.0) == pytest.approx(theirs.percent_at_dose(145.0), abs=1.0)

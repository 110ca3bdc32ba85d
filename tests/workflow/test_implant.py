"""Planning end to end on the project's own liver phantom: from a request to files that agree with each other."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from trocar.cli.console import Speaker
from trocar.cli.exits import Exit
from trocar.cli.plan import PlanInputs, run_plan
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct_writing import write_structures
from trocar.errors import DoseError, OptimiseError, TrocarError
from trocar.messages import Language
from trocar.phantom import PhantomCase, Site, build_phantom
from trocar.phantom.acquisition import Acquisition
from trocar.plan.plan import ImplantPlan
from trocar.results.dose import Dose, DoseKind
from trocar.workflow.release import require_release

AT = datetime(2026, 3, 1, 8, 0)

REQUEST = """
label = "Liver 1"
target = "CTV"
prescription_gy = 120
implant_at = 2026-03-02T09:30:00
effort = 20000

[[stock]]
source_model = "I125_6711"
s_k_u = 0.762
reference_at = 2026-02-20
count = 100

[goals]
pack = "trocar/percutaneous_example"
[goals.roles]
target = "CTV"
cord = "SpinalCord"

[needles]
needle_length_mm = 200
needle_radius_mm = 0.635
most_depth_mm = 150
beyond_target_mm = 2
least_in_target_mm = 5
spacing_mm = 6
reach_mm = 8
most_skin_angle_deg = 60
most_axial_tilt_deg = 30
side = "right"
within_deg = 75
spread_deg = 35
[needles.obstacles]
V_Portal = {portal_mm}
Colon = 5
Ribs = 2

[seeding]
step_mm = 1
pitch_mm = 5
tip_to_seed_mm = 3
seed_length_mm = 4.5
seed_diameter_mm = 0.8
"""


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    small = Acquisition(samples_per_slice=1)
    return build_phantom(Site.LIVER, seed=1, matrix=128, slice_mm=5.0, acquisition=small)


@pytest.fixture(scope="module")
def files(case: PhantomCase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("liver")
    write_image(case.image, folder / "ct", at=AT)
    write_structures(case.structures, folder / "structures.dcm", at=AT)
    return folder


def planned(files: Path, out: Path, *, portal_mm: float) -> Exit:
    request = files / f"request-{portal_mm:g}.toml"
    request.write_text(REQUEST.replace("{portal_mm}", f"{portal_mm:g}"), encoding="utf-8")
    inputs = PlanInputs(
        request=request,
        images=files / "ct",
        structures=files / "structures.dcm",
        out=out,
        replace=False,
        seed=1,
        at=AT,
    )
    return run_plan(inputs, Speaker(language=Language.ENGLISH, as_json=True))


@pytest.fixture(scope="module")
def result(files: Path) -> Path:
    out = files / "out"
    planned(files, out, portal_mm=3.0)
    return out


def test_a_request_becomes_files_and_papers(result: Path) -> None:
    names = {path.name for path in result.iterdir()}
    papers = {"plan_en.pdf", "plan_zh.pdf", "loading_en.pdf", "loading_zh.pdf"}
    assert names >= {"RTPLAN.dcm", "RTSTRUCT.dcm", "RTDOSE.dcm", "request.toml", *papers}
    told = json.loads((result / "trocar.json").read_text(encoding="utf-8"))
    coverage = next(goal for goal in told["goals"] if "V100" in goal["goal"])
    assert coverage["value"] > 85.0
    assert told["largest_difference_of_written_dose"] < 2e-3


def test_needles_keep_every_margin_when_sampled_densely_and_independently(result: Path, case: PhantomCase) -> None:
    plan = read_plan(result / "RTPLAN.dcm", implant_at=datetime(2026, 3, 2, 9, 30)).value
    assert isinstance(plan, ImplantPlan)
    margins = {"V_Portal": 3.0, "Colon": 5.0, "Ribs": 2.0}
    told = json.loads((result / "trocar.json").read_text(encoding="utf-8"))
    needles = np.array([[each["entry_lps_mm"], each["tip_lps_mm"]] for each in told["needle_list"]])
    assert len(needles) == told["needles"]
    slice_mm = 5.0
    for name, margin_mm in margins.items():
        points = np.vstack([c.points_lps_mm for c in case.structures.named(name).closed_contours])
        for entry, tip in needles:
            way = entry + np.linspace(0.0, 1.0, 400)[:, None] * (tip - entry)
            apart = way[:, None] - points[None]
            apart[..., 2] = np.maximum(np.abs(apart[..., 2]) - 0.5 * slice_mm, 0.0)
            assert np.linalg.norm(apart, axis=2).min() > margin_mm + 0.635 - 0.35


def test_seeds_of_a_needle_keep_their_pitch(result: Path) -> None:
    plan = read_plan(result / "RTPLAN.dcm", implant_at=datetime(2026, 3, 2, 9, 30)).value
    assert isinstance(plan, ImplantPlan)
    places = np.array([seed.position_lps_mm for seed in plan.seeds])
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + 100.0 * np.eye(len(places))
    assert gaps.min() > 0.8


def test_a_demand_that_closes_every_way_says_what_is_in_the_way_and_leaves_nothing(files: Path) -> None:
    out = files / "blocked"
    with pytest.raises(OptimiseError, match="V_Portal"):
        planned(files, out, portal_mm=90.0)
    assert not out.exists()


def test_written_files_that_disagree_are_not_released(result: Path) -> None:
    plan = read_plan(result / "RTPLAN.dcm", implant_at=datetime(2026, 3, 2, 9, 30)).value
    dose = read_dose(result / "RTDOSE.dcm").value
    assert isinstance(plan, ImplantPlan)
    wrong = Dose(
        volume=type(dose.volume)(
            grid=dose.volume.grid,
            values_kji=dose.volume.values_kji * np.float32(1.01),
            quantity=dose.volume.quantity,
            frame_uid=dose.volume.frame_uid,
        ),
        kind=DoseKind.TOTAL,
        patient_id=dose.patient_id,
    )
    assert require_release(plan, dose, rng=np.random.default_rng(1)) < 2e-3
    with pytest.raises(DoseError, match="nothing was released"):
        require_release(plan, wrong, rng=np.random.default_rng(1))


def test_structures_of_another_patient_are_refused(files: Path, case: PhantomCase) -> None:
    other = build_phantom(
        Site.LIVER, seed=2, matrix=128, slice_mm=5.0, acquisition=Acquisition(samples_per_slice=1)
    ).structures
    write_structures(other, files / "other.dcm", at=AT)
    request = files / "request-other.toml"
    request.write_text(REQUEST.replace("{portal_mm}", "3"), encoding="utf-8")
    inputs = PlanInputs(
        request=request,
        images=files / "ct",
        structures=files / "other.dcm",
        out=files / "other-out",
        replace=False,
        seed=1,
        at=AT,
    )
    with pytest.raises(TrocarError):
        run_plan(inputs, Speaker(language=Language.ENGLISH, as_json=True))
    assert not (files / "other-out").exists()

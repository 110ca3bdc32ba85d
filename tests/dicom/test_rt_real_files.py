"""The real plans, doses and structure sets beside the checkout: what they hold and every deviation they carry."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from trocar.dicom.belonging import belonging_findings, read_identity
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.errors import ChoiceNeeded, UnreadableFile
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.results.findings import Reading, Severity

LDR, HDR, GYN = "tps-ldr-i125-oncentra-prostate", "tps-hdr-prostate-curved-needles", "tps-hdr-gyn-aria"


def codes(reading: Reading[object]) -> set[str]:
    return {each.message.code for each in reading.deviations}


@pytest.fixture(scope="module")
def ldr(shared_data: Path) -> Reading[ImplantPlan | AfterloadingPlan]:
    return read_plan(shared_data / LDR / "RTPLAN.dcm", source_model="I125_SelectSeed_130.002")


def test_the_oncentra_implant_has_36_seeds_of_one_strength(ldr: Reading[ImplantPlan | AfterloadingPlan]) -> None:
    plan = ldr.value
    assert isinstance(plan, ImplantPlan)
    assert len(plan.seeds) == 36
    assert {seed.strength.s_k_u for seed in plan.seeds} == {0.75205701589584}
    assert plan.implant_at == datetime(2017, 3, 2, 12)
    assert plan.prescription is not None
    assert plan.prescription.dose_gy == 144
    positions = np.array([seed.position_lps_mm for seed in plan.seeds])
    assert positions.min(axis=0).round(1).tolist() == [-2.8, 92.6, -753.4]
    assert positions.max(axis=0).round(1).tolist() == [38.2, 122.0, -723.1]


def test_every_oddity_of_the_oncentra_implant_is_named(ldr: Reading[ImplantPlan | AfterloadingPlan]) -> None:
    assert codes(ldr) == {
        "rtplan.setup-numbers-confused",
        "rtplan.setup-without-channel",
        "rtplan.source-unused",
        "rtplan.weights-restart",
        "rtplan.axis-from-second-point",
        "rtplan.implant-time-assumed",
        "rtplan.prescription-from-setup",
    }


def test_the_seeds_of_the_oncentra_implant_are_where_its_dose_peaks(
    ldr: Reading[ImplantPlan | AfterloadingPlan], shared_data: Path
) -> None:
    plan = ldr.value
    assert isinstance(plan, ImplantPlan)
    volume = read_dose(shared_data / LDR / "RTDOSE.dcm").value.volume
    positions = np.array([seed.position_lps_mm for seed in plan.seeds])
    axes = np.array([seed.axis_lps for seed in plan.seeds])

    def mean_log_dose(shift_mm: float) -> float:
        return float(np.log(volume.sample(positions + shift_mm * axes, outside=np.nan)).mean())

    here = mean_log_dose(0.0)
    assert here > mean_log_dose(1.0)  # the second pair of control points, 1 mm away, is not the centre
    assert here > mean_log_dose(-1.0)


def test_the_maker_alone_does_not_tell_the_model_but_puts_its_seeds_first(shared_data: Path) -> None:
    with pytest.raises(ChoiceNeeded) as caught:
        read_plan(shared_data / LDR / "RTPLAN.dcm")
    assert "source_model: I125_SelectSeed" in str(caught.value)


def test_the_oncentra_dose_runs_from_head_to_feet(shared_data: Path) -> None:
    reading = read_dose(shared_data / LDR / "RTDOSE.dcm")
    volume = reading.value.volume
    assert volume.grid.shape_kji == (77, 69, 85)
    assert volume.grid.steps_lps_mm[2] == pytest.approx([0, 0, -1.0263157894736])
    assert volume.values_kji.max() == pytest.approx(19679.04)
    assert reading.deviations == ()


def test_the_oncentra_files_belong_together(shared_data: Path) -> None:
    files = [read_identity(shared_data / LDR / name) for name in ("RTPLAN.dcm", "RTDOSE.dcm", "RTSTRUCT.dcm")]
    assert [each for each in belonging_findings(files) if each.severity is Severity.ACTION] == []


def test_files_of_two_patients_do_not_belong_together(shared_data: Path) -> None:
    files = [read_identity(shared_data / LDR / "RTPLAN.dcm"), read_identity(shared_data / HDR / "DO001.dcm")]
    found = {each.message.code for each in belonging_findings(files)}
    assert {"belonging.other-patient", "belonging.other-frame", "belonging.dose-of-other-plan"} <= found


def test_the_curved_needles_have_144_dwells_of_550_seconds(shared_data: Path) -> None:
    reading = read_plan(shared_data / HDR / "PL001.dcm", source_model="Ir192_mHDR-v2")
    plan = reading.value
    assert isinstance(plan, AfterloadingPlan)
    assert (len(plan.channels), len(plan.dwells), plan.fractions) == (14, 144, 1)
    assert sum(dwell.time_s for dwell in plan.dwells) == pytest.approx(550.4)
    assert plan.prescription is not None
    assert (plan.prescription.dose_gy, plan.prescription.target) == (16.0, "Target")
    assert codes(reading) == {"rtplan.weights-restart"}


def test_stated_directions_of_the_curved_needles_point_to_the_tip_as_derived_ones_do(shared_data: Path) -> None:
    plan = read_plan(shared_data / HDR / "PL001.dcm", source_model="Ir192_mHDR-v2").value
    assert isinstance(plan, AfterloadingPlan)
    for channel in plan.channels:
        for before, dwell, after in zip(channel.dwells, channel.dwells[1:], channel.dwells[2:], strict=False):
            to_tip = before.position_lps_mm - after.position_lps_mm  # the first dwell lies nearest the tip
            assert dwell.axis_lps is not None
            assert dwell.axis_lps @ to_tip / np.linalg.norm(to_tip) > 0.98


def test_the_aria_plan_names_its_source_and_has_25_dwells(shared_data: Path) -> None:
    reading = read_plan(shared_data / GYN / "RP.HDR.dcm")
    plan = reading.value
    assert isinstance(plan, AfterloadingPlan)
    assert (plan.source_model, plan.strength.s_k_u) == ("Ir192_GammaMedPlus", 40700.0)
    assert [len(channel.dwells) for channel in plan.channels] == [15, 5, 5]
    assert plan.channels[0].dwells[0].time_s == pytest.approx(36.3)
    assert {"rtplan.axis-along-catheter", "rtplan.prescription-from-setup"} <= codes(reading)


@pytest.mark.parametrize(
    ("file", "structures", "contours", "empty"),
    [
        (f"{LDR}/RTSTRUCT.dcm", 9, 85, {"dil", "BODY", "evit_rectum", "evit_urethra"}),
        (f"{HDR}/SS001.dcm", 17, 213, set()),
        (f"{GYN}/RS.HDR.dcm", 17, 140, {"Normal tissue"}),
        ("ct-abdomen-multiorgan/rtstruct.dcm", 59, 2651, set()),
        ("ct-headneck-submandibular/rtstruct.dcm", 10, 231, set()),
        ("contours-prostate-cort/rtstruct.dcm", 10, 354, set()),
        ("ct-liver-cort/rtstruct_body_auto.dcm", 1, 168, set()),
    ],
)
def test_structure_sets_are_read_whole(
    file: str, structures: int, contours: int, empty: set[str], shared_data: Path
) -> None:
    reading = read_structures(shared_data / file)
    assert len(reading.value) == structures
    assert sum(len(each.contours) for each in reading.value) == contours
    assert {each.name for each in reading.value if not each.contours} == empty
    assert reading.value.image is not None
    assert codes(reading) <= {"dicom.date-unreadable"}


def test_a_plan_cut_short_is_refused(shared_data: Path) -> None:
    with pytest.raises(UnreadableFile, match="cut short"):
        read_plan(shared_data / "dicom-irregular" / "rtplan_truncated.dcm")

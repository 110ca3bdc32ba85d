"""The commands as a script or a person calls them: output, exit code, and nothing left behind by what fails."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from checked_cases import IMPLANTED, PRESCRIBED_GY, WRITTEN, as_planned, implant, write_case
from trocar.cli.exits import Exit
from trocar.cli.main import run
from trocar.cli.surroundings import Surroundings
from trocar.messages import Language
from trocar.workflow.suppose import model_dose_gy

PLAN = implant()
MODEL = as_planned(PLAN)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    write_case(folder, MODEL, step_gy=0.01)
    return folder


def called(*arguments: object, language: Language = Language.ENGLISH) -> int:
    return run([str(each) for each in arguments], Surroundings(now=lambda: WRITTEN, language=language))


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert called(*arguments, "--json") in {Exit.DONE, Exit.ACTION}
    data: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return data


def test_a_survey_counts_what_a_folder_holds(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = answer(capsys, "dicom", "survey", case)
    (patient,) = data["patients"]
    every = [series for study in patient["studies"] for series in study["series"]]
    counted = {series["modality"]: len(series["files"]) for series in every}
    assert counted == {"CT": 19, "RTSTRUCT": 1, "RTPLAN": 1, "RTDOSE": 1}


@pytest.mark.parametrize(
    ("name", "shown"),
    [("plan.dcm", "RT Plan"), ("dose.dcm", "RT Dose"), ("structures.dcm", "RT Structure Set"), ("images", "CT series")],
)
def test_every_object_of_a_case_can_be_shown(
    name: str, shown: str, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, "dicom", "show", case / name)["object"] == shown


def test_the_segments_of_a_segmentation_are_shown_by_volume(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = answer(capsys, "dicom", "show", shared_data / "ct-liver-3slice-seg" / "seg_partial_overlaps.dcm")
    assert len(data["cc_by_segment"]) == 5


def test_an_object_that_trocar_does_not_use_is_told_by_its_class(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called("dicom", "show", shared_data / "dicom-charsets" / "chrX1.dcm") == Exit.BAD_INPUT
    assert "1.2.840.10008.5.1.4.1.1.7" in capsys.readouterr().err


def test_the_dose_at_a_point_is_that_of_the_library(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = answer(capsys, "dose", case / "plan.dcm", "--at", "0,-4,0")
    expected = float(model_dose_gy(MODEL, np.array([[0.0, -4.0, 0.0]]))[0])
    assert data["points"][0]["dose_gy"] == pytest.approx(expected, rel=1e-3)


def test_a_written_dose_can_be_read_and_belongs_to_its_plan(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "dose.dcm"
    assert called("dose", case / "plan.dcm", "--grid", "3", "--margin", "10", "--out", out) == Exit.DONE
    written = pydicom.dcmread(out)
    plan = pydicom.dcmread(case / "plan.dcm")
    assert written.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID


def test_histograms_are_given_with_indices_of_the_target(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = answer(capsys, "dvh", case)
    target = next(each for each in data["structures"] if each["is_target"])
    assert target["name"] == "CTV"
    assert target["indices"]["ci"]["standard_error"] is not None
    assert data["reference_dose_gy"] == PRESCRIBED_GY
    assert called("dvh", case) == Exit.DONE
    said = capsys.readouterr().out
    assert "CI 0." in said
    assert "nan" not in said


def test_a_check_agrees_and_writes_a_report_in_the_language_asked_for(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "check"
    data = answer(capsys, "check", case, "--out", out, "--lang", "zh")
    assert data["verdict"] == "agrees"
    assert (out / "report-zh.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((out / "trocar.json").read_text(encoding="utf-8"))["verdict"] == "agrees"


def test_a_check_without_a_folder_named_writes_nothing_where_json_is_asked_for(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    answer(capsys, "check", case)
    assert list(tmp_path.iterdir()) == []


def test_what_needs_action_leaves_with_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(tmp_path, replace(MODEL, factor=1.27))
    assert called("check", tmp_path, "--json") == Exit.ACTION
    account = json.loads(capsys.readouterr().out)["explanation"]["account"]
    assert [trial["cause"] for trial in account] == ["strength-unit"]


def test_a_target_that_the_plan_names_and_nobody_drew_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_case(tmp_path, MODEL, with_dose=False)
    changed = pydicom.dcmread(tmp_path / "structures.dcm")
    for roi in changed.StructureSetROISequence:
        if roi.ROIName == "CTV":
            roi.ROIName = "Tumour"
    changed.save_as(tmp_path / "structures.dcm")
    data = answer(capsys, "check", tmp_path)
    assert "workflow.target-not-drawn" in {finding["code"] for finding in data["findings"]}
    assert [each["name"] for each in data["structures"] if each["is_target"]] == ["Tumour"]
    assert called("check", tmp_path, "--target", "CTV", "--json") == Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("implant_at", "code"),
    [
        (IMPLANTED.replace(month=2), "plan.calibrated-after-implant"),
        (IMPLANTED.replace(year=IMPLANTED.year + 3), "plan.calibrated-years-before"),
    ],
)
def test_a_calibration_at_an_impossible_time_is_refused_and_nothing_is_written(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], implant_at: datetime, code: str
) -> None:
    out = tmp_path / "check"
    assert called("check", case, "--implant-at", implant_at.strftime("%Y-%m-%d"), "--out", out) == Exit.BAD_INPUT
    assert code in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_short_is_refused_in_chinese_and_nothing_is_written(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "plan.dcm"
    short.write_bytes((case / "plan.dcm").read_bytes()[:1500])
    out = tmp_path / "check"
    assert called("check", short, "--out", out, language=Language.CHINESE) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert "dicom.truncated" in said
    assert any("一" <= letter <= "鿿" for letter in said)
    assert list(tmp_path.iterdir()) == [short]


def test_a_folder_that_trocar_did_not_write_is_never_replaced(case: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("keep")
    assert called("check", case, "--out", mine, "--replace") == Exit.USAGE
    assert [each.name for each in mine.iterdir()] == ["letter.txt"]


def test_an_error_is_json_too_where_json_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("no DICOM")
    assert called("check", tmp_path, "--json") in {Exit.BAD_INPUT, Exit.USAGE, Exit.CHOICE_NEEDED}
    assert json.loads(capsys.readouterr().out)["error"]["code"]


def test_a_case_written_anew_checks_as_before(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "anew"
    assert called("dicom", "export", case, "--out", out) == Exit.DONE
    capsys.readouterr()
    assert answer(capsys, "check", out)["verdict"] == "agrees"


def test_a_dose_in_another_frame_is_left_out_and_that_is_a_finding(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    dose = pydicom.dcmread(case / "dose.dcm")
    dose.FrameOfReferenceUID = "2.25.999"
    dose.save_as(folder / "dose.dcm")
    (folder / "plan.dcm").write_bytes((case / "plan.dcm").read_bytes())
    (folder / "structures.dcm").write_bytes((case / "structures.dcm").read_bytes()[:500])
    data = answer(capsys, "check", folder)
    assert data["verdict"] == "not-compared"
    assert {finding["code"] for finding in data["belonging"]} == {"cli.other-frame", "cli.left-out"}
    assert called("check", folder, "--dose", folder / "dose.dcm", "--json") == Exit.BAD_INPUT


def test_files_that_are_odd_but_used_are_not_said_to_be_left_out(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("plan.dcm", "structures.dcm"):
        odd = pydicom.dcmread(case / name)
        odd["PatientBirthDate"] = pydicom.DataElement(0x00100030, "DA", "UNKNOWN", validation_mode=0)
        odd.save_as(tmp_path / name)
    assert answer(capsys, "check", tmp_path)["belonging"] == []

"""A folder sorted into patients, studies and series, with everything odd in it named."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from dicom_series import SERIES, ct_series, ct_slice, save_all
from trocar.dicom.folder import Survey, survey
from trocar.errors import UnreadableFile


def problem_codes(found: Survey) -> set[str]:
    return {problem.message.code for problem in found.problems}


def test_series_of_several_patients_are_told_apart_wherever_they_lie(tmp_path: Path) -> None:
    def other(ds: Dataset, _: int) -> None:
        ds.PatientID, ds.PatientName = "P2", "Test^Two"
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = "2.25.8", "2.25.9", f"2.25.7.{ds.InstanceNumber}"

    save_all(ct_series(3), tmp_path / "mixed")
    save_all(ct_series(4, spoil=other), tmp_path / "mixed" / "deeper", prefix="x")
    found = survey(tmp_path)
    assert [patient.patient.identifier for patient in found.patients] == ["P2", "P1"]
    assert [(each.modality, each.frames) for each in found.series] == [("CT", 4), ("CT", 3)]
    assert found.problems == ()


def test_what_is_not_dicom_is_skipped_by_name(tmp_path: Path) -> None:
    save_all(ct_series(2), tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / "empty").touch()
    found = survey(tmp_path)
    assert len(found.series[0].files) == 2
    assert {problem.where for problem in found.problems} == {"readme.txt", "empty"}
    assert problem_codes(found) == {"dicom.skipped-not-dicom"}


def test_a_truncated_header_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    paths = save_all(ct_series(2), tmp_path)
    paths[0].write_bytes(paths[0].read_bytes()[:430])
    found = survey(tmp_path)
    assert [problem.where for problem in found.problems] == [paths[0].name]
    assert len(found.series[0].files) == 1


def test_one_identifier_with_two_names_is_two_patients_and_a_problem(tmp_path: Path) -> None:
    def renamed(ds: Dataset, k: int) -> None:
        ds.PatientName = "Test^One" if k else "Other^Person"

    save_all(ct_series(3, spoil=renamed), tmp_path, shuffle=None)
    found = survey(tmp_path)
    assert len(found.patients) == 2
    assert "dicom.survey-patients-share-identifier" in problem_codes(found)
    assert not any("Person" in str(problem.message) for problem in found.problems)


def test_a_name_left_out_or_spelt_with_other_blanks_is_the_same_patient(tmp_path: Path) -> None:
    def sloppy(ds: Dataset, k: int) -> None:
        ds.PatientName = ("Test^One", "", "TEST ONE")[k]

    save_all(ct_series(3, spoil=sloppy), tmp_path)
    assert len(survey(tmp_path).patients) == 1


def test_an_object_that_stands_twice_is_named(tmp_path: Path) -> None:
    paths = save_all(ct_series(2), tmp_path)
    (tmp_path / "zzz").write_bytes(paths[0].read_bytes())
    assert "dicom.survey-instance-twice" in problem_codes(survey(tmp_path))


def test_localizers_are_marked(tmp_path: Path) -> None:
    scout = ct_slice(0)
    scout.ImageType, scout.SeriesInstanceUID = ["ORIGINAL", "PRIMARY", "LOCALIZER"], f"{SERIES}.4"
    save_all([*ct_series(2), scout], tmp_path)
    found = survey(tmp_path)
    assert [series.is_localizer for series in sorted(found.series, key=lambda each: each.frames)] == [True, False]
    assert [series.series_uid for series in found.of_modality("CT", "MR")] == [SERIES]


def test_files_that_a_dicomdir_lists_and_that_are_gone_are_named(tmp_path: Path) -> None:
    directory = FileSet()
    for ds in ct_series(3):
        ds.StudyID, ds.StudyDate, ds.StudyTime, ds.SeriesNumber = "1", "20260101", "1200", 1
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        directory.add(ds)
    directory.write(tmp_path)
    directory._stage["t"].cleanup()  # else the garbage collector does it, and warns in some later test
    assert survey(tmp_path).problems == ()
    gone = next(path for path in tmp_path.rglob("*") if path.is_file() and path.name != "DICOMDIR")
    gone.unlink()
    found = survey(tmp_path)
    assert problem_codes(found) == {"dicom.directory-file-absent"}
    assert gone.name in str(found.problems[0].message)


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        survey(tmp_path / "nowhere")


def test_the_real_data_are_sorted_without_loss(shared_data: Path) -> None:
    found = survey(shared_data / "tps-ldr-i125-oncentra-prostate")
    assert sorted(series.modality for series in found.series) == ["CT", "RTDOSE", "RTPLAN", "RTSTRUCT"]
    assert {series.files[0].label for series in found.of_modality("RTPLAN")} == {"Onc Brachy Plan"}
    odd = survey(shared_data / "tps-hdr-gyn-aria")
    assert sorted(series.modality for series in odd.series) == ["RTPLAN", "RTSTRUCT"]
    assert "dicom.uid-malformed" in problem_codes(odd)

"""Files are written whole or not at all, and an older one stands until the new one is on the disk."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from dicom_series import ct_slice
from trocar.dicom.text import WrittenCharset
from trocar.dicom.uids import derived_uid
from trocar.dicom.writing import decimal, new_object, replacing_file, replacing_folder, save
from trocar.errors import DicomError

AT = datetime(2026, 1, 2, 3, 4, 5)


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "plan.dcm"
    target.write_bytes(b"older")

    def fail_half_way() -> None:
        with replacing_file(target) as unfinished:
            unfinished.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.dcm"]


def test_success_replaces_the_older_file(tmp_path: Path) -> None:
    target = tmp_path / "plan.dcm"
    target.write_bytes(b"older")
    with replacing_file(target) as unfinished:
        unfinished.write_bytes(b"newer")
        assert target.read_bytes() == b"older"
    assert target.read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.dcm"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with replacing_folder(tmp_path / "series") as unfinished:
            (unfinished / "1").write_bytes(b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "series").mkdir()
    with replacing_folder(tmp_path / "series") as unfinished:
        (unfinished / "1").write_bytes(b"x")
    assert [path.name for path in (tmp_path / "series").iterdir()] == ["1"]


@pytest.mark.parametrize("place", ["missing/plan.dcm", "file/plan.dcm"])
def test_where_nothing_can_be_written_is_said_so(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(DicomError) as caught:
        save(ct_slice(0), tmp_path / place)
    assert caught.value.code == "dicom.cannot-write"


def test_a_value_its_attribute_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    dataset = new_object(sop_class_uid="1.2.3", sop_instance_uid="1.2.4", at=AT, charset=WrittenCharset.GB18030)
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 100", "王"
    with pytest.raises(DicomError) as caught:
        save(dataset, tmp_path / "one.dcm")
    assert caught.value.code == "dicom.value-not-writable"
    assert list(tmp_path.iterdir()) == []


def test_uids_follow_from_what_they_name_and_are_valid() -> None:
    assert derived_uid("a", "b") == derived_uid("a", "b")
    assert len({derived_uid("a", "b"), derived_uid("ab"), derived_uid("b", "a"), derived_uid("a", "b", "")}) == 4
    assert all(len(derived_uid(str(n))) <= 64 and derived_uid(str(n)).startswith("2.25.") for n in range(50))


@pytest.mark.parametrize("whole", [-10.0, -1.0, -100.0, 10.0, 1e5, -1e-3])
def test_a_number_just_below_a_power_of_ten_fits_too(whole: float) -> None:
    nearly = float(np.nextafter(whole, 0.0))
    assert len(decimal(nearly)) <= 16
    assert float(decimal(nearly)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-9, -123.456789012345678, 1e15, 2.5e-300, 1 / 3])
def test_decimal_strings_fit_and_are_as_exact_as_they_can_be(value: float) -> None:
    assert len(decimal(value)) <= 16
    assert float(decimal(value)) == pytest.approx(value, rel=1e-9)

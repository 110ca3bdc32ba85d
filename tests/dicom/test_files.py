"""Opening files: what deviates from the format has a name, what is damaged has a reason."""

from pathlib import Path

import pytest

from dicom_series import ct_slice, save
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset, read_header, read_title
from trocar.errors import DicomError, UnreadableFile


def refused(path: Path) -> DicomError:
    with pytest.raises(DicomError) as caught:
        read_dataset(path, noted=Deviations())
    return caught.value


def noted_codes(path: Path) -> list[str]:
    noted = Deviations()
    read_dataset(path, noted=noted)
    return [deviation.message.code for deviation in noted.found]


def test_a_sound_file_has_no_deviation(tmp_path: Path) -> None:
    assert noted_codes(save(ct_slice(0), tmp_path / "one")) == []


def test_a_bare_data_set_is_read_and_named(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    data = path.read_bytes()
    start = 132 + 12 + int.from_bytes(data[140:144], "little")
    path.write_bytes(data[start:])
    assert noted_codes(path) == ["dicom.no-file-meta"]


def test_a_transfer_syntax_that_is_not_stated_is_recognised_and_named(shared_data: Path) -> None:
    assert noted_codes(shared_data / "dicom-irregular" / "meta_missing_tsyntax.dcm") == ["dicom.no-transfer-syntax"]


def test_another_encoding_than_stated_is_read_and_named(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0", 1))
    assert noted_codes(path) == ["dicom.vr-encoding-differs"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MR_truncated.dcm", "dicom.truncated"),
        ("rtplan_truncated.dcm", "dicom.truncated"),
        ("no_meta.dcm", "dicom.not-dicom"),
    ],
)
def test_irregular_files_are_refused_with_a_reason(name: str, code: str, shared_data: Path) -> None:
    assert refused(shared_data / "dicom-irregular" / name).code == code


@pytest.mark.parametrize("data", [b"", b"x", bytes(127), bytes(200), b"%PDF-1.7" + bytes(300), b"PK\x03\x04" * 50])
def test_what_is_not_dicom_is_said_so(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(data)
    assert refused(path).code == "dicom.not-dicom"


def test_no_file_is_said_so(tmp_path: Path) -> None:
    error = refused(tmp_path / "nothing")
    assert isinstance(error, UnreadableFile)
    assert error.code == "dicom.cannot-open"


def test_a_file_of_zeros_after_its_header_ends_soon(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    path.write_bytes(path.read_bytes()[:600] + bytes(3_000_000))
    assert refused(path).code == "dicom.damaged"


def test_a_file_larger_than_allowed_is_refused_unread(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    with pytest.raises(UnreadableFile) as caught:
        read_dataset(path, noted=Deviations(), budget_bytes=100)
    assert caught.value.code == "dicom.too-large"


def test_a_header_ends_where_the_pixels_begin(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    header = read_header(path, noted=Deviations())
    assert "PixelData" not in header.dataset
    assert header.pixels_at is not None
    assert path.read_bytes()[header.pixels_at :][:4] == b"\xe0\x7f\x10\x00"


def test_a_title_has_no_contours(shared_data: Path) -> None:
    title = read_title(shared_data / "tps-ldr-i125-oncentra-prostate" / "RTSTRUCT.dcm", noted=Deviations())
    assert "StructureSetLabel" in title
    assert "ROIContourSequence" not in title

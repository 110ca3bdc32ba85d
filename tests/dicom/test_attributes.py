"""Typed questions to a data set: the right kind of answer, or an error that says where and what."""

from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicom_series import ct_slice, item, save
from trocar.dicom.attributes import Attributes, read_attributes
from trocar.dicom.clock import date_from_text, datetime_from_text, time_from_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.writing import decimals
from trocar.errors import RefusedObject


def view(**attributes: object) -> Attributes:
    return Attributes.of(item(**attributes), where="f", noted=Deviations())


def from_file(ds: Dataset, folder: Path) -> Attributes:
    return read_attributes(save(ds, folder / "one"), noted=Deviations())


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_numbers_of_every_kind_are_read_in_every_encoding(syntax: str, tmp_path: Path) -> None:
    ds = ct_slice(0)
    ds.file_meta.TransferSyntaxUID = syntax
    del ds.PixelData
    ds.DiffusionBValue, ds.TagThickness, ds.ReferencedFrameNumber = 1234.5, 0.25, [3, 4]
    ds.RecommendedDisplayCIELabValue = [1, 2, 65535]
    ds.add_new(0x00280120, "SS", -2000)
    attributes = from_file(ds, tmp_path)
    assert attributes.number("DiffusionBValue") == 1234.5
    assert attributes.numbers("ReferencedFrameNumber").tolist() == [3, 4]
    assert attributes.numbers("RecommendedDisplayCIELabValue", 3).tolist() == [1, 2, 65535]
    assert attributes.numbers("ImagePositionPatient", 3).tolist() == [-10, -20, 0]
    assert attributes.integer("Rows") == 4
    if syntax == ExplicitVRBigEndian:  # implicit VR does not say whether padding is signed
        assert attributes.integer("PixelPaddingValue") == -2000


def test_values_set_in_memory_are_read_as_those_of_a_file() -> None:
    attributes = view(Rows=4, PixelSpacing=[1, 2], PatientName="A^B", ImageType=["X", "Y"], NumberOfFrames="3")
    assert attributes.integer("Rows") == 4
    assert attributes.integer("NumberOfFrames") == 3
    assert attributes.numbers("PixelSpacing", 2).tolist() == [1, 2]
    assert attributes.text("PatientName") == "A^B"
    assert attributes.texts("ImageType") == ("X", "Y")


@pytest.mark.parametrize(
    ("keyword", "value", "ask"),
    [
        ("PixelSpacing", b"1\\x ", lambda a: a.numbers("PixelSpacing")),
        ("PixelSpacing", b"1\\nan", lambda a: a.numbers("PixelSpacing")),
        ("PixelSpacing", b"1 ", lambda a: a.numbers("PixelSpacing", 2)),
        ("NumberOfFrames", b"1.5 ", lambda a: a.integer("NumberOfFrames")),
        ("StudyInstanceUID", b"1." * 40, lambda a: a.uid("StudyInstanceUID")),
        ("PatientPosition", b"UP", lambda a: a.choice("PatientPosition", {"HFS": _Side.HEAD})),
        ("StudyDate", b"20261340", lambda a: a.moment("StudyDate", "StudyTime")),
    ],
)
def test_what_is_not_what_it_should_be_is_refused_with_place_and_value(
    keyword: str, value: bytes, ask: object, tmp_path: Path
) -> None:
    ds = ct_slice(0)
    path = save(ds, tmp_path / "one")
    attributes = read_attributes(path, noted=Deviations())
    tag = item(**{keyword: ""}).keys()
    attributes.dataset[next(iter(tag))] = _raw(next(iter(tag)), value)
    with pytest.raises(RefusedObject) as caught:
        ask(attributes)  # type: ignore[operator]
    assert keyword in str(caught.value)
    assert "one" in str(caught.value)


class _Side(Enum):
    HEAD = "head"


def _raw(tag: object, value: bytes) -> object:
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    return RawDataElement(Tag(tag), None, len(value), value, 0, True, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", ["text", "number", "integer", "uid", "required_items"])
def test_what_is_missing_is_refused_by_name(ask: str) -> None:
    with pytest.raises(RefusedObject, match="SeriesDescription"):
        getattr(view(), ask)("SeriesDescription")


def test_what_is_optional_may_be_missing() -> None:
    empty = view(PatientID="", PixelSpacing=None)
    assert empty.text_or("PatientID", "-") == "-"
    assert empty.numbers_or_none("PixelSpacing") is None
    assert empty.number_or_none("SliceThickness") is None
    assert empty.items("SourceSequence") == ()
    assert empty.moment_or_none("StudyDate", "StudyTime") is None
    assert not empty.has("PatientID")


def test_places_in_sequences_are_named() -> None:
    inner = item(ReferencedSOPClassUID="1.2")
    attributes = view(ReferencedStudySequence=Sequence([item(), item(ReferencedSeriesSequence=Sequence([inner]))]))
    found = list(attributes.walk("ReferencedStudySequence", "ReferencedSeriesSequence"))
    assert [each.where for each in found] == ["f › ReferencedStudySequence[2] › ReferencedSeriesSequence[1]"]
    with pytest.raises(RefusedObject, match=r"ReferencedSeriesSequence\[1\]"):
        found[0].uid("ReferencedSOPInstanceUID")


def test_an_unreadable_date_is_noted_not_invented() -> None:
    attributes = view()
    attributes.dataset[0x00100030] = _raw(0x00100030, b"UNKNOWN ")  # type: ignore[assignment]
    assert attributes.date_or_none("PatientBirthDate") is None
    assert [each.message.code for each in attributes.noted.found] == ["dicom.date-unreadable"]


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6, allow_subnormal=False)))
def test_decimal_strings_carry_ten_digits(values: np.ndarray) -> None:
    texts = decimals(values)
    assert all(len(text) <= 16 for text in texts)
    np.testing.assert_allclose([float(text) for text in texts], values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260102030405.5+0800", datetime(2026, 1, 2, 3, 4, 5, 500000)),
        ("20260102", datetime(2026, 1, 2)),
        ("2026010203", datetime(2026, 1, 2, 3)),
        ("20260230", None),
        ("", None),
        ("today", None),
    ],
)
def test_moments_are_read_without_their_zone(text: str, expected: datetime | None) -> None:
    assert datetime_from_text(text) == expected


def test_dates_and_times_of_older_files_are_read() -> None:
    assert str(date_from_text("2026.01.02")) == "2026-01-02"
    assert str(time_from_text("10:20:30")) == "10:20:30"
    assert str(time_from_text("235960")) == "23:59:59"
    assert time_from_text("2460") is None


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_moments_come_back(moment: datetime) -> None:
    from trocar.dicom.clock import date_text, time_text

    assert datetime_from_text(date_text(moment) + time_text(moment)) == moment

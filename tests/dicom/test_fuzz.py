"""Damaged and hostile files: a value or a `TrocarError`, never another exception, never for long."""

import io
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from dicom_mutations import spoiled_attributes, spoiled_bytes
from dicom_series import ct_series, ct_slice, enhanced, save, save_all, stored_values
from trocar.dicom.attributes import read_attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset
from trocar.dicom.folder import survey
from trocar.dicom.image import read_image
from trocar.dicom.seg import read_seg
from trocar.dicom.seg_writer import write_seg
from trocar.dicom.segmentation import Segmentation, Share, segment_of
from trocar.errors import TrocarError, UnreadableFile
from trocar.messages import Language

LONGEST_S = 5.0
"""Far above what a small file takes, far below what a person takes for a hang."""
BUDGET_BYTES = 2**26
SMALL = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
LARGE = settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))


def compressed(syntax: str) -> Dataset:
    ds = ct_slice(0, stored=np.tile(stored_values(1)[0], (16, 12)))
    ds.compress(syntax, generate_instance_uid=False)
    return ds


def jpeg_lossless() -> Dataset:
    """Return a slice packed by gdcm, since pydicom cannot write JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = str(Path(folder) / "plain"), str(Path(folder) / "packed")
        save(ct_slice(0, stored=np.tile(stored_values(1)[0], (16, 12))), Path(plain))
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(plain)
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(packed)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return pydicom.dcmread(packed)


def in_syntax(syntax: str) -> Dataset:
    ds = ct_slice(0)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    return ds


def with_undefined_lengths() -> Dataset:
    ds = enhanced(3)
    for sequence in (ds["SharedFunctionalGroupsSequence"], ds["PerFrameFunctionalGroupsSequence"]):
        sequence.is_undefined_length = True
        for item in sequence.value:
            item.is_undefined_length_sequence_item = True
    return ds


KINDS: dict[str, Callable[[], Dataset]] = {
    "explicit": lambda: ct_slice(0),
    "implicit": lambda: in_syntax(ImplicitVRLittleEndian),
    "big endian": lambda: in_syntax(ExplicitVRBigEndian),
    "deflated": lambda: in_syntax(DeflatedExplicitVRLittleEndian),
    "multi-frame": lambda: enhanced(3),
    "undefined lengths": with_undefined_lengths,
    "RLE": lambda: compressed(RLELossless),
    "JPEG-LS": lambda: compressed(JPEGLSLossless),
    "JPEG lossless": jpeg_lossless,
    "JPEG 2000": lambda: compressed(JPEG2000Lossless),
}


def whole(kind: str) -> bytes:
    out = io.BytesIO()
    ds = KINDS[kind]()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


WHOLE = {kind: whole(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def segmentation_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("seg")
    save_all(ct_series(3), folder / "ct")
    image = read_image(folder / "ct").value
    mask = np.indices(image.volume.grid.shape_kji).sum(axis=0) % 3 == 0
    found = Segmentation(
        label="fuzz",
        patient=image.patient,
        study_uid=image.reference.study_uid,
        frame_uid=image.volume.frame_uid,
        grid=image.volume.grid,
        share=Share.WHOLE,
        segments=(segment_of(mask, number=1, label="a"), segment_of(~mask, number=2, label="b")),
    )
    write_seg(replace(found), folder / "seg.dcm", image=image, at=datetime(2026, 1, 2))
    return (folder / "seg.dcm").read_bytes()


def read_every_way(path: Path) -> None:
    """Call each reader; an error of ours must also say itself in both languages."""
    readers: list[Callable[[], object]] = [
        lambda: read_dataset(path, noted=Deviations(), budget_bytes=BUDGET_BYTES),
        lambda: every_text(path),
        lambda: survey(path.parent, budget_bytes=BUDGET_BYTES),
        lambda: read_image(path, budget_bytes=BUDGET_BYTES),
        lambda: read_image(path.parent, budget_bytes=BUDGET_BYTES),
        lambda: read_seg(path, budget_bytes=BUDGET_BYTES),
    ]
    for reader in readers:
        start = time.monotonic()
        said = "a value"
        try:
            reader()
        except TrocarError as error:
            said = error.text(Language.ENGLISH) and error.text(Language.CHINESE)
        assert said
        assert time.monotonic() - start < LONGEST_S


def every_text(path: Path) -> None:
    attributes = read_attributes(path, noted=Deviations(), budget_bytes=BUDGET_BYTES)
    for keyword in ("PatientName", "StudyDescription", "ImageType", "Rows", "PixelSpacing"):
        attributes.text_or(keyword, "")
        attributes.texts(keyword)


def spoil(data: bytes, folder: Path) -> Path:
    path = folder / "spoiled.dcm"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", KINDS)
@SMALL
@given(data=st.data())
def test_spoiled_bytes_end_in_a_value_or_an_error_of_ours(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    read_every_way(spoil(data.draw(spoiled_bytes(WHOLE[kind])), tmp_path))


@pytest.mark.parametrize("kind", ["explicit", "multi-frame"])
@SMALL
@given(data=st.data())
def test_spoiled_attributes_end_in_a_value_or_an_error_of_ours(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    before = WHOLE[kind][: 132 + 12 + int.from_bytes(WHOLE[kind][140:144], "little")]
    read_every_way(spoil(data.draw(spoiled_attributes(pydicom.dcmread(io.BytesIO(WHOLE[kind])), before)), tmp_path))


@SMALL
@given(data=st.data())
def test_spoiled_segmentations_end_in_a_value_or_an_error_of_ours(
    data: st.DataObject, segmentation_bytes: bytes, tmp_path: Path
) -> None:
    read_every_way(spoil(data.draw(spoiled_bytes(segmentation_bytes)), tmp_path))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(tail=st.binary(max_size=300), prefix=st.booleans())
def test_noise_ends_in_an_error_of_ours(tail: bytes, prefix: bool, tmp_path: Path) -> None:
    path = spoil((bytes(128) + b"DICM" if prefix else b"") + tail, tmp_path)
    read_every_way(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@LARGE
@given(data=st.data())
def test_spoiled_bytes_at_length(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    read_every_way(spoil(data.draw(spoiled_bytes(WHOLE[kind])), tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_an_error_or_loses_only_what_is_named(kind: str, tmp_path: Path) -> None:
    data = WHOLE[kind]
    for end in range(0, len(data) - 1, max(1, len(data) // 40)):
        path = spoil(data[:end], tmp_path)
        with pytest.raises(TrocarError):
            read_image(path)


# --- hostile files ----------------------------------------------------------------------------------------------------


def nested(depth: int, *, defined: bool) -> bytes:
    """Return a file whose sequences hold sequences, ``depth`` of them."""
    head = WHOLE["explicit"]
    sequence = b"\x08\x00\x40\x11SQ\x00\x00"  # (0008,1140)
    item, ends = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    if defined:
        body = b""
        for _ in range(depth):
            inner = item + len(body).to_bytes(4, "little") + body
            body = sequence + len(inner).to_bytes(4, "little") + inner
    else:
        body = (sequence + b"\xff" * 4 + item + b"\xff" * 4) * depth + ends * depth
    at = head.index(b"\x08\x00\x60\x00CS")  # before Modality
    return head[:at] + body + head[at:]


@pytest.mark.parametrize("defined", [True, False])
@pytest.mark.parametrize("depth", [3, 200, 5000, 20000])
def test_sequences_nested_without_end_do_not_exhaust_the_stack(depth: int, defined: bool, tmp_path: Path) -> None:
    read_every_way(spoil(nested(depth, defined=defined), tmp_path))


def test_nesting_too_deep_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_dataset(spoil(nested(5000, defined=False), tmp_path), noted=Deviations())
    assert caught.value.code == "dicom.nested-too-deep"


def test_a_deflated_bomb_is_refused_before_memory_is_given_to_it(tmp_path: Path) -> None:
    data = WHOLE["deflated"]
    at = 132 + 12 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(2**27)) + packer.flush()
    path = spoil(data[:at] + bomb, tmp_path)
    assert path.stat().st_size < 2**18
    with pytest.raises(UnreadableFile) as caught:
        read_dataset(path, noted=Deviations(), budget_bytes=BUDGET_BYTES)
    assert caught.value.code == "dicom.too-large"


def test_a_length_of_four_gigabytes_in_a_small_file_takes_no_memory(tmp_path: Path) -> None:
    data = WHOLE["explicit"]
    at = data.index(b"\xe0\x7f\x10\x00OW") + 8
    path = spoil(data[:at] + b"\xfe\xff\xff\xff" + data[at + 4 :], tmp_path)
    with pytest.raises(UnreadableFile):
        read_image(path)
    with pytest.raises(UnreadableFile) as caught:
        read_dataset(path, noted=Deviations())
    assert caught.value.code == "dicom.truncated"


def test_a_folder_for_a_file_and_a_file_for_a_folder_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_dataset(tmp_path, noted=Deviations())
    path = save(ct_slice(0), tmp_path / "one")
    assert len(survey(path).series) == 1

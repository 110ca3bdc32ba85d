"""Damaged files end in an error of ours or in a reading, never in anything else, and in bounded time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from strategies import foreign_rt as foreign
from trocar.dicom.belonging import read_identity
from trocar.dicom.rtdose import read_dose, read_relative_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.errors import TrocarError

READERS: tuple[Callable[[Path], Any], ...] = (read_plan, read_structures, read_dose, read_relative_dose, read_identity)
CURVE = [((0.0, 0.0, 0.0), 3.0), ((0.0, 1.0, 4.9), 2.0)]
OBJECTS: dict[str, Dataset] = {
    "implant": foreign.implant(foreign.setup_a_seed([(0, 0, 0), (5, 0, 0)])),
    "afterloading": foreign.afterloading([foreign.catheter(CURVE)]),
    "structures": foreign.structure_set({"CTV": [foreign.contour()], "PTV": []}),
    "dose": foreign.dose(np.ones((2, 2, 2), dtype=np.uint16)),
}
ODD_VALUES = ("", "nan", "inf", "-1", "0", "1e308", "x", "1\\2", "\\\\", "999999999999", "1.5", "GY", "../../etc")
some = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    for name, dataset in OBJECTS.items():
        foreign.saved(dataset, folder / f"{name}.dcm")
    return folder


def reads_or_refuses(path: Path) -> None:
    for reader in READERS:
        try:
            reader(path)
        except TrocarError as error:
            assert str(error)  # noqa: PT017 - a reading is as good


@some
@given(
    name=st.sampled_from(sorted(OBJECTS)),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_changed_bytes(folder: Path, name: str, changes: list[tuple[int, int]]) -> None:
    raw = bytearray((folder / f"{name}.dcm").read_bytes())
    for place, value in changes:
        raw[place % len(raw)] = value
    path = folder / "changed"
    path.write_bytes(raw)
    reads_or_refuses(path)


@some
@given(name=st.sampled_from(sorted(OBJECTS)), kept=st.floats(0, 1))
def test_files_cut_short(folder: Path, name: str, kept: float) -> None:
    raw = (folder / f"{name}.dcm").read_bytes()
    path = folder / "cut"
    path.write_bytes(raw[: int(kept * len(raw))])
    reads_or_refuses(path)


def holders_of(dataset: Dataset) -> list[tuple[Dataset, int]]:
    """Return every element at any depth, with the data set it stands in."""
    found: list[tuple[Dataset, int]] = []
    for element in dataset:
        found.append((dataset, int(element.tag)))
        if element.VR == "SQ":
            for item in element.value:
                found += holders_of(item)
    return found


@some
@given(name=st.sampled_from(sorted(OBJECTS)), which=st.integers(0, 10**6))
def test_missing_attributes(folder: Path, name: str, which: int) -> None:
    dataset = pydicom.dcmread(folder / f"{name}.dcm")
    places = holders_of(dataset)
    holder, tag = places[which % len(places)]
    del holder[tag]
    reads_or_refuses(foreign.saved(dataset, folder / "missing"))


def values_of(dataset: Dataset, raw: bytes) -> list[tuple[int, int]]:
    """Return place and length in the file of every value that is not a sequence, at any depth."""
    found: list[tuple[int, int]] = []
    for tag in list(dataset.keys()):  # iterating over the data set itself would convert its elements
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement) and element.VR != "SQ" and element.length not in (0, 0xFFFFFFFF):
            found.append((element.value_tell, element.length))
        elif element is not None and element.VR == "SQ":
            for item in dataset[tag].value:
                found += values_of(item, raw)
    return found


@some
@given(name=st.sampled_from(sorted(OBJECTS)), which=st.integers(0, 10**6), value=st.sampled_from(ODD_VALUES))
def test_odd_values(folder: Path, name: str, which: int, value: str) -> None:
    raw = bytearray((folder / f"{name}.dcm").read_bytes())
    places = values_of(pydicom.dcmread(folder / f"{name}.dcm"), raw)
    place, length = places[which % len(places)]
    raw[place : place + length] = value.encode().ljust(length)[:length]
    path = folder / "odd"
    path.write_bytes(raw)
    reads_or_refuses(path)


@pytest.mark.parametrize("keyword", ["ApplicationSetupSequence", "ROIContourSequence", "ReferencedRTPlanSequence"])
def test_sequences_nested_far_too_deep(keyword: str, folder: Path) -> None:
    deep = b""
    tag = {"ApplicationSetupSequence": b"\x0a\x30\x30\x02", "ROIContourSequence": b"\x06\x30\x39\x00"}.get(
        keyword, b"\x0c\x30\x02\x00"
    )
    for _ in range(3000):
        item = b"\xfe\xff\x00\xe0" + len(deep).to_bytes(4, "little") + deep
        deep = tag + b"SQ\0\0" + len(item).to_bytes(4, "little") + item
    path = folder / "deep"
    base = (folder / "implant.dcm").read_bytes()
    path.write_bytes(base + deep)
    reads_or_refuses(path)

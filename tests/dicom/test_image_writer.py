"""Images written as CT and MR series: valid, exact, whole or not at all."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicom_series import enhanced, save
from trocar.dicom.image import read_image
from trocar.dicom.image_writer import write_image
from trocar.dicom.text import WrittenCharset
from trocar.errors import DicomError
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient

AT = datetime(2026, 3, 4, 5, 6, 7)
WITHIN_ROUNDING_MM = 1e-6


def made(
    values: np.ndarray, *, grid: Grid | None = None, quantity: Quantity = Quantity.HOUNSFIELD, name: str = "王^小东"
) -> Image:
    grid = grid or Grid.axial(origin_lps_mm=(-10, -20, 5), spacing_ijk_mm=(0.7, 0.9, 2.5), shape_kji=values.shape)
    is_ct = quantity is Quantity.HOUNSFIELD
    reference = ImageReference(
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_uid="2.25.3",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2" if is_ct else "1.2.840.10008.5.1.4.1.1.4",
        instance_uids=tuple(f"2.25.4{k}" for k in range(values.shape[0])),
        modality="CT" if is_ct else "MR",
    )
    return Image(
        volume=Volume(grid=grid, values_kji=values, quantity=quantity, frame_uid="2.25.3"),
        patient=Patient(identifier="号码-1", name=name, birth_date=date(1960, 5, 6), sex="M"),
        reference=reference,
        acquired_at=datetime(2026, 1, 2, 3, 4, 5, 678000),
        description="腹部 增强 5mm",
        study_description="abdomen",
    )


def values(dtype: str = "int16", low: int = -1024, high: int = 3000, n: int = 4) -> np.ndarray:
    found = np.random.default_rng(3).integers(low, high, (n, 5, 6)).astype(dtype)
    found.flat[:2] = low, high
    return found


@pytest.mark.parametrize("charset", WrittenCharset)
@pytest.mark.parametrize("quantity", [Quantity.HOUNSFIELD, Quantity.MR_SIGNAL])
def test_an_image_comes_back_whole(charset: WrittenCharset, quantity: Quantity, tmp_path: Path) -> None:
    image = made(values(), quantity=quantity)
    paths = write_image(image, tmp_path / "out", at=AT, charset=charset)
    reading = read_image(tmp_path / "out")
    assert reading.deviations == ()
    back = reading.value
    np.testing.assert_array_equal(back.volume.values_kji, image.volume.values_kji)
    np.testing.assert_allclose(
        back.volume.grid.lps_from_ijk, image.volume.grid.lps_from_ijk, rtol=0, atol=WITHIN_ROUNDING_MM
    )
    assert (back.patient, back.reference) == (image.patient, image.reference)
    assert (back.acquired_at, back.description, back.study_description) == (
        image.acquired_at,
        image.description,
        image.study_description,
    )
    assert pydicom.dcmread(paths[0]).SpecificCharacterSet == charset.value


unit_axes = st.tuples(*[st.floats(-np.pi, np.pi)] * 3)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    angles=unit_axes,
    origin=st.tuples(*[st.floats(-900, 900)] * 3),
    spacing=st.tuples(*[st.floats(0.1, 9)] * 3),
    shear=st.floats(-0.5, 0.5),
)
def test_any_pose_comes_back_to_a_nanometre(
    angles: tuple[float, ...], origin: tuple[float, ...], spacing: tuple[float, ...], shear: float, tmp_path: Path
) -> None:
    axes = _rotation(*angles)
    steps = axes * np.array(spacing)[:, None]
    steps[2] += shear * spacing[2] * axes[1]
    grid = Grid(shape_kji=(3, 4, 5), lps_from_ijk=affine_from_axes(origin_lps_mm=np.array(origin), steps_lps_mm=steps))
    image = made(values(n=3)[:, :4, :5], grid=grid)
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    write_image(image, tmp_path / "out", at=AT)
    back = read_image(tmp_path / "out").value.volume
    np.testing.assert_array_equal(back.values_kji, image.volume.values_kji)
    np.testing.assert_allclose(back.grid.corners_lps_mm, grid.corners_lps_mm, rtol=0, atol=WITHIN_ROUNDING_MM)


def _rotation(a: float, b: float, c: float) -> np.ndarray:
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(x @ y @ z)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (-1024, 3071, "int16"),
        (-1000, 20000, "int16"),
        (-32768, 32767, "int16"),
        (-40000, 20000, "int32"),
        (0, 65535, "uint16"),
        (-1024, 3071, "float32"),
    ],
)
def test_whole_values_come_back_exactly(low: int, high: int, dtype: str, tmp_path: Path) -> None:
    image = made(values(dtype, low, high))
    write_image(image, tmp_path / "out", at=AT)
    np.testing.assert_array_equal(read_image(tmp_path / "out").value.volume.values_kji, image.volume.values_kji)


def test_halves_and_quarters_come_back_exactly(tmp_path: Path) -> None:
    image = made(values().astype(np.float32) / 4)
    write_image(image, tmp_path / "out", at=AT)
    np.testing.assert_array_equal(read_image(tmp_path / "out").value.volume.values_kji, image.volume.values_kji)


def test_values_that_sixteen_bits_cannot_hold_are_refused_unless_rounding_is_allowed(tmp_path: Path) -> None:
    image = made(values().astype(np.float64) * 0.1)
    with pytest.raises(DicomError) as caught:
        write_image(image, tmp_path / "out", at=AT)
    assert caught.value.code == "dicom.values-not-whole"
    write_image(image, tmp_path / "out", at=AT, resolution=0.05)
    back = read_image(tmp_path / "out").value.volume.values_kji
    np.testing.assert_allclose(back, image.volume.values_kji, atol=0.0251)


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        (made(values("int32", -40000, 40000)), "dicom.values-too-far-apart"),
        (made(np.full((2, 2, 2), np.nan)), "dicom.values-not-finite"),
        (made(values(), quantity=Quantity.DOSE_GY), "dicom.image-not-writable"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(spoiled: Image, code: str, tmp_path: Path) -> None:
    with pytest.raises(DicomError) as caught:
        write_image(spoiled, tmp_path / "out", at=AT)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_description_too_long_for_its_attribute_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(DicomError) as caught:
        write_image(replace(made(values()), description="x" * 80), tmp_path / "out", at=AT)
    assert caught.value.code == "dicom.value-not-writable"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DicomError) as caught:
        write_image(made(values()), tmp_path, at=AT)
    assert caught.value.code == "dicom.folder-not-empty"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_multi_frame_image_is_written_as_slices_with_new_uids(tmp_path: Path) -> None:
    save(enhanced(4), tmp_path / "multi")
    image = read_image(tmp_path / "multi").value
    write_image(image, tmp_path / "out", at=AT)
    back = read_image(tmp_path / "out").value
    np.testing.assert_array_equal(back.volume.values_kji, image.volume.values_kji)
    assert back.reference.series_uid != image.reference.series_uid
    assert len(set(back.reference.instance_uids)) == 4


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(made(values()), tmp_path / name, at=AT)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.parametrize("quantity", [Quantity.HOUNSFIELD, Quantity.MR_SIGNAL])
def test_the_conformance_checker_finds_no_error_in_what_is_written(quantity: Quantity, tmp_path: Path) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (Debian: dicom3tools) is not installed")
    for path in write_image(made(values(), quantity=quantity), tmp_path / "out", at=AT):
        said = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False).stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == []

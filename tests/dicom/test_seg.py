"""DICOM Segmentations: read as highdicom reads them, written as the validator wants them, nothing lost on the way."""

import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dicom_series import ct_series, save_all
from trocar.dicom.image import read_image
from trocar.dicom.seg import read_seg
from trocar.dicom.seg_writer import FRACTION_STEPS, Storage, write_seg
from trocar.dicom.segmentation import Algorithm, Code, Segmentation, Share, segment_of
from trocar.errors import DicomError, GeometryError, RefusedObject
from trocar.geometry.grid import Grid
from trocar.plan.patient import Image

AT = datetime(2026, 3, 4, 5, 6, 7)
LIVER = Code(value="10200004", scheme="SCT", meaning="Liver")
HALF = 0.5**0.5
POSES = {"axial": ((1, 0, 0), (0, 1, 0)), "oblique": ((HALF, HALF, 0), (-0.5, 0.5, HALF))}


@pytest.fixture(scope="module", params=POSES)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("ct")
    axes = POSES[request.param]
    save_all(ct_series(5, axes=axes, step=2 * np.cross(*axes)), folder)
    return read_image(folder).value


def masks(image: Image) -> tuple[np.ndarray, np.ndarray]:
    first = np.zeros(image.volume.grid.shape_kji, dtype=bool)
    first[1:3, 1:3, 2:5] = True
    second = np.zeros_like(first)
    second[2:5, 0:2, 3:6] = True
    return first, second


def segmentation(image: Image, *, overlap: bool = True) -> Segmentation:
    first, second = masks(image)
    if not overlap:
        second &= ~first
    return Segmentation(
        label="肝脏与血管",
        patient=image.patient,
        study_uid=image.reference.study_uid,
        frame_uid=image.volume.frame_uid,
        grid=image.volume.grid,
        share=Share.WHOLE,
        segments=(
            replace(
                segment_of(first, number=1, label="肝", kind=LIVER),
                description="drawn by hand",
                colour_lab=(43803, 26565, 37722),
                tracking_id="liver",
                tracking_uid="2.25.77",
            ),
            segment_of(second, number=2, label="vessel", algorithm=Algorithm.AUTOMATIC, algorithm_name="threshold"),
        ),
    )


@pytest.mark.parametrize("storage", Storage)
def test_segments_come_back_as_they_went(storage: Storage, image: Image, tmp_path: Path) -> None:
    given_ = segmentation(image, overlap=storage is Storage.PLANES)
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT, storage=storage)
    reading = read_seg(tmp_path / "seg.dcm", on=image.volume)
    assert reading.deviations == ()
    assert reading.value == given_
    assert [path.name for path in tmp_path.iterdir()] == ["seg.dcm"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=arrays(np.bool_, (3, 5, 4, 6)))
def test_any_masks_come_back_on_the_grid(values: np.ndarray, image: Image, tmp_path: Path) -> None:
    segments = tuple(segment_of(mask, number=n, label=str(n)) for n, mask in enumerate(values, start=1))
    if not values.any():
        return
    given_ = replace(segmentation(image), segments=segments)
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
    back = read_seg(tmp_path / "seg.dcm", on=image.volume.grid).value
    for number in (1, 2, 3):
        np.testing.assert_array_equal(back.mask(number), values[number - 1])


def test_shares_come_back_to_within_half_a_step(image: Image, tmp_path: Path) -> None:
    shares = np.random.default_rng(4).random(image.volume.grid.shape_kji, dtype=np.float32)
    for share in (Share.PROBABILITY, Share.OCCUPANCY):
        given_ = replace(segmentation(image), share=share, segments=(segment_of(shares, number=1, label="soft"),))
        write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
        back = read_seg(tmp_path / "seg.dcm", on=image.volume).value
        assert back.share is share
        np.testing.assert_allclose(back.fraction(1), shares, atol=0.501 / FRACTION_STEPS)
        np.testing.assert_array_equal(back.mask(1), back.fraction(1) >= 0.5)


@pytest.mark.parametrize("name", ["seg_liver", "seg_partial_overlaps"])
def test_real_segmentations_hold_what_highdicom_finds(name: str, shared_data: Path) -> None:
    path = shared_data / "ct-liver-3slice-seg" / f"{name}.dcm"
    ours = read_seg(path).value
    theirs = highdicom.seg.segread(path).get_volume()
    flip = theirs.affine[2, 0] < 0
    for number, segment in enumerate(ours.segments):
        array = theirs.array[..., number]
        np.testing.assert_array_equal(ours.mask(segment.number), (array[::-1] if flip else array) > 0)
    corner = theirs.affine @ [theirs.array.shape[0] - 1 if flip else 0, 0, 0, 1]
    np.testing.assert_allclose(ours.grid.origin_lps_mm, corner[:3])


def test_real_overlapping_segments_lie_on_their_scan(shared_data: Path) -> None:
    folder = shared_data / "ct-liver-3slice-seg"
    volume = read_image(folder / "ct").value.volume
    found = read_seg(folder / "seg_partial_overlaps.dcm", on=volume).value
    assert found.overlaps
    assert [segment.label for segment in found.segments] == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    assert found.segments[1].kind.meaning == "Artery"
    with pytest.raises(GeometryError):
        found.labels()


def test_planes_left_out_because_nothing_is_on_them_do_not_change_the_spacing(image: Image, tmp_path: Path) -> None:
    mask = np.zeros(image.volume.grid.shape_kji, dtype=bool)
    mask[[0, 4], 1, 1] = True
    given_ = replace(segmentation(image), segments=(segment_of(mask, number=1, label="two"),))
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
    back = read_seg(tmp_path / "seg.dcm").value
    assert back.grid.shape_kji == image.volume.grid.shape_kji
    np.testing.assert_allclose(back.grid.lps_from_ijk, image.volume.grid.lps_from_ijk, atol=1e-6)
    np.testing.assert_array_equal(back.mask(1), mask)


def test_segments_on_another_grid_keep_their_own_planes(image: Image, tmp_path: Path) -> None:
    finer = Grid.axial(origin_lps_mm=(-9.0, -19.0, 31.0), spacing_ijk_mm=(0.2, 0.3, 0.4), shape_kji=(3, 7, 8))
    mask = np.ones(finer.shape_kji, dtype=bool)
    given_ = replace(segmentation(image), grid=finer, segments=(segment_of(mask, number=1, label="fine"),))
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
    back = read_seg(tmp_path / "seg.dcm").value
    np.testing.assert_allclose(back.grid.lps_from_ijk, finer.lps_from_ijk, atol=1e-6)
    np.testing.assert_array_equal(back.mask(1), mask)
    with pytest.raises(RefusedObject) as caught:
        read_seg(tmp_path / "seg.dcm", on=image.volume)
    assert caught.value.code == "dicom.seg-off-grid"


def test_segments_of_another_frame_or_patient_are_refused(image: Image, tmp_path: Path) -> None:
    given_ = segmentation(image)
    with pytest.raises(GeometryError):
        write_seg(replace(given_, frame_uid="2.25.1"), tmp_path / "a", image=image, at=AT)
    with pytest.raises(DicomError):
        write_seg(replace(given_, patient=replace(given_.patient, identifier="P9")), tmp_path / "a", image=image, at=AT)
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
    other = replace(image.volume, frame_uid="2.25.1")
    with pytest.raises(GeometryError):
        read_seg(tmp_path / "seg.dcm", on=other)


def test_what_a_label_map_cannot_hold_is_refused_and_nothing_is_left(image: Image, tmp_path: Path) -> None:
    with pytest.raises(DicomError) as caught:
        write_seg(segmentation(image), tmp_path / "seg.dcm", image=image, at=AT, storage=Storage.LABEL_MAP)
    assert caught.value.code == "dicom.seg-not-a-label-map"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("numbers", [(1, 3), (2, 3)])
def test_numbers_with_gaps_are_refused(numbers: tuple[int, int], image: Image, tmp_path: Path) -> None:
    given_ = segmentation(image)
    renumbered = tuple(replace(each, number=n) for each, n in zip(given_.segments, numbers, strict=True))
    with pytest.raises(DicomError):
        write_seg(replace(given_, segments=renumbered), tmp_path / "seg.dcm", image=image, at=AT)


def test_a_segment_beyond_the_grid_or_a_number_used_twice_is_no_segmentation(image: Image) -> None:
    given_ = segmentation(image)
    with pytest.raises(GeometryError):
        replace(given_, segments=(replace(given_.segments[0], start_kji=(4, 3, 5)),))
    with pytest.raises(GeometryError):
        replace(given_, segments=(given_.segments[0], given_.segments[0]))
    with pytest.raises(GeometryError):
        given_.numbered(7)


def test_an_image_is_no_segmentation(tmp_path: Path) -> None:
    paths = save_all(ct_series(1), tmp_path)
    with pytest.raises(RefusedObject):
        read_seg(paths[0])


def test_a_fraction_above_its_maximum_is_refused(image: Image, tmp_path: Path) -> None:
    shares = np.ones(image.volume.grid.shape_kji, dtype=np.float32)
    given_ = replace(segmentation(image), share=Share.OCCUPANCY, segments=(segment_of(shares, number=1, label="a"),))
    write_seg(given_, tmp_path / "seg.dcm", image=image, at=AT)
    ds = pydicom.dcmread(tmp_path / "seg.dcm")
    ds.MaximumFractionalValue = 100
    ds.save_as(tmp_path / "seg.dcm")
    with pytest.raises(RefusedObject) as caught:
        read_seg(tmp_path / "seg.dcm")
    assert caught.value.code == "dicom.seg-fraction-too-large"


def test_the_conformance_checker_finds_no_error_in_what_is_written(image: Image, tmp_path: Path) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (Debian: dicom3tools) is not installed")
    write_seg(segmentation(image), tmp_path / "seg.dcm", image=image, at=AT)
    said = subprocess.run([checker, str(tmp_path / "seg.dcm")], capture_output=True, text=True, check=False).stderr
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


def test_highdicom_reads_back_what_is_written(image: Image, tmp_path: Path) -> None:
    write_seg(segmentation(image), tmp_path / "seg.dcm", image=image, at=AT)
    theirs = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert theirs.number_of_segments == 2
    assert [theirs.get_segment_description(n).segment_label for n in (1, 2)] == ["肝", "vessel"]


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_only_the_block_that_holds_a_segment_is_kept(data: st.DataObject) -> None:
    mask = data.draw(arrays(np.bool_, (4, 3, 5)))
    segment = segment_of(mask, number=1, label="a")
    rebuilt = np.zeros_like(mask)
    k, j, i = segment.start_kji
    nk, nj, ni = segment.block.shape
    rebuilt[k : k + nk, j : j + nj, i : i + ni] = segment.block
    np.testing.assert_array_equal(rebuilt, mask)
    if mask.any():
        assert all(segment.block.any(axis=axes)[edge] for axes in ((1, 2), (0, 2), (0, 1)) for edge in (0, -1))

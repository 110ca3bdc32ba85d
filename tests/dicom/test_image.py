"""CT and MR series to a volume: any pose, any order of files, every number where and what it was."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from dicom_series import (
    ENHANCED_CT,
    ENHANCED_MR,
    FRAME,
    MR_IMAGE,
    SERIES,
    ct_series,
    ct_slice,
    enhanced,
    item,
    save,
    save_all,
    stored_values,
)
from trocar.dicom.contradictions import orientation_letters
from trocar.dicom.image import read_image
from trocar.dicom.tolerance import Tolerance
from trocar.errors import ChoiceNeeded, DicomError, RefusedObject, TrocarError, UnreadableFile
from trocar.geometry.volume import Quantity
from trocar.plan.patient import Image
from trocar.results.findings import Reading

WITHIN_ROUNDING_MM = 1e-6
HALF = 0.5**0.5


def codes(reading: Reading) -> set[str]:  # type: ignore[type-arg]
    return {deviation.message.code for deviation in reading.deviations}


def refusal(source: Path | list[Path], **options: object) -> TrocarError:
    with pytest.raises(TrocarError) as caught:
        read_image(source, **options)  # type: ignore[arg-type]
    return caught.value


POSES = {
    "head first supine": ((1, 0, 0), (0, 1, 0), "LPH"),
    "head first prone": ((-1, 0, 0), (0, -1, 0), "RAH"),
    "feet first supine": ((-1, 0, 0), (0, 1, 0), "RPF"),
    "feet first prone": ((1, 0, 0), (0, -1, 0), "LAF"),
    "decubitus left": ((0, -1, 0), (1, 0, 0), "ALH"),
    "decubitus right": ((0, 1, 0), (-1, 0, 0), "PRH"),
    "sagittal": ((0, 1, 0), (0, 0, -1), "PFR"),
    "coronal": ((1, 0, 0), (0, 0, -1), "LFP"),
    "oblique": ((HALF, HALF, 0), (-0.5, 0.5, HALF), None),
}


@pytest.mark.parametrize("pose", POSES)
def test_every_sample_stands_where_its_slice_says_in_every_pose(pose: str, tmp_path: Path) -> None:
    row, column, letters = POSES[pose]
    normal = np.cross(row, column)
    slices = ct_series(5, step=2.0 * normal, axes=(row, column))
    save_all(slices, tmp_path)
    volume = read_image(tmp_path).value.volume
    for k, ds in enumerate(slices):
        for j, i in ((0, 0), (3, 5), (2, 1)):
            place = (
                np.array(ds.ImagePositionPatient, dtype=float)
                + i * ds.PixelSpacing[1] * np.array(ds.ImageOrientationPatient[:3], dtype=float)
                + j * ds.PixelSpacing[0] * np.array(ds.ImageOrientationPatient[3:], dtype=float)
            )
            found = volume.grid.index_ijk(place[None])[0]
            np.testing.assert_allclose(found, (i, j, k), atol=WITHIN_ROUNDING_MM)
            assert volume.values_kji[k, j, i] == int(ds.pixel_array[j, i]) - 1024
    if letters:
        assert "".join(orientation_letters(volume.grid)) == letters


@pytest.mark.parametrize("pose", ["head first supine", "feet first prone", "coronal", "oblique"])
def test_simpleitk_assembles_the_same_volume(pose: str, tmp_path: Path) -> None:
    row, column, _ = POSES[pose]
    save_all(ct_series(6, step=1.5 * np.cross(row, column), axes=(row, column)), tmp_path)
    volume = read_image(tmp_path).value.volume
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    theirs = reader.Execute()
    np.testing.assert_array_equal(volume.values_kji, SimpleITK.GetArrayFromImage(theirs))
    np.testing.assert_allclose(volume.grid.origin_lps_mm, theirs.GetOrigin(), atol=WITHIN_ROUNDING_MM)
    np.testing.assert_allclose(volume.grid.spacing_ijk_mm, theirs.GetSpacing(), atol=WITHIN_ROUNDING_MM)
    axes = volume.grid.steps_lps_mm.T / volume.grid.spacing_ijk_mm
    np.testing.assert_allclose(axes, np.reshape(theirs.GetDirection(), (3, 3)), atol=WITHIN_ROUNDING_MM)


@pytest.fixture(scope="module")
def lung(shared_data: Path) -> Reading[Image]:
    return read_image(shared_data / "ct-lung-lidc-0314")


def test_simpleitk_assembles_the_same_volume_from_real_scans(lung: Reading[Image], shared_data: Path) -> None:
    liver = read_image(shared_data / "ct-liver-3slice-seg" / "ct")
    for image, name in ((lung.value, "ct-lung-lidc-0314"), (liver.value, "ct-liver-3slice-seg/ct")):
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(shared_data / name)))
        theirs = reader.Execute()
        np.testing.assert_array_equal(image.volume.values_kji, SimpleITK.GetArrayFromImage(theirs))
        np.testing.assert_allclose(image.volume.grid.origin_lps_mm, theirs.GetOrigin(), atol=1e-4)
        np.testing.assert_allclose(image.volume.grid.spacing_ijk_mm, theirs.GetSpacing(), atol=1e-4)


def test_whose_and_what_an_image_is_comes_with_it(tmp_path: Path) -> None:
    slices = ct_series(3)
    save_all(slices, tmp_path)
    image = read_image(tmp_path).value
    assert (image.patient.identifier, image.patient.name, image.patient.sex) == ("P1", "Test^One", "F")
    assert image.reference.series_uid == SERIES
    assert image.reference.frame_uid == image.volume.frame_uid == FRAME
    assert image.reference.instance_uids == tuple(str(ds.SOPInstanceUID) for ds in slices)
    assert (image.description, image.study_description) == ("thin", "abdomen")
    assert image.acquired_at is not None
    assert image.acquired_at.isoformat() == "2026-01-02T03:04:05"
    assert image.volume.quantity is Quantity.HOUNSFIELD


def test_a_clean_series_has_no_deviations(tmp_path: Path) -> None:
    save_all(ct_series(4, spoil=_with_air), tmp_path)
    assert read_image(tmp_path).deviations == ()


def _with_air(ds: Dataset, _: int) -> None:
    pixels = np.frombuffer(ds.PixelData, dtype="<u2").copy()
    pixels[0] = 0
    ds.PixelData = pixels.tobytes()


def test_a_tilted_gantry_gives_a_sheared_grid(tmp_path: Path) -> None:
    cosine, sine = np.cos(np.radians(20)), np.sin(np.radians(20))

    def tilt(ds: Dataset, _: int) -> None:
        ds.GantryDetectorTilt = "20"

    save_all(ct_series(4, axes=((1, 0, 0), (0, cosine, -sine)), step=(0, 0, 3), spoil=tilt), tmp_path)
    reading = read_image(tmp_path)
    grid = reading.value.volume.grid
    assert not grid.is_orthogonal
    np.testing.assert_allclose(grid.steps_lps_mm[2], (0, 0, 3), atol=1e-9)
    assert grid.voxel_volume_mm3 == pytest.approx(0.75 * 0.5 * 3 * cosine, rel=1e-8)
    assert "dicom.tilt-unstated" not in codes(reading)


def test_a_displacement_no_tilt_explains_is_named(tmp_path: Path) -> None:
    save_all(ct_series(4, step=(0.5, 0, 2)), tmp_path)
    assert "dicom.tilt-unstated" in codes(read_image(tmp_path))


def test_the_real_tilted_phantom_is_sheared_by_its_stated_angle(shared_data: Path) -> None:
    grid = read_image(shared_data / "ct-gantry-tilt-phantom").value.volume.grid
    step = grid.steps_lps_mm[2]
    normal = np.cross(grid.steps_lps_mm[0], grid.steps_lps_mm[1])
    angle = np.degrees(np.arccos(step @ normal / np.linalg.norm(step) / np.linalg.norm(normal)))
    assert angle == pytest.approx(16.5, abs=0.01)
    assert np.linalg.norm(step) == pytest.approx(2.5, abs=1e-4)


# --- scale and samples ------------------------------------------------------------------------------------------------


def test_each_slice_is_scaled_by_its_own_slope(tmp_path: Path) -> None:
    def rescale(ds: Dataset, k: int) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = str(k + 1), str(-1000 - k)

    save_all(ct_series(3, spoil=rescale), tmp_path)
    reading = read_image(tmp_path)
    expected = stored_values(3) * np.array([1, 2, 3])[:, None, None] + np.array([-1000, -1001, -1002])[:, None, None]
    np.testing.assert_array_equal(reading.value.volume.values_kji, expected)
    assert "dicom.rescale-varies" in codes(reading)


def test_fractional_slopes_are_not_rounded(tmp_path: Path) -> None:
    def rescale(ds: Dataset, _: int) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = "0.1", "-1024.3"

    save_all(ct_series(3, spoil=rescale), tmp_path)
    values = read_image(tmp_path).value.volume.values_kji
    np.testing.assert_array_equal(values, stored_values(3) * 0.1 + -1024.3)


@pytest.mark.parametrize(
    ("bits", "high", "signed", "raw", "expected"),
    [
        (16, 15, 1, [0xFFFF, 0x8000, 0x7FFF], [-1, -32768, 32767]),
        (16, 15, 0, [0xFFFF, 0x8000, 0], [65535, 32768, 0]),
        (12, 11, 1, [0x0FFF, 0x0800, 0x07FF], [-1, -2048, 2047]),
        (12, 15, 0, [0xFFF0, 0x0010, 0x000F], [4095, 1, 0]),
        (12, 15, 1, [0xFFF0, 0x0010, 0x8000], [-1, 1, -2048]),
        (12, 11, 0, [0xF123, 0x0FFF, 0], [0x123, 0xFFF, 0]),
    ],
)
def test_samples_are_taken_from_their_own_bits(
    bits: int, high: int, signed: int, raw: list[int], expected: list[int], tmp_path: Path
) -> None:
    ds = ct_slice(0, stored=np.array([raw], dtype=np.uint16))
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.RescaleIntercept = bits, high, signed, "0"
    reading = read_image(save(ds, tmp_path / "one"))
    assert reading.value.volume.values_kji.ravel().tolist() == expected
    assert ("dicom.bits-above-stored" in codes(reading)) == (raw[0] == 0xF123)


def test_eight_bit_samples_are_read(tmp_path: Path) -> None:
    ds = ct_slice(0)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = bytes(range(ds.Rows * ds.Columns))
    ds["PixelData"].VR = "OB"
    assert read_image(save(ds, tmp_path / "one")).value.volume.values_kji.ravel().tolist() == list(range(-1024, -1000))


def test_padding_that_reads_as_tissue_is_made_air(tmp_path: Path) -> None:
    stored = stored_values(1)[0]
    stored[0, :2] = 4000
    ds = ct_slice(0, stored=stored)
    ds.add_new(0x00280120, "US", 4000)
    reading = read_image(save(ds, tmp_path / "one"))
    assert reading.value.volume.values_kji[0, 0, :3].tolist() == [-1024, -1024, 2 - 1024]
    assert "dicom.padding-made-air" in codes(reading)


def test_padding_below_air_is_left_as_it_is(tmp_path: Path) -> None:
    stored = stored_values(1)[0].astype(np.int16)
    stored[0, 0] = -2000
    ds = ct_slice(0, stored=stored.view(np.uint16))
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 15, 1
    ds.add_new(0x00280120, "SS", -2000)
    reading = read_image(save(ds, tmp_path / "one"))
    assert reading.value.volume.values_kji[0, 0, 0] == -3024
    assert "dicom.padding-made-air" not in codes(reading)


def test_inverted_display_leaves_values_alone_and_is_named(tmp_path: Path) -> None:
    def invert(ds: Dataset, _: int) -> None:
        ds.PhotometricInterpretation = "MONOCHROME1"

    save_all(ct_series(3, spoil=invert), tmp_path)
    reading = read_image(tmp_path)
    np.testing.assert_array_equal(reading.value.volume.values_kji, stored_values(3).astype(int) - 1024)
    assert "dicom.monochrome1" in codes(reading)


def test_a_scan_without_air_is_named(tmp_path: Path) -> None:
    def no_offset(ds: Dataset, _: int) -> None:
        ds.RescaleIntercept = "0"

    save_all(ct_series(3, spoil=no_offset), tmp_path)
    assert "dicom.no-air" in codes(read_image(tmp_path))


def test_a_ct_without_scale_is_refused(tmp_path: Path) -> None:
    def no_scale(ds: Dataset, _: int) -> None:
        del ds.RescaleIntercept

    paths = save_all(ct_series(3, spoil=no_scale), tmp_path)
    assert refusal(paths).code == "dicom.ct-without-scale"


def test_a_ct_of_another_unit_is_refused_unless_told(tmp_path: Path) -> None:
    def electron_density(ds: Dataset, _: int) -> None:
        ds.RescaleType = "ED"

    save_all(ct_series(3, spoil=electron_density), tmp_path)
    assert refusal(tmp_path).code == "dicom.not-hounsfield"
    told = read_image(tmp_path, tolerated={Tolerance.UNIT_TAKEN_AS_HU})
    assert "dicom.unit-taken-as-hu" in codes(told)


def test_mr_is_read_as_signal_without_a_scale(tmp_path: Path) -> None:
    def mr(ds: Dataset, _: int) -> None:
        for keyword in ("RescaleSlope", "RescaleIntercept", "KVP", "ConvolutionKernel"):
            del ds[keyword]
        ds.EchoTime = "90"

    save_all(ct_series(3, sop_class=MR_IMAGE, spoil=mr), tmp_path)
    image = read_image(tmp_path).value
    assert image.volume.quantity is Quantity.MR_SIGNAL
    assert image.reference.modality == "MR"
    np.testing.assert_array_equal(image.volume.values_kji, stored_values(3))


# --- faults of the stack ----------------------------------------------------------------------------------------------


def test_a_missing_slice_is_refused_with_its_position(tmp_path: Path) -> None:
    slices = ct_series(6)
    save_all(slices[:2] + slices[3:], tmp_path)
    error = refusal(tmp_path)
    assert isinstance(error, RefusedObject)
    assert error.code == "dicom.slices-missing"
    assert "z = 34.00" in str(error)


def test_missing_slices_may_be_interpolated_and_are_named(tmp_path: Path) -> None:
    slices = ct_series(6)
    save_all(slices[:2] + slices[3:], tmp_path)
    reading = read_image(tmp_path, tolerated={Tolerance.GAPS_INTERPOLATED})
    assert "dicom.slices-interpolated" in codes(reading)
    np.testing.assert_array_equal(reading.value.volume.values_kji, stored_values(6).astype(int) - 1024)
    assert len(reading.value.reference.instance_uids) == 6


def test_two_slices_missing_of_many_are_both_named(tmp_path: Path) -> None:
    slices = ct_series(12)
    save_all([each for k, each in enumerate(slices) if k not in (3, 8)], tmp_path)
    message = str(refusal(tmp_path))
    assert "z = 36.00" in message
    assert "z = 46.00" in message


def test_a_double_slice_is_refused_with_both_files(tmp_path: Path) -> None:
    slices = ct_series(5)
    again = ct_slice(9, position=list(slices[2].ImagePositionPatient))
    paths = save_all([*slices, again], tmp_path)
    error = refusal(tmp_path)
    assert error.code == "dicom.slices-double"
    assert paths[2].name in str(error)
    assert paths[5].name in str(error)
    kept = read_image(tmp_path, tolerated={Tolerance.DUPLICATES_FIRST_KEPT})
    np.testing.assert_array_equal(kept.value.volume.values_kji, stored_values(5).astype(int) - 1024)
    assert "dicom.double-slices-dropped" in codes(kept)


def test_a_copy_of_a_file_is_read_once_and_named(tmp_path: Path) -> None:
    paths = save_all(ct_series(4), tmp_path)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "again").write_bytes(paths[1].read_bytes())
    reading = read_image(tmp_path)
    assert reading.value.volume.grid.shape_kji[0] == 4
    assert "dicom.instance-twice" in codes(reading)


def test_a_change_of_spacing_is_refused_with_its_place(tmp_path: Path) -> None:
    heights = [0, 5, 10, 15, 17.5, 20, 22.5]
    save_all([ct_slice(k, position=(0, 0, z)) for k, z in enumerate(heights)], tmp_path)
    error = refusal(tmp_path)
    assert error.code in ("dicom.slices-uneven", "dicom.slices-missing")


def test_uneven_spacing_is_refused_and_may_be_interpolated(tmp_path: Path) -> None:
    heights = [0.0, 2.0, 4.0, 7.1, 9.3, 11.2]
    stored = [np.full((4, 6), 100 * z) for z in heights]
    slices = [ct_slice(k, position=(0, 0, z), stored=stored[k]) for k, z in enumerate(heights)]
    save_all(slices, tmp_path)
    assert refusal(tmp_path).code == "dicom.slices-uneven"
    reading = read_image(tmp_path, tolerated={Tolerance.GAPS_INTERPOLATED})
    volume = reading.value.volume
    z = volume.grid.origin_lps_mm[2] + np.arange(volume.grid.shape_kji[0]) * volume.grid.spacing_ijk_mm[2]
    np.testing.assert_allclose(volume.values_kji[:, 0, 0], 100 * z - 1024, atol=0.5)
    assert z[-1] == pytest.approx(11.2)
    assert "dicom.spacing-interpolated" in codes(reading)


def test_positions_rounded_to_tenths_are_placed_evenly_and_named(tmp_path: Path) -> None:
    save_all([ct_slice(k, position=(0, 0, round(0.625 * k, 1))) for k in range(9)], tmp_path)
    reading = read_image(tmp_path)
    assert reading.value.volume.grid.spacing_ijk_mm[2] == pytest.approx(0.625, abs=0.01)
    assert "dicom.positions-rounded" in codes(reading)


def test_slices_off_one_line_are_refused(tmp_path: Path) -> None:
    def shift(ds: Dataset, k: int) -> None:
        if k == 2:
            ds.ImagePositionPatient = [-8, -20, ds.ImagePositionPatient[2]]

    save_all(ct_series(5, spoil=shift), tmp_path)
    assert refusal(tmp_path).code == "dicom.slices-not-in-line"


def test_a_single_slice_takes_its_thickness_and_says_so(tmp_path: Path) -> None:
    reading = read_image(save(ct_slice(0), tmp_path / "one"))
    assert reading.value.volume.grid.spacing_ijk_mm == (0.5, 0.75, 2.0)
    assert "dicom.single-slice" in codes(reading)


def test_a_wrong_patient_among_slices_is_refused_without_a_name(tmp_path: Path) -> None:
    def other(ds: Dataset, k: int) -> None:
        if k == 3:
            ds.PatientID, ds.PatientName = "P2", "Secret^Person"

    save_all(ct_series(5, spoil=other), tmp_path)
    error = refusal(tmp_path)
    assert error.code == "dicom.patients-mixed"
    assert "P2" in str(error)
    assert "Secret" not in str(error)


# --- choices ----------------------------------------------------------------------------------------------------------


def test_several_series_are_asked_about_and_can_be_chosen(tmp_path: Path) -> None:
    def second(ds: Dataset, _: int) -> None:
        ds.SeriesInstanceUID, ds.SeriesDescription = f"{SERIES}.9", "bone"

    save_all(ct_series(3), tmp_path / "a")
    save_all(ct_series(4, spoil=second), tmp_path / "b")
    error = refusal(tmp_path)
    assert isinstance(error, ChoiceNeeded)
    assert SERIES in str(error)
    assert "bone" in str(error)
    assert read_image(tmp_path, series_uid=f"{SERIES}.9").value.volume.grid.shape_kji[0] == 4
    assert refusal(tmp_path, series_uid="1.2.3").code == "dicom.no-such-series"


def test_two_acquisitions_at_the_same_places_are_asked_about(tmp_path: Path) -> None:
    slices = ct_series(4)
    for k, ds in enumerate(ct_series(4)):
        ds.AcquisitionNumber, ds.InstanceNumber = 2, 10 + k
        ds.SOPInstanceUID = f"{SERIES}.5.{k}"
        slices.append(ds)
    save_all(slices, tmp_path)
    error = refusal(tmp_path)
    assert error.code == "dicom.several-stacks"
    assert "AcquisitionNumber 2" in str(error)
    assert read_image(tmp_path, stack=1).value.volume.grid.shape_kji[0] == 4
    assert read_image(tmp_path, stack=2).value.volume.grid.shape_kji[0] == 4
    assert refusal(tmp_path, stack=3).code == "dicom.no-such-stack"


def test_interleaved_acquisitions_are_asked_about(tmp_path: Path) -> None:
    def alternate(ds: Dataset, k: int) -> None:
        ds.AcquisitionNumber = 1 + k % 2

    save_all(ct_series(8, spoil=alternate), tmp_path)
    assert refusal(tmp_path).code == "dicom.several-stacks"


def test_acquisitions_one_after_the_other_are_one_volume(tmp_path: Path) -> None:
    def halves(ds: Dataset, k: int) -> None:
        ds.AcquisitionNumber = 1 + k // 4

    save_all(ct_series(8, spoil=halves), tmp_path)
    assert read_image(tmp_path).value.volume.grid.shape_kji[0] == 8


def test_a_copy_sent_under_new_uids_is_told_apart_by_its_numbers(tmp_path: Path) -> None:
    slices = ct_series(4)
    for k, ds in enumerate(ct_series(4)):
        ds.InstanceNumber, ds.SOPInstanceUID = 5 + k, f"{SERIES}.6.{k}"
        slices.append(ds)
    save_all(slices, tmp_path)
    error = refusal(tmp_path)
    assert error.code == "dicom.several-stacks"
    assert "InstanceNumber 5…8" in str(error)


def test_another_kernel_or_orientation_in_a_series_is_asked_about(tmp_path: Path) -> None:
    def kernels(ds: Dataset, k: int) -> None:
        ds.ConvolutionKernel = "B30" if k < 3 else "B60"

    save_all(ct_series(6, spoil=kernels), tmp_path / "kernels")
    assert "ConvolutionKernel B60" in str(refusal(tmp_path / "kernels"))
    mixed = ct_series(4) + ct_series(3, axes=((0, 1, 0), (0, 0, -1)), step=(-2, 0, 0), start=(5, 5, 5))
    save_all(mixed, tmp_path / "planes")
    assert refusal(tmp_path / "planes").code == "dicom.several-stacks"
    assert read_image(tmp_path / "planes", stack=2).value.volume.grid.shape_kji[0] == 3


def test_localizers_are_left_out_and_named(tmp_path: Path) -> None:
    scout = ct_slice(0, axes=((1, 0, 0), (0, 0, -1)))
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    save_all([*ct_series(4), scout], tmp_path / "same")
    reading = read_image(tmp_path / "same")
    assert reading.value.volume.grid.shape_kji[0] == 4
    assert "dicom.localizers-left-out" in codes(reading)
    scout.SeriesInstanceUID = f"{SERIES}.3"
    save_all([*ct_series(4), scout], tmp_path / "apart")
    assert read_image(tmp_path / "apart").value.volume.grid.shape_kji[0] == 4
    save_all([scout], tmp_path / "alone")
    assert refusal(tmp_path / "alone").code == "dicom.only-localizers"


# --- contradictions ---------------------------------------------------------------------------------------------------


def test_letters_that_swap_left_and_right_are_refused(tmp_path: Path) -> None:
    def swapped(ds: Dataset, _: int) -> None:
        ds.PatientOrientation = ["R", "P"]

    save_all(ct_series(3, spoil=swapped), tmp_path)
    error = refusal(tmp_path)
    assert error.code == "dicom.orientation-contradicts"
    told = read_image(tmp_path, tolerated={Tolerance.ORIENTATION_LETTERS_IGNORED})
    assert "dicom.orientation-letters-ignored" in codes(told)


def test_letters_that_agree_pass(tmp_path: Path) -> None:
    def right(ds: Dataset, _: int) -> None:
        ds.PatientOrientation = ["L", "PF"]

    axes = ((1, 0, 0), (0, 0.9, -((1 - 0.81) ** 0.5)))
    save_all(ct_series(3, axes=axes, step=np.cross(*axes), spoil=right), tmp_path)
    assert "dicom.orientation-letters-ignored" not in codes(read_image(tmp_path))


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("PatientPosition", "FFP", "dicom.patient-position-unusual"),
        ("PatientPosition", "FFS", None),
        ("PatientPosition", "", "dicom.patient-position-absent"),
        ("FrameOfReferenceUID", "", "dicom.frame-absent"),
        ("SpacingBetweenSlices", "1", "dicom.spacing-contradicts"),
        ("PatientID", "", "dicom.patient-id-absent"),
        ("PatientBirthDate", "", None),
    ],
)
def test_what_is_absent_or_odd_in_a_series_is_named(keyword: str, value: str, code: str | None, tmp_path: Path) -> None:
    def spoil(ds: Dataset, _: int) -> None:
        setattr(ds, keyword, value)

    save_all(ct_series(3, spoil=spoil), tmp_path)
    found = codes(read_image(tmp_path)) - {"dicom.no-air"}
    assert found == ({code} if code else set())


def test_positions_count_not_instance_numbers(tmp_path: Path) -> None:
    def renumber(ds: Dataset, k: int) -> None:
        ds.InstanceNumber = (3, 1, 4, 2)[k]

    save_all(ct_series(4, spoil=renumber), tmp_path)
    reading = read_image(tmp_path)
    np.testing.assert_array_equal(reading.value.volume.values_kji, stored_values(4).astype(int) - 1024)
    assert "dicom.instance-numbers-out-of-order" in codes(reading)


def test_a_frame_of_reference_for_each_slice_is_named_and_shared_with_nobody(lung: Reading[Image]) -> None:
    assert "dicom.frame-for-each-slice" in codes(lung)
    assert lung.value.volume.frame_uid.startswith("2.25.")


def test_two_frames_of_reference_are_asked_about(tmp_path: Path) -> None:
    def frames(ds: Dataset, k: int) -> None:
        ds.FrameOfReferenceUID = f"{FRAME}.{k // 3}"

    save_all(ct_series(6, spoil=frames), tmp_path)
    assert refusal(tmp_path).code == "dicom.several-stacks"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
        ("ImageOrientationPatient", None),
        ("ImagePositionPatient", None),
        ("PixelSpacing", [0, 1]),
        ("PixelSpacing", None),
        ("Rows", 0),
        ("BitsStored", 17),
        ("PhotometricInterpretation", "RGB"),
        ("RescaleSlope", "0"),
        ("SOPInstanceUID", None),
        ("PixelRepresentation", 7),
    ],
)
def test_what_an_image_cannot_do_without_is_refused(keyword: str, value: object, tmp_path: Path) -> None:
    ds = ct_slice(0)
    setattr(ds, keyword, value)
    error = refusal(save(ds, tmp_path / "one"))
    assert isinstance(error, RefusedObject)
    assert keyword in str(error) or "Bits" in str(error)


def test_slices_turned_by_less_than_another_stack_are_named(tmp_path: Path) -> None:
    def turn(ds: Dataset, k: int) -> None:
        angle = 4e-4 * k
        ds.ImageOrientationPatient = [np.cos(angle), np.sin(angle), 0, -np.sin(angle), np.cos(angle), 0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_all(ct_series(3, spoil=turn), tmp_path)
    assert "dicom.orientation-varies" in codes(read_image(tmp_path))


def test_a_mosaic_is_refused(tmp_path: Path) -> None:
    ds = ct_slice(0, sop_class=MR_IMAGE)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]
    assert refusal(save(ds, tmp_path / "one")).code == "dicom.mosaic"


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_frames_are_read_one_by_one(syntax: str, tmp_path: Path) -> None:
    stored = np.tile(stored_values(4), (1, 16, 12))
    ds = enhanced(4, stored=stored)
    ds.compress(syntax, generate_instance_uid=False)
    values = read_image(save(ds, tmp_path / "multi")).value.volume.values_kji
    np.testing.assert_array_equal(values, stored.astype(int) - 1024)


def test_a_codestream_of_another_size_is_refused(tmp_path: Path) -> None:
    ds = ct_slice(0, stored=np.tile(stored_values(1)[0], (16, 12)))
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    path = save(ds, tmp_path / "one")
    path.write_bytes(path.read_bytes().replace(b"\xff\xf7\x00\x0b\x0c\x00\x40", b"\xff\xf7\x00\x0b\x0c\xff\xff", 1))
    assert refusal(path).code == "dicom.codestream-size"


# --- multi-frame ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sop_class", [ENHANCED_CT, ENHANCED_MR])
def test_an_enhanced_image_is_read_as_its_slices_would_be(sop_class: str, tmp_path: Path) -> None:
    save(enhanced(4, sop_class=sop_class), tmp_path / "multi")
    image = read_image(tmp_path).value
    np.testing.assert_array_equal(image.volume.values_kji, stored_values(4).astype(int) - 1024)
    np.testing.assert_allclose(image.volume.grid.steps_lps_mm, np.diag([0.5, 0.75, 2.0]))
    assert len(image.reference.instance_uids) == 1


def test_frames_in_any_order_are_sorted_by_position(tmp_path: Path) -> None:
    order = [2, 0, 3, 1]
    places = [(-10.0, -20.0, 30.0 + 2 * k) for k in order]
    save(enhanced(4, positions=places, stored=stored_values(4)[order]), tmp_path / "multi")
    values = read_image(tmp_path).value.volume.values_kji
    np.testing.assert_array_equal(values, stored_values(4).astype(int) - 1024)


def test_time_points_of_a_multi_frame_image_are_asked_about(tmp_path: Path) -> None:
    contents = [item(StackID="1", InStackPositionNumber=1 + k % 3, TemporalPositionIndex=1 + k // 3) for k in range(6)]
    places = [(-10.0, -20.0, 30.0 + 2 * (k % 3)) for k in range(6)]
    save(enhanced(6, contents=contents, positions=places), tmp_path / "multi")
    error = refusal(tmp_path)
    assert error.code == "dicom.several-stacks"
    assert "TemporalPositionIndex 2" in str(error)
    second = read_image(tmp_path, stack=2).value.volume.values_kji
    np.testing.assert_array_equal(second, stored_values(6)[3:].astype(int) - 1024)


def test_a_perfusion_map_is_not_taken_for_hounsfield_units(shared_data: Path) -> None:
    path = shared_data / "dicom-enhanced" / "eCT_Supplemental.dcm"
    assert refusal(path).code == "dicom.not-hounsfield"
    reading = read_image(path, tolerated={Tolerance.UNIT_TAKEN_AS_HU})
    grid = reading.value.volume.grid
    assert grid.shape_kji == (2, 512, 512)
    assert orientation_letters(grid) == ("R", "P", "F")
    assert grid.origin_lps_mm.tolist() == [99.5, -301.5, -149.0]


def test_frames_without_a_place_are_refused(shared_data: Path) -> None:
    assert refusal(shared_data / "dicom-enhanced" / "emri_small.dcm").code == "dicom.frames-undescribed"


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RLE", "JPLL", "JLSL", "J2KR"])
def test_lossless_compression_gives_the_same_values(kind: str, shared_data: Path) -> None:
    folder = shared_data / "dicom-transfer-syntaxes"
    plain = read_image(folder / "CT1_UNC.dcm")
    packed = read_image(folder / f"CT1_{kind}.dcm")
    np.testing.assert_array_equal(packed.value.volume.values_kji, plain.value.volume.values_kji)
    assert "dicom.lossy" not in codes(packed)


@pytest.mark.parametrize(("kind", "greatest_hu"), [("JLSN", 10), ("J2KI", 1500)])
def test_lossy_compression_is_named(kind: str, greatest_hu: int, shared_data: Path) -> None:
    folder = shared_data / "dicom-transfer-syntaxes"
    plain = read_image(folder / "CT1_UNC.dcm").value.volume.values_kji.astype(int)
    packed = read_image(folder / f"CT1_{kind}.dcm")
    difference = np.abs(packed.value.volume.values_kji - plain)
    assert 0 < difference.max() < greatest_hu
    assert np.median(difference) < 20
    assert "dicom.lossy" in codes(packed)


def test_big_endian_deflated_and_jpeg_lossless_give_the_same_values(shared_data: Path) -> None:
    folder = shared_data / "dicom-transfer-syntaxes"
    first, *others = (read_image(path).value.volume for path in sorted(folder.glob("CTImage_*")))
    assert first.values_kji.min() == -3024
    for other in others:
        np.testing.assert_array_equal(other.values_kji, first.values_kji)


def test_an_unknown_transfer_syntax_is_refused_by_name(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    data = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0", 1)
    path.write_bytes(data)
    assert refusal(path).code == "dicom.syntax-unknown"


# --- damage -----------------------------------------------------------------------------------------------------------


def test_pixels_cut_short_are_refused(tmp_path: Path) -> None:
    path = save(ct_slice(0), tmp_path / "one")
    path.write_bytes(path.read_bytes()[:-10])
    assert refusal(path).code == "dicom.pixels-truncated"


def test_more_rows_than_pixels_are_refused(tmp_path: Path) -> None:
    ds = ct_slice(0)
    ds.Rows = 60000
    assert refusal(save(ds, tmp_path / "one")).code == "dicom.pixels-too-few"


def test_more_voxels_than_allowed_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    ds = ct_slice(0)
    ds.Rows, ds.Columns = 65535, 65535
    error = refusal(save(ds, tmp_path / "one"))
    assert error.code == "dicom.image-too-large"
    save_all(ct_series(4), tmp_path / "series")
    assert refusal(tmp_path / "series", budget_bytes=100).code in ("dicom.image-too-large", "dicom.no-image")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    error = refusal(tmp_path)
    assert isinstance(error, UnreadableFile)
    assert error.code == "dicom.no-image"
    assert refusal(tmp_path / "nowhere").code == "dicom.no-such-path"


def test_a_damaged_file_in_a_folder_is_left_out_and_named_but_refused_where_asked_for(tmp_path: Path) -> None:
    save_all(ct_series(4), tmp_path)
    bad = tmp_path / "bad.dcm"
    bad.write_bytes((tmp_path / "im000").read_bytes()[:300])
    reading = read_image(tmp_path)
    named = [deviation for deviation in reading.deviations if deviation.where == "bad.dcm"]
    assert "dicom.file-left-out" in {deviation.message.code for deviation in named}
    assert isinstance(refusal(bad), DicomError)

"""Doses as other systems write them: any pose, both forms of frame offsets, 16 and 32 bits, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, RLELossless

from strategies import foreign_rt as foreign
from trocar.dicom.rtdose import read_dose, read_relative_dose
from trocar.errors import RefusedObject, TrocarError, UnreadableFile
from trocar.geometry.affine import apply_affine
from trocar.geometry.volume import Quantity
from trocar.results.dose import Dose, DoseKind
from trocar.results.findings import Reading

STORED = np.arange(24, dtype=np.uint16).reshape(4, 3, 2) * 100
HEAD_FIRST_PRONE = (-1, 0, 0, 0, -1, 0)
FEET_FIRST = (-1, 0, 0, 0, 1, 0)


def read(dose: Dataset, tmp_path: Path) -> Reading[Dose]:
    return read_dose(foreign.saved(dose, tmp_path / "dose.dcm"))


def codes(reading: Reading[Dose]) -> set[str]:
    return {each.message.code for each in reading.deviations}


def refusal(dose: Dataset, tmp_path: Path) -> str:
    with pytest.raises(TrocarError) as caught:
        read(dose, tmp_path)
    return caught.value.code


def centres(reading: Reading[Dose], index_ijk: tuple[int, int, int]) -> list[float]:
    matrix = reading.value.volume.grid.lps_from_ijk
    point: list[float] = apply_affine(matrix, np.array(index_ijk, dtype=np.float64)).tolist()
    return point


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_numbers_are_stored_values_times_the_scaling(dtype: type, tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED.astype(dtype)), tmp_path)
    dose = reading.value
    assert dose.volume.values_kji == pytest.approx(STORED * 0.01, rel=1e-6)
    assert (dose.kind, dose.patient_id, dose.plan_uid) == (DoseKind.TOTAL, "P1", "1.2.3.7")
    assert (dose.volume.quantity, dose.volume.frame_uid) == (Quantity.DOSE_GY, foreign.FRAME)
    assert reading.deviations == ()


def test_big_32_bit_values_do_not_turn_negative(tmp_path: Path) -> None:
    stored = np.full((2, 2, 2), 2**32 - 1, dtype=np.uint32)
    assert read(foreign.dose(stored), tmp_path).value.volume.values_kji.min() == pytest.approx((2**32 - 1) * 0.01)


def test_offsets_from_nought_count_along_the_frames_normal(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED), tmp_path)
    assert centres(reading, (0, 0, 0)) == [1, 2, 3]
    assert centres(reading, (1, 2, 3)) == pytest.approx([1 + 2, 2 + 6, 3 + 7.5])


def test_negative_offsets_lead_to_the_feet(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, offsets=[0, -2.5, -5, -7.5]), tmp_path)
    assert centres(reading, (0, 0, 3)) == pytest.approx([1, 2, 3 - 7.5])
    assert reading.deviations == ()


def test_offsets_from_the_first_z_are_patient_coordinates(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, offsets=[3, 5.5, 8, 10.5]), tmp_path)
    assert centres(reading, (0, 0, 3)) == pytest.approx([1, 2, 10.5])
    assert reading.deviations == ()


def test_patient_coordinates_are_kept_where_the_normal_points_to_the_feet(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, offsets=[3, 5.5, 8, 10.5], orientation=FEET_FIRST), tmp_path)
    assert centres(reading, (1, 0, 3)) == pytest.approx([1 - 2, 2, 10.5])


def test_offsets_from_nought_follow_a_normal_that_points_to_the_feet(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, orientation=FEET_FIRST), tmp_path)
    assert centres(reading, (0, 0, 3)) == pytest.approx([1, 2, 3 - 7.5])


def test_prone_rows_and_columns_run_the_other_way(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, orientation=HEAD_FIRST_PRONE), tmp_path)
    assert centres(reading, (1, 1, 1)) == pytest.approx([1 - 2, 2 - 3, 3 + 2.5])


def test_a_first_frame_at_z_nought_with_a_normal_to_the_feet_is_named_as_ambiguous(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, position=(1, 2, 0), orientation=FEET_FIRST), tmp_path)
    assert centres(reading, (0, 0, 1)) == pytest.approx([1, 2, -2.5])
    assert codes(reading) == {"rtdose.offsets-ambiguous"}
    assert codes(read(foreign.dose(STORED, position=(1, 2, 0)), tmp_path)) == set()


def test_a_tilted_grid_steps_along_its_normal(tmp_path: Path) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    reading = read(foreign.dose(STORED, orientation=(1, 0, 0, 0, round(c, 12), round(s, 12))), tmp_path)
    assert centres(reading, (0, 0, 2)) == pytest.approx([1, 2 - 5 * s, 3 + 5 * c])
    assert reading.value.volume.grid.is_orthogonal


def test_a_tilted_grid_cannot_state_patient_coordinates(tmp_path: Path) -> None:
    dose = foreign.dose(STORED, offsets=[3, 5.5, 8, 10.5], orientation=(1, 0, 0, 0, 0.8, 0.6))
    assert refusal(dose, tmp_path) == "rtdose.offsets-unclear"


def test_offsets_that_start_elsewhere_are_refused(tmp_path: Path) -> None:
    assert refusal(foreign.dose(STORED, offsets=[1, 3.5, 6, 8.5]), tmp_path) == "rtdose.offsets-unclear"


@pytest.mark.parametrize("offsets", [[0, 2.5, 5, 8], [0, 2.5, 2.5, 5], [0, 5, 2.5, 7.5], [0, 0, 0, 0]])
def test_frames_at_unequal_distances_are_refused(offsets: list[float], tmp_path: Path) -> None:
    assert refusal(foreign.dose(STORED, offsets=offsets), tmp_path) == "rtdose.frames-uneven"


def test_offsets_rounded_to_hundredths_are_placed_evenly_and_named(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, offsets=[0, 1.03, 2.05, 3.08]), tmp_path)
    assert codes(reading) == {"rtdose.frames-slightly-uneven"}
    assert codes(read(foreign.dose(STORED, offsets=[0, 1.026, 2.053, 3.079]), tmp_path)) == set()


def test_missing_offsets_are_refused(tmp_path: Path) -> None:
    assert refusal(foreign.dose(STORED, offsets=[0, 2.5, 5]), tmp_path) == "rtdose.offsets-missing"
    assert refusal(foreign.dose(STORED, GridFrameOffsetVector=None), tmp_path) == "rtdose.offsets-missing"


def test_a_single_plane_needs_its_thickness(tmp_path: Path) -> None:
    assert refusal(foreign.dose(STORED[:1]), tmp_path) == "rtdose.plane-without-thickness"
    reading = read(foreign.dose(STORED[:1], SliceThickness=4), tmp_path)
    assert reading.value.volume.grid.spacing_ijk_mm == pytest.approx((2, 3, 4))


def test_relative_dose_is_refused_as_gray_and_read_as_relative(tmp_path: Path) -> None:
    dose = foreign.dose(STORED, DoseUnits="RELATIVE")
    assert refusal(dose, tmp_path) == "rtdose.relative"
    reading = read_relative_dose(tmp_path / "dose.dcm")
    assert reading.value.volume.quantity is Quantity.RELATIVE_DOSE
    with pytest.raises(RefusedObject):
        read_relative_dose(foreign.saved(foreign.dose(STORED), tmp_path / "gray.dcm"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"DoseType": "EFFECTIVE"}, "rtdose.effective"),
        ({"DoseType": "ERROR"}, "rtdose.error-map"),
        ({"DoseType": "GUESSED"}, "dicom.attribute-invalid"),
        ({"DoseType": None}, "dicom.attribute-missing"),
        ({"DoseUnits": "CGY"}, "dicom.attribute-invalid"),
        ({"DoseUnits": None}, "dicom.attribute-missing"),
        ({"DoseGridScaling": 0}, "rtdose.scaling-invalid"),
        ({"DoseGridScaling": -0.1}, "rtdose.scaling-invalid"),
        ({"DoseGridScaling": None}, "dicom.attribute-missing"),
        ({"PixelSpacing": [0, 1]}, "dicom.attribute-invalid"),
        ({"PixelSpacing": None}, "dicom.attribute-missing"),
        ({"ImagePositionPatient": None}, "dicom.attribute-missing"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 2, 0]}, "dicom.attribute-invalid"),
        ({"ImageOrientationPatient": [1, 0, 0, 0.6, 0.8, 0]}, "dicom.attribute-invalid"),
        ({"BitsStored": 12}, "dicom.attribute-invalid"),
        ({"SamplesPerPixel": 3}, "dicom.attribute-invalid"),
        ({"FrameOfReferenceUID": ""}, "rt.frame-missing"),
        ({"Rows": None}, "rtdose.no-grid"),
        ({"PixelData": None}, "rtdose.no-grid"),
        ({"PixelData": b"\0\0"}, "dicom.truncated"),
        ({"NumberOfFrames": 1_000_000_000}, "rtdose.offsets-missing"),
    ],
)
def test_what_is_missing_or_contradictory_is_refused(changed: dict[str, object], code: str, tmp_path: Path) -> None:
    assert refusal(foreign.dose(STORED, **changed), tmp_path) == code


def test_a_grid_larger_than_memory_allows_is_refused_before_it_is_made(tmp_path: Path) -> None:
    path = foreign.saved(foreign.dose(STORED[:1], Rows=65535, Columns=65535, SliceThickness=1), tmp_path / "dose.dcm")
    with pytest.raises(UnreadableFile) as caught:
        read_dose(path)
    assert caught.value.code == "dicom.too-large"


def test_a_structure_set_is_no_dose(tmp_path: Path) -> None:
    assert refusal(foreign.structure_set({"CTV": [foreign.contour()]}), tmp_path) == "rt.other-object"


@pytest.mark.parametrize(
    ("summation", "kind", "code"),
    [
        ("FRACTION", DoseKind.FRACTION, None),
        ("BRACHY", DoseKind.UNSTATED, "rtdose.part-of-plan"),
        ("BEAM", DoseKind.UNSTATED, "rtdose.part-of-plan"),
        ("MULTI_PLAN", DoseKind.UNSTATED, "rtdose.summation-unclear"),
        (None, DoseKind.UNSTATED, "rtdose.summation-unclear"),
    ],
)
def test_the_summation_type_tells_which_dose_it_is(
    summation: str | None, kind: DoseKind, code: str | None, tmp_path: Path
) -> None:
    reading = read(foreign.dose(STORED, DoseSummationType=summation), tmp_path)
    assert reading.value.kind is kind
    assert codes(reading) == ({code} if code else set())


def test_signed_and_negative_numbers_are_named(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED.astype(np.int16) - 50), tmp_path)
    assert reading.value.volume.values_kji.min() == pytest.approx(-0.5)
    assert codes(reading) == {"rtdose.signed", "rtdose.negative"}


def test_missing_and_several_plans_are_named(tmp_path: Path) -> None:
    lonely = read(foreign.dose(STORED, ReferencedRTPlanSequence=None), tmp_path)
    assert (lonely.value.plan_uid, codes(lonely)) == ("", {"rtdose.plan-not-named"})
    plans = [foreign.item(ReferencedSOPInstanceUID=uid) for uid in ("1.2", "1.3")]
    shared = read(foreign.dose(STORED, ReferencedRTPlanSequence=plans), tmp_path)
    assert (shared.value.plan_uid, codes(shared)) == ("1.2", {"rtdose.several-plans"})


def test_surplus_bytes_are_named(tmp_path: Path) -> None:
    reading = read(foreign.dose(STORED, PixelData=STORED.tobytes() + bytes(8)), tmp_path)
    assert codes(reading) == {"rtdose.surplus-bytes"}
    assert reading.value.volume.values_kji == pytest.approx(STORED * 0.01, rel=1e-6)


def test_a_dose_carried_over_from_other_images_is_named(tmp_path: Path) -> None:
    assert codes(read(foreign.dose(STORED, SpatialTransformOfDose="NON_RIGID"), tmp_path)) == {"rtdose.transformed"}


def test_compressed_and_big_endian_doses_are_read(tmp_path: Path) -> None:
    packed = foreign.dose(STORED)
    foreign.saved(packed, tmp_path / "plain.dcm")
    packed.compress(RLELossless, generate_instance_uid=False)
    packed.save_as(tmp_path / "rle.dcm", enforce_file_format=True)
    swapped = foreign.dose(STORED, PixelData=STORED.astype(">u2").tobytes())
    foreign.saved(swapped, tmp_path / "swapped.dcm")
    swapped.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    swapped.save_as(tmp_path / "swapped.dcm", implicit_vr=False, little_endian=False, enforce_file_format=True)
    for name in ("rle.dcm", "swapped.dcm"):
        assert read_dose(tmp_path / name).value.volume.values_kji == pytest.approx(STORED * 0.01, rel=1e-6), name


def test_a_frame_of_reference_can_be_told_but_not_contradicted(tmp_path: Path) -> None:
    path = foreign.saved(foreign.dose(STORED, FrameOfReferenceUID=""), tmp_path / "dose.dcm")
    assert read_dose(path, frame_uid="1.2.9").value.volume.frame_uid == "1.2.9"
    stated = foreign.saved(foreign.dose(STORED), tmp_path / "stated.dcm")
    with pytest.raises(RefusedObject) as caught:
        read_dose(stated, frame_uid="1.2.9")
    assert caught.value.code == "rt.frame-differs"

"""What must not be written is refused, and nothing is left behind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from trocar.dicom.private import CREATOR, GROUP
from trocar.dicom.rtdose import read_dose, write_dose
from trocar.dicom.rtplan import read_plan, write_plan
from trocar.dicom.rtstruct import write_structures
from trocar.errors import CatalogueError, DicomError, TrocarError
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose, DoseKind

AT = datetime(2026, 4, 5)
PATIENT = Patient(identifier="P1", name="Doe^Jane")
SQUARE = np.array([[0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5]], dtype=np.float64)
GRID = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))


def structures(**changed: Any) -> StructureSet:
    contour = Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=SQUARE)
    return StructureSet(
        label="Set",
        patient=PATIENT,
        frame_uid="1.2.3",
        structures=(replace(Structure(number=1, name="CTV", contours=(contour,)), **changed),),
    )


def plan(**changed: Any) -> ImplantPlan:
    strength = Strength(s_k_u=0.5, reference_at=datetime(2026, 3, 1))
    seed = Seed(position_lps_mm=np.zeros(3), axis_lps=None, source_model="I125_6711", strength=strength, needle=1)
    needle = Needle(number=1, entry_lps_mm=np.zeros(3), tip_lps_mm=np.ones(3))
    given = ImplantPlan(
        label="Plan", patient=PATIENT, frame_uid="1.2.3", implant_at=AT, seeds=(seed,), needles=(needle,)
    )
    return replace(given, **changed)


def dose(values: np.ndarray | None = None, grid: Grid = GRID, **changed: Any) -> Dose:
    quantity = changed.pop("quantity", Quantity.DOSE_GY)
    values = np.ones(grid.shape_kji) if values is None else values
    volume = Volume(grid=grid, values_kji=values, quantity=quantity, frame_uid="1.2.3")
    return replace(Dose(volume=volume, kind=DoseKind.TOTAL, patient_id="P1", plan_uid="1.2.7"), **changed)


def put_dose(given: Dose, path: Path) -> None:
    write_dose(given, path, patient=PATIENT, study_uid="1.2", at=AT)


def refused(write: Callable[[Path], object], folder: Path) -> str:
    """Return why nothing was written, having seen that an older file stands and nothing else lies beside it."""
    path = folder / "object.dcm"
    path.write_bytes(b"older")
    with pytest.raises(TrocarError) as caught:
        write(path)
    assert [each.name for each in folder.iterdir()] == ["object.dcm"]
    assert path.read_bytes() == b"older"
    return caught.value.code


@pytest.mark.parametrize("name", ["", " CTV", "CTV ", "a\\b", "line\nbreak", "x" * 65])
def test_names_that_dicom_cannot_hold_are_refused(name: str, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        write_structures(structures(name=name), path, at=AT, study_uid="1.2")

    assert refused(write, tmp_path) == "rt.text-not-writable"


@pytest.mark.parametrize("label", ["", "x" * 65])
def test_labels_that_dicom_cannot_hold_are_refused(label: str, tmp_path: Path) -> None:
    assert (
        refused(lambda path: write_plan(plan(label=label), path, at=AT, study_uid="1.2"), tmp_path)
        == "rt.text-not-writable"
    )


def test_a_study_has_to_be_known(tmp_path: Path) -> None:
    assert refused(lambda path: write_plan(plan(), path, at=AT), tmp_path) == "rt.study-unknown"
    assert refused(lambda path: write_structures(structures(), path, at=AT), tmp_path) == "rt.study-unknown"


def test_values_that_pydicom_will_not_take_are_refused(tmp_path: Path) -> None:
    bad_type = structures(interpreted_type="much too long for a code string")
    assert (
        refused(lambda path: write_structures(bad_type, path, at=AT, study_uid="1.2"), tmp_path)
        == "dicom.value-not-writable"
    )
    assert (
        refused(lambda path: write_plan(plan(), path, at=AT, study_uid="one"), tmp_path) == "dicom.value-not-writable"
    )
    huge = structures(number=2**31)
    assert (
        refused(lambda path: write_structures(huge, path, at=AT, study_uid="1.2"), tmp_path) == "rt.number-not-writable"
    )


def test_an_empty_structure_set_is_refused(tmp_path: Path) -> None:
    empty = replace(structures(), structures=())
    assert (
        refused(lambda path: write_structures(empty, path, at=AT, study_uid="1.2"), tmp_path)
        == "rtstruct.nothing-to-write"
    )


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        (ContourKind.CLOSED_PLANAR, SQUARE[:2]),
        (ContourKind.CLOSED_PLANAR, SQUARE + np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1]])),
        (ContourKind.POINT, SQUARE),
        (ContourKind.OPEN_PLANAR, SQUARE * 1e6),
    ],
)
def test_contours_that_are_not_what_they_are_called_are_refused(
    kind: ContourKind, points: np.ndarray, tmp_path: Path
) -> None:
    bad = structures(contours=(Contour(kind=kind, points_lps_mm=points),))
    assert (
        refused(lambda path: write_structures(bad, path, at=AT, study_uid="1.2"), tmp_path)
        == "rtstruct.contour-not-writable"
    )


def test_a_slice_cannot_be_quoted_without_its_series(tmp_path: Path) -> None:
    bad = structures(contours=(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=SQUARE, image_uid="1.2.9"),))
    assert (
        refused(lambda path: write_structures(bad, path, at=AT, study_uid="1.2"), tmp_path)
        == "rtstruct.slice-without-images"
    )


def test_a_source_outside_the_catalogue_is_refused(tmp_path: Path) -> None:
    bad = plan(seeds=(replace(plan().seeds[0], source_model="I125_nothing"),))
    with pytest.raises(CatalogueError):
        write_plan(bad, tmp_path / "plan.dcm", at=AT, study_uid="1.2")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["x" * 65, "a\\b"])
def test_a_target_that_dicom_cannot_hold_is_refused(target: str, tmp_path: Path) -> None:
    bad = plan(prescription=Prescription(dose_gy=145, target=target))
    assert refused(lambda path: write_plan(bad, path, at=AT, study_uid="1.2"), tmp_path) == "rt.text-not-writable"


SHEAR = np.array([[1, 0, 0], [0, 1, 0], [0, 0.3, 1]], dtype=np.float64)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (dose(patient_id="P2"), "rtdose.other-patient"),
        (dose(plan_uid=""), "rtdose.plan-needed"),
        (dose(kind=DoseKind.UNSTATED), "rtdose.kind-not-writable"),
        (dose(kind=DoseKind.RATE, quantity=Quantity.DOSE_RATE_GY_PER_H), "rtdose.kind-not-writable"),
        (dose(np.full((2, 2, 2), -1.0)), "rtdose.numbers-not-writable"),
        (dose(np.full((2, 2, 2), np.nan)), "rtdose.numbers-not-writable"),
        (dose(np.full((2, 2, 2), np.inf)), "rtdose.numbers-not-writable"),
        (
            dose(
                grid=Grid(
                    shape_kji=(2, 2, 2), lps_from_ijk=affine_from_axes(origin_lps_mm=np.zeros(3), steps_lps_mm=SHEAR)
                )
            ),
            "rtdose.grid-sheared",
        ),
    ],
)
def test_doses_that_a_file_cannot_state_are_refused(given: Dose, code: str, tmp_path: Path) -> None:
    assert refused(lambda path: put_dose(given, path), tmp_path) == code


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DicomError) as caught:
        put_dose(dose(), tmp_path / "nowhere" / "dose.dcm")
    assert caught.value.code == "dicom.cannot-write"


def test_a_dose_of_nothing_but_nought_is_written(tmp_path: Path) -> None:
    put_dose(dose(np.zeros((2, 2, 2))), tmp_path / "dose.dcm")
    assert read_dose(tmp_path / "dose.dcm").value.volume.values_kji.max() == 0


@pytest.mark.parametrize("spoil", [b"{not json}", b"[]", b'{"kind": "WRONG"}'])
def test_our_private_element_changed_by_others_is_named_and_ignored(spoil: bytes, tmp_path: Path) -> None:
    put_dose(dose(), tmp_path / "dose.dcm")
    write_plan(plan(), tmp_path / "plan.dcm", at=AT, study_uid="1.2")
    for name in ("dose.dcm", "plan.dcm"):
        dataset = pydicom.dcmread(tmp_path / name)
        dataset.private_block(GROUP, CREATOR)[1].value = spoil.decode()
        dataset.save_as(tmp_path / name)
    met = read_dose(tmp_path / "dose.dcm").deviations + read_plan(tmp_path / "plan.dcm").deviations
    codes = [each.message.code for each in met]
    assert len({"rt.private-unreadable", "rt.private-invalid"}.intersection(codes)) == 1
    assert "rtplan.implant-time-assumed" in codes


def test_a_told_implant_time_stands_above_the_written_one(tmp_path: Path) -> None:
    write_plan(plan(), tmp_path / "plan.dcm", at=AT, study_uid="1.2")
    told = datetime(2026, 4, 9, 10)
    for given, expected in ((None, AT), (told, told)):
        read = read_plan(tmp_path / "plan.dcm", implant_at=given).value
        assert isinstance(read, ImplantPlan)
        assert read.implant_at == expected


def test_a_plan_stripped_of_private_elements_is_read_by_the_rules_for_foreign_ones(tmp_path: Path) -> None:
    write_plan(plan(), tmp_path / "plan.dcm", at=AT, study_uid="1.2")
    dataset = pydicom.dcmread(tmp_path / "plan.dcm")
    dataset.remove_private_tags()
    dataset.save_as(tmp_path / "plan.dcm")
    reading = read_plan(tmp_path / "plan.dcm", implant_at=AT)
    assert isinstance(reading.value, ImplantPlan)
    assert [seed.needle for seed in reading.value.seeds] == [1]
    assert [each.message.code for each in reading.deviations] == ["rtplan.no-orientation"]

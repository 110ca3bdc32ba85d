"""Independent programs accept every radiotherapy object we write."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

import conformance
from trocar.dicom.pdf import encapsulate
from trocar.dicom.rtdose import write_dose
from trocar.dicom.rtplan import write_plan
from trocar.dicom.rtstruct import write_structures
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.needles import Needle
from trocar.plan.patient import ImageReference, Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose, DoseKind

AT = datetime(2026, 4, 5, 6, 7, 8, 910_000)
FRAME = "2.25.1"
PATIENT = Patient(identifier="病案 00017", name="Wang^XiaoDong=王^小东", birth_date=date(1961, 2, 3), sex="M")
IMAGE = ImageReference(
    study_uid="2.25.2",
    series_uid="2.25.3",
    frame_uid=FRAME,
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    instance_uids=("2.25.4", "2.25.5"),
    modality="CT",
)
SQUARE = np.array([[0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5]], dtype=np.float64)
FILES = ("structures.dcm", "plan.dcm", "bare_plan.dcm", "dose.dcm", "fraction.dcm", "report.dcm")
MODULES = {
    "plan.dcm": (
        "frame-of-reference",
        "rt-prescription",
        "rt-fraction-scheme",
        "rt-brachy-application-setups",
        "approval",
    ),
    "bare_plan.dcm": ("rt-fraction-scheme", "rt-brachy-application-setups"),
    "structures.dcm": ("frame-of-reference", "approval"),
    "dose.dcm": ("general-image", "image-plane", "image-pixel", "multi-frame"),
    "fraction.dcm": ("general-image", "image-plane", "image-pixel", "multi-frame"),
    "report.dcm": (),
}


def structures() -> StructureSet:
    curve = np.array([[0.1, 0.2, 0.3], [5, 6, 30]])
    drawn = (
        Structure(
            number=1,
            name="CTV 前列腺",
            contours=(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=SQUARE, image_uid="2.25.4"),),
            interpreted_type="CTV",
            colour_rgb=(255, 0, 0),
            carried=True,
        ),
        Structure(
            number=2,
            name="needle 1",
            contours=(Contour(kind=ContourKind.OPEN_NONPLANAR, points_lps_mm=curve),),
            interpreted_type="BRACHY_CHANNEL",
        ),
        Structure(number=3, name="empty", contours=()),
    )
    return StructureSet(
        label="Structures for planning", patient=PATIENT, frame_uid=FRAME, structures=drawn, image=IMAGE
    )


def plan() -> ImplantPlan:
    measured = datetime(2026, 3, 1, 12)
    seeds = tuple(
        Seed(
            position_lps_mm=np.array([x, 2 / 3, -10.25]),
            axis_lps=np.array([0, 0.6, 0.8]) if x else None,
            source_model=model,
            strength=Strength(s_k_u=s_k_u, reference_at=measured),
            needle=1,
        )
        for x, model, s_k_u in ((0, "I125_6711", 0.5), (5, "I125_SelectSeed_130.002", 0.7), (10, "I125_6711", 0.5))
    )
    needle = Needle(number=1, entry_lps_mm=np.array([0, 0, -60.0]), tip_lps_mm=np.array([0, 0, 20.0]), label="C4")
    return ImplantPlan(
        label="Prostate implant, left lobe",
        patient=PATIENT,
        frame_uid=FRAME,
        implant_at=AT,
        seeds=seeds,
        needles=(needle,),
        prescription=Prescription(dose_gy=145, target="CTV 前列腺"),
        image=IMAGE,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("conformance")
    drawn = write_structures(structures(), folder / "structures.dcm", at=AT)
    planned = write_plan(plan(), folder / "plan.dcm", at=AT, structures=drawn)
    bare = replace(plan(), prescription=None, image=None, needles=())
    write_plan(bare, folder / "bare_plan.dcm", at=AT, study_uid="2.25.2")
    grid = Grid.axial(origin_lps_mm=(-10, -10, -20), spacing_ijk_mm=(1, 2, 2.5), shape_kji=(6, 5, 4))
    values = np.linspace(0, 200, 120, dtype=np.float32).reshape(6, 5, 4)
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid=FRAME)
    dose = Dose(volume=volume, kind=DoseKind.TOTAL, patient_id=PATIENT.identifier, plan_uid=planned.sop_instance_uid)
    computed = write_dose(dose, folder / "dose.dcm", patient=PATIENT, study_uid="2.25.2", at=AT)
    part = replace(dose, kind=DoseKind.FRACTION)
    write_dose(part, folder / "fraction.dcm", patient=PATIENT, study_uid="2.25.2", at=AT)
    encapsulate(
        b"%PDF-1.7 report",
        folder / "report.dcm",
        patient=PATIENT,
        study_uid="2.25.2",
        title="独立剂量核对",
        at=AT,
        about=(planned, computed),
    )
    return lambda name: folder / name


def with_16_bits(path: Path, folder: Path) -> Path:
    """Return a copy of a dose with 16-bit pixels, all that dciodvfy of 2022 can read; the rest is as written."""
    dataset = pydicom.dcmread(path)
    if dataset.Modality != "RTDOSE":
        return path
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = bytes(2 * dataset.NumberOfFrames * dataset.Rows * dataset.Columns)
    dataset.save_as(folder / path.name)
    return folder / path.name


@pytest.mark.parametrize("name", FILES)
def test_dciodvfy_finds_no_error(name: str, written: Callable[[str], Path], tmp_path: Path) -> None:
    assert conformance.dciodvfy_errors(with_16_bits(written(name), tmp_path)) == []


@pytest.mark.parametrize("name", FILES)
def test_dcmtk_reads_without_complaint(name: str, written: Callable[[str], Path]) -> None:
    assert conformance.dcmtk_complaints(written(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_dicom_validator_finds_no_error(name: str, written: Callable[[str], Path]) -> None:
    assert conformance.dicom_validator_errors(written(name)) == ""


@pytest.mark.parametrize("name", FILES)
def test_every_attribute_the_standard_demands_is_there(name: str, written: Callable[[str], Path]) -> None:
    assert conformance.missing_attributes(written(name), conditional_modules=MODULES[name]) == []


def test_the_checks_themselves_notice_a_missing_attribute(written: Callable[[str], Path], tmp_path: Path) -> None:
    dataset = pydicom.dcmread(written("plan.dcm"))
    del dataset.ApplicationSetupSequence[0].ChannelSequence[0].SourceMovementType
    dataset.save_as(tmp_path / "bent.dcm")
    missing = conformance.missing_attributes(tmp_path / "bent.dcm", conditional_modules=MODULES["plan.dcm"])
    assert missing == ["rt-brachy-application-setups/ApplicationSetupSequence/ChannelSequence/SourceMovementType"]
    assert conformance.dciodvfy_errors(tmp_path / "bent.dcm") != []


def test_simpleitk_sees_the_dose_where_it_is(written: Callable[[str], Path]) -> None:
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.ReadImage(str(written("dose.dcm")))
    assert image.GetSize() == (4, 5, 6)
    assert image.GetSpacing() == pytest.approx((1, 2, 2.5))
    assert image.GetOrigin() == pytest.approx((-10, -10, -20))
    scaling = float(pydicom.dcmread(written("dose.dcm"), stop_before_pixels=True).DoseGridScaling)
    assert sitk.GetArrayFromImage(image).max() * scaling == pytest.approx(200, rel=1e-9)


def test_pydicom_reads_every_value_without_a_warning(written: Callable[[str], Path]) -> None:
    for name in FILES:
        dataset = pydicom.dcmread(written(name))
        dataset.decode()
        assert str(dataset)


def test_names_in_chinese_are_in_the_files(written: Callable[[str], Path]) -> None:
    dataset = pydicom.dcmread(written("structures.dcm"))
    assert dataset.PatientName.ideographic == "王^小东"
    assert dataset.StructureSetROISequence[0].ROIName == "CTV 前列腺"


def test_the_plan_points_at_images_structures_and_source(written: Callable[[str], Path]) -> None:
    dataset = pydicom.dcmread(written("plan.dcm"))
    structure_set = pydicom.dcmread(written("structures.dcm"))
    assert dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == structure_set.SOPInstanceUID
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == IMAGE.series_uid
    assert dataset.StudyInstanceUID == structure_set.StudyInstanceUID == IMAGE.study_uid
    assert [source.SourceDescription for source in dataset.SourceSequence] == ["I125_6711", "I125_SelectSeed_130.002"]
    assert [source.ReferenceAirKermaRate for source in dataset.SourceSequence] == [0.5, 0.7]
    channels = dataset.ApplicationSetupSequence[0].ChannelSequence
    assert [channel.ReferencedSourceNumber for channel in channels] == [1, 2, 1]
    assert dataset.ApprovalStatus == "UNAPPROVED"


def test_the_total_air_kerma_counts_from_the_implant(written: Callable[[str], Path]) -> None:
    decay = 0.5 ** ((AT - datetime(2026, 3, 1, 12)).total_seconds() / 86400 / 59.4)
    mean_life_h = 59.4 * 24 / np.log(2)
    stated = pydicom.dcmread(written("plan.dcm")).ApplicationSetupSequence[0].TotalReferenceAirKerma
    assert float(stated) == pytest.approx(1.7 * decay * mean_life_h, rel=2e-3)

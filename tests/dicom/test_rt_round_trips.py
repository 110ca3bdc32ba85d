"""What is written is read back the same, without a deviation, whatever it holds."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from strategies.treatment import doses, implant_plans, patients, structure_sets
from trocar.dicom.rtdose import read_dose, write_dose
from trocar.dicom.rtplan import read_plan, write_plan
from trocar.dicom.rtstruct import read_structures, write_structures
from trocar.plan.patient import Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose

AT = datetime(2026, 4, 5, 6, 7, 8)
STUDY = "1.2.3.5"
DECIMALS_OF_DS = 1e-9
"""mm: sixteen characters hold coordinates below 2 m at least so well."""
FLOAT32 = 1e-6
"""Control Point Orientation is a single-precision attribute."""
RELATIVE_OF_DS = 1e-12
SINGLE_PRECISION_ENDS = 1e-37
"""Gy: smaller doses are none."""

# The shape assertions that run under test pick their samples at random, also while values are made up.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rt") / "object.dcm"


def rounded_contours(read: StructureSet, written: StructureSet) -> StructureSet:
    """Return what was read with the coordinates written, where they differ by rounding only."""
    structures = []
    for mine, theirs in zip(read, written, strict=True):
        contours = []
        for got, put in zip(mine.contours, theirs.contours, strict=True):
            assert np.abs(got.points_lps_mm - put.points_lps_mm).max() <= DECIMALS_OF_DS
            contours.append(replace(got, points_lps_mm=put.points_lps_mm))
        structures.append(replace(mine, contours=tuple(contours)))
    return replace(read, structures=tuple(structures))


@some
@given(structures=structure_sets())
def test_structure_sets_come_back_whole(file: Path, structures: StructureSet) -> None:
    write_structures(structures, file, at=AT, study_uid=STUDY)
    reading = read_structures(file)
    assert [each.message.code for each in reading.deviations] == (
        [] if structures.image else ["rtstruct.images-not-named"]
    )
    assert rounded_contours(reading.value, structures) == structures


def assert_same_seed(read: Seed, written: Seed) -> None:
    assert (read.source_model, read.needle) == (written.source_model, written.needle)
    assert np.abs(read.position_lps_mm - written.position_lps_mm).max() <= DECIMALS_OF_DS
    assert read.strength.s_k_u == pytest.approx(written.strength.s_k_u, rel=RELATIVE_OF_DS)
    assert read.strength.reference_at == written.strength.reference_at
    assert (read.axis_lps is None) == (written.axis_lps is None)
    if read.axis_lps is not None and written.axis_lps is not None:
        assert read.axis_lps == pytest.approx(written.axis_lps, abs=FLOAT32)


def rounded_prescription(read: Prescription | None, written: Prescription | None) -> Prescription | None:
    """Return a prescription read with the dose written, where it differs by rounding only."""
    if read is None or written is None:
        return read
    assert read.dose_gy == pytest.approx(written.dose_gy, rel=RELATIVE_OF_DS)
    return replace(read, dose_gy=written.dose_gy)


@some
@given(plan=implant_plans())
def test_implant_plans_come_back_whole(file: Path, plan: ImplantPlan) -> None:
    write_plan(plan, file, at=AT, study_uid=STUDY)
    reading = read_plan(file)
    expected = {"rtplan.no-orientation"} if any(seed.axis_lps is None for seed in plan.seeds) else set()
    assert {each.message.code for each in reading.deviations} - {"rtplan.seeds-at-one-place"} == expected
    read = reading.value
    assert isinstance(read, ImplantPlan)
    for mine, theirs in zip(read.seeds, plan.seeds, strict=True):
        assert_same_seed(mine, theirs)
    prescription = rounded_prescription(read.prescription, plan.prescription)
    assert replace(read, seeds=plan.seeds, prescription=prescription) == plan


@some
@given(dose=doses(), patient=patients)
def test_doses_come_back_whole(file: Path, dose: Dose, patient: Patient) -> None:
    dose = replace(dose, patient_id=patient.identifier)
    write_dose(dose, file, patient=patient, study_uid=STUDY, at=AT)
    reading = read_dose(file)
    assert reading.deviations == ()
    read, values = reading.value, dose.volume.values_kji
    assert np.abs(read.volume.values_kji - values).max() <= 1e-6 * values.max() + SINGLE_PRECISION_ENDS
    mine, theirs = read.volume.grid, dose.volume.grid
    assert mine.shape_kji == theirs.shape_kji
    assert np.abs(mine.corners_lps_mm - theirs.corners_lps_mm).max() <= 1e-8
    volume = replace(read.volume, grid=theirs, values_kji=values)
    assert replace(read, volume=volume) == dose


def test_the_same_content_gives_the_same_file_and_other_content_another_name(file: Path, tmp_path: Path) -> None:
    patient = Patient(identifier="P1", name="Doe^Jane")
    structures = _small_set(patient)
    first = write_structures(structures, file, at=AT, study_uid=STUDY)
    second = write_structures(structures, tmp_path / "again.dcm", at=AT, study_uid=STUDY)
    assert first == second
    assert file.read_bytes() == (tmp_path / "again.dcm").read_bytes()
    later = write_structures(structures, file, at=datetime(2026, 4, 6), study_uid=STUDY)
    other = write_structures(replace(structures, label="B"), file, at=AT, study_uid=STUDY)
    assert len({each.sop_instance_uid for each in (first, later, other)}) == 3


def _small_set(patient: Patient) -> StructureSet:
    return StructureSet(
        label="A", patient=patient, frame_uid="1.2.3", structures=(Structure(number=1, name="CTV", contours=()),)
    )

"""`Dose` to an RT Dose of 32 bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from trocar.dicom.clock import date_text, time_text
from trocar.dicom.heading import building, headed, reference_for, write_frame
from trocar.dicom.private import write_private
from trocar.dicom.references import ObjectReference, instance_item
from trocar.dicom.rtplan_writing import PLAN_CLASS_UID
from trocar.dicom.writing import decimal, decimals, save
from trocar.errors import DicomError
from trocar.geometry.grid import ORTHOGONAL_WITHIN, Grid
from trocar.geometry.volume import Quantity
from trocar.plan.patient import Patient
from trocar.results.dose import Dose, DoseKind
from trocar.results.provenance import Provenance

DOSE_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.2"

LONGEST_COMMENT = 64
"""Characters of a DICOM long string; the private facts tell all."""

_LARGEST_STORED = 2**32 - 16
_UNITS = {Quantity.DOSE_GY: "GY", Quantity.RELATIVE_DOSE: "RELATIVE"}
_SUMMATIONS = {DoseKind.TOTAL: "PLAN", DoseKind.UNTIL: "PLAN", DoseKind.FRACTION: "FRACTION"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveDose:
    """What a dose is that was weighted for biological effect.

    Parameters
    ----------
    quantity
        Such as ``EQD2``.
    structures
        Structure to what it was taken for; 0 is written elsewhere.
    """

    quantity: str
    structures: Mapping[str, str]


def write_dose(
    dose: Dose,
    path: Path,
    *,
    patient: Patient,
    study_uid: str,
    at: datetime,
    series_uid: str | None = None,
    effective: EffectiveDose | None = None,
) -> ObjectReference:
    """Write an RT Dose; the stored step is the greatest dose / 4.29e9.

    Parameters
    ----------
    dose
        In Gy or relative, 0 or more everywhere, on a grid with axes at right angles, of a plan it names.
    path
        File to write; nothing is left there if this fails.
    patient
        Whose; the identifier must be the dose's.
    study_uid
        Study to file it in.
    at
        When it is written, local time.
    series_uid
        Series to file it in; one of its own where not given.
    effective
        What the numbers are, where they are weighted for biological effect; None for a physical dose.

    Raises
    ------
    DicomError
        Another patient's, a dose rate, no plan named, a sheared grid, a number below 0 or not finite, or no room.
    """
    _require_writable(dose, patient)
    reference = reference_for(
        sop_class_uid=DOSE_CLASS_UID,
        study_uid=study_uid,
        at=at,
        content=(dose.content_hash, patient.content_hash, *(() if effective is None else (effective.quantity,))),
        series_uid=series_uid,
    )
    with building(path):
        dataset = _dataset(dose, reference, patient, at, effective)
    save(dataset, path)
    return reference


def _dataset(
    dose: Dose, reference: ObjectReference, patient: Patient, at: datetime, effective: EffectiveDose | None
) -> Dataset:
    description = "Dose" if effective is None else effective.quantity
    dataset = headed(reference, patient=patient, modality="RTDOSE", description=description, at=at)
    dataset.ContentDate, dataset.ContentTime = date_text(at), time_text(at)
    write_frame(dataset, dose.volume.frame_uid)
    _write_grid(dataset, dose.volume.grid)
    _write_numbers(dataset, dose.volume.values_kji)
    _write_meaning(dataset, dose, effective)
    return dataset


def _require_writable(dose: Dose, patient: Patient) -> None:
    if patient.identifier != dose.patient_id:
        raise DicomError(
            "rtdose.other-patient",
            "the dose belongs to patient {dose_id}, but patient {patient_id} was given; nothing was written",
            dose_id=dose.patient_id or "-",
            patient_id=patient.identifier or "-",
        )
    if dose.volume.quantity not in _UNITS or dose.kind not in _SUMMATIONS:
        raise DicomError(
            "rtdose.kind-not-writable",
            "a dose of kind {kind} in {quantity} cannot be written: an RT Dose is the total dose, the dose until a "
            "moment or that of one fraction, in Gy or relative",
            kind=dose.kind.name,
            quantity=dose.volume.quantity.value,
        )
    if not dose.plan_uid:
        raise DicomError(
            "rtdose.plan-needed",
            "the dose names no plan, but an RT Dose must; write the plan first and give the dose its plan_uid",
        )
    values = dose.volume.values_kji
    if not np.isfinite(values).all() or values.min() < 0:
        raise DicomError(
            "rtdose.numbers-not-writable",
            "the dose holds numbers below 0 or not finite in {n} voxels; a dose is 0 or more",
            n=int(np.count_nonzero(~(values >= 0) | ~np.isfinite(values))),
        )


def _write_grid(dataset: Dataset, grid: Grid) -> None:
    directions = grid.steps_lps_mm / np.linalg.norm(grid.steps_lps_mm, axis=1, keepdims=True)
    normal = np.cross(directions[0], directions[1])
    if not grid.is_orthogonal or abs(abs(normal @ directions[2]) - 1) > ORTHOGONAL_WITHIN:
        raise DicomError(
            "rtdose.grid-sheared",
            "the dose grid is sheared, which an RT Dose cannot state; compute or resample the dose on a grid with axes "
            "at right angles",
        )
    across_mm, along_mm, frame_mm = grid.spacing_ijk_mm
    frames, dataset.Rows, dataset.Columns = grid.shape_kji
    dataset.NumberOfFrames = frames
    dataset.ImagePositionPatient = decimals(grid.origin_lps_mm)
    dataset.ImageOrientationPatient = decimals(directions[:2])
    dataset.PixelSpacing = [decimal(along_mm), decimal(across_mm)]
    dataset.SliceThickness = decimal(frame_mm)
    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    signed_mm = frame_mm if normal @ directions[2] > 0 else -frame_mm
    dataset.GridFrameOffsetVector = decimals(signed_mm * np.arange(frames))


def _write_numbers(dataset: Dataset, values_kji: Float[np.ndarray, "k j i"]) -> None:
    highest = float(values_kji.max())
    text = f"{highest / _LARGEST_STORED:.9e}" if highest > 0 else "1"
    scaling = float(text)
    stored = np.empty(values_kji.shape, dtype="<u4")
    for target, values in zip(stored, values_kji, strict=True):
        target[...] = np.rint(np.asarray(values, dtype=np.float64) / scaling)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 32, 32, 31, 0
    dataset.DoseGridScaling = text
    dataset.add_new("PixelData", "OW", stored.tobytes())


def _write_meaning(dataset: Dataset, dose: Dose, effective: EffectiveDose | None) -> None:
    dataset.DoseUnits = _UNITS[dose.volume.quantity]
    dataset.DoseType = "PHYSICAL" if effective is None else "EFFECTIVE"
    dataset.DoseSummationType = _SUMMATIONS[dose.kind]
    plan = instance_item(PLAN_CLASS_UID, dose.plan_uid)
    if dose.kind is DoseKind.FRACTION:
        group = Dataset()
        group.ReferencedFractionGroupNumber = 1
        plan.ReferencedFractionGroupSequence = Sequence([group])
    dataset.ReferencedRTPlanSequence = Sequence([plan])
    if dose.until is not None:
        dataset.DoseComment = f"delivered until {dose.until.isoformat(sep=' ')}"
    facts: dict[str, object] = {"kind": dose.kind.name}
    if effective is not None:
        dataset.DoseComment = f"{effective.quantity} in {', '.join(effective.structures)}; 0 elsewhere"[
            :LONGEST_COMMENT
        ]
        facts["effective"] = {"quantity": effective.quantity, "structures": dict(effective.structures)}
    if dose.until is not None:
        facts["until"] = date_text(dose.until) + time_text(dose.until)
    if dose.provenance is not None:
        facts["provenance"] = _provenance_facts(dose.provenance)
    write_private(dataset, facts)


def _provenance_facts(provenance: Provenance) -> dict[str, object]:
    return {
        "engine": provenance.engine,
        "library_version": provenance.library_version,
        "inputs": dict(provenance.inputs),
        "tables": dict(provenance.tables),
        "papers": list(provenance.papers),
    }

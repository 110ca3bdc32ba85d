"""RT Dose to `Dose`: the grid in any pose, the numbers in Gy, and which dose they say they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trocar.dicom.attributes import Attributes
from trocar.dicom.clock import datetime_from_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.dose_grid import read_dose_grid
from trocar.dicom.dose_numbers import read_dose_numbers
from trocar.dicom.files import MEMORY_BUDGET_BYTES, read_dataset
from trocar.dicom.identity import read_frame, require_class
from trocar.dicom.private import note_private_invalid, read_private
from trocar.dicom.rtdose_writing import DOSE_CLASS_UID, write_dose
from trocar.errors import DoseError, RefusedObject
from trocar.geometry.volume import Quantity, Volume
from trocar.results.dose import Dose, DoseKind
from trocar.results.findings import Reading
from trocar.results.provenance import Provenance

__all__ = ["DOSE_CLASS_UID", "read_dose", "read_relative_dose", "write_dose"]

_KIND_OF_SUMMATION = {"PLAN": DoseKind.TOTAL, "FRACTION": DoseKind.FRACTION}
_SUMMATIONS_OF_PART = frozenset(
    ("BEAM", "BRACHY", "CONTROL_POINT", "FRACTION_SESSION", "BEAM_SESSION", "BRACHY_SESSION")
)


def read_dose(path: Path, *, frame_uid: str | None = None, budget_bytes: int = MEMORY_BUDGET_BYTES) -> Reading[Dose]:
    """Return the dose of an RT Dose file in Gy.

    Parameters
    ----------
    path
        The file.
    frame_uid
        Frame of reference it lies in, for a file that does not state one.
    budget_bytes
        Memory the numbers may take.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    RefusedObject
        Not a dose, no grid, frames at unequal distances, a dose in relative units (see `read_relative_dose`), an
        effective dose or a map of errors.
    """
    return _read(path, quantity=Quantity.DOSE_GY, frame_uid=frame_uid, budget_bytes=budget_bytes)


def read_relative_dose(
    path: Path, *, frame_uid: str | None = None, budget_bytes: int = MEMORY_BUDGET_BYTES
) -> Reading[Dose]:
    """Return the dose of an RT Dose file in units relative to a value the file does not state; as `read_dose`."""
    return _read(path, quantity=Quantity.RELATIVE_DOSE, frame_uid=frame_uid, budget_bytes=budget_bytes)


def _read(path: Path, *, quantity: Quantity, frame_uid: str | None, budget_bytes: int) -> Reading[Dose]:
    noted = Deviations()
    path = Path(path)
    dataset = read_dataset(path, noted=noted, budget_bytes=budget_bytes)
    attributes = Attributes.of(dataset, where=path.name, noted=noted)
    require_class(attributes, DOSE_CLASS_UID, wanted="RT Dose")
    _require_units(attributes, quantity)
    _require_physical(attributes)
    frame = read_frame(attributes, asked=frame_uid)
    grid = read_dose_grid(attributes)
    values = read_dose_numbers(attributes, grid.shape_kji, budget_bytes=budget_bytes)
    volume = Volume.owning(grid=grid, values_kji=values, quantity=quantity, frame_uid=frame)
    return Reading(value=_dose(attributes, volume), deviations=noted.found)


def _require_units(attributes: Attributes, wanted: Quantity) -> None:
    units = attributes.choice("DoseUnits", {"GY": Quantity.DOSE_GY, "RELATIVE": Quantity.RELATIVE_DOSE})
    if units is wanted:
        return
    if units is Quantity.RELATIVE_DOSE:
        raise RefusedObject(
            "rtdose.relative",
            "{file} holds a dose in relative units, without the value they relate to; it cannot be compared in Gy: "
            "export the dose in Gy",
            file=attributes.file,
        )
    raise RefusedObject(
        "rtdose.not-relative",
        "{file} holds a dose in Gy, not in relative units; read it as a dose",
        file=attributes.file,
    )


def _require_physical(attributes: Attributes) -> None:
    stated = attributes.text("DoseType").strip().upper()
    if stated == "EFFECTIVE":
        raise RefusedObject(
            "rtdose.effective",
            "{file} holds an effective dose, weighted for biological effect; it must not be compared with a physical "
            "dose: export the physical dose",
            file=attributes.file,
        )
    if stated == "ERROR":
        raise RefusedObject(
            "rtdose.error-map",
            "{file} holds differences from a desired or planned dose, not a dose; export the dose itself",
            file=attributes.file,
        )
    if stated != "PHYSICAL":
        attributes.refuse("DoseType", stated, "PHYSICAL")
    if attributes.text_or("SpatialTransformOfDose", "NONE").strip().upper() != "NONE":
        attributes.noted.note(
            "rtdose.transformed",
            "the dose was carried over from other images by a {transform} transform; it was read as it stands",
            where=attributes.file,
            transform=attributes.text("SpatialTransformOfDose"),
        )


def _dose(attributes: Attributes, volume: Volume) -> Dose:
    negative = int(np.count_nonzero(volume.values_kji < 0))
    if negative:
        attributes.noted.note(
            "rtdose.negative",
            "{n} voxels hold a dose below 0; they were read as they stand",
            where=attributes.file,
            n=negative,
        )
    own = read_private(attributes)
    dose = Dose(
        volume=volume,
        kind=_kind(attributes),
        patient_id=_patient_id(attributes),
        plan_uid=_plan_uid(attributes),
    )
    if not own:
        return dose
    try:
        return Dose(
            volume=volume,
            kind=DoseKind[own["kind"]],
            patient_id=dose.patient_id,
            until=datetime_from_text(own["until"]) if own.get("until") else None,
            provenance=_provenance(own["provenance"]) if own.get("provenance") else None,
            plan_uid=dose.plan_uid,
        )
    except (KeyError, TypeError, ValueError, AttributeError, DoseError):
        note_private_invalid(attributes, "kind")
        return dose


def _provenance(stated: Mapping[str, Any]) -> Provenance:
    return Provenance(
        engine=str(stated["engine"]),
        library_version=str(stated["library_version"]),
        inputs={str(name): str(value) for name, value in stated["inputs"].items()},
        tables={str(name): str(value) for name, value in stated["tables"].items()},
        papers=tuple(str(each) for each in stated["papers"]),
    )


def _kind(attributes: Attributes) -> DoseKind:
    summation = attributes.text_or("DoseSummationType", "").strip().upper()
    if summation in _SUMMATIONS_OF_PART:
        attributes.noted.note(
            "rtdose.part-of-plan",
            "the dose is that of a part of the plan ({summation}), not of the whole",
            where=attributes.file,
            summation=summation,
        )
    elif summation not in _KIND_OF_SUMMATION:
        attributes.noted.note(
            "rtdose.summation-unclear",
            "the dose does not say that it is that of one plan (summation type {summation})",
            where=attributes.file,
            summation=summation or "-",
        )
    return _KIND_OF_SUMMATION.get(summation, DoseKind.UNSTATED)


def _patient_id(attributes: Attributes) -> str:
    identifier = attributes.text_or("PatientID", "").strip()
    if not identifier:
        attributes.noted.note(
            "dicom.patient-id-absent",
            "the object has no Patient ID; nothing ties it to a patient but its place",
            where=attributes.file,
        )
    return identifier


def _plan_uid(attributes: Attributes) -> str:
    plans = attributes.items("ReferencedRTPlanSequence")
    if not plans:
        attributes.noted.note(
            "rtdose.plan-not-named", "the dose does not name the plan it belongs to", where=attributes.file
        )
        return ""
    if len(plans) > 1:
        attributes.noted.note(
            "rtdose.several-plans", "the dose names {n} plans; the first was kept", where=attributes.file, n=len(plans)
        )
    return plans[0].uid_or("ReferencedSOPInstanceUID", "")

"""Who is treated, and which images show it."""

from dataclasses import dataclass
from datetime import date, datetime

from trocar.geometry.value import Value
from trocar.geometry.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patient(Value):
    """Identity as a DICOM file states it.

    Parameters
    ----------
    identifier
        Patient ID; two objects belong together only if it is the same.
    name
        DICOM person name with component groups separated by ``=``; never logged.
    birth_date
        None where not stated.
    sex
        ``M``, ``F``, ``O`` or empty.
    """

    identifier: str
    name: str
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageReference(Value):
    """What another object must quote to point at an image series.

    Parameters
    ----------
    study_uid, series_uid, frame_uid
        DICOM UIDs.
    sop_class_uid
        Class of the instances.
    instance_uids
        One a slice in the order of the volume's k; a single one for a multi-frame image.
    modality
        ``CT``, ``MR``, ``US`` ...
    """

    study_uid: str
    series_uid: str
    frame_uid: str
    sop_class_uid: str
    instance_uids: tuple[str, ...]
    modality: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image(Value):
    """A scanned volume with its owner and its references.

    Parameters
    ----------
    volume
        Numbers, grid and frame.
    patient
        Whose.
    reference
        UIDs to quote.
    acquired_at
        When, as the scanner's clock stated it; None where not stated.
    description
        Series description.
    study_description
        Study description.
    """

    volume: Volume
    patient: Patient
    reference: ImageReference
    acquired_at: datetime | None
    description: str = ""
    study_description: str = ""

"""What every radiotherapy object written says first: whose, in which study and series, by whom, when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID

from trocar.dicom.clock import date_text, time_text
from trocar.dicom.files import parser_warnings
from trocar.dicom.patient import write_patient
from trocar.dicom.references import ObjectReference
from trocar.dicom.text import WrittenCharset
from trocar.dicom.uids import derived_uid
from trocar.dicom.writing import new_object
from trocar.errors import DicomError, TrocarError
from trocar.plan.patient import Patient

SHORT_TEXT = 16
"""Longest SH value (PS3.5 6.2)."""

LONG_TEXT = 64
"""Longest LO value (PS3.5 6.2)."""

LONGEST_DECIMAL = 16
"""Longest DS value (PS3.5 6.2)."""


@contextmanager
def building(path: Path) -> Iterator[None]:
    """Translate what pydicom says of a value that its attribute cannot hold, while an object is put together.

    Raises
    ------
    DicomError
        A value is not allowed in its attribute; nothing was written.
    """
    try:
        with parser_warnings() as heard:
            yield
    except TrocarError:
        raise
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise _not_writable(path, str(error)) from error
    if heard:
        raise _not_writable(path, heard[0])


def _not_writable(path: Path, reason: str) -> DicomError:
    return DicomError(
        "dicom.value-not-writable",
        "{file} was not written: a value is not allowed in its attribute ({reason})",
        file=Path(path).name,
        reason=reason[:300],
    )


def reference_for(
    *, sop_class_uid: str, study_uid: str, at: datetime, content: tuple[str, ...], series_uid: str | None
) -> ObjectReference:
    """Return the names of an object about to be written: they follow from what it will hold.

    Parameters
    ----------
    sop_class_uid
        What it is.
    study_uid
        Study it is filed in.
    at
        When it is written.
    content
        Content hash, and all else that distinguishes it.
    series_uid
        Series it is filed in; None for one of its own.
    """
    instance_uid = derived_uid(sop_class_uid, study_uid, at.isoformat(), *content)
    return ObjectReference(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=instance_uid,
        series_uid=series_uid or derived_uid("series", instance_uid),
        study_uid=study_uid,
    )


def headed(reference: ObjectReference, *, patient: Patient, modality: str, description: str, at: datetime) -> Dataset:
    """Return a data set with the patient, study, series and equipment modules."""
    dataset = new_object(
        sop_class_uid=reference.sop_class_uid,
        sop_instance_uid=reference.sop_instance_uid,
        at=at,
        charset=WrittenCharset.UTF8,
    )
    write_patient(dataset, patient)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UID(reference.study_uid), UID(reference.series_uid)
    dataset.StudyDate = dataset.StudyTime = dataset.StudyID = dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    if modality.startswith("RT"):
        dataset.OperatorsName = ""
    dataset.Modality, dataset.SeriesDescription = modality, description
    dataset.SeriesDate, dataset.SeriesTime = date_text(at), time_text(at)
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    return dataset


def write_frame(dataset: Dataset, frame_uid: str) -> None:
    """Set the Frame of Reference module."""
    dataset.FrameOfReferenceUID = UID(frame_uid)
    dataset.PositionReferenceIndicator = ""


def require_text(text: str, *, attribute: str, longest: int) -> str:
    """Return a text that an attribute can hold and give back unchanged.

    Raises
    ------
    DicomError
        It is empty, too long, has blanks at its ends or characters that separate values.
    """
    if not 0 < len(text) <= longest or text != text.strip() or "\\" in text or not text.isprintable():
        raise DicomError(
            "rt.text-not-writable",
            "{attribute} is to be {given!r}; DICOM takes 1 to {longest} printable characters, without backslash and "
            "without blanks at the ends: choose another name",
            attribute=attribute,
            given=text,
            longest=longest,
        )
    return text


def require_whole_number(number: int, *, attribute: str) -> int:
    """Return a number that an integer string can hold.

    Raises
    ------
    DicomError
        It needs more than 32 bits.
    """
    if not -(2**31) <= number < 2**31:
        raise DicomError(
            "rt.number-not-writable",
            "{attribute} is to be {given}; DICOM takes whole numbers of 32 bits: choose a smaller one",
            attribute=attribute,
            given=number,
        )
    return number


def require_study(study_uid: str | None, *, modality: str) -> str:
    """Return the study an object is to be filed in.

    Raises
    ------
    DicomError
        Neither the object's images nor the caller names one.
    """
    if not study_uid:
        raise DicomError(
            "rt.study-unknown",
            "the {modality} to be written names no images, so that the study to file it in is unknown; give study_uid",
            modality=modality,
        )
    return study_uid


def written_label(label: str, *, attribute: str) -> tuple[str, str]:
    """Return a label as the short text and the long text of a pair of attributes."""
    require_text(label, attribute=attribute, longest=LONG_TEXT)
    return label[:SHORT_TEXT].rstrip(), label


def read_label(short: str, long: str) -> str:
    """Return the label that a short text and a long text state together.

    Examples
    --------
    >>> read_label("Prostate implant", "Prostate implant, left lobe"), read_label("Plan 1", "after discussion")
    ('Prostate implant, left lobe', 'Plan 1')
    """
    return long if long.startswith(short) and len(long) > len(short) else short

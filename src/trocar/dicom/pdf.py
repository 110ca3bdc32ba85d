"""Reports as Encapsulated PDF, so that they are filed with the patient's images, and back."""

import hashlib
from collections.abc import Sequence as Several
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from trocar.dicom.attributes import Attributes
from trocar.dicom.clock import date_text, time_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import parser_warnings, read_dataset, translated
from trocar.dicom.heading import building, headed, reference_for, require_text
from trocar.dicom.identity import require_class
from trocar.dicom.references import ObjectReference, instance_item
from trocar.dicom.writing import save
from trocar.errors import DicomError, RefusedObject
from trocar.plan.patient import Patient
from trocar.results.findings import Reading

PDF_CLASS_UID = "1.2.840.10008.5.1.4.1.1.104.1"
_MAGIC = b"%PDF-"
_LONGEST_TITLE = 1024


def encapsulate(
    pdf: bytes,
    path: Path,
    *,
    patient: Patient,
    study_uid: str,
    title: str,
    at: datetime,
    about: Several[ObjectReference] = (),
    series_uid: str | None = None,
) -> ObjectReference:
    """Write a PDF as a DICOM object.

    Parameters
    ----------
    pdf
        The document, byte for byte.
    path
        File to write; nothing is left there if this fails.
    patient
        Whose.
    study_uid
        Study to file it in.
    title
        Of the document.
    at
        When it is written, local time.
    about
        Plan, dose or structures the document is about.
    series_uid
        Series to file it in; one of its own where not given.

    Raises
    ------
    DicomError
        No PDF, a title that DICOM cannot hold, or no room to write.
    """
    if not pdf.startswith(_MAGIC):
        raise DicomError(
            "pdf.not-a-pdf", "the document of {n} bytes to be filed is no PDF; nothing was written", n=len(pdf)
        )
    reference = reference_for(
        sop_class_uid=PDF_CLASS_UID,
        study_uid=study_uid,
        at=at,
        content=(
            hashlib.sha256(pdf).hexdigest(),
            patient.content_hash,
            require_text(title, attribute="DocumentTitle", longest=_LONGEST_TITLE),
            *(each.sop_instance_uid for each in about),
        ),
        series_uid=series_uid,
    )
    with building(path):
        dataset = _dataset(pdf, reference, patient, title=title, at=at, about=about)
    save(dataset, path)
    return reference


def _dataset(
    pdf: bytes,
    reference: ObjectReference,
    patient: Patient,
    *,
    title: str,
    at: datetime,
    about: Several[ObjectReference],
) -> Dataset:
    dataset = headed(reference, patient=patient, modality="DOC", description="Report", at=at)
    dataset.ConversionType = "WSD"
    dataset.ContentDate, dataset.ContentTime = date_text(at), time_text(at)
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = Sequence([])
    if about:
        dataset.SourceInstanceSequence = Sequence(
            [instance_item(each.sop_class_uid, each.sop_instance_uid) for each in about]
        )
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    dataset.EncapsulatedDocumentLength = len(pdf)
    return dataset


def read_pdf(path: Path) -> Reading[bytes]:
    """Return the document of an Encapsulated PDF.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    RefusedObject
        Not an Encapsulated PDF, or one whose document is no PDF.
    """
    noted = Deviations()
    path = Path(path)
    attributes = Attributes.of(read_dataset(path, noted=noted), where=path.name, noted=noted)
    require_class(attributes, PDF_CLASS_UID, wanted="Encapsulated PDF")
    try:
        with parser_warnings():
            document = attributes.dataset.EncapsulatedDocument
    except Exception as error:
        raise translated(error, path.name) from error
    if not isinstance(document, bytes) or not document.startswith(_MAGIC):
        raise RefusedObject("pdf.document-missing", "{file} holds no PDF; have it sent again", file=path.name)
    length = attributes.integer_or_none("EncapsulatedDocumentLength")
    if length is not None and not 0 <= len(document) - length <= 1:
        noted.note(
            "pdf.length-differs",
            "the document is {present} bytes long, {stated} are stated; all were read",
            where=path.name,
            present=len(document),
            stated=length,
        )
        length = None
    return Reading(value=document if length is None else document[:length], deviations=noted.found)

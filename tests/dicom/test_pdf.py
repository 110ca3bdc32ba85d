"""Reports filed as Encapsulated PDF and taken out again."""

from datetime import datetime
from pathlib import Path

import pydicom
import pytest

from strategies import foreign_rt as foreign
from trocar.dicom.pdf import encapsulate, read_pdf
from trocar.dicom.references import ObjectReference
from trocar.errors import DicomError, RefusedObject
from trocar.plan.patient import Patient

AT = datetime(2026, 4, 5, 6, 7, 8)
PATIENT = Patient(identifier="P1", name="Doe^Jane=王^小东")
PLAN = ObjectReference(sop_class_uid=foreign.PLAN_CLASS, sop_instance_uid="1.2.7", series_uid="1.2.8", study_uid="1.2")


@pytest.mark.parametrize("document", [b"%PDF-1.7 even", b"%PDF-1.7 odd"])
def test_a_document_comes_back_byte_for_byte(document: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    encapsulate(document, path, patient=PATIENT, study_uid="1.2", title="独立剂量核对", at=AT, about=(PLAN,))
    reading = read_pdf(path)
    assert (reading.value, reading.deviations) == (document, ())
    dataset = pydicom.dcmread(path)
    assert (dataset.DocumentTitle, dataset.PatientName) == ("独立剂量核对", "Doe^Jane=王^小东")
    assert dataset.SourceInstanceSequence[0].ReferencedSOPInstanceUID == "1.2.7"


def test_what_is_no_pdf_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DicomError) as caught:
        encapsulate(b"<html>", tmp_path / "report.dcm", patient=PATIENT, study_uid="1.2", title="T", at=AT)
    assert caught.value.code == "pdf.not-a-pdf"
    assert list(tmp_path.iterdir()) == []


def test_a_stated_length_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    encapsulate(b"%PDF-1.7 even", path, patient=PATIENT, study_uid="1.2", title="T", at=AT)
    dataset = pydicom.dcmread(path)
    dataset.EncapsulatedDocumentLength = 3
    dataset.save_as(path)
    reading = read_pdf(path)
    assert reading.value.startswith(b"%PDF-1.7 even")
    assert [each.message.code for each in reading.deviations] == ["pdf.length-differs"]


def test_another_object_or_another_document_is_refused(tmp_path: Path) -> None:
    path = foreign.saved(foreign.structure_set({"CTV": [foreign.contour()]}), tmp_path / "set.dcm")
    with pytest.raises(RefusedObject):
        read_pdf(path)
    text = foreign.head("1.2.840.10008.5.1.4.1.1.104.1", "DOC")
    text.update(foreign.item(EncapsulatedDocument=b"text"))
    with pytest.raises(RefusedObject) as caught:
        read_pdf(foreign.saved(text, tmp_path / "text.dcm"))
    assert caught.value.code == "pdf.document-missing"

"""The patient module: whose an object is."""

from pydicom.dataset import Dataset

from trocar.dicom.attributes import Attributes
from trocar.dicom.clock import date_text
from trocar.plan.patient import Patient


def read_patient(attributes: Attributes) -> Patient:
    """Return the patient an object names; an absent identifier is noted."""
    identifier = attributes.text_or("PatientID", "").strip()
    if not identifier:
        attributes.noted.note(
            "dicom.patient-id-absent",
            "the object has no Patient ID; nothing ties it to a patient but its place",
            where=attributes.file,
        )
    sex = attributes.text_or("PatientSex", "").strip().upper()
    return Patient(
        identifier=identifier,
        name=person_name(attributes.text_or("PatientName", "")),
        birth_date=attributes.date_or_none("PatientBirthDate"),
        sex=sex if sex in ("M", "F", "O") else "",
    )


def person_name(stated: str) -> str:
    """Return a person name without the empty components and padding at its end.

    Examples
    --------
    >>> person_name("Wang^XiaoDong^^^=王^小东= ")
    'Wang^XiaoDong=王^小东'
    """
    groups = [group.strip(" \0").rstrip("^").rstrip() for group in stated.split("=")]
    return "=".join(groups).rstrip("=")


def write_patient(dataset: Dataset, patient: Patient) -> None:
    """Set the patient module of an object to be written."""
    dataset.PatientName = patient.name
    dataset.PatientID = patient.identifier
    dataset.PatientBirthDate = date_text(patient.birth_date) if patient.birth_date else ""
    dataset.PatientSex = patient.sex

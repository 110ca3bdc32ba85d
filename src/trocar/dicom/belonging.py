"""Whether objects belong together: one patient, one frame of reference, each quoting the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from trocar.dicom.attributes import Attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset
from trocar.dicom.patient import read_patient
from trocar.dicom.references import modality_of_class
from trocar.dicom.rtdose_writing import DOSE_CLASS_UID
from trocar.dicom.rtplan_writing import PLAN_CLASS_UID
from trocar.dicom.rtstruct_writing import STRUCTURE_SET_CLASS_UID
from trocar.errors import RefusedObject
from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.results.findings import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectIdentity(Value):
    """What an object says of itself and of the objects it was made from.

    Parameters
    ----------
    file
        File name, for messages.
    sop_class_uid, sop_instance_uid, series_uid
        What it is, its name, its series.
    patient_id, patient_name, birth_date
        Whose.
    frame_uids
        Frames of reference its positions lie in; empty where it states none.
    plan_uids, structure_set_uids, series_uids
        Plans, structure sets and image series it quotes.
    is_effective
        Whether it is a dose weighted for biological effect.
    """

    file: str
    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    patient_id: str
    patient_name: str
    birth_date: date | None
    frame_uids: tuple[str, ...]
    plan_uids: tuple[str, ...]
    structure_set_uids: tuple[str, ...]
    series_uids: tuple[str, ...]
    is_effective: bool


def read_identity(path: Path) -> ObjectIdentity:
    """Return who an object is, without reading its numbers.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    """
    path, noted = Path(path), Deviations()
    attributes = Attributes.of(read_dataset(path, noted=noted, pixels=False), where=path.name, noted=noted)
    patient = read_patient(attributes)
    return ObjectIdentity(
        file=path.name,
        sop_class_uid=_uid(attributes, "SOPClassUID"),
        sop_instance_uid=_uid(attributes, "SOPInstanceUID"),
        series_uid=_uid(attributes, "SeriesInstanceUID"),
        patient_id=patient.identifier,
        patient_name=patient.name,
        birth_date=patient.birth_date,
        frame_uids=_frames(attributes),
        plan_uids=_quoted(attributes, "ReferencedRTPlanSequence"),
        structure_set_uids=_quoted(attributes, "ReferencedStructureSetSequence"),
        series_uids=_series(attributes),
        is_effective=attributes.text_or("DoseType", "").strip().upper() == "EFFECTIVE",
    )


def belonging_findings(objects: Sequence[ObjectIdentity]) -> tuple[Finding, ...]:
    """Return what speaks against objects belonging together; nothing where all is in order.

    Parameters
    ----------
    objects
        Plan, dose, structure set and a slice of the images, in any number and order.

    Returns
    -------
    tuple[Finding, ...]
        `Severity.ACTION`: another patient, another frame of reference, or a dose of another plan: nothing computed
        from them together means anything. `Severity.ATTENTION`: names or structure sets differ. `Severity.NOTE`: a
        connection is not stated.
    """
    return (*_patient_findings(objects), *_frame_findings(objects), *_reference_findings(objects))


def require_belonging(objects: Sequence[ObjectIdentity]) -> tuple[Finding, ...]:
    """Return the lesser findings, or refuse objects that do not belong together.

    Raises
    ------
    RefusedObject
        One of them is another patient's, lies in another frame of reference, or is the dose of another plan.
    """
    findings = belonging_findings(objects)
    for finding in findings:
        if finding.severity is Severity.ACTION:
            raise RefusedObject(finding.message.code, finding.message.template, **finding.message.data)
    return findings


def _patient_findings(objects: Sequence[ObjectIdentity]) -> list[Finding]:
    identifiers = _files_by({each.file: each.patient_id for each in objects})
    if len(identifiers) > 1:
        return [
            _finding(
                Severity.ACTION,
                "belonging.other-patient",
                "the files belong to different patients by their Patient ID: {listed}; give the files of one patient",
                listed=_listed(identifiers),
            )
        ]
    names = {each.patient_name.casefold() for each in objects} - {""}
    births = {each.birth_date for each in objects} - {None}
    if len(names) > 1 or len(births) > 1:
        return [
            _finding(
                Severity.ATTENTION,
                "belonging.patient-details-differ",
                "the files carry one Patient ID but different names or dates of birth; check that it is one patient",
            )
        ]
    return []


def _frame_findings(objects: Sequence[ObjectIdentity]) -> list[Finding]:
    stating = [each for each in objects if each.frame_uids]
    findings = []
    if stating and not set.intersection(*(set(each.frame_uids) for each in stating)):
        listed = _files_by({each.file: ", ".join(each.frame_uids) for each in stating})
        findings.append(
            _finding(
                Severity.ACTION,
                "belonging.other-frame",
                "the files lie in different frames of reference: {listed}; positions can only be compared in one "
                "frame: give objects of the same scan, or register them first",
                listed=_listed(listed),
            )
        )
    silent = [each.file for each in objects if not each.frame_uids]
    if silent and len(objects) > 1:
        findings.append(
            _finding(
                Severity.NOTE,
                "belonging.frame-not-stated",
                "{files} do not state their frame of reference",
                files=", ".join(silent),
            )
        )
    return findings


def _reference_findings(objects: Sequence[ObjectIdentity]) -> list[Finding]:
    plans = {each.sop_instance_uid for each in objects if each.sop_class_uid == PLAN_CLASS_UID}
    structure_sets = {each.sop_instance_uid for each in objects if each.sop_class_uid == STRUCTURE_SET_CLASS_UID}
    findings = []
    for each in objects:
        if plans and each.sop_class_uid == DOSE_CLASS_UID:
            findings += _dose_findings(each, plans)
        if structure_sets and each.structure_set_uids and structure_sets.isdisjoint(each.structure_set_uids):
            findings.append(
                _finding(
                    Severity.ATTENTION,
                    "belonging.other-structures",
                    "{file} was made on another structure set than the one given; its structures may differ",
                    file=each.file,
                )
            )
    return findings + _series_findings(objects)


def _dose_findings(dose: ObjectIdentity, plans: set[str]) -> list[Finding]:
    if not dose.plan_uids:
        return [
            _finding(
                Severity.NOTE,
                "belonging.dose-without-plan",
                "{file} does not say which plan it is the dose of",
                file=dose.file,
            )
        ]
    if plans.isdisjoint(dose.plan_uids):
        return [
            _finding(
                Severity.ACTION,
                "belonging.dose-of-other-plan",
                "{file} is the dose of another plan than the one given; give the dose that was exported with the plan",
                file=dose.file,
            )
        ]
    return []


def _series_findings(objects: Sequence[ObjectIdentity]) -> list[Finding]:
    radiotherapy = {PLAN_CLASS_UID, DOSE_CLASS_UID, STRUCTURE_SET_CLASS_UID}
    images = {each.series_uid for each in objects if each.sop_class_uid not in radiotherapy}
    return [
        _finding(
            Severity.ATTENTION,
            "belonging.other-images",
            "{file} was made on another image series than the one given",
            file=each.file,
        )
        for each in objects
        if images and each.series_uids and images.isdisjoint(each.series_uids)
    ]


def _finding(severity: Severity, code: str, template: str, /, **data: object) -> Finding:
    return Finding(severity=severity, message=Message(code=code, template=template, data=data))


def _files_by(stated: dict[str, str]) -> dict[str, list[str]]:
    """Return the files that state each value."""
    files: dict[str, list[str]] = {}
    for file, value in stated.items():
        files.setdefault(value, []).append(file)
    return files


def _listed(files: dict[str, list[str]]) -> str:
    return "; ".join(f"{value or '-'}: {', '.join(names)}" for value, names in files.items())


def _uid(attributes: Attributes, keyword: str) -> str:
    """Return a UID as it stands, well formed or not: here it is compared only."""
    return attributes.text_or(keyword, "").strip(" \0")


def _frames(attributes: Attributes) -> tuple[str, ...]:
    frames = [_uid(attributes, "FrameOfReferenceUID")]
    frames += [_uid(roi, "ReferencedFrameOfReferenceUID") for roi in attributes.items("StructureSetROISequence")]
    if not any(frames):
        frames += [_uid(each, "FrameOfReferenceUID") for each in attributes.items("ReferencedFrameOfReferenceSequence")]
    return tuple(dict.fromkeys(uid for uid in frames if uid))


def _quoted(attributes: Attributes, sequence: str) -> tuple[str, ...]:
    return tuple(uid for each in attributes.items(sequence) if (uid := _uid(each, "ReferencedSOPInstanceUID")))


def _series(attributes: Attributes) -> tuple[str, ...]:
    quoted = list(attributes.walk("ReferencedSeriesSequence"))
    quoted += attributes.walk("StudiesContainingOtherReferencedInstancesSequence", "ReferencedSeriesSequence")
    listed = [each for each in quoted if _is_of_images(each)]
    listed += attributes.walk(
        "ReferencedFrameOfReferenceSequence", "RTReferencedStudySequence", "RTReferencedSeriesSequence"
    )
    return tuple(uid for each in listed if (uid := _uid(each, "SeriesInstanceUID")))


def _is_of_images(series: Attributes) -> bool:
    first = series.first_item_or_none("ReferencedInstanceSequence")
    return first is not None and bool(modality_of_class(_uid(first, "ReferencedSOPClassUID")))

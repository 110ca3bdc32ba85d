"""Sorting received images, in a process of its own: what patient, which series, does the library read them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from trocar.dicom.folder import Survey, SurveyedSeries, survey
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import DicomError
from trocar.messages import Language, Message
from trocar.plan.patient import Patient as DicomPatient
from trocar_clinic.accounts.actions import machine
from trocar_clinic.errors import refuse_if
from trocar_clinic.images.actions import folder_of
from trocar_clinic.images.models import ImageImport, ImageSeries
from trocar_clinic.patients.models import Patient
from trocar_clinic.records.deed import deed

WORKER = ("worker", "计算进程 worker")
VOLUMES = {"CT", "MR"}
STRUCTURES = "RTSTRUCT"
MOST_REMARKS = 40


def sort(job: Any, progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Survey the files of an import, read its volumes, and enter the series found.

    Raises
    ------
    Refused
        The files are of another patient, of several, or hold nothing that can be read.
    """
    row = ImageImport.objects.get(pk=job.subject)
    folder = folder_of(row.folder)
    progress(0.02, "survey")
    found = survey(folder)
    _require_this_patient(row, found)
    series = found.series
    facts = []
    for done, each in enumerate(series):
        progress(0.1 + 0.85 * done / len(series), f"{each.modality} {done + 1}/{len(series)}")
        facts.append(_facts(each, folder))
    with deed("images.sorted", actor=machine(*WORKER), at=timezone.now(), note={"job": job.pk, "series": len(facts)}):
        for old in row.series.filter(voided_at=None):
            old.voided_at, old.void_reason = timezone.now(), "sorted again"
            old.save()
        for values in facts:
            ImageSeries(source=row, **values).save()
    return {"series": len(facts), "problems": [_told(each.message) for each in found.problems][:MOST_REMARKS]}


def _require_this_patient(row: ImageImport, found: Survey) -> None:
    refuse_if(
        not found.series,
        "images.no-dicom",
        en="None of the {n} files is a DICOM object that can be read",
        zh="{n} 个文件中没有可读取的 DICOM 对象",
        n=row.files,
    ).insist()
    refuse_if(
        len(found.patients) > 1,
        "images.several-patients",
        en="The files are of {n} patients: {who}; send those of one",
        zh="文件属于 {n} 个患者（{who}）；请只导入一个患者的",
        n=len(found.patients),
        who=", ".join(each.patient.identifier or "?" for each in found.patients),
    ).insist()
    theirs, ours = found.patients[0].patient, row.case.patient
    refuse_if(
        not _is_same(theirs, ours) and not row.why_other_identity.strip(),
        "images.other-patient",
        en="The images carry patient number {theirs}, this patient has {ours}. If they belong here, "
        "sort again and say how you know",
        zh="影像中的患者号为 {theirs}，本患者为 {ours}。如确属本患者，请注明依据后重新整理",
        theirs=theirs.identifier or "–",
        ours=ours.number,
    ).insist()


def _is_same(theirs: DicomPatient, ours: Patient) -> bool:
    """Say whether images are the patient's: by number, and no birth date that says otherwise."""
    other_birth = theirs.birth_date is not None and theirs.birth_date != ours.birth_date
    return theirs.identifier == ours.number and not other_birth


def _facts(each: SurveyedSeries, folder: Path) -> dict[str, Any]:
    common = {
        "modality": each.modality[:16],
        "series_uid": each.series_uid,
        "frame_uid": next(iter(each.frame_uids), ""),
        "description": each.description[:200],
        "frames": max(each.frames, len(each.files)),
        "files": [str(path.relative_to(folder)) for path in each.paths],
    }
    if each.modality == STRUCTURES:
        return {**common, "is_read": False, **_drawn(each)}
    if each.modality not in VOLUMES or each.is_localizer:
        return {**common, "is_read": False}
    try:
        reading = read_image(each.paths, series_uid=each.series_uid)
    except DicomError as error:
        return {**common, "is_read": False, "remarks": [_told(error.message)]}
    image = reading.value
    return {
        **common,
        "is_read": True,
        "acquired_at": _aware(image.acquired_at),
        "spacing_mm": [round(float(step), 4) for step in image.volume.grid.spacing_ijk_mm],
        "remarks": [_told(deviation.message) for deviation in reading.deviations][:MOST_REMARKS],
    }


def _drawn(each: SurveyedSeries) -> dict[str, Any]:
    """Return the structures of a set that have outlines."""
    try:
        reading = read_structures(each.paths[0])
    except DicomError as error:
        return {"remarks": [_told(error.message)]}
    return {
        "structures": [{"name": one.name, "type": one.interpreted_type} for one in reading.value if one.is_region],
        "remarks": [_told(deviation.message) for deviation in reading.deviations][:MOST_REMARKS],
    }


def _aware(at: datetime | None) -> datetime | None:
    """Return a scanner's time, which has no zone, as that of the department's clock."""
    return at if at is None or at.tzinfo else timezone.make_aware(at)


def _told(message: Message) -> dict[str, str]:
    return {"code": message.code, "en": message.text(Language.ENGLISH), "zh": message.text(Language.CHINESE)}

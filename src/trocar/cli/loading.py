"""Reading the files of a case into values, with every deviation, and only if they belong together."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trocar.cli.case_files import CaseFiles
from trocar.dicom.belonging import read_identity, require_belonging
from trocar.dicom.dose_points import read_dose_points
from trocar.dicom.image import read_image
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.errors import DicomError, RefusedObject
from trocar.messages import Message
from trocar.plan.dose_points import DosePoint
from trocar.plan.patient import Image
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.report.document import say
from trocar.report.plan_check import InputFile
from trocar.results.dose import Dose
from trocar.results.findings import Deviation, Finding, Reading, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as read.

    Parameters
    ----------
    plan, dose, structures, image, points
        Values; None where there is no file.
    deviations
        What was tolerated in reading.
    findings
        What speaks against the files belonging together, short of a refusal.
    files
        The files, by hash.
    remarks
        What was left out and why.
    """

    plan: ImplantPlan | AfterloadingPlan
    dose: Dose | None
    structures: StructureSet | None
    image: Image | None
    points: tuple[DosePoint, ...]
    deviations: tuple[Deviation, ...]
    findings: tuple[Finding, ...]
    files: tuple[InputFile, ...]
    remarks: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What files do not say and the user does: source model (one, or by source number), implant time."""

    source: str | Mapping[int, str] | None = None
    implant_at: datetime | None = None


def load_plan(path: Path, told: Told) -> Reading[ImplantPlan | AfterloadingPlan]:
    """Return the plan of a file."""
    return read_plan(path, source_model=told.source, implant_at=told.implant_at)


def load_case(files: CaseFiles, told: Told) -> Case:
    """Return the values of a case.

    Raises
    ------
    DicomError
        A file that cannot be read or trusted, or files that do not belong together.
    """
    objects = [path for path in (files.plan, files.dose, files.structures) if path is not None]
    findings = require_belonging([read_identity(path) for path in objects])
    plan = load_plan(files.plan, told)
    points = read_dose_points(files.plan)
    dose = read_dose(files.dose) if files.dose is not None else None
    image, remarks = _image(files, plan.value)
    structures, image, more = _structures(files, image)
    readings = [reading for reading in (plan, points, dose, structures) if reading is not None]
    return Case(
        plan=plan.value,
        dose=dose.value if dose is not None else None,
        structures=structures.value if structures is not None else None,
        image=image,
        points=points.value,
        deviations=tuple(dict.fromkeys(deviation for reading in readings for deviation in reading.deviations)),
        findings=(*findings, *(Finding(severity=Severity.ATTENTION, message=each) for each in files.left_out)),
        files=_hashed(files),
        remarks=remarks + more,
    )


def _image(files: CaseFiles, plan: ImplantPlan | AfterloadingPlan) -> tuple[Image | None, tuple[Message, ...]]:
    """Return the images, or none with the reason: pictures are drawn without them, numbers do not need them."""
    if not files.images:
        return None, ()
    try:
        image = read_image(files.images[0] if len(files.images) == 1 else files.images).value
    except DicomError as problem:
        return None, (_no_images(problem.message),)
    if image.patient.identifier != plan.patient.identifier or image.volume.frame_uid != plan.frame_uid:
        return None, (
            _no_images(say("cli.images-foreign", "they are of another patient or another frame of reference")),
        )
    return image, ()


def _structures(
    files: CaseFiles, image: Image | None
) -> tuple[Reading[StructureSet] | None, Image | None, tuple[Message, ...]]:
    """Return the structures, and the images if they show them; images that were only found may be left out."""
    if files.structures is None:
        return None, image, ()
    try:
        return read_structures(files.structures, image=image), image, ()
    except RefusedObject as problem:
        if image is None or files.images_given:
            raise
        return read_structures(files.structures), None, (_no_images(problem.message),)


def _no_images(reason: Message) -> Message:
    return say("cli.no-images", "the images are left out: {reason}", reason=reason)


def _hashed(files: CaseFiles) -> tuple[InputFile, ...]:
    roles = (
        (say("cli.role-plan", "plan"), files.plan),
        (say("cli.role-dose", "dose"), files.dose),
        (say("cli.role-structures", "structures"), files.structures),
    )
    return tuple(
        InputFile(role=role, name=path.name, sha256=file_hash(path)) for role, path in roles if path is not None
    )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Writing the values of a case as DICOM into a folder."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from trocar.cli.as_json import SCHEMA
from trocar.cli.folders import MARK
from trocar.dicom.image_writer import write_image
from trocar.dicom.references import ObjectReference
from trocar.dicom.rtdose_writing import write_dose
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct_writing import write_structures
from trocar.dicom.uids import derived_uid
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.report.document import say
from trocar.results.dose import Dose


def write_case(
    folder: Path,
    *,
    plan: ImplantPlan | AfterloadingPlan,
    dose: Dose | None,
    structures: StructureSet | None,
    image: Image | None,
    at: datetime,
) -> tuple[list[str], tuple[Message, ...]]:
    """Write what there is of a case, each object quoting the others, and return file names and what was left out.

    Parameters
    ----------
    folder
        Exists, is empty.
    plan, dose, structures, image
        The values; None for what there is not.
    at
        When the files are made.
    """
    written: list[str] = []
    study_uid = image.reference.study_uid if image is not None else derived_uid("study", plan.content_hash)
    if image is not None:
        write_image(image, folder / "images", at=at)
        written.append("images")
    drawn: ObjectReference | None = None
    if structures is not None:
        drawn = write_structures(structures, folder / "structures.dcm", at=at, study_uid=study_uid)
        written.append("structures.dcm")
    if isinstance(plan, AfterloadingPlan):
        left_out = say(
            "cli.afterloading-not-written", "afterloading plans are not written: the plan file stays as it is"
        )
        return written, (left_out,)
    planned = write_plan(plan, folder / "plan.dcm", at=at, structures=drawn, study_uid=study_uid)
    written.append("plan.dcm")
    if dose is not None:
        named = replace(dose, plan_uid=planned.sop_instance_uid)
        write_dose(named, folder / "dose.dcm", patient=plan.patient, study_uid=study_uid, at=at)
        written.append("dose.dcm")
    return written, ()


def mark_folder(folder: Path, *, command: str, files: list[str]) -> None:
    """Leave the mark by which Trocar knows its own folders."""
    data = {"schema": SCHEMA, "command": command, "files": files}
    (folder / MARK).write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

"""Verifying, in a process of its own: what was implanted or ablated, found on the scan after and compared."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trocar.cli.ablate_files import write_margin
from trocar.cli.ablate_request import margin_request
from trocar.cli.loading import Told, load_plan
from trocar.cli.verify_files import write_verification
from trocar.cli.verify_inputs import read_errors
from trocar.dicom.rtstruct import read_structures
from trocar.errors import UsageError
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure, StructureSet
from trocar.results.protection import Measured
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_ablation import verify_ablation
from trocar.workflow.verify_request import StatedCounts, VerifyRequest
from trocar_clinic.calculations.kinds import Progress
from trocar_clinic.calculations.pace import Pace
from trocar_clinic.calculations.telling import here_and_now, kept
from trocar_clinic.images.reading import image_of, structures_of
from trocar_clinic.planning.files import PlanFiles, files_of
from trocar_clinic.planning.models import PlanRequest, PlanVersion

READING = Message(code="cli.stage-reading", template="reading the files")
WRITING = Message(code="cli.stage-writing", template="writing the report")
DOSE_TAKES_S = {
    "cli.stage-reading": 6.0,
    "verify.stage-seeds": 12.0,
    "verify.stage-register": 12.0,
    "verify.stage-dose": 12.0,
    "cli.stage-writing": 14.0,
}
MARGIN_TAKES_S = {
    "cli.stage-reading": 6.0,
    "ablation.stage-register": 12.0,
    "ablation.stage-margin": 8.0,
    "cli.stage-writing": 10.0,
}
"""Seconds of the stages on the demonstration's cases, for the first job of a kind; later ones go by the last."""


def verify_dose(job: Any, progress: Progress) -> dict[str, Any]:
    """Find the seeds on the scan, compute what they give, compare with the plan."""
    pace = Pace(job, progress, usual=DOSE_TAKES_S)
    with TemporaryDirectory() as place:
        folder = Path(place)
        pace(READING, 0.0)
        request = dose_request(job.inputs)
        pace(READING, 1.0)
        verified = verify_implant(request, progress=pace)
        pace(WRITING, 0.0)
        write_verification(request, verified, folder, fonts=(), at=here_and_now())
        return kept(job, folder, pace)


def dose_request(inputs: dict[str, Any]) -> VerifyRequest:
    """Return what is to be verified, with the counts of the ledger."""
    files = files_of(PlanVersion.objects.get(pk=inputs["plan"]))
    scan = image_of(inputs["scan"])
    plan = load_plan(files.plan, Told(implant_at=datetime.fromisoformat(inputs["implant_at"]))).value
    if not isinstance(plan, ImplantPlan):
        raise UsageError(
            "verify.not-an-implant",
            "plan {label} is an afterloading treatment; only permanent implants leave seeds that a later CT shows",
            label=plan.label,
        )
    planning = image_of(files.images.pk) if files.images is not None else None
    asked = inputs["asked"]
    return VerifyRequest(
        plan=plan,
        scan=scan,
        structures=_structures(inputs, files, scan, planning),
        planning=planning,
        counts=StatedCounts(**inputs["counts"]),
        target=asked.get("target") or None,
        budget=read_errors(None),
        measured=_measured(asked),
    )


def _structures(inputs: dict[str, Any], files: PlanFiles, scan: Image, planning: Image | None) -> StructureSet | None:
    """Return what was drawn on the scan, or else the planning structures, which the library carries over."""
    if inputs["structures"]:
        return structures_of(inputs["structures"], scan)
    return read_structures(files.structures, image=planning).value if files.structures is not None else None


def _measured(asked: dict[str, Any]) -> Measured | None:
    if not asked.get("measured_at"):
        return None
    return Measured(
        surface_usv_h=asked.get("surface_usv_h"),
        one_metre_usv_h=asked.get("one_metre_usv_h"),
        at=datetime.fromisoformat(asked["measured_at"]),
    )


def verify_margin(job: Any, progress: Progress) -> dict[str, Any]:
    """Measure the margin that an ablation reached."""
    pace = Pace(job, progress, usual=MARGIN_TAKES_S)
    with TemporaryDirectory() as place:
        folder = Path(place)
        pace(READING, 0.0)
        inputs = job.inputs
        plan = PlanVersion.objects.get(pk=inputs["plan"])
        facts = plan.job.outcome["facts"]
        planned = PlanRequest.objects.get(pk=plan.summary["request"])
        before, after = image_of(planned.images_id), image_of(inputs["scan"])
        drawn = structures_of(planned.structures_id, before)
        request = margin_request(
            before=before,
            after=after,
            structures=drawn,
            lesion=facts["target"],
            organ=facts["organ"],
            organ_kind=facts["organ_kind"],
            zone=_zone(inputs, after),
            click_lps_mm=inputs["asked"].get("click_lps_mm"),
            wanted_mm=facts["wanted_mm"],
            registration_error_mm=inputs["asked"].get("registration_error_mm"),
            outline_error_mm=inputs["asked"].get("outline_error_mm"),
            pack=planned.pack,
        )
        pace(READING, 1.0)
        verified = verify_ablation(request, progress=pace)
        pace(WRITING, 0.0)
        write_margin(folder, request, verified, at=here_and_now())
        return kept(job, folder, pace)


def _zone(inputs: dict[str, Any], after: Image) -> Structure | None:
    """Return the zone drawn on the scan, or None where it is to be grown from a point."""
    name = inputs["asked"].get("zone")
    return structures_of(inputs["structures"], after).named(name) if name and inputs["structures"] else None

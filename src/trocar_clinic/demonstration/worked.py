"""Results of ``trocar demo`` taken into the record: images, plan and verification as the library left them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

import trocar
from trocar_clinic.calculations.kinds import function_of
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import hash_of, keep_folder
from trocar_clinic.custody.models import SeedLot
from trocar_clinic.demonstration.people import Team
from trocar_clinic.images import actions as images
from trocar_clinic.images.models import ImageImport, ImageSeries
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.making import begin, take_over
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.procedures.models import VerificationRequest
from trocar_clinic.records.deed import deed

OUTCOME = "outcome.json"
NOT_RESULTS = ("images/", "check/", "after/")
WHY = "示例影像（人工体模），编号为演示编号"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """Where the results of one case lie.

    Parameters
    ----------
    images
        Folder of the planning CT.
    structures
        RT Structure Set drawn on it.
    plan, after, verified
        Folders of the plan, of the scan after, and of what was found on it.
    request
        Request file of the plan.
    pack
        Goals or margin rules.
    """

    images: Path
    structures: Path
    plan: Path
    after: Path
    verified: Path
    request: Path
    pack: str

    @property
    def is_whole(self) -> bool:
        """Whether everything is there."""
        files = (self.structures, self.request, self.plan / OUTCOME, self.verified / OUTCOME)
        return all(each.is_file() for each in files) and self.images.is_dir() and self.after.is_dir()


def seeds_of(folder: Path) -> Worked:
    """Return where the demonstration leaves its implant of the prostate."""
    plan, after = folder / "prostate", folder / "prostate-implanted"
    return Worked(
        images=plan / "images",
        structures=plan / "RTSTRUCT.dcm",
        plan=plan,
        after=after / "after",
        verified=after / "verified",
        request=plan / "request.toml",
        pack="gec_estro/prostate_permanent_2007",
    )


def heat_of(folder: Path) -> Worked:
    """Return where the demonstration leaves its ablation of the liver."""
    liver, ablated = folder / "liver", folder / "liver-ablated"
    return Worked(
        images=liver / "images",
        structures=liver / "RTSTRUCT.dcm",
        plan=ablated / "plan",
        after=ablated / "after",
        verified=ablated / "margin",
        request=ablated / "request.toml",
        pack="published/ablation_margin",
    )


def take_images(
    team: Team, case: Case, paths: Iterable[Path], *, purpose: str, at: datetime, taken_at: datetime
) -> ImageImport:
    """Receive files for a case and sort them at once, as the worker would."""
    uploads = [SimpleUploadedFile(path.name, path.read_bytes()) for path in paths]
    row = images.receive(
        case,
        actor=team.accounts["physicist"],
        at=at,
        purpose=purpose,
        uploads=uploads,
        why_other_identity=WHY,
    )
    job = Job.objects.get(subject_kind=row._meta.label_lower, subject=row.pk)
    outcome = function_of(job.kind)(job, lambda share, stage, stage_zh="": None)
    _ended(job, at, outcome)
    with deed("demonstration.date_images", actor=team.accounts["physicist"], at=at, reason="示例病例的日期"):
        for series in row.series.filter(voided_at=None, is_read=True):
            series.acquired_at = taken_at
            series.save()
    return row


def made_plan(team: Team, case: Case, found: Worked, *, lot: SeedLot | None, by: str, at: datetime) -> PlanVersion:
    """Take the images and the plan of a case over as its next version."""
    files = [*sorted(found.images.iterdir()), found.structures]
    source = take_images(team, case, files, purpose="planning", at=at, taken_at=at)
    row = begin(
        Case.objects.get(pk=case.pk),
        actor=team.accounts[by],
        at=at,
        images=source.series.get(voided_at=None, is_read=True),
        structures=source.series.get(voided_at=None, modality="RTSTRUCT"),
        pack=found.pack,
    )
    with deed("planning.ask", actor=team.accounts[by], at=at):
        row.request, row.lot = found.request.read_text(encoding="utf-8"), lot.pk if lot else None
        row.save()
    job = result("planning.seeds" if lot else "planning.ablation", row, found.plan, team=team, by=by, at=at)
    return take_over(row, actor=team.accounts[by], at=at, remark=f"trocar demo · {job.outcome['hash'][:12]}")


def verified_case(team: Team, case: Case, found: Worked, plan: PlanVersion, *, by: str, at: datetime) -> Job:
    """Take the scan after and what was found on it, and return the finished job."""
    source = take_images(team, case, sorted(found.after.iterdir()), purpose="verification", at=at, taken_at=at)
    scan: ImageSeries = source.series.get(voided_at=None, is_read=True)
    with deed("procedures.ask_verification", actor=team.accounts[by], at=at):
        row = VerificationRequest(case=Case.objects.get(pk=case.pk), plan=plan, scan=scan)
        row.save()
    kind = "procedures.dose" if plan.source_id else "procedures.margin"
    return result(kind, row, found.verified, team=team, by=by, at=at)


def outcome_of(folder: Path) -> dict[str, Any]:
    """Return what was found, from a folder of results."""
    found: dict[str, Any] = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
    return found


def result(kind: str, row: Any, folder: Path, *, team: Team, by: str, at: datetime) -> Job:
    """Enter a job that came through, with the files of a folder of results."""
    job = Job.objects.create(
        kind=kind,
        subject_kind=row._meta.label_lower,
        subject=row.pk,
        inputs={"from": "trocar demo"},
        inputs_sha256="",
        requested_by=team.accounts[by],
        requested_at=at,
    )
    keep_folder(job, folder, without=NOT_RESULTS)
    return _ended(job, at, outcome_of(folder))


def _ended(job: Job, at: datetime, outcome: dict[str, Any]) -> Job:
    job.status, job.progress, job.finished_at, job.outcome = Job.Status.DONE, 1.0, at, outcome
    job.outcome_sha256, job.library_version = hash_of(outcome), trocar.__version__
    job.save()
    return job

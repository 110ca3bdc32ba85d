"""Deeds by which the library verifies: ask, stop, enter what it found."""

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.actions import ask, cancel
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.calculations.results import paper_of, value_of
from trocar_clinic.errors import refuse_if
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.files import files_of
from trocar_clinic.planning.making import finished_job
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.procedures.actions import VERIFIERS, verify
from trocar_clinic.procedures.models import Procedure, Verification, VerificationRequest
from trocar_clinic.procedures.reconciliation import counts_of
from trocar_clinic.records.deed import deed

DOSE, MARGIN = "procedures.dose", "procedures.margin"
EARLY_DAYS, ABOUT_30 = 1, range(25, 46)


def ask_verification(
    case: Case,
    *,
    actor: User,
    at: datetime,
    scan: ImageSeries,
    structures: ImageSeries | None = None,
    asked: dict[str, Any] | None = None,
) -> VerificationRequest:
    """Ask the library to verify the last procedure of a case on a scan after it.

    Raises
    ------
    Refused
        Nothing was done that could be verified, or the plan has no file.
    """
    has_one_of(actor, VERIFIERS).insist()
    done = last_done(case)
    refuse_if(
        done is None,
        "procedures.nothing-done",
        en="Nothing was done yet that could be verified",
        zh="尚无已完成的手术可供验证",
    ).insist()
    assert done is not None
    plan: PlanVersion = done.plan
    files_of(plan)  # a plan that was typed from a report is refused here, not minutes later
    with deed("procedures.ask_verification", actor=actor, at=at):
        row = VerificationRequest(case=case, plan=plan, scan=scan, structures=structures, asked=asked or {})
        row.save()
        inputs = {
            "plan": plan.pk,
            "scan": scan.pk,
            "structures": structures.pk if structures else None,
            "implant_at": timezone.localtime(done.started_at).replace(tzinfo=None, microsecond=0).isoformat(),
            "counts": counts_of(case) if case.technique == Technique.SEED else {},
            "asked": row.asked,
        }
        ask(DOSE if case.technique == Technique.SEED else MARGIN, row, actor=actor, at=at, inputs=inputs)
    return row


def last_done(case: Case) -> Procedure | None:
    """Return the last finished procedure of a case."""
    found: Procedure | None = case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("ended_at").last()
    return found


def stop(row: VerificationRequest, *, actor: User, at: datetime) -> VerificationRequest:
    """Call the calculation off."""
    job = latest_job(row)
    if job is not None:
        cancel(job, actor=actor, at=at)
    return row


def enter(
    row: VerificationRequest, *, actor: User, at: datetime, conclusion: str, complete: bool | None = None
) -> Verification:
    """Enter what the library found as the verification of the case, with a person's conclusion."""
    job = finished_job(row)
    refuse_if(
        job is None,
        "procedures.no-result",
        en="There is no finished calculation to enter",
        zh="尚无已完成的计算结果可登记",
    ).insist()
    assert job is not None
    refuse_if(
        row.case.verifications.filter(job=job, voided_at=None).exists(),
        "procedures.entered-already",
        en="This result is entered already",
        zh="该结果已登记",
    ).insist()
    case = Case.objects.get(pk=row.case_id)
    image_on = timezone.localtime(row.scan.acquired_at or row.scan.recorded_at).date()
    return verify(
        case,
        actor=actor,
        at=at,
        image_on=image_on,
        day=_day(case, image_on),
        verified_on=timezone.localdate(at),
        verified_by=StaffMember.objects.get(account=actor),
        system=f"Trocar {job.library_version}",
        conclusion=conclusion,
        job=job,
        document=paper_of(job, "verification" if case.technique == Technique.SEED else "margin", "zh"),
        **_numbers(case, job, complete),
    )


def _day(case: Case, image_on: date) -> str:
    done = last_done(case)
    days = (image_on - timezone.localtime(done.started_at).date()).days if done else 0
    if days <= EARLY_DAYS:
        return Verification.Day.DAY_0
    return Verification.Day.DAY_30 if days in ABOUT_30 else Verification.Day.OTHER


def _numbers(case: Case, job: Job, complete: bool | None) -> dict[str, Any]:
    if case.technique != Technique.SEED:
        margin = value_of(job.outcome, "margin_mm")
        return {
            "kind": Verification.Kind.MARGIN,
            "margin_mm": None if margin is None else f"{margin:.1f}",
            "complete": complete,
        }
    found = {key: value_of(job.outcome, key) for key in ("d90_gy", "v100_percent", "v150_percent", "v200_percent")}
    return {
        "kind": Verification.Kind.DOSE,
        "seeds_seen": job.outcome["facts"]["seeds_seen"],
        **{key: None if value is None else f"{value:.2f}" for key, value in found.items()},
    }

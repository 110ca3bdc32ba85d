"""Deeds by which the library makes a plan: begin, ask, stop, take over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.actions import ask, cancel
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import jobs_about, latest_job
from trocar_clinic.calculations.results import file_of, paper_of, value_of
from trocar_clinic.custody.models import SeedLot
from trocar_clinic.errors import Verdict, refuse_if
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.institution.policies import Act, may
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.actions import PLANNERS, add_plan
from trocar_clinic.planning.models import PlanRequest, PlanVersion
from trocar_clinic.planning.request_file import toml_of
from trocar_clinic.records.actions import fresh
from trocar_clinic.records.deed import deed

SEEDS, HEAT, EDIT = "planning.seeds", "planning.ablation", "planning.edit"
FRONT, CHOSEN, PLACED = "planning.front", "planning.chosen", "planning.placed"
PLANS = frozenset({SEEDS, EDIT, CHOSEN, PLACED})
"""Kinds of job that leave a plan of seeds."""


def begin(
    case: Case, *, actor: User, at: datetime, images: ImageSeries, structures: ImageSeries, pack: str
) -> PlanRequest:
    """Open a planning task on images and structures of a case."""
    has_one_of(actor, PLANNERS).insist()
    may(actor, Act.PLAN, Technique(case.technique), on=timezone.localdate(at)).insist()
    with deed("planning.begin", actor=actor, at=at, note={"pack": pack}):
        made = PlanRequest(
            case=case, images=images, structures=structures, pack=pack, planner=StaffMember.objects.get(account=actor)
        )
        made.save()
    return made


def ask_library(
    row: PlanRequest,
    *,
    actor: User,
    at: datetime,
    tables: Mapping[str, Any],
    entered: Mapping[str, Any],
    lot: int | None,
    search_seed: int,
    set_of_plans: bool = False,
) -> PlanRequest:
    """State what is wanted, and ask the library for a plan, or for a set of plans to choose from.

    Raises
    ------
    Refused
        A calculation of this task still runs.
    """
    has_one_of(actor, PLANNERS).insist()
    with deed("planning.ask", actor=actor, at=at, note={"request": row.pk}):
        current: PlanRequest = fresh(row, version=row.version)
        _not_working(current).insist()
        current.request, current.entered, current.lot = toml_of(tables), dict(entered), lot
        current.save()
        inputs = {
            "request": current.request,
            "images": current.images_id,
            "structures": current.structures_id,
            "seed": search_seed,
            "version": current.version,
        }
        kind = HEAT if current.case.technique == Technique.ABLATION else FRONT if set_of_plans else SEEDS
        ask(kind, current, actor=actor, at=at, inputs=inputs)
    return current


def set_of(row: PlanRequest) -> Job | None:
    """Return the job that made a set of plans for what the task asks now, or None."""
    made = jobs_about(row).filter(kind=FRONT, status=Job.Status.DONE).order_by("-pk").first()
    return made if made is not None and made.inputs["request"] == row.request else None


def choose(row: PlanRequest, *, actor: User, at: datetime, number: int) -> PlanRequest:
    """Ask the library to carry on one plan of the set, with all its papers.

    Raises
    ------
    Refused
        A calculation of this task still runs.
    """
    made = set_of(row)
    assert made is not None  # the deed is offered where there is one
    return _go_on(row, CHOSEN, "planning.choose", actor=actor, at=at, base=made, number=number)


def plan_before(row: PlanRequest) -> Job | None:
    """Return the last job of a task that left a plan made before the needles lay."""
    made = jobs_about(row).filter(kind__in=PLANS - {PLACED}, status=Job.Status.DONE).order_by("-pk").first()
    return made if made is not None and made.inputs["request"] == row.request else None


def ask_placed(
    row: PlanRequest, *, actor: User, at: datetime, scan: ImageSeries, removed: Sequence[int] = ()
) -> PlanRequest:
    """Ask the library for the best seeds in the needles that a CT shows.

    Raises
    ------
    Refused
        A calculation of this task still runs.
    """
    before = plan_before(row)
    assert before is not None  # the deed is offered where there is one
    more = {"scan": scan.pk, "removed": list(removed)}
    return _go_on(row, PLACED, "planning.placed", actor=actor, at=at, base=before, **more)


def _go_on(
    row: PlanRequest, kind: str, name: str, *, actor: User, at: datetime, base: Job, **inputs: Any
) -> PlanRequest:
    """Ask for a job that goes on from an earlier one of the same request."""
    has_one_of(actor, PLANNERS).insist()
    may(actor, Act.PLAN, Technique(row.case.technique), on=timezone.localdate(at)).insist()
    with deed(name, actor=actor, at=at, note={"request": row.pk, "base": base.pk}):
        current: PlanRequest = fresh(row, version=row.version)
        _not_working(current).insist()
        known = {key: base.inputs[key] for key in ("request", "images", "structures")}
        seed = base.inputs.get("seed", 1)
        ask(kind, current, actor=actor, at=at, inputs={**known, "seed": seed, "base": base.pk, **inputs})
    return current


def can_be_edited(job: Job | None) -> bool:
    """Say whether a job left a plan of seeds that can be changed by hand."""
    return (
        job is not None
        and job.kind in PLANS
        and job.status == Job.Status.DONE
        and file_of(job, "RTPLAN.dcm") is not None
    )


def ask_edit(row: PlanRequest, *, actor: User, at: datetime, base: Job, changes: Sequence[Mapping[str, Any]]) -> Job:
    """Ask the library for a proposal changed by hand, with all its papers.

    Raises
    ------
    Refused
        A calculation of this task still runs, or there is nothing to change.
    """
    has_one_of(actor, PLANNERS).insist()
    may(actor, Act.PLAN, Technique(row.case.technique), on=timezone.localdate(at)).insist()
    with deed("planning.edit", actor=actor, at=at, note={"request": row.pk, "base": base.pk, "changes": len(changes)}):
        current: PlanRequest = fresh(row, version=row.version)
        _not_working(current).insist()
        refuse_if(
            not changes or not can_be_edited(base),
            "planning.nothing-to-change",
            en="There is no change to save",
            zh="没有可保存的修改",
        ).insist()
        known = {name: base.inputs[name] for name in ("request", "images", "structures")}
        inputs = {**known, "base": base.pk, "changes": [dict(each) for each in changes]}
        return ask(EDIT, current, actor=actor, at=at, inputs=inputs)


def _not_working(row: PlanRequest) -> Verdict:
    job = latest_job(row)
    return refuse_if(
        job is not None and job.is_open,
        "planning.still-working",
        en="The library still works on this task; stop it first",
        zh="本任务的计算尚未结束，请先停止",
    )


def stop(row: PlanRequest, *, actor: User, at: datetime) -> PlanRequest:
    """Call the calculation off."""
    job = latest_job(row)
    if job is not None:
        cancel(job, actor=actor, at=at)
    return row


def finished_job(row: Any) -> Job | None:
    """Return the last job about a row if it came through and left a plan; a set of plans is none."""
    job = latest_job(row)
    return job if job is not None and job.status == Job.Status.DONE and job.kind != FRONT else None


def take_over(row: PlanRequest, *, actor: User, at: datetime, remark: str = "") -> PlanVersion:
    """Make the proposal a version of the plan, to be signed by three."""
    job = finished_job(row)
    refuse_if(
        job is None,
        "planning.no-proposal",
        en="There is no finished proposal to take over",
        zh="尚无已完成的计算结果可采用",
    ).insist()
    assert job is not None
    taken = row.case.plans.filter(job=job, voided_at=None).first()
    refuse_if(
        taken,
        "planning.taken-already",
        en="This proposal is {plan} already",
        zh="该结果已作为{plan}保存",
        plan=taken,
    ).insist()
    return add_plan(actor=actor, at=at, values=_values(row, job, remark))


def _values(row: PlanRequest, job: Job, remark: str) -> dict[str, Any]:
    outcome = job.outcome
    facts = outcome["facts"]
    common = {
        "case": Case.objects.get(pk=row.case_id),
        "origin": PlanVersion.Origin.TROCAR,
        "system": f"Trocar {job.library_version}",
        "made_on": timezone.localdate(job.finished_at),
        "made_by": row.planner,
        "target": facts["target"],
        "target_volume_cc": _two(value_of(outcome, "volume_cc")),
        "needles": facts["needles"],
        "job": job,
        "document": paper_of(job, "plan", "zh"),
        "summary": {"request": row.pk, "job": job.pk, "plan": outcome["hash"], "outcome": job.outcome_sha256},
        "remark": remark,
    }
    return common | (_of_seeds(row, outcome) if row.case.technique == Technique.SEED else _of_heat(outcome))


def _of_seeds(row: PlanRequest, outcome: dict[str, Any]) -> dict[str, Any]:
    assert row.lot is not None
    lot = SeedLot.objects.get(pk=row.lot)
    return {
        "prescribed_dose_gy": _two(outcome["facts"]["prescription_gy"]),
        "source": lot.product,
        "air_kerma_strength_u": f"{lot.certified_u:.4f}",
        "strength_on": timezone.localdate(lot.calibrated_at),
        "seeds": outcome["facts"]["seeds"],
        "d90_gy": _two(value_of(outcome, "d90_gy")),
        "v100_percent": _two(value_of(outcome, "v100_percent")),
        "v150_percent": _two(value_of(outcome, "v150_percent")),
    }


def _of_heat(outcome: dict[str, Any]) -> dict[str, Any]:
    facts = outcome["facts"]
    margin = value_of(outcome, "margin_mm")
    return {
        "power_w": f"{facts['power_w']:.1f}",
        "minutes": f"{facts['minutes']:.1f}",
        "margin_mm": None if margin is None else f"{margin:.1f}",
    }


def _two(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"

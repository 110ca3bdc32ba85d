"""Asking for an independent check of a plan that another system made."""

from datetime import datetime
from typing import Any

from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.actions import ask
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.planning.actions import PLANNERS
from trocar_clinic.planning.files import files_of
from trocar_clinic.planning.models import PlanVersion

CHECK = "planning.check"


def ask_check(plan: PlanVersion, *, actor: User, at: datetime) -> PlanVersion:
    """Ask the library to recompute an imported plan, compare it with the dose that came with it, and explain.

    Raises
    ------
    Refused
        There is no file.
    """
    has_one_of(actor, PLANNERS).insist()
    files_of(plan)
    inputs: dict[str, Any] = {"plan": plan.pk, "implant_on": plan.summary.get("implant_on", "")}
    ask(CHECK, plan, actor=actor, at=at, inputs=inputs)
    return plan


def may_be_checked(plan: PlanVersion) -> bool:
    """Say whether a plan came as a file from elsewhere, and no check of it runs."""
    job = latest_job(plan)
    is_open = job is not None and job.is_open
    return plan.origin == PlanVersion.Origin.IMPORTED and not plan.is_void and not is_open

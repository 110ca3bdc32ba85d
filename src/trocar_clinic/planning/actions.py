"""Deeds on plans: add a version, sign it, withdraw a signature."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils import timezone

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import ALLOWED, refuse_if
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.patients.actions import advance
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import Event, Guard, State
from trocar_clinic.planning.models import PlanSignature, PlanVersion, SignerRole
from trocar_clinic.planning.policies import may_plan, may_sign, signed_by_three
from trocar_clinic.records.actions import fresh, need_reason
from trocar_clinic.records.deed import deed, fingerprint_of

PLANNERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})


def add_plan(*, actor: User, at: datetime, values: Mapping[str, Any]) -> PlanVersion:
    """Add a version to the plan of a case; signatures of earlier versions do not carry over."""
    has_one_of(actor, PLANNERS).insist()
    with deed("planning.add_version", actor=actor, at=at):
        seen: Case = values["case"]
        case = fresh(seen, version=seen.version)
        last = case.plans.aggregate(last=Max("number"))["last"] or 0
        plan = PlanVersion(**{**values, "case": case}, number=last + 1)
        refuse_if(
            plan.made_on > timezone.localdate(at),
            "planning.made-in-future",
            en="The plan was made on {day}, which has not come",
            zh="计划制定日期 {day} 在将来",
            day=plan.made_on,
        ).insist()
        may_plan(plan.made_by, plan).insist()
        plan.save()
        advance(case, Event.PLAN, {Guard.PLAN_COMPLETE: ALLOWED})
    return plan


def sign_plan(plan: PlanVersion, *, actor: User, at: datetime, role: str) -> PlanSignature:
    """Sign a version; the third signature makes it ready."""
    as_role = SignerRole(role)
    with deed("planning.sign", actor=actor, at=at, note={"role": as_role.value}):
        plan = fresh(plan, version=plan.version)
        may_sign(actor, plan, as_role, on=timezone.localdate(at)).insist()
        made = PlanSignature(
            plan=plan,
            role=as_role,
            signer=StaffMember.objects.get(account=actor),
            signed_at=at,
            content=fingerprint_of(plan),
        )
        made.save()
        verdict = signed_by_three(plan)
        case = plan.case
        if verdict.allowed and case.state == State.PLANNED:
            advance(
                fresh(case, version=case.version), Event.COMPLETE_SIGNATURES, {Guard.THREE_DIFFERENT_SIGNERS: verdict}
            )
    return made


def withdraw(signature: PlanSignature, *, actor: User, at: datetime, why: str) -> PlanSignature:
    """Withdraw one's own signature while the procedure has not begun."""
    need_reason(why)
    with deed("planning.withdraw_signature", actor=actor, at=at, reason=why):
        signature = fresh(signature, version=signature.version)
        case = fresh(signature.plan.case, version=signature.plan.case.version)
        refuse_if(
            signature.signer.account_id != actor.pk,
            "planning.not-own-signature",
            en="Only {signer} can withdraw this signature",
            zh="只有{signer}本人可以撤回此签署",
            signer=signature.signer,
        ).insist()
        refuse_if(
            case.state not in {State.PLANNED, State.SIGNED},
            "planning.procedure-begun",
            en="The procedure has begun; a signature cannot be withdrawn",
            zh="手术已开始，不能撤回签署",
        ).insist()
        signature.voided_at, signature.void_reason = at, why
        signature.save()
        if case.state == State.SIGNED:
            advance(case, Event.WITHDRAW_PLAN, {Guard.REASON_GIVEN: ALLOWED})
    return signature

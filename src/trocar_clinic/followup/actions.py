"""Deeds of follow-up: begin with a plan, go on unverified, see the patient, close."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import override

from trocar_clinic.accounts.models import CLINICAL, Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import ALLOWED, refuse_if
from trocar_clinic.followup.models import Charge, PlannedVisit, PriceItem, Visit
from trocar_clinic.followup.schedule import schedule_for, schedule_key
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.actions import advance
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import Event, Guard
from trocar_clinic.records.actions import fresh, need_reason
from trocar_clinic.records.deed import deed

DOCTORS = frozenset({Role.PHYSICIAN})


def begin(case: Case, *, actor: User, at: datetime) -> Case:
    """Begin the follow-up of a verified case by its schedule."""
    has_one_of(actor, CLINICAL).insist()
    with deed("followup.begin", actor=actor, at=at):
        current = advance(fresh(case, version=case.version), Event.BEGIN_FOLLOW_UP, {})
        _plan_visits(current)
    return current


def begin_unverified(case: Case, *, actor: User, at: datetime, why: str) -> Case:
    """Begin follow-up without verification; the case stays counted as not verified."""
    has_one_of(actor, DOCTORS).insist()
    need_reason(why)
    with deed("followup.begin_unverified", actor=actor, at=at, reason=why):
        current = fresh(case, version=case.version)
        advance(current, Event.RELEASE_UNVERIFIED, {Guard.REASON_GIVEN: ALLOWED})
        _plan_visits(current)
    return current


def _plan_visits(case: Case) -> None:
    """Write the planned visits of a case, once."""
    if case.planned_visits.filter(voided_at=None).exists():
        return
    done = case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("ended_at").last()
    assert done is not None  # the state of the case says so
    day = timezone.localtime(done.ended_at).date()
    for each in schedule_for(Technique(case.technique)):
        PlannedVisit(
            case=case,
            due_on=day + timedelta(days=each.day),
            window_days=each.window_days,
            purpose=_in("zh-hans", each.title),
            purpose_en=_in("en", each.title),
            schedule=schedule_key(),
        ).save()


def _in(language: str, text: Any) -> str:
    with override(language):
        return str(text)


def see(*, actor: User, at: datetime, values: Mapping[str, Any]) -> Visit:
    """Keep a visit; a patient found dead is entered as such with the day by `Patient`, never guessed from here."""
    has_one_of(actor, CLINICAL).insist()
    way, alive = values["way"], values.get("alive")
    refuse_if(
        way != Visit.Way.NOT_REACHED and alive is None,
        "followup.alive-unknown",
        en="Say whether the patient is alive",
        zh="请填写患者是否存活",
    ).insist()
    patient = values["case"].patient
    refuse_if(
        alive is False and patient.died_on is None,
        "followup.death-without-day",
        en="First enter the day and cause of death with the patient",
        zh="请先在患者信息中登记死亡日期与原因",
    ).insist()
    with deed("followup.see", actor=actor, at=at):
        visit = Visit(**values)
        visit.save()
    return visit


def charge(*, actor: User, at: datetime, values: Mapping[str, Any]) -> Charge:
    """Charge an item at the price in force."""
    has_one_of(actor, CLINICAL | {Role.AFFAIRS}).insist()
    item: PriceItem = values["item"]
    with deed("followup.charge", actor=actor, at=at):
        row = Charge(**{**values, "price_yuan": item.price_yuan})
        row.save()
    return row


def close(case: Case, *, actor: User, at: datetime, why: str) -> Case:
    """Close a case."""
    has_one_of(actor, DOCTORS).insist()
    need_reason(why)
    with deed("followup.close", actor=actor, at=at, reason=why):
        return advance(fresh(case, version=case.version), Event.CLOSE, {Guard.REASON_GIVEN: ALLOWED})

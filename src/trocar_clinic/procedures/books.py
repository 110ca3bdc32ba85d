"""The books of consent, procedures and verification, and the deeds on a case that belong here."""

from datetime import datetime
from typing import Any

from trocar_clinic.accounts.models import CLINICAL, SEES_CASES, User
from trocar_clinic.language import both
from trocar_clinic.patients.actions import can_step
from trocar_clinic.patients.states import Event, State
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.forms import (
    AbortForm,
    ConsentForm,
    FinishForm,
    MonitorForm,
    StartForm,
    TimeOutForm,
    TypedVitalsForm,
    VerificationForm,
)
from trocar_clinic.procedures.models import (
    Consent,
    Insertion,
    Procedure,
    ProcedureEvent,
    TeamMember,
    TimeOut,
    Verification,
    VitalStream,
)
from trocar_clinic.records.books import Book, RowDeed

BEFORE = {State.DECIDED, State.PLANNED, State.SIGNED}


def _typed(procedure: Procedure, *, actor: User, at: datetime, channels: Any) -> Any:
    actions.add_vitals(procedure, actor=actor, at=at, channels=channels, origin=VitalStream.Origin.TYPED)
    return procedure


def _monitor(procedure: Procedure, *, actor: User, at: datetime, **values: Any) -> Any:
    actions.add_vitals(procedure, actor=actor, at=at, **values)
    return procedure


def _open(row: Procedure) -> bool:
    return row.ended_at is None and not row.is_void


DEEDS = {
    "cases": (
        RowDeed(
            name="consent",
            title=both("Consent", "知情同意"),
            act=actions.give_consent,
            doers=actions.DOCTORS,
            form=ConsentForm,
            offered=lambda case: case.state in BEFORE,
        ),
        RowDeed(
            name="time-out",
            title=both("Time-out", "安全核查"),
            act=actions.do_time_out,
            doers=CLINICAL,
            form=TimeOutForm,
            offered=lambda case: case.state == State.SIGNED,
        ),
        RowDeed(
            name="start",
            title=both("Start the procedure", "开始手术"),
            act=actions.start,
            doers=CLINICAL,
            form=StartForm,
            offered=lambda case: can_step(case, Event.START),
        ),
        RowDeed(
            name="verify",
            title=both("Verify", "术后验证"),
            act=actions.verify,
            doers=actions.VERIFIERS,
            form=VerificationForm,
            offered=lambda case: can_step(case, Event.VERIFY),
        ),
    ),
}

BOOKS = (
    Book(
        slug="consents",
        model=Consent,
        parent="case",
        readers=SEES_CASES,
        writers=actions.DOCTORS,
        can_enter=False,
        can_correct=False,
        order=("-signed_at",),
        related=("case", "told_by", "witness"),
        columns=("signed_at", "text_version", "language", "signer", "signer_name", "told_by", "witness"),
        fields=(
            "case",
            "text_version",
            "language",
            "told_by",
            "signer",
            "signer_name",
            "relation",
            "witness",
            "signed_at",
            "scan",
        ),
        facts=("signature", "physician_signature"),
        template="procedures/consent.html",
    ),
    Book(
        slug="time-outs",
        model=TimeOut,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        can_correct=False,
        order=("-done_at",),
        related=("case",),
        columns=("done_at", "complete", "remark"),
        fields=("case", "done_at", "remark"),
        facts=("complete",),
        template="procedures/time_out.html",
    ),
    Book(
        slug="procedures",
        model=Procedure,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        can_correct=False,
        order=("-started_at",),
        related=("case", "room", "guidance", "plan"),
        columns=("started_at", "ended_at", "room", "guidance", "result", "duration", "technical_success"),
        fields=("case", "plan", "room", "guidance", "second_guidance", "anaesthesia", "started_at"),
        facts=("ended_at", "duration", "result", "technical_success", "narrative"),
        search=("case__number__iexact",),
        filters=("result",),
        template="procedures/procedure.html",
        deeds=(
            RowDeed(
                name="vitals",
                title=both("Enter vital signs", "录入生命体征"),
                act=_typed,
                doers=CLINICAL,
                form=TypedVitalsForm,
                offered=lambda row: not row.is_void,
            ),
            RowDeed(
                name="monitor",
                title=both("Import from a monitor", "导入监护数据"),
                act=_monitor,
                doers=CLINICAL,
                form=MonitorForm,
                offered=lambda row: not row.is_void,
            ),
            RowDeed(
                name="finish",
                title=both("Finish", "结束手术"),
                act=actions.finish,
                doers=actions.DOCTORS,
                form=FinishForm,
                offered=_open,
            ),
            RowDeed(
                name="abort",
                title=both("Abort", "中止手术"),
                act=actions.abort,
                doers=actions.DOCTORS,
                form=AbortForm,
                offered=_open,
                grave=True,
            ),
        ),
    ),
    Book(
        slug="team",
        model=TeamMember,
        parent="procedure",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        related=("person", "procedure"),
        columns=("duty", "person"),
        fields=("procedure", "person", "duty"),
    ),
    Book(
        slug="insertions",
        model=Insertion,
        parent="procedure",
        readers=SEES_CASES,
        writers=CLINICAL,
        order=("number",),
        related=("procedure", "lesion", "device"),
        columns=("number", "lesion", "device", "depth_mm", "seeds", "power_w", "minutes", "cycles"),
        fields=("procedure", "number", "lesion", "device", "depth_mm", "seeds", "power_w", "minutes", "cycles"),
    ),
    Book(
        slug="events",
        model=ProcedureEvent,
        parent="procedure",
        readers=SEES_CASES,
        writers=CLINICAL,
        order=("at",),
        related=("procedure",),
        columns=("at", "kind", "what", "action"),
        fields=("procedure", "at", "kind", "what", "action"),
    ),
    Book(
        slug="vital-streams",
        model=VitalStream,
        parent="procedure",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        order=("channel", "first_at"),
        related=("procedure",),
        columns=("channel", "origin", "first_at", "last_at", "number"),
        fields=("procedure", "channel", "origin"),
        facts=("first_at", "last_at", "number", "content"),
    ),
    Book(
        slug="verifications",
        model=Verification,
        parent="case",
        readers=SEES_CASES,
        writers=actions.VERIFIERS,
        can_enter=False,
        order=("-verified_on",),
        related=("case", "verified_by"),
        columns=(
            "kind",
            "day",
            "image_on",
            "verified_on",
            "verified_by",
            "d90_gy",
            "v100_percent",
            "margin_mm",
            "seeds_seen",
        ),
        fields=("case", *VerificationForm.Meta.fields),
    ),
)

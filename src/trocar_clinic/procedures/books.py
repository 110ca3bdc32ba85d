"""The books of consent, procedures and verification, and the deeds on a case that belong here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trocar_clinic.accounts.models import CLINICAL, SEES_CASES, User
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.actions import can_step
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import Event, State
from trocar_clinic.planning.making import finished_job
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.connections import MonitorConnection
from trocar_clinic.procedures.forms import (
    AbortForm,
    ConnectForm,
    ConsentForm,
    DisconnectForm,
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
    VerificationRequest,
    VitalStream,
)
from trocar_clinic.procedures.verify_forms import DoseForm, EnterForm, MarginForm, scans_after
from trocar_clinic.procedures.verifying import ask_verification, enter, stop
from trocar_clinic.records.books import Book, RowDeed

BEFORE = {State.DECIDED, State.PLANNED, State.SIGNED}


def _typed(procedure: Procedure, *, actor: User, at: datetime, channels: Any) -> Any:
    actions.add_vitals(procedure, actor=actor, at=at, channels=channels, origin=VitalStream.Origin.TYPED)
    return procedure


def _monitor(procedure: Procedure, *, actor: User, at: datetime, **values: Any) -> Any:
    actions.add_vitals(procedure, actor=actor, at=at, **values)
    return procedure


def _may_be_verified(technique: Technique) -> Callable[[Case], bool]:
    return lambda case: case.technique == technique and can_step(case, Event.VERIFY) and scans_after(case).exists()


def _is_working(row: VerificationRequest) -> bool:
    job = latest_job(row)
    return job is not None and job.is_open


def _may_be_entered(row: VerificationRequest) -> bool:
    return finished_job(row) is not None and not row.is_void and can_step(row.case, Event.VERIFY)


def _connect(procedure: Procedure, *, actor: User, at: datetime, **values: Any) -> Any:
    actions.connect_monitor(procedure, actor=actor, at=at, **values)
    return procedure


def _disconnect(connection: MonitorConnection, *, actor: User, at: datetime, **values: Any) -> Any:
    return actions.disconnect_monitor(connection, actor=actor, at=at, **values).procedure


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
        *(
            RowDeed(
                name=name,
                title=both("Verify with the library", "用程序库验证"),
                act=ask_verification,
                doers=actions.VERIFIERS,
                form=form,
                offered=_may_be_verified(technique),
            )
            for name, form, technique in (
                ("verify-dose", DoseForm, Technique.SEED),
                ("verify-margin", MarginForm, Technique.ABLATION),
            )
        ),
        RowDeed(
            name="verify",
            title=both("Enter a verification", "录入术后验证"),
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
                name="connect",
                title=both("Connect a monitor", "接入监护仪"),
                act=_connect,
                doers=CLINICAL,
                form=ConnectForm,
                offered=_open,
                help=both(
                    "From then on what this monitor sends belongs to this procedure, until it is taken off or "
                    "the procedure ends.",
                    "自接入起，该监护仪发送的数值记入本次手术，直至断开或手术结束。",
                ),
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
        slug="connections",
        model=MonitorConnection,
        parent="procedure",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        can_correct=False,
        order=("-connected_at",),
        related=("procedure__case", "monitor"),
        columns=("monitor", "connected_at", "disconnected_at"),
        fields=("procedure", "monitor", "connected_at", "disconnected_at"),
        deeds=(
            RowDeed(
                name="disconnect",
                title=both("Disconnect", "断开"),
                act=_disconnect,
                doers=CLINICAL,
                form=DisconnectForm,
                offered=lambda row: row.disconnected_at is None and not row.is_void,
            ),
        ),
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
        slug="verification-requests",
        model=VerificationRequest,
        parent="case",
        readers=SEES_CASES,
        writers=actions.VERIFIERS,
        can_enter=False,
        can_correct=False,
        order=("-pk",),
        related=("case", "plan", "scan"),
        columns=("recorded_at", "scan", "plan", "progress", "entered"),
        fields=("case", "plan", "scan", "structures"),
        facts=("entered",),
        template="procedures/verification_task.html",
        deeds=(
            RowDeed(
                name="enter",
                title=both("Enter as the verification", "登记为术后验证"),
                act=enter,
                doers=actions.VERIFIERS,
                form=EnterForm,
                offered=_may_be_entered,
            ),
            RowDeed(name="stop", title=both("Stop", "停止"), act=stop, doers=actions.VERIFIERS, offered=_is_working),
        ),
    ),
    Book(
        slug="verifications",
        model=Verification,
        parent="case",
        template="procedures/verification.html",
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

"""Deeds around the procedure: consent, time-out, start, finish, abort, vital signs, verification."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from trocar_clinic.accounts.models import CLINICAL, Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.custody.places import Place
from trocar_clinic.custody.queries import of_case
from trocar_clinic.errors import ALLOWED, Verdict, refusal, refuse_if
from trocar_clinic.institution.models import Equipment, StaffMember
from trocar_clinic.institution.policies import house_may, person_may
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.actions import advance
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import Event, Guard
from trocar_clinic.planning.policies import signed_by_three
from trocar_clinic.planning.queries import current_plan
from trocar_clinic.procedures.connections import MonitorConnection
from trocar_clinic.procedures.models import ACTS, Consent, Procedure, TeamMember, TimeOut, Verification
from trocar_clinic.procedures.questions import consent_items, time_out_items
from trocar_clinic.procedures.vitals import MOST_SAMPLES, PLAUSIBLE, Channel, Sample, VitalStream, packed, sent_through
from trocar_clinic.records.actions import fresh, need_reason
from trocar_clinic.records.deed import deed

DOCTORS = frozenset({Role.PHYSICIAN})
VERIFIERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})


def give_consent(case: Case, *, actor: User, at: datetime, items: Mapping[str, bool], **values: Any) -> Consent:
    """Keep a consent.

    Raises
    ------
    Refused
        Something that must be told was not told.
    """
    has_one_of(actor, DOCTORS).insist()
    questions = consent_items(Technique(case.technique))
    untold = [each.text for each in questions.items if not items.get(each.key)]
    refuse_if(
        untold,
        "procedures.not-told",
        en="Not told: {items}. Consent holds only when everything was told",
        zh="尚未告知：{items}。全部告知后同意书方为有效",
        items=_List(untold),
    ).insist()
    with deed("procedures.consent", actor=actor, at=at, note={"case": case.pk}):
        made = Consent(case=case, items=dict(items), items_key=questions.key, **values)
        made.save()
    return made


class _List:
    """Texts of both languages, joined when they are read."""

    def __init__(self, texts: Sequence[Any]) -> None:
        self.texts = texts

    def __format__(self, spec: str) -> str:
        return str(both(", ", "、")).join(map(str, self.texts))


def do_time_out(
    case: Case, *, actor: User, at: datetime, items: Mapping[str, bool], done_at: datetime, remark: str = ""
) -> TimeOut:
    """Keep a time-out, complete or not; only a complete one lets the procedure start."""
    has_one_of(actor, CLINICAL).insist()
    with deed("procedures.time_out", actor=actor, at=at, note={"case": case.pk}):
        key = time_out_items(Technique(case.technique)).key
        made = TimeOut(case=case, done_at=done_at, items=dict(items), items_key=key, remark=remark)
        made.save()
    return made


def consent_in_force(case: Case, *, before: datetime) -> Verdict:
    """Say whether a standing consent was signed before a moment."""
    return refuse_if(
        not case.consents.filter(voided_at=None, signed_at__lt=before).exists(),
        "procedures.no-consent",
        en="No consent was signed before {at:%Y-%m-%d %H:%M}",
        zh="{at:%Y-%m-%d %H:%M} 之前没有已签署的知情同意书",
        at=before.astimezone(),
    )


def time_out_done(case: Case, *, before: datetime) -> Verdict:
    """Say whether a complete time-out of the same day was done before a moment."""
    day = timezone.localtime(before).date()
    outs = [each for each in case.time_outs.filter(voided_at=None, done_at__lte=before) if each.complete]
    return refuse_if(
        not any(timezone.localtime(each.done_at).date() == day for each in outs),
        "procedures.no-time-out",
        en="No complete time-out was done on {day} before the start",
        zh="{day} 手术开始前没有完成的安全核查",
        day=day,
    )


def start(
    case: Case, *, actor: User, at: datetime, team: Sequence[tuple[StaffMember, str]], **values: Any
) -> Procedure:
    """Start a procedure with its team.

    Raises
    ------
    Refused
        Plan not signed, consent, time-out or a licence missing, somebody not entitled on the day, the device not fit.
    """
    has_one_of(actor, CLINICAL).insist()
    started_at: datetime = values["started_at"]
    day = timezone.localtime(started_at).date()
    with deed("procedures.start", actor=actor, at=at):
        case = fresh(case, version=case.version)
        plan = current_plan(case)
        guards = {
            Guard.THREE_DIFFERENT_SIGNERS: signed_by_three(plan),
            Guard.CONSENT_IN_FORCE: consent_in_force(case, before=started_at),
            Guard.LICENCES_IN_FORCE: house_may(Technique(case.technique), on=day),
            Guard.TEAM_ENTITLED: team_entitled(case, team, on=day) & _device_fit(values["guidance"], on=day),
            Guard.TIME_OUT_DONE: time_out_done(case, before=started_at),
        }
        advance(case, Event.START, guards)
        procedure = Procedure(case=case, plan=plan, **values)
        procedure.save()
        for person, duty in team:
            TeamMember(procedure=procedure, person=person, duty=duty).save()
    return procedure


def team_entitled(case: Case, team: Sequence[tuple[StaffMember, str]], *, on: Any) -> Verdict:
    """Say whether there is an operator and every member may do on a day what the duty asks."""
    duties = {duty for _, duty in team}
    verdict = refuse_if(
        TeamMember.Duty.OPERATOR not in duties,
        "procedures.no-operator",
        en="The team has no operator",
        zh="团队缺少术者",
    )
    if case.technique == Technique.SEED:
        verdict &= refuse_if(
            TeamMember.Duty.PHYSICIST not in duties,
            "procedures.no-physicist",
            en="The team has no physicist",
            zh="团队缺少物理师",
        )
    for person, duty in team:
        act = ACTS.get(TeamMember.Duty(duty))
        verdict &= person_may(person, act, Technique(case.technique), on=on) if act else ALLOWED
    return verdict


def _device_fit(device: Any, *, on: Any) -> Verdict:
    return refuse_if(
        not device.is_fit_on(on),
        "procedures.device-not-fit",
        en="{device} is out of use or its test is overdue on {day}",
        zh="{device} 在 {day} 停用或检测已过期",
        device=device,
        day=on,
    )


def finish(
    procedure: Procedure,
    *,
    actor: User,
    at: datetime,
    ended_at: datetime,
    result: str,
    narrative: str,
    technical_success: bool,
) -> Procedure:
    """Finish a procedure, if seeds or devices balance.

    Raises
    ------
    Refused
        Seeds issued are not all accounted for, or the needles hold another number than was implanted.
    """
    has_one_of(actor, DOCTORS).insist()
    with deed("procedures.finish", actor=actor, at=at):
        current = fresh(procedure, version=procedure.version)
        case = fresh(current.case, version=current.case.version)
        advance(case, Event.FINISH, {Guard.COUNTS_BALANCE: counts_balance(current)})
        current.ended_at, current.result, current.narrative = ended_at, result, narrative
        current.technical_success = technical_success
        _take_monitors_off(current, at=ended_at)
        current.save()
    return current


def counts_balance(procedure: Procedure) -> Verdict:
    """Say whether what went out for a procedure is accounted for."""
    insertions = list(procedure.insertions.filter(voided_at=None))
    verdict = refuse_if(
        not insertions,
        "procedures.no-insertion",
        en="No needle or applicator is entered",
        zh="尚未登记任何穿刺针或消融针",
    )
    if procedure.case.technique != Technique.SEED:
        return verdict
    counts = of_case(procedure.case)
    in_needles = sum(each.seeds or 0 for each in insertions)
    verdict &= refuse_if(
        counts[Place.THEATRE] != 0,
        "procedures.seeds-open",
        en="{n} seeds issued to this case are not accounted for: implant, bring back, discard or search for them",
        zh="领出至本病例的 {n} 粒去向未登记：请登记植入、退库、废弃，或查找",
        n=counts[Place.THEATRE],
    )
    implanted = counts[Place.PATIENT]
    others = sum(
        each.seeds or 0
        for other in procedure.case.procedures.filter(voided_at=None).exclude(pk=procedure.pk)
        for each in other.insertions.filter(voided_at=None)
    )
    return verdict & refuse_if(
        implanted != in_needles + others,
        "procedures.seeds-differ",
        en="The ledger says {ledger} seeds implanted, the needles hold {needles}",
        zh="台账植入 {ledger} 粒，各针合计 {needles} 粒，两者不符",
        ledger=implanted,
        needles=in_needles + others,
    )


def abort(procedure: Procedure, *, actor: User, at: datetime, ended_at: datetime, why: str) -> Procedure:
    """End a procedure in which nothing was done; the case waits with its signed plan."""
    has_one_of(actor, DOCTORS).insist()
    need_reason(why)
    with deed("procedures.abort", actor=actor, at=at, reason=why):
        current = fresh(procedure, version=procedure.version)
        case = fresh(current.case, version=current.case.version)
        implanted = of_case(case)[Place.PATIENT] if case.technique == Technique.SEED else 0
        refuse_if(
            implanted,
            "procedures.already-implanted",
            en="{n} seeds are implanted already: finish the procedure instead",
            zh="已植入 {n} 粒，不能中止，请按完成登记",
            n=implanted,
        ).insist()
        advance(case, Event.ABORT, {Guard.REASON_GIVEN: ALLOWED})
        current.ended_at, current.result, current.narrative = ended_at, Procedure.Result.ABORTED, why
        current.technical_success = False
        _take_monitors_off(current, at=ended_at)
        current.save()
    return current


def add_vitals(
    procedure: Procedure,
    *,
    actor: User,
    at: datetime,
    channels: Mapping[Channel, Sequence[Sample]],
    origin: str,
    file: Any = None,
) -> list[VitalStream]:
    """Keep samples of a procedure.

    Raises
    ------
    Refused
        Outside the procedure, not plausible, or too many.
    """
    has_one_of(actor, CLINICAL).insist()
    with deed("procedures.add_vitals", actor=actor, at=at, note={"origin": origin}):
        streams = []
        for channel, samples in channels.items():
            judge_samples(procedure, channel, samples).insist()
            stream = VitalStream(procedure=procedure, channel=channel, origin=origin, file=file, **packed(samples))
            stream.save()
            streams.append(stream)
    return streams


def judge_samples(procedure: Procedure, channel: Channel, samples: Sequence[Sample]) -> Verdict:
    """Say whether samples lie within the procedure and are such as a living person has."""
    end = procedure.ended_at or timezone.now()
    low, high = PLAUSIBLE[channel]
    outside = next((each for each in samples if not procedure.started_at <= each.at <= end), None)
    odd = next((each for each in samples if not low <= each.value <= high), None)
    wrong_pair = next((each for each in samples if each.second is not None and each.second > each.value), None)
    verdict = refuse_if(
        not samples or len(samples) > MOST_SAMPLES,
        "procedures.too-many-samples",
        en="{n} samples of {channel}; between 1 and {most} are taken at once",
        zh="{channel}共 {n} 个数据；一次须为 1 至 {most} 个",
        n=len(samples),
        channel=channel.label,
        most=MOST_SAMPLES,
    )
    if outside is not None:
        verdict &= refusal(
            "procedures.outside-procedure",
            en="{channel} at {at:%Y-%m-%d %H:%M:%S} lies outside the procedure ({start:%H:%M} to {end:%H:%M}): "
            "wrong patient or clock?",
            zh="{channel} {at:%Y-%m-%d %H:%M:%S} 不在手术时间（{start:%H:%M}–{end:%H:%M}）内：患者或时钟是否有误？",
            channel=channel.label,
            at=outside.at.astimezone(),
            start=procedure.started_at.astimezone(),
            end=end.astimezone(),
        )
    if odd is not None:
        verdict &= refusal(
            "procedures.not-plausible",
            en="{channel} {value} is outside {low} to {high}: check value and unit",
            zh="{channel} {value} 超出 {low}–{high}：请核对数值与单位",
            channel=channel.label,
            value=odd.value,
            low=low,
            high=high,
        )
    return verdict & refuse_if(
        wrong_pair,
        "procedures.pressures-swapped",
        en="Systolic is below diastolic: are they swapped?",
        zh="收缩压低于舒张压，是否填反？",
    )


def connect_monitor(
    procedure: Procedure, *, actor: User, at: datetime, monitor: Equipment, connected_at: datetime
) -> MonitorConnection:
    """Connect a monitor to the patient of a procedure, so that its messages are taken.

    Raises
    ------
    Refused
        The procedure has ended, or the register says that the monitor stands in another room.
    """
    has_one_of(actor, CLINICAL).insist()
    with deed("procedures.connect_monitor", actor=actor, at=at):
        current = fresh(procedure, version=procedure.version)
        refuse_if(
            current.ended_at is not None,
            "procedures.has-ended",
            en="This procedure has ended",
            zh="该手术已结束",
        ).insist()
        refuse_if(
            monitor.room_id and monitor.room_id != current.room_id,
            "procedures.monitor-elsewhere",
            en="{monitor} stands in {there}, the procedure is in {here}: correct the register or take another",
            zh="{monitor} 登记在「{there}」，本手术在「{here}」：请更正设备登记或另选监护仪",
            monitor=monitor,
            there=monitor.room,
            here=current.room,
        ).insist()
        made = MonitorConnection(procedure=current, monitor=monitor, connected_at=connected_at)
        made.save()
    return made


def disconnect_monitor(
    connection: MonitorConnection, *, actor: User, at: datetime, disconnected_at: datetime
) -> MonitorConnection:
    """Take a monitor off; what it sent becomes the procedure's vital signs."""
    has_one_of(actor, CLINICAL).insist()
    with deed("procedures.disconnect_monitor", actor=actor, at=at):
        current = fresh(connection, version=connection.version)
        refuse_if(
            current.disconnected_at is not None,
            "procedures.is-disconnected",
            en="This monitor was taken off already",
            zh="该监护仪已断开",
        ).insist()
        _take_off(current, at=disconnected_at)
    return current


def _take_monitors_off(procedure: Procedure, *, at: datetime) -> None:
    for connection in procedure.connections.filter(voided_at=None, disconnected_at=None):
        _take_off(connection, at=max(at, connection.connected_at))


def _take_off(connection: MonitorConnection, *, at: datetime) -> None:
    """Close a connection and keep what came through it, one stream a channel."""
    connection.disconnected_at = at
    connection.save()
    for channel, samples in sent_through([connection]).items():
        told = [each for each in samples if each.at <= at]
        for first in range(0, len(told), MOST_SAMPLES):
            VitalStream(
                procedure=connection.procedure,
                channel=channel,
                origin=VitalStream.Origin.MLLP,
                **packed(told[first : first + MOST_SAMPLES]),
            ).save()


def verify(case: Case, *, actor: User, at: datetime, **values: Any) -> Verification:
    """Keep a verification and move the case on."""
    has_one_of(actor, VERIFIERS).insist()
    with deed("procedures.verify", actor=actor, at=at):
        case = fresh(case, version=case.version)
        made = Verification(case=case, **values)
        made.save()
        advance(case, Event.VERIFY, {Guard.VERIFICATION_ON_RECORD: ALLOWED})
    return made

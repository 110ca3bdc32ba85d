"""Taking a monitor's message: it goes to the procedure that the monitor is connected to, or nowhere.

Nothing is guessed. The monitor is known by the identifier in its register entry; the procedure by the connection that a
person made; where the message names a patient, it must be the patient of that procedure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import hl7
from django.db import transaction
from django.utils import translation

from trocar_clinic.errors import Refused, Verdict, reason, refusal, refuse_if
from trocar_clinic.institution.models import Equipment
from trocar_clinic.language import CHINESE, ENGLISH
from trocar_clinic.patients.models import Admission, Patient
from trocar_clinic.procedures.actions import judge_samples
from trocar_clinic.procedures.connections import MonitorConnection, MonitorMessage
from trocar_clinic.procedures.monitors import samples_from_pcd01
from trocar_clinic.procedures.vitals import Channel, Sample

OBSERVATIONS = "ORU^R01"
NO_KNOWN_PERSON = {"", '""'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a message says of itself: who sent it, about whom, and how it wants to be answered."""

    kind: str
    control: str
    devices: frozenset[str]
    patients: frozenset[str]
    birth_date: str

    @classmethod
    def in_message(cls, message: hl7.Message) -> Named:
        """Read MSH, PID, PV1, OBR-3 and OBX-18."""
        devices = set()
        for segment in message:
            name = str(segment[0])
            places = {"OBR": (3,), "OBX": (18,), "PV1": (3,)}.get(name, ())
            devices |= {_first(_at(segment, place)) for place in places}
            devices |= {_at(segment, place) for place in places if name == "PV1"}
        patient = next((segment for segment in message if str(segment[0]) == "PID"), None)
        numbers = _at(patient, 3).split("~") if patient is not None else []
        header = message[0]
        return cls(
            kind="^".join(_at(header, 9).split("^")[:2]),
            control=printable(_at(header, 10))[:199],
            devices=frozenset(devices - {""}),
            patients=frozenset(_first(each) for each in numbers) - NO_KNOWN_PERSON,
            birth_date=_at(patient, 7)[:8] if patient is not None else "",
        )


def _at(segment: hl7.Segment | None, place: int) -> str:
    return str(segment[place]).strip() if segment is not None and len(segment) > place else ""


def _first(field: str) -> str:
    return field.split("^", maxsplit=1)[0].strip()


def printable(text: str) -> str:
    """Return a text without control characters, some of which a database refuses to keep."""
    return "".join(each for each in text if each.isprintable())


def receive(text: str, *, sender: str, at: datetime) -> MonitorMessage:
    """Keep a message with what was done with it; the same message sent again is the same message.

    Parameters
    ----------
    text
        One message as it came.
    sender
        Network address it came from.
    at
        When.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    with transaction.atomic():
        again = MonitorMessage.objects.filter(sha256=digest, verdict=MonitorMessage.Verdict.TAKEN).first()
        return again or _judged(text, digest=digest, sender=sender, at=at)


def _judged(text: str, *, digest: str, sender: str, at: datetime) -> MonitorMessage:
    row = MonitorMessage(received_at=at, sender=sender, sha256=digest, content=text)
    try:
        named = Named.in_message(_parsed(text))
        row.control = named.control
        refuse_if(
            named.kind != OBSERVATIONS,
            "procedures.other-message",
            en="{kind} messages are not taken, only ORU^R01",
            zh="仅接收 ORU^R01 消息，收到的是 {kind}",
            kind=named.kind or "?",
        ).insist()
        channels = samples_from_pcd01(text)
    except Refused as refused:
        return _kept(row, MonitorMessage.Verdict.UNREADABLE, refused)
    try:
        row.monitor = monitor_of(named)
        row.connection = connection_of(row.monitor, channels)
        same_person(named, row.connection).insist()
    except Refused as refused:
        return _kept(row, MonitorMessage.Verdict.REFUSED, refused)
    judged = {
        channel: judge_samples(row.connection.procedure, channel, samples) for channel, samples in channels.items()
    }
    left_out = Verdict(tuple(each for verdict in judged.values() for each in verdict.reasons))
    row.samples = {
        channel.value: [[each.at.isoformat(), each.value, each.second] for each in samples]
        for channel, samples in channels.items()
        if judged[channel].allowed
    }
    verdict = MonitorMessage.Verdict.TAKEN if row.samples else MonitorMessage.Verdict.REFUSED
    return _kept(row, verdict, None if left_out.allowed else Refused(*left_out.reasons))


def _parsed(text: str) -> hl7.Message:
    plain = text.replace("\r\n", "\r").replace("\n", "\r").strip()
    try:
        if not plain.startswith("MSH|") or plain.count("MSH|^~") != 1:
            raise ValueError("MSH")
        return hl7.parse(plain)
    except Exception as error:  # whatever a broken sender makes the parser stumble over
        raise Refused(
            reason(
                "procedures.no-message",
                en="“{start}…” is no HL7 message: it must begin with MSH",
                zh="「{start}…」不是 HL7 消息：须以 MSH 段开头",
                start=printable(text[:8]),
            )
        ) from error


def _kept(row: MonitorMessage, verdict: MonitorMessage.Verdict, refused: Refused | None) -> MonitorMessage:
    row.verdict = verdict
    if refused is not None:
        row.code = refused.codes[0]
        for name, language in (("why_en", ENGLISH), ("why_zh", CHINESE)):
            with translation.override(language):
                setattr(row, name, "; ".join(str(each.text) for each in refused.reasons)[:400])
    if verdict != MonitorMessage.Verdict.TAKEN:
        row.connection = None  # what was not taken belongs to no patient
    row.save(force_insert=True)
    return row


def monitor_of(named: Named) -> Equipment:
    """Return the one monitor in the register whose identifier the message bears."""
    known = list(Equipment.objects.standing().filter(hl7_identifier__in=named.devices).exclude(hl7_identifier=""))
    if len(known) == 1:
        monitor: Equipment = known[0]
        return monitor
    raise Refused(
        reason(
            "procedures.unknown-monitor" if not known else "procedures.two-monitors",
            en="The message bears the identifiers of {n} registered monitors ({given}); exactly one is needed",
            zh="消息中的设备标识（{given}）对应 {n} 台已登记监护仪，须恰为一台",
            n=len(known),
            given=", ".join(sorted(named.devices))[:120] or "–",
        )
    )


def connection_of(monitor: Equipment, channels: Mapping[Channel, Sequence[Sample]]) -> MonitorConnection:
    """Return the open connection of a monitor that was made before the first sample."""
    first = min(each.at for samples in channels.values() for each in samples)
    found: MonitorConnection | None = (
        MonitorConnection.objects.standing()
        .filter(monitor=monitor, disconnected_at=None, connected_at__lte=first, procedure__ended_at=None)
        .select_related("procedure__case__admission__patient")
        .first()
    )
    if found is None:
        raise Refused(
            reason(
                "procedures.not-connected",
                en="{monitor} was connected to no procedure at {at:%Y-%m-%d %H:%M:%S}",
                zh="{monitor} 在 {at:%Y-%m-%d %H:%M:%S} 未接入任何手术",
                monitor=monitor,
                at=first.astimezone(),
            )
        )
    return found


def same_person(named: Named, connection: MonitorConnection) -> Verdict:
    """Say whether the patient that the message names, if it names one, is that of the procedure."""
    admission = connection.procedure.case.admission
    ours = {admission.patient.number, admission.number}
    theirs = named.patients - ours
    other = (
        Patient.objects.standing().filter(number__in=theirs).exists()
        or Admission.objects.standing().filter(number__in=theirs).exclude(patient=admission.patient).exists()
    )
    born = f"{admission.patient.birth_date:%Y%m%d}"
    differs = named.birth_date not in NO_KNOWN_PERSON and named.birth_date[: len(born)] != born[: len(named.birth_date)]
    if other or differs or (named.patients and not named.patients & ours):
        return refusal(
            "procedures.wrong-patient",
            en="The message names another patient than the one this monitor is connected to: correct the patient "
            "on the monitor, or disconnect it",
            zh="消息中的患者与该监护仪接入的患者不符：请更正监护仪上的患者，或断开接入",
        )
    return Verdict()

"""What monitors give: IHE PCD-01 messages and WFDB waveform records, turned into samples of our five channels."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import hl7
import numpy as np
from django.utils import timezone

from trocar_clinic.errors import Refused, reason
from trocar_clinic.procedures.vitals import Channel, Sample

MDC: Mapping[str, tuple[Channel, int]] = {
    "147842": (Channel.ECG, 0),  # MDC_ECG_CARD_BEAT_RATE
    "151562": (Channel.RESPIRATION, 0),  # MDC_RESP_RATE
    "151578": (Channel.RESPIRATION, 0),  # MDC_TTHOR_RESP_RATE
    "150021": (Channel.PRESSURE, 0),  # MDC_PRESS_BLD_NONINV_SYS
    "150022": (Channel.PRESSURE, 1),  # MDC_PRESS_BLD_NONINV_DIA
    "150037": (Channel.PRESSURE, 0),  # MDC_PRESS_BLD_ART_ABP_SYS
    "150038": (Channel.PRESSURE, 1),  # MDC_PRESS_BLD_ART_ABP_DIA
    "150033": (Channel.PRESSURE, 0),  # MDC_PRESS_BLD_ART_SYS
    "150034": (Channel.PRESSURE, 1),  # MDC_PRESS_BLD_ART_DIA
    "149530": (Channel.PULSE, 0),  # MDC_PULS_OXIM_PULS_RATE
    "149514": (Channel.PULSE, 0),  # MDC_PULS_RATE
    "150456": (Channel.SPO2, 0),  # MDC_PULS_OXIM_SAT_O2
}
"""Numerics read, by their code in ISO/IEEE 11073-10101; every other observation is left alone."""

SIGNALS: Mapping[Channel, re.Pattern[str]] = {
    Channel.ECG: re.compile(r"^(ECG|MLII|MCL\d|I{1,3}|V\d?|AV[RLF])$", re.I),
    Channel.PRESSURE: re.compile(r"^(ABP|ART|BP|NIBP)$", re.I),
    Channel.RESPIRATION: re.compile(r"^RESP$", re.I),
    Channel.PULSE: re.compile(r"^(PULSE|HR|PR)$", re.I),
    Channel.SPO2: re.compile(r"^SPO2$", re.I),
}


def samples_from_pcd01(text: str) -> dict[Channel, list[Sample]]:
    """Return the samples of one or more PCD-01 messages.

    Raises
    ------
    Refused
        It is no ORU^R01 message, has no time, or none of our channels is in it.
    """
    found: dict[Channel, list[Sample]] = defaultdict(list)
    messages = [each for each in re.split(r"(?=MSH\|)", text.replace("\n", "\r").strip()) if each.startswith("MSH|")]
    if not messages:
        raise _unreadable(text)
    for message in messages:
        _read_message(hl7.parse(message), found)
    if not found:
        raise Refused(
            reason(
                "procedures.no-channel",
                en="The message holds none of: ECG, respiration, blood pressure, pulse, SpO2",
                zh="该消息不含心电、呼吸、血压、脉搏、血氧中的任何一项",
            )
        )
    return dict(found)


def decoded(content: bytes) -> str:
    """Return the text of a message: UTF-8, else GB 18030, else Latin-1, which takes anything."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _unreadable(text: str) -> Refused:
    return Refused(
        reason(
            "procedures.no-message",
            en="“{start}…” is no HL7 message: it must begin with MSH",
            zh="「{start}…」不是 HL7 消息：须以 MSH 段开头",
            start=text[:20],
        )
    )


def _read_message(message: hl7.Message, found: dict[Channel, list[Sample]]) -> None:
    at = None
    firsts: dict[Channel, float] = {}
    seconds: dict[Channel, float] = {}
    for segment in message:
        name = str(segment[0])
        if name == "OBR":
            at = _time(str(segment[7])) if len(segment) > 7 and str(segment[7]) else at
        if name == "OBX" and len(segment) > 5 and str(segment[2]) == "NM":
            code = str(segment[3]).split("^")[0]
            value = _number(str(segment[5]))
            if code in MDC and value is not None:
                channel, place = MDC[code]
                (seconds if place else firsts)[channel] = value
    if firsts and at is None:
        raise Refused(
            reason(
                "procedures.no-time",
                en="The message has no time of observation (OBR-7)",
                zh="消息缺少观测时间（OBR-7）",
            )
        )
    for channel, value in firsts.items():
        assert at is not None
        found[channel].append(Sample(at=at, value=value, second=seconds.get(channel)))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _time(text: str) -> datetime:
    """Return an HL7 time with its offset; without one it is local time."""
    match = re.fullmatch(r"(\d{14})(?:\.(\d{1,6}))?([+-]\d{4})?", text)
    if match is None:
        raise Refused(
            reason("procedures.bad-time", en="“{text}” is no HL7 time", zh="「{text}」不是有效的 HL7 时间", text=text)
        )
    digits, fraction, offset = match.groups()
    moment = datetime.strptime(digits + (offset or ""), "%Y%m%d%H%M%S%z" if offset else "%Y%m%d%H%M%S")
    moment += timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
    return moment if offset else timezone.make_aware(moment)


def samples_from_wfdb(files: Mapping[str, bytes], *, begins_at: datetime) -> dict[Channel, list[Sample]]:
    """Return one sample a second of each of our channels in a WFDB record.

    Parameters
    ----------
    files
        Name and content of the header and the signal files.
    begins_at
        When the record begins; clocks in headers are often shifted to hide who it was.

    Notes
    -----
    Of an arterial pressure the highest and lowest of each two seconds are kept as systolic and diastolic; of other
    waveforms the mean of each second, which shows that the channel was recorded, not a rate.
    """
    import wfdb

    headers = [name for name in files if name.lower().endswith(".hea")]
    if not headers:
        raise Refused(
            reason("procedures.no-header", en="A WFDB record needs its .hea file", zh="WFDB 记录缺少 .hea 头文件")
        )
    main = min(headers, key=len)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / Path(name).name).write_bytes(content)
        try:
            record = wfdb.rdrecord(str(Path(folder) / Path(main).stem))
        except Exception as error:
            raise Refused(
                reason(
                    "procedures.bad-record",
                    en="The record cannot be read ({error}); give the .hea with all its signal files",
                    zh="记录无法读取（{error}）；请同时提供 .hea 及其全部信号文件",
                    error=error,
                )
            ) from error
    found = {
        channel: samples
        for channel, place in _places(record.sig_name).items()
        if (samples := _reduced(channel, record.p_signal[:, place], record.fs, begins_at))
    }
    if not found:
        raise Refused(
            reason(
                "procedures.no-signal",
                en="The record holds {names}; none is ECG, respiration, arterial pressure, pulse or SpO2",
                zh="记录含 {names}；其中没有心电、呼吸、动脉压、脉搏或血氧",
                names=", ".join(record.sig_name),
            )
        )
    return found


def _places(names: Iterable[str]) -> dict[Channel, int]:
    named = list(names)
    return {
        channel: next(place for place, name in enumerate(named) if pattern.match(name))
        for channel, pattern in SIGNALS.items()
        if any(pattern.match(name) for name in named)
    }


def _reduced(channel: Channel, signal: np.ndarray, rate: float, begins_at: datetime) -> list[Sample]:
    width = max(1, round(rate * (2 if channel is Channel.PRESSURE else 1)))
    samples = []
    for start in range(0, len(signal) - width + 1, width):
        part = signal[start : start + width]
        part = part[np.isfinite(part)]
        if not len(part):
            continue
        at = begins_at + timedelta(seconds=start / rate)
        if channel is Channel.PRESSURE:
            samples.append(Sample(at=at, value=round(float(part.max()), 1), second=round(float(part.min()), 1)))
        else:
            samples.append(Sample(at=at, value=round(float(part.mean()), 3)))
    return samples

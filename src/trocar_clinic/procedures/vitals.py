"""Vital signs: streams of samples, and whether five channels cover a procedure from start to end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from trocar_clinic.language import both
from trocar_clinic.patients.models import of_patient
from trocar_clinic.records.kept import Kept, fact
from trocar_clinic.records.models import StoredFile

LONGEST_GAP = timedelta(minutes=5)
"""A channel with no sample for longer shows a gap. Anaesthesia is charted every five minutes (ASA, standards for basic
anesthetic monitoring: arterial pressure and heart rate at least every five minutes)."""

MOST_SAMPLES = 20_000


class Channel(models.TextChoices):
    """What is watched; the five that every procedure needs."""

    ECG = "ECG", both("ECG", "心电")
    RESPIRATION = "RESP", both("respiration (1/min)", "呼吸（次/分）")
    PRESSURE = "BP", both("blood pressure (mmHg)", "血压（mmHg）")
    PULSE = "PULSE", both("pulse (1/min)", "脉搏（次/分）")
    SPO2 = "SPO2", both("SpO2 (%)", "血氧饱和度（%）")


PLAUSIBLE = {
    Channel.ECG: (-10.0, 300.0),
    Channel.RESPIRATION: (0.0, 80.0),
    Channel.PRESSURE: (20.0, 300.0),
    Channel.PULSE: (0.0, 300.0),
    Channel.SPO2: (0.0, 100.0),
}
"""Values outside are refused as typing or unit errors: no living person has them."""


class VitalStream(Kept):
    """Samples of one channel in one procedure, from one source."""

    class Origin(models.TextChoices):
        """Where the samples come from."""

        TYPED = "typed", both("entered by hand", "手工录入")
        WFDB = "wfdb", both("waveform file (WFDB)", "波形文件（WFDB）")
        HL7 = "hl7", both("monitor message (HL7 PCD-01)", "监护仪消息（HL7 PCD-01）")
        MLLP = "mllp", both("connected monitor", "监护仪实时接入")

    procedure = models.ForeignKey(
        "procedures.Procedure", models.PROTECT, verbose_name=both("procedure", "手术"), related_name="vitals"
    )
    channel = models.CharField(both("channel", "通道"), max_length=8, choices=Channel.choices)
    origin = models.CharField(both("source", "来源"), max_length=8, choices=Origin.choices)
    first_at = models.DateTimeField(both("first sample", "首个数据"))
    last_at = models.DateTimeField(both("last sample", "末个数据"))
    samples = models.JSONField(both("samples", "数据"))
    file = models.ForeignKey(
        StoredFile,
        models.PROTECT,
        verbose_name=both("as received", "原始文件"),
        null=True,
        blank=True,
        related_name="+",
    )
    content = models.CharField(both("fingerprint of the samples", "数据指纹"), max_length=64)

    objects: ClassVar[Any] = of_patient("procedure__case__admission__patient__")

    class Meta:
        verbose_name = both("vital signs", "生命体征")
        verbose_name_plural = both("vital signs", "生命体征")
        indexes = [models.Index(fields=["procedure", "channel"])]

    def __str__(self) -> str:
        first, last = timezone.localtime(self.first_at), timezone.localtime(self.last_at)
        return f"{self.get_channel_display()} {first:%H:%M}–{last:%H:%M}"

    @fact(both("number of samples", "数据点数"))
    def number(self) -> int:
        """How many samples."""
        return len(self.samples)

    def times(self) -> list[datetime]:
        """Return when each sample was taken."""
        return [self.first_at + timedelta(seconds=each[0]) for each in self.samples]

    def values(self) -> list[float]:
        """Return the samples; of blood pressure the systolic."""
        return [float(each[1]) for each in self.samples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value at a time; for blood pressure also the diastolic."""

    at: datetime
    value: float
    second: float | None = None


def packed(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the columns of a stream from samples in any order: seconds since the first, value, second value."""
    ordered = sorted(samples, key=lambda each: each.at)
    first = ordered[0].at
    rows = [
        [round((each.at - first).total_seconds(), 3), each.value, *([] if each.second is None else [each.second])]
        for each in ordered
    ]
    return {
        "first_at": first,
        "last_at": ordered[-1].at,
        "samples": rows,
        "content": hashlib.sha256(json.dumps([first.isoformat(), rows]).encode()).hexdigest(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far one channel covers a procedure.

    Parameters
    ----------
    channel
        Which.
    share
        Share of the procedure without a gap.
    gaps
        Start and end of each stretch without samples for longer than allowed.
    """

    channel: Channel
    share: float
    gaps: tuple[tuple[datetime, datetime], ...]

    @property
    def whole(self) -> bool:
        """Whether there is no gap."""
        return not self.gaps


def standing_streams(procedure: Any) -> list[VitalStream]:
    """Return the vital signs on record, and, unsaved, those that a connected monitor is still sending."""
    kept = list(procedure.vitals.filter(voided_at=None))
    open_ones = procedure.connections.filter(voided_at=None, disconnected_at=None)
    live = sent_through(open_ones)
    return kept + [
        VitalStream(procedure=procedure, channel=channel, origin=VitalStream.Origin.MLLP, **packed(samples))
        for channel, samples in live.items()
    ]


def sent_through(connections: Any) -> dict[Channel, list[Sample]]:
    """Return what monitors sent through some connections, in order, the same moment once."""
    found: dict[Channel, dict[datetime, Sample]] = {}
    for connection in connections:
        for samples in connection.messages.filter(verdict="taken").values_list("samples", flat=True):
            for channel, rows in samples.items():
                for at, value, second in rows:
                    told = Sample(at=datetime.fromisoformat(at), value=value, second=second)
                    found.setdefault(Channel(channel), {})[told.at] = told
    return {channel: [told[at] for at in sorted(told)] for channel, told in found.items()}


def coverage(procedure: Any) -> tuple[Coverage, ...]:
    """Return how far each of the five channels covers a procedure from start to end."""
    end = procedure.ended_at or timezone.now()
    streams = standing_streams(procedure)
    return tuple(_covered(each, streams, procedure.started_at, end) for each in Channel)


def _covered(channel: Channel, streams: list[VitalStream], start: datetime, end: datetime) -> Coverage:
    times = sorted(at for stream in streams if stream.channel == channel for at in stream.times() if start <= at <= end)
    marks = [start, *times, end]
    gaps = tuple((a, b) for a, b in pairwise(marks) if b - a > LONGEST_GAP)
    whole = (end - start).total_seconds()
    lacking = sum((b - a).total_seconds() for a, b in gaps)
    return Coverage(channel=channel, share=1.0 - lacking / whole if whole > 0 else 0.0, gaps=gaps)

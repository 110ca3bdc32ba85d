"""Which monitor watches which procedure, and the messages that monitors send."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from trocar_clinic.institution.models import Equipment
from trocar_clinic.language import both
from trocar_clinic.patients.models import of_patient
from trocar_clinic.records.encrypted import EncryptedTextField
from trocar_clinic.records.kept import Kept, not_in_future


class MonitorConnection(Kept):
    """That somebody connected a monitor to the patient of a procedure; only then are its messages taken."""

    procedure = models.ForeignKey(
        "procedures.Procedure", models.PROTECT, verbose_name=both("procedure", "手术"), related_name="connections"
    )
    monitor = models.ForeignKey(
        Equipment, models.PROTECT, verbose_name=both("monitor", "监护仪"), related_name="connections"
    )
    connected_at = models.DateTimeField(both("connected at", "接入时间"), validators=[not_in_future])
    disconnected_at = models.DateTimeField(
        both("disconnected at", "断开时间"), null=True, blank=True, validators=[not_in_future]
    )

    objects: ClassVar[Any] = of_patient("procedure__case__admission__patient__")

    class Meta:
        verbose_name = both("connected monitor", "监护仪接入")
        verbose_name_plural = both("connected monitors", "监护仪接入")
        constraints = [
            models.UniqueConstraint(
                fields=["monitor"],
                condition=models.Q(voided_at=None, disconnected_at=None),
                name="monitor_at_one_patient",
                violation_error_message=both(
                    "This monitor is still connected to a procedure: disconnect it there first",
                    "该监护仪仍接在另一台手术上，请先在那里断开",
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.monitor} {timezone.localtime(self.connected_at):%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        """The monitor speaks HL7; it is taken off after it was put on."""
        if self.monitor_id and not self.monitor.hl7_identifier:
            raise ValidationError(
                {"monitor": both("This monitor has no identifier in HL7 messages", "该监护仪未登记 HL7 设备标识")}
            )
        if self.disconnected_at and self.connected_at and self.disconnected_at < self.connected_at:
            raise ValidationError(
                {"disconnected_at": both("It was taken off before it was put on", "断开时间早于接入时间")}
            )


class MonitorMessage(models.Model):
    """A message as a monitor sent it, with what was done with it; append-only."""

    append_only = True

    class Verdict(models.TextChoices):
        """What was done with it."""

        TAKEN = "taken", both("taken", "已采用")
        REFUSED = "refused", both("not taken", "未采用")
        UNREADABLE = "unreadable", both("unreadable", "无法识别")

    received_at = models.DateTimeField(both("received at", "接收时间"))
    sender = models.CharField(both("from address", "来源地址"), max_length=60)
    control = models.CharField(both("control number", "消息控制号"), max_length=199, blank=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    content = EncryptedTextField(both("as received", "原文"))
    verdict = models.CharField(both("verdict", "处理结果"), max_length=12, choices=Verdict.choices)
    code = models.CharField(max_length=60, blank=True)
    why_en = models.CharField(max_length=400, blank=True)
    why_zh = models.CharField(max_length=400, blank=True)
    monitor = models.ForeignKey(
        Equipment, models.PROTECT, verbose_name=both("monitor", "监护仪"), null=True, related_name="messages"
    )
    connection = models.ForeignKey(
        MonitorConnection, models.PROTECT, verbose_name=both("connection", "接入"), null=True, related_name="messages"
    )
    samples = models.JSONField(both("samples", "数据"), default=dict)

    class Meta:
        verbose_name = both("monitor message", "监护仪消息")
        verbose_name_plural = both("monitor messages", "监护仪消息")
        indexes = [models.Index(fields=["received_at"]), models.Index(fields=["connection", "verdict"])]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.received_at):%Y-%m-%d %H:%M:%S} {self.control}"

    @property
    def why(self) -> str:
        """Why it was not taken, in the reader's language."""
        return str(both(self.why_en, self.why_zh))

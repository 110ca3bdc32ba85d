"""Entries of the trail, and files as they were received."""

from django.conf import settings
from django.db import models

from trocar_clinic.language import both

BEFORE_THE_FIRST = "0" * 64


class AuditEntry(models.Model):
    """One deed: who did what at which time to which rows. Chained by hash; the database refuses change and removal."""

    append_only = True

    number = models.BigIntegerField(both("number", "序号"), primary_key=True)
    at = models.DateTimeField(both("time", "时间"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("by", "操作者"), related_name="+"
    )
    deed = models.CharField(both("deed", "操作"), max_length=80)
    reason = models.TextField(both("reason", "原因"), blank=True)
    rows = models.JSONField(both("rows", "涉及记录"), default=list)
    note = models.JSONField(both("particulars", "详情"), default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = both("audit entry", "审计记录")
        verbose_name_plural = both("audit trail", "审计记录")
        ordering = ["-number"]
        indexes = [models.Index(fields=["deed", "at"]), models.Index(fields=["actor", "at"])]

    def __str__(self) -> str:
        return f"{self.number} {self.deed}"


class TouchedRow(models.Model):
    """A row that a deed wrote, to find the deeds of a row; append-only like the entries."""

    append_only = True

    entry = models.ForeignKey(AuditEntry, models.PROTECT, related_name="touched")
    kind = models.CharField(max_length=80)
    row = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "row"])]


class StoredFile(models.Model):
    """A file as received, found by the hash of its bytes."""

    append_only = True

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = both("file", "文件")
        verbose_name_plural = both("files", "文件")

    def __str__(self) -> str:
        return self.name

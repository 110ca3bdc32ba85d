"""A job: what is asked of the library, who works on it until when, how far it is, what came out."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from trocar_clinic.language import both
from trocar_clinic.records.models import StoredFile

LEAST_SHARE = 0.1
"""Below this share an estimate of the time left is worth nothing."""


class Job(models.Model):
    """One run. It is claimed for a while at a time; a claim that runs out is free again."""

    class Status(models.TextChoices):
        """How it stands."""

        WAITING = "waiting", both("waiting", "等待")
        RUNNING = "running", both("running", "运行中")
        DONE = "done", both("done", "完成")
        FAILED = "failed", both("failed", "失败")
        CANCELLED = "cancelled", both("cancelled", "已取消")

    kind = models.CharField(both("job", "任务"), max_length=60)
    subject_kind = models.CharField(max_length=80)
    subject = models.BigIntegerField()
    inputs: Any = models.JSONField(both("inputs", "输入"), default=dict)
    inputs_sha256 = models.CharField(max_length=64)
    status = models.CharField(both("status", "状态"), max_length=12, choices=Status.choices, default=Status.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("asked by", "提交人"), related_name="+"
    )
    requested_at = models.DateTimeField(both("asked at", "提交时间"))
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(both("attempts", "尝试次数"), default=0)
    progress = models.FloatField(both("progress", "进度"), default=0.0)
    stage = models.CharField(both("stage", "阶段"), max_length=200, blank=True)
    stage_zh = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(both("started at", "开始时间"), null=True, blank=True)
    cancel_wanted = models.BooleanField(default=False)
    finished_at = models.DateTimeField(both("finished at", "结束时间"), null=True, blank=True)
    outcome: Any = models.JSONField(both("outcome", "结果"), default=dict)
    outcome_sha256 = models.CharField(max_length=64, blank=True)
    error: Any = models.JSONField(both("error", "错误"), default=dict)
    library_version = models.CharField(both("library version", "程序库版本"), max_length=40, blank=True)

    class Meta:
        verbose_name = both("job", "计算任务")
        verbose_name_plural = both("jobs", "计算任务")
        indexes = [models.Index(fields=["status", "lease_until"]), models.Index(fields=["subject_kind", "subject"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def stage_told(self) -> str:
        """The stage in the reader's language."""
        return str(both(self.stage, self.stage_zh or self.stage))

    @property
    def seconds_left(self) -> float | None:
        """How long it will go on if it goes on as it did so far; nothing before there is enough to tell by."""
        if self.started_at is None or self.progress < LEAST_SHARE:
            return None
        gone = (timezone.now() - self.started_at).total_seconds()
        return gone * (1.0 / self.progress - 1.0)

    @property
    def is_open(self) -> bool:
        """Whether it still waits or runs."""
        return self.status in {self.Status.WAITING, self.Status.RUNNING}


class ResultFile(models.Model):
    """A file that a job left: the path in its folder of results, and the bytes under their hash."""

    job = models.ForeignKey(Job, models.PROTECT, verbose_name=both("job", "计算任务"), related_name="files")
    name = models.CharField(both("name", "文件名"), max_length=200)
    file = models.ForeignKey(StoredFile, models.PROTECT, verbose_name=both("file", "文件"), related_name="+")

    class Meta:
        verbose_name = both("file of a result", "结果文件")
        verbose_name_plural = both("files of results", "结果文件")
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="result_file_once")]

    def __str__(self) -> str:
        return self.name

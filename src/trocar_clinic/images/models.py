"""Images of a case: the bytes as received, and the series that the library found in them."""

from typing import Any, ClassVar

from django.db import models

from trocar_clinic.language import both
from trocar_clinic.patients.models import Case, of_patient
from trocar_clinic.records.kept import Kept, fact


class ImageImport(Kept):
    """Files received for a case at one time."""

    class Purpose(models.TextChoices):
        """What they are for."""

        PLANNING = "planning", both("planning", "计划用")
        GUIDANCE = "guidance", both("during the procedure", "术中引导")
        VERIFICATION = "verification", both("verification after the procedure", "术后验证")
        FOLLOW_UP = "follow_up", both("follow-up", "随访")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="image_imports")
    purpose = models.CharField(both("purpose", "用途"), max_length=12, choices=Purpose.choices)
    folder = models.CharField(max_length=40, editable=False)
    files = models.PositiveIntegerField(both("files", "文件数"), editable=False)
    size_mb = models.DecimalField(both("size (MB)", "大小（MB）"), max_digits=9, decimal_places=1, editable=False)
    why_other_identity = models.CharField(
        both("why images of another identifier belong to this patient", "影像标识与患者不一致时的说明"),
        max_length=200,
        blank=True,
    )

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("import of images", "影像导入")
        verbose_name_plural = both("images", "影像导入")

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.recorded_at:%Y-%m-%d}"

    @fact(both("state", "状态"))
    def progress(self) -> str:
        """How far the sorting has come."""
        from trocar_clinic.calculations.queries import latest_job

        job = latest_job(self)
        if job is None:
            return ""
        share = f" {job.progress:.0%}" if job.status == job.Status.RUNNING else ""
        return f"{job.get_status_display()}{share}"

    @fact(both("series", "序列"))
    def n_series(self) -> int:
        """How many series were found."""
        return self.series.filter(voided_at=None).count()


class ImageSeries(Kept):
    """A series as the library read it; a structure set, plan or dose is a series too."""

    source = models.ForeignKey(ImageImport, models.PROTECT, verbose_name=both("import", "导入"), related_name="series")
    modality = models.CharField(both("modality", "类型"), max_length=16)
    series_uid = models.CharField(both("series UID", "序列 UID"), max_length=64)
    frame_uid = models.CharField(both("frame of reference", "参考坐标系 UID"), max_length=64, blank=True)
    description = models.CharField(both("description", "描述"), max_length=200, blank=True)
    acquired_at = models.DateTimeField(both("acquired at", "采集时间"), null=True, blank=True)
    frames = models.PositiveIntegerField(both("slices or files", "层数或文件数"))
    spacing_mm: Any = models.JSONField(both("voxel (mm)", "体素（mm）"), default=list, blank=True)
    is_read = models.BooleanField(both("read as a volume", "已读为体数据"))
    remarks: Any = models.JSONField(both("deviations and problems", "偏差与问题"), default=list, blank=True)
    structures: Any = models.JSONField(both("structures", "结构"), default=list, blank=True)
    files: Any = models.JSONField(default=list, blank=True, editable=False)

    objects: ClassVar[Any] = of_patient("source__case__admission__patient__")

    class Meta:
        verbose_name = both("series", "影像序列")
        verbose_name_plural = both("series", "影像序列")

    def __str__(self) -> str:
        return f"{self.modality} {self.description}".strip()

    @fact(both("drawn structures", "勾画的结构"))
    def structure_names(self) -> list[str]:
        """Names of the structures that have outlines, as drawn."""
        return [each["name"] for each in self.structures]

    @fact(both("remarks", "说明"))
    def told(self) -> list[str]:
        """The deviations and problems, in the reader's language."""
        return [str(both(each["en"], each["zh"])) for each in self.remarks]

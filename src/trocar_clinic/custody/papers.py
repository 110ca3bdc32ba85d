"""Papers of the store: transports, vessels of decaying waste, and searches for seeds that are missing."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from trocar_clinic.custody.library import library
from trocar_clinic.language import both
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact, not_in_future

NOUGHT = MinValueValidator(Decimal(0))


class Transport(Kept):
    """A package that leaves or comes, with its papers."""

    class Direction(models.TextChoices):
        """Which way."""

        IN = "in", both("to the hospital", "运入")
        OUT = "out", both("from the hospital", "运出")

    direction = models.CharField(both("direction", "方向"), max_length=4, choices=Direction.choices)
    package = models.CharField(both("package number", "货包编号"), max_length=60)
    at = models.DateTimeField(both("at", "时间"), validators=[not_in_future])
    consignor = models.CharField(both("consignor", "托运人"), max_length=120)
    consignee = models.CharField(both("consignee", "收货人"), max_length=120)
    carrier = models.CharField(both("carrier", "承运人"), max_length=120)
    carrier_licence = models.CharField(both("licence of the carrier", "承运资质证号"), max_length=80, blank=True)
    content = models.CharField(both("content", "内容物（核素、粒数）"), max_length=120)
    activity_mbq = models.DecimalField(
        both("activity (MBq)", "总活度（MBq）"), max_digits=12, decimal_places=2, validators=[NOUGHT]
    )
    surface_usv_h = models.DecimalField(
        both("at the surface (µSv/h)", "表面剂量率（µSv/h）"), max_digits=9, decimal_places=2, validators=[NOUGHT]
    )
    at_1m_usv_h = models.DecimalField(
        both("at 1 m (µSv/h)", "1 m 处剂量率（µSv/h）"), max_digits=9, decimal_places=3, validators=[NOUGHT]
    )
    seal = models.CharField(both("seal number", "封志号"), max_length=60, blank=True)
    scan = ScanField(both("papers", "运输单据"))

    class Meta:
        verbose_name = both("transport", "粒子运输")
        verbose_name_plural = both("transports", "粒子运输记录")

    def __str__(self) -> str:
        return self.package

    @fact(both("transport index", "运输指数"))
    def transport_index(self) -> float:
        """From the rate at 1 m."""
        return library().transport_index(float(self.at_1m_usv_h) / 1000.0)

    @fact(both("label category", "标签类别"))
    def label(self) -> str:
        """The category that the measured rates ask for."""
        found = library().package_label(index=self.transport_index, surface_msv_h=float(self.surface_usv_h) / 1000.0)
        return found or str(both("above every category: do not move it", "超过全部类别，不得运输"))


class WasteVessel(Kept):
    """A lidded, labelled vessel in which seeds decay until they may be cleared."""

    label = models.CharField(both("label of the vessel", "容器编号"), max_length=40)
    source_key = models.CharField(both("source data set", "源数据集"), max_length=80)
    seeds = models.PositiveIntegerField(both("seeds", "粒数"), validators=[MinValueValidator(1)])
    activity_mbq = models.DecimalField(
        both("activity when closed (MBq)", "封存时活度（MBq）"), max_digits=10, decimal_places=3, validators=[NOUGHT]
    )
    closed_at = models.DateTimeField(both("closed at", "封存时间"), validators=[not_in_future])
    clearance_mbq = models.DecimalField(
        both("clearance level (MBq)", "解控水平（MBq）"),
        max_digits=10,
        decimal_places=6,
        validators=[MinValueValidator(Decimal("0.000001"))],
    )
    clearance_source = models.CharField(
        both("where this level is set", "解控水平依据"),
        max_length=160,
        help_text=both("standard, clause or approval; there is no default", "标准条款或批复文号；系统不设默认值"),
    )
    opened_at = models.DateTimeField(both("cleared at", "解控时间"), null=True, blank=True, editable=False)
    reading_usv_h = models.DecimalField(
        both("reading when cleared (µSv/h)", "解控时测量值（µSv/h）"),
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        editable=False,
    )

    class Meta:
        verbose_name = both("waste vessel", "废源容器")
        verbose_name_plural = both("waste vessels", "废源容器")
        constraints = [
            models.UniqueConstraint(
                fields=["label"],
                condition=models.Q(voided_at=None),
                name="vessel_once",
                violation_error_message=both("This label is taken", "该容器编号已使用"),
            )
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """The source is in the catalogue."""
        try:
            self.clearable_at  # noqa: B018 — asking is the check
        except Exception as error:
            raise ValidationError({"source_key": str(error)}) from error

    @fact(both("may be cleared from", "可解控时间"))
    def clearable_at(self) -> datetime:
        """When the activity will have decayed to the clearance level."""
        return library().decays_below_on(
            self.source_key,
            total_mbq=float(self.activity_mbq),
            at=self.closed_at,
            clearance_mbq=float(self.clearance_mbq),
        )


class SearchForSeeds(Kept):
    """A search: after every procedure, and whenever a count does not balance."""

    class Result(models.TextChoices):
        """What came of it."""

        NOTHING_MISSING = "clear", both("no seed left behind", "未发现遗留粒子")
        FOUND = "found", both("found", "已找到")
        NOT_FOUND = "not_found", both("not found", "未找到")

    case_number = models.CharField(both("case number", "病例编号"), max_length=24, blank=True)
    begun_at = models.DateTimeField(both("begun at", "开始时间"), validators=[not_in_future])
    places = models.TextField(
        both("what was searched", "巡测部位"),
        help_text=both(
            "table, floor, dressings, instruments, suction, clothing, bin",
            "操作台、地面、敷料、器械、吸引瓶、衣物、垃圾桶等",
        ),
    )
    instrument = models.CharField(both("instrument and number", "仪器及编号"), max_length=120)
    background_usv_h = models.DecimalField(
        both("background (µSv/h)", "本底（µSv/h）"), max_digits=7, decimal_places=3, validators=[NOUGHT]
    )
    highest_usv_h = models.DecimalField(
        both("highest reading (µSv/h)", "最高读数（µSv/h）"), max_digits=9, decimal_places=3, validators=[NOUGHT]
    )
    missing = models.PositiveIntegerField(both("seeds missing", "缺失粒数"), default=0)
    result = models.CharField(both("result", "结果"), max_length=12, choices=Result.choices)
    reported_to = models.CharField(both("reported to", "已报告部门"), max_length=120, blank=True)
    reported_at = models.DateTimeField(
        both("reported at", "报告时间"), null=True, blank=True, validators=[not_in_future]
    )
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("by", "巡测人"), related_name="+"
    )

    class Meta:
        verbose_name = both("search for seeds", "粒子巡测与查找")
        verbose_name_plural = both("searches for seeds", "粒子巡测与查找")

    def __str__(self) -> str:
        return f"{self.get_result_display()} {self.begun_at:%Y-%m-%d}"

    def clean(self) -> None:
        """A seed that is not found is reported, with the time."""
        if self.result == self.Result.NOT_FOUND and not (self.reported_to and self.reported_at and self.missing):
            raise ValidationError(
                {
                    "reported_to": both(
                        "A seed that is not found is reported: say how many, to whom and when",
                        "未找到的粒子须报告：请填写缺失粒数、报告部门和时间",
                    )
                }
            )

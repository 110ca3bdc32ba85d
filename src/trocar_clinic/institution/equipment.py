"""Devices of the house: tests, maintenance, use register."""

from datetime import date

from django.core.validators import RegexValidator
from django.db import models

from trocar_clinic.institution.periods import must_follow
from trocar_clinic.language import both
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact, not_in_future


class Equipment(Kept):
    """A device of the house, with what it guides and where its pictures go."""

    class Kind(models.TextChoices):
        """What it is."""

        ULTRASOUND = "us", both("ultrasound", "超声")
        CT = "ct", both("CT", "CT")
        MRI = "mri", both("MRI", "MRI")
        DSA = "dsa", both("angiography (DSA)", "DSA")
        ENDOSCOPE = "endoscope", both("endoscope", "内镜")
        PLANNING = "tps", both("planning system", "治疗计划系统")
        GENERATOR_RF = "rf", both("radiofrequency generator", "射频消融仪")
        GENERATOR_MW = "mw", both("microwave generator", "微波消融仪")
        GENERATOR_CRYO = "cryo", both("cryoablation system", "冷冻消融系统")
        WELL_CHAMBER = "chamber", both("well chamber and electrometer", "井型电离室及静电计")
        SURVEY_METER = "survey", both("survey meter", "辐射巡测仪")
        MONITOR = "monitor", both("patient monitor", "多功能监护仪")
        ANAESTHESIA = "anaesthesia", both("anaesthesia machine", "麻醉机")
        VENTILATOR = "ventilator", both("ventilator", "呼吸机")
        DEFIBRILLATOR = "defibrillator", both("defibrillator", "除颤仪")
        SHIELDING = "shielding", both("shielding and protective clothing", "屏蔽与防护用品")
        OTHER = "other", both("other", "其他")

    class Status(models.TextChoices):
        """Whether it may be used."""

        IN_USE = "in_use", both("in use", "在用")
        OUT_OF_ORDER = "out_of_order", both("out of order", "故障停用")
        RETIRED = "retired", both("retired", "报废")

    GUIDES = (Kind.ULTRASOUND, Kind.CT, Kind.MRI, Kind.DSA, Kind.ENDOSCOPE)

    name = models.CharField(both("name", "设备名称"), max_length=120)
    kind = models.CharField(both("kind", "类别"), max_length=16, choices=Kind.choices)
    maker = models.CharField(both("maker", "生产厂家"), max_length=120)
    model = models.CharField(both("model", "型号"), max_length=80)
    serial = models.CharField(both("serial number", "序列号"), max_length=80)
    approval_number = models.CharField(both("approval number", "医疗器械注册证号"), max_length=80, blank=True)
    room = models.ForeignKey(
        "institution.Room", models.PROTECT, verbose_name=both("room", "所在房间"), null=True, blank=True
    )
    in_use_since = models.DateField(both("in use since", "启用日期"), null=True, blank=True, validators=[not_in_future])
    status = models.CharField(both("status", "状态"), max_length=16, choices=Status.choices, default=Status.IN_USE)
    test_interval_months = models.PositiveSmallIntegerField(
        both("months between tests", "检测周期（月）"), null=True, blank=True
    )
    pacs_node = models.CharField(
        both("PACS node (AE title)", "影像管理系统节点（AE Title）"),
        max_length=16,
        blank=True,
        validators=[
            RegexValidator(
                r"^[\x21-\x5b\x5d-\x7e][\x20-\x5b\x5d-\x7e]*$",
                both("An AE title has 1 to 16 plain characters", "AE Title 为 1–16 个 ASCII 字符"),
            )
        ],
    )
    pacs_address = models.CharField(both("its address", "节点地址"), max_length=80, blank=True, help_text="host:port")

    hl7_identifier = models.CharField(
        both("identifier in HL7 messages", "HL7 消息中的设备标识"),
        max_length=80,
        blank=True,
        help_text=both(
            "patient monitors: EUI-64 (OBR-3, OBX-18), or the bed as PV1-3 names it",
            "监护仪：EUI-64（OBR-3、OBX-18），或 PV1-3 中的床位",
        ),
    )

    class Meta:
        verbose_name = both("equipment", "设备")
        verbose_name_plural = both("equipment", "设备")
        constraints = [
            models.UniqueConstraint(
                fields=["maker", "model", "serial"],
                condition=models.Q(voided_at=None),
                name="equipment_once",
                violation_error_message=both(
                    "This serial number of this model is already entered", "该型号的序列号已登记"
                ),
            ),
            models.UniqueConstraint(
                fields=["hl7_identifier"],
                condition=models.Q(voided_at=None) & ~models.Q(hl7_identifier=""),
                name="hl7_identifier_once",
                violation_error_message=both("Another device has this identifier", "该设备标识已登记于其他设备"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.model} ({self.serial})"

    @fact(both("guides needles", "影像引导设备"))
    def is_guidance(self) -> bool:
        """Whether it can guide a needle."""
        return self.kind in self.GUIDES

    def _last(self, *kinds: str, passed: bool = False) -> "EquipmentTest | None":
        standing = [each for each in self.tests.all() if each.kind in kinds and not each.is_void]
        standing = [each for each in standing if not passed or each.result == EquipmentTest.Result.PASSED]
        return max(standing, key=lambda each: (each.done_on, each.pk), default=None)

    @fact(both("next test due", "下次检测日期"))
    def next_test_due(self) -> date | None:
        """When the next test of its state is due."""
        last = self._last(EquipmentTest.Kind.ACCEPTANCE, EquipmentTest.Kind.STATE)
        return last.next_due if last else None

    @fact(both("last PACS test", "最近一次联网测试"))
    def last_pacs_test(self) -> "EquipmentTest | None":
        """The last successful test of its connection with the image management system."""
        return self._last(EquipmentTest.Kind.PACS, passed=True)

    def is_fit_on(self, day: date) -> bool:
        """Say whether it may be used on a day: in use, last test passed and not overdue."""
        last = self._last(EquipmentTest.Kind.ACCEPTANCE, EquipmentTest.Kind.STATE)
        tested = (
            last is not None
            and last.result != EquipmentTest.Result.FAILED
            and (last.next_due is None or day <= last.next_due)
        )
        return self.status == self.Status.IN_USE and (tested or not self.test_interval_months)


class EquipmentTest(Kept):
    """A test of a device."""

    class Kind(models.TextChoices):
        """What was tested."""

        ACCEPTANCE = "acceptance", both("acceptance", "验收检测")
        STATE = "state", both("periodic state test", "状态检测")
        CONSTANCY = "constancy", both("constancy check", "稳定性检测")
        CALIBRATION = "calibration", both("calibration", "校准检定")
        PACS = "pacs", both("PACS connection", "影像系统联网测试")

    class Result(models.TextChoices):
        """How it came out."""

        PASSED = "passed", both("passed", "合格")
        LIMITED = "limited", both("passed with limits", "限制使用")
        FAILED = "failed", both("failed", "不合格")

    equipment = models.ForeignKey(
        Equipment, models.PROTECT, verbose_name=both("equipment", "设备"), related_name="tests"
    )
    kind = models.CharField(both("test", "检测类别"), max_length=16, choices=Kind.choices)
    done_on = models.DateField(both("done on", "检测日期"), validators=[not_in_future])
    done_by = models.CharField(both("by", "检测单位或人员"), max_length=120)
    result = models.CharField(both("result", "结论"), max_length=8, choices=Result.choices)
    remark = models.TextField(both("remark", "说明"), blank=True)
    next_due = models.DateField(both("next due", "下次检测日期"), null=True, blank=True)
    scan = ScanField(both("report", "检测报告"))

    class Meta:
        verbose_name = both("test", "检测")
        verbose_name_plural = both("tests", "检测记录")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.done_on}"

    def clean(self) -> None:
        """The next test comes after this one."""
        must_follow(self.done_on, self.next_due, "next_due")


class Maintenance(Kept):
    """Maintenance or repair of a device."""

    class Kind(models.TextChoices):
        """Why."""

        PREVENTIVE = "preventive", both("preventive", "预防性维护")
        REPAIR = "repair", both("repair", "维修")

    equipment = models.ForeignKey(Equipment, models.PROTECT, verbose_name=both("equipment", "设备"))
    kind = models.CharField(both("kind", "类别"), max_length=12, choices=Kind.choices)
    begun_on = models.DateField(both("begun on", "开始日期"), validators=[not_in_future])
    ended_on = models.DateField(both("ended on", "完成日期"), null=True, blank=True, validators=[not_in_future])
    done = models.TextField(both("what was done", "内容"))
    done_by = models.CharField(both("by", "维护人员"), max_length=120)

    class Meta:
        verbose_name = both("maintenance", "维护维修")
        verbose_name_plural = both("maintenance", "维护维修记录")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.begun_on}"

    def clean(self) -> None:
        """It ends after it began."""
        must_follow(self.begun_on, self.ended_on, "ended_on")


class EquipmentUse(Kept):
    """One use of a device."""

    equipment = models.ForeignKey(Equipment, models.PROTECT, verbose_name=both("equipment", "设备"))
    used_at = models.DateTimeField(both("used at", "使用时间"), validators=[not_in_future])
    purpose = models.CharField(both("for", "用途"), max_length=120)
    case_number = models.CharField(both("case number", "病例编号"), max_length=24, blank=True)
    state = models.CharField(both("state before and after", "使用前后状态"), max_length=120)

    class Meta:
        verbose_name = both("use", "使用登记")
        verbose_name_plural = both("use register", "使用登记")

    def __str__(self) -> str:
        return f"{self.equipment} {self.used_at:%Y-%m-%d %H:%M}"

"""The house: hospital, wards, rooms, licences, products, appointments."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from trocar_clinic.institution.equipment import (  # noqa: F401 — Django finds an app's models in its models.py
    Equipment,
    EquipmentTest,
    EquipmentUse,
    Maintenance,
)
from trocar_clinic.institution.periods import must_follow
from trocar_clinic.institution.rescue import RescueCheck, RescueItem  # noqa: F401
from trocar_clinic.institution.staff import (  # noqa: F401
    Authorisation,
    DosimeterReading,
    HealthCheck,
    RadiationCertificate,
    StaffMember,
    TrainingCertificate,
)
from trocar_clinic.language import both
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact, not_in_future

POSITIVE = MinValueValidator(0)


class Hospital(Kept):
    """The hospital itself; one row."""

    class Level(models.TextChoices):
        """Grade of the hospital."""

        III_A = "3A", both("tertiary, grade A", "三级甲等")
        III_B = "3B", both("tertiary, grade B", "三级乙等")
        II_A = "2A", both("secondary, grade A", "二级甲等")
        OTHER = "other", both("other", "其他")

    name = models.CharField(both("name", "医院名称"), max_length=120)
    name_en = models.CharField(both("English name", "英文名称"), max_length=160, blank=True)
    level = models.CharField(both("level", "医院等级"), max_length=8, choices=Level.choices)
    kind = models.CharField(
        both("kind", "医院类别"), max_length=60, blank=True, help_text=both("general, cancer …", "综合、肿瘤专科等")
    )
    code = models.CharField(both("organisation code", "统一社会信用代码"), max_length=18, blank=True)
    province = models.CharField(both("province", "省份"), max_length=40)
    address = models.CharField(both("address", "地址"), max_length=200, blank=True)
    head = models.CharField(both("head", "法定代表人"), max_length=60, blank=True)
    beds = models.PositiveIntegerField(both("beds in the hospital", "全院开放床位"), null=True, blank=True)

    class Meta:
        verbose_name = both("hospital", "医院")
        verbose_name_plural = both("hospital", "医院")

    def __str__(self) -> str:
        return self.name


class Ward(Kept):
    """A department with its area and beds."""

    name = models.CharField(both("department", "科室（病区）"), max_length=80)
    area = models.CharField(both("area", "院区与位置"), max_length=120, blank=True)
    registered_subject = models.CharField(both("registered subject", "诊疗科目"), max_length=80, blank=True)
    beds = models.PositiveIntegerField(both("open beds", "开放床位"))
    tumour_beds = models.PositiveIntegerField(both("of these for tumours", "其中肿瘤床位"), default=0)
    open_since = models.DateField(both("open since", "开设日期"), null=True, blank=True, validators=[not_in_future])

    class Meta:
        verbose_name = both("department", "科室")
        verbose_name_plural = both("departments and beds", "科室与床位")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Tumour beds are among the open beds."""
        if self.tumour_beds > self.beds:
            raise ValidationError({"tumour_beds": both("More tumour beds than open beds", "肿瘤床位不能多于开放床位")})


class Room(Kept):
    """A room and what it is fit for."""

    class Kind(models.TextChoices):
        """What is done in the room."""

        SEED_ROOM = "seed", both("seed implantation room", "粒子植入治疗室")
        ABLATION_ROOM = "ablation", both("ablation room", "消融治疗室")
        OPERATING_ROOM = "operating", both("operating room", "手术室")
        IMAGING_ROOM = "imaging", both("imaging room", "影像检查室")
        PACU = "pacu", both("post-anaesthesia care unit", "麻醉后恢复室（PACU）")
        ICU = "icu", both("intensive care unit", "重症监护室（ICU）")
        SEED_STORE = "store", both("seed store", "粒子储存室")
        SEED_PREPARATION = "preparation", both("seed preparation room", "粒子准备（分装）室")
        OTHER = "other", both("other", "其他")

    class Clean(models.TextChoices):
        """Clean class of air."""

        I = "I", both("class I", "Ⅰ级")  # noqa: E741
        II = "II", both("class II", "Ⅱ级")
        III = "III", both("class III", "Ⅲ级")
        IV = "IV", both("class IV", "Ⅳ级")
        NONE = "none", both("not classed", "未定级")

    class Zone(models.TextChoices):
        """Zone of radiation protection."""

        CONTROLLED = "controlled", both("controlled", "控制区")
        SUPERVISED = "supervised", both("supervised", "监督区")
        NONE = "none", both("none", "非分区")

    name = models.CharField(both("room", "房间"), max_length=80)
    kind = models.CharField(both("use", "用途"), max_length=16, choices=Kind.choices)
    ward = models.ForeignKey(Ward, models.PROTECT, verbose_name=both("department", "科室"), null=True, blank=True)
    place = models.CharField(both("place", "位置"), max_length=120, blank=True)
    clean_class = models.CharField(both("clean class", "洁净级别"), max_length=8, choices=Clean.choices)
    net_area_m2 = models.DecimalField(
        both("net area (m²)", "净使用面积（m²）"), max_digits=7, decimal_places=1, validators=[POSITIVE]
    )
    beds = models.PositiveIntegerField(both("beds (PACU, ICU)", "床位（PACU、ICU）"), default=0)
    zone = models.CharField(both("radiation zone", "辐射分区"), max_length=12, choices=Zone.choices, default=Zone.NONE)
    invasive_monitoring = models.BooleanField(both("invasive monitoring", "有创监测"), default=False)
    invasive_ventilation = models.BooleanField(both("invasive ventilation", "有创通气"), default=False)

    class Meta:
        verbose_name = both("room", "房间")
        verbose_name_plural = both("rooms", "房间")

    def __str__(self) -> str:
        return self.name

    @fact(both("net area a bed (m²)", "每床净使用面积（m²）"))
    def area_per_bed_m2(self) -> float | None:
        """Net area a bed."""
        return float(self.net_area_m2) / self.beds if self.beds else None


class AreaSurvey(Kept):
    """A radiation survey of a room."""

    room = models.ForeignKey(Room, models.PROTECT, verbose_name=both("room", "房间"))
    done_on = models.DateField(both("surveyed on", "监测日期"), validators=[not_in_future])
    instrument = models.CharField(both("instrument and number", "仪器及编号"), max_length=120)
    highest_usv_per_h = models.DecimalField(
        both("highest dose rate (µSv/h)", "最高剂量率（µSv/h）"), max_digits=9, decimal_places=3, validators=[POSITIVE]
    )
    limit_usv_per_h = models.DecimalField(
        both("limit (µSv/h)", "限值（µSv/h）"), max_digits=9, decimal_places=3, validators=[POSITIVE]
    )
    done_by = models.CharField(both("by", "监测人或机构"), max_length=120)
    scan = ScanField()

    class Meta:
        verbose_name = both("radiation survey", "场所辐射监测")
        verbose_name_plural = both("radiation surveys", "场所辐射监测")

    def __str__(self) -> str:
        return f"{self.room} {self.done_on}"

    @fact(both("within the limit", "是否合格"))
    def within_limit(self) -> bool:
        """Whether the highest rate is within the limit."""
        return self.highest_usv_per_h <= self.limit_usv_per_h


class Licence(Kept):
    """A licence of the institution."""

    class Kind(models.TextChoices):
        """Which licence."""

        PRACTICE = "practice", both("medical institution practice licence", "医疗机构执业许可证")
        RADIOTHERAPY = "radiotherapy", both("radiological diagnosis and treatment licence", "放射诊疗许可证")
        RADIOPHARMACEUTICAL = "radiopharmaceutical", both("radiopharmaceutical use licence", "放射性药品使用许可证")
        RADIATION_SAFETY = "radiation_safety", both("radiation safety licence", "辐射安全许可证")
        FILING = "filing", both("filing of the restricted technology", "限制类技术备案凭证")
        OTHER = "other", both("other", "其他")

    kind = models.CharField(both("licence", "证照"), max_length=24, choices=Kind.choices)
    number = models.CharField(both("number", "证号"), max_length=80)
    licence_class = models.CharField(
        both("class", "类别"),
        max_length=20,
        blank=True,
        help_text=both("class of a radiopharmaceutical licence: 1 to 4", "放射性药品使用许可证：第一至第四类"),
    )
    scope = models.TextField(both("scope", "许可范围"))
    issuer = models.CharField(both("issued by", "发证机关"), max_length=120)
    issued_on = models.DateField(both("issued on", "发证日期"), validators=[not_in_future])
    expires_on = models.DateField(both("expires on", "有效期至"), null=True, blank=True)
    scan = ScanField()

    class Meta:
        verbose_name = both("licence", "证照")
        verbose_name_plural = both("licences", "证照")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "number"],
                condition=models.Q(voided_at=None),
                name="licence_once",
                violation_error_message=both(
                    "A licence of this kind and number is already entered", "该类别证号的证照已登记"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    def clean(self) -> None:
        """It expires after it was issued; a radiopharmaceutical licence has a class."""
        must_follow(self.issued_on, self.expires_on, "expires_on")
        if self.kind == self.Kind.RADIOPHARMACEUTICAL and not self.licence_class:
            raise ValidationError({"licence_class": both("Which class is the licence?", "请填写许可证类别")})

    def ends_by(self, day: date) -> bool:
        """Say whether it has ended by a day."""
        return self.expires_on is not None and self.expires_on <= day

    def is_valid_on(self, day: date) -> bool:
        """Say whether it is in force on a day."""
        return self.issued_on <= day and (self.expires_on is None or day <= self.expires_on) and not self.is_void


class Product(Kept):
    """A product that goes into patients: seeds, needles, electrodes, antennas, probes."""

    class Kind(models.TextChoices):
        """What it is."""

        SEED = "seed", both("radioactive seed", "放射性粒子")
        NEEDLE = "needle", both("implantation needle", "植入针")
        ELECTRODE = "electrode", both("radiofrequency electrode", "射频电极")
        ANTENNA = "antenna", both("microwave antenna", "微波天线")
        CRYOPROBE = "cryoprobe", both("cryoprobe", "冷冻探针")
        TEMPLATE = "template", both("template", "模板")
        OTHER = "other", both("other", "其他")

    kind = models.CharField(both("kind", "类别"), max_length=12, choices=Kind.choices)
    name = models.CharField(both("name", "产品名称"), max_length=120)
    maker = models.CharField(both("maker", "生产厂家"), max_length=120)
    model = models.CharField(both("model", "规格型号"), max_length=80)
    approval_number = models.CharField(both("approval number", "注册证号或批准文号"), max_length=80)
    approval_expires_on = models.DateField(both("approval expires on", "注册证有效期至"), null=True, blank=True)
    device_identifier = models.CharField(both("UDI-DI", "产品标识 UDI-DI"), max_length=40, blank=True)
    single_use = models.BooleanField(both("single use", "一次性使用"), default=True)
    source_key = models.CharField(
        both("source data set", "源数据集"),
        max_length=80,
        blank=True,
        help_text=both("for seeds: key listed by “trocar sources”", "粒子：trocar sources 列出的键"),
    )

    class Meta:
        verbose_name = both("product", "产品")
        verbose_name_plural = both("products", "产品目录")

    def __str__(self) -> str:
        return f"{self.name} {self.model}"


class Appointment(Kept):
    """Who is named for a duty that the rules ask a named person for."""

    class Duty(models.TextChoices):
        """The duty."""

        CUSTODIAN = "custodian", both("custodian of the seeds", "粒子保管责任人")
        TRANSPORT = "transport", both("transport of the seeds", "粒子转运责任人")
        SAFETY = "safety", both("radiation-safety officer", "辐射安全负责人")
        TECHNICAL_LEAD = "technical_lead", both("technical lead", "技术负责人")
        QUALITY = "quality", both("quality control", "质量控制负责人")

    duty = models.CharField(both("duty", "职责"), max_length=16, choices=Duty.choices)
    person = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("person", "人员"))
    begins_on = models.DateField(both("from", "起始日期"))
    expires_on = models.DateField(both("until", "截止日期"), null=True, blank=True)
    scan = ScanField(both("letter of appointment", "任命文件"))

    class Meta:
        verbose_name = both("appointment", "责任人任命")
        verbose_name_plural = both("appointments", "责任人任命")

    def __str__(self) -> str:
        return f"{self.get_duty_display()} {self.person}"

    def clean(self) -> None:
        """It ends after it begins."""
        must_follow(self.begins_on, self.expires_on, "expires_on")

"""Planned visits, visits with measurements, complications, charges."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from trocar_clinic.followup.response import Criterion, Response, response_of
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case, Lesion, of_patient
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, KeptQuerySet, fact, not_in_future

NOUGHT = MinValueValidator(0)


class PlannedVisit(Kept):
    """A visit that is due on a day, by the schedule or by hand."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="planned_visits")
    due_on = models.DateField(both("due on", "应随访日期"))
    window_days = models.PositiveSmallIntegerField(both("window (days)", "允许前后（天）"))
    purpose = models.CharField(both("purpose", "随访内容"), max_length=120)
    purpose_en = models.CharField(both("purpose in English", "随访内容（英文）"), max_length=120, blank=True)
    schedule = models.CharField(both("schedule", "随访计划版本"), max_length=40, blank=True)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("planned visit", "随访计划")
        verbose_name_plural = both("planned visits", "随访计划")
        indexes = [models.Index(fields=["due_on"])]

    def __str__(self) -> str:
        return f"{self.case} {self.due_on}"

    @fact(both("what for", "随访内容"))
    def what(self) -> str:
        """The purpose in the reader's language."""
        return str(both(self.purpose_en or self.purpose, self.purpose))

    @fact(both("patient", "患者"))
    def patient(self) -> Any:
        """Who is to be seen."""
        return self.case.patient

    @fact(both("telephone", "联系电话"))
    def telephone(self) -> str:
        """Under which number the patient is reached."""
        return str(self.case.patient.telephone)

    @fact(both("next of kin", "联系人"))
    def contact(self) -> str:
        """Who else is reached."""
        return str(self.case.patient.contact)

    @fact(both("done by", "完成情况"))
    def done(self) -> "Visit | None":
        """The visit that fulfils it: the first within the window."""
        width = timedelta(days=self.window_days)
        within = [
            each for each in self.case.visits.all() if abs(each.seen_on - self.due_on) <= width and not each.is_void
        ]
        return min(within, key=lambda each: each.seen_on, default=None)

    @fact(both("overdue from", "逾期日"))
    def late_from(self) -> object:
        """The last day on which it would still count."""
        return self.due_on + timedelta(days=self.window_days)


class Visit(Kept):
    """What was found when a patient was seen or spoken to after the procedure."""

    class Way(models.TextChoices):
        """How."""

        CLINIC = "clinic", both("in the clinic", "门诊")
        WARD = "ward", both("in hospital", "住院")
        TELEPHONE = "telephone", both("by telephone", "电话")
        OTHER = "other", both("otherwise", "其他")
        NOT_REACHED = "not_reached", both("not reached", "失访（未联系上）")

    class Control(models.TextChoices):
        """State of the treated lesion."""

        CONTROLLED = "controlled", both("no local progression", "局部无进展")
        PROGRESSED = "progressed", both("local progression", "局部进展")
        UNKNOWN = "unknown", both("not imaged", "未行影像检查")

    class Relief(models.TextChoices):
        """What became of the symptoms that there were before."""

        RELIEVED = "relieved", both("relieved", "缓解")
        UNCHANGED = "unchanged", both("unchanged", "无变化")
        WORSE = "worse", both("worse", "加重")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="visits")
    seen_on = models.DateField(both("on", "随访日期"), validators=[not_in_future])
    way = models.CharField(both("how", "随访方式"), max_length=12, choices=Way.choices)
    seen_by = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("by", "随访人"), related_name="+")
    alive = models.BooleanField(both("alive", "存活"), null=True, blank=True)
    kps = models.PositiveSmallIntegerField(
        both("Karnofsky (KPS)", "卡氏评分（KPS）"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    pain = models.PositiveSmallIntegerField(
        both("pain (NRS 0 to 10)", "疼痛（NRS 0–10）"), null=True, blank=True, validators=[MaxValueValidator(10)]
    )
    quality_of_life = models.PositiveSmallIntegerField(
        both("quality of life (0 to 100)", "生活质量评分（0–100）"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
    )
    relief = models.CharField(
        both("symptoms since treatment", "症状较治疗前"),
        max_length=12,
        choices=Relief.choices,
        blank=True,
        help_text=both("of those named with the case", "指病例中登记的治疗前症状"),
    )
    imaging = models.CharField(both("imaging", "影像检查"), max_length=40, blank=True)
    new_lesion = models.BooleanField(both("new lesion", "新发病灶"), default=False)
    local_control = models.CharField(both("treated lesion", "治疗病灶"), max_length=12, choices=Control.choices)
    response = models.CharField(
        both("response as judged", "医师判定疗效"), max_length=2, choices=Response.choices, blank=True
    )
    criterion = models.CharField(both("by", "评价标准"), max_length=12, choices=Criterion.choices, blank=True)
    note = models.TextField(both("note", "记录"), blank=True)
    scan = ScanField()

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("visit", "随访")
        verbose_name_plural = both("visits", "随访记录")
        indexes = [models.Index(fields=["seen_on"])]

    def __str__(self) -> str:
        return f"{self.case} {self.seen_on}"

    def clean(self) -> None:
        """It follows a procedure, precedes death, and a response says by which criteria."""
        if not self.case_id or not self.seen_on:
            return
        done = self.case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("started_at").first()
        if done is None:
            raise ValidationError(
                {"seen_on": both("No procedure of this case has ended yet", "该病例尚无已结束的手术")}
            )
        if self.seen_on < timezone.localtime(done.started_at).date():
            raise ValidationError({"seen_on": both("Follow-up comes after the procedure", "随访日期早于手术日期")})
        died = self.case.patient.died_on
        if died and self.seen_on > died and self.alive:
            raise ValidationError({"alive": both("The patient had died by then", "该日期患者已死亡")})
        if bool(self.response) != bool(self.criterion):
            raise ValidationError({"criterion": both("Response and criteria go together", "疗效与评价标准须同时填写")})
        if self.relief and not self.case.symptomatic:
            raise ValidationError(
                {
                    "relief": both(
                        "The case names no symptoms before treatment; enter them there first",
                        "病例未登记治疗前症状，请先在病例中登记",
                    )
                }
            )
        if self.kps is not None and self.kps % 10:
            raise ValidationError({"kps": both("KPS goes in tens", "KPS 为 10 的倍数")})

    @fact(both("response by the diameters", "按测量值推算疗效"))
    def computed_response(self) -> Response | None:
        """What the measured diameters come to by RECIST 1.1; nothing without measurements."""
        return response_by_measurements(self, viable=False)

    @fact(both("response of the viable part", "按存活部分推算（mRECIST）"))
    def computed_viable_response(self) -> Response | None:
        """What the viable diameters come to by mRECIST."""
        return response_by_measurements(self, viable=True)

    @fact(both("judged otherwise than measured", "判定与测量不一致"))
    def disagrees(self) -> bool:
        """Whether the physician judged otherwise than the diameters come to."""
        if not self.response:
            return False
        computed = self.computed_viable_response if self.criterion == Criterion.MRECIST else self.computed_response
        return computed is not None and computed != self.response


class LesionMeasurement(Kept):
    """Diameters of a lesion at a visit."""

    visit = models.ForeignKey(Visit, models.PROTECT, verbose_name=both("visit", "随访"), related_name="measurements")
    lesion = models.ForeignKey(Lesion, models.PROTECT, verbose_name=both("lesion", "病灶"), related_name="measurements")
    longest_mm = models.DecimalField(
        both("longest diameter (mm)", "最长径（mm）"), max_digits=6, decimal_places=1, validators=[NOUGHT]
    )
    viable_mm = models.DecimalField(
        both("viable part (mm)", "存活部分最长径（mm）"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[NOUGHT],
    )

    objects: ClassVar[Any] = of_patient("visit__case__admission__patient__")

    class Meta:
        verbose_name = both("measurement", "病灶测量")
        verbose_name_plural = both("measurements", "病灶测量")
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "lesion"],
                condition=models.Q(voided_at=None),
                name="measured_once",
                violation_error_message=both("This lesion is measured at this visit already", "该病灶本次已测量"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.lesion.label} {self.longest_mm} mm"

    def clean(self) -> None:
        """The lesion is of the case; the viable part is not larger than the whole."""
        if self.visit_id and self.lesion_id and self.lesion.case_id != self.visit.case_id:
            raise ValidationError({"lesion": both("This lesion is of another case", "该病灶属于其他病例")})
        if self.viable_mm and self.longest_mm and self.viable_mm > self.longest_mm:
            raise ValidationError({"viable_mm": both("Larger than the whole lesion", "大于病灶最长径")})

    @fact(both("change since baseline (%)", "较基线变化（%）"))
    def change_percent(self) -> float:
        """Change of the longest diameter since the baseline, percent."""
        return 100.0 * (float(self.longest_mm) / float(self.lesion.longest_mm) - 1.0)


def response_by_measurements(visit: Visit, *, viable: bool) -> Response | None:
    """Return what the diameters at a visit come to, every treated lesion measured; growth counts from the least sum."""
    lesions = [each for each in visit.case.lesions.all() if each.to_be_treated and not each.is_void]
    now = _diameters(visit, lesions, viable=viable)
    if now is None:
        return None
    baseline = [float(each.longest_mm) for each in lesions]
    earlier = [each for each in visit.case.visits.all() if each.seen_on < visit.seen_on and not each.is_void]
    sums = [sum(some) for each in earlier if (some := _diameters(each, lesions, viable=viable)) is not None]
    return response_of(baseline, now, least_sum_mm=min([sum(baseline), *sums]), new_lesion=visit.new_lesion)


def _diameters(visit: Visit, lesions: list[Lesion], *, viable: bool) -> list[float] | None:
    found = {each.lesion_id: each for each in visit.measurements.all() if not each.is_void}
    rows = [found.get(each.pk) for each in lesions]
    values = [None if row is None else row.viable_mm if viable else row.longest_mm for row in rows]
    return [float(each) for each in values if each is not None] if lesions and None not in values else None


class Complication(Kept):
    """A complication, entered once with every grade beside it; no grade is made from another."""

    class Term(models.TextChoices):
        """What it is, grouped as the indicators ask."""

        INFECTION = "infection", both("infection", "感染")
        BLEEDING = "bleeding", both("bleeding", "出血")
        PNEUMOTHORAX = "pneumothorax", both("pneumothorax", "气胸")
        HAEMOTHORAX = "haemothorax", both("haemothorax", "血胸")
        NERVE = "nerve", both("nerve injury", "神经损伤")
        SKIN_BURN = "skin_burn", both("skin burn", "皮肤烧（冻）伤")
        BILE_DUCT = "bile_duct", both("bile duct injury", "胆管损伤")
        PERFORATION = "perforation", both("perforation of a hollow organ", "空腔脏器穿孔")
        ABSCESS = "abscess", both("abscess", "脓肿")
        SEEDING = "seeding", both("tumour seeding", "针道种植")
        ORGAN_FAILURE = "organ_failure", both("failure of an organ", "脏器功能衰竭")
        EMBOLISM = "embolism", both("embolism", "栓塞")
        PAIN = "pain", both("pain", "疼痛")
        FEVER = "fever", both("fever (post-ablation syndrome)", "发热（消融后综合征）")
        SKIN_ULCER = "skin_ulcer", both("radiation: skin ulcer", "放射性皮肤溃疡")
        PNEUMONITIS = "pneumonitis", both("radiation pneumonitis", "放射性肺炎")
        MYELITIS = "myelitis", both("radiation myelitis", "放射性脊髓炎")
        CYSTITIS = "cystitis", both("radiation cystitis", "放射性膀胱炎")
        ENTERITIS = "enteritis", both("radiation enteritis", "放射性肠炎")
        BRAIN_NECROSIS = "brain_necrosis", both("radiation: brain necrosis", "放射性脑坏死")
        OESOPHAGUS = "oesophagus", both("radiation: oesophageal perforation", "放射性食管穿孔")
        SEED_MIGRATION = "migration", both("seed migration", "粒子迁移")
        OTHER = "other", both("other", "其他")

    class Outcome(models.TextChoices):
        """How it ended."""

        RECOVERED = "recovered", both("recovered", "痊愈")
        SEQUELAE = "sequelae", both("recovered with sequelae", "遗留后遗症")
        ONGOING = "ongoing", both("ongoing", "未愈")
        DEATH = "death", both("death", "死亡")

    class Cause(models.TextChoices):
        """What caused it."""

        PUNCTURE = "puncture", both("puncture", "穿刺相关")
        ENERGY = "energy", both("heat or cold", "热（冷）损伤相关")
        RADIATION = "radiation", both("radiation", "放射损伤相关")
        ANAESTHESIA = "anaesthesia", both("anaesthesia or drug", "麻醉或用药相关")
        UNRELATED = "unrelated", both("unrelated", "无关")

    CTCAE = [(str(n), str(n)) for n in range(1, 6)]
    SIR = [(each, each) for each in "ABCDEF"]
    CIRSE = [(str(n), str(n)) for n in range(1, 7)]

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="complications")
    term = models.CharField(both("complication", "并发症"), max_length=16, choices=Term.choices)
    description = models.CharField(both("description", "描述"), max_length=200, blank=True)
    cause = models.CharField(both("cause", "原因归类"), max_length=12, choices=Cause.choices)
    began_on = models.DateField(both("began on", "发生日期"), validators=[not_in_future])
    ended_on = models.DateField(both("ended on", "结束日期"), null=True, blank=True, validators=[not_in_future])
    ctcae = models.CharField(both("CTCAE 5.0 grade", "CTCAE 5.0 分级"), max_length=1, choices=CTCAE)
    sir = models.CharField(both("SIR class", "SIR 分级"), max_length=1, choices=SIR)
    cirse = models.CharField(both("CIRSE grade", "CIRSE 分级"), max_length=1, choices=CIRSE)
    treatment = models.CharField(both("treatment", "处理"), max_length=200, blank=True)
    outcome = models.CharField(both("outcome", "转归"), max_length=12, choices=Outcome.choices)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("complication", "并发症")
        verbose_name_plural = both("complications", "并发症")
        indexes = [models.Index(fields=["term", "began_on"])]

    def __str__(self) -> str:
        return f"{self.get_term_display()} {self.began_on}"

    def clean(self) -> None:
        """It begins with or after the procedure, and the grades of death agree."""
        if self.term == self.Term.OTHER and not self.description:
            raise ValidationError({"description": both("What is it?", "请填写具体并发症")})
        if self.ended_on and self.began_on and self.ended_on < self.began_on:
            raise ValidationError({"ended_on": both("It ends before it begins", "结束日期早于发生日期")})
        deaths = {self.ctcae == "5", self.sir == "F", self.cirse == "6", self.outcome == self.Outcome.DEATH}
        if len(deaths) > 1:
            raise ValidationError(
                {
                    "outcome": both(
                        "Death is CTCAE 5, SIR F, CIRSE 6 and outcome death together",
                        "死亡对应 CTCAE 5、SIR F、CIRSE 6 级且转归为死亡，须一致",
                    )
                }
            )
        if self.case_id and self.began_on:
            done = self.case.procedures.filter(voided_at=None).order_by("started_at").first()
            if done is None or self.began_on < timezone.localtime(done.started_at).date():
                raise ValidationError({"began_on": both("This is before the procedure", "发生日期早于手术")})

    @fact(both("days after the procedure", "术后天数"))
    def days_after(self) -> int | None:
        """Days after the procedure before it."""
        day = self.began_on
        done = self.case.procedures.filter(voided_at=None, started_at__date__lte=day).order_by("started_at").last()
        return (day - timezone.localtime(done.started_at).date()).days if done else None

    @fact(both("severe (CTCAE 3 or more)", "严重（CTCAE ≥3 级）"))
    def is_severe(self) -> bool:
        """Whether it is of CTCAE grade 3 or more."""
        return self.ctcae >= "3"


class PriceQuerySet(KeptQuerySet):
    """Price items."""

    def on(self, day: object) -> "PriceQuerySet":
        """Return those in force on a day."""
        open_end = models.Q(valid_until=None) | models.Q(valid_until__gte=day)
        return self.standing().filter(open_end, valid_from__lte=day)  # type: ignore[return-value]


class PriceItem(Kept):
    """What may be charged, by the price list in force."""

    code = models.CharField(both("code", "收费编码"), max_length=40)
    name = models.CharField(both("name", "项目名称"), max_length=120)
    unit = models.CharField(both("unit", "计价单位"), max_length=20)
    price_yuan = models.DecimalField(
        both("price (yuan)", "单价（元）"), max_digits=10, decimal_places=2, validators=[NOUGHT]
    )
    document = models.CharField(both("price document", "价格文件"), max_length=120)
    valid_from = models.DateField(both("valid from", "执行日期"))
    valid_until = models.DateField(both("valid until", "终止日期"), null=True, blank=True)

    objects: ClassVar[Any] = models.Manager.from_queryset(PriceQuerySet)()

    class Meta:
        verbose_name = both("price item", "收费项目")
        verbose_name_plural = both("price items", "收费项目")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        """One price of an item on a day."""
        if self.valid_until and self.valid_until < self.valid_from:
            raise ValidationError({"valid_until": both("Ends before it begins", "终止日期早于执行日期")})
        others = PriceItem.objects.standing().filter(code=self.code).exclude(pk=self.pk)
        for other in others:
            ends_before = other.valid_until and other.valid_until < self.valid_from
            begins_after = self.valid_until and self.valid_until < other.valid_from
            if not (ends_before or begins_after):
                raise ValidationError(
                    {"valid_from": both("Another price of this code is in force then", "该编码在此期间已有其他价格")}
                )


class Charge(Kept):
    """What was charged for a case."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="charges")
    item = models.ForeignKey(PriceItem, models.PROTECT, verbose_name=both("item", "收费项目"), related_name="charges")
    charged_on = models.DateField(both("on", "收费日期"), validators=[not_in_future])
    quantity = models.DecimalField(
        both("quantity", "数量"), max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    price_yuan = models.DecimalField(
        both("price charged (yuan)", "实收单价（元）"), max_digits=10, decimal_places=2, validators=[NOUGHT]
    )

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("charge", "收费")
        verbose_name_plural = both("charges", "收费记录")

    def __str__(self) -> str:
        return f"{self.item} × {self.quantity}"

    def clean(self) -> None:
        """The item is in force on the day and costs what the list says."""
        if not (self.item_id and self.charged_on):
            return
        if not PriceItem.objects.on(self.charged_on).filter(pk=self.item_id).exists():
            raise ValidationError(
                {"item": both("This item is not in force on that day", "该项目在收费日期不在执行期内")}
            )
        if self.price_yuan != self.item.price_yuan:
            listed = self.item.price_yuan
            raise ValidationError({"price_yuan": both(f"The price list says {listed}", f"价格文件规定为 {listed} 元")})

    @fact(both("sum (yuan)", "金额（元）"))
    def sum_yuan(self) -> Decimal:
        """Quantity times price."""
        return (self.quantity * self.price_yuan).quantize(Decimal("0.01"))

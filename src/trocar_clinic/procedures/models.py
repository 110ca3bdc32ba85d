"""Consent, procedure, team, time-out, insertions, events, verification."""

from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.custody.devices import Device
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import Equipment, Room, StaffMember
from trocar_clinic.institution.policies import Act
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case, Lesion, of_patient
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.procedures.connections import (  # noqa: F401 — Django finds an app's models in its models.py
    MonitorConnection,
    MonitorMessage,
)
from trocar_clinic.procedures.vitals import VitalStream  # noqa: F401
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact, not_in_future
from trocar_clinic.records.models import StoredFile

NOUGHT = MinValueValidator(0)


class Consent(Kept):
    """That patient and family were told, understood and signed."""

    class Signer(models.TextChoices):
        """Who signed for the patient."""

        PATIENT = "patient", both("the patient", "患者本人")
        RELATIVE = "relative", both("an authorised relative", "授权亲属")
        GUARDIAN = "guardian", both("the legal guardian", "法定监护人")

    class Language(models.TextChoices):
        """Language of the text."""

        CHINESE = "zh", both("Chinese", "中文")
        ENGLISH = "en", both("English", "英文")
        OTHER = "other", both("another, interpreted", "其他（经翻译）")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="consents")
    text_version = models.CharField(both("version of the text", "知情同意书版本"), max_length=40)
    language = models.CharField(both("language", "语言"), max_length=8, choices=Language.choices)
    items = models.JSONField(both("told", "已告知事项"))
    items_key = models.CharField(both("list of items", "告知清单版本"), max_length=40)
    told_by = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("told by", "告知医师"), related_name="+")
    signer = models.CharField(both("signed by", "签署人"), max_length=12, choices=Signer.choices)
    signer_name = models.CharField(both("name of the signer", "签署人姓名"), max_length=80)
    relation = models.CharField(both("relation to the patient", "与患者关系"), max_length=40, blank=True)
    signature = models.ForeignKey(
        StoredFile, models.PROTECT, verbose_name=both("signature", "患者方签名"), related_name="+"
    )
    physician_signature = models.ForeignKey(
        StoredFile, models.PROTECT, verbose_name=both("physician's signature", "医师签名"), related_name="+"
    )
    witness = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("witness", "见证人"), related_name="+")
    signed_at = models.DateTimeField(both("signed at", "签署时间"), validators=[not_in_future])
    scan = ScanField(both("paper", "纸质文书扫描"))

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("consent", "知情同意")
        verbose_name_plural = both("consents", "知情同意")

    def __str__(self) -> str:
        return f"{self.case} {timezone.localtime(self.signed_at):%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        """A relative says which; the witness is not who told."""
        if self.signer and self.signer != self.Signer.PATIENT and not self.relation:
            raise ValidationError({"relation": both("What is the signer to the patient?", "请填写与患者关系")})
        if self.witness_id and self.witness_id == self.told_by_id:
            raise ValidationError(
                {"witness": both("The witness is another person than who told", "见证人不能为告知医师本人")}
            )


class Anaesthesia(models.TextChoices):
    """Kind of anaesthesia."""

    LOCAL = "local", both("local", "局部麻醉")
    SEDATION = "sedation", both("sedation", "镇静镇痛")
    GENERAL = "general", both("general", "全身麻醉")
    REGIONAL = "regional", both("regional", "椎管内或区域麻醉")


class Procedure(Kept):
    """What was done in one session."""

    class Result(models.TextChoices):
        """How it ended."""

        DONE = "done", both("done as planned", "按计划完成")
        CHANGED = "changed", both("done otherwise than planned", "术中调整后完成")
        ABORTED = "aborted", both("aborted", "中止")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="procedures")
    plan = models.ForeignKey(PlanVersion, models.PROTECT, verbose_name=both("plan", "执行的计划"), related_name="+")
    room = models.ForeignKey(Room, models.PROTECT, verbose_name=both("room", "手术间"))
    guidance = models.ForeignKey(
        Equipment, models.PROTECT, verbose_name=both("guidance", "引导设备"), related_name="guided"
    )
    second_guidance = models.ForeignKey(
        Equipment,
        models.PROTECT,
        verbose_name=both("second guidance", "辅助引导设备"),
        related_name="+",
        null=True,
        blank=True,
    )
    anaesthesia = models.CharField(both("anaesthesia", "麻醉方式"), max_length=12, choices=Anaesthesia.choices)
    started_at = models.DateTimeField(both("started at", "开始时间"), validators=[not_in_future])
    ended_at = models.DateTimeField(
        both("ended at", "结束时间"), null=True, blank=True, validators=[not_in_future], editable=False
    )
    result = models.CharField(both("result", "结果"), max_length=12, choices=Result.choices, blank=True, editable=False)
    narrative = models.TextField(both("what was done", "手术经过"), blank=True, editable=False)
    technical_success = models.BooleanField(
        both("technical success", "技术成功"), null=True, blank=True, editable=False
    )

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("procedure", "手术")
        verbose_name_plural = both("procedures", "手术记录")
        indexes = [models.Index(fields=["started_at"])]

    def __str__(self) -> str:
        return f"{self.case} {timezone.localtime(self.started_at):%Y-%m-%d}"

    def clean(self) -> None:
        """The plan is of the case; it ends after it starts; the guidance device guides."""
        if self.plan_id and self.case_id and self.plan.case_id != self.case_id:
            raise ValidationError({"plan": both("This plan is of another case", "该计划属于其他病例")})
        if self.ended_at and self.started_at and self.ended_at <= self.started_at:
            raise ValidationError({"ended_at": both("It ends before it starts", "结束时间早于开始时间")})
        if self.guidance_id and not self.guidance.is_guidance:
            raise ValidationError({"guidance": both("This device does not guide needles", "该设备不是影像引导设备")})

    @fact(both("duration", "时长"))
    def duration(self) -> timedelta | None:
        """How long it took."""
        return self.ended_at - self.started_at if self.ended_at else None


class TeamMember(Kept):
    """Who did what in a procedure."""

    class Duty(models.TextChoices):
        """As what."""

        OPERATOR = "operator", both("operator", "术者")
        ASSISTANT = "assistant", both("assistant", "助手")
        PHYSICIST = "physicist", both("physicist", "物理师")
        NURSE = "nurse", both("nurse", "护士")
        ANAESTHETIST = "anaesthetist", both("anaesthetist", "麻醉医师")
        TECHNICIAN = "technician", both("technician", "技师")

    procedure = models.ForeignKey(
        Procedure, models.PROTECT, verbose_name=both("procedure", "手术"), related_name="team"
    )
    person = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="+")
    duty = models.CharField(both("as", "职责"), max_length=12, choices=Duty.choices)

    objects: ClassVar[Any] = of_patient("procedure__case__admission__patient__")

    class Meta:
        verbose_name = both("team member", "手术人员")
        verbose_name_plural = both("team", "手术团队")
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "person"],
                condition=models.Q(voided_at=None),
                name="member_once",
                violation_error_message=both("This person is in the team already", "该人员已在团队中"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_duty_display()})"


ACTS = {TeamMember.Duty.OPERATOR: Act.PERFORM, TeamMember.Duty.ASSISTANT: Act.ASSIST}
"""Duties for which an authorisation is asked."""


class TimeOut(Kept):
    """The pause before the first needle, in which the team checks together."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="time_outs")
    done_at = models.DateTimeField(both("done at", "核查时间"), validators=[not_in_future])
    items = models.JSONField(both("checked", "核查项目"))
    items_key = models.CharField(both("list", "核查单版本"), max_length=40)
    remark = models.CharField(both("remark", "备注"), max_length=200, blank=True)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("time-out", "手术安全核查")
        verbose_name_plural = both("time-outs", "手术安全核查")

    def __str__(self) -> str:
        return f"{self.case} {timezone.localtime(self.done_at):%Y-%m-%d %H:%M}"

    @fact(both("every item confirmed", "全部项目已确认"))
    def complete(self) -> bool:
        """Whether all items were confirmed."""
        return bool(self.items) and all(self.items.values())


class Insertion(Kept):
    """A needle with seeds, or an applicator with its energy."""

    procedure = models.ForeignKey(
        Procedure, models.PROTECT, verbose_name=both("procedure", "手术"), related_name="insertions"
    )
    number = models.PositiveSmallIntegerField(both("needle", "针号"), validators=[MinValueValidator(1)])
    lesion = models.ForeignKey(Lesion, models.PROTECT, verbose_name=both("lesion", "病灶"), related_name="insertions")
    device = models.ForeignKey(
        Device, models.PROTECT, verbose_name=both("device", "器械"), null=True, blank=True, related_name="insertions"
    )
    depth_mm = models.DecimalField(
        both("depth (mm)", "进针深度（mm）"), max_digits=5, decimal_places=1, validators=[NOUGHT]
    )
    seeds = models.PositiveSmallIntegerField(both("seeds", "粒子数"), null=True, blank=True)
    power_w = models.DecimalField(
        both("power (W)", "功率（W）"), max_digits=6, decimal_places=1, null=True, blank=True, validators=[NOUGHT]
    )
    minutes = models.DecimalField(
        both("time (min)", "时间（min）"), max_digits=5, decimal_places=1, null=True, blank=True, validators=[NOUGHT]
    )
    cycles = models.PositiveSmallIntegerField(
        both("freeze cycles", "冻融循环数"), null=True, blank=True, validators=[MaxValueValidator(9)]
    )

    objects: ClassVar[Any] = of_patient("procedure__case__admission__patient__")

    class Meta:
        verbose_name = both("needle or applicator", "穿刺针（消融针）")
        verbose_name_plural = both("needles and applicators", "穿刺针（消融针）")
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "number"],
                condition=models.Q(voided_at=None),
                name="needle_number_once",
                violation_error_message=both("This needle number is entered", "该针号已登记"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.lesion}"

    def clean(self) -> None:
        """The lesion is of the case; what belongs to the technique is entered."""
        if not (self.procedure_id and self.lesion_id):
            return
        case = self.procedure.case
        if self.lesion.case_id != case.pk:
            raise ValidationError({"lesion": both("This lesion is of another case", "该病灶属于其他病例")})
        if self.device is not None and self.device.used_for_id != case.pk:
            raise ValidationError(
                {"device": both("First enter that the device is used in this case", "请先登记该器械用于本病例")}
            )
        if case.technique == Technique.SEED and self.seeds is None:
            raise ValidationError({"seeds": both("How many seeds went in?", "请填写植入粒子数")})
        if case.technique == Technique.ABLATION and self.minutes is None:
            raise ValidationError({"minutes": both("How long was it on?", "请填写消融时间")})


class ProcedureEvent(Kept):
    """Something that happened, and what was done."""

    class Kind(models.TextChoices):
        """What."""

        NOTE = "note", both("note", "记录")
        DRUG = "drug", both("drug given", "用药")
        REACTION = "reaction", both("reaction of the patient", "患者反应")
        BLEEDING = "bleeding", both("bleeding", "出血")
        PNEUMOTHORAX = "pneumothorax", both("pneumothorax", "气胸")
        DEVICE = "device", both("device failure", "器械故障")
        PLAN = "plan", both("departure from the plan", "偏离计划")
        SEED = "seed", both("seed dropped or stuck", "粒子脱落或卡滞")

    procedure = models.ForeignKey(
        Procedure, models.PROTECT, verbose_name=both("procedure", "手术"), related_name="events"
    )
    at = models.DateTimeField(both("at", "时间"), validators=[not_in_future])
    kind = models.CharField(both("kind", "类别"), max_length=12, choices=Kind.choices)
    what = models.CharField(both("what happened", "情况"), max_length=200)
    action = models.CharField(both("what was done", "处理"), max_length=200, blank=True)

    objects: ClassVar[Any] = of_patient("procedure__case__admission__patient__")

    class Meta:
        verbose_name = both("event", "术中事件")
        verbose_name_plural = both("events", "术中事件")

    def __str__(self) -> str:
        return f"{timezone.localtime(self.at):%H:%M} {self.what}"

    def clean(self) -> None:
        """It happened in the procedure."""
        if self.procedure_id and self.at:
            ended = self.procedure.ended_at
            if self.at < self.procedure.started_at or (ended and self.at > ended):
                raise ValidationError({"at": both("This is outside the procedure", "时间不在手术起止之间")})


class VerificationRequest(Kept):
    """What the library is asked to verify: which scan against which plan, with the counts of the ledger as they stood.

    What comes of it becomes a verification when somebody enters it with a conclusion.
    """

    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="verification_requests"
    )
    plan = models.ForeignKey(PlanVersion, models.PROTECT, verbose_name=both("plan", "治疗计划"), related_name="+")
    scan = models.ForeignKey(
        ImageSeries, models.PROTECT, verbose_name=both("image after the procedure", "术后影像"), related_name="+"
    )
    structures = models.ForeignKey(
        ImageSeries,
        models.PROTECT,
        verbose_name=both("structures drawn on it", "术后影像上勾画的结构"),
        null=True,
        blank=True,
        related_name="+",
    )
    asked: Any = models.JSONField(both("further", "其他参数"), default=dict, blank=True, editable=False)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("verification task", "术后验证任务")
        verbose_name_plural = both("verification tasks", "术后验证任务")

    def __str__(self) -> str:
        return f"{self.case} · {both('verification', '术后验证')} {timezone.localtime(self.recorded_at):%m-%d %H:%M}"

    def clean(self) -> None:
        """The scan is of the case, a volume, and not of before the procedure."""
        if not (self.case_id and self.scan_id):
            return
        if self.scan.source.case_id != self.case_id or not self.scan.is_read:
            raise ValidationError({"scan": both("This is no image of this case", "所选影像不属于本病例或未能读取")})
        done = self.case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("ended_at").last()
        if done is None:
            raise ValidationError(both("Nothing was done yet that could be verified", "尚无已完成的手术可供验证"))
        taken = self.scan.acquired_at
        if taken and timezone.localtime(taken).date() < timezone.localtime(done.started_at).date():
            raise ValidationError({"scan": both("This image is of before the procedure", "影像日期早于手术")})

    @fact(both("state", "状态"))
    def progress(self) -> str:
        """How far the calculation has come."""
        job = latest_job(self)
        if job is None:
            return ""
        share = f" {job.progress:.0%}" if job.status == job.Status.RUNNING else ""
        return f"{job.get_status_display()}{share}"

    @fact(both("entered as", "已登记为"))
    def entered(self) -> list["Verification"]:
        """Verifications that were entered from it."""
        jobs = Job.objects.filter(subject_kind=self._meta.label_lower, subject=self.pk).values("pk")
        return list(self.case.verifications.filter(voided_at=None, job__in=jobs))


class Verification(Kept):
    """What dose or margin the procedure really gave, by an image after it."""

    class Kind(models.TextChoices):
        """What was verified."""

        DOSE = "dose", both("dose after implantation", "植入后剂量验证")
        MARGIN = "margin", both("ablative margin", "消融边界验证")

    class Day(models.TextChoices):
        """When after the procedure."""

        DAY_0 = "0", both("day 0 or 1", "术后 0–1 天")
        DAY_30 = "30", both("about day 30", "约术后 30 天")
        OTHER = "other", both("another day", "其他")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="verifications")
    kind = models.CharField(both("what", "验证内容"), max_length=8, choices=Kind.choices)
    image_on = models.DateField(both("day of the image", "影像日期"), validators=[not_in_future])
    day = models.CharField(both("which verification", "验证时点"), max_length=8, choices=Day.choices)
    verified_on = models.DateField(both("verified on", "验证日期"), validators=[not_in_future])
    verified_by = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("verified by", "验证人"), related_name="+"
    )
    system = models.CharField(both("system and version", "所用系统及版本"), max_length=80)
    seeds_seen = models.PositiveIntegerField(both("seeds seen", "影像识别粒子数"), null=True, blank=True)
    d90_gy = models.DecimalField("D90 (Gy)", max_digits=7, decimal_places=2, null=True, blank=True, validators=[NOUGHT])
    v100_percent = models.DecimalField(
        "V100 (%)", max_digits=5, decimal_places=2, null=True, blank=True, validators=[NOUGHT]
    )
    v150_percent = models.DecimalField(
        "V150 (%)", max_digits=5, decimal_places=2, null=True, blank=True, validators=[NOUGHT]
    )
    v200_percent = models.DecimalField(
        "V200 (%)", max_digits=5, decimal_places=2, null=True, blank=True, validators=[NOUGHT]
    )
    margin_mm = models.DecimalField(
        both("minimal ablative margin (mm)", "最小消融边界 MAM（mm）"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
    )
    complete = models.BooleanField(both("tumour wholly covered", "肿瘤完全覆盖"), null=True, blank=True)
    conclusion = models.TextField(both("conclusion", "结论"))
    job = models.ForeignKey(
        Job,
        models.PROTECT,
        verbose_name=both("calculation", "计算任务"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    document = ScanField(both("report", "验证报告"))

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("verification", "术后验证")
        verbose_name_plural = both("verifications", "术后验证")

    def __str__(self) -> str:
        return f"{self.case} {self.get_kind_display()} {self.verified_on}"

    def clean(self) -> None:
        """The image is of after the procedure; dose and margin have their numbers."""
        if not self.case_id:
            return
        done = self.case.procedures.filter(voided_at=None, ended_at__isnull=False).order_by("ended_at").last()
        if done is None:
            raise ValidationError(both("Nothing was done yet that could be verified", "尚无已完成的手术可供验证"))
        if self.image_on and self.image_on < timezone.localtime(done.started_at).date():
            raise ValidationError({"image_on": both("This image is of before the procedure", "影像日期早于手术")})
        if self.verified_on and self.image_on and self.verified_on < self.image_on:
            raise ValidationError({"verified_on": both("This is before the image", "验证日期早于影像日期")})
        needed = ("seeds_seen", "d90_gy", "v100_percent") if self.kind == self.Kind.DOSE else ("margin_mm", "complete")
        empty = {
            name: both("This verification needs it", "此类验证须填写此项")
            for name in needed
            if getattr(self, name) is None
        }
        if empty:
            raise ValidationError(empty)

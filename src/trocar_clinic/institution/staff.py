"""The people: licence, registration, title, training, authorisation, and what radiation workers must show."""

from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from trocar_clinic.language import both
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, not_in_future


class Technique(models.TextChoices):
    """The two techniques."""

    SEED = "seed", both("seed implantation", "放射性粒子植入")
    ABLATION = "ablation", both("tumour ablation", "肿瘤消融")


class Profession(models.TextChoices):
    """What somebody learnt."""

    PHYSICIAN = "physician", both("physician", "医师")
    PHYSICIST = "physicist", both("medical physicist", "医学物理师")
    TECHNICIAN = "technician", both("technician", "技师")
    NURSE = "nurse", both("nurse", "护士")
    OTHER = "other", both("other", "其他")


class Title(models.TextChoices):
    """Professional title, from lowest to highest."""

    NONE = "0", both("none", "无")
    JUNIOR = "1", both("resident (junior)", "住院医师（初级）")
    INTERMEDIATE = "2", both("attending (intermediate)", "主治医师（中级）")
    ASSOCIATE = "3", both("associate chief (associate senior)", "副主任医师（副高）")
    SENIOR = "4", both("chief (senior)", "主任医师（正高）")


CALLED_ALSO = {
    **dict.fromkeys(("医士", "医师", "护士", "护师", "技士", "技师", "药师"), Title.JUNIOR),
    **dict.fromkeys(("主管护师", "主管技师", "主管药师", "工程师", "中级"), Title.INTERMEDIATE),
    **dict.fromkeys(("副主任护师", "副主任技师", "高级工程师", "副高"), Title.ASSOCIATE),
    **dict.fromkeys(("主任护师", "主任技师", "正高级工程师", "正高"), Title.SENIOR),
}
"""Titles of other professions, as spreadsheets have them, with the level they are."""


class StaffMember(Kept):
    """Somebody who works here."""

    name = models.CharField(both("name", "姓名"), max_length=80)
    staff_number = models.CharField(both("staff number", "工号"), max_length=24)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=both("account", "登录账号"),
        null=True,
        blank=True,
        related_name="staff",
    )
    profession = models.CharField(both("profession", "职业类别"), max_length=12, choices=Profession.choices)
    department = models.CharField(both("department", "科室"), max_length=80)
    licence_number = models.CharField(both("licence number", "执业证书编号"), max_length=40, blank=True)
    licence_scope = models.CharField(both("scope of practice", "执业范围"), max_length=120, blank=True)
    registered_here_since = models.DateField(
        both("registered here since", "在本院注册日期"), null=True, blank=True, validators=[not_in_future]
    )
    title = models.CharField(both("title", "职称"), max_length=1, choices=Title.choices)
    title_since = models.DateField(
        both("title since", "取得职称日期"), null=True, blank=True, validators=[not_in_future]
    )
    practising_since = models.DateField(
        both("in this clinical field since", "从事相关临床工作起始"), null=True, blank=True, validators=[not_in_future]
    )
    radiation_worker = models.BooleanField(both("radiation worker", "放射工作人员"), default=False)
    left_on = models.DateField(both("left on", "离岗日期"), null=True, blank=True, validators=[not_in_future])

    class Meta:
        verbose_name = both("staff member", "人员")
        verbose_name_plural = both("staff", "人员")
        constraints = [
            models.UniqueConstraint(
                fields=["staff_number"],
                condition=models.Q(voided_at=None),
                name="staff_number_once",
                violation_error_message=both("This staff number is already entered", "该工号已登记"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def years_on(self, day: date) -> int | None:
        """Return full years in the clinical field on a day."""
        begun = self.practising_since
        return day.year - begun.year - ((day.month, day.day) < (begun.month, begun.day)) if begun else None


class TrainingCertificate(Kept):
    """A certificate of standard training."""

    person = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="certificates"
    )
    technique = models.CharField(both("technique", "技术"), max_length=8, choices=Technique.choices)
    number = models.CharField(both("certificate number", "证书编号"), max_length=60)
    base = models.CharField(both("training base", "培训基地"), max_length=120)
    begun_on = models.DateField(both("from", "培训开始"), validators=[not_in_future])
    ended_on = models.DateField(both("to", "培训结束"), validators=[not_in_future])
    cases = models.PositiveIntegerField(both("cases done under guidance", "培训病例数"), default=0)
    examination_passed = models.BooleanField(both("examination passed", "考核合格"))
    issued_on = models.DateField(both("issued on", "发证日期"), validators=[not_in_future])
    scan = ScanField()

    class Meta:
        verbose_name = both("training certificate", "培训证书")
        verbose_name_plural = both("training certificates", "培训证书")

    def __str__(self) -> str:
        return f"{self.person} {self.get_technique_display()} {self.number}"

    def clean(self) -> None:
        """It ends after it begins."""
        if self.begun_on and self.ended_on and self.ended_on < self.begun_on:
            raise ValidationError({"ended_on": both("Training ends before it begins", "培训结束早于开始")})


class Authorisation(Kept):
    """The hospital's leave to do something in a technique, until a day."""

    class Act(models.TextChoices):
        """What may be done."""

        PERFORM = "perform", both("perform (implant, ablate)", "施术（植入、消融）")
        PLAN = "plan", both("plan", "制定治疗计划")
        ASSIST = "assist", both("assist", "助手")

    person = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="authorisations"
    )
    technique = models.CharField(both("technique", "技术"), max_length=8, choices=Technique.choices)
    act = models.CharField(both("may", "授权内容"), max_length=8, choices=Act.choices)
    granted_on = models.DateField(both("from", "授权日期"))
    expires_on = models.DateField(both("until", "有效期至"))
    granted_by = models.CharField(both("granted by", "授权部门"), max_length=120)
    scan = ScanField(both("document", "授权文件"))

    class Meta:
        verbose_name = both("authorisation", "技术授权")
        verbose_name_plural = both("authorisations", "技术授权")

    def __str__(self) -> str:
        return f"{self.person} {self.get_technique_display()} {self.get_act_display()}"

    def clean(self) -> None:
        """It ends after it begins."""
        if self.granted_on and self.expires_on and self.expires_on < self.granted_on:
            raise ValidationError({"expires_on": both("It ends before it begins", "有效期早于授权日期")})


class RadiationCertificate(Kept):
    """The certificate of a radiation worker."""

    person = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="radiation_certificates"
    )
    number = models.CharField(both("number", "证号"), max_length=60)
    issued_on = models.DateField(both("issued on", "发证日期"), validators=[not_in_future])
    expires_on = models.DateField(both("expires on", "有效期至"))
    scan = ScanField()

    class Meta:
        verbose_name = both("radiation-worker certificate", "放射工作人员证")
        verbose_name_plural = both("radiation-worker certificates", "放射工作人员证")

    def __str__(self) -> str:
        return f"{self.person} {self.number}"


class DosimeterReading(Kept):
    """What a personal dosimeter showed over a period."""

    person = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="dosimeter_readings"
    )
    begun_on = models.DateField(both("worn from", "佩戴开始"), validators=[not_in_future])
    ended_on = models.DateField(both("worn to", "佩戴结束"), validators=[not_in_future])
    hp10_msv = models.DecimalField(
        both("Hp(10) (mSv)", "个人剂量当量 Hp(10)（mSv）"),
        max_digits=8,
        decimal_places=3,
        validators=[MinValueValidator(0)],
    )
    laboratory = models.CharField(both("laboratory", "检测机构"), max_length=120)

    class Meta:
        verbose_name = both("dosimeter reading", "个人剂量监测")
        verbose_name_plural = both("dosimeter readings", "个人剂量监测")

    def __str__(self) -> str:
        return f"{self.person} {self.begun_on}–{self.ended_on}"

    def clean(self) -> None:
        """It ends after it begins."""
        if self.begun_on and self.ended_on and self.ended_on < self.begun_on:
            raise ValidationError({"ended_on": both("The period ends before it begins", "结束日期早于开始日期")})


class HealthCheck(Kept):
    """An occupational health check."""

    class Conclusion(models.TextChoices):
        """Whether somebody may work with radiation."""

        FIT = "fit", both("fit for radiation work", "可从事放射工作")
        RECHECK = "recheck", both("to be checked again", "需复查")
        UNFIT = "unfit", both("unfit for radiation work", "不宜从事放射工作")

    person = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("person", "人员"), related_name="health_checks"
    )
    done_on = models.DateField(both("checked on", "体检日期"), validators=[not_in_future])
    conclusion = models.CharField(both("conclusion", "结论"), max_length=8, choices=Conclusion.choices)
    next_due = models.DateField(both("next due", "下次体检日期"))
    hospital = models.CharField(both("where", "体检机构"), max_length=120)

    class Meta:
        verbose_name = both("health check", "职业健康检查")
        verbose_name_plural = both("health checks", "职业健康检查")

    def __str__(self) -> str:
        return f"{self.person} {self.done_on}"

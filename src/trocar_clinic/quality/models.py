"""The register of cases that indicators are counted from, and self-assessments as signed.

A register row holds what the indicators ask of a case, ready to be counted: no name, no date of birth, only pseudonyms.
It is made from a department's record and can be made again from it at any time, so it is no record itself.
"""

import json
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from trocar_clinic.institution.models import StaffMember
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.records.encrypted import fingerprint
from trocar_clinic.records.kept import Kept, KeptManager, fact

KEY = 40


class Register(models.Model):
    """One taking of a department's record: whose, until which day complete, of which content."""

    taken_at = models.DateTimeField(both("taken at", "导入时间"))
    as_of = models.DateField(both("complete until", "截止日"))
    content_hash = models.CharField(max_length=64, unique=True)
    record = models.ForeignKey("records.StoredFile", models.PROTECT, related_name="+")
    is_current = models.BooleanField(default=True, db_index=True)
    definitions = models.CharField(max_length=64, default="")
    """Fingerprint of the definitions by which the rows were marked; empty where they were not."""
    audited: Any = models.JSONField(default=list)
    """Domains of the periodic audit that something shows to have been audited."""
    names: Any = models.JSONField(default=dict)
    """Names of staff and devices by the keys that the rows hold."""

    def __str__(self) -> str:
        return f"{self.as_of} {self.content_hash[:12]}"


class RegisteredPatient(models.Model):
    """A person by a pseudonym."""

    register = models.ForeignKey(Register, models.CASCADE)
    key = models.CharField(max_length=KEY)
    sex = models.CharField(max_length=1)
    born_year = models.SmallIntegerField(null=True)
    died_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "key"], name="registered_patient_once")]

    def __str__(self) -> str:
        return self.key


class RegisteredProcedure(models.Model):
    """A procedure with everything that conditions ask of it."""

    register = models.ForeignKey(Register, models.CASCADE)
    patient = models.ForeignKey(RegisteredPatient, models.CASCADE, related_name="procedures")
    case = models.ForeignKey("patients.Case", models.SET_NULL, null=True, related_name="+")
    """The case of this record that it is; empty where the register was taken from elsewhere."""
    key = models.CharField(max_length=KEY)
    technique = models.CharField(max_length=12)
    on = models.DateField()
    admitted_on = models.DateField(null=True)
    discharged_on = models.DateField(null=True)
    stay_days = models.IntegerField(null=True)
    operator = models.CharField(max_length=80, blank=True)
    device = models.CharField(max_length=80, blank=True)
    site = models.CharField(max_length=40, blank=True)
    route = models.CharField(max_length=24, blank=True)
    modality = models.CharField(max_length=24, blank=True)
    diagnosis = models.CharField(max_length=200, blank=True)
    malignant = models.BooleanField(null=True)
    histology = models.BooleanField(null=True)
    indication_items = models.CharField(max_length=40, null=True)
    """Numbers of the fulfilled items, each between commas: ``,1,2,4,``."""
    indication_correct = models.BooleanField(null=True)
    planned_before = models.BooleanField()
    signed_by_three = models.BooleanField()
    consented_before = models.BooleanField()
    monitored = models.BooleanField()
    guided = models.BooleanField()
    seeds_balance = models.BooleanField(null=True)
    single_use_once = models.BooleanField(null=True)
    verified_on = models.DateField(null=True)
    unverified_reason = models.CharField(max_length=120, blank=True)
    best_response = models.CharField(max_length=2, blank=True)
    symptoms = models.BooleanField(null=True)
    relieved = models.BooleanField(null=True)
    lesions_planned = models.SmallIntegerField(default=0)
    lesions_completed = models.SmallIntegerField(default=0)
    largest_mm = models.FloatField(null=True)
    complete_after_days = models.SmallIntegerField(null=True)
    """Days after which contrast imaging had shown every treated lesion complete; empty where it has not."""
    treated = models.BooleanField(default=True)
    died_on = models.DateField(null=True)
    watched_until = models.DateField(null=True)
    last_contact_on = models.DateField(null=True)
    due_12_on = models.DateField()
    due_36_on = models.DateField()
    due_60_on = models.DateField()
    among = models.BigIntegerField(default=0)
    """One bit an indicator, by `trocar_clinic.quality.marks`: whether it stands in the denominator."""
    that = models.BigIntegerField(default=0)
    """One bit an indicator: whether it stands in the denominator and fulfils the numerator's conditions."""
    alone = models.BooleanField(default=False)
    """Whether it is the patient's only procedure of its technique, so that counting it is counting the patient."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "key"], name="registered_procedure_once")]
        # All that the overview asks stands in the index, so that PostgreSQL need not open the rows.
        indexes = [
            models.Index(
                fields=[
                    *("register", "technique", "discharged_on", "alone", "among", "that"),
                    *("patient", "stay_days", "lesions_planned", "lesions_completed"),
                ],
                name="procedure_by_discharge",
            )
        ]

    def __str__(self) -> str:
        return self.key


class RegisteredComplication(models.Model):
    """A complication and how many days after the procedure it began."""

    procedure = models.ForeignKey(RegisteredProcedure, models.CASCADE, related_name="complications")
    kind = models.CharField(max_length=40)
    after_days = models.IntegerField()
    major = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(
                fields=["procedure", "kind", "after_days"], condition=models.Q(major=True), name="major_complication"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} +{self.after_days}"


class AssessmentRole(models.TextChoices):
    """As what somebody signs a self-assessment."""

    HEAD = "head", both("head of department", "科室负责人")
    LEAD = "lead", both("technical lead", "技术负责人")
    AFFAIRS = "affairs", both("medical affairs", "医务处")


PRINTED = ("technique", "first", "last", "content", "register_id", "files", "not_met", "not_shown", "figures")
"""What a self-assessment says; it stands from when it was made."""


class SelfAssessment(Kept):
    """A self-assessment as it was made: its files by hash. It is never changed; a better one is a new one."""

    technique = models.CharField(both("technique", "技术"), max_length=8, choices=Technique.choices)
    first = models.DateField(both("from", "起始日"))
    last = models.DateField(both("until", "截止日"))
    content = models.CharField(both("hash of its values", "数值校验值"), max_length=64)
    register = models.ForeignKey(Register, models.PROTECT, verbose_name=both("register", "数据来源"), related_name="+")
    files: Any = models.JSONField(both("files", "文件"))
    not_met = models.PositiveSmallIntegerField(both("requirements not met", "不符合"))
    not_shown = models.PositiveSmallIntegerField(both("requirements not shown", "未能证明"))
    figures: Any = models.JSONField(both("figures", "数字"), default=list, editable=False)
    """Norm, key, numerator and denominator of every indicator, as printed: what next year is compared with."""
    compared_with = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=both("compared with", "比较对象"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects: ClassVar[Any] = KeptManager()

    class Meta:
        verbose_name = both("self-assessment", "自我评估")
        verbose_name_plural = both("self-assessments", "自我评估")

    def __str__(self) -> str:
        return f"{self.get_technique_display()} {self.first} – {self.last}"

    def clean(self) -> None:
        """What was made is not changed: it can only be declared void, and a better one be made."""
        before = SelfAssessment.objects.filter(pk=self.pk).values(*PRINTED).first() if self.pk else None
        if before is not None and before != {name: getattr(self, name) for name in PRINTED}:
            raise ValidationError(
                both(
                    "A self-assessment is never changed after it was made; declare it void and make another",
                    "自我评估报告生成后不可修改；请作废后重新生成",
                )
            )

    def said(self) -> str:
        """Return a keyed fingerprint of what it says and of its files: what a signature holds for."""
        values = {name: getattr(self, name) for name in PRINTED}
        return fingerprint(json.dumps(values, sort_keys=True, ensure_ascii=False, default=str))

    @property
    def is_archived(self) -> bool:
        """Whether everybody who must has signed."""
        return self.signatures.filter(voided_at=None).count() == len(AssessmentRole)

    @fact(both("signed by", "签署"))
    def signed(self) -> list[str]:
        """Who signed as what."""
        return [str(each) for each in self.signatures.filter(voided_at=None).select_related("signer")]


class AssessmentSignature(Kept):
    """A signature under a self-assessment; it holds for exactly the values and files that were signed."""

    assessment = models.ForeignKey(
        SelfAssessment, models.PROTECT, verbose_name=both("self-assessment", "自我评估"), related_name="signatures"
    )
    role = models.CharField(both("as", "签署身份"), max_length=8, choices=AssessmentRole.choices)
    signer = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("signed by", "签署人"), related_name="+")
    signed_at = models.DateTimeField(both("signed at", "签署时间"))
    content = models.CharField(both("fingerprint of what was signed", "所签内容指纹"), max_length=64)

    objects: ClassVar[Any] = KeptManager()

    class Meta:
        verbose_name = both("signature", "签署")
        verbose_name_plural = both("signatures", "签署")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "role"],
                condition=models.Q(voided_at=None),
                name="one_assessment_signature_a_role",
            ),
            models.UniqueConstraint(
                fields=["assessment", "signer"],
                condition=models.Q(voided_at=None),
                name="nobody_signs_an_assessment_twice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.signer} {timezone.localtime(self.signed_at):%Y-%m-%d %H:%M}"

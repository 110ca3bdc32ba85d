"""Patient, admission, case, lesion, and what was found and decided before a plan."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from trocar_clinic.accounts.models import Role
from trocar_clinic.institution.models import StaffMember, Ward
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.identity import ResidentNumber, judge_agreement, judge_resident_number
from trocar_clinic.patients.states import State
from trocar_clinic.records.encrypted import EncryptedTextField, fingerprint
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, KeptQuerySet, fact, not_in_future

if TYPE_CHECKING:
    from trocar_clinic.accounts.models import User

SEE_CONFIDENTIAL = "patients.see_confidential"


class OfPatientQuerySet(KeptQuerySet):
    """Rows about patients: those of confidential patients are seen by the people named for them alone."""

    path_to_patient = ""

    def visible_for(self, actor: User) -> OfPatientQuerySet:
        """Leave out confidential patients for whom the actor has no leave."""
        from guardian.shortcuts import get_objects_for_user

        if actor.is_any(Role.AFFAIRS):
            return self
        named = get_objects_for_user(actor, SEE_CONFIDENTIAL, Patient, accept_global_perms=False).values("pk")
        path = self.path_to_patient
        open_to_all = models.Q(**{f"{path}confidential": False})
        return self.filter(open_to_all | models.Q(**{f"{path}pk__in": named}))  # type: ignore[return-value]


def of_patient(path: str) -> Any:
    """Return a manager of rows whose patient is found along a path such as ``case__admission__patient__``."""
    kind = type("OfPatient", (OfPatientQuerySet,), {"path_to_patient": path})
    return models.Manager.from_queryset(kind)()


class Patient(Kept):
    """A person who is or was treated here."""

    class Sex(models.TextChoices):
        """Sex (GB/T 2261.1)."""

        MALE = "1", both("male", "男")
        FEMALE = "2", both("female", "女")
        UNKNOWN = "0", both("unknown", "未知")
        UNSTATED = "9", both("not stated", "未说明")

    class Identity(models.TextChoices):
        """What the identity number is."""

        RESIDENT = "01", both("resident identity card", "居民身份证")
        PASSPORT = "03", both("passport", "护照")
        OFFICER = "04", both("officer's certificate", "军官证")
        HONG_KONG_MACAU = "06", both("Hong Kong and Macau permit", "港澳居民来往内地通行证")
        TAIWAN = "07", both("Taiwan permit", "台湾居民来往内地通行证")
        NONE = "99", both("none known", "无或不详")

    number = models.CharField(
        both("patient number", "病案号"),
        max_length=24,
        validators=[
            RegexValidator(r"^[A-Za-z0-9-]+\Z", both("Letters, digits and hyphens only", "只能含字母、数字和连字符"))
        ],
    )
    name = models.CharField(both("name", "姓名"), max_length=80)
    sex = models.CharField(both("sex", "性别"), max_length=1, choices=Sex.choices)
    birth_date = models.DateField(both("date of birth", "出生日期"), validators=[not_in_future])
    identity_kind = models.CharField(both("identity document", "证件类型"), max_length=2, choices=Identity.choices)
    identity_number = EncryptedTextField(both("identity number", "证件号码"), blank=True)
    identity_print = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    telephone = EncryptedTextField(both("telephone", "联系电话"), blank=True)
    address = EncryptedTextField(both("address", "住址"), blank=True)
    contact = EncryptedTextField(both("contact person and telephone", "联系人及电话"), blank=True)
    died_on = models.DateField(both("died on", "死亡日期"), null=True, blank=True, validators=[not_in_future])
    cause_of_death = models.CharField(both("cause of death", "死亡原因"), max_length=120, blank=True)
    confidential = models.BooleanField(
        both("confidential", "保密患者"),
        default=False,
        help_text=both("seen only by the people named for it and medical affairs", "仅指定人员与医务处可见"),
    )

    objects: ClassVar[Any] = of_patient("")

    class Meta:
        verbose_name = both("patient", "患者")
        verbose_name_plural = both("patients", "患者")
        permissions = [("see_confidential", "May see this confidential patient")]
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(voided_at=None),
                name="patient_number_once",
                violation_error_message=both("This patient number is already entered", "该病案号已登记"),
            )
        ]
        indexes = [models.Index(fields=["name", "birth_date"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"

    def clean(self) -> None:
        """The identity number can exist and agrees with birth date and sex; death follows birth."""
        self.identity_number = self.identity_number.strip().upper()
        if self.identity_kind == self.Identity.NONE and self.identity_number:
            raise ValidationError(
                {"identity_kind": both("Which document does the number belong to?", "该号码属于哪种证件？")}
            )
        if self.identity_kind != self.Identity.NONE and not self.identity_number:
            raise ValidationError(
                {"identity_number": both("The number of this document is missing", "请填写该证件号码")}
            )
        if self.identity_kind == self.Identity.RESIDENT and self.birth_date:
            self._check_resident_number()
        if self.died_on and self.birth_date and self.died_on < self.birth_date:
            raise ValidationError({"died_on": both("Death lies before birth", "死亡日期早于出生日期")})
        self.identity_print = (
            fingerprint(f"{self.identity_kind}:{self.identity_number}") if self.identity_number else ""
        )

    def _check_resident_number(self) -> None:
        verdict = judge_resident_number(self.identity_number, today=timezone.localdate())
        if verdict.allowed:
            known = self.sex in {self.Sex.MALE, self.Sex.FEMALE}
            number = ResidentNumber(text=self.identity_number)
            verdict = judge_agreement(
                number, birth_date=self.birth_date, is_male=self.sex == self.Sex.MALE if known else None
            )
        if not verdict.allowed:
            raise ValidationError({"identity_number": [each.text for each in verdict.reasons]})

    @fact(both("age", "年龄"))
    def age(self) -> int:
        """Full years of age today, or at death."""
        return self.age_on(self.died_on or timezone.localdate())

    def age_on(self, day: date) -> int:
        """Return full years of age on a day."""
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Admission(Kept):
    """A stay in the hospital, or an out-patient visit."""

    class Outcome(models.TextChoices):
        """How the stay ended."""

        HOME = "home", both("discharged by order", "医嘱离院")
        TRANSFERRED = "transferred", both("transferred", "转院")
        AGAINST_ADVICE = "against_advice", both("left against advice", "非医嘱离院")
        DIED = "died", both("died", "死亡")

    patient = models.ForeignKey(
        Patient, models.PROTECT, verbose_name=both("patient", "患者"), related_name="admissions"
    )
    number = models.CharField(both("admission number", "住院号"), max_length=24)
    ward = models.ForeignKey(Ward, models.PROTECT, verbose_name=both("department", "科室"))
    admitted_on = models.DateField(both("admitted on", "入院日期"), validators=[not_in_future])
    discharged_on = models.DateField(
        both("discharged on", "出院日期"), null=True, blank=True, validators=[not_in_future]
    )
    outcome = models.CharField(both("outcome", "离院方式"), max_length=16, choices=Outcome.choices, blank=True)
    diagnosis = models.CharField(both("diagnosis", "入院诊断"), max_length=200)

    objects: ClassVar[Any] = of_patient("patient__")

    class Meta:
        verbose_name = both("admission", "住院")
        verbose_name_plural = both("admissions", "住院记录")
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(voided_at=None),
                name="admission_number_once",
                violation_error_message=both("This admission number is already entered", "该住院号已登记"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.admitted_on}"

    def clean(self) -> None:
        """It ends after it begins, and begins after birth and before death."""
        if self.discharged_on and self.admitted_on and self.discharged_on < self.admitted_on:
            raise ValidationError({"discharged_on": both("Discharge lies before admission", "出院日期早于入院日期")})
        if self.patient_id and self.admitted_on:
            if self.admitted_on < self.patient.birth_date:
                raise ValidationError({"admitted_on": both("Admission lies before birth", "入院日期早于出生日期")})
            if self.patient.died_on and self.admitted_on > self.patient.died_on:
                raise ValidationError({"admitted_on": both("Admission lies after death", "入院日期晚于死亡日期")})


class Case(Kept):
    """One treatment by one technique in one admission."""

    class Intent(models.TextChoices):
        """What the treatment is meant to reach."""

        CURATIVE = "curative", both("curative", "根治")
        PALLIATIVE = "palliative", both("palliative", "姑息")
        SALVAGE = "salvage", both("salvage", "挽救")

    admission = models.ForeignKey(
        Admission, models.PROTECT, verbose_name=both("admission", "住院"), related_name="cases"
    )
    technique = models.CharField(both("technique", "技术"), max_length=8, choices=Technique.choices)
    number = models.CharField(both("case number", "病例编号"), max_length=24, editable=False)
    state = models.CharField(
        both("state", "状态"), max_length=16, choices=State.choices, default=State.REGISTERED, editable=False
    )
    attending = models.ForeignKey(
        StaffMember, models.PROTECT, verbose_name=both("attending physician", "主管医师"), related_name="+"
    )
    diagnosis = models.CharField(both("diagnosis", "诊断"), max_length=200)
    icd10 = models.CharField(
        both("ICD-10", "ICD-10 编码"),
        max_length=10,
        validators=[RegexValidator(r"^[A-Z]\d{2}(\.\w{1,4})?\Z", both("Such as C22.0", "格式如 C22.0"))],
    )
    pathology = models.CharField(both("pathology", "病理诊断"), max_length=200, blank=True)
    stage = models.CharField(both("stage", "分期"), max_length=40, blank=True)
    intent = models.CharField(both("intent", "治疗目的"), max_length=12, choices=Intent.choices)
    planned_on = models.DateField(both("planned for", "计划手术日期"), null=True, blank=True)
    symptomatic = models.BooleanField(
        both("symptoms of the tumour before", "治疗前有肿瘤相关症状"), null=True, blank=True
    )
    symptoms = models.CharField(
        both("which symptoms", "症状"),
        max_length=200,
        blank=True,
        help_text=both("such as pain, cough, obstruction", "如疼痛、咳嗽、梗阻"),
    )

    objects: ClassVar[Any] = of_patient("admission__patient__")

    class Meta:
        verbose_name = both("case", "病例")
        verbose_name_plural = both("cases", "病例")
        constraints = [models.UniqueConstraint(fields=["number"], name="case_number_once")]
        indexes = [models.Index(fields=["state", "technique"])]

    def __str__(self) -> str:
        return str(self.number)

    def clean(self) -> None:
        """Symptoms are named where there were some."""
        if self.symptoms and not self.symptomatic:
            raise ValidationError({"symptomatic": both("Symptoms are named beside", "已填写症状，请选“是”")})

    @fact(both("patient", "患者"))
    def patient(self) -> Patient:
        """The patient."""
        return self.admission.patient


class Lesion(Kept):
    """A tumour that is, or is not, treated in a case."""

    class Side(models.TextChoices):
        """Side of a paired organ."""

        LEFT = "L", both("left", "左")
        RIGHT = "R", both("right", "右")
        MIDLINE = "M", both("midline or unpaired", "中线或不成对")

    class Organ(models.TextChoices):
        """Where it lies."""

        LUNG = "lung", both("lung", "肺")
        LIVER = "liver", both("liver", "肝")
        KIDNEY = "kidney", both("kidney", "肾")
        PROSTATE = "prostate", both("prostate", "前列腺")
        PANCREAS = "pancreas", both("pancreas", "胰腺")
        CERVIX = "cervix", both("uterine cervix", "宫颈")
        PELVIS = "pelvis", both("pelvic recurrence", "盆腔复发灶")
        MEDIASTINUM = "mediastinum", both("mediastinum", "纵隔")
        HEAD_NECK = "head_neck", both("head and neck", "头颈部")
        BRAIN = "brain", both("brain", "脑")
        BREAST = "breast", both("breast", "乳腺")
        THYROID = "thyroid", both("thyroid", "甲状腺")
        BONE = "bone", both("bone", "骨")
        LYMPH_NODE = "node", both("lymph node", "淋巴结")
        SOFT_TISSUE = "soft", both("soft tissue", "软组织")
        OTHER = "other", both("other", "其他")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="lesions")
    label = models.CharField(
        both("label", "病灶标记"),
        max_length=24,
        help_text=both("as in images and plan: T1, T2 …", "与影像和计划一致：T1、T2…"),
    )
    organ = models.CharField(both("organ", "部位"), max_length=12, choices=Organ.choices)
    place = models.CharField(both("place", "具体位置"), max_length=120, blank=True)
    side = models.CharField(both("side", "侧别"), max_length=1, choices=Side.choices)
    longest_mm = models.DecimalField(
        both("longest diameter (mm)", "最长径（mm）"),
        max_digits=6,
        decimal_places=1,
        validators=[MinValueValidator(1), MaxValueValidator(400)],
    )
    shortest_mm = models.DecimalField(
        both("perpendicular diameter (mm)", "垂直径（mm）"),
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    measured_on = models.DateField(both("measured on", "测量日期"), validators=[not_in_future])
    is_metastasis = models.BooleanField(both("metastasis or recurrence", "转移或复发灶"), default=False)
    to_be_treated = models.BooleanField(both("to be treated", "拟治疗"), default=True)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("lesion", "病灶")
        verbose_name_plural = both("lesions", "病灶")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "label"],
                condition=models.Q(voided_at=None),
                name="lesion_label_once",
                violation_error_message=both("This case has a lesion of that label", "该病例已有同名病灶"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.get_organ_display()} {self.longest_mm} mm"

    def clean(self) -> None:
        """The longest diameter is the longest."""
        if self.shortest_mm and self.longest_mm and self.shortest_mm > self.longest_mm:
            raise ValidationError({"shortest_mm": both("This is longer than the longest diameter", "垂直径大于最长径")})


class IndicationAssessment(Kept):
    """The indication checklist and the contraindications, as answered on a day."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="assessments")
    assessed_at = models.DateTimeField(both("assessed at", "评估时间"))
    checklist = models.CharField(both("checklist", "所用清单"), max_length=80)
    answers = models.JSONField(both("answers", "逐项结果"))
    is_met = models.BooleanField(both("indication met", "符合指征"))
    contraindicated = models.BooleanField(both("absolute contraindication", "存在绝对禁忌证"))
    override_reason = models.TextField(both("why treated nevertheless", "例外治疗理由"), blank=True)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("indication assessment", "指征评估")
        verbose_name_plural = both("indication assessments", "指征评估")

    def get_checklist_display(self) -> str:
        """Return the title of the checklist."""
        from trocar_clinic.patients.checklists import all_checklists

        return next((str(each.title) for each in all_checklists() if each.key == self.checklist), self.checklist)

    def __str__(self) -> str:
        return f"{self.case} {timezone.localtime(self.assessed_at):%Y-%m-%d}"


class Decision(Kept):
    """What the tumour board decided."""

    class Conclusion(models.TextChoices):
        """What it decided for."""

        THIS = "this", both("treat by this technique", "采用本技术治疗")
        OTHER = "other", both("another treatment", "采用其他治疗")
        WAIT = "wait", both("wait and look again", "观察后再议")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="decisions")
    held_on = models.DateField(both("held on", "讨论日期"), validators=[not_in_future])
    participants = models.TextField(both("present (name, department, title)", "参加人员（姓名、科室、职称）"))
    condition = models.TextField(both("the whole picture", "病情综合评价"))
    conclusion = models.CharField(both("conclusion", "结论"), max_length=8, choices=Conclusion.choices)
    grounds = models.TextField(both("grounds", "理由"))
    patients_wish = models.TextField(both("wish and means of the patient", "患者意愿与经济承受能力"))
    scan = ScanField(both("signed record", "签名记录"))

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("tumour board decision", "多学科讨论")
        verbose_name_plural = both("tumour board decisions", "多学科讨论")

    def __str__(self) -> str:
        return f"{self.case} {self.held_on}"


class Alternative(Kept):
    """A treatment that was considered, with what it would bring and cost."""

    decision = models.ForeignKey(
        Decision, models.PROTECT, verbose_name=both("decision", "讨论"), related_name="alternatives"
    )
    treatment = models.CharField(both("treatment", "治疗方式"), max_length=120)
    benefit = models.TextField(both("expected benefit", "预期获益"))
    risk = models.TextField(both("risk", "主要风险"))
    cost_yuan = models.DecimalField(
        both("estimated cost (yuan)", "费用估计（元）"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0)],
    )
    is_chosen = models.BooleanField(both("chosen", "采用"), default=False)

    objects: ClassVar[Any] = of_patient("decision__case__admission__patient__")

    class Meta:
        verbose_name = both("alternative", "备选方案")
        verbose_name_plural = both("alternatives", "备选方案")

    def __str__(self) -> str:
        return self.treatment

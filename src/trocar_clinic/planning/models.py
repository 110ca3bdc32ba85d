"""A version of a treatment plan and who signed it as what."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import Product, StaffMember
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case, of_patient
from trocar_clinic.planning.packs import GOALS, MARGINS, pack
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact

POSITIVE = MinValueValidator(0)


class SignerRole(models.TextChoices):
    """As what somebody signs."""

    ATTENDING = "attending", both("attending physician", "主管医师")
    OPERATOR = "operator", both("implanting or ablating physician", "植入（消融）术者")
    PHYSICIST = "physicist", both("physicist", "物理师")


class PlanRequest(Kept):
    """What the library is asked to plan: on which images, towards which goals, with what stated; and what came of it.

    A plan that comes of it is a proposal. It becomes a version when somebody takes it over.
    """

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="plan_requests")
    images = models.ForeignKey(
        ImageSeries, models.PROTECT, verbose_name=both("planning images", "计划影像"), related_name="+"
    )
    structures = models.ForeignKey(
        ImageSeries, models.PROTECT, verbose_name=both("structures", "靶区与器官结构"), related_name="+"
    )
    pack = models.CharField(both("goals or margin rules", "剂量目标（边缘规则）"), max_length=80)
    planner = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("planner", "计划者"), related_name="+")
    entered: Any = models.JSONField(default=dict, blank=True, editable=False)
    request: Any = models.TextField(both("request", "计划请求"), blank=True, editable=False)
    lot = models.PositiveBigIntegerField(null=True, blank=True, editable=False)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    class Meta:
        verbose_name = both("planning task", "计划任务")
        verbose_name_plural = both("planning tasks", "计划任务")

    def __str__(self) -> str:
        return f"{self.case} · {both('planning', '制定计划')} {timezone.localtime(self.recorded_at):%m-%d %H:%M}"

    def clean(self) -> None:
        """Images and structures are of the case and of one frame of reference."""
        if not (self.case_id and self.images_id and self.structures_id):
            return
        if {self.images.source.case_id, self.structures.source.case_id} != {self.case_id}:
            raise ValidationError(both("These images are of another case", "所选影像属于其他病例"))
        if self.images.frame_uid != self.structures.frame_uid:
            raise ValidationError(
                both(
                    "Structures and images lie in different frames of reference: choose the images they were drawn on",
                    "结构与影像的参考坐标系不同：请选择勾画所用的影像",
                )
            )

    @fact(both("state", "状态"))
    def progress(self) -> str:
        """How far the calculation has come."""
        job = latest_job(self)
        if job is None:
            return str(both("waits for what is wanted", "待填写计划要求"))
        share = f" {job.progress:.0%}" if job.status == job.Status.RUNNING else ""
        return f"{job.get_status_display()}{share}"

    @fact(both("goals", "剂量目标（边缘规则）"))
    def pack_title(self) -> str:
        """Title of the pack."""
        return pack(GOALS if self.case.technique == Technique.SEED else MARGINS, self.pack).title

    @fact(both("became", "已成为"))
    def versions(self) -> list["PlanVersion"]:
        """Versions that were taken over from it."""
        return [each for each in self.case.plans.filter(voided_at=None) if each.summary.get("request") == self.pk]


class PlanVersion(Kept):
    """One version of the plan of a case. It is never changed; a better one is a new version."""

    class Origin(models.TextChoices):
        """Where it was made."""

        TROCAR = "trocar", both("made here", "本系统制定")
        IMPORTED = "imported", both("imported from a planning system", "自计划系统导入")
        TYPED = "typed", both("typed from a planning system's report", "自计划系统报告录入")

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=both("case", "病例"), related_name="plans")
    number = models.PositiveIntegerField(both("version", "计划版本"), editable=False)
    origin = models.CharField(both("origin", "来源"), max_length=10, choices=Origin.choices)
    system = models.CharField(both("planning system and version", "计划系统及版本"), max_length=120)
    made_on = models.DateField(both("made on", "制定日期"))
    made_by = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("planner", "计划者"), related_name="+")
    target = models.CharField(both("target", "靶区"), max_length=120)
    target_volume_cc = models.DecimalField(
        both("target volume (cm³)", "靶区体积（cm³）"), max_digits=8, decimal_places=2, validators=[POSITIVE]
    )
    prescribed_dose_gy = models.DecimalField(
        both("prescribed dose (Gy)", "处方剂量（Gy）"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[POSITIVE],
    )
    source = models.ForeignKey(
        Product,
        models.PROTECT,
        verbose_name=both("seed model", "粒子型号"),
        null=True,
        blank=True,
        limit_choices_to={"kind": "seed"},
        related_name="+",
    )
    air_kerma_strength_u = models.DecimalField(
        both("strength of a seed (U)", "单粒子空气比释动能强度（U）"),
        max_digits=8,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[POSITIVE],
    )
    strength_on = models.DateField(both("strength holds on", "强度对应日期"), null=True, blank=True)
    seeds = models.PositiveIntegerField(both("seeds", "粒子数"), null=True, blank=True)
    needles = models.PositiveIntegerField(both("needles or applicators", "针数（或消融针数）"))
    d90_gy = models.DecimalField(
        both("D90 (Gy)", "D90（Gy）"), max_digits=7, decimal_places=2, null=True, blank=True, validators=[POSITIVE]
    )
    v100_percent = models.DecimalField(
        both("V100 (%)", "V100（%）"), max_digits=5, decimal_places=2, null=True, blank=True, validators=[POSITIVE]
    )
    v150_percent = models.DecimalField(
        both("V150 (%)", "V150（%）"), max_digits=5, decimal_places=2, null=True, blank=True, validators=[POSITIVE]
    )
    power_w = models.DecimalField(
        both("power (W)", "功率（W）"), max_digits=6, decimal_places=1, null=True, blank=True, validators=[POSITIVE]
    )
    minutes = models.DecimalField(
        both("time (min)", "时间（min）"), max_digits=5, decimal_places=1, null=True, blank=True, validators=[POSITIVE]
    )
    margin_mm = models.DecimalField(
        both("planned margin (mm)", "计划安全边界（mm）"), max_digits=4, decimal_places=1, null=True, blank=True
    )
    job = models.ForeignKey(
        Job,
        models.PROTECT,
        verbose_name=both("calculation", "计算任务"),
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    summary: Any = models.JSONField(both("further values", "其他参数"), default=dict, blank=True, editable=False)
    document = ScanField(both("plan report", "计划报告"))
    remark = models.TextField(both("remark", "说明"), blank=True)

    objects: ClassVar[Any] = of_patient("case__admission__patient__")

    of_technique: ClassVar[dict[str, tuple[str, ...]]] = {
        Technique.SEED: (
            "prescribed_dose_gy",
            "source",
            "air_kerma_strength_u",
            "strength_on",
            "seeds",
            "d90_gy",
            "v100_percent",
            "v150_percent",
        ),
        Technique.ABLATION: ("power_w", "minutes", "margin_mm"),
    }
    """What is asked in cases of one technique alone."""

    class Meta:
        verbose_name = both("plan version", "计划版本")
        verbose_name_plural = both("plan versions", "计划版本")
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="plan_number_once")]

    def __str__(self) -> str:
        return f"{self.case} · {both('plan', '计划')} {self.number}"

    def clean(self) -> None:
        """A seed plan says dose, source, strength and seeds; an ablation plan power and time."""
        needed: tuple[str, ...] = ("prescribed_dose_gy", "source", "air_kerma_strength_u", "strength_on", "seeds")
        if self.case_id and self.case.technique == Technique.ABLATION:
            needed = ("power_w", "minutes")
        empty = {
            name: both("This technique's plan needs it", "本技术的计划须填写此项")
            for name in needed
            if getattr(self, name) is None
        }
        if empty:
            raise ValidationError(empty)

    @fact(both("signed by", "签署"))
    def signed(self) -> list[str]:
        """Who signed as what."""
        return [str(each) for each in self.signatures.all() if not each.is_void]

    @fact(both("current", "现行版本"))
    def is_current(self) -> bool:
        """Whether no later version stands."""
        later = any(each.number > self.number and not each.is_void for each in self.case.plans.all())
        return not later and not self.is_void


class PlanSignature(Kept):
    """A signature under a version of a plan; it holds for exactly the values that were signed."""

    plan = models.ForeignKey(PlanVersion, models.PROTECT, verbose_name=both("plan", "计划"), related_name="signatures")
    role = models.CharField(both("as", "签署身份"), max_length=12, choices=SignerRole.choices)
    signer = models.ForeignKey(StaffMember, models.PROTECT, verbose_name=both("signed by", "签署人"), related_name="+")
    signed_at = models.DateTimeField(both("signed at", "签署时间"))
    content = models.CharField(both("fingerprint of what was signed", "所签内容指纹"), max_length=64)

    objects: ClassVar[Any] = of_patient("plan__case__admission__patient__")

    class Meta:
        verbose_name = both("signature", "签署")
        verbose_name_plural = both("signatures", "签署")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "role"], condition=models.Q(voided_at=None), name="one_signature_a_role"
            ),
            models.UniqueConstraint(
                fields=["plan", "signer"], condition=models.Q(voided_at=None), name="nobody_signs_twice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.signer} {timezone.localtime(self.signed_at):%Y-%m-%d %H:%M}"

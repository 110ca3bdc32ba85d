"""What deeds on plans ask for."""

from typing import Any

from django import forms
from django.utils import timezone

from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import Product, StaffMember
from trocar_clinic.institution.staff import Profession, Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.making import set_of
from trocar_clinic.planning.models import PlanRequest, SignerRole
from trocar_clinic.planning.packs import GOALS, MARGINS, packs
from trocar_clinic.planning.scans import other_volumes, structure_sets, volumes
from trocar_clinic.planning.wishes import NONE


class BeginForm(forms.Form):
    """On which images and structures, towards which goals."""

    for_row = True
    structures = forms.ModelChoiceField(
        ImageSeries.objects.none(), label=both("Structures (target and organs)", "结构（靶区与危及器官）")
    )
    pack = forms.ChoiceField()

    def __init__(self, *args: Any, row: Case, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = row
        sets: Any = self.fields["structures"]
        sets.queryset = structure_sets(row)
        sets.label_from_instance = _told
        schema, label = GOALS, both("Dose goals", "剂量目标")
        if row.technique == Technique.ABLATION:
            schema, label = MARGINS, both("Margin rules", "边缘规则")
        choice: Any = self.fields["pack"]
        choice.label, choice.choices = label, [NONE, *((each.key, each.title) for each in packs(schema))]

    def clean(self) -> dict[str, Any]:
        """Find the images that the structures were drawn on."""
        values = super().clean() or {}
        drawn = values.get("structures")
        if drawn is None:
            return values
        found = list(volumes(self.case).filter(frame_uid=drawn.frame_uid))
        same = [each for each in found if each.source_id == drawn.source_id] or found
        if len(same) != 1:
            raise forms.ValidationError(
                both(
                    "%(n)d series were read in the frame of reference of these structures; exactly one is needed: "
                    "import structures and their images together",
                    "与该结构同一参考坐标系且已读取的影像有 %(n)d 个，须恰为一个：请将结构与其影像一并导入",
                ),
                params={"n": len(same)},
            )
        return {**values, "images": same[0]}


def _told(series: ImageSeries) -> str:
    names = "、".join(series.structure_names[:6])
    return f"{series} · {timezone.localtime(series.recorded_at):%Y-%m-%d} · {names}"


class SignForm(forms.Form):
    """As what somebody signs."""

    role = forms.ChoiceField(label=both("Sign as", "签署身份"), choices=SignerRole.choices)
    agreed = forms.BooleanField(
        label=both(
            "I have checked target, prescribed dose, strength and number of seeds or power and time of this version",
            "本人已核对本版本的靶区、处方剂量、粒子活度与数量（或功率与时间）",
        )
    )

    def clean(self) -> dict[str, object]:
        """Give the role alone."""
        cleaned = super().clean() or {}
        cleaned.pop("agreed", None)
        return cleaned


class TakePlanForm(forms.Form):
    """What an RT Plan does not say."""

    made_by = forms.ModelChoiceField(
        StaffMember.objects.filter(
            voided_at=None, left_on=None, profession__in=[Profession.PHYSICIAN, Profession.PHYSICIST]
        ),
        label=both("Planner", "计划者"),
    )
    made_on = forms.DateField(label=both("Made on", "制定日期"))
    implant_on = forms.DateField(label=both("Made for an implant on", "计划植入日期"))
    system = forms.CharField(label=both("Planning system and version", "计划系统及版本"), max_length=120)
    source = forms.ModelChoiceField(
        Product.objects.filter(kind=Product.Kind.SEED), label=both("Seed model", "粒子型号")
    )
    target = forms.CharField(label=both("Target", "靶区"), max_length=120)
    target_volume_cc = forms.DecimalField(
        label=both("Target volume (cm³)", "靶区体积（cm³）"), min_value=0, max_digits=8, decimal_places=2
    )


class TakeOverForm(forms.Form):
    """What is remarked when a proposal becomes a version."""

    seen = forms.BooleanField(
        label=both(
            "I have looked at pictures, numbers and findings of this proposal",
            "本人已查看该结果的图像、参数与提示",
        )
    )
    remark = forms.CharField(label=both("Remark", "说明"), required=False, max_length=400)

    def clean(self) -> dict[str, object]:
        """Give the remark alone."""
        cleaned = super().clean() or {}
        cleaned.pop("seen", None)
        return cleaned


class ChooseForm(forms.Form):
    """Which plan of a set is carried on."""

    for_row = True
    number = forms.TypedChoiceField(label=both("Plan", "计划"), coerce=int)

    def __init__(self, *args: Any, row: PlanRequest, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        made = set_of(row)
        choice: Any = self.fields["number"]
        choice.choices = [(each["number"], _plan_told(each)) for each in made.outcome["plans"]] if made else []


def _plan_told(plan: dict[str, Any]) -> str:
    shares = f"V100 {plan['coverage_percent']:.1f} %"
    en = f"{plan['number']}: {shares}, {plan['needles']} needles, {plan['seeds']} seeds"
    zh = f"{plan['number']}：{shares}，{plan['needles']} 针，{plan['seeds']} 粒"
    if not plan["acceptable"]:
        en, zh = f"{en}, misses a goal", f"{zh}，有目标未达到"
    return str(both(en, zh))


class PlacedForm(forms.Form):
    """Which images show the needles, and what on them is none."""

    for_row = True
    scan = forms.ModelChoiceField(ImageSeries.objects.none(), label=both("CT with the needles in", "带针 CT"))
    removed = forms.CharField(
        label=both("Numbers found that are no needles", "误识别为针的编号"),
        required=False,
        help_text=both(
            "with commas, as the results of a first run number them; may be empty",
            "以逗号分隔，编号见上一次结果；可留空",
        ),
    )

    def __init__(self, *args: Any, row: PlanRequest, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scan: Any = self.fields["scan"]
        scan.queryset = other_volumes(row)
        scan.label_from_instance = lambda each: (
            f"{each} · {each.source.get_purpose_display()} · {timezone.localtime(each.recorded_at):%Y-%m-%d %H:%M}"
        )

    def clean_removed(self) -> list[int]:
        """Return the numbers."""
        parts = self.cleaned_data["removed"].replace("，", ",").replace("、", ",").split(",")
        try:
            return [int(each) for each in parts if each.strip()]
        except ValueError as error:
            told = both("Whole numbers with commas, such as 2, 5", "以逗号分隔的整数，如 2, 5")
            raise forms.ValidationError(told) from error

"""What deeds on plans ask for."""

from django import forms

from trocar_clinic.institution.models import Product, StaffMember
from trocar_clinic.language import both
from trocar_clinic.planning.models import SignerRole


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

    made_by = forms.ModelChoiceField(StaffMember.objects.all(), label=both("Planner", "计划者"))
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

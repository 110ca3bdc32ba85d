"""What deeds on plans ask for."""

from django import forms

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

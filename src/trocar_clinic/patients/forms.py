"""What deeds on cases ask for."""

from typing import Any

from django import forms
from django.utils import timezone

from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.checklists import checklist_for
from trocar_clinic.patients.models import Decision, Patient


class PatientForm(forms.ModelForm):
    """A patient, with the word that this is another person than a similar one on record."""

    distinct_from = forms.CharField(
        label=both("Why this is another person", "确为另一人的依据"),
        required=False,
        max_length=200,
        help_text=both(
            "only where a patient of the same name and birth date is on record", "仅当已有同名同出生日期患者时填写"
        ),
    )

    class Meta:
        model = Patient
        fields = ("number",)


class IndicationForm(forms.Form):
    """The questions of the checklist in force."""

    for_row = True

    def __init__(self, *args: Any, row: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checklist = checklist_for(Technique(row.technique), on=timezone.localdate())
        for item in self.checklist.items:
            self.fields[item.key] = forms.BooleanField(label=item.text, help_text=item.help, required=False)
        self.fields["override_reason"] = forms.CharField(
            label=both("Why treated although the indication is not met", "不符合指征仍拟治疗的理由"),
            required=False,
            widget=forms.Textarea,
        )
        forbidden = both("contraindications", "禁忌证")
        self.groups = [
            {"title": both_title(each.title, each.at_least), "fields": [item.key for item in each.items]}
            for each in self.checklist.sections
        ] + [
            {"title": forbidden, "fields": [item.key for item in self.checklist.contraindications]},
            {"title": "", "fields": ["override_reason"]},
        ]

    def clean(self) -> dict[str, Any]:
        """Give the answers as one value."""
        cleaned = super().clean() or {}
        answers = {item.key: bool(cleaned.pop(item.key, False)) for item in self.checklist.items}
        return {**cleaned, "answers": answers}


def both_title(title: Any, at_least: int) -> str:
    """Return a section's title with the number of answers it needs."""
    return str(both(f"{title}: at least {at_least}", f"{title}：至少 {at_least} 项"))


class DecisionForm(forms.ModelForm):
    """What the tumour board decided."""

    class Meta:
        model = Decision
        fields = ("held_on", "participants", "condition", "conclusion", "grounds", "patients_wish", "scan")


class WhyForm(forms.Form):
    """A reason."""

    why = forms.CharField(label=both("Reason", "原因"), max_length=400, widget=forms.Textarea)

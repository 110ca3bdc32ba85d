"""Forms of consent, time-out, start and finish, vital signs, verification."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Equipment, Room, StaffMember
from trocar_clinic.institution.staff import Profession, Technique
from trocar_clinic.language import both
from trocar_clinic.procedures.models import Anaesthesia, Consent, Procedure, TeamMember, Verification
from trocar_clinic.procedures.monitors import decoded, samples_from_pcd01, samples_from_wfdb
from trocar_clinic.procedures.questions import Questions, consent_items, time_out_items
from trocar_clinic.procedures.vitals import Channel, Sample
from trocar_clinic.records.files import keep_bytes

PNG = "data:image/png;base64,"
LEAST_SIGNATURE_BYTES = 200
LARGEST_UPLOAD = 32 * 2**20


class SignatureInput(forms.HiddenInput):
    """A field to draw a signature in."""

    template_name = "procedures/signature.html"
    input_type = "text"


class SignatureField(forms.CharField):
    """A drawn signature, kept as the picture it is."""

    widget = SignatureInput

    def clean(self, value: Any) -> Any:
        """Keep the picture; refuse an empty field and anything that is no picture."""
        text = super().clean(value)
        try:
            content = base64.b64decode(str(text).removeprefix(PNG), validate=True)
        except (binascii.Error, ValueError):
            content = b""
        if not str(text).startswith(PNG) or len(content) < LEAST_SIGNATURE_BYTES or content[:4] != b"\x89PNG":
            raise forms.ValidationError(both("Sign in the field", "请在框内签名"))
        return keep_bytes(content, name="signature.png", media_type="image/png")


def _add_questions(form: forms.BaseForm, questions: Questions, *, asked: bool) -> None:
    for each in questions.items:
        form.fields[each.key] = forms.BooleanField(label=each.text, required=False)
    named = {each.key for each in questions.items}
    rest = [name for name in form.fields if name not in named]
    title = both("Checked together", "共同核查") if asked else both("Told", "已告知")
    form.groups = [{"title": title, "fields": list(named_in_order(questions))}, {"title": "", "fields": rest}]  # type: ignore[attr-defined]


def named_in_order(questions: Questions) -> list[str]:
    """Return the keys of questions in their order."""
    return [each.key for each in questions.items]


class ConsentForm(forms.ModelForm):
    """What was told, who signed, and the signatures."""

    for_row = True

    signature = SignatureField(label=both("Signature of patient or family", "患者或家属签名"))
    physician_signature = SignatureField(label=both("Signature of the physician", "医师签名"))

    class Meta:
        model = Consent
        fields = (
            "text_version",
            "language",
            "told_by",
            "signer",
            "signer_name",
            "relation",
            "witness",
            "signed_at",
            "signature",
            "physician_signature",
            "scan",
        )

    def __init__(self, *args: Any, row: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = consent_items(Technique(row.technique))
        _add_questions(self, self.questions, asked=False)
        self.initial.setdefault("signed_at", timezone.now())

    def clean(self) -> dict[str, Any]:
        """Give what was told as one value."""
        values = super().clean() or {}
        told = {key: bool(values.pop(key, False)) for key in named_in_order(self.questions)}
        return {**values, "items": told}

    def _post_clean(self) -> None:
        """The row is made and validated by the deed, which knows the case."""


class TimeOutForm(forms.Form):
    """What the team checks together."""

    for_row = True

    def __init__(self, *args: Any, row: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = time_out_items(Technique(row.technique))
        self.fields["done_at"] = forms.DateTimeField(label=both("Done at", "核查时间"), initial=timezone.now)
        self.fields["remark"] = forms.CharField(label=both("Remark", "备注"), max_length=200, required=False)
        _add_questions(self, self.questions, asked=True)

    def clean(self) -> dict[str, Any]:
        """Give the answers as one value."""
        values = super().clean() or {}
        answers = {key: bool(values.pop(key, False)) for key in named_in_order(self.questions)}
        return {**values, "items": answers}


class StartForm(forms.Form):
    """Where, with what and by whom."""

    room = forms.ModelChoiceField(label=both("Room", "手术间"), queryset=Room.objects.all())
    guidance = forms.ModelChoiceField(
        label=both("Guidance", "引导设备"), queryset=Equipment.objects.filter(kind__in=Equipment.GUIDES)
    )
    second_guidance = forms.ModelChoiceField(
        label=both("Second guidance", "辅助引导设备"),
        queryset=Equipment.objects.filter(kind__in=Equipment.GUIDES),
        required=False,
    )
    anaesthesia = forms.ChoiceField(label=both("Anaesthesia", "麻醉方式"), choices=Anaesthesia.choices)
    started_at = forms.DateTimeField(label=both("Started at", "开始时间"), initial=timezone.now)
    operator = forms.ModelChoiceField(
        label=both("Operator", "术者"), queryset=StaffMember.objects.filter(profession=Profession.PHYSICIAN)
    )
    assistant = forms.ModelChoiceField(
        label=both("Assistant", "助手"),
        queryset=StaffMember.objects.filter(profession=Profession.PHYSICIAN),
        required=False,
    )
    physicist = forms.ModelChoiceField(
        label=both("Physicist", "物理师"),
        queryset=StaffMember.objects.filter(profession=Profession.PHYSICIST),
        required=False,
    )
    nurse = forms.ModelChoiceField(
        label=both("Nurse", "护士"), queryset=StaffMember.objects.filter(profession=Profession.NURSE)
    )
    anaesthetist = forms.ModelChoiceField(
        label=both("Anaesthetist", "麻醉医师"),
        queryset=StaffMember.objects.filter(profession=Profession.PHYSICIAN),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Give the team as one value; nobody is in it twice."""
        values = super().clean() or {}
        team = [(person, duty.value) for duty in TeamMember.Duty if (person := values.pop(duty.value, None))]
        if len({person.pk for person, _ in team}) < len(team):
            raise forms.ValidationError(both("Somebody is in the team twice", "同一人员在团队中重复"))
        return {**values, "team": team}


class FinishForm(forms.Form):
    """How it ended."""

    ended_at = forms.DateTimeField(label=both("Ended at", "结束时间"), initial=timezone.now)
    result = forms.ChoiceField(
        label=both("Result", "结果"),
        choices=[(each.value, each.label) for each in Procedure.Result if each is not Procedure.Result.ABORTED],
    )
    technical_success = forms.BooleanField(label=both("Technical success", "技术成功"), required=False)
    narrative = forms.CharField(label=both("What was done", "手术经过"), widget=forms.Textarea)


class AbortForm(forms.Form):
    """Why it was broken off."""

    ended_at = forms.DateTimeField(label=both("Ended at", "结束时间"), initial=timezone.now)
    why = forms.CharField(label=both("Why", "原因"), max_length=400, widget=forms.Textarea)


class TypedVitalsForm(forms.Form):
    """Vital signs at one time, by hand."""

    at_time = forms.DateTimeField(label=both("At", "时间"), initial=timezone.now)
    ecg = forms.FloatField(label=both("Heart rate by ECG (1/min)", "心率（心电，次/分）"), required=False)
    respiration = forms.FloatField(label=both("Respiration (1/min)", "呼吸（次/分）"), required=False)
    systolic = forms.FloatField(label=both("Systolic (mmHg)", "收缩压（mmHg）"), required=False)
    diastolic = forms.FloatField(label=both("Diastolic (mmHg)", "舒张压（mmHg）"), required=False)
    pulse = forms.FloatField(label=both("Pulse (1/min)", "脉搏（次/分）"), required=False)
    spo2 = forms.FloatField(label=both("SpO2 (%)", "血氧饱和度（%）"), required=False)

    def clean(self) -> dict[str, Any]:
        """Give channels with one sample each."""
        values = super().clean() or {}
        at = values.get("at_time")
        given = {
            Channel.ECG: (values.get("ecg"), None),
            Channel.RESPIRATION: (values.get("respiration"), None),
            Channel.PRESSURE: (values.get("systolic"), values.get("diastolic")),
            Channel.PULSE: (values.get("pulse"), None),
            Channel.SPO2: (values.get("spo2"), None),
        }
        if (values.get("systolic") is None) != (values.get("diastolic") is None):
            raise forms.ValidationError(both("Give both pressures", "收缩压与舒张压须同时填写"))
        channels = {
            channel: [Sample(at=at, value=value, second=second)]
            for channel, (value, second) in given.items()
            if value is not None and isinstance(at, datetime)
        }
        if not channels:
            raise forms.ValidationError(both("Enter at least one value", "请至少填写一项"))
        return {"channels": channels, "seen_version": values.get("seen_version")}


class ManyFiles(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several uploaded files as names and contents."""

    widget = ManyFiles(attrs={"multiple": True})

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Check each; together they stay within what is taken at once."""
        several = data if isinstance(data, list | tuple) else [data]
        files = [super(ManyFilesField, self).clean(each, initial) for each in several]
        if sum(each.size or 0 for each in files if each) > LARGEST_UPLOAD:
            raise forms.ValidationError(both("Together the files are larger than 32 MB", "文件合计超过 32 MB"))
        return {each.name: each.read() for each in files if each}


class MonitorForm(forms.Form):
    """Files of a monitor: an HL7 message, or a WFDB record with the time it begins."""

    files: Any = ManyFilesField(
        label=both("Files (.hl7, or .hea with its signals)", "文件（.hl7，或 .hea 及其信号文件）")
    )
    begins_at = forms.DateTimeField(
        label=both("A waveform record begins at", "波形记录开始时间"),
        required=False,
        help_text=both(
            "clocks in such files are often shifted; HL7 messages bring their own time",
            "此类文件时钟常被平移；HL7 消息自带时间",
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Read the files; give channels, origin and the first file to be kept."""
        values = super().clean() or {}
        files: dict[str, bytes] = values.get("files") or {}
        if not files:
            return values
        name, content = next(iter(files.items()))
        try:
            if any(each.lower().endswith(".hea") for each in files):
                if not values.get("begins_at"):
                    raise forms.ValidationError(
                        {"begins_at": both("When does the record begin?", "请填写波形开始时间")}
                    )
                channels = samples_from_wfdb(files, begins_at=values["begins_at"])
                origin = "wfdb"
            else:
                channels, origin = samples_from_pcd01(decoded(content)), "hl7"
        except Refused as refused:
            raise forms.ValidationError([str(each) for each in refused.reasons]) from refused
        kept = keep_bytes(content, name=re.sub(r"[^\w.-]", "_", name), media_type="application/octet-stream")
        return {"channels": channels, "origin": origin, "file": kept, "seen_version": values.get("seen_version")}


class ConnectForm(forms.Form):
    """Which monitor is put on the patient."""

    monitor = forms.ModelChoiceField(
        label=both("Monitor", "监护仪"),
        queryset=Equipment.objects.filter(
            kind=Equipment.Kind.MONITOR, status=Equipment.Status.IN_USE, voided_at=None
        ).exclude(hl7_identifier=""),
    )
    connected_at = forms.DateTimeField(label=both("Connected at", "接入时间"), initial=timezone.now)


class DisconnectForm(forms.Form):
    """When it was taken off."""

    disconnected_at = forms.DateTimeField(label=both("Disconnected at", "断开时间"), initial=timezone.now)


class VerificationForm(forms.ModelForm):
    """What the image after the procedure shows."""

    class Meta:
        model = Verification
        fields = (
            "kind",
            "image_on",
            "day",
            "verified_on",
            "verified_by",
            "system",
            "seeds_seen",
            "d90_gy",
            "v100_percent",
            "v150_percent",
            "v200_percent",
            "margin_mm",
            "complete",
            "conclusion",
            "document",
        )

    def _post_clean(self) -> None:
        """The row is made and validated by the deed, which knows the case."""

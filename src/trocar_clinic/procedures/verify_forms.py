"""What a verification by the library asks for."""

from typing import Any

from django import forms
from django.utils import timezone

from trocar_clinic.images.models import ImageImport, ImageSeries
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.scans import structure_sets, volumes
from trocar_clinic.planning.wishes import FieldGroup
from trocar_clinic.procedures.models import VerificationRequest


def scans_after(case: Case) -> Any:
    """Return the volumes of a case that were imported for verification or follow-up."""
    later = (ImageImport.Purpose.VERIFICATION, ImageImport.Purpose.FOLLOW_UP, ImageImport.Purpose.GUIDANCE)
    return volumes(case).filter(source__purpose__in=later)


class ScanForm(forms.Form):
    """On which scan, with which structures drawn on it."""

    for_row = True
    scan = forms.ModelChoiceField(ImageSeries.objects.none(), label=both("Image after the procedure", "术后影像"))
    structures = forms.ModelChoiceField(
        ImageSeries.objects.none(), label=both("Structures drawn on it", "术后影像上勾画的结构"), required=False
    )

    def __init__(self, *args: Any, row: Case, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = row
        fields: dict[str, Any] = self.fields
        fields["scan"].queryset = scans_after(row)
        fields["scan"].label_from_instance = _scan_told
        fields["structures"].queryset = structure_sets(row)

    def clean(self) -> dict[str, Any]:
        """Structures drawn on the scan lie in its frame."""
        values = super().clean() or {}
        scan, drawn = values.get("scan"), values.get("structures")
        if scan and drawn and scan.frame_uid != drawn.frame_uid:
            self.add_error("structures", both("These were not drawn on this image", "该结构并非在此影像上勾画"))
        return values


def _scan_told(series: ImageSeries) -> str:
    taken = series.acquired_at or series.recorded_at
    return f"{series} · {timezone.localtime(taken):%Y-%m-%d %H:%M} · {series.source.get_purpose_display()}"


class DoseForm(ScanForm):
    """A dose after implantation; the counts come from the ledger."""

    target = forms.CharField(
        label=both("Target, where the plan does not name it", "靶区名称（计划未注明时填写）"),
        required=False,
        max_length=80,
    )
    surface_usv_h = forms.FloatField(
        label=both("Measured at the skin (µSv/h)", "体表实测（µSv/h）"), required=False, min_value=0
    )
    one_metre_usv_h = forms.FloatField(
        label=both("Measured at 1 m (µSv/h)", "1 m 处实测（µSv/h）"), required=False, min_value=0
    )
    measured_at = forms.DateTimeField(label=both("Measured at (time)", "测量时间"), required=False)

    groups = (
        FieldGroup(both("Image", "影像"), ("scan", "structures", "target")),
        FieldGroup(both("Survey of the patient", "患者辐射监测"), ("surface_usv_h", "one_metre_usv_h", "measured_at")),
    )

    def clean(self) -> dict[str, Any]:
        """Give what was measured with the time it was measured at: it decays."""
        values = super().clean()
        measured = [values.get("surface_usv_h"), values.get("one_metre_usv_h")]
        at = values.get("measured_at")
        if any(each is not None for each in measured) and at is None:
            self.add_error(
                "measured_at", both("A measured rate decays: when was it measured?", "剂量率随时间衰减，请填写测量时间")
            )
        asked = {
            "target": values.get("target") or "",
            "surface_usv_h": measured[0],
            "one_metre_usv_h": measured[1],
            "measured_at": timezone.localtime(at).replace(tzinfo=None).isoformat() if at else None,
        }
        kept = {name: values.get(name) for name in ("scan", "structures", "seen_version")}
        return {**kept, "asked": asked}


class MarginForm(ScanForm):
    """An ablative margin: the zone drawn on the scan after, or grown from a point in its middle."""

    zone = forms.CharField(
        label=both("Zone among these structures", "其中消融区的结构名"), required=False, max_length=80
    )
    click = forms.CharField(
        label=both("or a point in the middle of the zone: x, y, z in mm", "或消融区中心一点 x, y, z（mm）"),
        required=False,
    )
    registration_error_mm = forms.FloatField(
        label=both("Error of registration (mm)", "配准误差（mm）"), required=False, min_value=0
    )
    outline_error_mm = forms.FloatField(
        label=both("Error of outlines, one sd (mm)", "轮廓误差，1 SD（mm）"), required=False, min_value=0
    )

    groups = (
        FieldGroup(both("Image and zone", "影像与消融区"), ("scan", "structures", "zone", "click")),
        FieldGroup(both("Errors", "误差"), ("registration_error_mm", "outline_error_mm")),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a zone or a point."""
        values = super().clean()
        drawn, zone, click = values.get("structures"), values.get("zone"), values.get("click") or ""
        if bool(zone) == bool(click):
            self.add_error(
                "zone", both("Name the zone's structure, or give a point in it", "请填写消融区结构名，或给出其中一点")
            )
        if zone and (drawn is None or zone not in drawn.structure_names):
            names = "、".join(drawn.structure_names) if drawn else "–"
            self.add_error("zone", both(f"Not among the structures: {names}", f"结构中没有该名称，现有：{names}"))
        asked = {
            "zone": zone or "",
            "click_lps_mm": self._point(click),
            "registration_error_mm": values.get("registration_error_mm"),
            "outline_error_mm": values.get("outline_error_mm"),
        }
        kept = {name: values.get(name) for name in ("scan", "structures", "seen_version")}
        return {**kept, "asked": asked}

    def _point(self, text: str) -> list[float] | None:
        if not text:
            return None
        try:
            x, y, z = (float(part) for part in text.replace("，", ",").split(","))
        except ValueError:
            self.add_error(
                "click",
                both("Three numbers with commas, such as -12.5, 40, 118", "三个以逗号分隔的数，如 -12.5, 40, 118"),
            )
            return None
        return [x, y, z]


class EnterForm(forms.Form):
    """The conclusion that a person draws."""

    for_row = True
    seen = forms.BooleanField(
        label=both("I have looked at pictures, numbers and findings", "本人已查看图像、参数与提示")
    )
    complete = forms.BooleanField(label=both("The tumour is wholly covered", "肿瘤完全覆盖"), required=False)
    conclusion = forms.CharField(label=both("Conclusion", "结论"), widget=forms.Textarea, max_length=2000)

    def __init__(self, *args: Any, row: VerificationRequest, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_dose = row.case.technique == Technique.SEED
        if self.is_dose:
            del self.fields["complete"]

    def clean(self) -> dict[str, Any]:
        """Leave out that it was seen."""
        values = super().clean() or {}
        values.pop("seen", None)
        return values

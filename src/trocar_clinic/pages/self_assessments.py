"""Self-assessments with their signatures and files, and the check of written reports."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from trocar.department.period import Period
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.workflow.assess import LARGEST_BYTES, assess_document
from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.errors import Reason, Refused
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.pages.quality import PeriodForm, asked_period, language
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import AssessmentRole, SelfAssessment
from trocar_clinic.quality.policies import MAKERS, may_sign
from trocar_clinic.quality.queries import current_register


class AssessForm(forms.Form):
    """A report to be checked: a file, or pasted text."""

    file = forms.FileField(
        label=both("Report (DOCX, text, PDF with text)", "自评报告（DOCX、文本、带文字的 PDF）"), required=False
    )
    text = forms.CharField(label=both("or its text", "或直接粘贴文字"), required=False, widget=forms.Textarea)

    def clean(self) -> dict[str, Any]:
        """One of the two is there, and not too large."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(both("Give a file or paste the text", "请上传文件或粘贴文字"))
        if cleaned.get("file") and cleaned["file"].size > LARGEST_BYTES:
            raise forms.ValidationError(both("The file is too large", "文件过大"))
        return cleaned


@page("GET", "HEAD", "POST", readers=SEES_CASES)
def assessments(request: HttpRequest) -> HttpResponse:
    """List the self-assessments; make one."""
    form, period = asked_period(request)
    register = current_register()
    if request.method == "POST":
        made = PeriodForm(request.POST)
        if register is not None and made.is_valid():
            period = Period(first=made.cleaned_data["first"], last=made.cleaned_data["last"])
            _make(request, period, register)
            return redirect("self-assessments")
        form = made
    rows = SelfAssessment.objects.standing().order_by("-recorded_at")
    shown = {
        "form": form,
        "register": register,
        "may_make": bool(reader_of(request).roles & MAKERS),
        "techniques": Technique.choices,
        "rows": [_assessment(request, each) for each in rows],
    }
    return render(request, "quality/assessments.html", shown)


def _make(request: HttpRequest, period: Period, register: Any) -> None:
    try:
        actions.make_assessment(
            actor=reader_of(request),
            at=timezone.now(),
            technique=Technique(request.POST.get("technique", "")).value,
            period=period,
            register=register,
        )
    except TrocarError as problem:
        raise Refused(Reason(code=problem.code, text=both(str(problem), problem.text(Language.CHINESE)))) from problem
    except ValueError as problem:
        raise Http404("technique") from problem
    messages.success(request, both("The self-assessment was made", "自我评估报告已生成"))


def _assessment(request: HttpRequest, row: SelfAssessment) -> dict[str, Any]:
    reader = reader_of(request)
    return {
        "row": row,
        "is_as_signed": actions.is_as_signed(row),
        "roles": [(role.value, role.label) for role in AssessmentRole if may_sign(reader, row, role).allowed],
    }


@page("POST", readers=SEES_CASES)
def sign(request: HttpRequest, number: int) -> HttpResponse:
    """Sign a self-assessment."""
    row = get_object_or_404(SelfAssessment.objects.standing(), pk=number)
    if request.POST.get("role") not in AssessmentRole.values:
        raise Http404("role")
    actions.sign_assessment(row, actor=reader_of(request), at=timezone.now(), role=request.POST["role"])
    messages.success(request, both("Signed", "已签署"))
    return redirect("self-assessments")


@page(readers=SEES_CASES)
def assessment_file(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Give a file of a self-assessment exactly as it was made."""
    row = get_object_or_404(SelfAssessment.objects.standing(), pk=number)
    if name not in row.files:
        raise Http404(name)
    data = actions.file_as_made(row, name)
    answer = HttpResponse(data, content_type=actions.MEDIA[name[name.rindex(".") :]])
    answer["Content-Disposition"] = f'attachment; filename="{row.first}-{row.last}-{name}"'
    return answer


@page(readers=SEES_CASES)
def sign_off_sheet(request: HttpRequest, number: int) -> HttpResponse:
    """Give the sheet that says who signed a self-assessment and what its hashes are."""
    row = get_object_or_404(SelfAssessment.objects.standing(), pk=number)
    answer = HttpResponse(actions.sheet_of(row, language=language()), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.first}-{row.last}-sign-off.pdf"'
    return answer


@page("GET", "HEAD", "POST", readers=SEES_CASES)
def check_report(request: HttpRequest) -> HttpResponse:
    """Go through a written report and quote what contradicts."""
    form = AssessForm(request.POST or None, request.FILES or None)
    shown: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            data = given["file"].read() if given.get("file") else given["text"].encode()
            try:
                found = assess_document(data, name=given["file"].name if given.get("file") else "—")
                shown |= {
                    "assessed": found,
                    "findings": _findings(found.contradictions),
                    "remarks": [each.text(language()) for each in found.remarks],
                }
                status = 200
            except TrocarError as problem:
                shown["problem"] = problem.text(language())
    return render(request, "quality/check.html", shown, status=status)


def _findings(found: Iterable[Any]) -> list[dict[str, Any]]:
    words = {
        "action": both("mend before signing", "签字前须改正"),
        "attention": both("answer", "须说明"),
        "note": both("see", "供参考"),
    }
    return [
        {
            "severity": each.severity.value,
            "word": words[each.severity.value],
            "quotes": each.quotes,
            "why": each.why.text(language()),
            "settle": each.settle.text(language()),
        }
        for each in found
    ]

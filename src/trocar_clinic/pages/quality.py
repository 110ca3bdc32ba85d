"""Indicators with their cases and charts, self-assessments with signatures, and the check of written reports."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from trocar.department.indicators import IndicatorValue
from trocar.department.period import Period
from trocar.department.words import word
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.report.department_charts import drawn, funnel_chart, run_chart
from trocar.workflow.assess import LARGEST_BYTES, assess_document
from trocar.workflow.indicators import chart_of, funnel_of
from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.errors import Reason, Refused
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both, is_chinese
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import AssessmentRole, SelfAssessment
from trocar_clinic.quality.policies import MAKERS, TAKERS, may_sign
from trocar_clinic.quality.queries import LISTED, Counting, countings, current_register
from trocar_clinic.records.files import path_of

SLUGS = {Technique.SEED: "seeds", Technique.ABLATION: "ablation"}


class PeriodForm(forms.Form):
    """First and last day, by discharge."""

    first = forms.DateField(
        label=both("From (discharge)", "起始日（出院）"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        label=both("Until", "截止日"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        cleaned = super().clean() or {}
        if cleaned.get("first") and cleaned.get("last") and cleaned["last"] < cleaned["first"]:
            self.add_error("last", both("This lies before the first day", "截止日早于起始日"))
        return cleaned


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


class RecordForm(forms.Form):
    """A department's record to be taken."""

    file = forms.FileField(label=both("Department's record (JSON)", "科室记录（JSON）"))


def language() -> Language:
    """Return the reader's language."""
    return Language.CHINESE if is_chinese() else Language.ENGLISH


def _technique(slug: str) -> Technique:
    for technique, name in SLUGS.items():
        if name == slug:
            return technique
    raise Http404(slug)


def _period(request: HttpRequest) -> tuple[PeriodForm, Period | None]:
    """Return the form and the period it holds; without one in the address, the last year of the register."""
    register = current_register()
    given = request.GET if request.GET.get("first") or request.GET.get("last") else None
    if given is None and register is not None:
        month = register.as_of.replace(day=1)
        given = {"first": f"{month.year - 1}-{month.month:02}-01", "last": register.as_of.isoformat()}  # type: ignore[assignment]
    form = PeriodForm(given)
    if not form.is_valid():
        return form, None
    return form, Period(first=form.cleaned_data["first"], last=form.cleaned_data["last"])


@page(readers=SEES_CASES)
def overview(request: HttpRequest, slug: str = "seeds") -> HttpResponse:
    """Show the indicators of one technique and period."""
    technique = _technique(slug)
    form, period = _period(request)
    register = current_register()
    shown: dict[str, Any] = {
        "slug": slug,
        "techniques": [(name, each.label) for each, name in SLUGS.items()],
        "technique": technique.label,
        "form": form,
        "period": period,
        "register": register,
        "may_take": bool(reader_of(request).roles & TAKERS),
        "record_form": RecordForm(),
    }
    if register is not None and period is not None:
        try:
            found = countings(register, technique=actions.LIBRARY_TECHNIQUE[technique], period=period)
            shown["rows"] = [_row(each) for each in found]
        except TrocarError as problem:
            shown["problem"] = problem.text(language())
    return render(request, "quality/overview.html", shown)


def _row(counting: Counting) -> dict[str, Any]:
    value = counting.value()
    return {
        "key": counting.definition.key,
        "name": counting.definition.words(language()),
        "code": counting.definition.code,
        "unverified": counting.definition.confidence.value == "memory_unverified",
        "value": value,
        "reason": value.reason.text(language()) if value.reason else "",
        "period": counting.period,
        "has_cases": counting.definition.measure is not None and not counting.definition.measure.mean_of,
    }


def _counting(request: HttpRequest, slug: str, key: str) -> tuple[Counting, IndicatorValue]:
    register = current_register()
    _, period = _period(request)
    if register is None or period is None:
        raise Http404(key)
    try:
        found = countings(register, technique=actions.LIBRARY_TECHNIQUE[_technique(slug)], period=period)
    except TrocarError as problem:
        raise Http404(key) from problem
    for each in found:
        if each.definition.key == key and each.definition.measure is not None:
            return each, each.value()
    raise Http404(key)


@page(readers=SEES_CASES)
def indicator(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show one indicator: its definition, charts, groups, and the very cases on both sides."""
    counting, value = _counting(request, slug, key)
    definition = counting.definition
    chinese = language() is Language.CHINESE
    lacking = counting.cases(fulfilled=definition.direction.value == "down")
    shown = {
        "slug": slug,
        "key": key,
        "name": definition.words(language()),
        "definition": definition,
        "numerator": definition.numerator_zh if chinese else definition.numerator,
        "denominator": definition.denominator_zh if chinese else definition.denominator,
        "value": value,
        "norm": counting.norm.words(language()),
        "period": counting.period,
        "of_period": f"first={counting.period.first}&last={counting.period.last}",
        "lacking": [(each, _word(each.site)) for each in lacking[:LISTED]],
        "lacking_number": lacking.count(),
        "listed": LISTED,
        "falls": definition.direction.value == "down",
        "groups": [
            (both("Operator", "实施医师"), _groups(counting, "operator")),
            (both("Site", "部位"), _groups(counting, "site")),
            (both("Guiding device", "引导设备"), _groups(counting, "device")),
        ],
    }
    return render(request, "quality/indicator.html", shown)


def _groups(counting: Counting, column: str) -> dict[str, Any]:
    chart, hidden = funnel_of(counting.by(column))
    return {"points": [(_word(point.label), point) for point in chart.points], "hidden": hidden}


def _word(code: str) -> str:
    told = word(code)
    return told if isinstance(told, str) else told.text(language())


@page(readers=SEES_CASES)
def chart(request: HttpRequest, slug: str, key: str, kind: str) -> HttpResponse:
    """Draw an indicator by month, or by operator."""
    counting, _ = _counting(request, slug, key)
    name = counting.definition.words(language())
    if kind == "months":
        paint = run_chart(chart_of(counting.by_month()), name=name, language=language())
    elif kind == "operators":
        paint = funnel_chart(funnel_of(counting.by("operator"))[0], name=name, language=language())
    else:
        raise Http404(kind)
    return HttpResponse(drawn(paint, suffix="svg"), content_type="image/svg+xml")


@page("POST", readers=TAKERS)
def take(request: HttpRequest) -> HttpResponse:
    """Take a department's record into the register."""
    form = RecordForm(request.POST, request.FILES)
    if request.POST.get("own"):
        actions.take_own(actor=reader_of(request), at=timezone.now())
        messages.success(request, both("The cases of this record were counted anew", "已按本系统病例重新汇总"))
    elif form.is_valid():
        actions.take_text(form.cleaned_data["file"].read(), actor=reader_of(request), at=timezone.now())
        messages.success(request, both("The record was taken", "记录已导入"))
    return redirect("quality")


@page("GET", "HEAD", "POST", readers=SEES_CASES)
def assessments(request: HttpRequest) -> HttpResponse:
    """List the self-assessments; make one."""
    form, period = _period(request)
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
    data = path_of(row.files[name]).read_bytes()
    answer = HttpResponse(data, content_type=actions.MEDIA[name[name.rindex(".") :]])
    answer["Content-Disposition"] = f'attachment; filename="{row.first}-{row.last}-{name}"'
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

"""Indicators with their cases and charts, survival, the audit of ability, and each case of the register."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode

from trocar.department.indicators import IndicatorValue
from trocar.department.period import Period
from trocar.department.words import word
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.report.department_charts import drawn, funnel_chart, run_chart
from trocar.workflow.indicators import chart_of, funnel_of
from trocar.workflow.self_assessment import BESIDE
from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both, is_chinese
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.quality import actions
from trocar_clinic.quality.policies import TAKERS
from trocar_clinic.quality.queries import (
    LISTED,
    Counting,
    countings,
    current_register,
    values_of,
    visible_cases,
)

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


class RecordForm(forms.Form):
    """A department's record to be taken."""

    file = forms.FileField(label=both("Department's record (JSON)", "科室记录（JSON）"))


def language() -> Language:
    """Return the reader's language."""
    return Language.CHINESE if is_chinese() else Language.ENGLISH


def technique_of(slug: str) -> Technique:
    """Return the technique of an address."""
    for technique, name in SLUGS.items():
        if name == slug:
            return technique
    raise Http404(slug)


def asked_period(request: HttpRequest) -> tuple[PeriodForm, Period | None]:
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
    technique = technique_of(slug)
    form, period = asked_period(request)
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
        shown["of_period"] = of_period(period)
        try:
            found = countings(register, technique=actions.LIBRARY_TECHNIQUE[technique], period=period)
            rows = [_row(counting, value) for counting, value in values_of(found)]
            shown["rows"] = [row for row in rows if not row["beside"]]
            shown["beside"] = [row for row in rows if row["beside"]]
        except TrocarError as problem:
            shown["problem"] = problem.text(language())
    return render(request, "quality/overview.html", shown)


def of_period(period: Period, **narrowed: str) -> str:
    """Return the part of an address that says which period, and what else it is narrowed to."""
    return urlencode({"first": period.first.isoformat(), "last": period.last.isoformat(), **narrowed})


def _row(counting: Counting, value: IndicatorValue) -> dict[str, Any]:
    measure = counting.definition.measure
    return {
        "key": counting.definition.key,
        "name": counting.definition.words(language()),
        "code": counting.definition.code,
        "beside": counting.norm.key == BESIDE,
        "unverified": counting.definition.confidence.value == "memory_unverified",
        "value": value,
        "reason": value.reason.text(language()) if value.reason else "",
        "period": counting.period,
        "of_period": of_period(counting.period),
        "has_cases": measure is not None and not measure.mean_of,
    }


def counting_of(request: HttpRequest, slug: str, key: str) -> tuple[Counting, IndicatorValue]:
    """Return an indicator of the period asked for, with its value."""
    register = current_register()
    _, period = asked_period(request)
    if register is None or period is None:
        raise Http404(key)
    try:
        found = countings(register, technique=actions.LIBRARY_TECHNIQUE[technique_of(slug)], period=period)
    except TrocarError as problem:
        raise Http404(key) from problem
    for each in found:
        if each.definition.key == key and each.definition.measure is not None:
            return each, each.value()
    raise Http404(key)


@page(readers=SEES_CASES)
def indicator(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Show one indicator: its definition, charts, groups, and the very cases on both sides."""
    counting, value = counting_of(request, slug, key)
    definition = counting.definition
    chinese = language() is Language.CHINESE
    falls = definition.direction.value == "down"
    sides = [
        listed(request, counting.cases(fulfilled=side), side=side)
        for side in ((True, False) if falls else (False, True))
    ]
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
        "of_period": of_period(counting.period),
        "sides": sides,
        "limit": LISTED,
        "groups": [
            (both("Operator", "实施医师"), "operator", _groups(counting, "operator")),
            (both("Site", "部位"), "site", _groups(counting, "site")),
            (both("Guiding device", "引导设备"), "device", _groups(counting, "device")),
        ],
    }
    return render(request, "quality/indicator.html", shown)


def listed(request: HttpRequest, rows: Any, *, side: bool) -> dict[str, Any]:
    """Return the cases of one side as a page lists them, each with the address of its own page."""
    names = names_of_register()
    shown = list(rows[:LISTED])
    seen = visible_cases(shown, reader_of(request))
    return {
        "fulfilled": side,
        "number": rows.count(),
        "rows": [
            {
                "row": each,
                "address": f"/records/cases/{each.case_id}/" if each.case_id in seen else f"/quality/cases/{each.pk}/",
                "site": in_words(each.site),
                "operator": names.get(each.operator, each.operator),
            }
            for each in shown
        ],
    }


def names_of_register() -> dict[str, str]:
    """Return the names of the staff and devices of the register in force, by their keys."""
    register = current_register()
    return {} if register is None else dict(register.names)


def _groups(counting: Counting, column: str) -> dict[str, Any]:
    names = names_of_register()
    chart, hidden = funnel_of(counting.by(column))
    points = [
        {
            "label": names.get(point.label) or in_words(point.label),
            "point": point,
            "query": of_period(counting.period, **{column: "" if point.label == "—" else point.label}),
        }
        for point in chart.points
    ]
    return {"points": points, "hidden": hidden}


def in_words(code: str) -> str:
    """Return the word of a code in the reader's language."""
    told = word(code)
    return told if isinstance(told, str) else told.text(language())


@page(readers=SEES_CASES)
def chart(request: HttpRequest, slug: str, key: str, kind: str) -> HttpResponse:
    """Draw an indicator by month, or by operator."""
    counting, _ = counting_of(request, slug, key)
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

"""Indicators with their cases and charts, survival, the audit of ability, and each case of the register."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode

from trocar.department.assessment import AuditDomain
from trocar.department.indicators import IndicatorValue, SurvivalStep
from trocar.department.period import Period
from trocar.department.words import word
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.report.department_charts import drawn, funnel_chart, run_chart, survival_chart
from trocar.workflow.indicators import chart_of, funnel_of
from trocar.workflow.self_assessment import BESIDE, audit_of
from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both, is_chinese
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import RegisteredProcedure
from trocar_clinic.quality.policies import TAKERS
from trocar_clinic.quality.queries import (
    LISTED,
    Counting,
    countings,
    current_register,
    mix_of,
    rows_of,
    survival,
    values_of,
    visible_cases,
)

NARROWED = ("operator", "site", "device", "diagnosis")
TOLD: tuple[tuple[str, Any], ...] = (
    ("technique", both("Technique", "技术")),
    ("on", both("Procedure", "手术日期")),
    ("admitted_on", both("Admitted", "入院日期")),
    ("discharged_on", both("Discharged", "出院日期")),
    ("operator", both("Operator", "实施医师")),
    ("device", both("Guiding device", "引导设备")),
    ("site", both("Site", "部位")),
    ("route", both("Route", "途径")),
    ("modality", both("Modality", "方式")),
    ("diagnosis", both("Diagnosis", "诊断")),
    ("histology", both("Histology before", "术前病理")),
    ("indication_items", both("Items of the indication rule", "符合的指征条目")),
    ("indication_correct", both("Indication met", "符合指征")),
    ("planned_before", both("Planned before the start", "术前完成计划")),
    ("signed_by_three", both("Plan signed by three", "计划三方签署")),
    ("consented_before", both("Consent before the start", "术前签署知情同意")),
    ("monitored", both("Five channels throughout", "五项监测全程")),
    ("seeds_balance", both("Seeds balance", "粒子数账实相符")),
    ("single_use_once", both("Single-use devices once", "一次性器械未复用")),
    ("verified_on", both("Dose verified", "剂量验证日期")),
    ("unverified_reason", both("Why not verified", "未验证的原因")),
    ("lesions_planned", both("Lesions planned", "计划治疗病灶")),
    ("lesions_completed", both("Lesions completed", "完成治疗病灶")),
    ("complete_after_days", both("Complete on contrast imaging after (days)", "增强影像证实完全消融（术后天数）")),
    ("best_response", both("Best response", "最佳疗效")),
    ("last_contact_on", both("Last follow-up", "末次随访")),
    ("died_on", both("Died", "死亡日期")),
)
"""What the register holds of a procedure, as its page tells it."""

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


def _technique(slug: str) -> Technique:
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
    technique = _technique(slug)
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


def _counting(request: HttpRequest, slug: str, key: str) -> tuple[Counting, IndicatorValue]:
    register = current_register()
    _, period = asked_period(request)
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
    falls = definition.direction.value == "down"
    listed = [
        _listed(request, counting.cases(fulfilled=side), side=side)
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
        "sides": listed,
        "limit": LISTED,
        "groups": [
            (both("Operator", "实施医师"), "operator", _groups(counting, "operator")),
            (both("Site", "部位"), "site", _groups(counting, "site")),
            (both("Guiding device", "引导设备"), "device", _groups(counting, "device")),
        ],
    }
    return render(request, "quality/indicator.html", shown)


def _listed(request: HttpRequest, rows: Any, *, side: bool) -> dict[str, Any]:
    """Return the cases of one side as a page lists them, each with the address of its own page."""
    names = _names()
    shown = list(rows[:LISTED])
    seen = visible_cases(shown, reader_of(request))
    return {
        "fulfilled": side,
        "number": rows.count(),
        "rows": [
            {
                "row": each,
                "address": f"/records/cases/{each.case_id}/" if each.case_id in seen else f"/quality/cases/{each.pk}/",
                "site": _word(each.site),
                "operator": names.get(each.operator, each.operator),
            }
            for each in shown
        ],
    }


def _names() -> dict[str, str]:
    """Return the names of the staff and devices of the register in force, by their keys."""
    register = current_register()
    return {} if register is None else dict(register.names)


def _groups(counting: Counting, column: str) -> dict[str, Any]:
    names = _names()
    chart, hidden = funnel_of(counting.by(column))
    points = [
        {
            "label": names.get(point.label) or _word(point.label),
            "point": point,
            "query": of_period(counting.period, **{column: "" if point.label == "—" else point.label}),
        }
        for point in chart.points
    ]
    return {"points": points, "hidden": hidden}


def _word(code: str) -> str:
    told = word(code)
    return told if isinstance(told, str) else told.text(language())


@page(readers=SEES_CASES)
def cases(request: HttpRequest, slug: str) -> HttpResponse:
    """List the cases behind a count: all of a period, or those of an operator, site, device, diagnosis or indicator."""
    register = current_register()
    _, period = asked_period(request)
    if register is None or period is None:
        raise Http404("period")
    narrowed = {name: request.GET[name] for name in NARROWED if name in request.GET}
    key = request.GET.get("key", "")
    if key:
        counting, _ = _counting(request, slug, key)
        groups = [counting.cases(fulfilled=side).filter(**narrowed) for side in (False, True)]
        sides = [_listed(request, rows, side=side) for rows, side in zip(groups, (False, True), strict=True)]
    else:
        rows = rows_of(register, technique=actions.LIBRARY_TECHNIQUE[_technique(slug)], period=period)
        sides = [_listed(request, rows.filter(**narrowed).order_by("on", "key"), side=True)]
    names = _names()
    shown = {
        "slug": slug,
        "key": key,
        "technique": _technique(slug).label,
        "period": period,
        "of_period": of_period(period),
        "narrowed": [names.get(value) or _word(value) or "—" for value in narrowed.values()],
        "sides": sides,
        "limit": LISTED,
        "split": bool(key),
    }
    return render(request, "quality/cases.html", shown)


@page(readers=SEES_CASES)
def register_case(request: HttpRequest, number: int) -> HttpResponse:
    """Show what the register holds of one procedure, with the way to its case where it is of this record."""
    row = get_object_or_404(RegisteredProcedure.objects.select_related("register"), pk=number)
    shown = {
        "row": row,
        "facts": [(label, _plain(name, getattr(row, name))) for name, label in TOLD],
        "complications": [(_word(each.kind), each) for each in row.complications.order_by("after_days")],
        "case": row.case_id if row.case_id in visible_cases([row], reader_of(request)) else None,
        "slug": next(name for each, name in SLUGS.items() if actions.LIBRARY_TECHNIQUE[each].value == row.technique),
    }
    return render(request, "quality/register_case.html", shown)


def _plain(name: str, value: Any) -> Any:
    if value is None or value == "":
        return both("not recorded", "未记录")
    if isinstance(value, bool):
        return both("yes", "是") if value else both("no", "否")
    if name == "indication_items":
        return "、".join("①②③④⑤⑥⑦⑧⑨"[int(each) - 1] for each in value.strip(",").split(",") if each)
    if isinstance(value, str):
        return _names().get(value) or _word(value)
    return value.isoformat() if isinstance(value, date) else f"{value:g}"


@page(readers=SEES_CASES)
def ability(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a committee asks of a technique: the domains of the audit, survival, the disease mix."""
    technique = _technique(slug)
    library = actions.LIBRARY_TECHNIQUE[technique]
    form, period = asked_period(request)
    register = current_register()
    shown: dict[str, Any] = {
        "slug": slug,
        "technique": technique.label,
        "techniques": [(name, each.label) for each, name in SLUGS.items()],
        "form": form,
        "period": period,
        "register": register,
    }
    if register is not None and period is not None:
        shown["of_period"] = of_period(period)
        try:
            values = [value for _, value in values_of(countings(register, technique=library, period=period))]
            domains = audit_of(library, values, audited=frozenset(register.audited))
            shown["domains"] = [_domain(each) for each in domains]
            shown["survival"] = found = survival(register, technique=library, period=period)
            shown["survival_rows"] = [] if found is None else [_step(each) for each in found.table]
            shown["mix"] = [
                {
                    **each,
                    "word": _word(each["site"]),
                    "query": of_period(period, site=each["site"], diagnosis=each["diagnosis"]),
                }
                for each in mix_of(register, technique=library, period=period)
            ]
        except TrocarError as problem:
            shown["problem"] = problem.text(language())
    return render(request, "quality/ability.html", shown)


def _step(each: SurvivalStep) -> dict[str, str]:
    return {
        "months": f"{each.months:g}",
        "survival": f"{100 * each.survival:.1f} %",
        "interval": f"{100 * each.low:.1f}–{100 * each.high:.1f} %",
        "at_risk": str(each.at_risk),
    }


def _domain(domain: AuditDomain) -> dict[str, Any]:
    return {
        "name": _word(domain.name),
        "audited": domain.audited,
        "figures": [
            {
                "name": each.count.definition.words(language()),
                "key": each.count.definition.key,
                "value": each,
                "of_period": of_period(each.count.period),
            }
            for each in domain.figures
        ],
    }


@page(readers=SEES_CASES)
def survival_picture(request: HttpRequest, slug: str) -> HttpResponse:
    """Draw the Kaplan–Meier curve of a period with numbers at risk."""
    register = current_register()
    _, period = asked_period(request)
    if register is None or period is None:
        raise Http404("period")
    found = survival(register, technique=actions.LIBRARY_TECHNIQUE[_technique(slug)], period=period)
    if found is None:
        raise Http404("nobody")
    return HttpResponse(drawn(survival_chart(found, language=language()), suffix="svg"), content_type="image/svg+xml")


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

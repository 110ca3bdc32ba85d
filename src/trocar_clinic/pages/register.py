"""The register behind the indicators: cases of a count, each case, survival, the audit of ability, the disease mix."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from trocar.department.assessment import AuditDomain
from trocar.department.indicators import SurvivalStep
from trocar.errors import TrocarError
from trocar.report.department_charts import drawn, survival_chart
from trocar.workflow.self_assessment import audit_of
from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.language import both
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.pages.quality import (
    SLUGS,
    asked_period,
    counting_of,
    in_words,
    language,
    listed,
    names_of_register,
    of_period,
    technique_of,
)
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import RegisteredProcedure
from trocar_clinic.quality.queries import (
    LISTED,
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
        counting, _ = counting_of(request, slug, key)
        groups = [counting.cases(fulfilled=side).filter(**narrowed) for side in (False, True)]
        sides = [listed(request, rows, side=side) for rows, side in zip(groups, (False, True), strict=True)]
    else:
        rows = rows_of(register, technique=actions.LIBRARY_TECHNIQUE[technique_of(slug)], period=period)
        sides = [listed(request, rows.filter(**narrowed).order_by("on", "key"), side=True)]
    names = names_of_register()
    shown = {
        "slug": slug,
        "key": key,
        "technique": technique_of(slug).label,
        "period": period,
        "of_period": of_period(period),
        "narrowed": [names.get(value) or in_words(value) or "—" for value in narrowed.values()],
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
        "complications": [(in_words(each.kind), each) for each in row.complications.order_by("after_days")],
        "case": row.case_id if row.case_id in visible_cases([row], reader_of(request)) else None,
        "slug": next(name for each, name in SLUGS.items() if actions.LIBRARY_TECHNIQUE[each].value == row.technique),
    }
    return render(request, "quality/register_case.html", shown)


def _plain(name: str, value: Any) -> Any:
    if value is None or value == "":
        return both("not recorded", "未记录")
    if isinstance(value, bool):
        return both("yes", "是") if value else both("no", "否")
    if name == "technique":
        return next(each.label for each in SLUGS if actions.LIBRARY_TECHNIQUE[each].value == value)
    if name == "indication_items":
        return "、".join("①②③④⑤⑥⑦⑧⑨"[int(each) - 1] for each in value.strip(",").split(",") if each)
    if isinstance(value, str):
        return names_of_register().get(value) or in_words(value)
    return value.isoformat() if isinstance(value, date) else f"{value:g}"


@page(readers=SEES_CASES)
def ability(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a committee asks of a technique: the domains of the audit, survival, the disease mix."""
    technique = technique_of(slug)
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
                    "word": in_words(each["site"]),
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
        "name": in_words(domain.name),
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
    found = survival(register, technique=actions.LIBRARY_TECHNIQUE[technique_of(slug)], period=period)
    if found is None:
        raise Http404("nobody")
    return HttpResponse(drawn(survival_chart(found, language=language()), suffix="svg"), content_type="image/svg+xml")

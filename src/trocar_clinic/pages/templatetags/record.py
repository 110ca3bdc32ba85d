"""What templates say in both languages, and how values of rows are shown."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

from django import template
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString

from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.institution.policies import capabilities
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.checklists import all_checklists
from trocar_clinic.patients.states import PATH, TRANSITIONS, Event, State
from trocar_clinic.records.books import book_of
from trocar_clinic.records.models import StoredFile

register = template.Library()

NOTHING = format_html('<span class="nothing" aria-label="{}">–</span>', both("not entered", "未填"))


@register.simple_tag
def say(english: str, chinese: str) -> str:
    """Say a text in the reader's language: ``{% say "Search" "检索" %}``."""
    return str(both(english, chinese))


@register.filter
def address(row: Any) -> str:
    """Return the address of a row's page, or an empty text."""
    book = book_of(row)
    return f"/records/{book.slug}/{row.pk}/" if book else ""


def shown(value: Any) -> str:
    """Return a value as it stands on a page."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return str(both("yes", "是") if value else both("no", "否"))
    if isinstance(value, datetime):
        told = timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), told)
    if isinstance(value, date):
        return format_html('<time datetime="{0}">{0}</time>', value.isoformat())
    if isinstance(value, Decimal | float):
        return f"{value.normalize():f}" if isinstance(value, Decimal) else f"{value:.4g}"
    return _shown_object(value)


def _shown_object(value: Any) -> str:
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return str(both(f"{minutes} min", f"{minutes} 分钟"))
    if isinstance(value, models.Model) and book_of(value):
        return format_html('<a href="{}">{}</a>', address(value), value)
    if isinstance(value, list | tuple):
        return format_html_join("", '<span class="item">{}</span>', ((shown(each),) for each in value)) or NOTHING
    if isinstance(value, dict):
        return format_html_join(
            "", '<span class="item">{}: {}</span>', ((key, shown(each)) for key, each in value.items())
        )
    return str(value)


@register.filter
def value_of(row: Any, name: str) -> str:
    """Return a field, property or method of a row as it stands on a page."""
    label = getattr(row, f"get_{name}_display", None)
    if callable(label):
        return shown(str(label()) if getattr(row, name) not in (None, "") else None)
    value = getattr(row, name, None)
    if isinstance(value, StoredFile):
        book = book_of(row)
        return format_html('<a href="/records/{}/{}/file/{}/">{}</a>', book.slug if book else "", row.pk, name, value)
    return shown(value() if callable(value) else value)


@register.filter
def unlinked(value: str) -> str:
    """Return a shown value without the marks of the page in it, so that it can itself be a link; texts stay whole."""
    return unescape(strip_tags(value)) if isinstance(value, SafeString) else value


@register.filter
def name_of(model: Any, name: str) -> str:
    """Return what a field, property or method is called."""
    kind = model if isinstance(model, type) else type(model)
    try:
        return _headed(kind._meta.get_field(name).verbose_name)  # type: ignore[attr-defined]
    except FieldDoesNotExist:
        member = getattr(kind, name, None)
        member = member.fget if isinstance(member, property) else member
        return _headed(getattr(member, "short_description", name))


def _headed(text: Any) -> str:
    """Return a text as it stands over a column, capital first."""
    told = str(text)
    return told[:1].upper() + told[1:]


@register.filter
def items(row: Any, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return names and shown values of some fields."""
    return [(name_of(row, name), value_of(row, name)) for name in names]


@register.filter
def says_something(row: Any, names: tuple[str, ...]) -> bool:
    """Say whether any of some fields is filled in: a group of nothing but dashes is not shown."""
    return any(getattr(row, name, None) not in (None, "") for name in names)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """Look up a key."""
    return mapping.get(key)


@register.filter
def tone(value: Any) -> SafeString:
    """Return the class of a due date: late, soon or none."""
    if not isinstance(value, date):
        return SafeString("")
    day = timezone.localtime(value).date() if isinstance(value, datetime) else value
    left = (day - timezone.localdate()).days
    return SafeString("late" if left < 0 else "soon" if left <= 60 else "")


@register.filter
def raw(row: Any, name: str) -> Any:
    """Return a field or property of a row as a value."""
    value = getattr(row, name, None)
    return value() if callable(value) else value


@register.filter
def tone_if_due(value: Any, name: str) -> SafeString:
    """Return the class of a date by which something ends or is due; other dates have none."""
    is_due = any(part in name for part in ("expires", "due", "next", "until"))
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return SafeString("number")
    return tone(value) if is_due else SafeString("")


register.filter("shown", shown)


@register.filter
def head_class(model: Any, name: str) -> SafeString:
    """Return the class of a column's head: numbers stand to the right."""
    try:
        column = model._meta.get_field(name)
    except FieldDoesNotExist:
        return SafeString("")
    is_number = isinstance(column, models.DecimalField | models.IntegerField | models.FloatField)
    return SafeString("number" if is_number else "")


@register.inclusion_tag("cases/steps.html")
def case_steps(case: Any) -> dict[str, Any]:
    """Show how far a case has come."""
    now = State(case.state)
    path = PATH if now in PATH else (State.REGISTERED, now)
    place = path.index(now)
    quiet = {Event.ABANDON, Event.ABORT, Event.WITHDRAW_PLAN}
    further = [each for each in TRANSITIONS if each.source is now and each.event not in quiet]
    return {
        "steps": [(state, "past" if i < place else "now" if i == place else "") for i, state in enumerate(path)],
        "next": [(each.event.value, [guard.value for guard in each.guards]) for each in further],
    }


@register.inclusion_tag("images/job.html")
def job_of(row: Any) -> dict[str, Any]:
    """Show how the last job about a row stands."""
    return {"job": latest_job(row)}


@register.inclusion_tag("cases/answers.html")
def checklist_answers(row: Any) -> dict[str, Any]:
    """Show an answered checklist."""
    known = {each.key: each for each in all_checklists()}
    checklist = known[row.checklist]
    sections = [(each.title, each.items) for each in checklist.sections]
    sections.append((both("Contraindications", "禁忌证"), checklist.contraindications))
    told = [(title, [(item.text, row.answers.get(item.key)) for item in items]) for title, items in sections]
    return {"row": row, "checklist": checklist, "sections": told}


@register.inclusion_tag("institution/entitlements.html")
def entitlements(person: Any) -> dict[str, Any]:
    """Show what a person may do today, and why not where not."""
    today = timezone.localdate()
    found = capabilities(person, on=today)
    by_technique = [
        (each.label, [(act.value, verdict) for technique, act, verdict in found if technique is each])
        for each in Technique
    ]
    return {"techniques": by_technique}


@register.filter
def bound(form: Any, name: str) -> Any:
    """Return a field of a form by its name."""
    return form[name]

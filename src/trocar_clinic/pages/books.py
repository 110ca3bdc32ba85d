"""The pages of every book: list, spreadsheet, row, form, correction, void, history, deeds, files."""

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import strip_tags

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import Overtaken, Reason, Refused
from trocar_clinic.language import both
from trocar_clinic.pages import forms
from trocar_clinic.pages.doors import book_for, page, reader_of, row_for
from trocar_clinic.pages.shelf import case_panels
from trocar_clinic.pages.templatetags.record import address, name_of, value_of
from trocar_clinic.records import actions
from trocar_clinic.records.books import Book, all_books, book_of
from trocar_clinic.records.files import path_of
from trocar_clinic.records.models import AuditEntry, StoredFile

PER_PAGE = 50
MOST_CHOICES = 200


@page()
def listing(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rows of a book, narrowed by search and filters."""
    book = book_for(request, slug)
    rows = narrowed(book, reader_of(request), request.GET)
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "books/list.html",
        {
            "book": book,
            "rows": shown,
            "filters": offered_filters(book, request.GET),
            "query": request.GET.get("q", ""),
            "may_write": book.can_enter and book.may_write(reader_of(request)).allowed,
            "kept_query": kept_query(request),
        },
    )


def narrowed(book: Book, reader: User, wanted: Any) -> QuerySet:
    """Return the rows of a book that the reader may see and asked for."""
    rows: QuerySet = book.model.objects.visible_for(reader)
    if not wanted.get("void"):
        rows = rows.filter(voided_at__isnull=True)
    for term in wanted.get("q", "").split():
        rows = rows.filter(matching(book, term))
    for name in book.filters:
        if wanted.get(name):
            column: Any = book.model._meta.get_field(name)
            rows = rows.filter(**{name: wanted[name]}) if column.choices or wanted[name].isdigit() else rows.none()
    return book.fetched(rows).order_by(*(book.order or ("-pk",)))  # type: ignore[no-any-return]


def matching(book: Book, term: str) -> Q:
    """Return the condition that a term is found in one of the searched fields."""
    found = Q(pk__in=[])
    for each in book.search:
        found |= Q(
            **{each if "__" in each and each.rsplit("__", 1)[1] in {"exact", "iexact"} else f"{each}__icontains": term}
        )
    for each in book.filters:
        choices = book.model._meta.get_field(each).choices or ()  # type: ignore[union-attr]
        named = [value for value, label in choices if term.lower() in str(label).lower()]
        found |= Q(**{f"{each}__in": named}) if named else Q(pk__in=[])
    return found


def offered_filters(book: Book, wanted: Any) -> list[dict[str, Any]]:
    """Return the filters with their choices."""
    offered = []
    for name in book.filters:
        column: Any = book.model._meta.get_field(name)
        choices = column.choices or _rows_to_choose(column.related_model)
        offered.append({"name": name, "label": column.verbose_name, "choices": choices, "now": wanted.get(name, "")})
    return offered


def _rows_to_choose(model: Any) -> list[tuple[str, str]]:
    """Return rows of another kind as choices, with what their names are made of."""
    other = book_of(model)
    rows = model.objects.select_related(*(other.related if other else ()))[:MOST_CHOICES]
    return [(str(each.pk), str(each)) for each in rows]


def kept_query(request: HttpRequest) -> str:
    """Return the query of the address without the page number."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


@page()
def spreadsheet(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the rows of a list as CSV that a spreadsheet opens in Chinese, formulas defused."""
    book = book_for(request, slug)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{book.slug}.csv"'
    answer.write("\ufeff")
    sheet = csv.writer(answer)
    sheet.writerow([name_of(book.model, each) for each in book.columns])
    for row in narrowed(book, reader_of(request), request.GET).iterator(chunk_size=500):
        sheet.writerow([_cell(value_of(row, each)) for each in book.columns])
    return answer


def _cell(value: str) -> str:
    text = strip_tags(str(value)).strip()
    return f"'{text}" if text[:1] in "=+-@\t\r" and len(text) > 1 else text


@page("GET", "HEAD", "POST")
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a row."""
    book, reader = book_for(request, slug), reader_of(request)
    if not book.can_enter:
        raise Http404(slug)
    book.may_write(reader).insist()
    parent = forms.parent_of(book, request.GET.get("of") or request.POST.get(book.parent or ""), reader)
    if request.method != "POST":
        form = forms.row_form(book, reader=reader, row=None, parent=parent, initial=request.GET.dict())
        return render(request, "books/form.html", {"book": book, "form": form, "parent": parent})
    form = forms.row_form(book, reader=reader, row=None, parent=parent, data=request.POST, files=request.FILES)
    if form.is_valid():
        try:
            row = enter(book, reader, form.cleaned_data)
        except (Refused, ValidationError) as refused:
            return _form_again(request, {"book": book, "form": form, "parent": parent}, refused)
        messages.success(request, both("Entered", "已录入"))
        return redirect(after(book, row))
    return render(request, "books/form.html", {"book": book, "form": form, "parent": parent}, status=422)


def enter(book: Book, reader: User, values: dict[str, Any]) -> Any:
    """Enter a row by the book's own deed or the general one."""
    if book.enter is not None:
        return book.enter(actor=reader, at=timezone.now(), values=values)
    return actions.record(book.model, actor=reader, at=timezone.now(), values=values)


def after(book: Book, row: Any) -> str:
    """Return where to go after a row was written: its parent's page where it belongs to one."""
    above = getattr(row, book.parent) if book.parent else None
    return (address(above) if above is not None else "") or address(row)


def _form_again(request: HttpRequest, shown: dict[str, Any], refused: Refused | ValidationError) -> HttpResponse:
    if isinstance(refused, ValidationError):  # of a row that a deed made: the form could not know
        refused = Refused(*(Reason(code="records.invalid", text=text) for text in refused.messages))
    status = 409 if isinstance(refused, Overtaken) else 422
    template = "books/deed.html" if "deed" in shown else "books/form.html"
    return render(request, template, {**shown, "reasons": refused.reasons}, status=status)


@page()
def detail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show a row with what belongs to it and what can be done."""
    book, reader = book_for(request, slug), reader_of(request)
    row = row_for(request, book, number)
    return render(request, book.template, {"book": book, "row": row, **row_furniture(book, row, reader)})


def row_furniture(book: Book, row: Any, reader: User) -> dict[str, Any]:
    """Return what stands around any row: deeds, rows below it, rights."""
    order = {slug: place for place, slug in enumerate(case_panels())}
    below = [each for each in (_below(child, row, reader) for child in all_books().values()) if each]
    below.sort(key=lambda each: order.get(each["book"].slug, len(order)))
    return {
        "deeds": [each for each in book.deeds if each.offered(row) and each.verdict(reader, row).allowed],
        "below": below,
        "may_correct": book.can_correct and not row.is_void and book.may_write(reader).allowed,
    }


def _below(child: Book, row: Any, reader: User) -> dict[str, Any] | None:
    """Return the rows of another book that belong to a row, if the reader may see them."""
    if not child.parent or not child.may_read(reader).allowed:
        return None
    column: Any = child.model._meta.get_field(child.parent)
    if column.related_model is not type(row):
        return None
    rows = child.model.objects.visible_for(reader).filter(**{child.parent: row}).order_by(*(child.order or ("-pk",)))
    return {
        "book": child,
        "rows": child.fetched(rows)[:200],
        "columns": [each for each in child.columns if each != child.parent],
        "may_enter": child.can_enter and not row.is_void and child.may_write(reader).allowed,
    }


@page("GET", "HEAD", "POST")
def correct(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Correct a row, with a reason, unless somebody was faster."""
    book, reader = book_for(request, slug), reader_of(request)
    row = row_for(request, book, number)
    if not book.can_correct:
        raise Http404(slug)
    book.may_write(reader).insist()
    sent: dict[str, Any] = {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
    form = forms.row_form(book, reader=reader, row=row, **sent)
    shown = {"book": book, "form": form, "row": row}
    if not sent:
        return render(request, "books/form.html", shown)
    if not form.is_valid():
        return render(request, "books/form.html", shown, status=422)
    values = {name: form.cleaned_data[name] for name in book.field_names}
    given = {"version": form.cleaned_data["seen_version"], "why": form.cleaned_data["why"], "values": values}
    try:
        row = (book.amend or actions.correct)(row, actor=reader, at=timezone.now(), **given)
    except (Refused, ValidationError) as refused:
        return _form_again(request, shown, refused)
    messages.success(request, both("Corrected; the former values are kept", "已更正，原值已保留"))
    return redirect(address(row))


@page("GET", "HEAD", "POST")
def void(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Declare a row void."""
    from trocar_clinic.records.books import RowDeed

    book = book_for(request, slug)

    def act(row: Any, *, actor: User, at: Any, why: str, version: int) -> Any:
        return actions.void(row, actor=actor, at=at, version=version, why=why)

    if not book.can_correct:
        raise Http404(slug)
    book.may_write(reader_of(request)).insist()
    voiding = RowDeed(
        name="void", title=both("Declare void", "作废"), act=act, doers=book.writers, form=forms.VoidForm, grave=True
    )
    return _do(request, book, number, voiding, pass_version=True)


@page("GET", "HEAD", "POST")
def do(request: HttpRequest, slug: str, number: int, name: str) -> HttpResponse:
    """Do a deed on a row."""
    book = book_for(request, slug)
    found = next((each for each in book.deeds if each.name == name), None)
    if found is None:
        raise Http404(name)
    return _do(request, book, number, found)


def _do(request: HttpRequest, book: Book, number: int, deed: Any, *, pass_version: bool = False) -> HttpResponse:
    reader = reader_of(request)
    row = row_for(request, book, number)
    deed.verdict(reader, row).insist()
    sent: dict[str, Any] = {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
    form = forms.deed_form(deed, reader=reader, row=row, **sent)
    shown = {"book": book, "row": row, "deed": deed, "form": form}
    if not sent:
        return render(request, "books/deed.html", shown)
    if not form.is_valid():
        return render(request, "books/deed.html", shown, status=422)
    values = dict(form.cleaned_data)
    version = values.pop("seen_version")
    try:
        if not pass_version and version != row.version:
            actions.fresh(row, version=version)
        made = deed.act(
            row, actor=reader, at=timezone.now(), **values, **({"version": version} if pass_version else {})
        )
    except (Refused, ValidationError) as refused:
        return _form_again(request, shown, refused)
    messages.success(request, both("Done", "已完成"))
    return redirect(address(made) if address(made) else address(row))


@page()
def history(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show all former values of a row and the deeds that touched it."""
    book = book_for(request, slug)
    row = row_for(request, book, number)
    versions = list(row.former())
    steps = []
    for now, before in zip(versions, [*versions[1:], None], strict=True):
        changed = _changed(book, now, before)
        steps.append({"version": now, "changed": changed, "first": before is None})
    entries = AuditEntry.objects.filter(touched__kind=row._meta.label_lower, touched__row=row.pk).select_related(
        "actor"
    )
    return render(request, "books/history.html", {"book": book, "row": row, "steps": steps, "entries": entries})


def _changed(book: Book, now: Any, before: Any) -> list[tuple[str, str, str]]:
    """Return name, former and new value of each field that changed between two versions."""
    if before is None:
        return []
    quiet = {"id", "version", "recorded_at", "recorded_by"}
    fields = [each for each in book.model._meta.concrete_fields if each.name not in quiet]
    return [
        (str(each.verbose_name), value_of(before, each.name), value_of(now, each.name))
        for each in fields
        if getattr(now, each.attname, None) != getattr(before, each.attname, None)
    ]


@page()
def file(request: HttpRequest, slug: str, number: int, name: str) -> HttpResponse:
    """Give a scanned paper of a row."""
    book = book_for(request, slug)
    row = row_for(request, book, number)
    kept = getattr(row, name, None) if name in {each.name for each in row._meta.fields} else None
    if not isinstance(kept, StoredFile):
        raise Http404(name)
    answer = HttpResponse(path_of(kept.sha256).read_bytes(), content_type=kept.media_type)
    answer["Content-Disposition"] = f'inline; filename="{book.slug}-{row.pk}-{name}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer

"""Spreadsheets brought into a book: columns mapped to fields, each row entered by a deed or refused with why."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import Refused, reason, refuse_if
from trocar_clinic.institution.staff import CALLED_ALSO
from trocar_clinic.language import both
from trocar_clinic.pages.books import enter
from trocar_clinic.pages.doors import book_for, page, reader_of
from trocar_clinic.pages.forms import row_form
from trocar_clinic.records.books import Book
from trocar_clinic.records.files import keep_bytes, path_of
from trocar_clinic.records.models import StoredFile

MOST_ROWS = 5000
MOST_BYTES = 10 * 2**20
SHEET = "application/x-trocar-spreadsheet"
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
YES, NO = {"是", "yes", "y", "true", "1", "√"}, {"否", "no", "n", "false", "0", "×", ""}
ALSO: dict[tuple[str, str], Any] = {("institution.staffmember", "title"): CALLED_ALSO}
"""Further names of choices, by kind of row and field."""

NATURAL_KEYS = ("number", "staff_number", "serial", "name", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of texts: the first row names the columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that was not entered, and why; its number is that of the spreadsheet."""

    number: int
    cells: tuple[str, ...]
    why: tuple[str, ...]


def read_sheet(content: bytes) -> Sheet:
    """Return the table in CSV (UTF-8 or GB18030) or XLSX.

    Raises
    ------
    Refused
        Neither, empty, with two columns of one name, or too long.
    """
    rows = list(_xlsx(content) if content[:2] == b"PK" else _csv(content))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    refuse_if(
        len(rows) < 2,
        "pages.sheet-empty",
        en="The first row names the columns, the others hold the values; here are {n} rows",
        zh="首行须为列名，其后为数据；此文件仅 {n} 行",
        n=len(rows),
    ).insist()
    refuse_if(
        len(rows) > MOST_ROWS,
        "pages.sheet-long",
        en="{n} rows; at most {most} at once",
        zh="共 {n} 行；一次最多 {most} 行",
        n=len(rows),
        most=MOST_ROWS,
    ).insist()
    columns = tuple(cell.strip() for cell in rows[0])
    while columns and not columns[-1]:
        columns = columns[:-1]
    width = len(columns)
    refuse_if(
        len(set(columns)) < width,
        "pages.sheet-columns-twice",
        en="Two columns bear the same name; name each once",
        zh="有重名的列；请使列名各不相同",
    ).insist()
    return Sheet(columns=columns, rows=tuple(tuple((*row, *[""] * width)[:width]) for row in rows[1:]))


def _csv(content: bytes) -> Iterator[list[str]]:
    text = decoded(content)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    try:
        yield from csv.reader(io.StringIO(text, newline=""), dialect, strict=True)
    except csv.Error as error:
        raise Refused(
            reason("pages.sheet-csv", en="This is no CSV ({error})", zh="不是有效的 CSV（{error}）", error=error)
        ) from error


def decoded(content: bytes) -> str:
    """Return the text of bytes in UTF-8, UTF-16 or GB18030, as spreadsheets save them."""
    encodings = ("utf-16",) if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused(
        reason(
            "pages.sheet-encoding",
            en="The text is neither UTF-8 nor GBK/GB18030; save it as CSV UTF-8 or XLSX",
            zh="文本编码既非 UTF-8 也非 GBK/GB18030；请另存为 CSV UTF-8 或 XLSX",
        )
    )


def _xlsx(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for row in book.worksheets[0].iter_rows(max_row=MOST_ROWS + 2, max_col=200, values_only=True):
            yield [_text(cell) for cell in row]
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise Refused(
            reason("pages.sheet-xlsx", en="This is no XLSX ({error})", zh="不是有效的 XLSX（{error}）", error=error)
        ) from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") if (cell.hour or cell.minute) else cell.strftime("%Y-%m-%d")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def proposed(book: Book, columns: Sequence[str]) -> dict[str, str]:
    """Return for each field the column that bears its name in either language."""
    found = {}
    for name in book.field_names:
        names = {name} | {_label(book, name, language) for language in ("zh-hans", "en")}
        found[name] = next((each for each in columns if each.strip().lower() in {n.lower() for n in names}), "")
    return found


def _label(book: Book, name: str, language: str) -> str:
    with translation.override(language):
        return str(book.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def bring_in(book: Book, sheet: Sheet, mapping: dict[str, str], *, reader: User) -> tuple[list[Any], list[RefusedRow]]:
    """Enter every row that can be, each by its own deed; return what was entered and what was refused."""
    entered: list[Any] = []
    refused: list[RefusedRow] = []
    places = {name: sheet.columns.index(column) for name, column in mapping.items() if column}
    for number, cells in enumerate(sheet.rows, start=2):
        try:
            data = {name: translated(book, name, cells[place]) for name, place in places.items()}
            form = row_form(book, reader=reader, row=None, data=data)
            if not form.is_valid():
                why = [
                    f"{form.fields[name].label if name in form.fields else ''}: {'; '.join(map(str, each))}"
                    for name, each in form.errors.items()
                ]
                refused.append(RefusedRow(number=number, cells=cells, why=tuple(why)))
                continue
            entered.append(enter(book, reader, form.cleaned_data))
        except Refused as error:
            refused.append(RefusedRow(number=number, cells=cells, why=tuple(str(each) for each in error.reasons)))
        except ValidationError as error:
            refused.append(RefusedRow(number=number, cells=cells, why=tuple(error.messages)))
    return entered, refused


def translated(book: Book, name: str, text: str) -> Any:
    """Return a cell as the form takes it: choices named in either language, rows by number or name, dates."""
    column: Any = book.model._meta.get_field(name)
    text = text.strip()
    if column.choices:
        return _choice(column, text)
    if column.is_relation:
        return _row(column, text)
    if isinstance(column, models.BooleanField):
        return _truth(text)
    if isinstance(column, models.DateField) and not isinstance(column, models.DateTimeField):
        return next((day.isoformat() for day in (_day(text, form) for form in DATES) if day), text)
    return text


def _truth(text: str) -> str:
    if text.lower() in YES:
        return "on"
    refuse_if(
        text.lower() not in NO,
        "pages.sheet-truth",
        en="“{given}” is neither yes nor no",
        zh="「{given}」不是 是/否",
        given=text,
    ).insist()
    return ""


def _day(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _choice(column: Any, text: str) -> str:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            for value, label in column.choices:
                if text.lower() in {str(value).lower(), *_names(str(label).lower())}:
                    return str(value)
    return str(ALSO.get((column.model._meta.label_lower, column.name), {}).get(text, text))


def _names(label: str) -> set[str]:
    """Return what a choice may be called: as it stands, and without what stands in brackets."""
    return {label, label.split("（", maxsplit=1)[0].strip(), label.split(" (", maxsplit=1)[0].strip()}


def _row(column: Any, text: str) -> str:
    """Return the key of the one standing row that a text names."""
    if not text:
        return ""
    model = column.related_model
    names = {each.name for each in model._meta.fields}
    for key in NATURAL_KEYS:
        if key in names:
            rows = list(model.objects.filter(**{key: text}).values_list("pk", flat=True)[:2])
            if len(rows) == 1:
                return str(rows[0])
    raise Refused(
        reason(
            "pages.sheet-no-such-row",
            en="{kind} “{given}” is not on record, or not the only one",
            zh="{kind}「{given}」不在册或不唯一",
            kind=model._meta.verbose_name,
            given=text,
        )
    )


class SheetForm(forms.Form):
    """A spreadsheet to bring in."""

    sheet = forms.FileField(
        label=both("Spreadsheet", "表格文件"),
        help_text=both(
            "CSV (UTF-8 or GBK) or XLSX; the first row names the columns", "CSV（UTF-8 或 GBK）或 XLSX，首行为列名"
        ),
    )


@page("GET", "HEAD", "POST")
def bring_sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a spreadsheet for a book."""
    book, reader = _writable(request, slug), reader_of(request)
    form = SheetForm(request.POST or None, request.FILES or None)
    reasons: Sequence[Any] = ()
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["sheet"].read(MOST_BYTES + 1)
        try:
            refuse_if(
                len(content) > MOST_BYTES,
                "pages.sheet-large",
                en="The file is larger than 10 MB",
                zh="文件超过 10 MB",
            ).insist()
            read_sheet(content)
        except Refused as refused:
            reasons = refused.reasons
        else:
            kept = keep_bytes(content, name=f"{book.slug}-{reader.pk}", media_type=SHEET)
            return redirect("map-sheet", slug=slug, number=kept.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "sheets/bring.html", {"book": book, "form": form, "reasons": reasons}, status=status)


@page("GET", "HEAD", "POST")
def map_sheet(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Say which column is which field; enter the rows; report each that was refused."""
    book, reader = _writable(request, slug), reader_of(request)
    kept = StoredFile.objects.filter(pk=number, media_type=SHEET, name=f"{slug}-{reader.pk}").first()
    if kept is None:
        raise Http404
    sheet = read_sheet(path_of(kept.sha256).read_bytes())
    if request.method == "POST":
        mapping = {name: request.POST.get(f"column-{name}", "") for name in book.field_names}
        mapping = {name: column for name, column in mapping.items() if column in sheet.columns}
        entered, refused = bring_in(book, sheet, mapping, reader=reader)
        shown = {"book": book, "entered": entered, "refused": refused, "sheet": sheet}
        return render(request, "sheets/report.html", shown)
    guess = proposed(book, sheet.columns)
    form = row_form(book, reader=reader, row=None)
    fields = [
        {"name": name, "label": form.fields[name].label, "required": form.fields[name].required, "column": guess[name]}
        for name in book.field_names
        if name in form.fields
    ]
    return render(
        request, "sheets/map.html", {"book": book, "sheet": sheet, "fields": fields, "sample": sheet.rows[:5]}
    )


def _writable(request: HttpRequest, slug: str) -> Book:
    book = book_for(request, slug)
    if not book.can_enter:
        raise Http404(slug)
    book.may_write(reader_of(request)).insist()
    return book

"""Script, SQL and nonsense in every field: shown as text, kept as text, or refused; never run, never a fault."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.utils.html import escape

from clinic.cases import a_case, a_signed_case
from trocar_clinic.accounts.models import Role
from trocar_clinic.pages.forms import row_form
from trocar_clinic.records.books import Book, all_books

SCRIPT = "<script>alert(1)</script>"
SQL = "'; DROP TABLE records_auditentry; --"
NASTY = (f"{SCRIPT}{SQL}", "\x00\x01", "\u202e𠮷🧪", "9" * 400, "-1", "NaN", "0001-01-01")
ACCOUNTS = {
    Role.PHYSICIAN: "operator",
    Role.PHYSICIST: "physicist",
    Role.NURSE: "nurse",
    Role.SAFETY: "safety",
    Role.AFFAIRS: "affairs",
}


def writer_of(book: Book) -> str:
    return next(name for role, name in ACCOUNTS.items() if role in book.writers)


@pytest.mark.parametrize("nasty", NASTY)
def test_every_form_takes_or_refuses_anything(
    house: Any, now: Any, client_of: Callable[[str], Client], nasty: str
) -> None:
    a_signed_case(house, now)
    clients = {name: client_of(name) for name in ACCOUNTS.values()}
    for book in (each for each in all_books().values() if each.can_enter):
        fields = row_form(book, reader=house.accounts[writer_of(book)], row=None).fields
        data = {name: _filled(field, nasty) for name, field in fields.items() if not isinstance(field, forms.FileField)}
        answer = clients[writer_of(book)].post(f"/records/{book.slug}/new/", data)
        assert answer.status_code in {302, 409, 422}, f"{book.slug}: {answer.status_code}"
        assert SCRIPT not in answer.content.decode()
    assert "records_auditentry" in connection.introspection.table_names()


def _filled(field: forms.Field, nasty: str) -> object:
    """Return a value that lets the nasty text through where it can: the first choice, else the text."""
    if isinstance(field, forms.ModelChoiceField):
        first = field.queryset.first() if field.queryset is not None else None
        return first.pk if first else nasty
    if isinstance(field, forms.ChoiceField):
        return next((value for value, _ in field.choices if value), nasty)
    if isinstance(field, forms.DateField) and not nasty.startswith(("0001", "9999")):
        return "2024-05-06"
    return nasty


@pytest.mark.parametrize("account", ["affairs", "operator"])
def test_script_in_every_text_is_shown_as_text(
    house: Any, now: Any, client_of: Callable[[str], Client], account: str
) -> None:
    a_case(house, now, name=SCRIPT, contact=SCRIPT)
    client = client_of(account)
    for address in (
        "/today/",
        "/search/?q=%3Cscript%3E",
        "/records/patients/",
        "/records/patients/1/",
        "/records/cases/",
        "/records/cases/1/",
    ):
        content = client.get(address).content.decode()
        assert SCRIPT not in content, address
        if address == "/records/patients/":
            assert escape(SCRIPT) in content, "the name is shown as it was entered, not with parts left out"


@pytest.mark.parametrize("query", [SQL, "%", "_", "\\", "(((", "\x00", "a" * 5000, "' OR 1=1 --"])
def test_search_and_filters_take_anything(house: Any, client_of: Callable[[str], Client], query: str) -> None:
    client = client_of("affairs")
    for address in ("/search/", "/records/staff/", "/records/equipment/", "/trail/"):
        for name in ("q", "kind", "page"):
            assert client.get(address, {name: query}).status_code == 200, (address, name)


def test_a_formula_in_a_spreadsheet_is_defused(house: Any, now: Any, client_of: Callable[[str], Client]) -> None:
    from clinic.cases import a_patient

    a_patient(house, now, name='=HYPERLINK("http://x")')
    text = client_of("nurse").get("/records/patients/spreadsheet/").content.decode()
    assert "'=HYPERLINK" in text


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (b"%PDF-1.7 ...", True),
        (b"\x89PNG\r\n\x1a\n...", True),
        (b"MZ program", False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_a_scan_is_what_its_bytes_say(
    house: Any, client_of: Callable[[str], Client], content: bytes, taken: bool
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from trocar_clinic.institution.models import Licence

    client = client_of("safety")
    data = {
        "kind": "other", "number": "X1", "scope": "x", "issuer": "x", "issued_on": "2024-01-01", "expires_on": "2030-01-01",
        "scan": SimpleUploadedFile("scan.pdf", content, content_type="application/pdf"),
    }  # fmt: skip
    answer = client.post("/records/licences/new/", data)
    assert (answer.status_code == 302) is taken
    if taken:
        licence = Licence.objects.get(number="X1")
        back = client.get(f"/records/licences/{licence.pk}/file/scan/")
        assert back.content == content
        assert "sandbox" in back["Content-Security-Policy"]

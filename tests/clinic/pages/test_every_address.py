"""Every address as every role and as nobody: what may not be opened is not, and nothing fails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from clinic.conftest import ACCOUNT_OF
from clinic.theatre import a_performed_case
from trocar_clinic.accounts.models import SEES_CASES, Role
from trocar_clinic.records.books import Book, all_books

FOR_NOBODY = ("account/", "language/", "welcome/", "api/")
ALLAUTH_AND_API = ("account/", "api/")


def patterns(resolver: Any = None, prefix: str = "") -> list[str]:
    """Return every address pattern of the application."""
    found = []
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            found += patterns(each, prefix + str(each.pattern))
        elif isinstance(each, URLPattern):
            found.append(prefix + str(each.pattern))
    return found


def addresses_of(book: Book, number: int) -> list[str]:
    here = f"/records/{book.slug}/"
    rows = ["", "correct/", "void/", "history/", *(f"do/{deed.name}/" for deed in book.deeds)]
    return [here, f"{here}new/", f"{here}bring/", f"{here}spreadsheet/", *(f"{here}{number}/{each}" for each in rows)]


ADMINISTRATORS, AUDITORS = {Role.ADMINISTRATOR}, {Role.ADMINISTRATOR, Role.AFFAIRS}
FURTHER: dict[str, set[Role]] = {
    "accounts/": ADMINISTRATORS,
    "accounts/new/": ADMINISTRATORS,
    "accounts/<int:number>/": ADMINISTRATORS,
    "custody/ledger/": set(Role),
    "monitors/": set(SEES_CASES),
    "trail/": AUDITORS,
    "welcome/<str:word>/": set(),
    "quality/": set(SEES_CASES),
    "quality/check/": set(SEES_CASES),
    "quality/self-assessments/": set(SEES_CASES),
}
"""Pages that are no books, with who may open them."""

KNOWN = {
    "", "today/", "search/", "language/", "records/<slug:slug>/", "records/<slug:slug>/new/", "records/<slug:slug>/spreadsheet/",
    "records/<slug:slug>/<int:number>/", "records/<slug:slug>/<int:number>/correct/", "records/<slug:slug>/<int:number>/void/",
    "records/<slug:slug>/<int:number>/history/", "records/<slug:slug>/<int:number>/do/<slug:name>/",
    "records/<slug:slug>/<int:number>/file/<slug:name>/",
    "workspace/<int:number>/", *(f"workspace/<int:number>/{each}" for each in ("scene", "state", "save", "saving", "worth")),
    "workspace/<int:number>/worth/try",
    *(f"workspace/<int:number>/{each}/<str:plane>/<int:index>" for each in ("picture", "outlines")),
    "results/<int:number>/", "results/<int:number>/<path:name>", "sheets/<slug:name>/<int:number>/",
    "sheets/<slug:name>/<int:number>/<slug:language>.pdf",
    "records/<slug:slug>/bring/", "records/<slug:slug>/bring/<int:number>/",
    "quality/take/", "quality/self-assessments/<int:number>/sign/", "quality/self-assessments/<int:number>/<str:name>/",
    "quality/of/<slug:slug>/", "quality/of/<slug:slug>/<str:key>/", "quality/of/<slug:slug>/<str:key>/<slug:kind>.svg",
    "quality/of/<slug:slug>/cases/", "quality/of/<slug:slug>/ability/", "quality/of/<slug:slug>/survival.svg",
    "quality/cases/<int:number>/", "quality/self-assessments/<int:number>/sign-off/",
    *(pattern for pattern in FURTHER),
}  # fmt: skip


def test_every_address_is_known_to_this_walk() -> None:
    own = {each for each in patterns() if not each.startswith(ALLAUTH_AND_API)}
    assert own == KNOWN, "add the new address to the walk below"


def test_nobody_gets_anywhere_without_signing_in(db: None) -> None:
    for pattern in patterns():
        if pattern.startswith(FOR_NOBODY):
            continue
        address = "/" + pattern.replace("<slug:slug>", "cases").replace("<int:number>", "1").replace(
            "<str:word>", "x"
        ).replace("<slug:name>", "x").replace("<str:key>", "x").replace("<slug:kind>", "months").replace(
            "<str:name>", "x"
        ).replace("<path:name>", "x").replace("<slug:language>", "zh").replace("<str:plane>", "transverse").replace(
            "<int:index>", "1"
        )
        for answer in (Client().get(address), Client().post(address)):
            assert answer.status_code in {301, 302, 405}, address
            assert answer.status_code == 405 or answer["Location"].startswith(("/account/login/", "/today/")), address


def test_the_interface_answers_nobody(db: None) -> None:
    assert {Client().get(f"/api/{each}").status_code for each in ("cases", "cases/1")} == {401}


@pytest.mark.parametrize("role", list(Role))
def test_every_address_as_a_role(role: Role, house: Any, now: Any, client_of: Callable[[str], Client]) -> None:
    a_performed_case(house)
    client = client_of(ACCOUNT_OF[role])
    assert client.get("/custody/ledger/?on=2026-03-06").status_code == 200
    wrong = {}
    for pattern, readers in FURTHER.items():
        if readers:
            address = "/" + pattern.replace("<int:number>", str(house.accounts["nurse"].pk))
            status = client.get(address).status_code
            if status != (200 if role in readers else 403):
                wrong[address] = status
    for book in all_books().values():
        row = book.model.objects.order_by("pk").first()
        for address in addresses_of(book, row.pk if row else 1):
            status = client.get(address).status_code
            if status not in allowed(book, role, address, exists=row is not None):
                wrong[address] = status
    assert wrong == {}


def allowed(book: Book, role: Role, address: str, *, exists: bool) -> set[int]:
    """Return the answers that are right for a role, from what the book declares."""
    last = address.removesuffix("/").rsplit("/", 1)[-1]
    if role not in book.readers:
        return {403}
    if last in {"new", "bring"}:
        return {404} if not book.can_enter else {200} if role in book.writers else {403}
    if not exists and last not in {book.slug, "spreadsheet"}:
        return {403, 404}
    if last in {"correct", "void"}:
        return {404} if not book.can_correct else {200} if role in book.writers else {403}
    if "/do/" in address:
        deed = next(each for each in book.deeds if each.name == last)
        return {200} if role in deed.doers else {403}
    return {200}


@pytest.mark.parametrize("role", list(Role))
def test_an_account_without_a_role_or_closed_gets_nowhere(role: Role, team: Any) -> None:
    user = team.accounts[ACCOUNT_OF[role]]
    user.groups.clear()
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert {client.get(each).status_code for each in ("/today/", "/search/?q=a", "/records/cases/")} == {403}


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(method: str, client_of: Callable[[str], Client]) -> None:
    client = client_of("admin")
    assert getattr(client, method)("/records/rooms/").status_code == 405
    assert client.post("/today/").status_code == 405


@pytest.mark.parametrize("address", ["/records/nothing/", "/records/rooms/99999999999999999999/", "/records/rooms/0/"])
def test_what_is_not_there_is_not_found(address: str, client_of: Callable[[str], Client]) -> None:
    assert client_of("admin").get(address).status_code == 404


def test_a_change_without_the_token_is_refused(team: Any, client_of: Callable[[str], Client]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(team.accounts["affairs"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/records/departments/new/", {"name": "x", "beds": 1, "tumour_beds": 0}).status_code == 403


def test_no_page_may_load_anything_from_elsewhere(client_of: Callable[[str], Client]) -> None:
    answer = client_of("admin").get("/today/")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["Cache-Control"]) == ("DENY", "no-store")

"""A list asks the database as often for many rows as for few: the time of a page grows with what is on it, not faster."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import a_released_lot, a_started_case, finished, implanted
from trocar_clinic.followup import actions as followup
from trocar_clinic.followup.models import LesionMeasurement
from trocar_clinic.patients.models import Case
from trocar_clinic.records.actions import record
from trocar_clinic.records.books import all_books

MOST_OF_A_LIST = 25
MOST_OF_A_PAGE = 90
"""Bounds on the work of any page; benchmarks/record.py measures the time."""


def questions(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200, address
    return len(asked)


def lists(client: Client) -> dict[str, int]:
    return {slug: questions(client, f"/records/{slug}/") for slug in all_books()}


def another_case(team: Any, number: int) -> None:
    """Perform and follow a case, and leave one with a signed plan."""
    procedure, nurse, now = a_started_case(team), team.accounts["nurse"], timezone.now()
    implanted(team, procedure, a_released_lot(team, number=f"L{number}"), 37)
    finished(team, procedure)
    case = Case.objects.get(pk=procedure.case_id)
    case = followup.begin_unverified(case, actor=team.accounts["operator"], at=now, why="患者未返院")
    seen = {"case": case, "seen_on": date(2026, 4, 4), "way": "clinic", "seen_by": team.staff["nurse"], "alive": True}
    judged = {"local_control": "controlled", "response": "SD", "criterion": "RECIST 1.1"}
    visit = followup.see(actor=nurse, at=now, values={**seen, **judged})
    measured = {"visit": visit, "lesion": case.lesions.get(), "longest_mm": "37.0"}
    record(LesionMeasurement, actor=nurse, at=now, values=measured)
    a_signed_case(team, now)


def test_no_list_asks_once_more_for_each_row(house: Any, client_of: Callable[[str], Client]) -> None:
    client = client_of("affairs")
    another_case(house, 1)
    lists(client)  # what is asked once for a process
    before = lists(client)
    for number in (2, 3, 4):
        another_case(house, number)
    after = lists(client)
    assert {slug: (before[slug], after[slug]) for slug in after if after[slug] > before[slug]} == {}
    assert {slug: n for slug, n in after.items() if n > MOST_OF_A_LIST} == {}


def test_no_page_asks_more_than_its_bound(house: Any, client_of: Callable[[str], Client]) -> None:
    for number in (1, 2):
        another_case(house, number)
    client = client_of("affairs")
    pages = ["/today/", "/search/?q=示例", "/custody/ledger/", "/monitors/"]
    for book in all_books().values():
        row = book.model.objects.order_by("pk").first()
        if row is not None and book.may_read(house.accounts["affairs"]).allowed:
            pages += [f"/records/{book.slug}/{row.pk}/", f"/records/{book.slug}/{row.pk}/history/"]
    asked = {page: questions(client, page) for page in pages}
    assert {page: n for page, n in asked.items() if n > MOST_OF_A_PAGE} == {}

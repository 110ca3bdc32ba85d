"""Sheets printed from the record: the discharge card of a case, labels of vessels; to whom, and in which words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clinic.cases import a_case
from clinic.theatre import a_performed_case
from trocar_clinic.custody.models import SeedMove
from trocar_clinic.custody.papers import Transport
from trocar_clinic.custody.places import Move
from trocar_clinic.demonstration.drawn import stroke
from trocar_clinic.demonstration.store import a_lot
from trocar_clinic.records.files import path_of


def test_the_discharge_card_says_what_the_ledger_says(house: Any, client_of: Callable[[str], Client]) -> None:
    case = a_performed_case(house)
    page = client_of("nurse").get(f"/sheets/discharge/{case.pk}/").content.decode()
    assert "出院告知卡" in page
    assert "<dd>37</dd>" in page
    assert case.patient.name in page
    assert f"/sheets/discharge/{case.pk}/" in client_of("nurse").get(f"/records/cases/{case.pk}/").content.decode()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_given_as_pdf_in_both_languages(house: Any, client_of: Callable[[str], Client], language: str) -> None:
    case = a_performed_case(house)
    answer = client_of("nurse").get(f"/sheets/discharge/{case.pk}/{language}.pdf")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")


def test_before_anything_was_done_there_is_no_card(house: Any, now: Any, client_of: Callable[[str], Client]) -> None:
    case = a_case(house, now)
    assert client_of("nurse").get(f"/sheets/discharge/{case.pk}/").status_code == 404
    assert client_of("nurse").get("/sheets/nothing/1/").status_code == 404
    assert client_of("nurse").get(f"/sheets/discharge/{case.pk}/fr.pdf").status_code == 404


def test_who_sees_no_cases_gets_no_card(house: Any, client_of: Callable[[str], Client]) -> None:
    case = a_performed_case(house)
    assert client_of("admin").get(f"/sheets/discharge/{case.pk}/").status_code == 403


def test_a_label_says_strength_and_count_and_names_no_patient(house: Any, client_of: Callable[[str], Client]) -> None:
    case = a_performed_case(house)
    move = SeedMove.objects.get(kind=Move.ISSUE)
    for address in (f"/sheets/move/{move.pk}/", f"/sheets/lot/{move.lot_id}/"):
        page = client_of("safety").get(address).content.decode()
        assert "放射性 RADIOACTIVE" in page
        assert "mCi" in page
        assert case.patient.name not in page
    assert case.number in client_of("safety").get(f"/sheets/move/{move.pk}/").content.decode()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_consent_prints_with_both_signatures(house: Any, client_of: Callable[[str], Client], language: str) -> None:
    consent = a_performed_case(house).consents.get()
    for file in (consent.signature, consent.physician_signature):
        place = path_of(file.sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(stroke(3.0))
    page = client_of("nurse").get(f"/sheets/consent/{consent.pk}/").content.decode()
    assert "知情同意书" in page
    assert page.count('<img src="/records/consents/') == 2
    assert (
        f"/sheets/consent/{consent.pk}/" in client_of("nurse").get(f"/records/consents/{consent.pk}/").content.decode()
    )
    answer = client_of("nurse").get(f"/sheets/consent/{consent.pk}/{language}.pdf")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert client_of("admin").get(f"/sheets/consent/{consent.pk}/").status_code == 403


def test_a_transport_paper_names_the_category_that_the_rates_ask_for(
    house: Any, now: Any, client_of: Callable[[str], Client]
) -> None:
    a_lot(house, came_at=now - timedelta(days=2), count=30, number="T1")
    transport = Transport.objects.get()
    page = client_of("safety").get(f"/sheets/transport/{transport.pk}/").content.decode()
    assert transport.label in page
    assert "PK-T1" in page
    assert (
        f"/sheets/transport/{transport.pk}/"
        in client_of("safety").get(f"/records/transports/{transport.pk}/").content.decode()
    )

"""Sheets to be printed from the record: on the screen with print styles, and as PDF in both languages."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from trocar_clinic.custody.labels import case_label, lot_label, transport_paper
from trocar_clinic.followup.sheets import discharge_card
from trocar_clinic.pages.doors import book_for, page, row_for
from trocar_clinic.procedures.sheets import consent_paper
from trocar_clinic.records.paper import Sheet, sheet_pdf

SHEETS: dict[str, tuple[str, Callable[[Any], Sheet | None]]] = {
    "discharge": ("cases", discharge_card),
    "lot": ("lots", lambda lot: lot_label(lot, timezone.now())),
    "move": ("ledger", case_label),
    "transport": ("transports", transport_paper),
    "consent": ("consents", consent_paper),
}
"""Name in the address → the book of its row, and what stands on it."""

LANGUAGES = {"zh": "zh-hans", "en": "en"}


@page()
def sheet(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show a sheet as it will be printed."""
    made, row = _made(request, name, number)
    return render(request, "sheet.html", {"sheet": made, "row": row, "name": name, "number": number})


@page()
def sheet_file(request: HttpRequest, name: str, number: int, language: str) -> HttpResponse:
    """Give a sheet as PDF."""
    if language not in LANGUAGES:
        raise Http404(language)
    with translation.override(LANGUAGES[language]):
        made, _ = _made(request, name, number)
        content = sheet_pdf(made, made_at=timezone.localtime().replace(tzinfo=None, microsecond=0))
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}-{number}-{language}.pdf"'
    return answer


def _made(request: HttpRequest, name: str, number: int) -> tuple[Sheet, Any]:
    slug, maker = SHEETS.get(name, ("", lambda row: None))
    if not slug:
        raise Http404(name)
    row = row_for(request, book_for(request, slug), number)
    made = maker(row)
    if made is None:
        raise Http404(name)
    return made, row

"""Today's page: what is late, due, unsigned, unverified and expiring, for the roles of the reader."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from trocar_clinic.accounts.models import User
from trocar_clinic.pages.books import matching
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.pages.shelf import reminders
from trocar_clinic.records.books import Urgency, all_books

HITS_PER_BOOK = 8


@page()
def today(request: HttpRequest) -> HttpResponse:
    """Show what waits for the reader."""
    reader, day = reader_of(request), timezone.localdate()
    due = [each for remind in reminders() for each in remind(reader, day) if each.roles & reader.roles]
    due.sort(key=lambda each: (each.urgency, str(each.kind), str(each.on or "")))
    columns = [(urgency, [each for each in due if each.urgency is urgency]) for urgency in Urgency]
    return render(
        request,
        "today.html",
        {"columns": [(each, _by_kind(rows)) for each, rows in columns], "day": day, "n": len(due)},
    )


def _by_kind(rows: list[Any]) -> list[tuple[str, list[Any]]]:
    return [(kind, list(some)) for kind, some in groupby(rows, key=lambda each: str(each.kind))]


@page()
def search(request: HttpRequest) -> HttpResponse:
    """Search every book that the reader may open."""
    terms = request.GET.get("q", "").split()
    found = [(book, rows) for book, rows in _found(reader_of(request), terms) if rows] if terms else []
    return render(request, "search.html", {"found": found, "query": " ".join(terms)})


def _found(reader: User, terms: list[str]) -> list[tuple[Any, list[Any]]]:
    hits = []
    for book in all_books().values():
        if book.search and book.may_read(reader).allowed:
            rows = book.model.objects.visible_for(reader)
            for term in terms:
                rows = rows.filter(matching(book, term))
            hits.append((book, list(book.fetched(rows)[:HITS_PER_BOOK])))
    return hits


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages and go back to where the reader was."""
    wanted = request.POST.get("language", "")
    back = request.POST.get("back", "/")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    answer = redirect(back if safe else "/")
    if wanted in dict(settings.LANGUAGES):
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 86400, samesite="Lax", httponly=True)
    return answer

"""The page of the seed ledger."""

from datetime import date, datetime, time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from trocar_clinic.custody.queries import SHOWN, gaps, ledger
from trocar_clinic.pages.doors import page


@page()
def seed_ledger(request: HttpRequest) -> HttpResponse:
    """Show where every seed was on a day, and where the ledger does not balance."""
    at = _asked(request.GET.get("on", ""))
    lines = ledger(at)
    shown = {
        "at": at,
        "lines": lines,
        "places": SHOWN,
        "sums": [sum(dict(line.places)[place] for line in lines) for place in SHOWN],
        "received": sum(line.received for line in lines),
        "held_mci": sum(line.held_mci or 0.0 for line in lines),
        "gaps": gaps(at),
    }
    return render(request, "custody/ledger.html", shown)


def _asked(text: str) -> datetime:
    """Return the end of the day asked for, or now."""
    try:
        day: date | None = parse_date(text)
    except ValueError:
        day = None
    now = timezone.now()
    return min(now, timezone.make_aware(datetime.combine(day, time.max))) if day else now

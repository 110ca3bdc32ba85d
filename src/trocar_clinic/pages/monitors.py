"""The page of monitors: which are connected, and what came from them lately."""

from typing import Any

from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trocar_clinic.accounts.models import SEES_CASES
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.procedures.connections import MonitorConnection, MonitorMessage

SHOWN = 100


@page(readers=SEES_CASES)
def monitors(request: HttpRequest) -> HttpResponse:
    """Show connected monitors and the latest messages, of one verdict if asked."""
    mine = MonitorConnection.objects.visible_for(reader_of(request)).standing()
    messages = MonitorMessage.objects.filter(Q(connection=None) | Q(connection__in=mine))
    verdict = request.GET.get("verdict", "")
    if verdict in MonitorMessage.Verdict.values:
        messages = messages.filter(verdict=verdict)
    shown: dict[str, Any] = {
        "connected": mine.filter(disconnected_at=None)
        .select_related("monitor", "procedure__case")
        .annotate(last_at=Max("messages__received_at")),
        "sent": messages.select_related("monitor", "connection__procedure__case").order_by("-pk")[:SHOWN],
        "verdicts": MonitorMessage.Verdict.choices,
        "verdict": verdict,
    }
    return render(request, "procedures/monitors.html", shown)

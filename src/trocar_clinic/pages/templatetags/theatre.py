"""What pages of consent, procedures and seeds show: ticked items, vital signs as a chart, seeds of a case."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone

from trocar_clinic.institution.staff import Technique
from trocar_clinic.procedures.questions import Questions, consent_items, time_out_items
from trocar_clinic.procedures.reconciliation import reconciled
from trocar_clinic.procedures.vitals import Channel, Coverage, VitalStream, coverage, standing_streams

register = template.Library()

WIDTH, LEFT, PANEL, BETWEEN, FOOT = 960, 150, 64, 12, 26
MOST_POINTS = 400
DOTS_BELOW = 60


@register.filter
def words(text: str) -> list[str]:
    """Split at spaces."""
    return text.split()


def _ticked(questions: Questions, answers: dict[str, bool]) -> list[tuple[Any, bool]]:
    return [(each.text, bool(answers.get(each.key))) for each in questions.items]


@register.filter
def told_items(consent: Any) -> list[tuple[Any, bool]]:
    """Return what was to be told and whether it was."""
    return _ticked(consent_items(Technique(consent.case.technique)), consent.items)


@register.filter
def checked_items(time_out: Any) -> list[tuple[Any, bool]]:
    """Return what was to be checked and whether it was."""
    return _ticked(time_out_items(Technique(time_out.case.technique)), time_out.items)


@register.inclusion_tag("procedures/reconciliation.html")
def reconciliation(case: Any, seen: int | None = None) -> dict[str, Any]:
    """Show every count of the seeds of a case, and what does not fit."""
    lines = reconciled(case, seen=seen if isinstance(seen, int) else None)
    return {"lines": lines, "differs": any(line.differs for line in lines), "case": case}


@register.inclusion_tag("procedures/vitals.html")
def vital_chart(procedure: Any) -> dict[str, Any]:
    """Draw the five channels over the time of a procedure, gaps shaded."""
    streams = standing_streams(procedure)
    if not streams:
        return {"panels": []}
    start, end = procedure.started_at, procedure.ended_at or timezone.now()
    span = max((end - start).total_seconds(), 1.0)
    covered = coverage(procedure)

    def across(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - 60) * (at - start).total_seconds() / span, 1)

    panels = [
        _panel(each, [stream for stream in streams if stream.channel == each.channel], place, across)
        for place, each in enumerate(covered)
    ]
    height = len(panels) * (PANEL + BETWEEN) + FOOT
    ticks = [
        (across(start + part * (end - start) / 4), f"{timezone.localtime(start + part * (end - start) / 4):%H:%M}")
        for part in range(5)
    ]
    gaps = [(each.channel.label, a, b) for each in covered for a, b in each.gaps]
    return {
        "panels": panels,
        "width": WIDTH,
        "height": height,
        "left": LEFT,
        "inner": WIDTH - LEFT - 60,
        "ticks": ticks,
        "gaps": gaps,
    }


def _panel(covered: Coverage, streams: Sequence[VitalStream], place: int, across: Any) -> dict[str, Any]:
    rows = sorted((stream.first_at + _seconds(row[0]), row[1:]) for stream in streams for row in stream.samples)
    rows = rows[:: max(1, len(rows) // MOST_POINTS)]
    values = [value for _, some in rows for value in some] or [0.0, 1.0]
    low, high = min(values), max(values)
    room = (high - low) or 1.0

    def up(value: float) -> float:
        return round(PANEL - 4 - (PANEL - 8) * (value - low) / room, 1)

    columns = 2 if covered.channel is Channel.PRESSURE else 1
    lines = [
        " ".join(f"{across(at)},{up(some[column])}" for at, some in rows if len(some) > column)
        for column in range(columns)
    ]
    dots = [(across(at), up(value)) for at, some in rows for value in some] if len(rows) <= DOTS_BELOW else []
    gaps = [(across(a), round(across(b) - across(a), 1)) for a, b in covered.gaps]
    share = f"{100 * covered.share:.0f}"
    shown = {"low": f"{low:g}", "high": f"{high:g}"} if rows else {"low": "", "high": ""}
    return {
        "top": place * (PANEL + BETWEEN),
        "height": PANEL,
        "name": covered.channel.label,
        "lines": lines,
        "dots": dots,
        "gaps": gaps,
        "share": share,
        "whole": covered.whole,
        **shown,
    }


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)

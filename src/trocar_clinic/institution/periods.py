"""Rows that hold for a time: when they end, and that they end after they begin."""

from datetime import date

from django.core.exceptions import ValidationError

from trocar_clinic.language import both

WARNED_DAYS = 90
"""How long before its end something is told of on today's page."""


def must_follow(first: date | None, second: date | None, name: str) -> None:
    """Refuse a period that ends before it begins."""
    if first and second and second < first:
        raise ValidationError(
            {name: both("This is before the beginning of the period", "结束日期早于开始日期")}, code="order"
        )

"""Dates and times of day: DA, TM and DT."""

import re
from datetime import date, datetime, time

_DATE = re.compile(r"(\d{4})([.-]?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?)?")


def date_from_text(text: str) -> date | None:
    """Return the date of ``YYYYMMDD``, or of the older ``YYYY.MM.DD``; None if it is none.

    Examples
    --------
    >>> date_from_text("20170302"), date_from_text("20171302")
    (datetime.date(2017, 3, 2), None)
    """
    found = _DATE.fullmatch(text.strip(" \0"))
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def time_from_text(text: str) -> time | None:
    """Return the time of ``HHMMSS.FFFFFF`` or a beginning of it; None if it is none.

    Examples
    --------
    >>> time_from_text("0727"), time_from_text("072731.5"), time_from_text("noon")
    (datetime.time(7, 27), datetime.time(7, 27, 31, 500000), None)
    """
    found = _TIME.fullmatch(text.strip(" \0"))
    if not found:
        return None
    second = min(int(found[3] or 0), 59)  # a leap second, 60, has no place in `datetime.time`
    try:
        return time(int(found[1]), int(found[2] or 0), second, int((found[4] or "").ljust(6, "0")))
    except ValueError:
        return None


def datetime_from_text(text: str) -> datetime | None:
    """Return the local date and time of ``YYYYMMDDHHMMSS.FFFFFF&ZZXX``, its zone left off; None if it is none."""
    local = re.sub(r"[+-]\d{4}$", "", text.strip(" \0"))
    day, clock = date_from_text(local[:8]), time_from_text(local[8:]) if local[8:] else time()
    return None if day is None or clock is None else datetime.combine(day, clock)


def date_text(day: date) -> str:
    """Return a date as DA."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def time_text(clock: time | datetime) -> str:
    """Return a time of day as TM, to the microsecond where it has one."""
    whole = f"{clock.hour:02d}{clock.minute:02d}{clock.second:02d}"
    return f"{whole}.{clock.microsecond:06d}" if clock.microsecond else whole

"""Reporting periods: first and last day, both counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from trocar.errors import DepartmentError
from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period(Value):
    """A reporting period.

    Parameters
    ----------
    first, last
        Days, both within.

    Raises
    ------
    DepartmentError
        The last day is before the first.

    Examples
    --------
    >>> Period(first=date(2022, 5, 1), last=date(2023, 4, 30)).days
    365
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise DepartmentError(
                "department.period-backwards",
                "the period ends on {last}, before it begins on {first}; give the earlier day first",
                first=self.first.isoformat(),
                last=self.last.isoformat(),
            )

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def text(self) -> str:
        """As printed: both days."""
        return f"{self.first.isoformat()} – {self.last.isoformat()}"

    @property
    def year_before(self) -> "Period":
        """The period of equal length that ends the day before this one begins."""
        last = self.first - timedelta(days=1)
        return Period(first=last - timedelta(days=self.days - 1), last=last)

    def overlap(self, first: date, last: date | None) -> "Period | None":
        """Return the part that lies between two days, the last of which may be open; None for none."""
        begin = max(self.first, first)
        end = self.last if last is None else min(self.last, last)
        return Period(first=begin, last=end) if begin <= end else None

    def months(self) -> Iterator["Period"]:
        """Yield the calendar months in it, the first and last cut to it."""
        begin = self.first
        while begin <= self.last:
            following = (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
            yield Period(first=begin, last=min(self.last, following - timedelta(days=1)))
            begin = following

"""Stretches of time as reports name them: 2022年5月-2023年5月, 近五年, 5年以上, 2022年度, 自2018年以来."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from trocar.assess.numbers import NUMBER, number_of

_DAY = (
    r"(?P<{0}y>20\d\d)\s*(?:年|[./-])\s*(?:(?P<{0}m>\d{{1,2}})"
    r"(?:\s*月\s*(?:(?P<{0}d>\d{{1,2}})\s*[日号])?|\s*[./-]\s*(?P<{0}e>\d{{1,2}})(?!\d)\s*[日号]?)?)?"
)
_TO = r"\s*(?:-|—+|–|~|至|到|──)\s*"
_FROM_TO = re.compile(_DAY.format("a") + r"\s*(?:起|初|底|末)?" + _TO + _DAY.format("b"))
_YEARS = re.compile(r"(?P<a>20\d\d)" + _TO + r"(?P<b>20\d\d)\s*年?(?!\s*[./年\-]\s*\d)")
_SAME_YEAR = re.compile(r"(?P<y>20\d\d)\s*(?:年|[./-])\s*(?P<m1>\d{1,2})\s*月?" + _TO + r"(?P<m2>\d{1,2})\s*月")
_QUARTER = re.compile(r"(?:(?P<y>20\d\d)\s*年)?第?(?P<q>[一二三四1-4])季度")
_ONE_YEAR = re.compile(
    r"(?P<y>20\d\d)\s*年(?!第?[一二三四1-4]季|\s*\d|\s*版|以来|起|开始|至今)(?:度|全年|内|间)?(?P<half>上半年|下半年)?"
)
_ONE_MONTH = re.compile(r"(?P<y>20\d\d)\s*年\s*(?P<m>\d{1,2})\s*月(?!\s*\d)")
_SINCE = re.compile(
    r"(?:自|从)?\s*(?P<y>20\d\d)\s*年\s*(?:(?P<m>\d{1,2})\s*月)?[^，。；]{0,12}?(?:以来|至今|起至今|开始至今)|[自从]\s*(?P<y2>20\d\d)\s*年\s*(?:(?P<m2>\d{1,2})\s*月)?(?:起|开始)(?!草)"
)
_LAST_YEARS = re.compile(rf"(?:近|过去|最近|前)\s*(?P<n>{NUMBER})\s*(?:个)?年(?:来|间|内|中)?")
_OVER_YEARS = re.compile(rf"(?P<n>{NUMBER})\s*(?:余年|多年|年以上|年余|年多|年来)")

SINCE_MONTHS = 999
"""Length of a stretch that only began: longer than any other."""
_TO_DATE = re.compile(r"(?:截[至止]|到)目前(?:为止)?|迄今(?:为止)?|(?<!开展)(?<![日月年])至今")
_A_YEAR = re.compile(
    r"(?<!\d)(?:去年|今年|上年度|本年度|上一年度?)(?:全年|一年|以来)?|(?<![近年\d一二三四五六七八九十])一年来|(?<!年)全年"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time.

    Parameters
    ----------
    text
        As written.
    start, end
        Days, both within; None where the report gives only a length.
    months
        Its length; for "more than five years" the least.
    begins, ends
        Where it stands in its sentence.
    """

    text: str
    start: date | None
    end: date | None
    months: int
    begins: int
    ends: int

    def same_as(self, other: "Span") -> bool:
        """Whether both may name one stretch: the same days, or the same length where days are not given."""
        if self.start and other.start:
            return (
                abs((self.start - other.start).days) < 20
                and self.end is not None
                and other.end is not None
                and abs((self.end - other.end).days) < 20
            )
        return abs(self.months - other.months) <= 1

    def overlaps(self, other: "Span") -> bool:
        """Whether both share days; lengths that end now share days with everything."""
        if self.start and other.start and self.end and other.end:
            return self.start <= other.end and other.start <= self.end
        return True

    def contains(self, other: "Span") -> bool:
        """Whether the other lies within this one, or is a shorter stretch that ends when this one does."""
        if self.start and other.start and self.end and other.end:
            return self.start <= other.start and other.end <= self.end
        return self.months > other.months


def spans_in(plain: str) -> list[Span]:
    """Return the stretches of time a narrowed text names, the longest reading of each, in order.

    Examples
    --------
    >>> [(each.text, each.months) for each in spans_in("近五年开展130例，其中2022年5月-2023年5月60例")]
    [('近五年', 60), ('2022年5月-2023年5月', 13)]
    """
    taken: list[Span] = []
    for pattern, make in (
        (_FROM_TO, _from_to),
        (_SAME_YEAR, _same_year),
        (_YEARS, _years),
        (_SINCE, _since),
        (_LAST_YEARS, _length),
        (_OVER_YEARS, _length),
        (_QUARTER, _quarter),
        (_ONE_MONTH, _one_month),
        (_ONE_YEAR, _one_year),
        (_TO_DATE, _to_date),
        (_A_YEAR, _a_year),
    ):
        for match in pattern.finditer(plain):
            span = (
                None if any(match.start() < each.ends and each.begins < match.end() for each in taken) else make(match)
            )
            if span is not None:
                taken.append(span)
    return sorted(taken, key=lambda each: each.begins)


def _span(match: re.Match[str], start: date | None, end: date | None, months: int) -> Span:
    return Span(text=match.group().strip(), start=start, end=end, months=months, begins=match.start(), ends=match.end())


def _day(year: str, month: str | None, day: str | None, *, last: bool) -> date | None:
    try:
        if month is None:
            return date(int(year), 12, 31) if last else date(int(year), 1, 1)
        if day is not None:
            return date(int(year), int(month), int(day))
        first = date(int(year), int(month), 1)
    except ValueError:
        return None
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) if last else first


def _between(match: re.Match[str], start: date | None, end: date | None) -> Span | None:
    if start is None or end is None or end < start:
        return None
    return _span(match, start, end, round(((end - start).days + 1) / 30.44))


def _from_to(match: re.Match[str]) -> Span | None:
    start = _day(match["ay"], match["am"], match["ad"] or match["ae"], last=False)
    return _between(match, start, _day(match["by"], match["bm"], match["bd"] or match["be"], last=True))


def _years(match: re.Match[str]) -> Span | None:
    return _between(match, date(int(match["a"]), 1, 1), date(int(match["b"]), 12, 31))


def _same_year(match: re.Match[str]) -> Span | None:
    return _between(
        match, _day(match["y"], match["m1"], None, last=False), _day(match["y"], match["m2"], None, last=True)
    )


def _quarter(match: re.Match[str]) -> Span | None:
    earlier = re.findall(r"(20\d\d)\s*年", match.string[: match.start()])
    year = match["y"] or (earlier[-1] if earlier else None)
    if year is None:
        return _span(match, None, None, 3)
    first = 3 * ("一二三四".index(match["q"]) if match["q"] in "一二三四" else int(match["q"]) - 1) + 1
    return _between(match, _day(year, str(first), None, last=False), _day(year, str(first + 2), None, last=True))


def _one_year(match: re.Match[str]) -> Span | None:
    year = int(match["y"])
    if match["half"]:
        first = match["half"] == "上半年"
        return _between(match, date(year, 1 if first else 7, 1), date(year, 6, 30) if first else date(year, 12, 31))
    return _between(match, date(year, 1, 1), date(year, 12, 31))


def _one_month(match: re.Match[str]) -> Span | None:
    return _between(
        match, _day(match["y"], match["m"], None, last=False), _day(match["y"], match["m"], None, last=True)
    )


def _since(match: re.Match[str]) -> Span | None:
    start = _day(match["y"] or match["y2"], match["m"] or match["m2"], None, last=False)
    return None if start is None else _span(match, start, None, SINCE_MONTHS)


def _to_date(match: re.Match[str]) -> Span | None:
    return _span(match, None, None, SINCE_MONTHS)


def _a_year(match: re.Match[str]) -> Span | None:
    return _span(match, None, None, 12)


def _length(match: re.Match[str]) -> Span | None:
    years = number_of(match["n"])
    return None if years is None or years > 60 else _span(match, None, None, round(12 * years))

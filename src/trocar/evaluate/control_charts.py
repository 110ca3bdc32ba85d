"""Shares over time and over operators, with the limits of chance: p-charts and funnel plots."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt

from scipy.stats import binom

from trocar.department.indicators import ChartPoint, ControlChart, FunnelLimit
from trocar.messages import Message

SIGMAS = 3.0
"""Shewhart's limits."""

RUN = 8
"""Points in a row on one side of the centre (Western Electric, rule 4)."""

TREND = 6
"""Points in a row that rise, or fall (Nelson, rule 3)."""

FUNNEL_TAIL = 0.001
"""Each tail beyond the funnel's limits: 99.8 % lie within (Spiegelhalter 2005)."""

Group = tuple[str, int, int]
"""Label, numerator, denominator."""


def p_chart(groups: Sequence[Group]) -> ControlChart:
    """Return shares in order of time, with three-sigma limits about the overall share (Q3).

    Parameters
    ----------
    groups
        Label, numerator and denominator of each stretch of time; empty stretches may be among them.

    References
    ----------
    Montgomery DC. Introduction to Statistical Quality Control, 7th ed., eq. 7.8.
    """
    centre = _overall(groups)
    points = tuple(_limited(group, centre) for group in groups)
    return ControlChart(centre=centre, points=points, remarks=tuple(_patterns(points, centre)))


def _overall(groups: Sequence[Group]) -> float | None:
    whole = sum(of for _, _, of in groups)
    return sum(n for _, n, _ in groups) / whole if whole else None


def _limited(group: Group, centre: float | None) -> ChartPoint:
    label, n, of = group
    if centre is None or of == 0:
        return ChartPoint(label=label, numerator=n, denominator=of, low=None, high=None, outside=False)
    half = SIGMAS * sqrt(centre * (1.0 - centre) / of)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return ChartPoint(label=label, numerator=n, denominator=of, low=low, high=high, outside=not low <= n / of <= high)


def _patterns(points: Sequence[ChartPoint], centre: float | None) -> Iterator[Message]:
    known = [point for point in points if point.share is not None]
    if centre is None:
        return
    outside = [point.label for point in known if point.outside]
    if outside:
        yield Message(
            code="evaluate.chart-outside",
            template="beyond the limits of chance: {labels}",
            data={"labels": ", ".join(outside)},
        )
    sides = [(point.share or 0.0) > centre for point in known if point.share != centre]
    if _longest(sides) >= RUN:
        yield Message(
            code="evaluate.chart-run",
            template="{n} points in a row lie on one side of the centre: the level has shifted",
            data={"n": _longest(sides)},
        )
    rises = [(two.share or 0.0) > (one.share or 0.0) for one, two in pairwise(known) if one.share != two.share]
    if _longest(rises) >= TREND - 1:
        yield Message(
            code="evaluate.chart-trend",
            template="{n} points in a row rise, or fall: there is a trend",
            data={"n": _longest(rises) + 1},
        )


def _longest(values: Sequence[bool]) -> int:
    longest = length = 0
    for place, value in enumerate(values):
        length = length + 1 if place and value == values[place - 1] else 1
        longest = max(longest, length)
    return longest


def funnel(groups: Sequence[Group]) -> ControlChart:
    """Return shares of operators, devices or sites, with the exact limits of chance for their numbers of cases (Q4).

    Parameters
    ----------
    groups
        Label, numerator and denominator of each.

    References
    ----------
    Spiegelhalter DJ. Stat Med 2005;24:1185-1202, doi:10.1002/sim.1970, appendix A.1.1.
    """
    centre = _overall(groups)
    points = []
    for label, n, of in groups:
        low, high = (None, None) if centre is None or of == 0 else funnel_limits(centre, of)
        outside = low is not None and high is not None and not low <= n / of <= high
        points.append(ChartPoint(label=label, numerator=n, denominator=of, low=low, high=high, outside=outside))
    return ControlChart(centre=centre, points=tuple(points), limits=_lines(centre, groups))


def _lines(centre: float | None, groups: Sequence[Group]) -> tuple[FunnelLimit, ...]:
    """Return the lines of a funnel from one case to somewhat beyond the largest group."""
    if centre is None:
        return ()
    most = int(1.2 * max(of for _, _, of in groups)) + 1
    lines = []
    for cases in sorted({max(1, most * step // 60) for step in range(1, 61)}):
        low, high = funnel_limits(centre, cases)
        lines.append(FunnelLimit(cases=cases, low=low, high=high))
    return tuple(lines)


def funnel_limits(share: float, cases: int, *, tail: float = FUNNEL_TAIL) -> tuple[float, float]:
    """Return the limits between which the share of so many cases lies but for chance, interpolated between counts.

    Examples
    --------
    >>> low, high = funnel_limits(0.5, 100, tail=0.025)
    >>> round(low, 3), round(high, 3)
    (0.397, 0.603)
    """
    if share <= 0.0 or share >= 1.0:
        return share, share
    return _lower(share, cases, tail), 1.0 - _lower(1.0 - share, cases, tail)


def _lower(share: float, cases: int, tail: float) -> float:
    count = int(binom.ppf(tail, cases, share))
    reached, before = float(binom.cdf(count, cases, share)), float(binom.cdf(count - 1, cases, share))
    part = (reached - tail) / (reached - before) if reached > before else 0.0
    return max(0.0, (count - part) / cases)

"""Indicators of a period: counted by the norms of their days, with intervals, charts and survival."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from trocar.department.indicators import (
    ControlChart,
    Count,
    IndicatorValue,
    IntervalKind,
    Survival,
)
from trocar.department.norms import IndicatorDefinition, NormPack, Technique
from trocar.department.period import Period
from trocar.department.records import DepartmentRecord, Procedure
from trocar.evaluate.control_charts import Group, funnel, p_chart
from trocar.evaluate.proportions import poisson_interval, small_cells, wilson_interval
from trocar.evaluate.survival import kaplan_meier
from trocar.messages import Message
from trocar.rules.conditions import CHANNELS, KINDS, PLANNERS, QUANTITIES, cases_of, months_after
from trocar.rules.counting import count_indicator
from trocar.rules.norm_choice import Stretch, stretches
from trocar.rules.norm_loading import read_norm, shipped_norms

__all__ = [
    "CHANNELS",
    "KINDS",
    "PLANNERS",
    "QUANTITIES",
    "indicators_of",
    "months_after",
    "read_norm",
    "shipped_norms",
]

SMALLEST_CELL = 5
"""Smallest count that is shown of a single operator, device or site: a convention, none was found in a norm."""

DAYS_PER_MONTH = 30.4375
SURVIVAL_MONTHS = (3.0, 6.0, 12.0, 24.0, 36.0, 60.0)
"""Times at which survival is printed."""


def indicators_of(
    record: DepartmentRecord, *, technique: Technique, period: Period, norms: Sequence[NormPack]
) -> tuple[IndicatorValue, ...]:
    """Return every indicator that the norms of a period ask for; one a stretch where definitions change within it.

    Parameters
    ----------
    record
        The department's record.
    technique
        Seeds or ablation.
    period
        Discharges within it belong.
    norms
        All that are known; those of the record's country and province, and the hospital's own, are used.

    Raises
    ------
    RuleError
        No norm defines indicators for any day of the period.
    """
    parts = stretches(norms, period=period, technique=technique, country=record.country, province=record.province)
    return tuple(
        indicator_value(definition, record, norm=norm, period=part.period)
        for part in parts
        for norm in part.norms
        for definition in norm.indicators
    )


def norms_of_period(*, period: Period, technique: Technique, country: str, province: str) -> tuple[Stretch, ...]:
    """Return a period cut where definitions change, with the norms that come with Trocar and hold in each part.

    Raises
    ------
    RuleError
        No norm defines indicators for any day of the period.
    """
    return stretches(shipped_norms(), period=period, technique=technique, country=country, province=province)


def indicator_value(
    definition: IndicatorDefinition, record: DepartmentRecord, *, norm: NormPack, period: Period
) -> IndicatorValue:
    """Return one indicator with its interval, or the reason why it cannot be computed."""
    if definition.measure is None:
        nothing = Count(
            definition=definition, pack=norm.key, period=period, numerator=0, denominator=0, hits=(), misses=()
        )
        return IndicatorValue(
            count=nothing,
            value=None,
            reason=Message(
                code="indicators.no-definition", template="its definition was not found, so nothing is counted", data={}
            ),
        )
    return value_of(count_indicator(definition, record, pack=norm, period=period))


def value_of(count: Count) -> IndicatorValue:
    """Return the value of a count with its interval; none, with the reason, where the denominator is zero."""
    measure = count.definition.measure
    if count.denominator == 0:
        return IndicatorValue(
            count=count,
            value=None,
            reason=Message(
                code="indicators.no-case", template="no case of the period belongs to the denominator", data={}
            ),
        )
    value = count.numerator / count.denominator
    if measure is not None and measure.mean_of:
        return IndicatorValue(count=count, value=value)
    if measure is not None and measure.episodes:
        low, high = poisson_interval(int(count.numerator), count.denominator)
        return IndicatorValue(count=count, value=value, low=low, high=high, interval=IntervalKind.POISSON)
    low, high = wilson_interval(int(count.numerator), count.denominator)
    return IndicatorValue(count=count, value=value, low=low, high=high, interval=IntervalKind.WILSON)


def discharged_in(record: DepartmentRecord, *, technique: Technique, period: Period) -> tuple[Procedure, ...]:
    """Return the procedures of a technique that were discharged in a period, in order of time."""
    mine = [
        each
        for each in record.procedures
        if each.technique is technique and each.discharged_on is not None and each.discharged_on in period
    ]
    return tuple(sorted(mine, key=lambda each: (each.started_at, each.key)))


def monthly_chart(
    definition: IndicatorDefinition, record: DepartmentRecord, *, norm: NormPack, period: Period
) -> ControlChart:
    """Return an indicator month by month with its control limits."""
    groups = []
    for month in period.months():
        count = count_indicator(definition, record, pack=norm, period=month)
        groups.append((f"{month.first:%Y-%m}", int(count.numerator), count.denominator))
    return p_chart(groups)


def grouped(
    definition: IndicatorDefinition,
    record: DepartmentRecord,
    *,
    norm: NormPack,
    period: Period,
    by: Callable[[Procedure], str],
) -> tuple[Group, ...]:
    """Return an indicator's counts by operator, site or device, the largest first.

    A patient who belongs to several groups is counted in each.
    """
    parts: dict[str, list[Procedure]] = defaultdict(list)
    for procedure in record.procedures:
        parts[by(procedure)].append(procedure)
    groups = []
    for name, procedures in parts.items():
        part = _only(record, procedures)
        count = count_indicator(definition, part, pack=norm, period=period)
        if count.denominator:
            groups.append((name or "—", int(count.numerator), count.denominator))
    return tuple(sorted(groups, key=lambda group: (-group[2], group[0])))


def _only(record: DepartmentRecord, procedures: Iterable[Procedure]) -> DepartmentRecord:
    return replace(record, procedures=tuple(procedures))


def shown_groups(groups: Sequence[Group]) -> tuple[tuple[Group, ...], int]:
    """Return the groups whose counts may be shown, and how many are hidden because theirs are small."""
    hidden = small_cells({name: (n, of) for name, n, of in groups}, least=SMALLEST_CELL)
    return tuple(group for group in groups if group[0] not in hidden), len(hidden)


def chart_of(groups: Sequence[Group]) -> ControlChart:
    """Return a run chart of counts that were made elsewhere, month by month."""
    return p_chart(groups)


def funnel_of(groups: Sequence[Group]) -> tuple[ControlChart, int]:
    """Return the funnel over the groups that may be shown, and how many are hidden."""
    shown, hidden = shown_groups(groups)
    return funnel(shown), hidden


def survival_of(record: DepartmentRecord, *, technique: Technique, period: Period) -> Survival | None:
    """Return Kaplan–Meier from the first procedure of each patient in a period; None without patients.

    Everybody is watched until death, or the last day known to be alive; nobody beyond the record's last day.
    """
    first: dict[str, tuple[date, date, bool]] = {}
    chosen = {each.key for each in discharged_in(record, technique=technique, period=period)}
    for case in cases_of(record):
        if case.procedure.key not in chosen or case.patient.key in first:
            continue
        died = case.patient.died_on
        until = died or case.watched_until or case.procedure.day
        first[case.patient.key] = (case.procedure.day, min(until, record.as_of), died is not None)
    return survival_from(first.values())


def survival_from(watched: Iterable[tuple[date, date, bool]]) -> Survival | None:
    """Return Kaplan–Meier of patients watched from one day to another, and whether they died then; None for nobody."""
    found = list(watched)
    if not found:
        return None
    months = [(until - began).days / DAYS_PER_MONTH for began, until, _ in found]
    return kaplan_meier(months, [died for _, _, died in found], at_months=SURVIVAL_MONTHS)

"""The conditions of indicators as SQL, by the names of `trocar.rules.conditions`; the tests compare them one by one."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from trocar.department.norms import Condition
from trocar.workflow.indicators import KINDS
from trocar_clinic.quality.models import RegisteredComplication

DUE = {12: "due_12_on", 36: "due_36_on", 60: "due_60_on"}
"""Times after the procedure at which the register knows the day."""

NEVER = Q(pk__in=[])


def condition_q(condition: Condition, *, as_of: date) -> Q:
    """Return the rows that fulfil a condition; what was not recorded fulfils none."""
    return _MADE[condition.name](as_of, **condition.parameters)


def all_q(conditions: tuple[Condition, ...], *, as_of: date) -> Q:
    """Return the rows that fulfil all."""
    found = Q()
    for each in conditions:
        found &= condition_q(each, as_of=as_of)
    return found


def complications(*, kinds: Any = None, within_days: int | None = None, after_days: int | None = None) -> Q:
    """Return the condition on a row of complications."""
    found = Q(major=True)
    if kinds is not None:
        found &= Q(kind__in=sorted(KINDS[kinds] if isinstance(kinds, str) else kinds))
    if within_days is not None:
        found &= Q(after_days__lte=within_days)
    if after_days is not None:
        found &= Q(after_days__gt=after_days)
    return found


def _rule(as_of: date, *, first: list[int], first_min: int, second: list[int], second_min: int) -> Q:
    return Q(indication_items__isnull=False) & _at_least(first, first_min) & _at_least(second, second_min)


def _at_least(items: list[int], least: int) -> Q:
    """Return the rows that hold at least so many of some items: every choice of that many, joined by or."""
    found = NEVER
    for some in combinations(items, least):
        every = Q()
        for item in some:
            every &= Q(indication_items__contains=f",{item},")
        found |= every
    return found


def _verified(as_of: date, *, within_days: int | None = None) -> Q:
    found = Q(verified_on__isnull=False)
    return found if within_days is None else found & Q(verified_on__lte=F("on") + timedelta(days=within_days))


def _complication(as_of: date, **parameters: Any) -> Q:
    return Q(Exists(RegisteredComplication.objects.filter(complications(**parameters), procedure=OuterRef("pk"))))


def _died(as_of: date, *, days: int) -> Q:
    return Q(died_on__isnull=False, died_on__lte=F("on") + timedelta(days=days))


def _due(as_of: date, *, months: int) -> Q:
    day = DUE[months]
    return Q(**{f"{day}__lte": as_of}) & (Q(died_on__isnull=True) | Q(died_on__gte=F(day)))


def _followed(as_of: date, *, months: int, window_days: int) -> Q:
    return Q(last_contact_on__gte=F(DUE[months]) - timedelta(days=window_days))


def _alive(as_of: date, *, months: int) -> Q:
    day = F(DUE[months])
    return Q(died_on__gte=day) | Q(died_on__isnull=True, watched_until__gte=day)


def _yes(name: str) -> Callable[..., Q]:
    return lambda as_of: Q(**{name: True})


_MADE: Mapping[str, Callable[..., Q]] = {
    "technique_is": lambda as_of, technique: Q(technique=technique),
    "indication_rule": _rule,
    "indication_correct": _yes("indication_correct"),
    "planned_before_start": _yes("planned_before"),
    "plan_signed_by_three": _yes("signed_by_three"),
    "consented_before_start": _yes("consented_before"),
    "monitored_throughout": _yes("monitored"),
    "guided": _yes("guided"),
    "seeds_balance": _yes("seeds_balance"),
    "single_use_once": _yes("single_use_once"),
    "dose_verified": _verified,
    "complication": _complication,
    "response_in": lambda as_of, categories: Q(best_response__in=categories),
    "died_within": _died,
    "due_at": _due,
    "reached": lambda as_of, months: Q(**{f"{DUE[months]}__lte": as_of}),
    "followed_up_at": _followed,
    "alive_at": _alive,
    "site_in": lambda as_of, sites: Q(site__in=sites),
    "symptomatic": _yes("symptoms"),
    "symptoms_relieved": _yes("relieved"),
    "complete_on_contrast": lambda as_of, within_days: Q(complete_after_days__lte=within_days),
    "benign_thyroid": lambda as_of: Q(site="thyroid", malignant=False),
    "smaller_than": lambda as_of, mm: Q(largest_mm__lt=mm),
    "histology_before": _yes("histology"),
}

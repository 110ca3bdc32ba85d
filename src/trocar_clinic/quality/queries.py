"""Indicators counted by the database: numerator and denominator in one query each, the very cases in another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case as Choice
from django.db.models import Count, F, IntegerField, Q, QuerySet, Sum, When
from django.db.models.functions import TruncMonth

from trocar.department.indicators import Count as Counted
from trocar.department.indicators import IndicatorValue, Survival
from trocar.department.norms import IndicatorDefinition, NormPack, Technique, Unit
from trocar.department.period import Period
from trocar.workflow.indicators import norms_of_period, shipped_norms, survival_from, value_of
from trocar.workflow.self_assessment import BESIDE
from trocar_clinic.accounts.models import User
from trocar_clinic.patients.models import Case
from trocar_clinic.quality.conditions import all_q, complications
from trocar_clinic.quality.marks import Tallies, fingerprint, places, tallies
from trocar_clinic.quality.models import Register, RegisteredComplication, RegisteredProcedure

LISTED = 500
"""Most cases that a page lists."""


def current_register() -> Register | None:
    """Return the register in force; None before any record was taken."""
    return Register.objects.filter(is_current=True).order_by("-pk").first()


def rows_of(register: Register, *, technique: Technique, period: Period) -> QuerySet[RegisteredProcedure]:
    """Return the rows of a technique that were discharged in a period."""
    return RegisteredProcedure.objects.filter(
        register=register, technique=technique.value, discharged_on__range=(period.first, period.last)
    )


def visible_cases(rows: Iterable[RegisteredProcedure], reader: User) -> frozenset[int]:
    """Return those cases of some rows whose own page a reader may open."""
    asked = {each.case_id for each in rows if each.case_id}
    return frozenset(Case.objects.visible_for(reader).filter(pk__in=asked).values_list("pk", flat=True))


def mix_of(register: Register, *, technique: Technique, period: Period) -> list[dict[str, Any]]:
    """Return how many procedures and patients there were of each diagnosis at each site, the most first."""
    rows: Any = rows_of(register, technique=technique, period=period).values("site", "diagnosis")
    counted = rows.annotate(procedures=Count("pk"), patients=Count("patient", distinct=True))
    return list(counted.order_by("-procedures", "site", "diagnosis"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """One indicator over the rows of a register and period.

    Parameters
    ----------
    definition, norm, technique
        What is counted, of which norm, over which technique's cases.
    register
        Where.
    period
        Discharges within it belong.
    """

    definition: IndicatorDefinition
    norm: NormPack
    technique: Technique
    register: Register
    period: Period

    @property
    def rows(self) -> QuerySet[RegisteredProcedure]:
        """The rows of the period."""
        return rows_of(self.register, technique=self.technique, period=self.period)

    @property
    def among(self) -> QuerySet[RegisteredProcedure]:
        """The rows of the denominator, each with ``ok``: 1 where it fulfils the numerator's conditions."""
        measure = self.definition.measure
        assert measure is not None
        as_of = self.register.as_of
        lesions = measure.unit is Unit.LESION
        base = (
            self.rows.filter(lesions_planned__gt=0) if lesions else self.rows.filter(all_q(measure.among, as_of=as_of))
        )
        fulfilled = Q(lesions_completed__gte=F("lesions_planned")) if lesions else all_q(measure.that, as_of=as_of)
        return base.annotate(ok=Choice(When(fulfilled, then=1), default=0, output_field=IntegerField()))

    def counts(self) -> tuple[float, int]:
        """Return numerator and denominator."""
        measure = self.definition.measure
        assert measure is not None
        if measure.mean_of:
            return self._stay()
        if measure.unit is Unit.LESION:
            found = self.rows.aggregate(n=Sum("lesions_completed"), of=Sum("lesions_planned"))
            return float(found["n"] or 0), found["of"] or 0
        if measure.episodes:
            (condition,) = measure.that
            episodes = RegisteredComplication.objects.filter(
                complications(**condition.parameters), procedure__in=self.among
            ).count()
            return float(episodes), self.among.count()
        if measure.unit is Unit.PROCEDURE:
            found = self.among.aggregate(n=Count("pk", filter=Q(ok=1)), of=Count("pk"))
            return float(found["n"]), found["of"]
        wanted = 1 if measure.any_procedure else 0
        found = self.among.aggregate(
            some=Count("patient", distinct=True, filter=Q(ok=wanted)), of=Count("patient", distinct=True)
        )
        n = found["some"] if measure.any_procedure else found["of"] - found["some"]
        return float(n), found["of"]

    def _stay(self) -> tuple[float, int]:
        found = self.rows.aggregate(n=Sum("stay_days"), of=Count("stay_days"))
        return float(found["n"] or 0), found["of"]

    def cases(self, *, fulfilled: bool) -> QuerySet[RegisteredProcedure]:
        """Return the rows that fulfil the numerator's conditions, or those that do not."""
        rows: Any = self.among
        return rows.filter(ok=int(fulfilled)).select_related("patient").order_by("on", "key")

    def by_month(self) -> list[tuple[str, int, int]]:
        """Return label, numerator and denominator of each month of discharge."""
        found = (
            self.among.annotate(month=TruncMonth("discharged_on"))
            .values("month")
            .annotate(n=Count("pk", filter=Q(ok=1)), of=Count("pk"))
            .order_by("month")
        )
        return [(f"{row['month']:%Y-%m}", row["n"], row["of"]) for row in found]

    def by(self, column: str) -> list[tuple[str, int, int]]:
        """Return name, numerator and denominator of each operator, site or device, the largest first."""
        found = (
            self.among.values(column).annotate(n=Count("pk", filter=Q(ok=1)), of=Count("pk")).order_by("-of", column)
        )
        return [(row[column] or "—", row["n"], row["of"]) for row in found]

    def value(self) -> IndicatorValue:
        """Return the indicator with its interval."""
        return self.valued(self.counts() if self.definition.measure is not None else (0.0, 0))

    def valued(self, counts: tuple[float, int]) -> IndicatorValue:
        """Return the indicator's value for a numerator and denominator."""
        n, of = counts
        return value_of(
            Counted(
                definition=self.definition,
                pack=self.norm.key,
                period=self.period,
                numerator=n,
                denominator=of,
                hits=(),
                misses=(),
            )
        )


def countings(
    register: Register, *, technique: Technique, period: Period, country: str = "CN", province: str = ""
) -> tuple[Counting, ...]:
    """Return the indicators of a period, by the norms of their days, then those beside the norm.

    Raises
    ------
    RuleError
        No norm defines indicators for any day of the period.
    """
    parts = norms_of_period(period=period, technique=technique, country=country, province=province)
    asked = [(norm, part.period) for part in parts for norm in part.norms]
    asked += [(norm, period) for norm in shipped_norms() if norm.key == BESIDE and technique in norm.techniques]
    return tuple(
        Counting(definition=definition, norm=norm, technique=technique, register=register, period=stretch)
        for norm, stretch in asked
        for definition in norm.indicators
    )


def values_of(found: Iterable[Counting]) -> list[tuple[Counting, IndicatorValue]]:
    """Return the values of many indicators of one register, all that are marked on its rows in one pass a period."""
    passes: dict[tuple[Technique, Period], Tallies] = {}
    valued = []
    for each in found:
        marked = places(each.technique).get((each.norm.key, each.definition.key))
        if marked is None or each.register.definitions != fingerprint():
            valued.append((each, each.value()))
            continue
        key = (each.technique, each.period)
        if key not in passes:
            passes[key] = tallies(each.register, technique=each.technique, period=each.period)
        valued.append((each, each.valued(passes[key].count(*marked))))
    return valued


def survival(register: Register, *, technique: Technique, period: Period) -> Survival | None:
    """Return Kaplan–Meier from the first procedure of each patient in a period; None without patients."""
    rows = (
        rows_of(register, technique=technique, period=period)
        .order_by("on", "key")
        .values_list("patient_id", "on", "died_on", "watched_until")
    )
    first: dict[int, tuple[date, date, bool]] = {}
    for patient, on, died_on, watched_until in rows:
        if patient not in first:
            until = died_on or watched_until or on
            first[patient] = (on, min(until, register.as_of), died_on is not None)
    return survival_from(first.values())

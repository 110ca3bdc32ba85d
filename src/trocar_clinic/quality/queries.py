"""Indicators counted by the database: numerator and denominator in one query each, the very cases in another."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, When
from django.db.models.functions import TruncMonth

from trocar.department.indicators import Count as Counted
from trocar.department.indicators import IndicatorValue
from trocar.department.norms import IndicatorDefinition, NormPack, Technique, Unit
from trocar.department.period import Period
from trocar.workflow.indicators import norms_of_period, value_of
from trocar_clinic.quality.conditions import all_q, complications
from trocar_clinic.quality.models import Register, RegisteredComplication, RegisteredProcedure

LISTED = 500
"""Most cases that a page lists."""


def current_register() -> Register | None:
    """Return the register in force; None before any record was taken."""
    return Register.objects.filter(is_current=True).order_by("-pk").first()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """One indicator over the rows of a register and period.

    Parameters
    ----------
    definition, norm
        What is counted, of which norm.
    register
        Where.
    period
        Discharges within it belong.
    """

    definition: IndicatorDefinition
    norm: NormPack
    register: Register
    period: Period

    @property
    def rows(self) -> QuerySet[RegisteredProcedure]:
        """The rows of the period."""
        return RegisteredProcedure.objects.filter(
            register=self.register,
            technique__in=[each.value for each in self.norm.techniques],
            discharged_on__range=(self.period.first, self.period.last),
        )

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
        return base.annotate(ok=Case(When(fulfilled, then=1), default=0, output_field=IntegerField()))

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
        rows = self.rows.filter(admitted_on__isnull=False).values_list("admitted_on", "discharged_on")
        stays = [
            (discharged - admitted).days
            for admitted, discharged in rows
            if admitted is not None and discharged is not None
        ]
        return float(sum(stays)), len(stays)

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
        n, of = self.counts() if self.definition.measure is not None else (0.0, 0)
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
    """Return the indicators of a period, by the norms of their days.

    Raises
    ------
    RuleError
        No norm defines indicators for any day of the period.
    """
    parts = norms_of_period(period=period, technique=technique, country=country, province=province)
    return tuple(
        Counting(definition=definition, norm=norm, register=register, period=part.period)
        for part in parts
        for norm in part.norms
        for definition in norm.indicators
    )

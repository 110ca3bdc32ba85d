"""Marks on the rows of a register: for which indicators each counts, so that one pass over the rows counts all.

A register is never changed, so what a row means for an indicator is settled when it is taken. Each indicator has a
bit: ``among`` has those whose denominator the row stands in, ``that`` those whose numerator it fulfils as well. The
database groups rows by their bits; those of patients with several rows are joined to one pattern a patient first.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cache

from django.db import connection
from django.db.models import Aggregate, BigIntegerField, Case, Count, Exists, F, OuterRef, Q, Value, When

from trocar.department.norms import IndicatorDefinition, Technique, Unit
from trocar.department.period import Period
from trocar.workflow.indicators import shipped_norms
from trocar_clinic.quality.conditions import all_q
from trocar_clinic.quality.models import Register, RegisteredProcedure

MOST = 62
"""Bits that fit into a column."""

Marked = tuple[str, str]
"""Key of a norm and of one of its indicators."""


@cache
def places(technique: Technique) -> dict[Marked, tuple[int, IndicatorDefinition]]:
    """Return the bit of every indicator that can be counted row by row: neither lesions, nor episodes, nor means."""
    found = [
        ((norm.key, each.key), each)
        for norm in shipped_norms()
        if technique in norm.techniques
        for each in norm.indicators
        if _has_a_bit(each)
    ]
    assert len(found) <= MOST, "more indicators than bits"
    return {key: (place, each) for place, (key, each) in enumerate(sorted(found, key=lambda item: item[0]))}


def _has_a_bit(definition: IndicatorDefinition) -> bool:
    measure = definition.measure
    return measure is not None and not (measure.mean_of or measure.episodes or measure.unit is Unit.LESION)


@cache
def fingerprint() -> str:
    """Return the fingerprint of all definitions with their bits; a register marked by others is counted slowly."""
    told = [
        f"{technique.value} {place} {key} {definition.content_hash}"
        for technique in Technique
        for key, (place, definition) in places(technique).items()
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def mark(register: Register) -> None:
    """Mark the rows of a register by the definitions of today."""
    rows = RegisteredProcedure.objects.filter(register=register)
    same = RegisteredProcedure.objects.filter(patient=OuterRef("patient"), technique=OuterRef("technique"))
    rows.update(alone=~Exists(same.exclude(pk=OuterRef("pk"))))
    for technique in Technique:
        among, that = Value(0, BigIntegerField()), Value(0, BigIntegerField())
        for place, definition in places(technique).values():
            assert definition.measure is not None
            inside = all_q(definition.measure.among, as_of=register.as_of)
            among = among + _bit(inside, place)  # type: ignore[assignment]
            that = that + _bit(inside & all_q(definition.measure.that, as_of=register.as_of), place)  # type: ignore[assignment]
        rows.filter(technique=technique.value).update(among=among, that=that)
    register.definitions = fingerprint()
    register.save(update_fields=["definitions"])


def _bit(condition: Q, place: int) -> Case:
    bit = Value(1 << place, BigIntegerField())
    if not condition:
        return Case(default=bit, output_field=BigIntegerField())
    return Case(When(condition, then=bit), default=Value(0), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How many rows, and how many patients, bear each pattern of marks.

    Parameters
    ----------
    rows
        Denominator bits and numerator bits of a row, to how many rows have them.
    patients
        Denominator bits, bits fulfilled by some row, bits missed by some row, to how many patients have them.
    """

    rows: Counter[tuple[int, int]]
    patients: Counter[tuple[int, int, int]]

    def count(self, place: int, definition: IndicatorDefinition) -> tuple[float, int]:
        """Return numerator and denominator of the indicator with a bit."""
        measure = definition.measure
        assert measure is not None
        bit = 1 << place
        if measure.unit is Unit.PROCEDURE:
            of = sum(number for (among, _), number in self.rows.items() if among & bit)
            return float(sum(number for (_, that), number in self.rows.items() if that & bit)), of
        of = sum(number for (among, _, _), number in self.patients.items() if among & bit)
        if measure.any_procedure:
            return float(sum(number for (_, some, _), number in self.patients.items() if some & bit)), of
        missed = sum(number for (_, _, lacking), number in self.patients.items() if lacking & bit)
        return float(of - missed), of


class BitOr(Aggregate):
    """All bits of the rows of a group; `trocar_clinic.quality.apps` brings the function to SQLite."""

    function = "BIT_OR"
    output_field = BigIntegerField()


def tallies(register: Register, *, technique: Technique, period: Period) -> Tallies:
    """Return the tallies of a period in two queries."""
    inside = RegisteredProcedure.objects.filter(
        register=register, technique=technique.value, discharged_on__range=(period.first, period.last)
    ).order_by()
    rows: Counter[tuple[int, int]] = Counter()
    patients: Counter[tuple[int, int, int]] = Counter()
    for alone, among, that, number in inside.values_list("alone", "among", "that").annotate(number=Count("*")):
        rows[among, that] += number
        if alone:
            patients[among, that, among - that] += number
    joined = inside.filter(alone=False).values_list("patient_id")
    patterns = {"bits_within": BitOr("among"), "bits_hit": BitOr("that"), "bits_missed": BitOr(F("among") - F("that"))}
    sql, parameters = joined.annotate(**patterns).query.sql_with_params()
    grouped = f"SELECT bits_within, bits_hit, bits_missed, count(*) FROM ({sql}) AS joined GROUP BY 1, 2, 3"
    with connection.cursor() as cursor:
        cursor.execute(grouped, parameters)
        for within, hit, missed, number in cursor.fetchall():
            patients[within, hit, missed] += number
    return Tallies(rows=rows, patients=patients)

"""Count an indicator of a norm over a record: numerator, denominator, and the very cases in each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from trocar.department.indicators import Count, Excluded
from trocar.department.norms import IndicatorDefinition, Measure, NormPack, Unit
from trocar.department.period import Period
from trocar.department.records import DepartmentRecord
from trocar.errors import RuleError
from trocar.messages import Message
from trocar.rules.conditions import QUANTITIES, Case, Verdict, all_hold, cases_of, complications_of


def count_indicator(
    definition: IndicatorDefinition, record: DepartmentRecord, *, pack: NormPack, period: Period
) -> Count:
    """Return an indicator's count over the cases discharged in a period.

    Parameters
    ----------
    definition
        What is counted.
    record
        The department's record.
    pack
        The norm it belongs to; only its techniques are counted.
    period
        Discharges within it belong.

    Raises
    ------
    RuleError
        The norm does not say how it is counted.

    Notes
    -----
    A procedure without a discharge date is left out by name. For patients with several procedures the measure says
    whether one that fulfils the condition is enough.
    """
    measure = definition.measure
    if measure is None:
        raise RuleError(
            "rules.indicator-without-measure",
            "indicator {key} of {pack} has no definition that can be counted: it was not found",
            key=definition.key,
            pack=pack.key,
        )
    mine = [each for each in cases_of(record) if each.procedure.technique in pack.techniques]
    inside = [each for each in mine if each.procedure.discharged_on and each.procedure.discharged_on in period]
    found = _counted(measure, inside)
    return Count(
        definition=definition,
        pack=pack.key,
        period=period,
        numerator=found[0],
        denominator=found[1],
        hits=found[2],
        misses=found[3],
        unknown=found[4],
        excluded=_left_out(mine, period),
    )


_Found = tuple[float, int, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _counted(measure: Measure, cases: Sequence[Case]) -> _Found:
    units = list(_units(measure.unit, cases))
    among = [(key, each) for key, each in units if all_hold(measure.among, each) is True]
    if measure.mean_of:
        return _mean(measure, among)
    judged: dict[str, list[Verdict]] = defaultdict(list)
    episodes = 0
    for key, each in among:
        judged[key].append(all_hold(measure.that, each))
        if measure.episodes:
            episodes += sum(complications_of(each, **condition.parameters) for condition in measure.that)
    one = {key: _one(verdicts, any_is_enough=measure.any_procedure) for key, verdicts in judged.items()}
    hits = tuple(key for key, verdict in one.items() if verdict is True)
    misses = tuple(key for key, verdict in one.items() if verdict is not True)
    unknown = tuple(key for key, verdict in one.items() if verdict is None)
    return (float(episodes) if measure.episodes else float(len(hits))), len(one), hits, misses, unknown


def _units(unit: Unit, cases: Iterable[Case]) -> Iterable[tuple[str, Case]]:
    for each in cases:
        if unit is Unit.LESION:
            for lesion in each.procedure.lesions:
                yield f"{each.procedure.key}/{lesion.key}", replace(each, lesion=lesion)
        else:
            yield (each.patient.key if unit is Unit.PATIENT else each.procedure.key), each


def _one(verdicts: list[Verdict], *, any_is_enough: bool) -> Verdict:
    if any_is_enough:
        return True if True in verdicts else None if None in verdicts else False
    return False if False in verdicts else None if None in verdicts else True


def _mean(measure: Measure, among: list[tuple[str, Case]]) -> _Found:
    values = {key: QUANTITIES[measure.mean_of](each.procedure) for key, each in among}
    known = {key: value for key, value in values.items() if value is not None}
    unknown = tuple(key for key in values if key not in known)
    return float(sum(known.values())), len(known), tuple(known), (), unknown


def _left_out(cases: Iterable[Case], period: Period) -> tuple[Excluded, ...]:
    """Return the procedures of the period that no discharge counts into it."""
    return tuple(
        Excluded(case=each.procedure.key, reason=_reason(each, period))
        for each in cases
        if each.procedure.day in period
        and (each.procedure.discharged_on is None or each.procedure.discharged_on not in period)
    )


def _reason(case: Case, period: Period) -> Message:
    discharged = case.procedure.discharged_on
    if discharged is None:
        return Message(
            code="rules.not-discharged",
            template="done on {day}, not discharged by {as_of}",
            data={"day": case.procedure.day.isoformat(), "as_of": case.as_of.isoformat()},
        )
    return Message(
        code="rules.discharged-later",
        template="done on {day}, discharged on {discharged}, after the period: it counts in the next",
        data={"day": case.procedure.day.isoformat(), "discharged": discharged.isoformat()},
    )

"""Run the situations of a norm: made-up departments of which it must say what they claim."""

from datetime import date
from typing import Any

from trocar.department.norms import NormPack, NormSituation
from trocar.department.period import Period
from trocar.department.record_reading import value_from_data
from trocar.department.records import DepartmentRecord, Evidence, Fact, Patient, Procedure
from trocar.errors import DepartmentError, RuleError
from trocar.rules.conditions import cases_of
from trocar.rules.counting import count_indicator
from trocar.rules.norm_judging import judge_norm


def require_situations(norm: NormPack) -> None:
    """Raise unless every situation comes out as it says.

    Raises
    ------
    RuleError
        One does not, or is of a requirement or indicator that the norm lacks.
    """
    for situation in norm.situations:
        told, found = _expected(situation), _found(norm, situation)
        for key, wanted in told.items():
            if found.get(key) != wanted:
                raise RuleError(
                    "rules.situation-differs",
                    "norm {pack}, situation {situation}: {key} comes to {found}, the situation says {wanted}",
                    pack=norm.key,
                    situation=situation.name,
                    key=key,
                    found=found.get(key, "—"),
                    wanted=wanted,
                )


def _expected(situation: NormSituation) -> dict[str, Any]:
    return {**situation.verdicts, **{key: f"{n}/{of}" for key, (n, of) in situation.counts.items()}}


def _found(norm: NormPack, situation: NormSituation) -> dict[str, str]:
    record = _record(norm, situation)
    proof = Evidence(title="situation")
    facts = {name: Fact(name=name, value=value, evidence=proof) for name, value in situation.facts.items()}
    verdicts = {each.requirement.key: each.standing.value for each in judge_norm(norm, facts, cases_of(record))}
    for key in situation.counts:
        count = count_indicator(norm.indicator(key), record, pack=norm, period=_EVER)
        verdicts[key] = f"{count.numerator:g}/{count.denominator}"
    return verdicts


_EVER = Period(first=date(1990, 1, 1), last=date(2100, 12, 31))


def _record(norm: NormPack, situation: NormSituation) -> DepartmentRecord:
    """Return the situation's cases as a record: the person's own fields stand with the procedure, as in a list."""
    procedures, people = [], {}
    try:
        for number, entry in enumerate(situation.procedures, start=1):
            data = {"key": f"P{number}", "patient": f"A{number}", "technique": norm.techniques[0].value, **entry}
            person = {name: data.pop(name) for name in ("died_on", "last_seen_on") if name in data}
            where = f"situation {situation.name}, procedure {number}"
            procedure = value_from_data(Procedure, data, where=where)
            procedures.append(procedure)
            people[procedure.patient] = value_from_data(
                Patient, {"key": procedure.patient, "sex": "O", **person}, where=where
            )
        return DepartmentRecord(
            hospital="—",
            department="—",
            country=norm.country,
            province=norm.province,
            as_of=_EVER.last,
            patients=tuple(people.values()),
            procedures=tuple(procedures),
        )
    except DepartmentError as problem:
        raise RuleError(
            "rules.situation-impossible",
            "norm {pack}, situation {situation} cannot be: {reason}",
            pack=norm.key,
            situation=situation.name,
            reason=problem.message,
        ) from problem

"""Lay what a department shows beside what a norm asks: met, not met, or not shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from trocar.department.assessment import Judgement, Standing
from trocar.department.norms import Comparison, Condition, NormPack, Requirement, Threshold
from trocar.department.records import Fact
from trocar.department.words import quantity_words
from trocar.messages import Message
from trocar.rules.conditions import Case, holds

TITLES = ("resident", "attending", "associate_chief", "chief")
"""Titles of physicians, rising."""


def judge_norm(norm: NormPack, facts: Mapping[str, Fact], cases: Sequence[Case]) -> tuple[Judgement, ...]:
    """Return the standing of every requirement of a norm.

    Parameters
    ----------
    norm
        What is asked.
    facts
        What the department states, by name.
    cases
        The procedures of the period and technique.

    Notes
    -----
    A requirement that only a person can judge is not shown. A fact without evidence is not shown either: a claim is not
    a proof; the statement is kept in the judgement.
    """
    return tuple(_judged(norm, each, facts, cases) for each in norm.requirements)


def _judged(norm: NormPack, asked: Requirement, facts: Mapping[str, Fact], cases: Sequence[Case]) -> Judgement:
    threshold = asked.threshold
    if threshold is None or threshold.comparison is Comparison.BY_HAND:
        fact = facts.get(threshold.fact if threshold else asked.key)
        if fact is not None and isinstance(fact.value, bool):
            return _of_fact(norm, asked, fact, reached=fact.value)
        return _judgement(norm, asked, Standing.NOT_SHOWN, _by_hand())
    if threshold.comparison is Comparison.EVERY_CASE:
        return _of_cases(norm, asked, threshold, cases)
    fact = facts.get(threshold.fact)
    if fact is None or fact.value is None:
        return _judgement(norm, asked, Standing.NOT_SHOWN, _nothing_stated(threshold.fact))
    return _of_fact(norm, asked, fact, reached=reaches(threshold, fact.value))


def reaches(threshold: Threshold, stated: Any) -> bool | None:  # noqa: PLR0911 - one return a comparison
    """Return whether a stated value reaches what is asked; None where it does not say.

    Examples
    --------
    >>> reaches(Threshold(fact="beds.tumour", comparison=Comparison.AT_LEAST, value=30, unit="bed"), 32)
    True
    """
    asked = threshold.value
    match threshold.comparison:
        case Comparison.AT_LEAST:
            return bool(stated >= asked) if _is_number(stated) else None
        case Comparison.AT_MOST:
            return bool(stated <= asked) if _is_number(stated) else None
        case Comparison.BELOW:
            return bool(stated < asked) if _is_number(stated) else None
        case Comparison.EQUALS:
            return bool(stated == asked)
        case Comparison.HOLDS:
            return bool(stated)
        case Comparison.CONTAINS_ALL:
            return set(asked) <= set(stated)
        case _:
            return _each_reached(asked, stated)


def _is_number(stated: Any) -> bool:
    return isinstance(stated, int | float) and not isinstance(stated, bool)


def _each_reached(asked: Mapping[str, Any], stated: Any) -> bool | None:
    if not isinstance(stated, Mapping):
        return None
    verdicts = [_one_reached(wanted, stated.get(name)) for name, wanted in asked.items()]
    return False if False in verdicts else None if None in verdicts else True


def _one_reached(wanted: Any, stated: Any) -> bool | None:
    if stated is None:
        return None
    if wanted in TITLES:
        return stated in TITLES and TITLES.index(stated) >= TITLES.index(wanted)
    return bool(stated >= wanted) if _is_number(wanted) and _is_number(stated) else bool(stated == wanted)


def _of_fact(norm: NormPack, asked: Requirement, fact: Fact, *, reached: bool | None) -> Judgement:
    stated = quantity_words(fact.value, asked.threshold.unit if asked.threshold else "")
    said = Message(code="rules.fact-stated", template="stated: {value}", data={"value": stated})
    if reached is False:
        return _judgement(norm, asked, Standing.NOT_MET, said, fact=fact)
    if reached is None:
        missing = Message(
            code="rules.fact-incomplete",
            template="stated: {value}; not all that is asked can be read from it",
            data={"value": stated},
        )
        return _judgement(norm, asked, Standing.NOT_SHOWN, missing, fact=fact)
    if fact.evidence is None:
        claim = Message(
            code="rules.fact-without-evidence",
            template="stated: {value}; nothing shows it",
            data={"value": stated},
        )
        return _judgement(norm, asked, Standing.NOT_SHOWN, claim, fact=fact)
    return _judgement(norm, asked, Standing.MET, said, fact=fact)


def _of_cases(norm: NormPack, asked: Requirement, threshold: Threshold, cases: Sequence[Case]) -> Judgement:
    condition = Condition(name=threshold.fact, parameters=threshold.value or {})
    concerned = [each for each in cases if threshold.among is None or holds(threshold.among, each)]
    if cases and not concerned:
        return _judgement(
            norm,
            asked,
            Standing.NOT_APPLICABLE,
            Message(code="rules.none-concerned", template="no case of the period is concerned", data={}),
        )
    verdicts = {each.procedure.key: holds(condition, each) for each in concerned}
    missed = tuple(key for key, verdict in verdicts.items() if verdict is not True)
    unknown = [key for key, verdict in verdicts.items() if verdict is None]
    if not verdicts:
        return _judgement(
            norm, asked, Standing.NOT_SHOWN, Message(code="rules.no-case", template="no case in the period", data={})
        )
    counted = _counted(len(verdicts) - len(missed), len(verdicts), unknown=len(unknown))
    standing = Standing.MET if not missed else Standing.NOT_SHOWN if len(unknown) == len(missed) else Standing.NOT_MET
    return _judgement(norm, asked, standing, counted, cases=missed)


def _counted(n: int, of: int, *, unknown: int) -> Message:
    if not unknown:
        return Message(code="rules.cases-fulfil", template="{n} of {of} cases fulfil it", data={"n": n, "of": of})
    return Message(
        code="rules.cases-fulfil-some-unknown",
        template="{n} of {of} cases fulfil it; for {unknown} nothing is recorded",
        data={"n": n, "of": of, "unknown": unknown},
    )


def _judgement(
    norm: NormPack,
    asked: Requirement,
    standing: Standing,
    said: Message,
    *,
    fact: Fact | None = None,
    cases: tuple[str, ...] = (),
) -> Judgement:
    return Judgement(norm=norm.key, requirement=asked, standing=standing, said=said, fact=fact, cases=cases)


def _by_hand() -> Message:
    return Message(code="rules.by-hand", template="a person must judge this and say what shows it", data={})


def _nothing_stated(fact: str) -> Message:
    return Message(code="rules.nothing-stated", template="nothing is recorded of it", data={"fact": fact})

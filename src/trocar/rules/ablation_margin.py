"""Lay a measured ablation margin beside a rule pack: ``rulepacks/<issuer>/ablation_margin`` and its like."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from trocar.errors import RuleError
from trocar.geometry.value import Value
from trocar.messages import Language, Message
from trocar.plan.goals import Comparison, Confidence, Priority
from trocar.results.ablation_margin import AblationMargin
from trocar.results.findings import Finding, Severity
from trocar.rules.judge import UNSURE

SCHEMA = "trocar.ablation-margin/1"
SURE = 0.95
"""A limit that is met counts as safely met from this probability on."""
WITHIN = 1e-9
NEGLIGIBLE_ML = 0.005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginClause(Value):
    """One demand on a margin.

    Parameters
    ----------
    key
        ``issuer/instrument#clause``.
    organs
        For which organs.
    metric
        ``least_mm`` or ``uncovered_ml``.
    comparison, limit, unit
        What is demanded.
    priority
        Must or wish.
    text, text_zh
        The sentence.
    reference
        Publication.
    confidence
        How sure it is.
    """

    key: str
    organs: tuple[str, ...]
    metric: str
    comparison: Comparison
    limit: float
    unit: str
    priority: Priority
    text: str
    text_zh: str
    reference: str
    confidence: Confidence

    def is_met_by(self, value: float) -> bool:
        """Return whether a value meets the demand."""
        if self.comparison is Comparison.AT_LEAST:
            return value >= self.limit - WITHIN
        return value <= self.limit + (NEGLIGIBLE_ML if self.metric == "uncovered_ml" else WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginPack(Value):
    """A pack of demands on ablation margins; ``situations`` are its own tests."""

    key: str
    title: str
    title_zh: str
    clauses: tuple[MarginClause, ...]
    situations: tuple[Mapping[str, Any], ...]

    def for_organ(self, organ: str) -> tuple[MarginClause, ...]:
        """Return the clauses that speak of an organ."""
        return tuple(clause for clause in self.clauses if organ in clause.organs)

    @property
    def organs(self) -> tuple[str, ...]:
        """Organs of which it speaks."""
        return tuple(sorted({organ for clause in self.clauses for organ in clause.organs}))


def margin_pack_keys() -> tuple[str, ...]:
    """Return the keys of the margin packs that come with Trocar."""
    return tuple(sorted(_shipped()))


@cache
def load_margin_pack(key: str) -> MarginPack:
    """Return a margin pack.

    Raises
    ------
    RuleError
        There is none of that key, or it says something impossible.
    """
    folder = _shipped().get(key)
    if folder is None:
        raise RuleError(
            "rules.margin-pack-unknown",
            "there is no pack of ablation margins named {key}; there are: {keys}",
            key=key,
            keys=", ".join(margin_pack_keys()),
        )
    head, clauses, situations = (_yaml(folder, name) for name in ("pack", "clauses", "situations"))
    try:
        return MarginPack(
            key=key,
            title=head["title"],
            title_zh=head["title_zh"],
            clauses=tuple(_clause(key, entry, head["sources"]) for entry in clauses),
            situations=tuple(situations),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RuleError(
            "rules.margin-pack-impossible",
            "margin pack {pack} says something that cannot be: {reason}",
            pack=key,
            reason=f"{type(error).__name__} {error}",
        ) from error


def judge_margin(margin: AblationMargin, pack: MarginPack, *, organ: str) -> tuple[Finding, ...]:
    """Return a finding for each demand that is missed, or met by less than the errors allow to say safely."""
    findings = []
    for clause in pack.for_organ(organ):
        value = float(getattr(margin, clause.metric))
        if not clause.is_met_by(value):
            findings.append(_missed(clause, value))
        elif (chance := _chance(margin, clause)) is not None and chance < SURE and clause.priority is Priority.MUST:
            findings.append(_doubtful(clause, value, chance))
    return tuple(findings)


def _chance(margin: AblationMargin, clause: MarginClause) -> float | None:
    if margin.interval is None or clause.metric != "least_mm":
        return None
    return margin.interval.chance_at_least.get(clause.limit)


def _missed(clause: MarginClause, value: float) -> Finding:
    demands = clause.priority is Priority.MUST and clause.confidence not in UNSURE
    return Finding(
        severity=Severity.ACTION if demands else Severity.ATTENTION,
        message=_missed_words(clause, value),
        reference=f"{clause.key}: {clause.reference} ({clause.confidence.value})",
    )


def _missed_words(clause: MarginClause, value: float) -> Message:
    if clause.unit == "ml":
        return Message(
            code="rules.volume-missed",
            template="{what} is {value:.2f} {unit}; {text} ({comparison} {limit:g} {unit} is asked)",
            data=_data(clause, value),
        )
    if round(value, 1) == round(clause.limit, 1):
        return Message(code="rules.margin-missed-narrowly", template=NARROWLY, data=_data(clause, value))
    return Message(
        code="rules.margin-missed",
        template="{what} is {value:.1f} {unit}; {text} ({comparison} {limit:g} {unit} is asked)",
        data=_data(clause, value),
    )


NARROWLY = "{what} is {value:.3f} {unit}, narrowly missed; {text} ({comparison} {limit:g} {unit} is asked)"


def _doubtful(clause: MarginClause, value: float, chance: float) -> Finding:
    return Finding(
        severity=Severity.ATTENTION,
        message=Message(
            code="rules.margin-doubtful",
            template="{what} is {value:.1f} {unit}, which meets {comparison} {limit:g} {unit}; given the errors "
            "it does so with a probability of {percent:.0f} % only",
            data=_data(clause, value) | {"percent": 100 * chance},
        ),
        reference=f"{clause.key}: {clause.reference}",
    )


def _data(clause: MarginClause, value: float) -> dict[str, object]:
    return {
        "what": METRICS[clause.metric],
        "value": value,
        "unit": clause.unit,
        "comparison": clause.comparison.value,
        "limit": clause.limit,
        "text": pack_sentence(clause.text, clause.text_zh),
    }


METRICS = {
    "least_mm": Message(code="rules.metric-least", template="the minimal ablative margin (MAM)"),
    "uncovered_ml": Message(code="rules.metric-uncovered", template="the tumour left uncovered"),
}


def pack_sentence(text: str, text_zh: str) -> Message:
    """Return a sentence of a pack as a message that carries both its languages."""
    return PackSentence(code="rules.pack-sentence", template="{text}", data={"text": text, "text_zh": text_zh})


class PackSentence(Message):
    """A sentence that a pack states in both languages itself."""

    def text(self, language: Language = Language.ENGLISH) -> str:
        """Return the sentence."""
        return str(self.data["text_zh" if language is Language.CHINESE else "text"])


def _clause(pack: str, entry: Mapping[str, Any], sources: Mapping[str, Any]) -> MarginClause:
    at_least = "at_least" in entry
    if at_least == ("at_most" in entry) or entry["metric"] not in METRICS:
        raise ValueError(f"clause {entry['id']} needs one of at_least and at_most, and a known metric")
    return MarginClause(
        key=f"{pack}#{entry['id']}",
        organs=tuple(entry["organs"]),
        metric=entry["metric"],
        comparison=Comparison.AT_LEAST if at_least else Comparison.AT_MOST,
        limit=float(entry["at_least" if at_least else "at_most"]),
        unit=entry["unit"],
        priority=Priority(entry["priority"]),
        text=entry["text"],
        text_zh=entry["text_zh"],
        reference=sources[entry["source"]]["citation"],
        confidence=Confidence(entry["confidence"]),
    )


def _shipped() -> dict[str, Traversable]:
    return {
        f"{issuer.name}/{pack.name}": pack
        for issuer in resources.files("trocar").joinpath("rulepacks").iterdir()
        if issuer.is_dir()
        for pack in issuer.iterdir()
        if (pack / "pack.yaml").is_file() and SCHEMA in (pack / "pack.yaml").read_text(encoding="utf-8")
    }


def _yaml(folder: Traversable, name: str) -> Any:
    return yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))

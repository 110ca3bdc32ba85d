"""What an authority or a hospital asks: requirements and indicators by date of validity, with sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any

from trocar.errors import RuleError
from trocar.geometry.value import Value
from trocar.messages import Language
from trocar.plan.goals import Confidence


class Technique(Enum):
    """The two restricted techniques."""

    SEED_IMPLANT = "seed_implant"
    ABLATION = "ablation"


class Enforcement(Enum):
    """How far a requirement may reach into the work; what is only remembered never blocks."""

    BLOCK = "block"
    WARN = "warn"
    RECORD = "record"


class Unit(Enum):
    """What an indicator counts."""

    PATIENT = "patient"
    PROCEDURE = "procedure"
    LESION = "lesion"


class Direction(Enum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    WATCH = "watch"


class Comparison(Enum):
    """How a fact is laid beside what is asked."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BELOW = "below"
    EQUALS = "equals"
    HOLDS = "holds"
    """The fact is there and true."""
    CONTAINS_ALL = "contains_all"
    EACH_AT_LEAST = "each_at_least"
    """A group of named numbers, or exact words, each reached."""
    EVERY_CASE = "every_case"
    """A condition that every procedure of the period fulfils."""
    BY_HAND = "by_hand"
    """A person must judge."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormSource(Value):
    """A text that clauses lean on.

    Parameters
    ----------
    key
        Short name within the pack.
    title
        What it is.
    status
        How sure what was read there is.
    url
        Where it was read; empty where it has no address.
    """

    key: str
    title: str
    status: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition(Value):
    """A named test of a case, with its parameters, as a pack writes it.

    Parameters
    ----------
    name
        One of the conditions that `trocar.rules.conditions` knows.
    parameters
        Numbers, words, lists.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Threshold(Value):
    """What is asked of one fact.

    Parameters
    ----------
    fact
        Name of the fact, such as ``beds.tumour``; for ``EVERY_CASE`` the name of a condition.
    comparison
        How they are compared.
    value
        What is asked: a number, a word, a list, a mapping; None where the comparison needs none.
    unit
        Of the number; empty for none.
    among
        For ``EVERY_CASE``: the condition of the cases that it concerns; None for all.
    """

    fact: str
    comparison: Comparison
    value: Any = None
    unit: str = ""
    among: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requirement(Value):
    """One demand of a norm.

    Parameters
    ----------
    key
        Unique in its pack.
    text, text_zh
        The demand.
    category
        Of which section: institution, licence, device, personnel, indication, planning, ...
    threshold
        What can be compared; None where only a person can say.
    evidence
        What shows it.
    sources
        Where it was read.
    confidence
        How sure it is.
    enforcement
        How far it may reach.
    note
        Remark of whoever wrote the pack.

    Raises
    ------
    RuleError
        What is only remembered would block.
    """

    key: str
    text: str
    text_zh: str
    category: str
    threshold: Threshold | None
    evidence: tuple[str, ...]
    sources: tuple[NormSource, ...]
    confidence: Confidence
    enforcement: Enforcement
    note: str = ""

    def __post_init__(self) -> None:
        if self.enforcement is Enforcement.BLOCK and not self.is_checked:
            raise RuleError(
                "rules.memory-would-block",
                "requirement {key} is {confidence} and would block; only what was read in a text may block",
                key=self.key,
                confidence=self.confidence.value,
            )

    @property
    def is_checked(self) -> bool:
        """Whether it was read in some text, not only remembered."""
        return self.confidence not in {Confidence.MEMORY_UNVERIFIED, Confidence.EXAMPLE}

    def words(self, language: Language) -> str:
        """Return the demand in a language."""
        return self.text_zh if language is Language.CHINESE else self.text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure(Value):
    """How an indicator is counted.

    Parameters
    ----------
    unit
        What the denominator counts.
    among
        Conditions that a case must fulfil to stand in the denominator.
    that
        Conditions it must fulfil to stand in the numerator.
    episodes
        Whether the numerator counts episodes, so that one case may count twice; then it is a rate, not a proportion.
    any_procedure
        For patients with several procedures: whether one that fulfils the condition is enough (complications), or all
        must (dose verification).
    mean_of
        Instead of a share: the quantity of a procedure whose mean is shown; empty for none.
    """

    unit: Unit
    among: tuple[Condition, ...] = ()
    that: tuple[Condition, ...] = ()
    episodes: bool = False
    any_procedure: bool = False
    mean_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndicatorDefinition(Value):
    """One quality indicator as its norm defines it.

    Parameters
    ----------
    key, code
        Unique in its pack; number in the accreditation scheme, empty for none.
    name, name_zh
        What it is called.
    numerator, numerator_zh, denominator, denominator_zh
        The definition in words.
    window
        Which cases belong to the period, and until when events count.
    direction
        Which way is better.
    measure
        How it is counted; None where the definition was not found.
    sources, confidence, note
        As of a requirement.
    """

    key: str
    code: str
    name: str
    name_zh: str
    numerator: str
    numerator_zh: str
    denominator: str
    denominator_zh: str
    window: str
    direction: Direction
    measure: Measure | None
    sources: tuple[NormSource, ...]
    confidence: Confidence
    note: str = ""

    def words(self, language: Language) -> str:
        """Return the name in a language."""
        return self.name_zh if language is Language.CHINESE else self.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormSituation(Value):
    """A made-up department with what the pack must say of it.

    Parameters
    ----------
    name
        What it shows.
    facts
        As a department would give them.
    procedures
        Made-up cases in the form of an exported record.
    verdicts
        Requirement to ``met``, ``not_met``, ``not_shown`` or ``not_applicable``.
    counts
        Indicator to numerator and denominator.
    """

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    procedures: tuple[Mapping[str, Any], ...] = ()
    verdicts: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormPack(Value):
    """A norm by its days of validity.

    Parameters
    ----------
    key
        ``issuer/instrument``, its folder.
    issuer, title, title_zh
        Whose, and what it is called.
    country, province
        Where it holds; ``province`` empty for the whole country, ``country`` empty for a model from elsewhere.
    techniques
        Of which it speaks.
    valid_from, valid_to
        Days of validity; the last may be open.
    dates_confidence
        How sure the days are.
    requirements, indicators, situations
        What it says, and its own tests.
    is_own
        Whether the hospital wrote it.
    """

    key: str
    issuer: str
    title: str
    title_zh: str
    country: str
    province: str
    techniques: tuple[Technique, ...]
    valid_from: date
    valid_to: date | None
    dates_confidence: Confidence
    requirements: tuple[Requirement, ...]
    indicators: tuple[IndicatorDefinition, ...]
    situations: tuple[NormSituation, ...]
    is_own: bool = False

    def words(self, language: Language) -> str:
        """Return the title in a language."""
        return self.title_zh if language is Language.CHINESE else self.title

    def is_valid(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def requirement(self, key: str) -> Requirement:
        """Return a requirement by its key.

        Raises
        ------
        RuleError
            The pack has none of that key.
        """
        for each in self.requirements:
            if each.key == key:
                return each
        raise RuleError("rules.requirement-unknown", "norm {pack} has no requirement {key}", pack=self.key, key=key)

    def indicator(self, key: str) -> IndicatorDefinition:
        """Return an indicator by its key.

        Raises
        ------
        RuleError
            The pack has none of that key.
        """
        for each in self.indicators:
            if each.key == key:
                return each
        raise RuleError("rules.indicator-unknown", "norm {pack} has no indicator {key}", pack=self.key, key=key)

"""What a rule pack says: sources, clauses, goals, and situations that test it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from trocar.errors import RuleError
from trocar.geometry.value import Value
from trocar.plan.goals import Confidence, Goal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleSource(Value):
    """A publication that clauses lean on; ``doi`` empty where it has none."""

    key: str
    citation: str
    doi: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clause(Value):
    """One sentence of a pack.

    Parameters
    ----------
    key
        Unique in its pack.
    text, text_zh
        The sentence in English and Chinese.
    source
        What it leans on.
    confidence
        How sure it is.
    goal
        What it demands of a plan, on a role (``target``, ``urethra`` ...); None for a clause of another kind.
    """

    key: str
    text: str
    text_zh: str
    source: RuleSource
    confidence: Confidence
    goal: Goal | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation(Value):
    """A made-up result with the clauses it must be found to miss.

    Parameters
    ----------
    name
        What it shows.
    prescription_gy
        Prescribed dose.
    achieved
        Clause to value, in the unit of the goal's limit.
    missed
        Clauses missed.
    """

    name: str
    prescription_gy: float
    achieved: Mapping[str, float]
    missed: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "achieved", MappingProxyType(dict(self.achieved)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pack(Value):
    """A pack of planning goals.

    Parameters
    ----------
    key
        ``issuer/instrument``, its folder.
    issuer, title, title_zh
        Whose, and what it is called.
    valid_from, valid_to
        Days of validity; the last may be open.
    aliases
        Role to the names under which structures of that role are drawn.
    clauses
        In order.
    situations
        Its own tests.
    """

    key: str
    issuer: str
    title: str
    title_zh: str
    valid_from: date
    valid_to: date | None
    aliases: Mapping[str, tuple[str, ...]]
    clauses: tuple[Clause, ...]
    situations: tuple[Situation, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "aliases", MappingProxyType(dict(self.aliases)))

    @property
    def goals(self) -> tuple[Goal, ...]:
        """The demands of all clauses, on roles."""
        return tuple(clause.goal for clause in self.clauses if clause.goal is not None)

    def clause(self, key: str) -> Clause:
        """Return a clause by its key.

        Raises
        ------
        RuleError
            The pack has none of that key.
        """
        for clause in self.clauses:
            if clause.key == key:
                return clause
        raise RuleError(
            "rules.clause-unknown",
            "pack {pack} has no clause {key}; it has: {keys}",
            pack=self.key,
            key=key,
            keys=", ".join(clause.key for clause in self.clauses),
        )

    def require_valid(self, on: date) -> None:
        """Raise unless the pack is valid on a day.

        Raises
        ------
        RuleError
            It is not yet, or no longer.
        """
        if on < self.valid_from or (self.valid_to is not None and on > self.valid_to):
            raise RuleError(
                "rules.pack-not-valid",
                "pack {pack} is valid from {valid_from} to {valid_to}, not on {on}; choose another edition",
                pack=self.key,
                valid_from=self.valid_from.isoformat(),
                valid_to="-" if self.valid_to is None else self.valid_to.isoformat(),
                on=on.isoformat(),
            )

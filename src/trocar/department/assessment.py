"""What a self-assessment says: standings of requirements, figures, sections, signatures; values only."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from trocar.department.norms import Requirement
from trocar.department.records import Fact
from trocar.geometry.value import Value
from trocar.messages import Message


class Standing(Enum):
    """How a department stands with a requirement."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement(Value):
    """One requirement laid beside what is there.

    Parameters
    ----------
    norm
        Key of the norm.
    requirement
        What is asked.
    standing
        Met, not met, not shown.
    said
        What was found.
    fact
        The statement it rests on; None for none.
    cases
        Procedures that do not fulfil it.
    """

    norm: str
    requirement: Requirement
    standing: Standing
    said: Message
    fact: Fact | None = None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signature(Value):
    """Who signed, in which role, when."""

    role: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignedOff(Value):
    """A self-assessment as signed: its period, the hashes of its files, the signatures.

    Parameters
    ----------
    period_first, period_last
        Days of the period.
    content_hash
        Hash of the values that were printed.
    files
        File name to SHA-256.
    signatures
        One each role.
    """

    period_first: date
    period_last: date
    content_hash: str
    files: tuple[tuple[str, str], ...]
    signatures: tuple[Signature, ...]

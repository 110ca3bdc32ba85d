"""Findings, to be shown and signed, and deviations, tolerated in what was read."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from trocar.geometry.value import Value
from trocar.messages import Message

T = TypeVar("T")

UNVERIFIED = "†"
"""Stands behind a reference that was remembered, not read."""


class Severity(Enum):
    """How much a finding matters."""

    NOTE = "note"
    ATTENTION = "attention"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding(Value):
    """Something a person must see: a limit exceeded, a difference explained, a doubt.

    Parameters
    ----------
    severity
        How much it matters.
    message
        What, in words with data.
    reference
        Clause, paper or pack the limit comes from; empty where it is a plain observation.
    """

    severity: Severity
    message: Message
    reference: str = ""


def found(code: str, template: str, severity: Severity, /, **data: object) -> Finding:
    """Return a finding by the code and the sentence of its message."""
    return Finding(severity=severity, message=Message(code=code, template=template, data=data))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviation(Value):
    """A departure from the standard that was tolerated in reading, by name.

    Parameters
    ----------
    message
        What deviates and how it was read.
    where
        File name or UID, never a patient's name; empty for the whole object.
    """

    message: Message
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[T]):
    """A value read from files, with every deviation met on the way."""

    value: T
    deviations: tuple[Deviation, ...] = ()

"""What a written report contradicts, leaves out or claims without showing: each with its sentences."""

from dataclasses import dataclass

from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.results.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quote(Value):
    """A sentence as it stands in a report.

    Parameters
    ----------
    place
        Number of the paragraph, from 1; of a table row likewise.
    section
        The heading above it; empty for none.
    text
        The sentence, unchanged.
    """

    place: int
    section: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contradiction(Value):
    """One fault of a report.

    Parameters
    ----------
    check
        Stable name of the rule, such as ``one-count-two-periods``.
    severity
        Action: to be mended before signing; attention: to be answered; note: to be seen.
    quotes
        The sentences; empty where something is absent.
    why
        Why it is a fault.
    settle
        What would settle it.
    """

    check: str
    severity: Severity
    quotes: tuple[Quote, ...]
    why: Message
    settle: Message


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessed(Value):
    """A report that was gone through.

    Parameters
    ----------
    name, sha256
        The file's name and the hash of its bytes.
    form
        ``docx``, ``text (gb18030)``, ``pdf``, ...
    paragraphs, sentences, characters
        How much was read.
    contradictions
        What was found, the severest first.
    remarks
        What limits the result.
    """

    name: str
    sha256: str
    form: str
    paragraphs: int
    sentences: int
    characters: int
    contradictions: tuple[Contradiction, ...]
    remarks: tuple[Message, ...] = ()

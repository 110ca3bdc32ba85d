"""How a check says what it found."""

from collections.abc import Iterable

from trocar.assess.script import Sentence
from trocar.department.contradictions import Contradiction
from trocar.messages import Message
from trocar.results.findings import Severity

ACTION, ATTENTION, NOTE = Severity.ACTION, Severity.ATTENTION, Severity.NOTE
MOST_QUOTES = 6
"""More sentences than this are not quoted for one fault."""


def said(code: str, template: str, /, **data: object) -> Message:
    """Return a message.

    Examples
    --------
    >>> said("demo.beds", "{n} beds", n=32).text()
    '32 beds'
    """
    return Message(code=code, template=template, data=data)


def fault(
    check: str, severity: Severity, sentences: Iterable[Sentence], *, why: Message, settle: Message
) -> Contradiction:
    """Return a fault with the sentences that show it, each once."""
    quotes = tuple(dict.fromkeys(each.quote for each in sentences))[:MOST_QUOTES]
    return Contradiction(check=check, severity=severity, quotes=quotes, why=why, settle=settle)

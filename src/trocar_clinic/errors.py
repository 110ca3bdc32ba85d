"""Why a deed is refused: a stable code, a sentence in both languages, and the values in it."""

from dataclasses import dataclass
from typing import Any, Self

from trocar_clinic.language import filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason.

    Parameters
    ----------
    code
        Stable name ``app.what-is-wrong``.
    text
        What was found, what is allowed, what to do; told in the reader's language.
    """

    code: str
    text: Any

    def __str__(self) -> str:
        return str(self.text)


class Refused(Exception):
    """A deed that may not be done, with every reason."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(each.code for each in reasons))

    @property
    def codes(self) -> tuple[str, ...]:
        """The stable names of the reasons."""
        return tuple(each.code for each in self.reasons)


class Overtaken(Refused):
    """Somebody else changed the row while it was being edited."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something may be done: allowed where nothing speaks against it.

    Examples
    --------
    >>> (ALLOWED & refusal("demo.shut", en="The door is shut", zh="门关着")).allowed
    False
    """

    reasons: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    def insist(self) -> Self:
        """Raise `Refused` with all reasons unless it is allowed."""
        if self.reasons:
            raise Refused(*self.reasons)
        return self

    def __and__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.reasons + other.reasons)


ALLOWED = Verdict()


def reason(code: str, *, en: str, zh: str, **data: Any) -> Reason:
    """Return a reason told in both languages."""
    return Reason(code=code, text=filled(en, zh, data))


def refusal(code: str, *, en: str, zh: str, **data: Any) -> Verdict:
    """Return a verdict that refuses for one reason."""
    return Verdict((reason(code, en=en, zh=zh, **data),))


def refuse_if(wrong: object, code: str, *, en: str, zh: str, **data: Any) -> Verdict:
    """Return a refusal where something is wrong, else `ALLOWED`."""
    return refusal(code, en=en, zh=zh, **data) if wrong else ALLOWED

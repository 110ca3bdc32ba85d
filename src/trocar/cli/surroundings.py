"""What surrounds a command: clock and language. Asked for here and nowhere below."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trocar.cli.console import Speaker, language_of_surroundings
from trocar.messages import Language


def local_now() -> datetime:
    """Return the wall clock to the second, without zone, as DICOM writes times."""
    return datetime.now().replace(microsecond=0)


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """Clock and language of one call.

    Parameters
    ----------
    now
        The wall clock.
    language
        In which the person is addressed; a command's ``--lang`` replaces it.
    as_json
        Whether stdout carries JSON.
    """

    now: Callable[[], datetime]
    language: Language
    as_json: bool = False

    @classmethod
    def here(cls) -> "Surroundings":
        """Return those of this machine."""
        return cls(now=local_now, language=language_of_surroundings())

    def speaker(self, language: Language | None, *, as_json: bool) -> Speaker:
        """Return who speaks to the person; from now on in the language asked for."""
        self.language = language or self.language
        self.as_json = as_json
        return Speaker(language=self.language, as_json=as_json)

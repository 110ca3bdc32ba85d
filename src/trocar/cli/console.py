"""What a command says and shows: results to stdout, progress and remarks to stderr, errors as sentences."""

import json
import locale
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from trocar.errors import TrocarError
from trocar.messages import Language, Message
from trocar.report.document import Text, in_language

PIPED_WIDTH = 160
"""Columns of tables that do not go to a terminal."""


def language_of_surroundings() -> Language:
    """Return Chinese where the surroundings ask for it, else English."""
    stated = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    stated = stated or (locale.getlocale()[0] or "")
    return Language.CHINESE if stated.lower().startswith(("zh", "chinese")) else Language.ENGLISH


class Speaker:
    """Speaks to the person, or to the script, that called a command.

    Parameters
    ----------
    language
        Of all sentences.
    as_json
        Whether stdout carries one JSON object and nothing else.
    """

    def __init__(self, *, language: Language, as_json: bool) -> None:
        self.language = language
        self.as_json = as_json
        self._aside = Console(stderr=True, highlight=False, soft_wrap=True)
        self._out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)

    def say(self, text: Text) -> None:
        """Say a result: to stdout, unless that carries JSON."""
        if not self.as_json:
            self._out.print(self.words(text), markup=False)

    def show(self, renderable: Any) -> None:
        """Show a table: to stdout, unless that carries JSON."""
        if not self.as_json:
            self._out.print(renderable)

    def remark(self, text: Text) -> None:
        """Say something beside the result: to stderr."""
        self._aside.print(self.words(text), markup=False)

    def give(self, data: dict[str, Any]) -> None:
        """Give the JSON object, where it was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

    def words(self, text: Text) -> str:
        """Return a text in the language of the person."""
        return in_language(text, self.language)

    def ask(self, question: Message, choices: list[str]) -> int | None:
        """Ask the person to choose and return the place of the choice; None where nobody sits at the terminal."""
        if not (sys.stdin.isatty() and self._aside.is_terminal):
            return None
        self.remark(question)
        for number, choice in enumerate(choices, start=1):
            self.remark(f"  {number}  {choice}")
        while True:
            answer = self._aside.input("? ").strip()
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1

    @contextmanager
    def following(self) -> Iterator["Follower"]:
        """Give something to tell stages and shares to: bars on a terminal, else one line a stage, on stderr."""
        if not self._aside.is_terminal:
            yield Follower(self.remark, None, self.words)
            return
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=28), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._aside) as bars:
            yield Follower(self.remark, bars, self.words)


class Follower:
    """Follows a run that tells its stage and the share of it that is done."""

    def __init__(self, say: Callable[[Message], None], bars: Progress | None, words: Callable[[Text], str]) -> None:
        self._say = say
        self._bars = bars
        self._words = words
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: Message, share: float) -> None:
        """Tell how far a stage is."""
        if stage.code not in self._tasks:
            self._tasks[stage.code] = TaskID(len(self._tasks))
            if self._bars is None:
                self._say(stage)
            else:
                self._tasks[stage.code] = self._bars.add_task(self._words(stage), total=1.0)
        if self._bars is not None:
            self._bars.update(self._tasks[stage.code], completed=share)


def error_json(error: TrocarError, language: Language) -> dict[str, Any]:
    """Return an error as data for scripts."""
    plain = (int, float, str, bool)
    data = {name: item if isinstance(item, plain) else str(item) for name, item in error.message.data.items()}
    return {"error": {"code": error.code, "text": error.text(language), "data": data}}

"""Long work on an edited plan, such as writing all its papers, in a thread of its own while the page asks how far."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trocar.errors import TrocarError
from trocar.messages import Language, Message
from trocar_workspace.said import in_both

Progress = Callable[[Message, float], None]
Write = Callable[[list[dict[str, Any]], Progress], str]
"""Works on the plan that a list of changes leads to, tells how far it is, and returns the result or its name."""


@dataclass(slots=True)
class Saving:
    """How far it is.

    Parameters
    ----------
    share
        Of the stage it is in, 0 to 1.
    stage
        In both languages.
    done
        Whether it ended, well or not.
    result
        What was made; empty until then.
    problem
        Why nothing was made, in both languages.
    """

    share: float = 0.0
    stage: dict[str, str] = field(default_factory=dict)
    done: bool = False
    result: str = ""
    problem: dict[str, str] | None = None

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "share": round(self.share, 3),
            "stage": self.stage,
            "done": self.done,
            "result": self.result,
            "problem": self.problem,
        }


class Saver:
    """Works on one plan at a time.

    Parameters
    ----------
    write
        What does it.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._lock = threading.Lock()
        self.saving = Saving(done=True)

    def begin(self, words: list[dict[str, Any]]) -> bool:
        """Begin; return whether nothing was under way."""
        with self._lock:
            if not self.saving.done:
                return False
            self.saving = Saving()
        threading.Thread(target=self._run, args=(self.saving, words), name="saving", daemon=True).start()
        return True

    def told(self) -> dict[str, Any]:
        """Return how far it is."""
        return self.saving.told()

    def _run(self, saving: Saving, words: list[dict[str, Any]]) -> None:
        def told(stage: Message, share: float) -> None:
            saving.stage, saving.share = in_both(stage) or {}, share

        try:
            saving.result = self._write(words, told)
        except TrocarError as error:
            saving.problem = in_both(error.message)
        except Exception as error:
            saving.problem = {
                Language.ENGLISH.value: f"It failed: {type(error).__name__}",
                Language.CHINESE.value: f"未能完成：{type(error).__name__}",
            }
            raise
        finally:
            saving.done = True

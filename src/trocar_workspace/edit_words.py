"""Changes as the browser writes them, and what they mean: ``{"do": "slide", "needle": 3, "seed": 2, "by_mm": -2}``."""

from typing import Any

import numpy as np

from trocar.errors import UsageError
from trocar.workflow.plan_edits import DEEDS, Edit, needs_of

LONGEST = 2000
"""Changes that one request may carry."""


def edits_of(words: object) -> tuple[Edit, ...]:
    """Return the changes of a list of words.

    Raises
    ------
    UsageError
        Not a list, too long a list, or one of its entries is no change.
    """
    if not isinstance(words, list) or len(words) > LONGEST:
        raise UsageError(
            "workspace.edits-unreadable",
            "changes come as a list of at most {most}; reload the page",
            most=LONGEST,
        )
    return tuple(edit_of(each) for each in words)


def edit_of(words: object) -> Edit:
    """Return one change.

    Raises
    ------
    UsageError
        Unknown, incomplete, or a value of the wrong kind.
    """
    if not isinstance(words, dict) or words.get("do") not in DEEDS:
        raise _unreadable(words)
    deed = DEEDS[words["do"]]
    wanted = needs_of(deed)
    if set(words) - {"do"} != set(wanted):
        raise _unreadable(words)
    try:
        return deed(**{name: _value(words[name], kind) for name, kind in wanted.items()})
    except (TypeError, ValueError) as problem:
        raise _unreadable(words) from problem


def _value(value: Any, kind: object) -> Any:
    if kind is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        return value
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all() or array.shape != (() if kind is float else (3,)):
        raise ValueError
    return float(array) if kind is float else array


def _unreadable(words: object) -> UsageError:
    return UsageError(
        "workspace.edit-unreadable",
        "{words} is no change; write one of {deeds} with what it needs, as in docs/howto/plan-an-implant.md",
        words=str(words)[:200],
        deeds=", ".join(DEEDS),
    )


def as_toml(words: list[dict[str, Any]]) -> str:
    """Return changes as the file that ``trocar edit`` reads."""
    tables = ("\n".join(["[[edit]]", *(f"{name} = {_toml(value)}" for name, value in each.items())]) for each in words)
    return "\n\n".join(tables) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(_toml(each) for each in value)}]" if isinstance(value, list) else repr(value)

"""What kinds of job there are: a name, and where the function stands that does it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

Progress = Callable[[float, str], None]

KINDS: dict[str, str] = {"images.sort": "trocar_clinic.images.jobs:sort"}
"""``app.verb`` → ``module:function``; the function takes ``(job, progress)`` and returns the outcome to be kept."""


def function_of(name: str) -> Callable[[Any, Progress], dict[str, Any]]:
    """Return the function of a kind."""
    module, _, attribute = KINDS[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]

"""When patients are seen again, kept as data with its sources."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed:
    """A visit of the schedule.

    Parameters
    ----------
    day
        Days after the procedure.
    window_days
        Days before and after in which a visit counts.
    title
        What it is for.
    """

    day: int
    window_days: int
    title: Any


@cache
def schedule_key() -> str:
    """Return the name and edition of the schedule."""
    return str(_content()["key"])


@cache
def _content() -> dict[str, Any]:
    text = (resources.files(__package__) / "lists" / "schedule.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@cache
def schedule_for(technique: Technique) -> tuple[Appointed, ...]:
    """Return the visits of a technique, in their order."""
    return tuple(
        Appointed(day=each["day"], window_days=each["window"], title=both(each["en"], each["zh"]))
        for each in _content()[technique.value]
    )

"""What consent must tell and what the time-out asks, kept as data with their sources."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to be told or asked."""

    key: str
    text: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """A list of things, with its edition and source."""

    key: str
    items: tuple[Question, ...]
    source: str
    confidence: str


@cache
def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((resources.files(__package__) / "lists" / name).read_text("utf-8"))
    return content


def _questions(name: str, technique: Technique) -> Questions:
    content = _read(name)
    items = [*content["always"], *content.get(technique.value, [])]
    return Questions(
        key=f"{content['key']}/{technique.value}",
        items=tuple(Question(key=each["key"], text=both(each["en"], each["zh"])) for each in items),
        source=content["source"],
        confidence=content["confidence"],
    )


def consent_items(technique: Technique) -> Questions:
    """Return what patient and family must be told."""
    return _questions("consent.yaml", technique)


def time_out_items(technique: Technique) -> Questions:
    """Return what is checked before the first needle."""
    return _questions("time_out.yaml", technique)

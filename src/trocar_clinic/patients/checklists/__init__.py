"""Indication checklists, kept as data with their sources, chosen by technique and day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both

CONFIDENCES = {
    "derived": both("derived", "由相关要求推出"),
    "found_secondary": both("found in a secondary source", "转引自二手来源"),
}
"""How sure the text of a checklist is, for readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of a checklist."""

    key: str
    text: Any
    help: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Questions of which at least some must be answered with yes; none of a section of contraindications."""

    title: Any
    items: tuple[Item, ...]
    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """An indication checklist.

    Parameters
    ----------
    key
        Name and edition, kept with every assessment.
    sections
        Each needs its number of answers with yes.
    contraindications
        Any answer with yes forbids.
    source, confidence
        Where the text comes from, and how sure that is.
    """

    key: str
    title: Any
    technique: Technique
    valid_from: date
    valid_until: date | None
    sections: tuple[Section, ...]
    contraindications: tuple[Item, ...]
    source: Any
    confidence: Any

    @property
    def items(self) -> tuple[Item, ...]:
        """All questions."""
        return tuple(item for section in self.sections for item in section.items) + self.contraindications

    def is_met(self, answers: Mapping[str, bool]) -> bool:
        """Say whether every section has enough answers with yes."""
        return all(_yes(section, answers) >= section.at_least for section in self.sections)

    def is_contraindicated(self, answers: Mapping[str, bool]) -> bool:
        """Say whether any contraindication was answered with yes."""
        return any(answers.get(item.key) for item in self.contraindications)

    def what_is_missing(self, answers: Mapping[str, bool]) -> "Missing":
        """Return what the sections lack, told when it is read."""
        return Missing(tuple((each.title, _yes(each, answers), each.at_least) for each in self.sections))


class Missing:
    """What sections lack: title, answers with yes, how many are needed."""

    def __init__(self, sections: tuple[tuple[Any, int, int], ...]) -> None:
        self.sections = sections

    def __format__(self, spec: str) -> str:
        lacking = [each for each in self.sections if each[1] < each[2]]
        told = both("{title}: {n} of at least {needed}", "{title}：{n} 项，至少 {needed} 项")
        return "; ".join(str(told).format(title=title, n=n, needed=needed) for title, n, needed in lacking)


def _yes(section: Section, answers: Mapping[str, bool]) -> int:
    return sum(bool(answers.get(item.key)) for item in section.items)


@cache
def all_checklists() -> tuple[Checklist, ...]:
    """Return every checklist of this folder."""
    files = sorted(each.name for each in resources.files(__package__).iterdir() if each.name.endswith(".yaml"))
    return tuple(_read(yaml.safe_load((resources.files(__package__) / name).read_text("utf-8"))) for name in files)


def checklist_for(technique: Technique, *, on: date) -> Checklist:
    """Return the checklist of a technique in force on a day; the earliest for days before any."""
    known = sorted((each for each in all_checklists() if each.technique is technique), key=lambda each: each.valid_from)
    return next((each for each in reversed(known) if each.valid_from <= on), known[0])


def _read(content: dict[str, Any]) -> Checklist:
    return Checklist(
        key=content["key"],
        title=both(content["title"]["en"], content["title"]["zh"]),
        technique=Technique(content["technique"]),
        valid_from=content["valid_from"],
        valid_until=content.get("valid_until"),
        sections=tuple(
            Section(
                title=both(each["title"]["en"], each["title"]["zh"]),
                items=_items(each["items"]),
                at_least=each["at_least"],
            )
            for each in content["sections"]
        ),
        contraindications=_items(content["contraindications"]),
        source=both(content["source"]["en"], content["source"]["zh"]),
        confidence=CONFIDENCES[content["confidence"]],
    )


def _items(rows: list[dict[str, Any]]) -> tuple[Item, ...]:
    return tuple(
        Item(
            key=each["key"],
            text=both(each["en"], each["zh"]),
            help=both(each.get("help_en", ""), each.get("help_zh", "")),
        )
        for each in rows
    )

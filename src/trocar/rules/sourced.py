"""Sourced numbers of a rule pack: value, unit, what it means in both languages, source, how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from trocar.errors import RuleError
from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourcedNumber(Value):
    """One number with where it comes from.

    Parameters
    ----------
    key
        Its name in the pack.
    value, unit
        As the pack states it.
    meaning, meaning_zh
        What it is.
    source, source_zh
        Title, with DOI where there is one; the Chinese title where the pack gives one.
    confidence
        As the pack explains it; ``memory_unverified`` is shown and never blocks.
    """

    key: str
    value: float
    unit: str
    meaning: str
    meaning_zh: str
    source: str
    source_zh: str
    confidence: str

    @property
    def may_block(self) -> bool:
        """Whether somebody has read it where it stands: only then may it demand action."""
        return self.confidence in {"found", "found_copy", "measured", "derived"}


def sourced_numbers(text: str, *, schema: str, section: str, units: Mapping[str, str]) -> dict[str, SourcedNumber]:
    """Return the numbers of a pack's section.

    Parameters
    ----------
    text
        YAML.
    schema
        What the pack must call itself.
    section
        Where its numbers stand.
    units
        Every number it must hold, and in which unit.

    Raises
    ------
    RuleError
        Not such a pack, a number missing, or in another unit.
    """
    try:
        pack: Any = yaml.safe_load(text)
        if pack["schema"] != schema:
            raise ValueError(f"schema {pack['schema']}")
        numbers = {key: _number(key, pack[section][key], pack["sources"]) for key in units}
        wrong = [key for key, unit in units.items() if numbers[key].unit != unit or not numbers[key].value >= 0.0]
        if wrong:
            raise ValueError(f"unit or value of {', '.join(wrong)}")
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as problem:
        raise RuleError(
            "rules.numbers-impossible",
            "a pack of schema {schema} was expected with {keys}; this one cannot be used: {reason}",
            schema=schema,
            keys=", ".join(f"{key} ({unit})" for key, unit in units.items()),
            reason=f"{type(problem).__name__} {problem}",
        ) from problem
    return numbers


def shipped_numbers(pack: str, *, schema: str, section: str, units: Mapping[str, str]) -> dict[str, SourcedNumber]:
    """Return the numbers of a pack that comes with Trocar, by its folder ``issuer/instrument``."""
    file = resources.files("trocar") / "rulepacks" / pack / "pack.yaml"
    return sourced_numbers(file.read_text(encoding="utf-8"), schema=schema, section=section, units=units)


def _number(key: str, entry: Mapping[str, Any], sources: Mapping[str, Any]) -> SourcedNumber:
    source = sources[entry["source"]]
    doi = f", doi:{source['doi']}" if source.get("doi") else ""
    return SourcedNumber(
        key=key,
        value=float(entry["value"]),
        unit=str(entry["unit"]),
        meaning=str(entry["meaning"]),
        meaning_zh=str(entry["meaning_zh"]),
        source=f"{source['title']}{doi}",
        source_zh=f"{source.get('title_zh', source['title'])}{doi}",
        confidence=str(entry["confidence"]),
    )

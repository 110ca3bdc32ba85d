"""Read packs of planning goals: ``rulepacks/<issuer>/<instrument>/{pack,clauses,situations}.yaml``."""

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from trocar.errors import PlanError, RuleError
from trocar.plan.goals import Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.rules.pack import Clause, Pack, RuleSource, Situation

SCHEMA = "trocar.planning-goals/1"


def pack_keys() -> tuple[str, ...]:
    """Return the keys of the packs of planning goals that come with Trocar."""
    return tuple(sorted(_shipped_packs()))


def load_pack(key: str) -> Pack:
    """Return a pack that comes with Trocar.

    Raises
    ------
    RuleError
        There is none of that key, or it says something impossible.
    """
    shipped = _shipped_packs()
    if key not in shipped:
        raise RuleError(
            "rules.pack-unknown",
            "there is no pack of planning goals named {key}; there are: {keys}",
            key=key,
            keys=", ".join(sorted(shipped)),
        )
    return _parse(key, shipped[key])


def read_pack(folder: Path) -> Pack:
    """Return a department's own pack from a folder of the same form; its key is the last two names of the path.

    Raises
    ------
    RuleError
        A file is missing, is not YAML, or says something impossible.
    """
    return _parse("/".join(folder.resolve().parts[-2:]), folder)


def _shipped_packs() -> dict[str, Traversable]:
    return {
        f"{issuer.name}/{pack.name}": pack
        for issuer in _folders(resources.files("trocar") / "rulepacks")
        for pack in _folders(issuer)
        if (pack / "clauses.yaml").is_file() and _yaml(pack, "pack.yaml", pack.name).get("schema") == SCHEMA
    }


def _folders(parent: Traversable) -> Iterator[Traversable]:
    return (entry for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith(("_", ".")))


def _yaml(folder: Traversable, name: str, key: str) -> Any:
    try:
        return yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(
            "rules.file-unreadable",
            "{file} of pack {pack} cannot be read: {reason}; a pack holds pack.yaml, clauses.yaml and situations.yaml",
            file=name,
            pack=key,
            reason=str(error).splitlines()[0],
        ) from error


def _parse(key: str, folder: Traversable) -> Pack:
    head = _yaml(folder, "pack.yaml", key)
    clauses = _yaml(folder, "clauses.yaml", key)
    situations = _yaml(folder, "situations.yaml", key)
    try:
        sources = {name: _source(name, entry) for name, entry in head["sources"].items()}
        return Pack(
            key=key,
            issuer=str(head["issuer"]),
            title=str(head["title"]),
            title_zh=str(head["title_zh"]),
            valid_from=_day(head["valid_from"]),
            valid_to=None if head.get("valid_to") is None else _day(head["valid_to"]),
            aliases={role: tuple(map(str, entry["aliases"])) for role, entry in head["roles"].items()},
            clauses=tuple(_clause(key, entry, sources, head["roles"]) for entry in clauses),
            situations=tuple(_situation(entry) for entry in situations),
        )
    except (KeyError, TypeError, ValueError, AttributeError, PlanError) as error:
        raise RuleError(
            "rules.pack-impossible",
            "pack {pack} says something that cannot be: {reason}; compare it with a pack that comes with Trocar",
            pack=key,
            reason=f"{type(error).__name__} {error}",
        ) from error


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is not a date")
    return value


def _source(key: str, entry: Mapping[str, Any]) -> RuleSource:
    return RuleSource(key=key, citation=str(entry["citation"]), doi=str(entry.get("doi") or ""))


def _clause(pack: str, entry: Mapping[str, Any], sources: Mapping[str, RuleSource], roles: Mapping[str, Any]) -> Clause:
    source = sources[entry["source"]]
    confidence = Confidence(entry["confidence"])
    goal = entry.get("goal")
    if goal is not None and goal["structure"] not in roles:
        raise ValueError(f"role {goal['structure']} of clause {entry['id']} is not declared")
    return Clause(
        key=str(entry["id"]),
        text=str(entry["text"]),
        text_zh=str(entry["text_zh"]),
        source=source,
        confidence=confidence,
        goal=None if goal is None else _goal(f"{pack}#{entry['id']}", goal, source, confidence),
    )


def _goal(key: str, entry: Mapping[str, Any], source: RuleSource, confidence: Confidence) -> Goal:
    at_least = "at_least" in entry
    if at_least == ("at_most" in entry):
        raise ValueError(f"{key} needs one of at_least and at_most")
    return Goal(
        key=key,
        structure=str(entry["structure"]),
        metric=Metric.parse(str(entry["metric"])),
        comparison=Comparison.AT_LEAST if at_least else Comparison.AT_MOST,
        limit=float(entry["at_least" if at_least else "at_most"]),
        limit_unit=Unit(entry["unit"]),
        priority=Priority(entry["priority"]),
        reference=f"{source.citation}. doi:{source.doi}" if source.doi else source.citation,
        confidence=confidence,
    )


def _situation(entry: Mapping[str, Any]) -> Situation:
    return Situation(
        name=str(entry["name"]),
        prescription_gy=float(entry["prescription_gy"]),
        achieved={str(clause): float(value) for clause, value in entry["achieved"].items()},
        missed=tuple(map(str, entry["missed"])),
    )

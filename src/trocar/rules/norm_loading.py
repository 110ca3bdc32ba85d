"""Read norms: ``rulepacks/<issuer>/<instrument>/{pack,clauses,situations}.yaml`` of the form `SCHEMA`.

A pack is checked on loading: dates, units, keys, sources, conditions and their parameters, and every situation is run.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from trocar.department.norms import (
    Comparison,
    Condition,
    Direction,
    Enforcement,
    IndicatorDefinition,
    Measure,
    NormPack,
    NormSituation,
    NormSource,
    Requirement,
    Technique,
    Threshold,
    Unit,
)
from trocar.errors import RuleError
from trocar.plan.goals import Confidence
from trocar.rules.conditions import CONDITIONS, KINDS, QUANTITIES, parameters_fit
from trocar.rules.norm_situations import require_situations

SCHEMA = "trocar.norm/1"
NUMBER_UNITS = frozenset(
    {"", "bed", "person", "year", "month", "day", "working_day", "m2", "mm", "mSv", "mSv/a", "Bq", "share", "case"}
)
"""Units a threshold may be in."""


@cache
def shipped_norms() -> tuple[NormPack, ...]:
    """Return every norm that comes with Trocar, by key.

    Raises
    ------
    RuleError
        One says something impossible.
    """
    root = resources.files("trocar") / "rulepacks"
    folders = [pack for issuer in root.iterdir() if issuer.is_dir() for pack in issuer.iterdir() if pack.is_dir()]
    norms = [
        _parse(folder, f"{Path(str(folder)).parent.name}/{folder.name}", is_own=False)
        for folder in folders
        if (folder / "pack.yaml").is_file() and _is_norm(folder)
    ]
    return tuple(sorted(norms, key=lambda norm: norm.key))


def read_norm(folder: Path) -> NormPack:
    """Return a hospital's own norm from a folder of the same form; its key is the last two names of the path.

    Raises
    ------
    RuleError
        A file is missing, is not YAML, says something impossible, or a situation does not come out as it says.
    """
    return _parse(folder, "/".join(folder.resolve().parts[-2:]), is_own=True)


def _is_norm(folder: Traversable) -> bool:
    first = (folder / "pack.yaml").read_text(encoding="utf-8").split("schema:", 1)
    return len(first) == 2 and first[1].split("\n", 1)[0].strip() == SCHEMA


def _yaml(folder: Traversable | Path, name: str, key: str) -> Any:
    try:
        return yaml.load((folder / name).read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(
            "rules.norm-unreadable",
            "{file} of norm {pack} cannot be read: {reason}; a norm holds pack.yaml, clauses.yaml and situations.yaml",
            file=name,
            pack=key,
            reason=str(error).splitlines()[0],
        ) from error


class _Loader(yaml.SafeLoader):
    """YAML in which ``on`` is a word, as in "on 2023-02-01", and only true and false are truth values."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in entries if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"]
    for letter, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parse(folder: Traversable | Path, key: str, *, is_own: bool) -> NormPack:
    head = _yaml(folder, "pack.yaml", key)
    clauses = _yaml(folder, "clauses.yaml", key)
    situations = _yaml(folder, "situations.yaml", key)
    try:
        norm = _norm(key, head, clauses, situations, is_own=is_own)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RuleError(
            "rules.norm-impossible",
            "norm {pack} says something that cannot be: {reason}; compare it with a norm that comes with Trocar",
            pack=key,
            reason=f"{type(error).__name__} {error}",
        ) from error
    require_situations(norm)
    return norm


def _norm(key: str, head: Mapping[str, Any], clauses: Mapping[str, Any], situations: Any, *, is_own: bool) -> NormPack:
    if head["schema"] != SCHEMA:
        raise ValueError(f"schema {head['schema']} is not {SCHEMA}")
    sources = {
        name: NormSource(
            key=name, title=str(entry["title"]), status=str(entry["status"]), url=str(entry.get("url") or "")
        )
        for name, entry in head["sources"].items()
    }
    valid_from, valid_to = _day(head["valid_from"]), head.get("valid_to")
    if valid_to is not None and _day(valid_to) < valid_from:
        raise ValueError(f"valid_to {valid_to} is before valid_from {valid_from}")
    requirements = tuple(_requirement(entry, sources) for entry in clauses.get("requirements") or ())
    indicators = tuple(_indicator(entry, sources) for entry in clauses.get("indicators") or ())
    _require_once([each.key for each in requirements] + [each.key for each in indicators])
    return NormPack(
        key=key,
        issuer=str(head["issuer"]),
        title=str(head["title"]),
        title_zh=str(head["title_zh"]),
        country=str(head["country"] or ""),
        province=str(head.get("province") or ""),
        techniques=tuple(Technique(each) for each in head["techniques"]),
        valid_from=valid_from,
        valid_to=valid_to,
        dates_confidence=Confidence(head["dates_confidence"]),
        requirements=requirements,
        indicators=indicators,
        situations=tuple(_situation(entry) for entry in situations),
        is_own=is_own,
    )


def _require_once(keys: list[str]) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"id {twice[0]} stands twice")


def _day(value: Any) -> date:
    if type(value) is not date:
        raise TypeError(f"{value!r} is not a date")
    return value


def _requirement(entry: Mapping[str, Any], sources: Mapping[str, NormSource]) -> Requirement:
    return Requirement(
        key=str(entry["id"]),
        text=str(entry["text"]),
        text_zh=str(entry["text_zh"]),
        category=str(entry["category"]),
        threshold=_threshold(entry["id"], entry["threshold"]) if entry.get("threshold") else None,
        evidence=tuple(map(str, entry["evidence"])),
        sources=tuple(sources[name] for name in entry["source"]),
        confidence=Confidence(entry["confidence"]),
        enforcement=Enforcement(entry["enforcement"]),
        note=str(entry.get("note") or ""),
    )


def _threshold(key: str, entry: Mapping[str, Any]) -> Threshold:
    comparison = Comparison(entry["comparison"])
    unit = str(entry.get("unit") or "")
    if unit not in NUMBER_UNITS:
        raise ValueError(f"unit {unit} of {key} is not one of {', '.join(sorted(NUMBER_UNITS))}")
    value = entry.get("value")
    if comparison in {Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.BELOW} and not isinstance(value, int | float):
        raise ValueError(f"{key} compares with {value!r}, which is not a number")
    if comparison is Comparison.CONTAINS_ALL and not isinstance(value, list):
        raise ValueError(f"{key} needs a list, not {value!r}")
    if comparison is Comparison.EACH_AT_LEAST and not isinstance(value, dict):
        raise ValueError(f"{key} needs a group of values, not {value!r}")
    if comparison is Comparison.EVERY_CASE:
        _condition({str(entry["fact"]): value or {}})
    elif "among" in entry:
        raise ValueError(f"{key} names cases, but compares no cases")
    among = _condition(entry["among"]) if "among" in entry else None
    return Threshold(fact=str(entry["fact"]), comparison=comparison, value=value, unit=unit, among=among)


def _condition(entry: Mapping[str, Any]) -> Condition:
    if len(entry) != 1:
        raise ValueError(f"{dict(entry)} is not one condition")
    ((name, parameters),) = entry.items()
    if name not in CONDITIONS:
        raise ValueError(f"condition {name} is not known; there are {', '.join(CONDITIONS)}")
    condition = Condition(name=name, parameters=parameters or {})
    if not parameters_fit(condition):
        raise ValueError(f"condition {name} does not take {', '.join(condition.parameters) or 'no parameters'}")
    group = condition.parameters.get("kinds")
    if isinstance(group, str) and group not in KINDS:
        raise ValueError(f"group {group} of complications is not one of {', '.join(KINDS)}")
    return condition


def _measure(entry: Mapping[str, Any] | None) -> Measure | None:
    if entry is None:
        return None
    unknown = set(entry) - {"unit", "among", "that", "episodes", "any_procedure", "mean_of"}
    mean_of = str(entry.get("mean_of") or "")
    if unknown or (mean_of and mean_of not in QUANTITIES):
        raise ValueError(f"measure cannot hold {', '.join(sorted(unknown)) or mean_of}")
    return Measure(
        unit=Unit(entry["unit"]),
        among=tuple(_condition(each) for each in entry.get("among") or ()),
        that=tuple(_condition(each) for each in entry.get("that") or ()),
        episodes=bool(entry.get("episodes", False)),
        any_procedure=bool(entry.get("any_procedure", False)),
        mean_of=mean_of,
    )


def _indicator(entry: Mapping[str, Any], sources: Mapping[str, NormSource]) -> IndicatorDefinition:
    return IndicatorDefinition(
        key=str(entry["id"]),
        code=str(entry.get("code") or ""),
        name=str(entry["name"]),
        name_zh=str(entry["name_zh"]),
        numerator=str(entry["numerator"]),
        numerator_zh=str(entry["numerator_zh"]),
        denominator=str(entry["denominator"]),
        denominator_zh=str(entry["denominator_zh"]),
        window=str(entry["window"]),
        direction=Direction(entry["direction"]),
        measure=_measure(entry.get("measure")),
        sources=tuple(sources[name] for name in entry["source"]),
        confidence=Confidence(entry["confidence"]),
        note=str(entry.get("note") or ""),
    )


def _situation(entry: Mapping[str, Any]) -> NormSituation:
    unknown = set(entry) - {"name", "facts", "procedures", "verdicts", "counts"}
    if unknown:
        raise ValueError(f"situation {entry['name']} cannot hold {', '.join(sorted(unknown))}")
    return NormSituation(
        name=str(entry["name"]),
        facts=dict(entry.get("facts") or {}),
        procedures=tuple(entry.get("procedures") or ()),
        verdicts={str(key): str(value) for key, value in (entry.get("verdicts") or {}).items()},
        counts={str(key): (int(value[0]), int(value[1])) for key, value in (entry.get("counts") or {}).items()},
    )

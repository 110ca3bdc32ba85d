"""Bodies, norms and terms with the days for which their names were right, from ``rulepacks/trocar/report_language``."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trocar.errors import RuleError
from trocar.plan.goals import Confidence

SCHEMA = "trocar.report-language/1"
KINDS = ("body", "norm", "term", "title", "edition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name.

    Parameters
    ----------
    key, kind
        Unique; one of `KINDS`.
    pattern
        How it is written; None for sentences of an edition.
    until
        Last day on which it was right; None for never.
    now
        What took its place.
    text, norm
        For sentences of an edition: the sentence, and of which norm.
    confidence
        How sure the day is.
    """

    key: str
    kind: str
    pattern: re.Pattern[str] | None
    until: date | None
    now: str
    text: str
    norm: str
    confidence: Confidence


@cache
def entries() -> tuple[Entry, ...]:
    """Return all entries.

    Raises
    ------
    RuleError
        The pack says something impossible.
    """
    folder = resources.files("trocar") / "rulepacks" / "trocar" / "report_language"
    head = yaml.safe_load((folder / "pack.yaml").read_text(encoding="utf-8"))
    listed = yaml.safe_load((folder / "clauses.yaml").read_text(encoding="utf-8"))
    try:
        if head["schema"] != SCHEMA:
            raise ValueError(f"schema {head['schema']} is not {SCHEMA}")
        return tuple(_entry(each, head["sources"]) for each in listed)
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise RuleError(
            "assess.lexicon-impossible",
            "the pack of report language says something that cannot be: {reason}",
            reason=f"{type(error).__name__} {error}",
        ) from error


def _entry(data: dict[str, Any], sources: dict[str, Any]) -> Entry:
    if data["kind"] not in KINDS or data["source"] not in sources:
        raise ValueError(f"{data['id']}: kind {data['kind']}, source {data['source']}")
    until = data["until"]
    if until is not None and type(until) is not date:
        raise TypeError(f"{data['id']}: {until!r} is not a date")
    return Entry(
        key=str(data["id"]),
        kind=str(data["kind"]),
        pattern=re.compile(data["pattern"]) if data["pattern"] else None,
        until=until,
        now=str(data["now"]),
        text=str(data.get("text") or ""),
        norm=str(data.get("norm") or ""),
        confidence=Confidence(data["confidence"]),
    )


_FORMER = re.compile(r"原|前身|时任|曾")
_GONE = re.compile(
    r"废止|失效|替代|代替|取代|不再|取消|停止|改为|更名|更新为|现(?:为|称|更名)|原(?:称|名)|修订|不适用|"
    r"(?i:repeal|replaced|superseded|no longer|formerly)"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=\s*年(?!\s*版)|[./-]\d)")


def outdated(plain: str, entry: Entry, *, on: date) -> str | None:
    """Return the name that a sentence uses after its day; None where it does not, or speaks of former times.

    Parameters
    ----------
    plain
        A narrowed sentence.
    entry
        The name.
    on
        The day of which the report speaks.
    """
    if entry.pattern is None or (entry.until is not None and on <= entry.until):
        return None
    match = entry.pattern.search(plain)
    if match is None or _FORMER.search(plain[max(0, match.start() - 2) : match.start()]) or _GONE.search(plain):
        return None
    years = [int(each) for each in _YEAR.findall(plain)]
    if entry.until is not None and years and max(years) <= entry.until.year:
        return None
    return match.group()

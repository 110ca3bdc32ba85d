"""Tables of a request file, read key by key; what is missing, of another kind or not asked for is named."""

import shutil
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from trocar.errors import UsageError

T = TypeVar("T")


class Section:
    """A table of the request file that is read key by key; what nobody asked for is an error.

    Parameters
    ----------
    name
        As written in the file, for messages.
    entries
        The table.
    folder
        Where the file lies; None where it is none.
    """

    def __init__(self, name: str, entries: dict[str, Any], *, folder: Path | None = None) -> None:
        self.name = name
        self.folder = folder
        self._left = dict(entries)

    def take(self, key: str, kind: Callable[[Any], T]) -> T:
        """Return a required entry.

        Raises
        ------
        UsageError
            It is missing or of another kind.
        """
        if key not in self._left:
            raise UsageError(
                "cli.request-missing",
                "the request does not state {key} in [{section}]; every quantity of a plan must be stated",
                key=key,
                section=self.name,
            )
        return self._as(key, self._left.pop(key), kind)

    def may(self, key: str, kind: Callable[[Any], T]) -> T | None:
        """Return an entry that may be left out, or None."""
        return self._as(key, self._left.pop(key), kind) if key in self._left else None

    def table(self, key: str) -> "Section":
        """Return a required table in this one."""
        return Section(f"{self.name}.{key}".lstrip("."), self.take(key, a_table), folder=self.folder)

    def may_table(self, key: str) -> "Section | None":
        """Return a table in this one, or None."""
        return self.table(key) if key in self._left else None

    def keys_left(self) -> tuple[str, ...]:
        """Return the keys that nobody has taken yet."""
        return tuple(self._left)

    def rest(self, kind: Callable[[Any], T]) -> dict[str, T]:
        """Return all entries that are left, by name."""
        found = {key: self._as(key, value, kind) for key, value in self._left.items()}
        self._left.clear()
        return found

    def done(self) -> None:
        """Raise if anything is left.

        Raises
        ------
        UsageError
            Names what nobody asked for: a slip of the pen must not be passed over.
        """
        if self._left:
            raise UsageError(
                "cli.request-unknown",
                "the request states {keys} in [{section}], which means nothing there; check the spelling",
                keys=", ".join(self._left),
                section=self.name,
            )

    def _as(self, key: str, value: Any, kind: Callable[[Any], T]) -> T:
        try:
            return kind(value)
        except (TypeError, ValueError, KeyError) as problem:
            raise UsageError(
                "cli.request-value",
                "{key} in [{section}] of the request is {value}, which cannot be read: {reason}",
                key=key,
                section=self.name,
                value=value,
                reason=str(problem),
            ) from problem


def carry_request(text: str, *, beside: Path, folder: Path) -> None:
    """Write a request into a folder, with the files and folders it names that lie beside it: it is read again there.

    Parameters
    ----------
    text
        Of the request.
    beside
        Folder in which it lay.
    folder
        Where to.
    """
    entries = tomllib.loads(text)
    named = (
        entries.get("stock_file"),
        entries.get("biology", {}).get("file"),
        entries.get("goals", {}).get("folder"),
    )
    for name in filter(None, named):
        source, target = beside / name, folder / name
        outside = Path(name).is_absolute() or ".." in Path(name).parts
        if outside or not source.exists() or source.resolve() == target.resolve():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    (folder / "request.toml").write_text(text, encoding="utf-8")


def read_request(path: Path) -> Section:
    """Return the request file as a section.

    Raises
    ------
    UsageError
        The file is missing or is not TOML.
    """
    try:
        return Section("", tomllib.loads(path.read_text(encoding="utf-8")), folder=path.parent)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(
            "cli.request-unreadable",
            "the request {file} cannot be read: {reason}; it is a TOML file in UTF-8",
            file=path.name,
            reason=str(problem),
        ) from problem


def a_text(value: Any) -> str:
    """Return a text, or raise `TypeError` or `ValueError`."""
    if not isinstance(value, str):
        raise TypeError("a text in quotes is needed")
    return value


def one_of(choices: Mapping[str, T]) -> Callable[[Any], T]:
    """Return a reader of one of some names, which raises `ValueError` with all of them."""

    def read(value: Any) -> T:
        if a_text(value) not in choices:
            raise ValueError(f"it can be {', '.join(choices)}")
        return choices[value]

    return read


def a_number(value: Any) -> float:
    """Return a finite number, or raise `TypeError` or `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise TypeError("a number is needed")
    return float(value)


def a_whole(value: Any) -> int:
    """Return a whole number, or raise `TypeError` or `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number is needed")
    return value


def a_truth(value: Any) -> bool:
    """Return true or false, or raise `TypeError`."""
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def a_vector(value: Any) -> np.ndarray:
    """Return three numbers, or raise `TypeError` or `ValueError`."""
    numbers = [a_number(each) for each in a_list(value)]
    if len(numbers) != 3:
        raise ValueError("three numbers are needed")
    return np.array(numbers)


def a_list(value: Any) -> list[Any]:
    """Return a list, or raise `TypeError` or `ValueError`."""
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def a_table(value: Any) -> dict[str, Any]:
    """Return a table, or raise `TypeError` or `ValueError`."""
    if not isinstance(value, dict):
        raise TypeError("a table is needed")
    return value


def a_moment(value: Any) -> datetime:
    """Return a date, or a date with a time, or raise `TypeError` or `ValueError`."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise TypeError("a date such as 2026-03-02 or 2026-03-02T09:30:00 is needed")

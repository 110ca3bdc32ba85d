"""Files a verification may be given: corrections of seeds by hand (TOML), errors of a department (YAML)."""

import tomllib
from pathlib import Path
from typing import Any

from trocar.errors import UsageError
from trocar.imaging.seed_corrections import Corrections
from trocar.workflow.verify_errors import ErrorBudget, error_budget

KNOWN = frozenset({"by", "scan", "drop", "accept", "add", "move"})


def read_corrections(file: Path) -> Corrections:
    """Return the corrections of a file.

    ::

        by = "physicist 17"          # who decided; required
        scan = "1.2.3"               # series of the scan; optional, then not compared
        drop = [12]                  # numbers of the seed table
        accept = [1]                 # D1 of the pictures
        [[add]]
        at_lps_mm = [-51.0, 12.5, 80.0]
        [[move]]
        seed = 3
        to_lps_mm = [-50.0, 10.0, 77.5]

    Raises
    ------
    UsageError
        Not such a file.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        strangers = sorted(set(data) - KNOWN)
        if strangers:
            raise ValueError(f"unknown: {', '.join(strangers)}")
        return Corrections(
            actor=str(data["by"]),
            series_uid=str(data.get("scan", "")),
            drop=tuple(int(number) for number in data.get("drop", [])),
            accept=tuple(int(number) for number in data.get("accept", [])),
            add_lps_mm=tuple(_place(entry["at_lps_mm"]) for entry in data.get("add", [])),
            move=tuple((int(entry["seed"]), _place(entry["to_lps_mm"])) for entry in data.get("move", [])),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            "verify.corrections-unreadable",
            "the corrections in {file} cannot be used ({reason}); the file is TOML with by, and any of scan, drop, "
            "accept, "
            "add and move",
            file=file.name,
            reason=f"{type(problem).__name__} {problem}",
        ) from problem


def _place(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def read_errors(file: Path | None) -> ErrorBudget:
    """Return a department's errors, or those that come with Trocar.

    Raises
    ------
    UsageError
        The file cannot be read as text.
    """
    if file is None:
        return error_budget()
    try:
        return error_budget(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            "verify.errors-unreadable",
            "the file of errors {file} cannot be read as text in UTF-8 ({reason})",
            file=file.name,
            reason=str(problem),
        ) from problem

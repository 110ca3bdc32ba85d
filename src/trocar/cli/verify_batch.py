"""Verification of a folder of cases, one after the other: resumable, with one table at the end."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trocar.cli.folders import MARK
from trocar.errors import TrocarError, UsageError
from trocar.messages import Language

PLAN, SCAN, PLANNING, STRUCTURES, COUNTS = "plan.dcm", "after", "images", "structures.dcm", "counts.json"
"""What a case's folder holds: plan, CT after the implant, planning CT, structures; the counts as a JSON object."""

TABLE, RESULTS = "verification-table", "verification"

COLUMNS = (
    "case",
    "outcome",
    "planned",
    "seen",
    "doubtful",
    "missing",
    "migrated",
    "median_mm",
    "d90_planned_gy",
    "d90_gy",
    "v100_planned_percent",
    "v100_percent",
    "said",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCase:
    """The files of one case; None for what its folder lacks."""

    folder: Path
    scan: Path
    plan: Path
    planning: Path | None
    structures: Path | None
    counts: dict[str, int]

    @property
    def results(self) -> Path:
        """Where its results go."""
        return self.folder / RESULTS


def batch_cases(parent: Path) -> tuple[BatchCase, ...]:
    """Return the cases of a folder: every folder in it that holds a plan and a CT after the implant.

    Raises
    ------
    UsageError
        There is none.
    """
    found = tuple(
        BatchCase(
            folder=folder,
            scan=folder / SCAN,
            plan=folder / PLAN,
            planning=_there(folder / PLANNING),
            structures=_there(folder / STRUCTURES),
            counts=_counts(folder / COUNTS),
        )
        for folder in sorted(path for path in parent.iterdir() if path.is_dir())
        if (folder / PLAN).is_file() and (folder / SCAN).is_dir()
    )
    if not found:
        raise UsageError(
            "verify.batch-empty",
            "no folder in {parent} holds a case; each needs {plan} and a folder {scan} with the CT after the implant, "
            "and may "
            "hold {planning} (the planning CT), {structures} and {counts}",
            parent=str(parent),
            plan=PLAN,
            scan=SCAN,
            planning=PLANNING,
            structures=STRUCTURES,
            counts=COUNTS,
        )
    return found


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def _counts(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        return {name: int(stated[name]) for name in ("taken", "implanted", "returned") if name in stated}
    except (OSError, ValueError, TypeError) as problem:
        raise UsageError(
            "verify.batch-counts",
            "the counts in {file} cannot be read ({reason}); write a JSON object with taken, implanted and returned",
            file=str(path),
            reason=str(problem),
        ) from problem


def run_batch(
    parent: Path, verify_one: Callable[[BatchCase], dict[str, Any]], *, again: bool, language: Language
) -> list[dict[str, Any]]:
    """Verify every case that has no results yet, and return one row a case; the table is written after each.

    Parameters
    ----------
    parent
        Folder of cases.
    verify_one
        Verifies a case, writes its results into its folder, and returns its data.
    again
        Whether cases with results are verified anew.
    language
        Of what is said about a case that could not be verified.
    """
    rows: list[dict[str, Any]] = []
    for case in batch_cases(parent):
        rows.append(_row(case, verify_one, again=again, language=language))
        _write_table(parent, rows)
    return rows


def _row(
    case: BatchCase, verify_one: Callable[[BatchCase], dict[str, Any]], *, again: bool, language: Language
) -> dict[str, Any]:
    mark = case.results / MARK
    if mark.is_file() and not again:
        return row_of(case.folder.name, json.loads(mark.read_text(encoding="utf-8")))
    try:
        return row_of(case.folder.name, verify_one(case))
    except TrocarError as problem:
        return dict.fromkeys(COLUMNS) | {
            "case": case.folder.name,
            "outcome": "refused",
            "said": problem.message.text(language),
        }


def row_of(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a verified case."""
    seeds = data["seeds"]
    target = next((each for each in data["structures"] if each["is_target"]), None)
    metrics = {each["name"]: each for each in target["metrics"]} if target else {}
    actions = [each for each in data["findings"] if each["severity"] == "action"]
    return {
        "case": name,
        "outcome": "action" if actions else "done",
        "planned": data["counts"]["planned"],
        "seen": data["counts"]["seen"],
        "doubtful": data["counts"]["doubtful"],
        "missing": len(seeds["missing_planned"]),
        "migrated": sum(each["fate"] == "migrated" for each in seeds["seen"]),
        "median_mm": seeds["median_mm"],
        "d90_planned_gy": metrics.get("D90", {}).get("planned"),
        "d90_gy": metrics.get("D90", {}).get("value"),
        "v100_planned_percent": metrics.get("V100", {}).get("planned"),
        "v100_percent": metrics.get("V100", {}).get("value"),
        "said": "; ".join(each["text"] for each in actions),
    }


def _write_table(parent: Path, rows: list[dict[str, Any]]) -> None:
    (parent / f"{TABLE}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    with (parent / f"{TABLE}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows(rows)

"""Verification of a folder of cases, one after the other: resumable, with one table at the end."""

import json
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trocar.cli.folders import MARK
from trocar.cli.verify_batch_table import COLUMNS, row_of, write_tables
from trocar.errors import TrocarError, UsageError
from trocar.messages import Language, Message
from trocar.workflow.verify_request import StatedCounts

PLAN, SCAN, PLANNING, STRUCTURES, COUNTS = "plan.dcm", "after", "images", "structures.dcm", "counts.json"
EARLIER, EARLIER_STRUCTURES = "earlier", "earlier-structures.dcm"
CORRECTIONS, LANDMARKS, REQUEST = "corrections.toml", "landmarks.csv", "request.toml"
"""What a case's folder holds. Plan and CT after the implant are needed, everything else may lack."""

RESULTS, FAILURE = "verification", "verification-failed.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCase:
    """The folder of one case."""

    folder: Path

    @property
    def results(self) -> Path:
        """Where its results go."""
        return self.folder / RESULTS

    @property
    def plan(self) -> Path:
        """RT Plan of the implant."""
        return self.folder / PLAN

    @property
    def scan(self) -> Path:
        """CT after the implant."""
        return self.folder / SCAN

    def may(self, name: str) -> Path | None:
        """Return a file or folder of the case; None where it lacks."""
        path = self.folder / name
        return path if path.exists() else None

    def counts(self) -> StatedCounts:
        """Return the seeds as counted, of its ``counts.json``.

        Raises
        ------
        UsageError
            The file cannot be read.
        """
        file = self.may(COUNTS)
        if file is None:
            return StatedCounts()
        try:
            stated = json.loads(file.read_text(encoding="utf-8"))
            return StatedCounts(**{name: int(stated[name]) for name in StatedCounts.__slots__ if name in stated})
        except (OSError, ValueError, TypeError) as problem:
            raise UsageError(
                "verify.batch-counts",
                "the counts in {file} cannot be read ({reason}); write a JSON object with taken, implanted and "
                "returned",
                file=str(file),
                reason=str(problem),
            ) from problem

    @property
    def is_done(self) -> bool:
        """Whether it has whole results that are no older than what they were made from."""
        mark = self.results / MARK
        return mark.is_file() and mark.stat().st_mtime >= self._changed_at()

    def _changed_at(self) -> float:
        given = [
            self.folder / name
            for name in (PLAN, STRUCTURES, COUNTS, EARLIER_STRUCTURES, CORRECTIONS, LANDMARKS, REQUEST)
        ]
        for name in (SCAN, PLANNING, EARLIER):
            given += [self.folder / name, *(self.folder / name).glob("*")]
        return max(path.stat().st_mtime for path in given if path.exists())

    def sweep(self) -> None:
        """Remove what an interrupted run left half-built."""
        for left in self.folder.glob(f".{RESULTS}-*"):
            shutil.rmtree(left, ignore_errors=True)
        (self.folder / FAILURE).unlink(missing_ok=True)


def batch_cases(parent: Path) -> tuple[BatchCase, ...]:
    """Return the cases of a folder: every folder in it that holds a plan and a CT after the implant.

    Raises
    ------
    UsageError
        There is none.
    """
    found = tuple(
        BatchCase(folder=folder)
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


def run_batch(
    parent: Path, verify_one: Callable[[BatchCase], dict[str, Any]], *, again: bool, language: Language
) -> list[dict[str, Any]]:
    """Verify every case that has no results yet, and return one row a case; the tables are written after each.

    Parameters
    ----------
    parent
        Folder of cases.
    verify_one
        Verifies a case, writes its results into its folder, and returns its data.
    again
        Whether cases with results are verified anew.
    language
        Of what is said about a case, and of the table for people.
    """
    rows: list[dict[str, Any]] = []
    for case in batch_cases(parent):
        rows.append(_row(case, verify_one, again=again, language=language))
        write_tables(parent, rows, language=language)
    return rows


def _row(
    case: BatchCase, verify_one: Callable[[BatchCase], dict[str, Any]], *, again: bool, language: Language
) -> dict[str, Any]:
    name = case.folder.name
    try:
        if case.is_done and not again:
            return row_of(name, json.loads((case.results / MARK).read_text(encoding="utf-8")), language=language)
        case.sweep()
        return row_of(name, verify_one(case), language=language)
    except TrocarError as problem:
        return _without_results(name, "refused", problem.message.text(language))
    except Exception as problem:
        (case.folder / FAILURE).write_text(traceback.format_exc(), encoding="utf-8")
        told = Message(
            code="verify.batch-failed",
            template="an error of the program stopped this case ({kind}); the details stand in {file}: please report "
            "them",
            data={"kind": type(problem).__name__, "file": FAILURE},
        )
        return _without_results(name, "failed", told.text(language))


def _without_results(name: str, outcome: str, said: str) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"case": name, "outcome": outcome, "said": said}

"""A folder of cases: verified once, resumed, one table; a case that is refused does not stop the others."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from trocar.cli.folders import MARK
from trocar.cli.verify_batch import BatchCase, batch_cases, run_batch
from trocar.errors import PlanError, UsageError
from trocar.messages import Language
from trocar.workflow.verify_request import StatedCounts


def data(seen: int) -> dict[str, Any]:
    metrics = [
        {"name": "D90", "planned": 120.0, "value": 110.0, "low": 100.0, "high": 118.0},
        {"name": "V100", "planned": 95.0, "value": 90.0},
    ]
    return {
        "counts": {"planned": 20, "seen": seen, "doubtful": 0},
        "seeds": {"missing_planned": list(range(20 - seen)), "seen": [], "median_mm": 2.0},
        "structures": [{"is_target": True, "metrics": metrics}],
        "findings": [{"severity": "action", "text": "one is missing", "text_zh": "少一颗"}] if seen < 20 else [],
    }


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / name / "after").mkdir(parents=True)
        (tmp_path / name / "plan.dcm").write_bytes(b"")
    (tmp_path / "a" / "counts.json").write_text('{"taken": 21, "implanted": 20, "returned": 1}')
    (tmp_path / "notes").mkdir()
    return tmp_path


def verify_one(case: BatchCase) -> dict[str, Any]:
    if case.folder.name.startswith("b"):
        raise PlanError("verify.demo", "another patient")
    outcome = data(20 if case.folder.name == "a" else 19)
    case.results.mkdir()
    (case.results / MARK).write_text(json.dumps(outcome))
    return outcome


def test_every_case_has_a_row_and_the_table_is_written(cases: Path) -> None:
    rows = run_batch(cases, verify_one, again=False, language=Language.ENGLISH)
    assert [row["outcome"] for row in rows] == ["done", "refused", "action"]
    assert rows[1]["said"] == "another patient"
    with (cases / "verification-table.csv").open(encoding="utf-8-sig") as file:
        assert [row["d90_gy"] for row in csv.DictReader(file)] == ["110.0", "", "110.0"]
    assert json.loads((cases / "verification-table.json").read_text()) == rows


def test_a_case_with_results_is_not_verified_again(cases: Path) -> None:
    first = run_batch(cases, verify_one, again=False, language=Language.ENGLISH)
    tried: list[str] = []

    def count(case: BatchCase) -> dict[str, Any]:
        tried.append(case.folder.name)
        return verify_one(case)

    assert run_batch(cases, count, again=False, language=Language.ENGLISH) == first
    assert tried == ["b"]


def test_counts_stand_beside_the_case(cases: Path) -> None:
    assert batch_cases(cases)[0].counts() == StatedCounts(taken=21, implanted=20, returned=1)
    assert batch_cases(cases)[1].counts() == StatedCounts()


def test_counts_that_cannot_be_read_are_told_of_that_case_alone(cases: Path) -> None:
    (cases / "a" / "counts.json").write_text("twenty")

    def counted(case: BatchCase) -> dict[str, Any]:
        case.counts()
        return verify_one(case)

    rows = run_batch(cases, counted, again=False, language=Language.ENGLISH)
    assert [row["outcome"] for row in rows] == ["refused", "refused", "action"]
    assert "counts.json" in rows[0]["said"]


def test_an_error_of_the_program_stops_its_case_and_no_other(cases: Path) -> None:
    def breaks(case: BatchCase) -> dict[str, Any]:
        if case.folder.name == "a":
            raise ZeroDivisionError
        return verify_one(case)

    rows = run_batch(cases, breaks, again=False, language=Language.CHINESE)
    assert [row["outcome"] for row in rows] == ["failed", "refused", "action"]
    assert "ZeroDivisionError" in (cases / "a" / "verification-failed.txt").read_text()
    assert rows[2]["said"] == "少一颗"


def test_a_case_whose_files_changed_is_verified_again(cases: Path) -> None:
    run_batch(cases, verify_one, again=False, language=Language.ENGLISH)
    later = (cases / "a" / "verification" / MARK).stat().st_mtime + 10.0
    os.utime(cases / "a" / "counts.json", (later, later))
    assert not batch_cases(cases)[0].is_done
    assert batch_cases(cases)[2].is_done


def test_what_a_killed_run_left_is_swept_away(cases: Path) -> None:
    (cases / "a" / ".verification-x1").mkdir()
    (cases / "a" / ".verification-x1" / "half.pdf").write_bytes(b"%PDF")
    run_batch(cases, verify_one, again=False, language=Language.ENGLISH)
    assert not list((cases / "a").glob(".verification-*"))


def test_the_page_for_people_links_reports_and_escapes_what_it_is_told(cases: Path) -> None:
    (cases / "b").rename(cases / "b<i>")
    rows = run_batch(cases, verify_one, again=False, language=Language.CHINESE)
    page = (cases / "verification-table.html").read_text(encoding="utf-8")
    assert 'href="a/verification/verification-zh.pdf"' in page
    assert "b&lt;i&gt;" in page
    assert "共 3 例" in page
    assert len(rows) == 3


def test_a_folder_without_cases_says_what_a_case_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"plan\.dcm"):
        batch_cases(tmp_path)

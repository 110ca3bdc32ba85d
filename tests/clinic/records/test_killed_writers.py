"""A power cut in the middle of a save, a hundred times: nothing half-written, nothing told lost, the chain whole."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from clinic.running import command, copy_of, surroundings

TIMES = 100


def test_a_hundred_kills_leave_no_half_deed_and_a_whole_chain(demonstration_folder: Path, tmp_path: Path) -> None:
    folder, told = copy_of(demonstration_folder, tmp_path / "copy"), tmp_path / "told"
    told.touch()
    script = Path(__file__).with_name("killed_writers.py")
    subprocess.run(
        [sys.executable, str(script), str(told), str(TIMES), "7"], env=surroundings(folder), check=True, timeout=120
    )
    with closing(sqlite3.connect(folder / "record.sqlite3")) as database:
        first = {row[0] for row in database.execute("SELECT name FROM institution_ward WHERE beds = 1")}
        second = {row[0] for row in database.execute("SELECT done FROM institution_maintenance")}
    committed = set(told.read_text().split())
    assert first == second
    assert committed <= first
    assert len(first - committed) <= TIMES
    assert len(committed) >= TIMES, "the writers were killed before they wrote; the test would show nothing"
    assert command(folder, "department", "verify").stdout.startswith("OK")

"""The demonstration went the whole way, waits at every step, and its trail is whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

from clinic.running import command


def test_two_cases_went_the_whole_way_and_others_wait(demonstration_folder: Path) -> None:
    with closing(sqlite3.connect(demonstration_folder / "record.sqlite3")) as database:
        states = [row[0] for row in database.execute("SELECT state FROM patients_case ORDER BY id")]
        moves = dict(database.execute("SELECT kind, sum(count) FROM custody_seedmove GROUP BY kind"))
    assert sorted(states) == ["decided", "followed", "followed", "planned", "registered"]
    assert moves["issue"] == sum(moves.get(each, 0) for each in ("implant", "bring_back", "spoil", "lose_theatre"))


def test_its_trail_is_whole(demonstration_folder: Path) -> None:
    assert command(demonstration_folder, "department", "verify").stdout.startswith("OK")

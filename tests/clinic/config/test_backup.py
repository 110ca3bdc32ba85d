"""A backup restores to the same record, and a damaged one to nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from clinic.running import command
from trocar_clinic.config.backup import BadBackup, back_up, restore
from trocar_clinic.config.environment import Environment


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(folder / "record.sqlite3")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: list(database.execute(f'SELECT * FROM "{name}"')) for name in names if not name.startswith("sqlite")
        }


def here(folder: Path) -> Environment:
    return Environment(
        data=folder,
        database_url="",
        hosts=(),
        https=False,
        language="en",
        time_zone="UTC",
        oidc_issuer="",
        oidc_client="",
        oidc_secret="",
        requests_a_minute=0,
    )


def test_a_restored_backup_is_the_same_record_and_verifies(demonstration_folder: Path, tmp_path: Path) -> None:
    backup, target = tmp_path / "b.tar.gz", tmp_path / "restored"
    command(demonstration_folder, "department", "backup", str(backup))
    done = command(target, "department", "restore", str(backup))
    assert done.stdout.startswith("OK ")
    assert rows_of(target) == rows_of(demonstration_folder)
    assert (target / "keys" / "field").read_bytes() == (demonstration_folder / "keys" / "field").read_bytes()
    assert backup.stat().st_mode & 0o077 == 0


def test_a_damaged_backup_leaves_nothing(demonstration_folder: Path, tmp_path: Path) -> None:
    backup, target = tmp_path / "b.tar.gz", tmp_path / "restored"
    back_up(here(demonstration_folder), backup, head=(1, "x"))
    whole = backup.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:100] + bytes(50) + whole[150:], b"", b"no backup"):
        backup.write_bytes(damaged)
        with pytest.raises(BadBackup):
            restore(here(target), backup)
    assert list(tmp_path.iterdir()) == [backup]


def test_a_record_in_use_is_not_overwritten(demonstration_folder: Path, tmp_path: Path) -> None:
    backup = tmp_path / "b.tar.gz"
    back_up(here(demonstration_folder), backup, head=(1, "x"))
    with pytest.raises(BadBackup, match="not empty"):
        restore(here(demonstration_folder), backup)
    with pytest.raises(BadBackup, match="there already"):
        back_up(here(demonstration_folder), backup, head=(1, "x"))


def test_verifying_finds_a_row_changed_in_the_file(demonstration_folder: Path, tmp_path: Path) -> None:
    from clinic.running import copy_of

    folder = copy_of(demonstration_folder, tmp_path / "copy")
    with closing(sqlite3.connect(folder / "record.sqlite3")) as database:
        database.execute("UPDATE institution_licence SET expires_on = '2099-01-01'")
        database.commit()
    done = command(folder, "department", "verify", check=False)
    assert done.returncode == 1
    assert "records.row-changed" in done.stderr

"""On PostgreSQL too a backup restores in one command to the same record, its trail whole; a failed one leaves nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clinic.installations import ADDRESS
from clinic.installations import psql as sql
from clinic.running import command

pytestmark = pytest.mark.skipif(not ADDRESS, reason="no PostgreSQL: ./check runs this in its step of that name")


@pytest.fixture
def database() -> Iterator[Callable[[str], str]]:
    """Return a maker of empty databases, dropped afterwards."""
    made = []

    def make(name: str) -> str:
        sql(ADDRESS, f"CREATE DATABASE {name}")
        made.append(name)
        return urlsplit(ADDRESS)._replace(path=f"/{name}").geturl()

    yield make
    for name in made:
        sql(ADDRESS, f"DROP DATABASE {name} WITH (FORCE)")


def content_of(address: str) -> str:
    """Return a digest of every row of every table of ours."""
    tables = sql(
        address,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_session' ORDER BY 1",
    )
    return "\n".join(
        f"{each} {sql(address, f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {each} t')}"
        for each in tables.split()
    )


def test_a_backup_restores_to_the_same_record_with_its_trail_whole(
    database: Callable[[str], str], tmp_path: Path
) -> None:
    first, second, backup = database("first"), database("second"), tmp_path / "b.tar.gz"
    here, there = tmp_path / "here", tmp_path / "there"
    command(here, "department", "demonstrate", TROCAR_DATABASE=first)
    command(here, "department", "backup", str(backup), TROCAR_DATABASE=first)
    done = command(there, "department", "restore", str(backup), TROCAR_DATABASE=second)
    assert done.stdout.startswith("OK ")
    assert content_of(second) == content_of(first)
    head = done.stdout.split()[1]
    assert command(there, "department", "verify", "--expect", head, TROCAR_DATABASE=second).stdout.split()[1] == head
    _nothing_is_left_of_what_fails(second, backup, tmp_path)
    _what_is_changed_behind_the_record_is_found(second, there)


def _nothing_is_left_of_what_fails(taken: str, backup: Path, folder: Path) -> None:
    """Restore into a database that holds a record, and into SQLite: both are refused in words, and nothing changes."""
    before = content_of(taken)
    over = command(folder / "over", "department", "restore", str(backup), check=False, TROCAR_DATABASE=taken)
    assert (over.returncode, "already exists" in over.stderr, content_of(taken)) == (3, True, before)
    other = command(folder / "other", "department", "restore", str(backup), check=False, TROCAR_DATABASE="")
    assert (other.returncode, "PostgreSQL" in other.stderr) == (3, True)
    assert not (folder / "over").exists()
    assert not (folder / "other").exists()


def _what_is_changed_behind_the_record_is_found(address: str, folder: Path) -> None:
    sql(address, "UPDATE institution_licence SET expires_on = '2099-01-01'")
    sql(address, 'DROP TRIGGER "guard_records_auditentry_update" ON records_auditentry')
    done = command(folder, "department", "verify", check=False, TROCAR_DATABASE=address)
    assert done.returncode == 1
    assert {"records.row-changed", "records.guard-missing"} <= {each.split(":")[0] for each in done.stderr.splitlines()}

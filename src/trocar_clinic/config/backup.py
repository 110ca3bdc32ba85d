"""Backup and restore: one file with database, files, images and keys, each with its hash, and the head of the trail."""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from trocar_clinic.config.environment import Environment

FOLDERS = ("keys", "files", "images")
MANIFEST = "manifest.json"
FORM = "trocar.department-backup/1"
DUMPS = {"sqlite": "record.sqlite3", "postgresql": "record.pgdump"}


class BadBackup(Exception):
    """A backup that is damaged, or cannot be put where it was asked to go."""


def back_up(here: Environment, target: Path, *, head: tuple[int, str]) -> int:
    """Write a backup; it is whole before it bears its name.

    Parameters
    ----------
    here
        The installation.
    target
        File to write; there must be none.
    head
        Number and hash of the last entry of the trail, to be found again after restoring.

    Returns
    -------
    int
        Number of members.
    """
    if target.exists():
        raise BadBackup(f"{target} is there already; name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        unfinished = Path(place) / "backup"
        members = {dump.name: dump for dump in [_dump(here, Path(place))]}
        members |= {str(path.relative_to(here.data)): path for path in _files(here.data)}
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            _write(out, members, head)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(target)
    return len(members)


def _dump(here: Environment, place: Path) -> Path:
    """Return a copy of the database as it stands at one moment, while people go on working."""
    if not here.database_url:
        copy = place / DUMPS["sqlite"]
        with closing(sqlite3.connect(here.data / DUMPS["sqlite"])) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy
    copy = place / DUMPS["postgresql"]
    _postgresql(here, "pg_dump", "--format=custom", f"--file={copy}")
    return copy


def _postgresql(here: Environment, program: str, *words: str | Path) -> None:
    """Run a program of PostgreSQL on the database; the password goes by the environment, not the command line."""
    database = here.database()
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    given = {name: str(database[key]) for name, key in names.items() if database[key]}
    try:
        done = subprocess.run(
            [program, *words], env={**os.environ, **given}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise BadBackup(
            f"{program} is not here: install PostgreSQL's client programs of the server's version"
        ) from error
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["no word"]
        raise BadBackup(f"{program} failed and nothing was written: {told[0]}")


def _files(data: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(path for path in (data / folder).rglob("*") if path.is_file())


def _write(out: BinaryIO, members: dict[str, Path], head: tuple[int, str]) -> None:
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=3) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        hashes = {}
        for name, path in members.items():
            archive.add(path, arcname=name, recursive=False)
            hashes[name] = _hash(path)
        text = json.dumps({"form": FORM, "head": list(head), "sha256": hashes}, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(here: Environment, source: Path) -> tuple[int, str]:
    """Put a backup into an empty installation; return the head of the trail that must be found in it.

    Raises
    ------
    BadBackup
        The folder is not empty, or a member is damaged, missing or unknown; nothing is left behind.
    """
    if here.data.exists() and any(here.data.iterdir()):
        raise BadBackup(f"{here.data} is not empty; set TROCAR_DATA to an empty folder")
    here.data.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=here.data.parent))
    try:
        manifest = _unpack(source, place)
        if here.database_url:
            dump = _dump_in(place, "postgresql")
            name = str(here.database()["NAME"])
            _postgresql(here, "pg_restore", "--single-transaction", "--no-owner", f"--dbname={name}", dump)
            dump.unlink()
        else:
            _dump_in(place, "sqlite")
        place.chmod(0o700)
        shutil.rmtree(here.data, ignore_errors=True)
        place.rename(here.data)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return int(manifest["head"][0]), str(manifest["head"][1])


def _dump_in(place: Path, kind: str) -> Path:
    dump = place / DUMPS[kind]
    if not dump.exists():
        other = "PostgreSQL: set TROCAR_DATABASE" if kind == "sqlite" else "SQLite: unset TROCAR_DATABASE"
        raise BadBackup(f"the backup is of a record on {other}")
    return dump


def _unpack(source: Path, place: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            archive.extractall(place, filter="data")
        manifest: dict[str, Any] = json.loads((place / MANIFEST).read_text("utf-8"))
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise BadBackup(f"{source} is no whole backup: {error}") from error
    (place / MANIFEST).unlink()
    present = {str(path.relative_to(place)): _hash(path) for path in place.rglob("*") if path.is_file()}
    if manifest.get("form") != FORM or present != manifest["sha256"]:
        wrong = sorted(
            name for name in present.keys() | manifest["sha256"] if present.get(name) != manifest["sha256"].get(name)
        )
        raise BadBackup(f"{source}: these members are damaged, missing or unknown: {', '.join(wrong) or 'manifest'}")
    return manifest

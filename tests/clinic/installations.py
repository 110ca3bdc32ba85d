"""An installation with the demonstration department in one of the two databases, worked on by the real programs."""

import os
import re
import sqlite3
import subprocess
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from clinic.running import command, copy_of, served

ADDRESS = os.environ.get("TROCAR_DATABASE", "")
"""Where a PostgreSQL listens, in the step that has one; empty elsewhere."""


def psql(address: str, statement: str) -> str:
    """Ask PostgreSQL something; rows by line, columns by bar."""
    done = subprocess.run(["psql", "-XAt", address, "-c", statement], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A data folder and the database beside it."""

    folder: Path
    database: str = ""

    def ask(self, statement: str) -> list[list[str]]:
        """Ask the database itself, past the application."""
        if self.database:
            return [line.split("|") for line in psql(self.database, statement).splitlines()]
        with closing(sqlite3.connect(self.folder / "record.sqlite3")) as database:
            return [["" if each is None else str(each) for each in row] for row in database.execute(statement)]

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the record."""
        return command(self.folder, *words, check=check, TROCAR_DATABASE=self.database)

    def served(self) -> AbstractContextManager[str]:
        """Serve it without a worker."""
        return served(self.folder, TROCAR_DATABASE=self.database)

    @property
    def surroundings(self) -> dict[str, str]:
        """What a program of this installation is started with."""
        from clinic.running import surroundings

        return surroundings(self.folder, TROCAR_DATABASE=self.database)


def installed(name: str, folder: Path, demonstration: Path) -> Installation:
    """Return a new installation with the demonstration department: on PostgreSQL in the step that has one."""
    if not ADDRESS:
        return Installation(folder=copy_of(demonstration, folder / name))
    psql(ADDRESS, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    psql(ADDRESS, f"CREATE DATABASE {name}")
    assert re.fullmatch(r"[a-z_]+", name)
    made = Installation(folder=folder / name, database=urlsplit(ADDRESS)._replace(path=f"/{name}").geturl())
    made.command("department", "demonstrate")
    return made

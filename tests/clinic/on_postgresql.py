"""Run a command with a PostgreSQL of its own: ``python tests/clinic/on_postgresql.py pytest tests/clinic``.

The cluster lives in a temporary folder, listens on a socket there and nowhere else, and is gone afterwards.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABSENT = 0


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or nothing where it is not installed."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("initdb")
    return Path(found).parent if found else known[-1].parent if known else None


@contextmanager
def cluster(place: Path, folder: Path) -> Iterator[str]:
    """Start a cluster and give its address; PostgreSQL refuses to run as root, so that then user postgres does."""
    as_root = os.geteuid() == 0
    someone = ["runuser", "-u", "postgres", "--"] if as_root else []
    if as_root:
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def run(*words: str) -> None:
        subprocess.run([*someone, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run(str(place / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run(str(place / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-o", settings, "-w", "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        run(str(place / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")


def main(words: list[str]) -> int:
    """Run the command."""
    place = programs()
    if place is None:
        print("skipped: PostgreSQL is not here: apt-get install postgresql", file=sys.stderr)
        return ABSENT
    with tempfile.TemporaryDirectory(prefix="trocar-pg-") as name, cluster(place, Path(name)) as address:
        return subprocess.run(
            [sys.executable, "-m", *words], env={**os.environ, "TROCAR_DATABASE": address}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A power cut while people save, a hundred times, on the real server: nothing half-written, nothing told is lost.

On SQLite in the slow tests; on PostgreSQL in its own step with ``-m slow``. TROCAR_KILLS changes how often.
"""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from clinic.config.visitor import Visitor
from clinic.installations import Installation, installed
from clinic.running import PATIENCE_S, free_port

TIMES = int(os.environ.get("TROCAR_KILLS", "100"))
WRITERS = 4


@pytest.fixture
def place(demonstration_folder: Path, tmp_path: Path) -> Installation:
    return installed("killed", tmp_path, demonstration_folder)


class Department:
    """A server that is killed, and writers who go on trying."""

    def __init__(self, place: Installation) -> None:
        self.place, self.port = place, free_port()
        self.told: set[str] = set()
        self.tried: set[str] = set()
        self.stopped = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the web server alone: what happens to it is the same, and it is there sooner than by `serve`."""
        words = [
            "-m",
            "uvicorn",
            "trocar_clinic.config.asgi:application",
            "--port",
            str(self.port),
            "--log-level",
            "error",
        ]
        with (self.place.folder / "server.log").open("ab") as log:
            server = subprocess.Popen([sys.executable, *words], env=self.place.surroundings, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if Visitor(self.address).ask("GET", "/account/login/")[0] == 200:
                    return server
            time.sleep(0.05)
        raise AssertionError((self.place.folder / "server.log").read_text())

    def write(self, visitor: Visitor, number: int) -> None:
        """Enter departments without end; remember those of which the server said that they are entered."""
        count = 0
        while not self.stopped.is_set():
            count += 1
            name = f"K{number}-{count}"
            self.tried.add(name)
            form = {"name": name, "beds": 3, "tumour_beds": 1}
            try:
                if visitor.ask("POST", "/records/departments/new/", form)[0] == 302:
                    self.told.add(name)
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)


@pytest.mark.slow
def test_a_server_killed_a_hundred_times_under_load_leaves_nothing_half_written(place: Installation) -> None:
    department, moments = Department(place), random.Random(11)
    server = department.start()
    visitors = [Visitor(department.address).sign_in("affairs") for _ in range(WRITERS)]
    writers = [threading.Thread(target=department.write, args=(each, n)) for n, each in enumerate(visitors)]
    for each in writers:
        each.start()
    for _ in range(TIMES):
        before, until = len(department.told), time.monotonic() + PATIENCE_S
        while len(department.told) == before and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(moments.uniform(0.0, 0.08))
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = department.start()
    department.stopped.set()
    for each in writers:
        each.join()
    server.terminate()
    server.wait(timeout=30)
    judge(department)


def judge(department: Department) -> None:
    """Compare what the server said with what the database holds, and let the record verify itself."""
    place = department.place
    rows = [name for (name,) in place.ask("SELECT name FROM institution_ward WHERE name LIKE 'K%'")]
    former = [name for (name,) in place.ask("SELECT name FROM institution_historicalward WHERE name LIKE 'K%'")]
    entries = place.ask("SELECT count(*) FROM records_auditentry WHERE deed = 'institution.enter_ward'")
    others = place.ask("SELECT count(*) FROM institution_ward WHERE name NOT LIKE 'K%'")
    assert len(department.told) >= TIMES, "the server was killed before anybody wrote; the test would show nothing"
    assert department.told <= set(rows) <= department.tried
    assert sorted(rows) == sorted(set(rows)) == sorted(former)
    assert int(entries[0][0]) == len(rows) + int(others[0][0])
    assert len(set(rows) - department.told) <= TIMES * WRITERS
    assert place.command("department", "verify").stdout.startswith("OK")

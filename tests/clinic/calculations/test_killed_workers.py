"""Two workers beside a live server; the one that has the job is killed with its process: the other does the job."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.config.visitor import Visitor
from clinic.installations import Installation, installed

PATIENCE_S = 240.0
JOB = "SELECT status, owner, attempts FROM calculations_job ORDER BY id DESC LIMIT 1"


@pytest.fixture
def place(demonstration_folder: Path, shared_data: Path, tmp_path: Path) -> Installation:
    made = installed("workers", tmp_path, demonstration_folder)
    shutil.copytree(shared_data / "tps-ldr-i125-oncentra-prostate", made.folder / "inbox" / "export")
    return made


@pytest.fixture
def workers(place: Installation) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Start two workers, each with the processes it starts in a group of its own."""
    with (place.folder / "workers.log").open("ab") as log:
        both = [
            subprocess.Popen(
                [sys.executable, "-m", "trocar_clinic.config", "work"],
                env=place.surroundings, stdout=log, stderr=log, start_new_session=True,
            )
            for _ in range(2)
        ]  # fmt: skip
    yield both
    for each in both:
        if each.poll() is None:
            each.terminate()
            each.wait(timeout=60)


def wait_for(place: Installation, *statuses: str) -> list[str]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        job = place.ask(JOB)
        if job and job[0][0] in statuses:
            return job[0]
        time.sleep(0.05)
    raise AssertionError(f"{place.ask(JOB)}: {(place.folder / 'workers.log').read_text()}")


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_done_by_the_other(
    place: Installation, workers: list["subprocess.Popen[bytes]"]
) -> None:
    with place.served() as address:
        nurse = Visitor(address).sign_in("nurse")
        form = {"purpose": "planning", "folder": "export", "why_other_identity": "外院影像，已核对", "seen_version": 0}
        _, page = nurse.ask("GET", "/records/cases/3/do/receive-images/")
        form["seen_version"] = page.partition('name="seen_version" value="')[2].partition('"')[0]
        assert nurse.ask("POST", "/records/cases/3/do/receive-images/", form)[0] == 302
        first = wait_for(place, "running")
        killed = next(each for each in workers if first[1].endswith(f":{each.pid}"))
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert nurse.ask("GET", "/today/")[0] == 200
        status, owner, attempts = wait_for(place, "done", "failed", "cancelled")
    assert (status, attempts) == ("done", "2")
    assert owner != first[1]
    assert place.command("department", "verify").stdout.startswith("OK")

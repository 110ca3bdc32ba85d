"""The real program in a folder of its own: commands, server, worker; as people start them."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 300.0  # a busy machine takes minutes to make the tables; a broken program ends at once


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "src"),
        "TROCAR_DATA": str(folder),
        "PYTHONWARNINGS": "default",
        **more,
    }


def command(folder: Path, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the record."""
    done = subprocess.run(
        [sys.executable, "-m", "trocar_clinic.config", *words],
        env=surroundings(folder, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def demonstration(shared: Path) -> Path:
    """Return a folder with the demonstration department, made once for all test processes."""
    folder = shared / "demonstration-department"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            command(folder, "department", "demonstrate")
            (folder / "ready").touch()
    return folder


def copy_of(folder: Path, target: Path) -> Path:
    """Return a copy of an installation to work in."""
    shutil.copytree(folder, target)
    return target


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, *, worker: bool = False, **more: str) -> Iterator[str]:
    """Serve an installation and give its address."""
    port = free_port()
    words = ["serve", "--port", str(port), "--worker" if worker else "--no-worker"]
    log = folder / "server.log"
    with log.open("ab") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "trocar_clinic.config", *words],
            env=surroundings(folder, **more),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/account/login/", server, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())

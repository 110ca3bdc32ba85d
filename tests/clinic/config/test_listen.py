"""Monitors over a real socket: each message is answered, kept before it is answered, and nobody can stop the listener."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from clinic.installations import Installation
from clinic.running import PATIENCE_S, copy_of, free_port

EUI = "0009FBFFFF000021"
AT = datetime(2026, 3, 5, 9, 20, tzinfo=timezone(timedelta(hours=8)))
BEGIN, END = b"\x0b", b"\x1c\x0d"


def message(control: str, *, patient: str = "", minute: int = 0) -> bytes:
    when = f"{AT + timedelta(minutes=minute):%Y%m%d%H%M%S%z}"
    text = "\r".join(
        [
            f"MSH|^~\\&|PM|W|TROCAR|W|{when}||ORU^R01^ORU_R01|{control}|P|2.6",
            f"PID|1||{patient}||示例^患者",
            f"OBR|1||1^^{EUI}^EUI-64|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||{when}",
            f"OBX|1|NM|149514^MDC_PULS_RATE^MDC|1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F|||||||{EUI}^^{EUI}^EUI-64",
        ]
    )
    return BEGIN + text.encode() + END


@pytest.fixture(scope="module")
def place(demonstration_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(folder=copy_of(demonstration_folder, tmp_path_factory.mktemp("listen") / "copy"))
    script = Path(__file__).parents[1] / "procedures" / "connected_procedure.py"
    around = {**made.surroundings, "PYTHONPATH": f"{made.surroundings['PYTHONPATH']}:{Path(__file__).parents[2]}"}
    subprocess.run([sys.executable, str(script)], env=around, check=True, timeout=300)
    return made


@contextmanager
def listening(place: Installation, *words: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Start the listener and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "trocar_clinic.config", "department", "listen", "--port", str(port), *words]
    log = place.folder / "listen.log"
    with log.open("ab") as out:
        listener = subprocess.Popen(command, env=place.surroundings, stdout=out, stderr=out)
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            assert listener.poll() is None, log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield listener, port
    finally:
        listener.kill()
        listener.wait()


class Wire:
    """A monitor's connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.got = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, content: bytes) -> "Wire":
        self.socket.sendall(content)
        return self

    def answer(self) -> list[str]:
        """Return the fields of MSA of the next answer; none if the connection was closed."""
        while END not in self.got:
            more = self.socket.recv(4096)
            if not more:
                return []
            self.got += more
        block, _, self.got = self.got.partition(END)
        assert block.startswith(BEGIN)
        return next(each for each in block[1:].decode().split("\r") if each.startswith("MSA")).split("|")[1:]


def silent(wire: Wire, content: bytes) -> bool:
    """Say whether a content is answered by nothing but the end of the connection."""
    try:
        return wire.send(content).answer() == []
    except ConnectionError:
        return True


def test_messages_over_a_socket_are_answered_one_by_one(place: Installation) -> None:
    with listening(place) as (listener, port), Wire(port) as wire:
        whole = message("A1")
        assert wire.send(whole[:40]).send(whole[40:]).answer() == ["AA", "A1"]
        wire.send(message("A2", minute=1) + message("A3", minute=2))
        assert [wire.answer(), wire.answer()] == [["AA", "A2"], ["AA", "A3"]]
        assert wire.send(message("W1", patient="X99")).answer() == ["AE", "W1"]
        assert wire.send(BEGIN + b"hello" + END).answer() == ["AR", ""]
        assert wire.send(b"noise" + END).send(message("A4", minute=3)).answer() == ["AA", "A4"]
        with Wire(port) as endless:
            assert silent(endless, BEGIN + b"x" * (3 * 2**20))
        assert wire.send(message("A5", minute=4)).answer() == ["AA", "A5"], "one monitor stopped the others"
        listener.kill()
        listener.wait()
    kept = place.ask("SELECT control, verdict FROM procedures_monitormessage ORDER BY id")
    taken = [control for control, verdict in kept if verdict == "taken"]
    assert taken == ["A1", "A2", "A3", "A4", "A5"], "what was answered was kept, though the listener was killed"
    assert [verdict for control, verdict in kept if control == "W1"] == ["refused"]
    assert "示例" not in (place.folder / "listen.log").read_text()
    assert place.command("department", "verify").stdout.startswith("OK")


def test_an_address_that_is_not_named_is_turned_away(place: Installation) -> None:
    with listening(place, "--from", "10.9.9.9") as (_, port), Wire(port) as wire:
        assert silent(wire, message("Z1"))
    assert place.ask("SELECT count(*) FROM procedures_monitormessage WHERE control = 'Z1'") == [["0"]]

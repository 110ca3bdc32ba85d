"""The real server: bodies that are too large, the first start, forms sent twice at once, static files."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clinic.config.visitor import Visitor
from clinic.running import PATIENCE_S, copy_of, free_port, served, surroundings

GIGABYTE = 2**30


@pytest.fixture(scope="module")
def folder(demonstration_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(demonstration_folder, tmp_path_factory.mktemp("server") / "copy")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder) as found:
        yield found


def test_two_gigabytes_are_refused_before_they_are_sent(address: str) -> None:
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(
            f"POST /today/ HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {2 * GIGABYTE}\r\n\r\n".encode()
        )
        assert wire.recv(64).startswith(b"HTTP/1.1 413")


def test_a_body_that_hides_its_length_is_cut_off(address: str) -> None:
    parts = urlsplit(address)
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(
            f"POST /account/login/ HTTP/1.1\r\nHost: {parts.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        sent = 0
        try:
            for _ in range(200):
                wire.sendall(chunk)
                sent += 1
            answer = wire.recv(64)
        except (ConnectionError, TimeoutError):
            answer = b""
    assert sent < 200 or not answer.startswith(b"HTTP/1.1 200")


def test_of_many_corrections_sent_at_once_one_wins_and_the_others_are_told(address: str) -> None:
    visitors = [Visitor(address).sign_in("affairs") for _ in range(6)]
    path = "/records/departments/1/correct/"
    pages = [each.ask("GET", path)[1] for each in visitors]
    version = re.search(r'name="seen_version" value="(\d+)"', pages[0])
    assert version is not None
    answers: list[int] = []

    def send(number: int) -> None:
        form = {
            "name": f"介入治疗科 {number}",
            "beds": 36,
            "tumour_beds": 32,
            "why": "并发",
            "seen_version": version[1],
        }
        answers.append(visitors[number].ask("POST", path, form)[0])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(visitors))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [302, 409, 409, 409, 409, 409]


def test_styles_and_scripts_come_from_this_server(address: str) -> None:
    for name in ("record.css", "record.js", "mark.svg"):
        assert Visitor(address).ask("GET", f"/static/trocar/{name}")[0] == 200


def test_guessing_a_password_is_stopped(address: str) -> None:
    visitor = Visitor(address)
    visitor.ask("GET", "/account/login/")
    for _ in range(6):
        _, text = visitor.ask("POST", "/account/login/", {"login": "nurse2", "password": "wrong password"})
    _, last = visitor.ask("POST", "/account/login/", {"login": "nurse2", "password": "demonstration"})
    assert "sessionid" not in visitor.cookies
    assert text
    assert last


def test_nothing_that_names_a_person_is_logged(address: str, folder: Path) -> None:
    Visitor(address).sign_in("nurse").ask("GET", "/records/cases/999/")
    assert "示例患者" not in (folder / "server.log").read_text()


def come_in(port: int) -> Visitor:
    """Return a visitor before the login page, once the server listens."""
    visitor, until = Visitor(f"http://127.0.0.1:{port}"), time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if visitor.ask("GET", "/account/login/")[0] == 200:
                return visitor
        time.sleep(0.2)
    raise AssertionError("the server does not listen")


@pytest.mark.slow
def test_the_first_start_asks_in_a_terminal_until_the_password_can_be_taken(tmp_path: Path) -> None:
    import pty
    import termios

    port, (ours, theirs) = free_port(), pty.openpty()
    words = [sys.executable, "-m", "trocar_clinic.config", "serve", "--no-worker", "--port", str(port)]
    server = subprocess.Popen(words, env=surroundings(tmp_path / "new"), stdin=theirs, stdout=theirs, stderr=theirs)
    told = ""

    def answer(asked: str, given: str, *, hidden: bool = False) -> None:
        nonlocal told
        while asked not in told:
            told += os.read(ours, 4096).decode(errors="replace")
        told = told.partition(asked)[2]
        while hidden and termios.tcgetattr(theirs)[3] & termios.ECHO:
            time.sleep(0.05)  # what is typed before the terminal hides it is thrown away
        os.write(ours, f"{given}\n".encode())

    try:
        answer("demonstration department)", "boss")
        answer("Name", "示例管理员")
        for password in ("12345", "a long enough word"):
            answer("密码 Password", password, hidden=True)
            answer("Password once more", password, hidden=True)
            if password == "12345":
                answer("User name", "boss")
        answer("Ctrl+C", "")
        visitor = come_in(port)
        visitor.ask("POST", "/account/login/", {"login": "boss", "password": "a long enough word"})
        assert visitor.ask("GET", "/accounts/")[0] == 200
    finally:
        server.terminate()
        server.wait(timeout=30)
        os.close(ours)
        os.close(theirs)


def test_the_first_start_invites_to_make_an_administrator(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    with served(folder) as address:
        log = (folder / "server.log").read_text()
        found = re.search(r"/welcome/([\w-]+)/", log)
        assert found is not None
        visitor = Visitor(address)
        assert visitor.ask("GET", "/welcome/guess/")[0] == 404
        assert visitor.ask("GET", found[0])[0] == 200
        form = {"name": "boss", "display_name": "示例管理员", "password": "a long enough word"}
        assert visitor.ask("POST", found[0], {**form, "password": "short"})[0] == 422
        assert visitor.ask("POST", found[0], form)[0] == 302
        assert visitor.ask("GET", found[0])[0] == 404
        visitor.ask("POST", "/account/login/", {"login": "boss", "password": "a long enough word"})
        assert visitor.ask("GET", "/accounts/")[0] == 200


def test_whoever_stops_the_server_stops_its_worker(folder: Path) -> None:
    port = free_port()
    words = [sys.executable, "-m", "trocar_clinic.config", "serve", "--port", str(port)]
    with (folder / "stopped.log").open("ab") as log:
        server = subprocess.Popen(words, env=surroundings(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        come_in(port)
        (worker,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0
    assert not Path(f"/proc/{worker}").exists()

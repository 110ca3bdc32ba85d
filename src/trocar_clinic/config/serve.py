"""``trocar serve``: tables, first administrator, web server and worker, until it is stopped."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from trocar_clinic.config.prepare import has_people, load_django, make_tables

PORTS_TRIED = 20


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port. 端口")] = 8000,
    demonstration: Annotated[
        bool, typer.Option(help="Fill an empty record with the demonstration department. 示例科室")
    ] = False,
    cases: Annotated[
        Path | None,
        typer.Option(help="Folder of trocar demo, to show in the demonstration. 演示病例文件夹", file_okay=False),
    ] = None,
    worker: Annotated[bool, typer.Option(help="Start a worker for calculations too. 同时启动计算进程")] = True,
) -> None:
    """Open the department's record in the browser. 启动科室诊疗记录。"""
    load_django()
    make_tables()
    signal.signal(signal.SIGTERM, _stop)  # whoever stops it this way ends the worker with it
    port = free_port(host, port)
    first_steps(host, port, demonstration=demonstration, cases=cases)
    working = start_worker() if worker else None
    try:
        _listen(host, port)
    finally:
        if working is not None:
            working.terminate()
            working.wait(timeout=20)


def _stop(*_: object) -> None:
    """End as by Ctrl+C."""
    raise SystemExit(0)


def free_port(host: str, wanted: int) -> int:
    """Return the port, or the next one that nobody listens on."""
    for port in range(wanted, wanted + PORTS_TRIED):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    typer.echo(
        f"{host}: ports {wanted} to {wanted + PORTS_TRIED - 1} are taken; name another by --port. 端口被占用", err=True
    )
    raise typer.Exit(2)


def _listen(host: str, port: int) -> None:
    import uvicorn

    typer.echo(f"http://{host}:{port}/   (Ctrl+C 停止 stops)")
    uvicorn.run("trocar_clinic.config.asgi:application", host=host, port=port, log_level="warning", server_header=False)


def start_worker() -> "subprocess.Popen[bytes]":
    """Start a worker process."""
    return subprocess.Popen([sys.executable, "-m", "trocar_clinic.config", "work"], cwd=Path.cwd())


def first_steps(host: str, port: int, *, demonstration: bool, cases: Path | None = None) -> None:
    """Ask for an administrator where there is nobody yet: in the terminal if there is one, else in the browser."""
    from trocar_clinic.config import welcome

    if has_people():
        return
    if demonstration:
        welcome.make_demonstration(cases)
    elif sys.stdin.isatty():
        _ask(host, port)
    else:
        _point_to_browser(host, port)


DEMONSTRATION = "demo"


def _ask(host: str, port: int) -> None:
    from trocar_clinic.config import welcome

    typer.echo("尚无任何账号。 There is no account yet.")
    name = typer.prompt(
        f"管理员用户名（留空则在浏览器中设置，输入 {DEMONSTRATION} 载入示例科室）\n"
        f"Administrator's user name (empty: in the browser; {DEMONSTRATION}: the demonstration department)",
        default="",
        show_default=False,
    )
    if name == DEMONSTRATION:
        welcome.make_demonstration()
    elif name:
        _ask_for_the_rest(name)
    else:
        _point_to_browser(host, port)


def _ask_for_the_rest(name: str) -> None:
    """Ask until name and password can be taken."""
    from trocar_clinic.config import welcome

    display_name = typer.prompt("姓名 Name", default=name)
    while True:
        again = "再次输入密码 Password once more"
        password = typer.prompt("密码 Password", hide_input=True, confirmation_prompt=again)
        told = welcome.make_administrator(name, display_name, password)
        if not told:
            return
        for each in told:
            typer.echo(each, err=True)
        name = typer.prompt("管理员用户名 User name", default=name)


def _point_to_browser(host: str, port: int) -> None:
    from trocar_clinic.config import welcome

    typer.echo(f"首次使用 First start: http://{host}:{port}/welcome/{welcome.invitation()}/")

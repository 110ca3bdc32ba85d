"""``trocar workspace``: a plan in the browser of this machine, until it is stopped."""

import socket
import webbrowser
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trocar.cli import options
from trocar.cli.edit import OpenedPlan, open_plan, write_changed
from trocar.cli.folders import whole_folder
from trocar.cli.surroundings import Surroundings
from trocar.errors import PlanError, UsageError
from trocar.messages import Message
from trocar_workspace.desk import Desk
from trocar_workspace.edit_words import as_toml
from trocar_workspace.saving import Progress, Saver, Write


def workspace(
    context: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder made by trocar plan. 计划文件夹")],
    images: Annotated[
        Path | None,
        typer.Option("--images", exists=True, help="Folder of the planning CT; the plan's own images/. 影像文件夹"),
    ] = None,
    structures: Annotated[
        Path | None,
        typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set; the plan's own. 结构文件"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder in which changed plans are saved. 修改后计划的保存位置")
    ] = None,
    port: Annotated[int, typer.Option(help="Port on this machine. 端口")] = 8010,
    browser: Annotated[bool, typer.Option(help="Open the browser. 打开浏览器")] = True,
    lang: options.Lang = None,
) -> None:
    """Change a plan by hand in the browser: the dose follows the hand, the impossible is refused. 计划工作台."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=False)
    with speaker.following() as told:
        reading = Message(code="workspace.opening", template="Opening images, structures and plan")
        told(reading, 0.0)
        opened = open_plan(
            plan, images=images or _within(plan, "images"), structures=structures or _within(plan, "RTSTRUCT.dcm")
        )
        desk = Desk(opened.request, opened.plan)
        told(reading, 1.0)
    write = writer(opened, desk, folder=out or plan.parent, name=plan.name, now=surroundings.now)
    _listen(desk, Saver(write), port=port, browser=browser)


def _within(plan: Path, name: str) -> Path:
    if not (plan / name).exists():
        raise UsageError(
            "workspace.not-beside-plan",
            "the plan's folder holds no {name}; name it by --images or --structures, as it was planned on",
            name=name,
        )
    return plan / name


def writer(opened: OpenedPlan, desk: Desk, *, folder: Path, name: str, now: Any) -> Write:
    """Return what writes a changed plan into a new folder beside others."""

    def write(words: list[dict[str, Any]], told: Progress) -> str:
        standing = desk.stand(words)
        if standing.refused is not None:
            raise PlanError("workspace.not-saved", "nothing was saved: {reason}", reason=standing.refused)
        at: datetime = now()
        place = folder / f"{name}-{at:%Y%m%d-%H%M%S}"
        with whole_folder(place, replace=False) as made:
            text = as_toml(words)
            write_changed(made, opened, desk.bench, standing.on_bench, changes_text=text, at=at, told=told)
        return place.name

    return write


def _listen(desk: Desk, saver: Saver, *, port: int, browser: bool) -> None:
    import django
    import uvicorn
    from django.core.asgi import get_asgi_application

    from trocar_workspace import alone
    from trocar_workspace.doors import Opened

    key = alone.lay_out(Opened(desk=lambda: desk, saver=saver))
    django.setup()
    with _listener(port) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/?key={key}"
        typer.echo(f"{address}   (Ctrl+C 停止 stops)")
        if browser:
            webbrowser.open(address)
        server = uvicorn.Server(uvicorn.Config(get_asgi_application(), log_level="warning", server_header=False))
        server.run(sockets=[listener])


def _listener(port: int) -> socket.socket:
    """Listen on a port of this machine, or on any free one where it is taken."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))

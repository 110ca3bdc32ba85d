"""A small plan made once, and the workspace that serves it: the command itself, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from planned_case import planned_folder
from trocar.cli.edit import OpenedPlan, open_plan
from trocar_workspace.desk import Desk


@pytest.fixture(scope="session")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that trocar plan made, with the images beside it."""
    return planned_folder(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def opened(plan_folder: Path) -> OpenedPlan:
    return open_plan(plan_folder, images=plan_folder / "images", structures=plan_folder / "RTSTRUCT.dcm")


@pytest.fixture(scope="session")
def desk(opened: OpenedPlan) -> Desk:
    return Desk(opened.request, opened.plan)


@pytest.fixture(scope="session")
def address(plan_folder: Path) -> Iterator[str]:
    """Return the address that the command prints, with its key."""
    command = [sys.executable, "-u", "-c", "from trocar.cli.main import main; main()", "workspace", str(plan_folder)]
    server = subprocess.Popen(
        [*command, "--port", "0", "--no-browser", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ),
    )
    assert server.stdout is not None
    said = []
    try:
        for line in server.stdout:
            said.append(line)
            if found := re.search(r"http://\S+", line):
                yield found.group(0)
                break
        else:
            raise AssertionError("".join(said))
    finally:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()

"""The commands of the library, and those that other packages add."""

from importlib.metadata import EntryPoint

import pytest

from trocar.cli import commands

ADDED = EntryPoint(name="serve", value="trocar_clinic.config.commands:SERVE", group=commands.GROUP)
SHADOW = EntryPoint(name="check", value="trocar.cli.commands:COMMANDS", group=commands.GROUP)


def test_a_package_adds_a_command_and_cannot_replace_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "entry_points", lambda group: [ADDED, SHADOW])
    commands.all_commands.cache_clear()
    try:
        names = [each.name for each in commands.all_commands()]
    finally:
        commands.all_commands.cache_clear()
    assert names == [*(each.name for each in commands.COMMANDS), "serve"]


def test_naming_the_commands_loads_no_web_framework() -> None:
    import subprocess
    import sys

    code = "import sys, trocar_clinic.config.commands; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

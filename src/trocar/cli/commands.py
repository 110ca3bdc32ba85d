"""The commands and where they live: only the one that was called is loaded, so that each starts at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import typer


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of ``trocar``.

    Parameters
    ----------
    name
        As typed.
    module, attribute
        Where its function, or its group of commands, is defined.
    help
        One line for the list of commands.
    """

    name: str
    module: str
    attribute: str
    help: str

    def load(self) -> Any:
        """Return the function or group."""
        return getattr(import_module(self.module), self.attribute)


COMMANDS = (
    Command(
        name="check", module="trocar.cli.check", attribute="check", help="Check another system's plan. 独立核对计划"
    ),
    Command(name="plan", module="trocar.cli.plan", attribute="plan", help="Propose an implant. 制定植入计划"),
    Command(
        name="verify", module="trocar.cli.verify", attribute="verify", help="Verify an implant on its CT. 术后剂量验证"
    ),
    Command(name="edit", module="trocar.cli.edit", attribute="edit_plan", help="Change a plan by hand. 手工修改计划"),
    Command(name="ablate", module="trocar.cli.ablate", attribute="ablate", help="Plan and verify an ablation. 消融"),
    Command(name="dose", module="trocar.cli.dose", attribute="dose", help="Compute the dose of a plan. 计算剂量"),
    Command(name="dvh", module="trocar.cli.dvh", attribute="dvh", help="Dose-volume histograms. 剂量体积直方图"),
    Command(name="stock", module="trocar.cli.stock", attribute="stock", help="Seeds in the store. 库存粒子"),
    Command(name="order", module="trocar.cli.order", attribute="order", help="How many seeds to order. 估算订购数量"),
    Command(name="sources", module="trocar.cli.sources", attribute="sources", help="List the source data. 列出源数据"),
    Command(name="dicom", module="trocar.cli.dicom", attribute="dicom", help="Look at DICOM files. 查看 DICOM 文件"),
    Command(
        name="assess", module="trocar.cli.assess", attribute="assess", help="Check a self-assessment. 检查自评报告"
    ),
    Command(name="report", module="trocar.cli.report", attribute="report", help="Write self-assessments. 自我评估报告"),
    Command(
        name="indicators", module="trocar.cli.indicators", attribute="indicators", help="Count indicators. 质量控制指标"
    ),
    Command(name="demo", module="trocar.cli.demo", attribute="demo", help="Go through a case end to end. 演示"),
)


GROUP = "trocar.commands"
"""Entry points by which other packages add a `Command`; the department's record adds its own so."""


@cache
def all_commands() -> tuple[Command, ...]:
    """Return the library's commands and those that installed packages add; a name that is taken stays the library's."""
    taken = {command.name for command in COMMANDS}
    added = [each.load() for each in sorted(entry_points(group=GROUP), key=lambda each: each.name)]
    return (*COMMANDS, *(each for each in added if isinstance(each, Command) and each.name not in taken))


def add_commands(app: typer.Typer, arguments: list[str]) -> None:
    """Add every command to the application: the one that was called in full, the others by name and help alone."""
    called = next((argument for argument in arguments if not argument.startswith("-")), "")
    for command in all_commands():
        if command.name != called:
            app.command(command.name, help=command.help)(_unloaded(command))
            continue
        loaded = command.load()
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=command.name)
        else:
            app.command(command.name)(loaded)


def _unloaded(command: Command) -> Callable[[], None]:
    def stand_in() -> None:
        raise AssertionError(f"{command.name} is listed here, not run")

    return stand_in

"""The command line of Trocar: its commands, and what becomes of errors."""

import json
import sys
import traceback
from typing import Annotated, Any

import typer

import trocar
from trocar.cli.commands import add_commands
from trocar.cli.console import error_json
from trocar.cli.exits import Exit, exit_of_error
from trocar.cli.surroundings import Surroundings
from trocar.errors import TrocarError
from trocar.report.document import in_language, say

WRONG_USE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""Errors of the command line itself; their class has moved between versions of Typer."""

ABOUT = (
    "Seed implantation and ablation: compute, verify, account. 粒子植入与消融：计算、核对、留档。\n\n"
    "Research and quality-assurance software, not a certified medical device. 科研与质控软件，非已注册医疗器械。"
)


def application(arguments: list[str]) -> typer.Typer:
    """Return the application with the command that the arguments call."""
    app = typer.Typer(
        name="trocar",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=ABOUT,
    )
    app.callback()(_before_any_command)
    add_commands(app, arguments)
    return app


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"trocar {trocar.__version__}")
        raise typer.Exit
    return wanted


def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version. 版本")
    ] = False,
) -> None:
    """Do nothing before a command is named."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:], Surroundings.here()))


def run(arguments: list[str], surroundings: Surroundings) -> int:
    """Run one command and return its exit code: errors become sentences, never tracebacks.

    Parameters
    ----------
    arguments
        As typed after ``trocar``.
    surroundings
        Clock and language.
    """
    try:
        outcome = application(arguments)(arguments, prog_name="trocar", standalone_mode=False, obj=surroundings)
    except TrocarError as error:
        _say_error(error, surroundings)
        return exit_of_error(error)
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception as error:
        if isinstance(error, WRONG_USE):
            error.show()
            return Exit.USAGE
        traceback.print_exc()
        fault = say("cli.fault", "this is a fault of Trocar, not of your files; please report it with the lines above")
        typer.echo(in_language(fault, surroundings.language), err=True)
        return Exit.FAULT
    return int(outcome) if isinstance(outcome, int) else Exit.DONE


def _say_error(error: TrocarError, surroundings: Surroundings) -> None:
    typer.echo(f"{error.code}: {error.text(surroundings.language)}", err=True)
    hint = _HINTS.get(error.code)
    if hint is not None:
        typer.echo(in_language(hint, surroundings.language), err=True)
    if surroundings.as_json:
        typer.echo(json.dumps(error_json(error, surroundings.language), ensure_ascii=False, indent=2))


_HINTS = {
    "rtplan.source-model-unknown": say(
        "cli.hint-source",
        'on the command line: --source KEY; `trocar sources` lists the keys (with make run: ARGS="--source KEY")',
    ),
    **dict.fromkeys(
        ("plan.calibrated-after-implant", "plan.calibrated-years-before"),
        say("cli.hint-implant-at", "on the command line: --implant-at YYYY-MM-DD"),
    ),
}

"""``python -m trocar_clinic.config``: the record's commands without the library's command line."""

import sys

import typer

from trocar_clinic.config.commands import DEPARTMENT, SERVE


def main() -> None:
    """Run ``serve``, ``work`` or a command of ``department``."""
    if sys.argv[1:2] == ["work"]:
        from trocar_clinic.config.work import work_until_stopped

        work_until_stopped()
        return
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command(SERVE.name, help=SERVE.help)(SERVE.load())
    app.add_typer(DEPARTMENT.load(), name=DEPARTMENT.name)
    app()


if __name__ == "__main__":
    main()

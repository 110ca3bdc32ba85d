"""``trocar department``: verify, back up and restore the record, and fill it with the demonstration department."""

from typing import Annotated

import typer

from trocar_clinic.config.prepare import load_django, make_tables

department = typer.Typer(help="Look after the record. 记录维护", no_args_is_help=True, pretty_exceptions_enable=False)


@department.command()
def verify(
    expect: Annotated[str, typer.Option(help="NUMBER:HASH noted earlier. 先前留存的 序号:哈希")] = "",
) -> None:
    """Check that the audit trail is whole and every row is as its last deed left it. 核验审计链与全部记录。"""
    load_django()
    from trocar_clinic.records.verification import head, verify

    number, _, noted = expect.partition(":")
    wrong = verify(expected=(int(number), noted) if noted else None)
    for each in wrong:
        typer.echo(f"{each.code}: {each}", err=True)
    if wrong:
        raise typer.Exit(1)
    typer.echo("OK {}:{}".format(*head()))


@department.command()
def demonstrate() -> None:
    """Fill an empty record with the demonstration department. 建立示例科室。"""
    load_django()
    make_tables()
    from trocar_clinic.config.welcome import make_demonstration

    make_demonstration()

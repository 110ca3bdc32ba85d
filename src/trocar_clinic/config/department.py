"""``trocar department``: verify, back up and restore the record, and fill it with the demonstration department."""

from pathlib import Path
from typing import Annotated

import typer

from trocar_clinic.config.environment import environment
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
def demonstrate(
    cases: Annotated[
        Path | None, typer.Option(help="Folder of trocar demo, to show. 演示病例文件夹", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Fill an empty record with the demonstration department. 建立示例科室。"""
    load_django()
    make_tables()
    from trocar_clinic.config.welcome import make_demonstration

    make_demonstration(cases)


@department.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write. 备份文件", dir_okay=False)]) -> None:
    """Write database, files, images and keys into one file; people go on working. 备份全部记录。"""
    load_django()
    from trocar_clinic.config.backup import BadBackup, back_up
    from trocar_clinic.records.verification import head

    try:
        n = back_up(environment(), file, head=head())
    except BadBackup as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{file}: {n} members. It holds the keys: keep it as safe as the record. 备份含密钥，请妥善保管。")


@department.command()
def restore(file: Annotated[Path, typer.Argument(help="Backup. 备份文件", exists=True, dir_okay=False)]) -> None:
    """Put a backup into an empty installation and verify its trail. 恢复到空目录并核验审计链。"""
    from trocar_clinic.config.backup import BadBackup, restore

    try:
        head = restore(environment(), file)
    except BadBackup as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from error
    load_django()
    make_tables()
    from trocar_clinic.records.verification import verify

    wrong = verify(expected=head)
    for each in wrong:
        typer.echo(f"{each.code}: {each}", err=True)
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"OK {head[0]}:{head[1]}")


@department.command()
def listen(
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of MLLP. 端口")] = 2575,
    sender: Annotated[
        list[str] | None, typer.Option("--from", help="Only from this address, repeatable. 仅接收该地址")
    ] = None,
) -> None:
    """Take vital signs from patient monitors: HL7 PCD-01 over MLLP. 接收监护仪数据。"""
    load_django()
    import asyncio

    from trocar_clinic.config.listen import listen

    typer.echo(f"mllp://{host}:{port}   (Ctrl+C 停止 stops)")
    try:
        asyncio.run(listen(host, port, frozenset(sender or ())))
    except OSError as error:
        typer.echo(f"{host}:{port}: {error.strerror}; name another by --port. 端口不可用", err=True)
        raise typer.Exit(2) from error


@department.command()
def export(file: Annotated[Path, typer.Argument(help="ZIP to write. 导出文件", dir_okay=False)]) -> None:
    """Write all rows about patients without persons, dates moved patient by patient. 去标识化导出。"""
    load_django()
    from trocar_clinic.patients.research import write_export

    with file.open("xb") as out:
        for kind, n in write_export(out).items():
            typer.echo(f"{n:8d}  {kind}")

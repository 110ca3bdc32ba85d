"""`trocar stock`: what lies in the store, decayed to the implant day."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from trocar.catalogue.sources import load_source
from trocar.cli import options
from trocar.cli.as_json import SCHEMA
from trocar.cli.shelf import on_the_day, read_shelf
from trocar.cli.surroundings import Surroundings
from trocar.report.document import say


def stock(
    context: typer.Context,
    *,
    shelf: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The shelf, a CSV file. 库存文件")],
    at: Annotated[
        datetime | None, typer.Option("--at", help="Implant day; today without. 植入日期", show_default=False)
    ] = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the lots in the store with their strength on the implant day. 库存粒子衰变到植入日."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    day = at or surroundings.now()
    lots = on_the_day(read_shelf(shelf), day)
    table = Table(box=None, pad_edge=False)
    for head in (
        say("cli.stock-lot", "lot"),
        say("cli.stock-model", "model"),
        say("cli.stock-count", "seeds"),
        say("cli.stock-certified", "certified (U)"),
        say("cli.stock-days", "days ago"),
        say("cli.stock-today", "on the day (U)"),
        say("cli.stock-mci", "(mCi)"),
        say("cli.stock-total", "all together (U)"),
    ):
        table.add_column(speaker.words(head), justify="right")
    rows = []
    for lot in lots:
        source = load_source(lot.stock.source_model)
        count = lot.stock.count or 0
        activity = None if source.u_per_mci is None else source.mci_from_u(lot.s_k_u)
        table.add_row(
            lot.stock.lot,
            source.key,
            str(count),
            f"{lot.stock.strength.s_k_u:.3f}",
            f"{lot.days:.1f}",
            f"{lot.s_k_u:.3f}",
            "–" if activity is None else f"{activity:.3f}",
            f"{count * lot.s_k_u:.1f}",
        )
        rows.append(
            {
                "lot": lot.stock.lot,
                "source_model": source.key,
                "count": count,
                "certified_u": lot.stock.strength.s_k_u,
                "reference_at": lot.stock.strength.reference_at.isoformat(),
                "s_k_u": lot.s_k_u,
                "activity_mci": activity,
            }
        )
    speaker.give({"schema": SCHEMA, "command": "stock", "at": day.isoformat(), "lots": rows})
    speaker.show(table)

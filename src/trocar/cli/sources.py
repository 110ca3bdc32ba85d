"""`trocar sources`: what stands on the shelf."""

from typing import Annotated, Any

import typer
from rich.table import Table

from trocar.catalogue.sources import Source, find_sources, load_source, source_keys
from trocar.cli import options
from trocar.cli.as_json import SCHEMA
from trocar.cli.surroundings import Surroundings
from trocar.errors import UsageError
from trocar.report.document import say


def sources(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Part of a key, model or maker; without it all are listed. 型号或厂家的一部分")
    ] = "",
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """List the sources of the catalogue, with where their tables come from. 列出源数据."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    found = find_sources(text) if text else tuple(load_source(key) for key in source_keys())
    if not found:
        raise UsageError("cli.no-such-source", "no source is named like {text}; `trocar sources` lists all", text=text)
    speaker.give({"schema": SCHEMA, "command": "sources", "sources": [_source_json(source) for source in found]})
    table = Table(box=None, pad_edge=False)
    for head in (
        say("cli.column-key", "key"),
        say("cli.column-maker", "maker and model"),
        say("cli.column-lambda", "Λ cGy/(h U)"),
        say("cli.column-u-per-mci", "U/mCi"),
        say("cli.column-status", "tables"),
    ):
        table.add_column(speaker.words(head))
    for source in found:
        factor = "—" if source.u_per_mci is None else f"{source.u_per_mci:g}"
        table.add_row(
            source.key,
            f"{source.manufacturer} {source.model}",
            f"{source.dose_rate_constant_cgy_per_h_per_u:g}",
            factor,
            source.status.value,
        )
    speaker.show(table)
    if len(found) == 1:
        for line in (found[0].citation, *found[0].flags):
            speaker.say(line)


def _source_json(source: Source) -> dict[str, Any]:
    return {
        "key": source.key,
        "model": source.model,
        "manufacturer": source.manufacturer,
        "nuclide": source.nuclide.name,
        "half_life_d": source.nuclide.half_life_d,
        "dose_rate_constant_cgy_per_h_per_u": source.dose_rate_constant_cgy_per_h_per_u,
        "active_length_cm": source.active_length_cm,
        "u_per_mci": source.u_per_mci,
        "status": source.status.name.lower(),
        "citation": source.citation,
        "doi": source.doi,
        "flags": list(source.flags),
    }

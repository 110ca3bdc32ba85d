"""`trocar order`: how many seeds to order for a target, from planned ellipsoids and one's own past cases."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from trocar.catalogue.nomograms import load_nomogram
from trocar.catalogue.sources import load_source
from trocar.cli import options
from trocar.cli.as_json import SCHEMA
from trocar.cli.surroundings import Surroundings
from trocar.dose.decay import strength_at_u
from trocar.errors import UsageError
from trocar.evaluate.ordering import PastCases, ellipsoid_volume_cc, fit_seed_law, order_seeds, read_past_cases
from trocar.plan.seeds import Strength
from trocar.report.document import say


def order(
    context: typer.Context,
    *,
    dose: Annotated[float, typer.Option("--dose", min=1.0, help="Prescription in Gy. 处方剂量")],
    strength: Annotated[
        float, typer.Option("--strength", min=1e-6, help="Strength of one seed in U on the date below. 单颗粒子强度")
    ],
    dated: Annotated[datetime, typer.Option("--dated", help="Date of that strength. 强度日期")],
    implant_at: Annotated[datetime, typer.Option("--implant-at", help="Implant day. 植入日期")],
    source: Annotated[str, typer.Option("--source", help="Seed model, see `trocar sources`. 粒子型号")] = "I125_6711",
    volume: Annotated[
        float | None, typer.Option("--volume", min=0.0, help="Target volume in cc. 靶区体积", show_default=False)
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--size", help="Or its three diameters in mm, 40x35x45. 或三径", show_default=False),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option("--history", exists=True, dir_okay=False, help="Past cases, CSV. 既往病例", show_default=False),
    ] = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Say how many seeds to order for a target. 估算粒子订购数量."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    volume_cc = _volume_cc(volume, size)
    model = load_source(source)
    on_day = strength_at_u(Strength(s_k_u=strength, reference_at=dated), model.nuclide, at=implant_at)
    law = fit_seed_law(load_nomogram(model.key))
    past = None if history is None else _past(history)
    found = order_seeds(law, past, volume_cc=volume_cc, s_k_u=on_day, dose_gy=dose)
    speaker.say(
        say(
            "cli.order-expected",
            "{volume:.1f} cc, {dose:g} Gy, {model} with {s_k_u:.3f} U on the implant day: {seeds:.1f} seeds expected "
            "({total:.1f} U), law fitted to planned ellipsoids within {scatter:.1f} % (worst {worst:.1f} %)",
            volume=volume_cc,
            dose=dose,
            model=model.key,
            s_k_u=on_day,
            seeds=found.expected,
            total=found.expected * on_day,
            scatter=100.0 * law.scatter,
            worst=100.0 * law.worst,
        )
    )
    table = Table(box=None, pad_edge=False)
    table.add_column(speaker.words(say("cli.order-enough", "enough for")), justify="right")
    table.add_column(speaker.words(say("cli.order-seeds", "seeds")), justify="right")
    for percent, seeds in found.quantiles.items():
        table.add_row(f"{percent} %", str(seeds))
    speaker.show(table)
    speaker.say(
        say("cli.order-from-history", "by {n} past cases of one's own", n=found.cases)
        if found.cases
        else say(
            "cli.order-from-law",
            "by the scatter of the law alone: ellipsoids, no irregular targets, no spare seeds; give --history",
        )
    )
    speaker.give(
        {
            "schema": SCHEMA,
            "command": "order",
            "volume_cc": volume_cc,
            "s_k_u": on_day,
            "expected": found.expected,
            "quantiles": found.quantiles,
            "past_cases": found.cases,
        }
    )


def _volume_cc(volume: float | None, size: str | None) -> float:
    if (volume is None) == (size is None):
        raise UsageError("cli.order-volume-or-size", "give the target by --volume or by --size, one of them")
    if volume is not None:
        return volume
    try:
        a, b, c = (float(part) for part in str(size).lower().replace("×", "x").split("x"))
    except ValueError as problem:
        raise UsageError(
            "cli.order-size-unreadable",
            "the size {size} cannot be read; write three diameters in mm: 40x35x45",
            size=size,
        ) from problem
    return ellipsoid_volume_cc((a, b, c))


def _past(path: Path) -> PastCases:
    return read_past_cases(path.read_text(encoding="utf-8-sig"), name=path.name)

"""`trocar indicators`: the quality indicators of a period, and bundles of them to share."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, message_json
from trocar.cli.console import Speaker
from trocar.cli.department_records import (
    Demonstration,
    First,
    Last,
    OnlyTechnique,
    OwnNorms,
    Record,
    asked_of,
)
from trocar.cli.surroundings import Surroundings
from trocar.department.indicators import IndicatorValue
from trocar.department.norms import Technique
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.report.document import say
from trocar.workflow.bundles import new_key, opened_bundle, pooled, public_key_of, signed_bundle
from trocar.workflow.indicators import indicators_of
from trocar.workflow.research_table import research_table


def indicators(
    context: typer.Context,
    *,
    record: Record = None,
    demonstration: Demonstration = False,
    first: First = None,
    last: Last = None,
    technique: OnlyTechnique = None,
    norm: OwnNorms = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Write counts without patients, signed. 写出签名数据包", show_default=False),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="Private key (PEM) that signs the bundle. 私钥", show_default=False)
    ] = None,
    make_key: Annotated[
        Path | None,
        typer.Option(
            "--new-key", help="Make a key: private to this file, public beside it. 生成密钥", show_default=False
        ),
    ] = None,
    pool: Annotated[
        list[Path] | None,
        typer.Option("--pool", help="Check bundles of several sites and add them. 核对并汇总", show_default=False),
    ] = None,
    research: Annotated[
        Path | None,
        typer.Option(
            "--research", help="Write a de-identified table and its dictionary. 科研数据表", show_default=False
        ),
    ] = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Count the quality indicators of a period, each with its cases. 质量控制指标."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    if make_key is not None:
        return _write_key(make_key, speaker)
    if pool:
        return _pool(pool, speaker)
    asked = asked_of(record, demonstration=demonstration, first=first, last=last, technique=technique, norm=norm)
    department, period = asked.department, asked.period
    values = {
        each: indicators_of(department, technique=each, period=period, norms=asked.norms) for each in asked.techniques
    }
    if bundle is not None:
        _write_bundle(bundle, key, values, site=department.hospital, speaker=speaker, surroundings=surroundings)
    if research is not None:
        table, dictionary = research_table(department, seed=department.as_of.toordinal())
        research.write_text(table, encoding="utf-8")
        research.with_suffix(".dictionary.csv").write_text(dictionary, encoding="utf-8")
    speaker.give(
        {
            "schema": SCHEMA,
            "command": "indicators",
            "period": {"first": period.first.isoformat(), "last": period.last.isoformat()},
            "record": department.content_hash,
            "indicators": [value_json(value, speaker.language) for each in values.values() for value in each],
        }
    )
    for each, found in values.items():
        _show(each, found, speaker)
    return None


def _write_key(file: Path, speaker: Speaker) -> None:
    if file.exists():
        raise UsageError("cli.key-exists", "{file} is there already; a key is never written over", file=file.name)
    private = new_key()
    file.touch(mode=0o600)
    file.write_bytes(private)
    public = file.with_suffix(".public.pem")
    public.write_bytes(public_key_of(private))
    speaker.remark(
        say(
            "cli.key-written",
            "private key: {private}, for whoever signs alone; public key to give away: {public}",
            private=file.name,
            public=public.name,
        )
    )


def _pool(files: list[Path], speaker: Speaker) -> None:
    bundles = []
    for file in files:
        beside = file.with_suffix(".public.pem")
        bundles.append(opened_bundle(file.read_bytes(), public_pem=beside.read_bytes() if beside.is_file() else None))
    found = pooled(bundles)
    speaker.give(
        {
            "schema": SCHEMA,
            "command": "indicators",
            "sites": [str(each["site"]) for each in bundles],
            "pooled": [{name: getattr(each, name) for name in type(each).__slots__} for each in found],
        }
    )
    for each in found:
        speaker.say(
            f"{each.key}  {each.numerator}/{each.denominator}  {100 * each.share:.1f} % "
            f"({100 * each.low:.1f}–{100 * each.high:.1f} %)  {each.sites}"
        )


def _write_bundle(
    file: Path,
    key: Path | None,
    values: dict[Technique, tuple[IndicatorValue, ...]],
    *,
    site: str,
    speaker: Speaker,
    surroundings: Surroundings,
) -> None:
    if key is None:
        raise UsageError(
            "cli.key-needed", "a bundle is signed: give --key FILE; `trocar indicators --new-key FILE` makes one"
        )
    everything = [value for each in values.values() for value in each]
    data = signed_bundle(everything, site=site, made_at=surroundings.now(), private_pem=key.read_bytes())
    file.write_bytes(data)
    speaker.remark(say("cli.bundle-written", "{file} is written: counts and definitions, no patient", file=file.name))


def _show(technique: Technique, values: tuple[IndicatorValue, ...], speaker: Speaker) -> None:
    names = {
        Technique.SEED_IMPLANT: say("cli.seed-implants", "Seed implantation"),
        Technique.ABLATION: say("cli.ablations", "Ablation"),
    }
    table = Table(box=None, pad_edge=False, title=speaker.words(names[technique]), title_justify="left")
    for head in (
        say("cli.column-indicator", "indicator"),
        say("cli.column-fraction", "n/N"),
        say("cli.column-value", "value"),
        say("cli.column-interval", "95 %"),
        say("cli.column-days", "period"),
    ):
        table.add_column(speaker.words(head))
    for value in values:
        table.add_row(
            value.count.definition.words(speaker.language),
            value.fraction_text,
            value.value_text if value.reason is None else speaker.words(value.reason),
            value.interval_text,
            value.count.period.text,
        )
    speaker.show(table)


def value_json(value: IndicatorValue, language: Language) -> dict[str, Any]:
    """Return an indicator as data: counts, interval, cases, and why it has no value."""
    count = value.count
    return {
        "key": count.definition.key,
        "code": count.definition.code,
        "name": count.definition.words(language),
        "pack": count.pack,
        "confidence": count.definition.confidence.value,
        "first": count.period.first.isoformat(),
        "last": count.period.last.isoformat(),
        "unit": count.definition.measure.unit.value if count.definition.measure else None,
        "numerator": count.numerator,
        "denominator": count.denominator,
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "interval": value.interval.value,
        "reason": None if value.reason is None else message_json(value.reason, language),
        "hits": list(count.hits),
        "misses": list(count.misses),
        "unknown": list(count.unknown),
        "excluded": [{"case": each.case, **message_json(each.reason, language)} for each in count.excluded],
    }

"""`trocar assess`: where a written self-assessment contradicts itself."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trocar.cli import options
from trocar.cli.as_json import SCHEMA, message_json
from trocar.cli.console import Speaker
from trocar.cli.exits import Exit
from trocar.cli.surroundings import Surroundings
from trocar.department.contradictions import Assessed, Contradiction
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.report.assessed import assessed_document
from trocar.report.document import say
from trocar.report.typeset import typeset
from trocar.results.findings import Severity
from trocar.workflow.assess import assess_document


def assess(
    context: typer.Context,
    *,
    document: Annotated[
        Path, typer.Argument(help="Report as DOCX, text (UTF-8, GBK, GB 18030) or PDF with text. 自评报告")
    ],
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", help="Write the findings as PDF to this file. 写出 PDF", show_default=False),
    ] = None,
    fonts: options.Fonts = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> int:
    """Find where a written self-assessment contradicts itself, and what it does not show. 检查自评报告."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    assessed = assess_document(_bytes(document), name=document.name)
    speaker.give({"schema": SCHEMA, "command": "assess", **assessed_json(assessed, speaker.language)})
    _tell(assessed, speaker)
    if pdf is not None:
        made = assessed_document(assessed, at=surroundings.now())
        pdf.write_bytes(typeset(made, language=speaker.language, extra_fonts=tuple(fonts or ())))
        speaker.remark(say("cli.assess-written", "{file} is written", file=pdf.name))
    return Exit.ACTION if _count(assessed, Severity.ACTION) else Exit.DONE


def _bytes(document: Path) -> bytes:
    try:
        return document.read_bytes()
    except OSError as problem:
        raise UsageError(
            "cli.assess-unreadable",
            "the file {file} cannot be opened ({reason})",
            file=document.name,
            reason=problem.strerror or str(problem),
        ) from problem


def _count(assessed: Assessed, severity: Severity) -> int:
    return sum(each.severity is severity for each in assessed.contradictions)


def _tell(assessed: Assessed, speaker: Speaker) -> None:
    speaker.say(
        say(
            "cli.assess-file",
            "{name} ({form}, {sentences} sentences)",
            name=assessed.name,
            form=assessed.form,
            sentences=assessed.sentences,
        )
    )
    for remark in assessed.remarks:
        speaker.remark(remark)
    if not assessed.contradictions:
        speaker.say(say("cli.assess-none", "nothing was found"))
        return
    counts = {severity.value: _count(assessed, severity) for severity in Severity}
    speaker.say(
        say("cli.assess-summary", "{action} to be mended, {attention} to be answered, {note} to be seen", **counts)
    )
    for each in assessed.contradictions:
        speaker.say(f"\n[{each.check}] {speaker.words(each.why)}")
        for quote in each.quotes:
            speaker.say(
                f"  {speaker.words(say('cli.assess-place', 'paragraph {place}', place=quote.place))}: {quote.text}"
            )
        speaker.say(f"  → {speaker.words(say('cli.assess-settle', 'to settle: {settle}', settle=each.settle))}")


def assessed_json(assessed: Assessed, language: Language) -> dict[str, Any]:
    """Return findings on a report as data."""
    return {
        "file": assessed.name,
        "sha256": assessed.sha256,
        "form": assessed.form,
        "paragraphs": assessed.paragraphs,
        "sentences": assessed.sentences,
        "remarks": [message_json(each, language) for each in assessed.remarks],
        "findings": [_contradiction_json(each, language) for each in assessed.contradictions],
    }


def _contradiction_json(found: Contradiction, language: Language) -> dict[str, Any]:
    return {
        "check": found.check,
        "severity": found.severity.value,
        "quotes": [{"paragraph": each.place, "section": each.section, "text": each.text} for each in found.quotes],
        "why": message_json(found.why, language),
        "settle": message_json(found.settle, language),
    }

"""`trocar report`: the yearly self-assessments as documents to edit and to file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from trocar.cli import options
from trocar.cli.as_json import SCHEMA
from trocar.cli.department_records import (
    Demonstration,
    First,
    Last,
    LastYear,
    OnlyTechnique,
    OwnNorms,
    Record,
    asked_of,
    load_archives,
)
from trocar.cli.exits import Exit
from trocar.cli.folders import MARK, require_free, whole_folder
from trocar.cli.indicators import value_json
from trocar.cli.surroundings import Surroundings
from trocar.department.assessment import Compared, SelfAssessment, Standing
from trocar.department.contradictions import Contradiction
from trocar.messages import Language
from trocar.report.document import say
from trocar.report.self_assessment_files import digest, draft_paragraphs, self_assessment_files
from trocar.workflow.assess import assess_paragraphs
from trocar.workflow.self_assessment import self_assessment


def report(
    context: typer.Context,
    *,
    record: Record = None,
    demonstration: Demonstration = False,
    first: First = None,
    last: Last = None,
    technique: OnlyTechnique = None,
    norm: OwnNorms = None,
    archive: LastYear = None,
    out: options.Out = None,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> int:
    """Write the yearly self-assessments, what is missing first. 自我评估报告."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    asked = asked_of(record, demonstration=demonstration, first=first, last=last, technique=technique, norm=norm)
    folder = out or Path(f"self-assessment-{asked.period.first}-{asked.period.last}")
    require_free(folder, replace=replace)
    archives = load_archives(archive)
    at = surroundings.now()
    made = [
        self_assessment(
            asked.department, technique=each, period=asked.period, norms=asked.norms, archive=archives.get(each)
        )
        for each in asked.techniques
    ]
    found = [assess_paragraphs(draft_paragraphs(each, at=at)) for each in made]
    with whole_folder(folder, replace=replace) as building:
        files: dict[str, str] = {}
        for each, contradictions in zip(made, found, strict=True):
            for name, data in self_assessment_files(each, contradictions=contradictions, at=at).items():
                (building / name).write_bytes(data)
                files[name] = digest(data)
        data_out = {
            "schema": SCHEMA,
            "command": "report",
            "files": files,
            "assessments": [
                assessment_json(each, contradictions, speaker.language)
                for each, contradictions in zip(made, found, strict=True)
            ],
        }
        (building / MARK).write_text(json.dumps(data_out, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    speaker.give(data_out | {"folder": str(folder)})
    for each in made:
        speaker.say(_summary(each))
    speaker.say(say("cli.written", "written to {folder}", folder=str(folder)))
    open_points = any(each.standing(Standing.NOT_MET) for each in made)
    return Exit.ACTION if open_points else Exit.DONE


def _summary(made: SelfAssessment) -> Any:
    return say(
        "cli.report-summary",
        "{technique}: {procedures} procedures, {patients} patients; requirements met {met}, not met {not_met}, "
        "not shown {not_shown}",
        technique=say("assess.seed-implant", "seed implantation")
        if made.technique.value == "seed_implant"
        else say("assess.ablation", "ablation"),
        procedures=made.procedures,
        patients=made.patients,
        met=len(made.standing(Standing.MET)),
        not_met=len(made.standing(Standing.NOT_MET)),
        not_shown=len(made.standing(Standing.NOT_SHOWN)),
    )


def assessment_json(made: SelfAssessment, found: Sequence[Contradiction], language: Language) -> dict[str, Any]:
    """Return a self-assessment as data."""
    return {
        "technique": made.technique.value,
        "first": made.period.first.isoformat(),
        "last": made.period.last.isoformat(),
        "procedures": made.procedures,
        "patients": made.patients,
        "record": made.record_hash,
        "values": made.content_hash,
        "norms": [norm.key for norm in made.norms],
        "requirements": [
            {
                "norm": each.norm,
                "key": each.requirement.key,
                "text": each.requirement.words(language),
                "standing": each.standing.value,
                "found": each.said.text(language),
                "confidence": each.requirement.confidence.value,
                "enforcement": each.requirement.enforcement.value,
                "cases": list(each.cases),
            }
            for each in made.judgements
        ],
        "indicators": [value_json(each.value, language) for each in made.figures],
        "beside": [value_json(each.value, language) for each in made.beside],
        "unproven": [each.case for each in made.unproven],
        "archive": None
        if made.archive is None
        else {
            "first": made.archive.period.first.isoformat(),
            "last": made.archive.period.last.isoformat(),
            "values": made.archive.content_hash,
            "compared": [_compared_json(each) for each in made.compared],
        },
        "definitions_changed_on": [day.isoformat() for day in made.changed_on],
        "contradictions": [{"check": each.check, "why": each.why.text(language)} for each in found],
    }


def _compared_json(each: Compared) -> dict[str, Any]:
    then = each.recounted
    return {
        "key": each.archived.key,
        "archived": [each.archived.numerator, each.archived.denominator],
        "recounted": None if then is None else [then.count.numerator, then.count.denominator],
        "now": [each.now.count.numerator, each.now.count.denominator],
        "has_moved": each.has_moved,
    }

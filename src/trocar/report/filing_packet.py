"""The filing packet: technique, conditions and assessment; management and ethics review; the technical lead."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from trocar.department.assessment import Figure, Judgement, SelfAssessment, Standing
from trocar.department.norms import Technique
from trocar.department.records import Fact, StaffMember
from trocar.department.words import word
from trocar.messages import Language
from trocar.report.document import (
    Align,
    Block,
    Box,
    Column,
    Document,
    Facts,
    Heading,
    Paragraph,
    Signatures,
    Table,
    Text,
    Tone,
    say,
)
from trocar.report.self_assessment import STANDINGS
from trocar.report.self_assessment_annexes import requirement_words
from trocar.report.self_assessment_tables import device_table, licence_table, staff_table, tuple_words

_LEADS = {Technique.SEED_IMPLANT: "implanting_physician", Technique.ABLATION: "ablating_physician"}
PARTS = (
    ("conditions_and_assessment", say("packet.part-conditions", "Technique, conditions and self-assessment")),
    ("management_body_review", say("packet.part-management", "Review by the management body")),
    ("ethics_review", say("packet.part-ethics", "Ethics review")),
    ("technical_lead_credentials", say("packet.part-lead", "Technical lead: credentials, registered here")),
)
"""What article 11 of order No. 1 asks for."""

CONDITIONS = frozenset(
    {"admission", "governance", "licence", "device", "institution", "personnel", "radiation", "custody"}
)
"""Categories of requirements that are conditions of the technique, not its yearly practice."""

WEIGHED = {
    Technique.SEED_IMPLANT: ("RSI-QI-03", "RSI-QI-04", "RSI-QI-05", "RSI-QI-06", "BESIDE-LATE", "BESIDE-CONSENT"),
    Technique.ABLATION: ("ABL-QI-02", "ABL-QI-03", "ABL-QI-04", "ABL-QI-05", "BESIDE-LATE", "BESIDE-CONSENT"),
}
"""Indicators that a reviewing body weighs: what the technique does, harms and asks of patients."""

REVIEWS = {"management_body_review": "filing.management_review", "ethics_review": "filing.ethics_review"}
"""The fact that holds what a body decided: when, under which number, who was there, what it concluded."""

_ASKED = (
    ("on", say("packet.review-on", "Day of the meeting")),
    ("number", say("packet.review-number", "Number of the decision")),
    ("present", say("packet.review-present", "Present / members")),
    ("conclusion", say("packet.review-conclusion", "Conclusion")),
)
_TECHNIQUES = {
    Technique.SEED_IMPLANT: say("packet.seeds", "radioactive seed implantation"),
    Technique.ABLATION: say("packet.ablation", "tumour ablation"),
}


def filing_packet(
    made: SelfAssessment, *, files: tuple[tuple[str, str], ...], language: Language, at: datetime
) -> Document:
    """Return a filing packet: the cover, then each part with what the record holds of it.

    Parameters
    ----------
    made
        The self-assessment that is filed.
    files
        Name and SHA-256 of each file that goes with the packet.
    language
        In which the names of indicators and requirements stand.
    at
        When it is made.

    Notes
    -----
    A part that the record does not show is printed as the form that is to be filled in, and named as missing on the
    cover; nothing is made up for it.
    """
    not_met = len(made.standing(Standing.NOT_MET))
    return Document(
        title=say("packet.title", "Filing of a restricted technique"),
        subtitle=say(
            "packet.subtitle",
            "{hospital} · {technique} · self-assessment {first} to {last}: {not_met} requirements not met",
            hospital=made.hospital,
            technique=_TECHNIQUES[made.technique],
            first=made.period.first.isoformat(),
            last=made.period.last.isoformat(),
            not_met=not_met,
        ),
        running_head=(made.hospital, made.content_hash[:12]),
        blocks=(
            *_cover(made, files),
            *_conditions(made, language),
            *_reviews(made, language),
            *_lead(made),
        ),
        made_at=at,
    )


def _fact(made: SelfAssessment, name: str) -> Fact | None:
    return next((each for each in made.facts if each.name == name), None)


def _cover(made: SelfAssessment, files: tuple[tuple[str, str], ...]) -> Iterator[Block]:
    fact = _fact(made, "filing.parts")
    there = frozenset(fact.value) if fact is not None else frozenset()
    missing = [words for part, words in PARTS if part not in there]
    yield Box(
        title=say("packet.complete", "All four parts are there")
        if not missing
        else say("packet.missing", "Missing: {parts}", parts=tuple(missing)),
        text=say(
            "packet.rule",
            "To be filed within 15 working days of the first clinical use with the authority that issued the "
            "practice licence "
            "(order No. 1 of 2018, article 11; read in a copy).",
        ),
        tone=Tone.ACTION if missing else Tone.GOOD,
    )
    yield Heading(text=say("packet.heading-parts", "Parts"))
    yield Table(
        columns=(
            Column(head=say("packet.column-part", "Part"), share=1.4),
            Column(head=say("packet.column-there", "There"), share=0.5),
            Column(head=say("packet.column-shown-by", "Shown by"), share=1.2),
        ),
        rows=tuple(
            (
                words,
                say("words.yes", "yes") if part in there else say("words.no", "no"),
                _shown_by(_fact(made, REVIEWS.get(part, "")) or fact),
            )
            for part, words in PARTS
        ),
    )
    yield Heading(text=say("packet.heading-files", "Files"))
    yield Table(
        columns=(Column(head=say("packet.column-file", "File"), share=1), Column(head="SHA-256", share=2)),
        rows=files,
        compact=True,
    )
    yield Signatures(
        roles=(say("self.role-lead", "Technical lead"), say("self.role-medical-affairs", "Medical affairs"))
    )


def _shown_by(fact: Fact | None) -> Text:
    shown = None if fact is None else fact.evidence
    return "—" if shown is None else f"{shown.title} {shown.on or ''}".strip()


def _conditions(made: SelfAssessment, language: Language) -> Iterator[Block]:
    yield Heading(text=PARTS[0][1], new_page=True)
    norms = "、".join(norm.words(language) for norm in made.norms if norm.indicators) or "—"
    yield Facts(
        rows=(
            (say("packet.technique", "Technique"), _TECHNIQUES[made.technique]),
            (say("self.fact-norm", "Norm"), norms),
            (
                say("packet.first-case", "First case of the record"),
                "—" if made.first_ever is None else f"{made.first_ever}",
            ),
            (
                say("self.fact-cases", "Cases of the period"),
                say(
                    "self.cases",
                    "{procedures} procedures, {patients} patients",
                    procedures=made.procedures,
                    patients=made.patients,
                ),
            ),
            (say("self.fact-period", "Period (by discharge)"), made.period.text),
            (say("self.fact-values", "Values (hash)"), made.content_hash[:16]),
        )
    )
    if made.licences:
        yield Heading(text=say("packet.heading-licences", "Licences"), level=2)
        yield licence_table(made)
    if made.devices:
        yield Heading(text=say("packet.heading-devices", "Devices"), level=2)
        yield device_table(made)
    if made.staff:
        yield Heading(text=say("packet.heading-staff", "Staff"), level=2)
        yield staff_table(made)
    asked = [each for each in made.demanded if each.requirement.category in CONDITIONS]
    if asked:
        yield Heading(text=say("packet.heading-conditions", "Conditions, one by one"), level=2)
        yield _standings(asked, language)


def _standings(judgements: list[Judgement], language: Language) -> Table:
    return Table(
        columns=(
            Column(head=say("self.column-requirement", "Requirement"), share=1.8),
            Column(head=say("self.column-standing", "Standing"), align=Align.CENTRE, share=0.4),
            Column(head=say("self.column-found", "Found"), share=1.1),
        ),
        rows=tuple((requirement_words(each, language), STANDINGS[each.standing], each.said) for each in judgements),
        strong_rows=tuple(place for place, each in enumerate(judgements) if each.standing is Standing.NOT_MET),
        compact=True,
    )


def _reviews(made: SelfAssessment, language: Language) -> Iterator[Block]:
    for place, (part, words) in enumerate(PARTS[1:3]):
        yield Heading(text=words, new_page=place == 0)
        yield Paragraph(
            text=say(
                "packet.before-the-body",
                "Laid before the body: {procedures} procedures from {first} to {last}, {not_met} requirements not met, "
                "{not_shown} not shown, and the figures below.",
                procedures=made.procedures,
                first=made.period.first.isoformat(),
                last=made.period.last.isoformat(),
                not_met=len(made.standing(Standing.NOT_MET)),
                not_shown=len(made.standing(Standing.NOT_SHOWN)),
            )
        )
        yield _weighed(made, language)
        yield from _decision(_fact(made, REVIEWS[part]))


def _weighed(made: SelfAssessment, language: Language) -> Table:
    by_key: Mapping[str, Figure] = {each.value.count.definition.key: each for each in (*made.figures, *made.beside)}
    chosen = [by_key[key].value for key in WEIGHED[made.technique] if key in by_key]
    return Table(
        columns=(
            Column(head=say("self.column-indicator", "Indicator"), share=2),
            Column(head="n/N", align=Align.RIGHT, share=0.6),
            Column(head=say("self.column-value", "Value"), align=Align.RIGHT, share=0.6),
            Column(head=say("self.column-interval", "95 % interval"), align=Align.RIGHT, share=0.9),
        ),
        rows=tuple(
            (each.count.definition.words(language), each.fraction_text, each.value_text, each.interval_text)
            for each in chosen
        ),
        compact=True,
    )


def _decision(fact: Fact | None) -> Iterator[Block]:
    """Yield what a body decided, or the form to be filled in at its meeting."""
    decided = fact.value if fact is not None and isinstance(fact.value, Mapping) else {}
    if not decided:
        yield Box(
            title=say("packet.review-missing", "No decision is recorded"),
            text=say("packet.review-form", "To be filled in at the meeting and signed by those present."),
            tone=Tone.ACTION,
        )
    blank = "＿" * 12
    rows: list[tuple[Text, Text]] = [(words, str(decided.get(name) or blank)) for name, words in _ASKED]
    if fact is not None and fact.evidence is not None:
        rows.append((say("packet.column-shown-by", "Shown by"), _shown_by(fact)))
        if fact.evidence.sha256:
            rows.append(("SHA-256", fact.evidence.sha256[:16]))
    yield Facts(rows=tuple(rows))
    if not decided:
        yield Signatures(roles=(say("packet.role-chair", "Chair"), say("packet.role-secretary", "Secretary")))


def _lead(made: SelfAssessment) -> Iterator[Block]:
    yield Heading(text=PARTS[3][1], new_page=True)
    leads = [each for each in made.staff if _LEADS[made.technique] in each.roles]
    if not leads:
        yield Box(
            title=say("packet.no-lead", "No physician of this technique is on the roster"),
            text=say("packet.no-lead-text", "The technical lead must be a physician who is registered here."),
            tone=Tone.ACTION,
        )
        return
    yield Table(
        columns=(
            Column(head=say("self.column-name", "Name"), share=0.9),
            Column(head=say("self.column-role", "Role"), share=1.2),
            Column(head=say("self.column-title", "Title"), share=0.8),
            Column(head=say("self.column-years", "Years"), align=Align.RIGHT, share=0.4),
            Column(head=say("packet.column-registration", "Practice certificate"), share=1),
            Column(head=say("packet.column-registered", "Registered here"), align=Align.CENTRE, share=0.6),
            Column(head=say("self.column-certificate", "Training certificate, until"), share=1.3),
        ),
        rows=tuple(_lead_row(each) for each in leads),
    )
    yield from _own_cases(made, leads)
    yield Signatures(
        roles=(say("self.role-lead", "Technical lead"), say("self.role-medical-affairs", "Medical affairs"))
    )


def _lead_row(each: StaffMember) -> tuple[Text, ...]:
    registered = say("words.yes", "yes") if each.registered_here else say("words.no", "no")
    return (
        each.name,
        tuple_words(sorted(each.roles)),
        word(each.title) if each.title else "—",
        "—" if each.years is None else f"{each.years:g}",
        each.registration or "—",
        registered,
        f"{each.certificate or '—'}, {each.certificate_until or '—'}",
    )


def _own_cases(made: SelfAssessment, leads: list[StaffMember]) -> Iterator[Block]:
    """Yield the cases of each lead in the period with the charted indicator, where the counts may be shown."""
    names = {each.name for each in leads}
    points = [] if made.operators is None else [each for each in made.operators.points if each.label in names]
    if points:
        yield Table(
            columns=(
                Column(head=say("self.column-name", "Name"), share=1),
                Column(head=say("packet.column-own-cases", "Cases of the period"), align=Align.RIGHT, share=0.8),
                Column(
                    head=say("packet.column-own-reached", "of these with the charted indicator reached"),
                    align=Align.RIGHT,
                    share=1.2,
                ),
                Column(head=say("self.column-value", "Value"), align=Align.RIGHT, share=0.6),
            ),
            rows=tuple(
                (
                    each.label,
                    str(each.denominator),
                    str(each.numerator),
                    "—" if each.share is None else f"{100 * each.share:.1f} %",
                )
                for each in points
            ),
            caption=say("packet.table-own-cases", "Own cases, by {indicator}", indicator=made.chart_of),
        )

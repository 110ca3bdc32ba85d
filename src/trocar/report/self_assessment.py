"""A self-assessment as a document: what is missing first, then the sections asked for, each figure with its "
"evidence."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from trocar.department.assessment import Judgement, SelfAssessment, Standing
from trocar.department.contradictions import Contradiction
from trocar.department.norms import Technique
from trocar.department.words import value_words
from trocar.messages import Language
from trocar.report.assessed import findings_table
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
from trocar.report.self_assessment_annexes import SURE, annex_blocks, requirement_words
from trocar.report.self_assessment_prose import Prose
from trocar.report.self_assessment_quality import quality_blocks
from trocar.report.self_assessment_tables import (
    Evidenced,
    device_table,
    example_table,
    licence_table,
    mix_table,
    modality_sentence,
    staff_table,
)

SECTIONS = (
    (
        say("self.section-institution", "I. Institution and licences"),
        ("admission", "governance", "licence", "reporting"),
    ),
    (say("self.section-hardware", "II. Equipment"), ("device",)),
    (
        say("self.section-department", "III. Department"),
        ("institution", "radiation", "radiation_release", "custody", "source_qa", "transport"),
    ),
    (say("self.section-staff", "IV. Staff"), ("personnel", "training")),
    (
        say("self.section-technique", "V. Technical management and quality"),
        (
            *("indication", "planning", "consent", "monitoring", "verification", "technique", "follow_up", "audit"),
            *("finance", "scope", "safety_event"),
        ),
    ),
)
"""The sections of the yearly self-assessment, and the categories of requirements that belong to each."""

_TITLES = {
    Technique.SEED_IMPLANT: say(
        "self.title-seeds", "Clinical use of radioactive seed implantation: yearly self-assessment"
    ),
    Technique.ABLATION: say("self.title-ablation", "Clinical use of tumour ablation: yearly self-assessment"),
}
STANDINGS = {
    Standing.MET: say("self.met", "met"),
    Standing.NOT_MET: say("self.not-met", "not met"),
    Standing.NOT_SHOWN: say("self.not-shown", "not shown"),
    Standing.NOT_APPLICABLE: say("self.not-applicable", "does not apply"),
}


def self_assessment_document(
    made: SelfAssessment,
    *,
    language: Language,
    at: datetime,
    contradictions: Sequence[Contradiction] = (),
    pictures: str = "svg",
) -> Document:
    """Return a self-assessment as a document.

    Parameters
    ----------
    made
        What it says.
    language
        In which the pictures are labelled.
    at
        When it is made.
    contradictions
        What the checks of written reports found in its own text; they stand on the first page.
    pictures
        ``svg`` for typesetting, ``png`` for documents that people go on editing.
    """
    writer = _Writer(made, language=language, pictures=pictures)
    return Document(
        title=_TITLES[made.technique],
        subtitle=say(
            "self.subtitle",
            "{hospital} {department} · {first} to {last}",
            hospital=made.hospital,
            department=made.department,
            first=made.period.first.isoformat(),
            last=made.period.last.isoformat(),
        ),
        running_head=(made.hospital, made.period.text, made.content_hash[:12]),
        blocks=tuple(writer.blocks(contradictions)),
        made_at=at,
    )


class _Writer:
    """Writes the blocks in order and numbers the evidence as it is cited."""

    def __init__(self, made: SelfAssessment, *, language: Language, pictures: str) -> None:
        self._made = made
        self._language = language
        self._pictures = pictures
        self._evidence = Evidenced(record_hash=made.record_hash)
        self._prose = Prose(made=made, evidence=self._evidence, language=language)

    def blocks(self, contradictions: Sequence[Contradiction]) -> Iterator[Block]:
        body = [*self._sections(), *self._cases(), *self._prose.corrections()]
        yield from self._cover()
        yield from self._missing(contradictions)
        yield from body
        yield Heading(text=say("self.heading-signatures", "Signatures"))
        yield Signatures(
            roles=(
                say("self.role-head", "Head of department"),
                say("self.role-lead", "Technical lead"),
                say("self.role-medical-affairs", "Medical affairs"),
            )
        )
        yield from annex_blocks(self._made, self._evidence, language=self._language)

    # -- first page

    def _cover(self) -> Iterator[Block]:
        made = self._made
        counts = {standing: len(made.standing(standing)) for standing in Standing}
        bad = counts[Standing.NOT_MET] or made.unproven
        yield Box(
            title=say(
                "self.verdict",
                "Of {all} requirements {met} are met, {not_met} are not met, {not_shown} are not shown",
                all=len(made.demanded) - counts[Standing.NOT_APPLICABLE],
                met=counts[Standing.MET],
                not_met=counts[Standing.NOT_MET],
                not_shown=counts[Standing.NOT_SHOWN],
            ),
            text=self._verdict_text(),
            tone=Tone.ACTION if bad else Tone.ATTENTION if counts[Standing.NOT_SHOWN] else Tone.GOOD,
        )
        yield Facts(rows=self._facts())

    def _verdict_text(self) -> Text:
        made = self._made
        if made.unproven:
            return say(
                "self.verdict-unproven",
                "{n} of {of} implants have no dose verification; they are named in annex C. What is missing stands "
                "first.",
                n=len(made.unproven),
                of=made.procedures,
            )
        return say(
            "self.verdict-text",
            "Every figure is counted from records; numbers in brackets name its evidence in annex B. What is "
            "missing stands "
            "first.",
        )

    def _facts(self) -> tuple[tuple[Text, Text], ...]:
        made = self._made
        norms = "、".join(norm.words(self._language) for norm in made.norms if norm.indicators) or "—"
        return (
            (say("self.fact-hospital", "Hospital"), made.hospital),
            (say("self.fact-department", "Department"), made.department),
            (say("self.fact-period", "Period (by discharge)"), made.period.text),
            (say("self.fact-as-of", "Record complete until"), made.as_of.isoformat()),
            (
                say("self.fact-cases", "Cases of the period"),
                say(
                    "self.cases",
                    "{procedures} procedures, {patients} patients",
                    procedures=made.procedures,
                    patients=made.patients,
                ),
            ),
            (say("self.fact-norm", "Norm"), norms),
            (say("self.fact-record", "Record (hash)"), made.record_hash[:16]),
            (say("self.fact-values", "Values (hash)"), made.content_hash[:16]),
        )

    def _missing(self, contradictions: Sequence[Contradiction]) -> Iterator[Block]:
        made = self._made
        yield Heading(text=say("self.heading-missing", "Look here first: what is missing, what contradicts"))
        if made.changed_on:
            days = ", ".join(day.isoformat() for day in made.changed_on)
            yield Box(
                title=say("self.changed-title", "The definitions changed on {days}", days=days),
                text=say(
                    "self.changed-text",
                    "Figures before and after are counted by different definitions; they stand apart and are not "
                    "added.",
                ),
                tone=Tone.ATTENTION,
            )
        if made.procedures == 0:
            yield Box(
                title=say("self.empty-title", "No case was discharged in this period"),
                text=say("self.empty-text", "No figure can be computed; none is printed."),
                tone=Tone.ACTION,
            )
        yield from self._standing_table(Standing.NOT_MET, say("self.table-not-met", "Requirements that are not met"))
        if contradictions:
            yield Heading(text=say("self.heading-contradictions", "Contradictions in this text"), level=2)
            yield findings_table(list(contradictions))
        yield from self._standing_table(
            Standing.NOT_SHOWN, say("self.table-not-shown", "Requirements that are not shown")
        )
        silent = [figure for figure in made.figures if figure.value.value is None]
        if silent:
            yield Table(
                columns=(
                    Column(head=say("self.column-indicator", "Indicator"), share=1),
                    Column(head=say("self.column-reason", "Why it cannot be computed"), share=1),
                ),
                rows=tuple(
                    (figure.value.count.definition.words(self._language), figure.value.reason or "—")
                    for figure in silent
                ),
                caption=say("self.table-silent", "Indicators without a value"),
                compact=True,
            )

    def _standing_table(self, standing: Standing, caption: Text) -> Iterator[Block]:
        mine = self._made.standing(standing)
        if mine:
            yield Table(
                columns=(
                    Column(head=say("self.column-requirement", "Requirement"), share=1.7),
                    Column(head=say("self.column-found", "Found"), share=1.1),
                    Column(head=say("self.column-sure", "Source"), share=0.45),
                ),
                rows=tuple(
                    (requirement_words(each, self._language), self._found(each), SURE[each.requirement.confidence])
                    for each in mine
                ),
                caption=caption,
            )

    def _found(self, judgement: Judgement) -> Text:
        number = self._evidence.of_judgement(judgement)
        return (
            judgement.said
            if not number
            else say("self.with-evidence", "{text} {number}", text=judgement.said, number=number)
        )

    # -- the sections

    def _sections(self) -> Iterator[Block]:
        for place, (heading, categories) in enumerate(SECTIONS):
            yield Heading(text=heading, new_page=place == 0)
            yield from self._lead(place)
            asked = [each for each in self._made.demanded if each.requirement.category in categories]
            if asked:
                yield self._requirements(asked)

    def _requirements(self, judgements: Sequence[Judgement]) -> Table:
        return Table(
            columns=(
                Column(head=say("self.column-requirement", "Requirement"), share=1.7),
                Column(head=say("self.column-standing", "Standing"), align=Align.CENTRE, share=0.4),
                Column(head=say("self.column-shown-by", "What was found, with its evidence"), share=1.2),
            ),
            rows=tuple(
                (requirement_words(each, self._language), STANDINGS[each.standing], self._found(each))
                for each in judgements
            ),
            strong_rows=tuple(place for place, each in enumerate(judgements) if each.standing is Standing.NOT_MET),
        )

    def _lead(self, place: int) -> Iterator[Block]:
        if place == 0:
            yield from self._institution()
        elif place == 1:
            yield Paragraph(text=self._devices_sentence())
            yield device_table(self._made)
            yield from self._prose.hardware()
        elif place == 2:
            yield from self._department()
            yield from self._prose.department()
        elif place == 3:
            yield Paragraph(text=self._staff_sentence())
            yield staff_table(self._made)
        else:
            yield from self._prose.course()
            yield from quality_blocks(self._made, self._evidence, language=self._language, pictures=self._pictures)

    def _stated(self, name: str) -> tuple[Text, str]:
        fact = next((each for each in self._made.facts if each.name == name), None)
        if fact is None:
            return say("self.unstated", "(not recorded)"), ""
        return value_words(fact.value), self._evidence.of_fact(fact)  # type: ignore[return-value]

    def _institution(self) -> Iterator[Block]:
        level, level_number = self._stated("hospital.level")
        total, total_number = self._stated("beds.total")
        yield Paragraph(
            text=say(
                "self.institution",
                "{hospital} is a hospital of grade {level}{level_number} with {total} beds{total_number}.",
                hospital=self._made.hospital,
                level=level,
                level_number=level_number,
                total=total,
                total_number=total_number,
            )
        )
        if self._made.licences:
            yield licence_table(self._made)
        yield from self._prose.institution()

    def _devices_sentence(self) -> Text:
        guiding = [each for each in self._made.devices if each.guides]
        return say(
            "self.devices",
            "{n} devices are on the register, {guiding} of them guide procedures; the images of {archived} of "
            "these reach the "
            "image archive.",
            n=len(self._made.devices),
            guiding=len(guiding),
            archived=sum(each.archived is True for each in guiding),
        )

    def _department(self) -> Iterator[Block]:
        made = self._made
        tumour, number = self._stated("beds.tumour")
        yield Paragraph(
            text=say(
                "self.department",
                "{beds} beds are for the treatment of tumours{number}; both techniques use them. In the period "
                "{procedures} "
                "procedures were done in {patients} patients; since {first} the record holds {ever}.",
                beds=tumour,
                number=number,
                procedures=made.procedures,
                patients=made.patients,
                first="—" if made.first_ever is None else made.first_ever.isoformat(),
                ever=made.procedures_ever,
            )
        )

    def _staff_sentence(self) -> Text:
        role = "implanting_physician" if self._made.technique is Technique.SEED_IMPLANT else "ablating_physician"
        able = [each for each in self._made.staff if role in each.roles and each.registered_here]
        both = [each for each in able if {"implanting_physician", "ablating_physician"} <= each.roles]
        if self._made.technique is Technique.ABLATION:
            return say(
                "self.staff-ablation",
                "{n} physicians registered here do this technique, {both} of them the other as well.",
                n=len(able),
                both=len(both),
            )
        return say(
            "self.staff",
            "{n} physicians registered here do this technique, {both} of them the other as well; {physicists} "
            "physicists, "
            "{planners} planners.",
            n=len(able),
            both=len(both),
            physicists=sum("physicist" in each.roles for each in self._made.staff),
            planners=sum("planner" in each.roles for each in self._made.staff),
        )

    def _cases(self) -> Iterator[Block]:
        made = self._made
        yield Heading(text=say("self.section-cases", "VI. Cases of the period"))
        yield Paragraph(
            text=say(
                "self.case-count",
                "From {first} to {last} {procedures} procedures in {patients} patients were discharged {number}.",
                first=made.period.first.isoformat(),
                last=made.period.last.isoformat(),
                procedures=made.procedures,
                patients=made.patients,
                number=self._evidence.of_record(),
            )
        )
        if made.modalities:
            yield Paragraph(text=modality_sentence(made))
        if made.mix:
            yield mix_table(made)
        if made.examples:
            yield example_table(made)
            yield Paragraph(
                text=say(
                    "self.example-note",
                    "One case a site, the median of its sites by change of diameter, not the best; ages in "
                    "decades, no day, no "
                    "number by which a person could be known.",
                ),
                small=True,
            )

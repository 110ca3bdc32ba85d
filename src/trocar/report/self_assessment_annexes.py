"""The annexes of a self-assessment: definitions, evidence, cases without verification, clauses only recorded."""

from collections.abc import Iterator

from trocar.department.assessment import Judgement, SelfAssessment
from trocar.department.norms import Enforcement
from trocar.messages import Language
from trocar.plan.goals import Confidence
from trocar.report.document import Block, Column, Heading, Table, Text, say
from trocar.report.self_assessment_tables import Evidenced, case_rows, definition_table

SURE = {
    Confidence.FOUND: say("self.sure-found", "read"),
    Confidence.FOUND_SECONDARY: say("self.sure-copy", "copy"),
    Confidence.DERIVED: say("self.sure-derived", "derived"),
    Confidence.HOSPITAL: say("self.sure-hospital", "hospital text"),
    Confidence.MEMORY_UNVERIFIED: say("self.sure-memory", "from memory"),
    Confidence.EXAMPLE: say("self.sure-example", "convention"),
}
"""How sure a clause is, in the words of the tables."""


def requirement_words(judgement: Judgement, language: Language) -> Text:
    """Return the key and the words of a requirement."""
    return say(
        "self.requirement",
        "{key} {text}",
        key=judgement.requirement.key,
        text=judgement.requirement.words(language),
    )


def annex_blocks(made: SelfAssessment, evidence: Evidenced, *, language: Language) -> Iterator[Block]:
    """Yield the annexes; the evidence is that which the body has cited."""
    yield Heading(text=say("self.annex-definitions", "Annex A. Definitions of the indicators"), new_page=True)
    yield definition_table(made, language=language)
    yield Heading(text=say("self.annex-evidence", "Annex B. Evidence"))
    yield evidence.table()
    if made.unproven:
        yield Heading(text=say("self.annex-unproven", "Annex C. Implants without dose verification"))
        yield Table(
            columns=(
                Column(head=say("self.column-case", "Case"), share=0.6),
                Column(head=say("self.column-day", "Day"), share=0.8),
                Column(head=say("self.column-operator", "Operator"), share=0.8),
                Column(head=say("self.column-site", "Site"), share=0.8),
                Column(head=say("self.column-reason-recorded", "Reason recorded"), share=2),
            ),
            rows=case_rows(made),
            compact=True,
        )
    recorded = [each for each in made.judgements if each.requirement.enforcement is Enforcement.RECORD]
    if recorded:
        yield Heading(text=say("self.annex-recorded", "Annex D. Clauses that are recorded, not judged"))
        yield Table(
            columns=(
                Column(head=say("self.column-requirement", "Requirement"), share=2.2),
                Column(head=say("self.column-found", "Found"), share=0.9),
                Column(head=say("self.column-sure", "Source"), share=0.45),
            ),
            rows=tuple(
                (requirement_words(each, language), each.said, SURE[each.requirement.confidence]) for each in recorded
            ),
            compact=True,
        )

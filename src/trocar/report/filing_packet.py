"""The filing packet: technique, conditions and assessment; management and ethics review; the technical lead."""

from datetime import datetime

from trocar.department.assessment import SelfAssessment, Standing
from trocar.department.norms import Technique
from trocar.department.words import word
from trocar.report.document import Block, Box, Column, Document, Heading, Signatures, Table, Text, Tone, say

_LEADS = {Technique.SEED_IMPLANT: "implanting_physician", Technique.ABLATION: "ablating_physician"}
PARTS = (
    ("conditions_and_assessment", say("packet.part-conditions", "Technique, conditions and self-assessment")),
    ("management_body_review", say("packet.part-management", "Review by the management body")),
    ("ethics_review", say("packet.part-ethics", "Ethics review")),
    ("technical_lead_credentials", say("packet.part-lead", "Technical lead: credentials, registered here")),
)
"""What article 11 of order No. 1 asks for."""


def packet_cover(made: SelfAssessment, *, files: tuple[tuple[str, str], ...], at: datetime) -> Document:
    """Return the cover of a filing packet: what is in it, by hash, and what is missing.

    Parameters
    ----------
    made
        The self-assessment that is filed.
    files
        Name and SHA-256 of each file of the packet.
    at
        When it is made.
    """
    fact = next((each for each in made.facts if each.name == "filing.parts"), None)
    there = frozenset(fact.value) if fact is not None else frozenset()
    missing = [words for part, words in PARTS if part not in there]
    blocks: list[Block] = [
        Box(
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
        ),
        Heading(text=say("packet.heading-parts", "Parts")),
        Table(
            columns=(
                Column(head=say("packet.column-part", "Part"), share=1.4),
                Column(head=say("packet.column-there", "There"), share=0.5),
                Column(head=say("packet.column-shown-by", "Shown by"), share=1.2),
            ),
            rows=tuple((words, _yes(part in there), _shown(fact)) for part, words in PARTS),
        ),
        Heading(text=say("packet.heading-lead", "Technical lead")),
        _lead_table(made),
        Heading(text=say("packet.heading-files", "Files")),
        Table(
            columns=(Column(head=say("packet.column-file", "File"), share=1), Column(head="SHA-256", share=2)),
            rows=tuple(files),
            compact=True,
        ),
        Signatures(
            roles=(say("self.role-lead", "Technical lead"), say("self.role-medical-affairs", "Medical affairs"))
        ),
    ]
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
        blocks=tuple(blocks),
        made_at=at,
    )


_TECHNIQUES = {
    Technique.SEED_IMPLANT: say("packet.seeds", "radioactive seed implantation"),
    Technique.ABLATION: say("packet.ablation", "tumour ablation"),
}


def _yes(there: bool) -> Text:
    return say("words.yes", "yes") if there else say("words.no", "no")


def _shown(fact: object) -> Text:
    evidence = getattr(fact, "evidence", None)
    return "—" if evidence is None else f"{evidence.title} {evidence.on or ''}".strip()


def _lead_table(made: SelfAssessment) -> Table:
    leads = [each for each in made.staff if _LEADS[made.technique] in each.roles]
    return Table(
        columns=(
            Column(head=say("self.column-name", "Name"), share=1),
            Column(head=say("self.column-title", "Title"), share=1),
            Column(head=say("packet.column-registration", "Practice certificate"), share=1),
            Column(head=say("self.column-certificate", "Training certificate, until"), share=1.4),
        ),
        rows=tuple(
            (
                each.name,
                word(each.title) if each.title else "—",
                each.registration or "—",
                f"{each.certificate or '—'}, {each.certificate_until or '—'}",
            )
            for each in leads
        ),
    )

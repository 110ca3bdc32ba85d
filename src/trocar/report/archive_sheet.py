"""The sheet of an archived self-assessment: who signed it as what and when, and the hashes of what was signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.report.document import Box, Column, Document, Facts, Heading, Table, Text, Tone, say

_TECHNIQUES = {
    Technique.SEED_IMPLANT: say("packet.seeds", "radioactive seed implantation"),
    Technique.ABLATION: say("packet.ablation", "tumour ablation"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature: the role in words, the name, when, and the fingerprint of what was signed."""

    role: Text
    name: str
    at: datetime
    fingerprint: str


def archive_sheet(
    *,
    hospital: str,
    technique: Technique,
    period: Period,
    content_hash: str,
    files: Sequence[tuple[str, str]],
    signatures: Sequence[Signed],
    missing: Sequence[Text],
    at: datetime,
) -> Document:
    """Return the sheet that is filed with a self-assessment.

    Parameters
    ----------
    hospital, technique, period
        Whose, of what, of when.
    content_hash
        Hash of its values, as printed on it.
    files
        Name and SHA-256 of each file.
    signatures
        By named persons.
    missing
        Roles that have not signed.
    at
        When the sheet is made.
    """
    return Document(
        title=say("archive.title", "Sign-off and archive of a self-assessment"),
        subtitle=say(
            "archive.subtitle",
            "{hospital} · {technique} · {period}",
            hospital=hospital,
            technique=_TECHNIQUES[technique],
            period=period.text,
        ),
        running_head=(hospital, content_hash[:12]),
        blocks=(
            Box(
                title=say("archive.signed-by-all", "Signed by all; archived")
                if not missing
                else say("archive.not-signed", "Not signed yet: {roles}", roles=tuple(missing)),
                text=say(
                    "archive.rule",
                    "Each signature holds for exactly the values and files named here by their hashes; a file with "
                    "another hash is not what was signed.",
                ),
                tone=Tone.ATTENTION if missing else Tone.GOOD,
            ),
            Facts(
                rows=(
                    (say("self.fact-hospital", "Hospital"), hospital),
                    (say("packet.technique", "Technique"), _TECHNIQUES[technique]),
                    (say("self.fact-period", "Period (by discharge)"), period.text),
                    (say("self.fact-values", "Values (hash)"), content_hash),
                ),
                columns=1,
            ),
            Heading(text=say("self.heading-signatures", "Signatures")),
            Table(
                columns=(
                    Column(head=say("archive.column-role", "Role"), share=1),
                    Column(head=say("self.column-name", "Name"), share=1),
                    Column(head=say("archive.column-at", "Signed at"), share=1),
                    Column(head=say("archive.column-fingerprint", "Fingerprint"), share=1.2),
                ),
                rows=tuple(
                    (each.role, each.name, f"{each.at:%Y-%m-%d %H:%M}", each.fingerprint[:16]) for each in signatures
                ),
            ),
            Heading(text=say("packet.heading-files", "Files")),
            Table(
                columns=(Column(head=say("packet.column-file", "File"), share=1), Column(head="SHA-256", share=2)),
                rows=tuple(files),
                compact=True,
            ),
        ),
        made_at=at,
    )

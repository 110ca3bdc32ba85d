"""The files of a self-assessment: to edit and to file, in both languages, with the filing packet."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from trocar.department.assessment import SelfAssessment
from trocar.department.contradictions import Contradiction
from trocar.messages import Language
from trocar.report.docx import docx, paragraphs_of
from trocar.report.filing_packet import filing_packet
from trocar.report.self_assessment import self_assessment_document
from trocar.report.typeset import typeset

NAMES = {"seed_implant": "seed-implantation", "ablation": "ablation"}
LANGUAGES = (Language.CHINESE, Language.ENGLISH)


def draft_paragraphs(made: SelfAssessment, *, at: datetime) -> tuple[str, ...]:
    """Return what the Chinese text says, for the checks of written reports to go through."""
    return paragraphs_of(self_assessment_document(made, language=Language.CHINESE, at=at), Language.CHINESE)


def self_assessment_files(
    made: SelfAssessment,
    *,
    contradictions: Sequence[Contradiction],
    at: datetime,
    languages: Sequence[Language] = LANGUAGES,
) -> Mapping[str, bytes]:
    """Return the files by name: DOCX to edit and PDF/A to file, of the assessment and of the filing packet.

    Parameters
    ----------
    made
        What they say.
    contradictions
        What was found in the Chinese text.
    at
        When they are made: the same values and time give the same PDF.
    languages
        In which languages.
    """
    files: dict[str, bytes] = {}
    name = NAMES[made.technique.value]
    for language in languages:
        stem = f"{name}-{language.value}"
        to_file = self_assessment_document(made, language=language, at=at, contradictions=contradictions)
        to_edit = self_assessment_document(
            made, language=language, at=at, contradictions=contradictions, pictures="png"
        )
        files[f"{stem}.pdf"] = typeset(to_file, language=language)
        files[f"{stem}.docx"] = docx(to_edit, language=language)
    listed = tuple((file, digest(data)) for file, data in sorted(files.items()))
    for language in languages:
        packet = filing_packet(made, files=listed, language=language, at=at)
        files[f"{name}-packet-{language.value}.pdf"] = typeset(packet, language=language)
        files[f"{name}-packet-{language.value}.docx"] = docx(packet, language=language)
    return files


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()

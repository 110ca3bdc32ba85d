"""Assess a written self-assessment: the door through which commands and pages reach the checks."""

from collections.abc import Iterable

from trocar.assess.check import assess_document, contradictions_in
from trocar.assess.reading import LARGEST_BYTES
from trocar.assess.script import script_of
from trocar.department.contradictions import Contradiction

__all__ = ["LARGEST_BYTES", "assess_document", "assess_paragraphs"]


def assess_paragraphs(paragraphs: Iterable[str]) -> tuple[Contradiction, ...]:
    """Return the faults of a text given as paragraphs, such as our own draft."""
    return contradictions_in(script_of(paragraphs))

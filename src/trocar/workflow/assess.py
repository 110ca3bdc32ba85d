"""Assess a written self-assessment: the door through which commands and pages reach the checks."""

from trocar.assess.check import assess_document
from trocar.assess.reading import LARGEST_BYTES

__all__ = ["LARGEST_BYTES", "assess_document"]

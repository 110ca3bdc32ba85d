"""Keeping what the library left in a folder: the files, and what it told of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from trocar.cli.outcome import read_outcome
from trocar_clinic.calculations.pace import Pace
from trocar_clinic.calculations.results import keep_folder


def kept(job: Any, folder: Path, pace: Pace) -> dict[str, Any]:
    """Keep a folder of results, and return the outcome of the job with the time that each stage took."""
    keep_folder(job, folder)
    return read_outcome(folder) | {"stages": pace.finished()}


def here_and_now() -> datetime:
    """Return the clock of the department without a zone, as DICOM writes times."""
    return timezone.localtime().replace(tzinfo=None, microsecond=0)

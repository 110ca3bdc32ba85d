"""Jobs that failed or wait."""

from collections.abc import Iterator
from datetime import date

from trocar_clinic.accounts.models import User
from trocar_clinic.records.books import Due


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield nothing: a job is told of on the page of its subject."""
    yield from ()

"""Which books, panels of the case and reminders the apps below bring; an app joins by a line here."""

from collections.abc import Callable, Iterator
from datetime import date

from trocar_clinic.accounts.models import User
from trocar_clinic.records.books import Due, open_books


def open_all_books() -> None:
    """Make the books of every app known."""
    from trocar_clinic.calculations.books import BOOKS as CALCULATIONS
    from trocar_clinic.images.books import BOOKS as IMAGES
    from trocar_clinic.institution.books import BOOKS as INSTITUTION
    from trocar_clinic.patients.books import BOOKS as PATIENTS
    from trocar_clinic.planning.books import BOOKS as PLANNING

    for books in (PATIENTS, PLANNING, IMAGES, CALCULATIONS, INSTITUTION):
        open_books(books)


def reminders() -> tuple[Callable[[User, date], Iterator[Due]], ...]:
    """Return what each app reminds of."""
    from trocar_clinic.calculations.queries import due as calculations
    from trocar_clinic.institution.queries import due as institution
    from trocar_clinic.patients.queries import due as patients
    from trocar_clinic.planning.queries import due as planning

    return patients, planning, calculations, institution


def case_panels() -> tuple[str, ...]:
    """Return the slugs of the books shown on the page of a case, in the order of the work; an app adds its own here."""
    return ("lesions", "assessments", "decisions", "plans")

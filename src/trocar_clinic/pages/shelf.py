"""Which books, panels of the case and reminders the apps below bring; an app joins by a line here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from trocar_clinic.accounts.models import User
from trocar_clinic.records.books import Book, Due, RowDeed, open_books


def open_all_books() -> None:
    """Make the books of every app known."""
    from trocar_clinic.calculations.books import BOOKS as CALCULATIONS
    from trocar_clinic.custody.books import BOOKS as CUSTODY
    from trocar_clinic.followup.books import BOOKS as FOLLOWUP
    from trocar_clinic.followup.books import DEEDS as DEEDS_OF_FOLLOWUP
    from trocar_clinic.images.books import BOOKS as IMAGES
    from trocar_clinic.images.books import DEEDS as DEEDS_ON_IMAGES
    from trocar_clinic.institution.books import BOOKS as INSTITUTION
    from trocar_clinic.patients.books import BOOKS as PATIENTS
    from trocar_clinic.planning.books import BOOKS as PLANNING
    from trocar_clinic.planning.books import DEEDS as DEEDS_OF_PLANNING
    from trocar_clinic.procedures.books import BOOKS as PROCEDURES
    from trocar_clinic.procedures.books import DEEDS as DEEDS_OF_PROCEDURES

    further: tuple[Mapping[str, tuple[RowDeed, ...]], ...] = (
        DEEDS_ON_IMAGES,
        DEEDS_OF_PLANNING,
        DEEDS_OF_PROCEDURES,
        DEEDS_OF_FOLLOWUP,
    )
    """Deeds that an app adds to the books of apps below it."""
    for books in (PATIENTS, PLANNING, PROCEDURES, FOLLOWUP, CUSTODY, IMAGES, CALCULATIONS, INSTITUTION):
        open_books([_with_deeds(book, further) for book in books])


def _with_deeds(book: Book, further: tuple[Mapping[str, tuple[RowDeed, ...]], ...]) -> Book:
    added = tuple(deed for deeds in further for deed in deeds.get(book.slug, ()))
    return replace(book, deeds=book.deeds + added) if added else book


def reminders() -> tuple[Callable[[User, date], Iterator[Due]], ...]:
    """Return what each app reminds of."""
    from trocar_clinic.calculations.queries import due as calculations
    from trocar_clinic.custody.queries import due as custody
    from trocar_clinic.followup.queries import due as followup
    from trocar_clinic.institution.queries import due as institution
    from trocar_clinic.patients.queries import due as patients
    from trocar_clinic.planning.queries import due as planning
    from trocar_clinic.procedures.queries import due as procedures

    return patients, planning, procedures, followup, custody, calculations, institution


def case_panels() -> tuple[str, ...]:
    """Return the slugs of the books shown on the page of a case, in the order of the work; an app adds its own here."""
    return (
        "lesions", "assessments", "decisions", "image-imports", "plan-requests", "plans", "consents", "time-outs",
        "procedures", "verification-requests", "verifications", "planned-visits", "visits", "complications", "charges",
    )  # fmt: skip

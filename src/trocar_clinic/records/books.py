"""A book: one kind of kept row with what pages need to show, search, enter, correct and do with it.

An app lists its books in ``books.py``; the pages make list, detail, form, history and spreadsheet from that alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import forms

from trocar_clinic.accounts.models import EVERYBODY, Role
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import ALLOWED, Verdict
from trocar_clinic.language import both

if TYPE_CHECKING:
    from trocar_clinic.accounts.models import User
    from trocar_clinic.records.kept import Kept


class Section(enum.Enum):
    """Where a book is found in the navigation; books without a section are reached from the rows they belong to."""

    CASES = both("Cases", "病例")
    SEEDS = both("Seeds and devices", "粒子与器械")
    HOUSE = both("Department", "科室")
    PEOPLE = both("Staff", "人员")
    QUALITY = both("Quality", "质量")
    SYSTEM = both("System", "系统")


def _always(actor: User, row: Any) -> Verdict:
    return ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDeed:
    """A deed that can be done on a row from its page.

    Parameters
    ----------
    name
        Part of the address.
    title
        On the button and above the form.
    act
        ``act(row, *, actor, at, **values of the form)``; raises `Refused`.
    doers
        Roles that may do it at all.
    form
        What must be told; none where a confirmation is enough. A form that takes ``row`` is given it.
    offered
        ``offered(row)``: whether the state of the row allows it; else it is not shown.
    grave
        Whether it cannot be taken back, so that it is asked for twice.
    """

    name: str
    title: Any
    act: Callable[..., Any]
    doers: frozenset[Role]
    form: type[forms.BaseForm] | None = None
    offered: Callable[[Any], bool] = lambda row: not row.is_void
    may: Callable[[User, Any], Verdict] = _always
    help: Any = ""
    grave: bool = False

    def verdict(self, actor: User, row: Any) -> Verdict:
        """Say whether the actor may do it to the row."""
        return has_one_of(actor, self.doers) & self.may(actor, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields of a form that belong together, under a heading."""

    title: Any
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One kind of kept row.

    Parameters
    ----------
    slug
        Part of the address; plain and plural, ``licences``.
    model
        The rows.
    columns
        Fields, properties or methods shown in lists.
    fields
        What is asked for when a row is entered, in groups or plainly.
    search
        Look-ups in which a search term is sought.
    filters
        Fields with choices, or foreign keys, by which a list can be narrowed.
    readers, writers
        Roles that may see, and enter or correct.
    parent
        Foreign key to the row these rows belong to: they are listed and entered on its page.
    enter, amend
        The deeds that write: by default `trocar_clinic.records.actions.record` and `correct`.
    deeds
        Further deeds on a row's page.
    facts
        Properties or methods shown on the row's page beside its fields.
    related, prefetch
        Foreign keys, and rows that point here, which the columns read: fetched with the list, not row by row.
    template
        Template of the row's page, where the general one does not do.
    """

    slug: str
    model: type[Kept]
    section: Section | None = None
    columns: tuple[str, ...] = ()
    fields: tuple[str | Group, ...] = ()
    search: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    readers: frozenset[Role] = EVERYBODY
    writers: frozenset[Role] = frozenset({Role.ADMINISTRATOR})
    parent: str | None = None
    enter: Callable[..., Any] | None = None
    amend: Callable[..., Any] | None = None
    can_enter: bool = True
    can_correct: bool = True
    deeds: tuple[RowDeed, ...] = ()
    facts: tuple[str, ...] = ()
    template: str = "books/detail.html"
    help: Any = ""
    form: type[forms.ModelForm] | None = None
    related: tuple[str, ...] = field(default=())
    prefetch: tuple[str, ...] = ()

    def fetched(self, rows: Any) -> Any:
        """Return rows with what their columns read."""
        keys = [each.name for each in self.model._meta.fields if each.is_relation and each.name in self.columns]
        return rows.select_related(*keys, *self.related).prefetch_related(*self.prefetch)

    @property
    def title(self) -> Any:
        """Name of the kind, plural."""
        return self.model._meta.verbose_name_plural

    @property
    def one(self) -> Any:
        """Name of one row's kind."""
        return self.model._meta.verbose_name

    @property
    def groups(self) -> tuple[Group, ...]:
        """The form's groups; plain fields before the first group stand in one without heading."""
        plain = tuple(each for each in self.fields if isinstance(each, str))
        head = (Group(title="", fields=plain),) if plain else ()
        return head + tuple(each for each in self.fields if isinstance(each, Group))

    @property
    def field_names(self) -> tuple[str, ...]:
        """All fields of the form."""
        return tuple(name for group in self.groups for name in group.fields)

    def may_read(self, actor: User) -> Verdict:
        """Say whether the actor may see rows of this kind at all."""
        return has_one_of(actor, self.readers)

    def may_write(self, actor: User) -> Verdict:
        """Say whether the actor may enter and correct rows of this kind."""
        return has_one_of(actor, self.writers)


_books: dict[str, Book] = {}
_by_model: dict[type, Book] = {}


def open_books(books: Sequence[Book]) -> None:
    """Make books known; the pages call it once with the books of every app."""
    for book in books:
        _books[book.slug] = book
        _by_model[book.model] = book


def all_books() -> Mapping[str, Book]:
    """Return the books by slug."""
    return _books


def book_of(row: Any) -> Book | None:
    """Return the book in which a row, or a kind of row, stands."""
    return _by_model.get(row if isinstance(row, type) else type(row))


class Urgency(enum.IntEnum):
    """How soon something must be looked at."""

    LATE = 0
    SOON = 1
    LATER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that somebody must do: shown on today's page of the roles it concerns."""

    what: Any
    row: Any
    roles: frozenset[Role]
    on: date | datetime | None = None
    urgency: Urgency = Urgency.LATER
    kind: Any = ""

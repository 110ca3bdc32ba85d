"""How a page is entered: who may, by which method; every view of this app passes through `page`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from trocar_clinic.accounts.models import EVERYBODY, Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.records.books import Book, all_books
from trocar_clinic.records.kept import Kept

View = Callable[..., HttpResponse]


def page(*methods: str, readers: frozenset[Role] = EVERYBODY) -> Callable[[View], View]:
    """Make a view of some methods that people with one of some roles may open; nobody without a role may."""

    def made(view: View) -> View:
        @require_http_methods(list(methods or ("GET", "HEAD")))
        @wraps(view)
        def entered(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
            has_one_of(reader_of(request), readers).insist()
            return view(request, *arguments, **keywords)

        return entered

    return made


def reader_of(request: HttpRequest) -> User:
    """Return who asks; the middleware has sent everybody else to the login."""
    assert isinstance(request.user, User)
    return request.user


def book_for(request: HttpRequest, slug: str) -> Book:
    """Return a book that the reader may open."""
    book = all_books().get(slug)
    if book is None:
        raise Http404(slug)
    book.may_read(reader_of(request)).insist()
    return book


def row_for(request: HttpRequest, book: Book, number: int) -> Kept:
    """Return a row that the reader may see; a row that exists and may not be seen is as absent as one that does not."""
    rows = book.model.objects.visible_for(reader_of(request))
    row: Kept | None = rows.filter(pk=number).first()
    if row is None:
        raise Http404(f"{book.slug} {number}")
    return row

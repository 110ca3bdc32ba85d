"""The deeds that any book has: enter a row, correct it, declare it void."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import Overtaken, Refused, reason, refuse_if
from trocar_clinic.records.books import book_of
from trocar_clinic.records.deed import deed
from trocar_clinic.records.kept import Kept

Row = TypeVar("Row", bound=Kept)


def record(model: type[Row], *, actor: User, at: datetime, values: Mapping[str, Any]) -> Row:
    """Enter a row."""
    book = book_of(model)
    if book is not None:
        book.may_write(actor).insist()
    with deed(f"{model._meta.app_label}.enter_{model._meta.model_name}", actor=actor, at=at):
        row = model(**values)
        row.save()
    return row


def correct(row: Row, *, actor: User, at: datetime, version: int, values: Mapping[str, Any], why: str) -> Row:
    """Replace values of a row, keeping the former ones with who, when and why.

    Raises
    ------
    Overtaken
        If the row is no longer at the version that was edited.
    """
    book = book_of(row)
    if book is not None:
        book.may_write(actor).insist()
    need_reason(why)
    meta = row._meta
    with deed(f"{meta.app_label}.correct_{meta.model_name}", actor=actor, at=at, reason=why):
        current = fresh(row, version=version)
        for name, value in values.items():
            setattr(current, name, value)
        current.save()
    return current  # type: ignore[no-any-return]


def void(row: Row, *, actor: User, at: datetime, version: int, why: str) -> Row:
    """Declare a row void: it stays readable, and counts no more."""
    book = book_of(row)
    if book is not None:
        book.may_write(actor).insist()
    need_reason(why)
    meta = row._meta
    with deed(f"{meta.app_label}.void_{meta.model_name}", actor=actor, at=at, reason=why):
        current = fresh(row, version=version)
        current.voided_at, current.void_reason = at, why
        current.save()
    return current  # type: ignore[no-any-return]


def need_reason(why: str) -> None:
    """Refuse a correction without a reason."""
    refuse_if(
        not why.strip(),
        "records.reason-missing",
        en="Say why: the former value, who, when and why are kept",
        zh="请填写原因：原值、修改人、时间与原因都将保留",
    ).insist()


def fresh(row: Row, *, version: int) -> Row:
    """Return the row as it stands now, locked, or say that somebody was faster. To be called in a deed.

    Raises
    ------
    Overtaken
        If its version is not the one that was seen.
    """
    current: Any = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
    if current.version != version:
        last = current.former().first()
        raise Overtaken(
            reason(
                "records.overtaken",
                en="{who} changed this record at {when:%Y-%m-%d %H:%M} while you were editing; "
                "nothing of yours was saved. Look at the present values and enter yours again",
                zh="在您编辑期间，{who}已于 {when:%Y-%m-%d %H:%M} 修改此记录；您的修改未保存。请核对现值后重新填写",
                who=last.history_user,
                when=last.history_date.astimezone(),
            )
        )
    if current.is_void:
        raise Refused(
            reason(
                "records.void",
                en="This record was declared void and is not changed any more",
                zh="此记录已作废，不能再修改",
            )
        )
    return current  # type: ignore[no-any-return]

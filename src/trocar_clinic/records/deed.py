"""A deed: rows changed and the entry that says so, in one transaction or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction

from trocar_clinic.errors import refusal
from trocar_clinic.records.encrypted import fingerprint
from trocar_clinic.records.models import BEFORE_THE_FIRST, AuditEntry, TouchedRow

if TYPE_CHECKING:
    from trocar_clinic.accounts.models import User
    from trocar_clinic.records.kept import Kept

LOCK_OF_THE_CHAIN = 0x74726F63


class NoDeed(RuntimeError):
    """A row was about to be written outside any deed."""


@dataclass(slots=True, kw_only=True)
class Deed:
    """What is being done: its name, actor, time and reason, and the rows it has written so far."""

    name: str
    actor: User
    at: datetime
    reason: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    note: dict[str, Any] = field(default_factory=dict)

    def touch(self, row: Kept, *, created: bool) -> None:
        """Add a written row to the entry; only its identity and a keyed fingerprint of its content, no value."""
        self.rows.append(
            {
                "kind": row._meta.label_lower,
                "row": row.pk,
                "version": row.version,
                "did": "created" if created else "changed",
                "content": fingerprint_of(row),
            }
        )


_open: ContextVar[Deed | None] = ContextVar("deed", default=None)


def open_deed() -> Deed:
    """Return the deed that is being done."""
    deed = _open.get()
    if deed is None:
        raise NoDeed("rows are written inside `with deed(...)`, so that the trail knows of them")
    return deed


@contextmanager
def deed(
    name: str, *, actor: User, at: datetime, reason: str = "", note: Mapping[str, Any] | None = None
) -> Iterator[Deed]:
    """Do a deed: all rows written inside, and the entry in the trail, or nothing.

    Parameters
    ----------
    name
        ``app.verb``.
    actor
        Who does it; a machine acts under its own account.
    at
        When.
    reason
        Why, where a former value is replaced or a rule overridden.
    note
        Codes and numbers that belong to the entry; never names.
    """
    if not actor.is_active:
        refusal(
            "accounts.closed", en="The account {actor} is closed", zh="账号{actor}已停用", actor=actor.username
        ).insist()
    outer = _open.get()
    with transaction.atomic():
        lock_chain()
        current = Deed(name=name, actor=actor, at=at, reason=reason, note=dict(note or {}))
        token = _open.set(current)
        try:
            yield current
        finally:
            _open.reset(token)
        if outer is not None:
            current.note["within"] = outer.name
        append(current)


def lock_chain() -> None:
    """Let one deed at a time extend the chain; on SQLite the transaction itself is that lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_THE_CHAIN])


def append(done: Deed) -> AuditEntry:
    """Write the entry of a deed at the end of the chain."""
    last = AuditEntry.objects.order_by("-number").first()
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=done.at,
        actor=done.actor,
        deed=done.name,
        reason=done.reason,
        rows=done.rows,
        note=done.note,
        previous=last.hash if last else BEFORE_THE_FIRST,
    )
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    seen = {(each["kind"], each["row"]) for each in done.rows}
    TouchedRow.objects.bulk_create([TouchedRow(entry=entry, kind=kind, row=row) for kind, row in sorted(seen)])
    return entry


def hash_of(entry: AuditEntry) -> str:
    """Return the hash of an entry and of all before it."""
    content = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor_id,
        "deed": entry.deed,
        "reason": entry.reason,
        "rows": entry.rows,
        "note": entry.note,
        "previous": entry.previous,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def fingerprint_of(row: models.Model) -> str:
    """Return a keyed fingerprint of a row's values, the same before the database has seen them and after.

    What is empty is left out, so that a column that a later version adds leaves the fingerprints of older rows, and the
    signatures that hold for them, as they were.
    """
    values = {each.attname: _plain(each, getattr(row, each.attname)) for each in row._meta.concrete_fields}
    told = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return fingerprint(json.dumps(told, sort_keys=True, ensure_ascii=False))


def _plain(column: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(column, models.DecimalField):
        return str(Decimal(value).quantize(Decimal(1).scaleb(-column.decimal_places)))
    if isinstance(column, models.JSONField):
        return json.loads(json.dumps(value, cls=column.encoder))
    return str(value)

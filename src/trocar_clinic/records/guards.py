"""Triggers, in both databases, by which entries and former values can be added and never changed or removed."""

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "append-only: rows of this table are never changed or removed"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION trocar_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
"""


def guarded_tables() -> dict[str, tuple[str, ...]]:
    """Return each guarded table with what is refused on it: everything on trails, removal on kept rows."""
    from trocar_clinic.records.kept import Kept

    trails: dict[str, tuple[str, ...]] = {
        model._meta.db_table: ("UPDATE", "DELETE")
        for model in apps.get_models()
        if getattr(model, "append_only", False)
    }
    for model in apps.get_models():
        if issubclass(model, Kept):
            trails[model._meta.db_table] = ("DELETE",)
            trails[model.history.model._meta.db_table] = ("UPDATE", "DELETE")
    return trails


def name_of(table: str, what: str) -> str:
    """Return the name of a trigger."""
    return f"guard_{table}_{what.lower()}"[:60]


def raise_guards(connection: BaseDatabaseWrapper) -> None:
    """Set the triggers on every guarded table that exists."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        present = set(connection.introspection.table_names(cursor))
        for table, refused in guarded_tables().items():
            for what in refused if table in present else ():
                for statement in _statements(connection.vendor, table=table, what=what):
                    cursor.execute(statement)


def _statements(vendor: str, *, table: str, what: str) -> tuple[str, ...]:
    name = name_of(table, what)
    if vendor == "postgresql":
        each = f'CREATE TRIGGER "{name}" BEFORE {what} ON "{table}" FOR EACH ROW EXECUTE FUNCTION trocar_append_only()'
        drop = f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"'
        truncate = (
            f'CREATE OR REPLACE TRIGGER "{name}_all" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT '
            "EXECUTE FUNCTION trocar_append_only()"
        )
        return (drop, each, truncate) if what == "DELETE" else (drop, each)
    return (
        f'CREATE TRIGGER IF NOT EXISTS "{name}" BEFORE {what} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    )


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the triggers that ought to be there and are not."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    wanted = {name_of(table, what) for table, refused in guarded_tables().items() for what in refused}
    return sorted(wanted - present)


def after_migration(sender: Any, using: str, **kwargs: Any) -> None:
    """Set the guards once the last app's tables have been made."""
    if sender.name == list(apps.get_app_configs())[-1].name:
        raise_guards(connections[using])

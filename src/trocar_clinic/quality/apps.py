"""The app of quality."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class QualityConfig(AppConfig):
    """Quality."""

    name = "trocar_clinic.quality"
    label = "quality"

    def ready(self) -> None:
        """Give SQLite the one aggregate that indicators need and it lacks."""
        connection_created.connect(_bring_bit_or, dispatch_uid="trocar.bit-or")


def _bring_bit_or(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("BIT_OR", 1, _BitOr)


class _BitOr:
    """BIT_OR as PostgreSQL has it."""

    def __init__(self) -> None:
        self._bits: int | None = None

    def step(self, value: int | None) -> None:
        """Take one row."""
        if value is not None:
            self._bits = value | (self._bits or 0)

    def finalize(self) -> int | None:
        """Return the bits of the group."""
        return self._bits

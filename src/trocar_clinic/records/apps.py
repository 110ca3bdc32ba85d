"""The app of records."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    """Records."""

    name = "trocar_clinic.records"
    label = "records"

    def ready(self) -> None:
        """Set up the guards of the append-only tables whenever tables have been made."""
        from trocar_clinic.records.guards import after_migration

        post_migrate.connect(after_migration, dispatch_uid="trocar.guards")

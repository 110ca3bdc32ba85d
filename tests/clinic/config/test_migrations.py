"""The tables are those of the models."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.migrations import AddField, RemoveField, RenameField
from django.db.migrations.loader import MigrationLoader

from trocar_clinic.records.kept import Kept


@pytest.mark.django_db
def test_no_change_of_a_model_lacks_its_migration(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)


def test_a_later_version_only_adds_columns_that_are_empty_in_older_rows() -> None:
    """The fingerprints of kept rows leave out what is empty; anything else would make every older row look changed."""
    kept = {(each._meta.app_label, each._meta.model_name) for each in apps.get_models() if issubclass(each, Kept)}
    wrong = [
        f"{app}.{name}: {each.describe()}"
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if not migration.initial
        for each in migration.operations
        if (app, getattr(each, "model_name_lower", "")) in kept
        and (isinstance(each, RemoveField | RenameField) or (isinstance(each, AddField) and not _is_empty(each.field)))
    ]
    assert wrong == []


def _is_empty(field: "models.Field[object, object]") -> bool:
    return field.get_default() in (None, "", [], {})


def test_starting_the_application_loads_none_of_the_library() -> None:
    """The server starts quickly, and the shape assertions of the whole suite are set before the library is loaded."""
    import subprocess
    import sys

    code = (
        "import django, sys; django.setup(); from django.urls import get_resolver; list(get_resolver().url_patterns); "
        "import trocar_clinic.calculations.work, trocar_clinic.config.work; "
        "sys.exit(bool({'numba', 'trocar.units', 'trocar.cli'} & set(sys.modules)))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "trocar_clinic.config.settings"}
    import os

    assert subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, check=False).returncode == 0

"""The tables are those of the models."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_change_of_a_model_lacks_its_migration(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)


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

"""Making an installation ready: keys, Django, tables, guards."""

import os

from trocar_clinic.config.environment import environment


def load_django() -> None:
    """Load Django with the keys of this installation, making what is not there yet."""
    environment().make_keys()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trocar_clinic.config.settings")
    import django

    django.setup()


def make_tables() -> None:
    """Bring the tables up to date and set the guards."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def has_people() -> bool:
    """Say whether anybody can log in."""
    from trocar_clinic.accounts.models import User

    return User.objects.filter(is_machine=False, is_active=True).exists()

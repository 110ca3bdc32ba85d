"""The first account: made in the terminal, or in the browser by whoever can read the invitation in the terminal."""

import secrets
from pathlib import Path

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.config.environment import environment
from trocar_clinic.institution.access import open_account


def invitation() -> str:
    """Return the secret word of the first start, kept in the folder of keys until it was used."""
    file = environment().data / "keys" / "invitation"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(18), "ascii")
        file.chmod(0o600)
    return file.read_text("ascii")


def is_invited(word: str) -> bool:
    """Say whether a word is that of the invitation and there is still nobody."""
    file = environment().data / "keys" / "invitation"
    open_still = not User.objects.filter(is_machine=False).exists()
    return open_still and file.exists() and secrets.compare_digest(word, file.read_text("ascii"))


def make_administrator(name: str, display_name: str, password: str) -> list[str]:
    """Make the first administrator, or return what is wrong with name or password."""
    candidate = User(username=name, display_name=display_name)
    try:
        candidate.clean_fields(exclude=["password", "email"])
        validate_password(password, candidate)
    except ValidationError as error:
        return error.messages
    open_account(
        actor=None,
        at=timezone.now(),
        name=name,
        display_name=display_name,
        password=password,
        roles={Role.ADMINISTRATOR},
    )
    (environment().data / "keys" / "invitation").unlink(missing_ok=True)
    return []


def make_demonstration(cases: Path | None = None) -> None:
    """Fill the empty record with the demonstration department, showing results of ``trocar demo`` where given."""
    from django.core.management import call_command

    call_command("demonstrate", cases=cases)

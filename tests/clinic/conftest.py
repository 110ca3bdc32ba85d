"""What the tests of the record share: keys, folders, the demonstration department's people and house, clients."""

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.config.environment import environment

BEFORE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the whole run one installation of its own: a folder, keys, quick hashes, a cache in memory."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    settings.DATA_FOLDER = folder
    settings.FIELD_KEY = "key of the tests"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.LANGUAGE_CODE = "zh-hans"
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    return folder


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """Make the tables straight from the models, which is quicker; PostgreSQL and the started programs migrate."""
    return bool(environment().database_url)


@pytest.fixture(scope="session")
def django_db_setup(installation: Path, django_db_setup: None, django_db_blocker: Any) -> None:
    """Enter the people and the house of the demonstration department once; each test goes back to that."""
    from trocar_clinic.demonstration import house, people

    with django_db_blocker.unblock():
        house.make(people.make(BEFORE), BEFORE)


@pytest.fixture
def team(db: None) -> Any:
    """Return the people of the demonstration department, in whose house everything is entered."""
    from trocar_clinic.demonstration.people import Team
    from trocar_clinic.institution.models import StaffMember

    accounts = {each.username: each for each in User.objects.filter(is_machine=False)}
    staff = {each.account.username: each for each in StaffMember.objects.select_related("account")}
    return Team(accounts=accounts, staff=staff)


@pytest.fixture
def house(team: Any) -> Any:
    """Return the people; it says that the test needs rooms, licences and devices too."""
    return team


@pytest.fixture
def client_of(team: Any) -> Callable[[str], Client]:
    """Return a maker of clients logged in under an account of the team."""

    def logged_in(name: str) -> Client:
        client = Client()
        client.force_login(team.accounts[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


ACCOUNT_OF = {
    Role.PHYSICIAN: "operator",
    Role.PHYSICIST: "physicist",
    Role.NURSE: "nurse",
    Role.SAFETY: "safety",
    Role.AFFAIRS: "affairs",
    Role.ADMINISTRATOR: "admin",
}


@pytest.fixture
def now() -> datetime:
    """Return the clock."""
    return timezone.now()


@pytest.fixture
def admin(team: Any) -> User:
    """Return the administrator."""
    return team.accounts["admin"]


@pytest.fixture(scope="session")
def demonstration_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation with the demonstration department; copy it before changing anything."""
    from clinic.running import demonstration

    base = tmp_path_factory.getbasetemp()
    return demonstration(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)

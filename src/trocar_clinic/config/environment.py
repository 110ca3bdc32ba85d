"""What the surroundings say about this installation, read once and typed."""

import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One installation.

    Parameters
    ----------
    data
        Folder of the database, files, keys: everything that must be backed up.
    database_url
        ``postgresql://user:password@host:port/name`` or empty for SQLite in the data folder.
    hosts
        Names under which the pages are reached.
    https
        Whether the pages are reached through HTTPS, so that cookies are kept to it.
    language
        Language of first contact.
    time_zone
        Clock of the department.
    requests_a_minute
        So many an account, or an address that is not signed in, may ask of one server process; 0 for no limit.
    """

    data: Path
    database_url: str
    hosts: tuple[str, ...]
    https: bool
    language: str
    time_zone: str
    oidc_issuer: str
    oidc_client: str
    oidc_secret: str
    requests_a_minute: int

    def key(self, name: str) -> str:
        """Return a secret from the environment or the folder of keys, or an empty text where there is none yet."""
        given = os.environ.get(f"TROCAR_{name.upper()}_KEY", "")
        file = self.data / "keys" / name
        return given or (file.read_text("ascii").strip() if file.is_file() else "")

    def make_keys(self) -> None:
        """Make the data folder and the keys which are not there yet, readable by the owner alone."""
        folder = self.data / "keys"
        folder.mkdir(parents=True, exist_ok=True)
        for each in (self.data, folder):
            each.chmod(0o700)
        for name in ("session", "field"):
            if not self.key(name):
                with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(48))

    def database(self) -> dict[str, object]:
        """Return Django's settings of the database."""
        if not self.database_url:
            return _sqlite(self.data / "record.sqlite3")
        parts = urlsplit(self.database_url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise SystemExit(
                f"TROCAR_DATABASE is {parts.scheme}://…; use postgresql://user@host/name, or nothing for SQLite"
            )
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            # The server's default takes the disk for a turning one and would rather read a whole table than its index.
            "OPTIONS": {"options": "-c random_page_cost=1.1"},
        }


def _sqlite(file: Path) -> dict[str, object]:
    pragmas = "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA busy_timeout=20000;"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
    }


def _count(name: str, usual: int) -> int:
    given = os.environ.get(name, str(usual))
    if not given.isdigit():
        raise SystemExit(f"{name} is {given!r}; a whole number is needed, 0 for no limit")
    return int(given)


@cache
def environment() -> Environment:
    """Return what the surroundings say; asked once."""
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    hosts = os.environ.get("TROCAR_HOSTS", "localhost,127.0.0.1,[::1]")
    return Environment(
        data=Path(os.environ.get("TROCAR_DATA") or home / "trocar").absolute(),
        database_url=os.environ.get("TROCAR_DATABASE", ""),
        hosts=tuple(each.strip() for each in hosts.split(",") if each.strip()),
        https=os.environ.get("TROCAR_HTTPS", "") in {"1", "true", "yes"},
        language="en" if os.environ.get("TROCAR_LANGUAGE", "zh").startswith("en") else "zh-hans",
        time_zone=os.environ.get("TROCAR_TIME_ZONE", "Asia/Shanghai"),
        oidc_issuer=os.environ.get("TROCAR_OIDC_ISSUER", ""),
        oidc_client=os.environ.get("TROCAR_OIDC_CLIENT", ""),
        oidc_secret=os.environ.get("TROCAR_OIDC_SECRET", ""),
        requests_a_minute=_count("TROCAR_REQUESTS_A_MINUTE", 3000),
    )

"""The packs of planning goals and the tables that a wish may name: read as text, without the library's engines."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trocar_clinic.language import both

GOALS = "trocar.planning-goals/1"
MARGINS = "trocar.ablation-margin/1"
TARGET = "target"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackChoice:
    """A pack as a form offers it.

    Parameters
    ----------
    key
        ``issuer/instrument``.
    en, zh
        Title.
    roles
        Role to the names under which its structure is often drawn.
    """

    key: str
    en: str
    zh: str
    roles: dict[str, tuple[str, ...]]

    @property
    def title(self) -> str:
        """Title in the reader's language."""
        return str(both(self.en, self.zh))

    def likely(self, role: str, names: list[str]) -> str:
        """Return the drawn structure whose name is a usual one of the role, where exactly one is."""
        wanted = {_plain(each) for each in (role, *self.roles[role])}
        found = [name for name in names if _plain(name) in wanted]
        return found[0] if len(found) == 1 else ""


@cache
def packs(schema: str) -> tuple[PackChoice, ...]:
    """Return the shipped packs of a schema, by key."""
    return tuple(sorted(_read(schema), key=lambda each: each.key))


def pack(schema: str, key: str) -> PackChoice:
    """Return a pack by its key."""
    return next(each for each in packs(schema) if each.key == key)


def _read(schema: str) -> Iterator[PackChoice]:
    for issuer in (each for each in (resources.files("trocar") / "rulepacks").iterdir() if each.is_dir()):
        for folder in (each for each in issuer.iterdir() if (each / "pack.yaml").is_file()):
            data: dict[str, Any] = yaml.safe_load((folder / "pack.yaml").read_text(encoding="utf-8"))
            if data.get("schema") == schema:
                roles = {role: tuple(told.get("aliases", ())) for role, told in data.get("roles", {}).items()}
                yield PackChoice(
                    key=f"{issuer.name}/{folder.name}", en=data["title"], zh=data.get("title_zh", ""), roles=roles
                )


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-.")

"""Hounsfield units of tissues, from a table with its sources."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType

from trocar.errors import CatalogueError


class Phase(Enum):
    """When the scan is taken after contrast medium."""

    NATIVE = "without contrast medium"
    PORTAL_VENOUS = "portal venous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """How a tissue looks.

    Parameters
    ----------
    key
        Name in the table.
    hu
        Mean in each phase.
    texture_hu
        Standard deviation of the structure inside it, before blur and noise.
    source
        Where the number comes from, as the table's heading explains.
    """

    key: str
    hu: Mapping[Phase, float]
    texture_hu: float
    source: str


@cache
def tissues() -> Mapping[str, Tissue]:
    """Return all tissues by key."""
    text = (resources.files("trocar.phantom") / "tissues.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    found = {
        row["tissue"]: Tissue(
            key=row["tissue"],
            hu=MappingProxyType(
                {Phase.NATIVE: float(row["hu_native"]), Phase.PORTAL_VENOUS: float(row["hu_portal_venous"])}
            ),
            texture_hu=float(row["texture_hu"]),
            source=row["source"],
        )
        for row in rows
    }
    return MappingProxyType(found)


def tissue(key: str) -> Tissue:
    """Return one tissue.

    Raises
    ------
    CatalogueError
        The table has no such tissue.
    """
    if key not in tissues():
        raise CatalogueError(
            "phantom.tissue-unknown",
            "the phantom has no tissue {key}; it knows {known}",
            key=key,
            known=", ".join(sorted(tissues())),
        )
    return tissues()[key]

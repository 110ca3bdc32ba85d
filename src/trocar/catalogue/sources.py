"""`Source`: one model of seed or afterloading source, with its TG-43 tables, and the shelf they stand on.

Each source is a folder ``<nuclide>_<rate>/<model>/`` with ``source.toml``, ``g.csv``, ``F.csv`` and, where there is
one, ``phi_an.csv``. A package adds its own sources by an entry point of the group ``trocar.sources`` that names an
importable package whose resources hold such folders.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from trocar.catalogue.nuclides import Nuclide, load_nuclide
from trocar.catalogue.shelf import stand_up
from trocar.catalogue.tables import AnisotropyTable, RadialTable, read_anisotropy_table, read_radial_table
from trocar.errors import CatalogueError
from trocar.geometry.value import Value
from trocar.units import mbq_from_mci, mci_from_mbq


class TableStatus(Enum):
    """How far a set of TG-43 parameters may be trusted to be the published consensus."""

    CONSENSUS = "consensus, two or more transcriptions agree"
    CONSENSUS_SINGLE = "consensus, one transcription"
    CONSENSUS_BELIEVED = "believed consensus, the transcription does not say so"
    PUBLISHED_SINGLE = "published, one transcription, not cross-checked"
    NOT_CONSENSUS = "not consensus: a candidate or Monte Carlo set"


class PhiAnOrigin(Enum):
    """Where φ_an(r) comes from."""

    PUBLISHED = "published"
    COMPUTED = "computed from F and G_L by the definition of TG-43U1"


class SourceRate(Enum):
    """How a source is used."""

    LDR = "low dose rate, permanent seed"
    HDR = "high dose rate, stepping source"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source(Value):
    """One source model.

    Parameters
    ----------
    key
        Name in the catalogue, ``I125_6711``.
    model, manufacturer
        As published.
    aliases
        Further names it goes by.
    nuclide
        What decays.
    rate
        Permanent seed or stepping source.
    dose_rate_constant_cgy_per_h_per_u
        Λ, the dose rate in water at 1 cm on the transverse axis per unit air-kerma strength.
    active_length_cm
        L of the line-source geometry function.
    g_L
        Radial dose function for the line source.
    F
        Anisotropy function.
    phi_an
        One-dimensional anisotropy function.
    phi_an_origin
        Published or computed.
    capsule_length_mm, capsule_diameter_mm
        Outer dimensions; None where unknown.
    u_per_mci
        U per mCi of apparent activity by which the maker states it; None where unknown.
    u_per_mci_source
        Where that number comes from.
    citation, doi
        Publication of the tables.
    status
        How far the tables may be trusted.
    status_text
        The same in the transcriber's words.
    flags
        What is doubtful, one sentence each; shown with every result that uses the source.
    """

    key: str
    model: str
    manufacturer: str
    aliases: tuple[str, ...]
    nuclide: Nuclide
    rate: SourceRate
    dose_rate_constant_cgy_per_h_per_u: float
    active_length_cm: float
    g_L: RadialTable  # noqa: N815 - the symbol of TG-43U1
    F: AnisotropyTable
    phi_an: RadialTable
    phi_an_origin: PhiAnOrigin
    capsule_length_mm: float | None
    capsule_diameter_mm: float | None
    u_per_mci: float | None
    u_per_mci_source: str
    citation: str
    doi: str
    status: TableStatus
    status_text: str
    flags: tuple[str, ...]

    def __post_init__(self) -> None:
        if not (self.dose_rate_constant_cgy_per_h_per_u > 0 and self.active_length_cm > 0):
            raise CatalogueError(
                "catalogue.source-invalid",
                "source {key} states a dose-rate constant of {constant} cGy/(h U) and an active length of {length} cm; "
                "both must be above 0",
                key=self.key,
                constant=self.dose_rate_constant_cgy_per_h_per_u,
                length=self.active_length_cm,
            )

    def u_from_mci(self, activity_mci: float) -> float:
        """Return air-kerma strength in U from apparent activity in mCi.

        Raises
        ------
        CatalogueError
            The conversion of this model is not known: it is never guessed.
        """
        return activity_mci * self._u_per_mci()

    def mci_from_u(self, s_k_u: float) -> float:
        """Return apparent activity in mCi from air-kerma strength in U."""
        return s_k_u / self._u_per_mci()

    def u_from_mbq(self, activity_mbq: float) -> float:
        """Return air-kerma strength in U from apparent activity in MBq."""
        return self.u_from_mci(mci_from_mbq(activity_mbq))

    def mbq_from_u(self, s_k_u: float) -> float:
        """Return apparent activity in MBq from air-kerma strength in U."""
        return mbq_from_mci(self.mci_from_u(s_k_u))

    def _u_per_mci(self) -> float:
        if self.u_per_mci is None:
            raise CatalogueError(
                "catalogue.activity-conversion-unknown",
                "for source {key} the catalogue has no factor from apparent activity to air-kerma strength; "
                "give the strength in U (µGy m²/h) as the certificate states it",
                key=self.key,
            )
        return self.u_per_mci


def source_keys() -> tuple[str, ...]:
    """Return the keys of all sources, sorted.

    Examples
    --------
    >>> "I125_6711" in source_keys()
    True
    """
    return tuple(sorted(_shelf()))


@cache
def load_source(key: str) -> Source:
    """Return a source by its key.

    Raises
    ------
    CatalogueError
        No source has that key, or its folder is incomplete.

    Examples
    --------
    >>> load_source("I125_6711").dose_rate_constant_cgy_per_h_per_u
    0.965
    """
    folder = _shelf().get(key)
    if folder is None:
        raise CatalogueError(
            "catalogue.source-unknown",
            "the catalogue has no source {key}; it holds: {keys}",
            key=key,
            keys=", ".join(source_keys()),
        )
    return read_source_folder(folder, key=key)


def find_sources(text: str) -> tuple[Source, ...]:
    """Return every source whose key, model, maker or alias contains a text, blind to case and punctuation.

    Parameters
    ----------
    text
        Any part of a name, such as a file or a user gives it; an empty text finds nothing.
    """
    wanted = _plain(text)
    if not wanted:
        return ()
    sources = (load_source(key) for key in source_keys())
    return tuple(source for source in sources if any(wanted in _plain(name) for name in _names(source)))


def read_source_folder(folder: Traversable, *, key: str) -> Source:
    """Return the source described by a folder.

    Raises
    ------
    CatalogueError
        A file is missing, or a field is missing or does not parse.
    """
    try:
        return _parse(folder, key)
    except (KeyError, ValueError, OSError, IndexError, TypeError) as error:
        raise CatalogueError(
            "catalogue.source-folder-invalid",
            "the folder of source {key} cannot be read ({reason}); it needs source.toml with all fields, g.csv, F.csv "
            "and phi_an.csv: see docs/howto/add-a-source.md",
            key=key,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def _parse(folder: Traversable, key: str) -> Source:
    facts: dict[str, Any] = tomllib.loads((folder / "source.toml").read_text(encoding="utf-8"))
    if facts["key"] != key:
        raise ValueError(f"source.toml says key {facts['key']}")
    capsule, activity = facts["capsule"], facts["apparent_activity"]
    return Source(
        key=key,
        model=facts["model"],
        manufacturer=facts["manufacturer"],
        aliases=tuple(facts["aliases"]),
        nuclide=load_nuclide(facts["nuclide"]),
        rate=SourceRate[facts["rate"]],
        dose_rate_constant_cgy_per_h_per_u=float(facts["dose_rate_constant_cgy_per_h_per_u"]),
        active_length_cm=float(facts["active_length_cm"]),
        g_L=read_radial_table(_lines(folder, "g.csv")),
        F=read_anisotropy_table(_lines(folder, "F.csv")),
        phi_an=read_radial_table(_lines(folder, "phi_an.csv")),
        phi_an_origin=PhiAnOrigin[facts["phi_an"]["origin"]],
        capsule_length_mm=capsule.get("length_mm"),
        capsule_diameter_mm=capsule.get("diameter_mm"),
        u_per_mci=activity.get("u_per_mci"),
        u_per_mci_source=activity["source"],
        citation=facts["citation"]["text"],
        doi=facts["citation"]["doi"],
        status=TableStatus[facts["status"]],
        status_text=facts["status_text"],
        flags=tuple(facts["flags"]),
    )


def _lines(folder: Traversable, name: str) -> list[str]:
    return (folder / name).read_text(encoding="utf-8").splitlines()


def _names(source: Source) -> tuple[str, ...]:
    return (source.key, source.model, source.manufacturer, f"{source.manufacturer} {source.model}", *source.aliases)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


@cache
def _shelf() -> dict[str, Traversable]:
    return stand_up("sources", marker="source.toml", key=lambda group, model: f"{group.split('_')[0]}_{model}")

"""`ApplicatorModel`: one electrode, antenna or cryoprobe with its geometry and its measured ablation zones.

Each model is a folder ``<kind>/<model>/`` with ``applicator.toml`` and ``zones.csv``. A package adds its own by an
entry point of the group ``trocar.applicators`` that names an importable package whose resources hold such folders.
"""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from trocar.catalogue.antenna_design import AntennaDesign, antenna_design
from trocar.catalogue.shelf import stand_up
from trocar.catalogue.zones import Evidence, Reading, ZoneRow, ZoneTissue
from trocar.errors import CatalogueError
from trocar.geometry.value import Value


class Energy(Enum):
    """What kills: the folder of the kind bears the value."""

    RADIOFREQUENCY = "radiofrequency"
    MICROWAVE = "microwave"
    CRYO = "cryo"


class Shape(Enum):
    """How the active part is built."""

    SINGLE = "one straight electrode, antenna or probe"
    CLUSTER = "parallel electrodes a few millimetres apart on one hub"
    EXPANDABLE = "tines that open from a cannula"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApplicatorModel(Value):
    """One model of applicator.

    Parameters
    ----------
    key
        Name in the catalogue, ``microwave/Emprint``.
    energy, shape
        What it does and how it is built.
    model, manufacturer, aliases
        As published.
    diameter_mm
        Outer diameter of the shaft; None where unknown.
    active_length_mm
        Length of the part that heats or freezes; None where unknown.
    centre_behind_tip_mm
        How far the middle of the zone lies behind the tip, on the axis.
    frequency_mhz
        Of the generator; None for cryo and where unknown.
    elements, spacing_mm
        Electrodes of a cluster or tines of an expandable one, and their distance; 1 and None for a single one.
    cryogen_c
        Temperature of what boils or expands inside a cryoprobe; None where it is not stated.
    cooled
        Whether the shaft or tip is cooled by a circulating fluid.
    geometry_source, geometry_reading
        Where these lengths come from, and how they were read.
    zones
        Measured zones; none where only the geometry is known, for simulation.
    citations
        Source key to citation with DOI.
    flags
        What is doubtful, one sentence each; shown with every result that uses the model.
    antenna
        What it is built of, so that its field can be computed; None where that is not known.
    flags_zh
        The same sentences in Chinese; a model from elsewhere without them repeats `flags`.
    """

    key: str
    energy: Energy
    shape: Shape
    model: str
    manufacturer: str
    aliases: tuple[str, ...]
    diameter_mm: float | None
    active_length_mm: float | None
    centre_behind_tip_mm: float
    frequency_mhz: float | None
    cryogen_c: float | None
    elements: int
    spacing_mm: float | None
    cooled: bool
    geometry_source: str
    geometry_reading: Reading
    zones: tuple[ZoneRow, ...]
    citations: Mapping[str, str]
    flags: tuple[str, ...]
    flags_zh: tuple[str, ...]
    antenna: AntennaDesign | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "citations", MappingProxyType(dict(self.citations)))
        if self.centre_behind_tip_mm < 0 or self.elements < 1:
            raise CatalogueError(
                "catalogue.applicator-invalid",
                "applicator {key} has {elements} elements and a zone {back_mm} mm behind its tip; it needs at least "
                "one element and a distance of 0 or more",
                key=self.key,
                elements=self.elements,
                back_mm=self.centre_behind_tip_mm,
            )

    def settings(self, *, tissue: ZoneTissue, evidence: Evidence, applicators: int = 1) -> tuple[ZoneRow, ...]:
        """Return the rows of one tissue and kind of evidence that have both diameters, by power and time."""
        fitting = (
            row
            for row in self.zones
            if row.tissue is tissue
            and row.evidence is evidence
            and row.applicators == applicators
            and row.has_both_diameters
        )
        return tuple(sorted(fitting, key=lambda row: (row.power_w or 0.0, row.duration_s or 0.0)))


def applicator_keys() -> tuple[str, ...]:
    """Return the keys of all applicators, sorted.

    Examples
    --------
    >>> "radiofrequency/IC_20mm" in applicator_keys()
    True
    """
    return tuple(sorted(_shelf()))


@cache
def antenna_keys() -> tuple[str, ...]:
    """Return the keys of the antennas whose field can be computed, sorted.

    Examples
    --------
    >>> "microwave/coaxial_slot" in antenna_keys()
    True
    """
    return tuple(key for key in applicator_keys() if load_applicator(key).antenna is not None)


@cache
def load_applicator(key: str) -> ApplicatorModel:
    """Return an applicator by its key.

    Raises
    ------
    CatalogueError
        No applicator has that key, or its folder is incomplete.

    Examples
    --------
    >>> load_applicator("radiofrequency/IC_20mm").active_length_mm
    20.0
    """
    folder = _shelf().get(key)
    if folder is None:
        raise CatalogueError(
            "catalogue.applicator-unknown",
            "the catalogue has no applicator {key}; it holds: {keys}",
            key=key,
            keys=", ".join(applicator_keys()),
        )
    return read_applicator_folder(folder, key=key)


def read_applicator_folder(folder: Traversable, *, key: str) -> ApplicatorModel:
    """Return the applicator described by a folder.

    Raises
    ------
    CatalogueError
        A file is missing, or a field is missing or does not parse.
    """
    try:
        return _parse(folder, key)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise CatalogueError(
            "catalogue.applicator-folder-invalid",
            "the folder of applicator {key} cannot be read ({reason}); it needs applicator.toml with all fields and "
            "zones.csv: see docs/howto/ablate.md",
            key=key,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def _parse(folder: Traversable, key: str) -> ApplicatorModel:
    facts: dict[str, Any] = tomllib.loads((folder / "applicator.toml").read_text(encoding="utf-8"))
    if facts["key"] != key:
        raise ValueError(f"applicator.toml says key {facts['key']}")
    geometry, sources = facts["geometry"], facts.get("sources", {})
    return ApplicatorModel(
        key=key,
        energy=Energy(facts["energy"]),
        shape=Shape[geometry["shape"]],
        model=facts["model"],
        manufacturer=facts["manufacturer"],
        aliases=tuple(facts["aliases"]),
        diameter_mm=geometry.get("diameter_mm"),
        active_length_mm=geometry.get("active_length_mm"),
        centre_behind_tip_mm=float(geometry["centre_behind_tip_mm"]),
        frequency_mhz=geometry.get("frequency_mhz"),
        cryogen_c=geometry.get("cryogen_c"),
        elements=int(geometry.get("elements", 1)),
        spacing_mm=geometry.get("spacing_mm"),
        cooled=bool(geometry["cooled"]),
        geometry_source=geometry["source"],
        geometry_reading=Reading[geometry["reading"]],
        zones=tuple(_rows((folder / "zones.csv").read_text(encoding="utf-8"), sources)),
        citations={name: _citation(entry) for name, entry in sources.items()},
        flags=tuple(facts["flags"]),
        antenna=antenna_design(facts["antenna"]) if "antenna" in facts else None,
        flags_zh=_in_chinese(facts),
    )


def _in_chinese(facts: Mapping[str, Any]) -> tuple[str, ...]:
    told = tuple(facts.get("flags_zh", facts["flags"]))
    if len(told) != len(facts["flags"]):
        raise ValueError(f"{len(told)} sentences in flags_zh for {len(facts['flags'])} in flags")
    return told


def _citation(entry: Mapping[str, str]) -> str:
    doi = entry.get("doi", "")
    return f"{entry['citation']}. doi:{doi}" if doi else entry["citation"]


def _rows(text: str, sources: Mapping[str, Any]) -> Iterator[ZoneRow]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for entry in csv.DictReader(lines):
        if entry["source"] not in sources:
            raise ValueError(f"zones.csv names the source {entry['source']}, which applicator.toml does not describe")
        yield ZoneRow(
            power_w=_number(entry["power_w"]),
            duration_s=_number(entry["duration_s"]),
            energy_kj=_number(entry["energy_kj"]),
            tissue=ZoneTissue[entry["tissue"]],
            evidence=Evidence[entry["evidence"]],
            applicators=int(entry["applicators"]),
            long_mm=_number(entry["long_mm"]),
            long_sd_mm=_number(entry["long_sd_mm"]),
            short_mm=_number(entry["short_mm"]),
            short_sd_mm=_number(entry["short_sd_mm"]),
            volume_ml=_number(entry["volume_ml"]),
            volume_sd_ml=_number(entry["volume_sd_ml"]),
            n=None if not entry["n"] else int(entry["n"]),
            source=entry["source"],
            reading=Reading[entry["reading"]],
            note=entry["note"],
        )


def _number(text: str) -> float | None:
    return None if text == "" else float(text)


@cache
def _shelf() -> dict[str, Traversable]:
    return stand_up("applicators", marker="applicator.toml", key=lambda kind, model: f"{kind}/{model}")

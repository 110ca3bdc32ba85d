"""Measured ablation zones: one row of a published table, how it is read, and a zone between two rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np

from trocar.errors import CatalogueError
from trocar.geometry.value import Value

WITHIN_SETTING = 1e-6
"""Two powers or times closer than this share are the same setting."""


class Evidence(Enum):
    """In what the zone was measured."""

    EX_VIVO = "excised tissue without blood flow"
    IN_VIVO = "living animal"
    CLINICAL = "patients"
    CHART = "chart of the maker"
    PHANTOM = "gel phantom"


class Reading(Enum):
    """How a number reached this table."""

    FULL_TEXT = "read in the publication"
    ABSTRACT = "read in the abstract or an excerpt"
    PUBLIC_MODEL = "read in a public computer model that names the publication"
    REMEMBERED = "remembered, not read: verify before use"


class ZoneTissue(Enum):
    """What was ablated."""

    LIVER = "liver"
    LUNG = "lung"
    KIDNEY = "kidney"
    MUSCLE = "muscle"
    GEL = "gel"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneRow(Value):
    """One measured zone.

    Parameters
    ----------
    power_w
        Set power; None where the generator chooses it (impedance control) and for cryo.
    duration_s
        Of the application; None where not stated.
    energy_kj
        Delivered; None where not stated.
    tissue, evidence
        In what it was measured.
    applicators
        How many were active together.
    long_mm, long_sd_mm
        Diameter along the applicator and its standard deviation; None where not stated.
    short_mm, short_sd_mm
        The same across it.
    volume_ml, volume_sd_ml
        Of the zone.
    n
        Number of zones measured.
    source
        Key of the citation.
    reading
        How it was read.
    note
        What a user of the row must know.
    """

    power_w: float | None
    duration_s: float | None
    energy_kj: float | None
    tissue: ZoneTissue
    evidence: Evidence
    applicators: int
    long_mm: float | None
    long_sd_mm: float | None
    short_mm: float | None
    short_sd_mm: float | None
    volume_ml: float | None
    volume_sd_ml: float | None
    n: int | None
    source: str
    reading: Reading
    note: str

    def __post_init__(self) -> None:
        sizes = (self.long_mm, self.short_mm, self.volume_ml)
        given = [each for each in (*sizes, self.power_w, self.duration_s, self.energy_kj) if each is not None]
        if not any(size is not None for size in sizes) or not all(np.isfinite(each) and each > 0 for each in given):
            raise CatalogueError(
                "catalogue.zone-row-invalid",
                "a zone of {long_mm} × {short_mm} mm and {volume_ml} ml at {power_w} W for {duration_s} s was given; "
                "at "
                "least one size is needed and every number must be above 0",
                long_mm=self.long_mm,
                short_mm=self.short_mm,
                volume_ml=self.volume_ml,
                power_w=self.power_w,
                duration_s=self.duration_s,
            )

    @property
    def has_both_diameters(self) -> bool:
        """Whether a zone can be drawn from it."""
        return self.long_mm is not None and self.short_mm is not None

    @property
    def ellipsoid_ml(self) -> float:
        """Volume of the ellipsoid of revolution with these diameters."""
        if self.long_mm is None or self.short_mm is None:
            return float("nan")
        return float(np.pi / 6 * self.long_mm * self.short_mm**2 / 1000)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedZone(Value):
    """The zone to expect of one application: an ellipsoid of revolution about the applicator.

    Parameters
    ----------
    long_mm, short_mm
        Diameters along and across.
    long_sd_mm, short_sd_mm
        Published standard deviations; None where nobody published one.
    rows
        The rows it was read from: one, or the two it lies between.
    factor_note
        What a hospital's own factor did, or empty.
    """

    long_mm: float
    short_mm: float
    long_sd_mm: float | None
    short_sd_mm: float | None
    rows: tuple[ZoneRow, ...]
    factor_note: str = ""

    def smaller_by(self, deviations: float) -> "ExpectedZone":
        """Return the zone smaller by a number of standard deviations; the mean where no spread is known."""
        long_mm = self.long_mm - deviations * (self.long_sd_mm or 0.0)
        short_mm = self.short_mm - deviations * (self.short_sd_mm or 0.0)
        return ExpectedZone(
            long_mm=max(long_mm, 0.1),
            short_mm=max(short_mm, 0.1),
            long_sd_mm=self.long_sd_mm,
            short_sd_mm=self.short_sd_mm,
            rows=self.rows,
            factor_note=self.factor_note,
        )


def expected_zone(rows: Sequence[ZoneRow], *, power_w: float | None, duration_s: float) -> ExpectedZone:
    """Return the zone of a setting: a tabulated one, or one between two times at the same power.

    Nothing is said beyond the table: between powers and past the last time a simulation is asked, not a guess.

    Parameters
    ----------
    rows
        Of one model, tissue and evidence; both diameters present.
    power_w
        Set power; None for rows whose power the generator chooses.
    duration_s
        Of the application.

    Raises
    ------
    CatalogueError
        The table does not hold the setting.

    Examples
    --------
    >>> from trocar.catalogue.applicators import load_applicator
    >>> lung = load_applicator("microwave/swine_lung_100W")
    >>> rows = lung.settings(tissue=ZoneTissue.LUNG, evidence=Evidence.IN_VIVO)
    >>> expected_zone(rows, power_w=100.0, duration_s=90.0).short_mm
    17.15
    """
    same = [row for row in rows if row.duration_s is not None and _same(row.power_w, power_w)]
    same.sort(key=lambda row: row.duration_s or 0.0)
    times = [row.duration_s or 0.0 for row in same]
    for row, time in zip(same, times, strict=True):
        if abs(time - duration_s) <= WITHIN_SETTING * duration_s:
            return _between(row, row, 0.0)
    for low, high in pairwise(same):
        start, end = low.duration_s or 0.0, high.duration_s or 0.0
        if start < duration_s < end:
            return _between(low, high, (duration_s - start) / (end - start))
    if not rows:
        raise CatalogueError(
            "catalogue.zone-table-empty",
            "the catalogue holds no measured zone of this applicator in this tissue and kind of evidence; choose "
            "another tissue or evidence, enter zones of your own (own_zones), or lay the plan out by simulated zones "
            "([simulate])",
        )
    raise CatalogueError(
        "catalogue.zone-setting-unknown",
        "no measured zone at {power_w} W for {duration_s:g} s; the table holds {settings}: choose one of these, a time "
        "between two of the same power, or simulate",
        power_w="-" if power_w is None else power_w,
        duration_s=duration_s,
        settings=", ".join(_setting(row) for row in rows) or "-",
    )


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return abs(first - second) <= WITHIN_SETTING * max(first, second)


def _setting(row: ZoneRow) -> str:
    power = "" if row.power_w is None else f"{row.power_w:g} W "
    return f"{power}{row.duration_s or float('nan'):g} s"


def _between(low: ZoneRow, high: ZoneRow, share: float) -> ExpectedZone:
    def mix(first: float | None, second: float | None) -> float | None:
        return None if first is None or second is None else (1 - share) * first + share * second

    return ExpectedZone(
        long_mm=mix(low.long_mm, high.long_mm) or 0.0,
        short_mm=mix(low.short_mm, high.short_mm) or 0.0,
        long_sd_mm=mix(low.long_sd_mm, high.long_sd_mm),
        short_sd_mm=mix(low.short_sd_mm, high.short_sd_mm),
        rows=(low,) if low is high else (low, high),
    )

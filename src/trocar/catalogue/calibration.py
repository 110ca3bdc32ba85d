"""A hospital's own zones against the catalogue: its own factor, with an interval."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from trocar.catalogue.zones import ExpectedZone, ZoneRow, expected_zone
from trocar.errors import CatalogueError
from trocar.geometry.value import Value

COLUMNS = ("power_w", "duration_s", "long_mm", "short_mm")
FEWEST = 3
"""Fewer zones than this give no interval worth the name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredZone(Value):
    """One zone that a hospital measured; power None where the generator chose it."""

    power_w: float | None
    duration_s: float
    long_mm: float
    short_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnFactor(Value):
    """How a hospital's zones compare with the catalogue's.

    Parameters
    ----------
    long, short
        Factors on the diameters (geometric means of measured over expected).
    long_interval, short_interval
        95 % intervals of these factors.
    long_spread, short_spread
        Standard deviation of the logarithms: about the coefficient of variation of one zone.
    n
        Zones used.
    """

    long: float
    short: float
    long_interval: tuple[float, float]
    short_interval: tuple[float, float]
    long_spread: float
    short_spread: float
    n: int

    def applied_to(self, zone: ExpectedZone) -> ExpectedZone:
        """Return a zone with the hospital's own size and spread."""
        long_mm, short_mm = self.long * zone.long_mm, self.short * zone.short_mm
        return replace(
            zone,
            long_mm=long_mm,
            short_mm=short_mm,
            long_sd_mm=self.long_spread * long_mm,
            short_sd_mm=self.short_spread * short_mm,
            factor_note=f"× {self.long:.3f} (long) × {self.short:.3f} (short), n = {self.n}",
        )


def read_measured_zones(lines: Iterable[str]) -> tuple[MeasuredZone, ...]:
    """Return a hospital's zones from CSV with the columns power_w, duration_s, long_mm and short_mm.

    Parameters
    ----------
    lines
        Comment lines begin with ``#``; further columns are ignored; power may be empty.

    Raises
    ------
    CatalogueError
        A column is missing, or a number is missing or not above 0.
    """
    reader = csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CatalogueError(
            "catalogue.own-zones-columns",
            "the table of measured zones lacks the columns {missing}; it needs power_w, duration_s, long_mm and "
            "short_mm",
            missing=", ".join(missing),
        )
    return tuple(_measured(entry, row) for row, entry in enumerate(reader, start=2))


def _measured(entry: dict[str, str], row: int) -> MeasuredZone:
    try:
        numbers = {name: float(entry[name]) if entry[name] else None for name in COLUMNS}
        duration, long_mm, short_mm = numbers["duration_s"], numbers["long_mm"], numbers["short_mm"]
        if duration is None or long_mm is None or short_mm is None:
            raise ValueError
        if not all(each is None or (math.isfinite(each) and each > 0) for each in numbers.values()):
            raise ValueError
    except (ValueError, TypeError) as error:
        raise CatalogueError(
            "catalogue.own-zones-row",
            "row {row} of the measured zones says {entry}; every number must be above 0, only the power may be empty",
            row=row,
            entry=", ".join(f"{name}={entry.get(name)}" for name in COLUMNS),
        ) from error
    return MeasuredZone(power_w=numbers["power_w"], duration_s=duration, long_mm=long_mm, short_mm=short_mm)


def own_factor(rows: Sequence[ZoneRow], measured: Sequence[MeasuredZone]) -> OwnFactor:
    """Return the factor from the catalogue's zones to a hospital's own.

    Ratios are log-normal: the factor is their geometric mean, its interval Student's t on the logarithms.

    Parameters
    ----------
    rows
        Of one model, tissue and evidence.
    measured
        At settings that the rows hold.

    Raises
    ------
    CatalogueError
        Fewer than three zones, or a setting the table does not hold.
    """
    if len(measured) < FEWEST:
        raise CatalogueError(
            "catalogue.own-zones-few",
            "{n} measured zones were given; at least {fewest} are needed to state a factor with an interval",
            n=len(measured),
            fewest=FEWEST,
        )
    expected = [expected_zone(rows, power_w=each.power_w, duration_s=each.duration_s) for each in measured]
    long = np.log([each.long_mm / zone.long_mm for each, zone in zip(measured, expected, strict=True)])
    short = np.log([each.short_mm / zone.short_mm for each, zone in zip(measured, expected, strict=True)])
    return OwnFactor(
        long=float(np.exp(long.mean())),
        short=float(np.exp(short.mean())),
        long_interval=_interval(long),
        short_interval=_interval(short),
        long_spread=float(long.std(ddof=1)),
        short_spread=float(short.std(ddof=1)),
        n=len(measured),
    )


def _interval(logs: np.ndarray) -> tuple[float, float]:
    half = float(student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs)))
    return float(np.exp(logs.mean() - half)), float(np.exp(logs.mean() + half))

"""What the store needs of physics and rules: strengths on a day, the assay of a lot, labels of packages, clearance.

Thresholds come from the norms that ship with Trocar and carry their source and how sure it is; none stands here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from trocar.catalogue.sources import load_source
from trocar.department.norms import Requirement
from trocar.dose.decay import strength_at_u
from trocar.plan.seeds import Strength
from trocar.rules.norm_loading import shipped_norms

ASSAY_SHARE = ("aapm/seed_assay", "RSI-RAD-05")
ASSAY_TOLERANCE = ("aapm/seed_assay", "RSI-RAD-06")
LEAK_LIMIT = ("us_nrc/part_35", "RSI-RAD-07")
LABELS = ("us_dot/class_7_labels", "RSI-RAD-16")


class StrengthUnit(Enum):
    """Units in which certificates state the strength of a seed."""

    U = "U"
    MCI = "mCi"
    MBQ = "MBq"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotStrength:
    """Strength of one seed of a lot on a day.

    Parameters
    ----------
    s_k_u
        Air-kerma strength in U.
    apparent_mci
        Apparent activity in mCi by the source model's own conversion; None where the model has none.
    left
        Share of the certified strength that is left.
    """

    s_k_u: float
    apparent_mci: float | None
    left: float


def certified_strength_u(model: str, value: float, unit: StrengthUnit) -> float:
    """Return the air-kerma strength of a certificate's value in U.

    Examples
    --------
    >>> round(certified_strength_u("I125_6711", 0.5, StrengthUnit.MCI), 3)
    0.635
    """
    source = load_source(model)
    if unit is StrengthUnit.MCI:
        return source.u_from_mci(value)
    return source.u_from_mbq(value) if unit is StrengthUnit.MBQ else value


def strength_on(model: str, *, certified_u: float, calibrated_at: datetime, at: datetime) -> LotStrength:
    """Return what a seed certified at one moment gives at another (D1)."""
    source = load_source(model)
    now_u = strength_at_u(Strength(s_k_u=certified_u, reference_at=calibrated_at), source.nuclide, at=at)
    apparent = None if source.u_per_mci is None else source.mci_from_u(now_u)
    return LotStrength(s_k_u=now_u, apparent_mci=apparent, left=now_u / certified_u)


def requirement(where: tuple[str, str]) -> Requirement:
    """Return a requirement of a shipped norm by the norm's key and its own."""
    norm, key = where
    (pack,) = (each for each in shipped_norms() if each.key == norm)
    (found,) = (each for each in pack.requirements if each.key == key)
    return found


def limit(where: tuple[str, str]) -> float:
    """Return the number a requirement sets."""
    threshold = requirement(where).threshold
    assert threshold is not None
    return float(threshold.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assay:
    """What an assay of part of a lot says.

    Parameters
    ----------
    share
        Measured seeds over seeds received.
    mean_deviation
        Mean measured over certified strength, less one.
    largest_deviation
        Of a single seed, by size.
    enough, within
        Whether enough seeds were measured, and whether the mean deviation is tolerated.
    """

    share: float
    mean_deviation: float
    largest_deviation: float
    enough: bool
    within: bool


def assay(measured_u: Sequence[float], *, expected_u: float, received: int) -> Assay:
    """Judge measured strengths of a sample against the certified one decayed to the moment of measurement.

    Parameters
    ----------
    measured_u
        One value a seed.
    expected_u
        Certified strength at the moment of measurement.
    received
        Seeds in the lot.

    Examples
    --------
    >>> assay([0.51, 0.50, 0.52], expected_u=0.5, received=30).enough
    True
    """
    deviations = [each / expected_u - 1.0 for each in measured_u]
    mean = math.fsum(deviations) / len(deviations)
    share = len(deviations) / received
    return Assay(
        share=share,
        mean_deviation=mean,
        largest_deviation=max(deviations, key=abs),
        enough=share >= limit(ASSAY_SHARE),
        within=abs(mean) <= limit(ASSAY_TOLERANCE),
    )


def least_sample(received: int) -> int:
    """Return how many seeds of a lot must be measured.

    Examples
    --------
    >>> least_sample(31)
    4
    """
    return max(1, math.ceil(limit(ASSAY_SHARE) * received - 1e-9))


def transport_index(rate_at_1m_msv_h: float) -> float:
    """Return the transport index: the rate at 1 m in mSv/h times 100, up to one decimal, at most 0.05 counting as 0.

    Examples
    --------
    >>> transport_index(0.00213), transport_index(0.0004)
    (0.3, 0.0)
    """
    raw = rate_at_1m_msv_h * 100.0
    return 0.0 if raw <= 0.05 else math.ceil(raw * 10.0 - 1e-9) / 10.0


def package_label(*, index: float, surface_msv_h: float) -> str | None:
    """Return the label category of a package, the higher of what index and surface rate ask for; None above all."""
    threshold = requirement(LABELS).threshold
    assert threshold is not None
    for row in threshold.value:
        most = float(str(row["ti"]).split("-")[-1].lstrip(">")) if not str(row["ti"]).startswith(">10") else math.inf
        if index <= most and surface_msv_h <= float(row["surface_mSv_h_max"]):
            return str(row["label"])
    return None


def decays_below_on(model: str, *, total_mbq: float, at: datetime, clearance_mbq: float) -> datetime:
    """Return when a total activity will have decayed to a clearance level."""
    nuclide = load_source(model).nuclide
    if total_mbq <= clearance_mbq:
        return at
    seconds = math.log(total_mbq / clearance_mbq) / nuclide.decay_constant_per_s
    return at + timedelta(seconds=seconds)

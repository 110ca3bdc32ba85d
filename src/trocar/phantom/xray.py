"""X-rays of a CT scanner: spectrum, attenuation, and what a ray through water and metal brings to the detector."""

import csv
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float

from trocar.errors import CatalogueError
from trocar.geometry.value import Value, frozen_array


class Metal(Enum):
    """Materials other than water that the scanner model knows."""

    TITANIUM = "titanium"
    SILVER = "silver"
    STEEL = "steel"
    NITINOL = "nitinol"
    HYDROXYAPATITE = "hydroxyapatite"


@cache
def attenuation_per_mm() -> dict[str, Float[np.ndarray, " n"]]:
    """Return columns of the attenuation table by name: ``energy_kev``, ``water`` and each `Metal` value."""
    text = (resources.files("trocar") / "phantom" / "attenuation.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    table = np.array(rows[1:], dtype=np.float64)
    return {name: frozen_array(table[:, column], np.float64) for column, name in enumerate(rows[0])}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum(Value):
    """Energy-weighted detector signal by energy, summing to 1.

    Parameters
    ----------
    kvp
        Tube voltage.
    weights
        One an energy of `attenuation_per_mm`.
    """

    kvp: float
    weights: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", frozen_array(self.weights, np.float64))

    @property
    def water_per_mm(self) -> float:
        """Attenuation of the first millimetres of water: the scanner's Hounsfield scale."""
        return float(self.weights @ attenuation_per_mm()["water"])


TUBE_FILTER_MM_TITANIUM = 1.2
"""Titanium that hardens a CT tube's beam like its usual inherent, flat and bow-tie filters (8 mm of aluminium)."""


def tube_spectrum(kvp: float) -> Spectrum:
    """Return the signal of an energy-integrating detector under a filtered tungsten tube.

    Kramers' law for the photons, N(E) ∝ (kVp − E)/E, behind the filter; the detector weighs each photon by its energy.

    Parameters
    ----------
    kvp
        From 70 to 150.

    References
    ----------
    H. A. Kramers, Phil. Mag. 46 (1923) 836.
    """
    if not 70 <= kvp <= 150:
        raise CatalogueError(
            "phantom.tube-voltage",
            "a tube voltage of {kvp} kV was given; the scanner model knows 70 to 150 kV",
            kvp=kvp,
        )
    columns = attenuation_per_mm()
    energy = columns["energy_kev"]
    photons = np.clip(kvp - energy, 0.0, None) / energy
    weights = photons * energy * np.exp(-TUBE_FILTER_MM_TITANIUM * columns["titanium"])
    return Spectrum(kvp=kvp, weights=weights / weights.sum())


def signal(
    spectrum: Spectrum, water_mm: Float[np.ndarray, "*batch"], metal_mm: dict[Metal, Float[np.ndarray, "*batch"]]
) -> Float[np.ndarray, "*batch"]:
    """Return the share of the detector signal left behind paths of water and metals (Beer–Lambert, polychromatic)."""
    columns = attenuation_per_mm()
    exponent = np.asarray(water_mm)[..., None] * columns["water"]
    for metal, path_mm in metal_mm.items():
        exponent = exponent + np.asarray(path_mm)[..., None] * columns[metal.value]
    return np.asarray(np.exp(-exponent) @ spectrum.weights)

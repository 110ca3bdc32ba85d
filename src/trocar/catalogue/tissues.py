"""Tissues: what heat and current meet in the body, and the constants of cell death; tables in ``tissues/*.toml``."""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from trocar.errors import CatalogueError
from trocar.geometry.value import Value

BLOOD_VOLUMETRIC_HEAT_J_PER_MM3_K = 1050.0 * 3617.0 * 1e-9
"""Density times heat capacity of blood, from the blood row of the table."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread(Value):
    """A number with the range in which published values lie.

    Parameters
    ----------
    value
        Most likely.
    low, high
        Least and greatest.

    Raises
    ------
    CatalogueError
        Not in the order low, value, high.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high:
            raise CatalogueError(
                "catalogue.spread-out-of-order",
                "a property of {value} between {low} and {high} was given; they must ascend: low, value, high, from 0",
                value=self.value,
                low=self.low,
                high=self.high,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tissue(Value):
    """One kind of tissue at 37 °C, in the units in which tables print it.

    Parameters
    ----------
    key
        Name in the table, such as ``liver``.
    english, chinese
        Names for people.
    density_kg_per_m3, heat_capacity_j_per_kg_k, conductivity_w_per_m_k
        Thermal.
    conductivity_slope_w_per_m_k2
        Rise of the thermal conductivity a kelvin, up to 100 °C.
    perfusion_ml_per_min_kg
        Blood through the tissue.
    water_kg_per_kg
        Share of mass that boils or freezes.
    conductivity_rf_s_per_m, conductivity_rf_slope_per_k
        Electrical, at 480 kHz, and its relative rise a kelvin.
    permittivity_915, conductivity_915_s_per_m, permittivity_2450, conductivity_2450_s_per_m
        Relative permittivity and conductivity at 915 and 2450 MHz.
    """

    key: str
    english: str
    chinese: str
    density_kg_per_m3: Spread
    heat_capacity_j_per_kg_k: Spread
    conductivity_w_per_m_k: Spread
    conductivity_slope_w_per_m_k2: Spread
    perfusion_ml_per_min_kg: Spread
    water_kg_per_kg: Spread
    conductivity_rf_s_per_m: Spread
    conductivity_rf_slope_per_k: Spread
    permittivity_915: Spread
    conductivity_915_s_per_m: Spread
    permittivity_2450: Spread
    conductivity_2450_s_per_m: Spread

    @property
    def heat_capacity_j_per_mm3_k(self) -> float:
        """Volumetric heat capacity."""
        return self.density_kg_per_m3.value * self.heat_capacity_j_per_kg_k.value * 1e-9

    @property
    def conductivity_w_per_mm_k(self) -> float:
        """Thermal conductivity."""
        return self.conductivity_w_per_m_k.value * 1e-3

    @property
    def perfusion_w_per_mm3_k(self) -> float:
        """Heat that flowing blood takes from a volume a kelvin: flow times density times blood's rho c."""
        flow_per_s = self.perfusion_ml_per_min_kg.value * 1e-6 * self.density_kg_per_m3.value / 60.0
        return flow_per_s * BLOOD_VOLUMETRIC_HEAT_J_PER_MM3_K

    @property
    def water_kg_per_mm3(self) -> float:
        """Mass of water in a volume."""
        return self.density_kg_per_m3.value * self.water_kg_per_kg.value * 1e-9


SPREAD_NAMES = tuple(each.name for each in fields(Tissue) if each.type is Spread)
"""The properties which an ensemble may sample."""


@cache
def _table(name: str) -> dict[str, Any]:
    path = resources.files("trocar.catalogue") / "tissues" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def tissue_names() -> tuple[str, ...]:
    """Return the keys of all tissues, sorted."""
    return tuple(sorted(_table("tissues")))


@cache
def load_tissue(key: str) -> Tissue:
    """Return a tissue by key.

    Raises
    ------
    CatalogueError
        No such tissue.

    Examples
    --------
    >>> round(load_tissue("liver").perfusion_w_per_mm3_k * 1e9)
    58736
    """
    entry = _table("tissues").get(key)
    if entry is None:
        raise CatalogueError(
            "catalogue.tissue-unknown",
            "the tissue {key} is not in the catalogue; it holds: {names}",
            key=key,
            names=", ".join(tissue_names()),
        )
    spreads = {name: Spread(value=v[0], low=v[1], high=v[2]) for name, v in entry.items() if isinstance(v, list)}
    return Tissue(key=key, english=entry["english"], chinese=entry["chinese"], **spreads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeathConstants(Value):
    """Constants of the models of cell death.

    Parameters
    ----------
    frequency_per_s, activation_j_per_mol
        Arrhenius A and Ea.
    r_below_43, r_above_43, lethal_minutes
        CEM43: base below and above 43 °C, lethal dose in minutes.
    kf_per_s, kb_per_s, Tk_c, alive_at_start, vulnerable_at_start, viable_until
        Three-state model: rates, temperature scale, states at the start, viability at the edge of the zone.
    heat_c, cold_c
        Lethal isotherms.
    coagulates_at_c
        Temperature at which tissue coagulates and its blood stands still at once.
    """

    frequency_per_s: float
    activation_j_per_mol: float
    r_below_43: float
    r_above_43: float
    lethal_minutes: float
    kf_per_s: float
    kb_per_s: float
    Tk_c: float
    alive_at_start: float
    vulnerable_at_start: float
    viable_until: float
    heat_c: tuple[float, ...]
    cold_c: tuple[float, ...]
    coagulates_at_c: float


@cache
def load_death_constants() -> DeathConstants:
    """Return the constants of all models of death."""
    numbers: dict[str, Any] = {}
    for section in _table("death").values():
        numbers |= {name: value for name, value in section.items() if name != "source"}
    return DeathConstants(**numbers | {"heat_c": tuple(numbers["heat_c"]), "cold_c": tuple(numbers["cold_c"])})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DielectricFall(Value):
    """How permittivity and conductivity fall while tissue heats and dries.

    Parameters
    ----------
    permittivity, conductivity
        s1, s2, s3, s4 of y = s1 (1 - 1 / (1 + exp(s2 - s3 T))) + s4, T in °C.
    source
        Citation.
    """

    permittivity: tuple[float, ...]
    conductivity: tuple[float, ...]
    source: str


@cache
def load_dielectric_fall(name: str) -> DielectricFall:
    """Return a published sigmoid: ``ji_brace`` or ``lopresto``.

    Raises
    ------
    CatalogueError
        No such sigmoid.
    """
    entry = _table("dielectric").get(name)
    if entry is None:
        raise CatalogueError(
            "catalogue.dielectric-fall-unknown",
            "the fall of dielectric properties {name} is not in the catalogue; it holds: {names}",
            name=name,
            names=", ".join(sorted(_table("dielectric"))),
        )
    return DielectricFall(
        permittivity=tuple(entry["permittivity"]), conductivity=tuple(entry["conductivity"]), source=entry["source"]
    )

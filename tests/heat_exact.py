"""Exact solutions of heat conduction, and fields to hold against them."""

from types import SimpleNamespace

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ellipk, erf, erfc, erfinv, exp1

from trocar.heat.bioheat import HeatField, PhaseChange, Properties

LIVER = SimpleNamespace(k=0.52e-3, c=3.82e-3, w=60.4e-6)
"""Conductivity, heat capacity and perfusion of the benchmarks in W/mm/K, J/mm³/K, W/mm³/K."""


def properties(*, k: float, c: float, w: float = 0.0, frozen: float = 2e-3, water: float = 0.0, slope: float = 0.0):
    columns = {
        "conductivity": (0.0, k),
        "slope": (0.0, slope),
        "frozen": (0.0, frozen),
        "capacity": (np.inf, c),
        "perfusion": (0.0, w),
        "water": (0.0, water),
    }
    return Properties(**{name: np.array(pair, dtype=np.float32) for name, pair in columns.items()})


def liver_field(shape_kji, spacing_mm: float, *, w: float = LIVER.w, insulated: bool = False, **more) -> HeatField:
    return HeatField(
        np.ones(shape_kji, np.uint8),
        (spacing_mm,) * 3,
        properties=properties(k=LIVER.k, c=LIVER.c, w=w),
        phase=None,
        insulated=insulated,
        **more,
    )


def point_source_k(r_mm, time_s: float, *, power_w: float = 1.0):
    """B1: temperature rise around a point source in perfused tissue."""
    a, b = LIVER.k / LIVER.c, np.sqrt(LIVER.w / LIVER.k)
    spread, loss = r_mm / np.sqrt(4 * a * time_s), np.sqrt(LIVER.w * time_s / LIVER.c)
    both = np.exp(-r_mm * b) * erfc(spread - loss) + np.exp(r_mm * b) * erfc(spread + loss)
    return power_w / (8 * np.pi * LIVER.k * r_mm) * both


STEFAN = SimpleNamespace(k_ice=2.0e-3, c_ice=1.93e-3, k=0.52e-3, c=3.82e-3, latent=0.25, wall_c=-100.0, tissue_c=37.0)
"""B3: freezing from a plane wall; J/mm³ of latent heat."""


def stefan_mm(time_s: float, *levels_c: float) -> tuple[float, tuple[float, ...]]:
    """B3: where the front and some isotherms of the ice stand (Neumann's solution)."""
    s = STEFAN
    a_ice, a = s.k_ice / s.c_ice, s.k / s.c
    cold = -s.wall_c
    ratio = np.sqrt(a_ice / a)

    def balance(x: float) -> float:
        warm = s.k / s.k_ice * ratio * s.tissue_c / cold * np.exp(-(x**2) * ratio**2) / erfc(x * ratio)
        return np.exp(-(x**2)) / erf(x) - warm - x * s.latent * np.sqrt(np.pi) / (s.c_ice * cold)

    x = brentq(balance, 0.01, 3.0)
    scale = 2 * np.sqrt(a_ice * time_s)
    return scale * x, tuple(scale * erfinv((level - s.wall_c) / cold * erf(x)) for level in levels_c)


def line_sink_front_mm(time_s: float, sink_w_per_mm: float) -> float:
    """B3b: where the front stands around a line that takes heat away evenly (Carslaw and Jaeger, section 11.6)."""
    s = STEFAN
    a_ice, a = s.k_ice / s.c_ice, s.k / s.c

    def balance(x: float) -> float:
        ratio = x**2 * a_ice / a
        warm = s.k * s.tissue_c * np.exp(-ratio) / exp1(ratio)
        return sink_w_per_mm / (4 * np.pi) * np.exp(-(x**2)) - warm - x**2 * a_ice * s.latent

    return float(brentq(balance, 1e-3, 2.0) * 2 * np.sqrt(a_ice * time_s))


STEFAN_WATER = 748.5e-9
STEFAN_PHASE = PhaseChange(
    melt_c=0.0,
    freeze_c=-0.2,
    ice_latent_j_per_kg=STEFAN.latent / STEFAN_WATER,
    ice_drop_j_per_kg_k=(STEFAN.c - STEFAN.c_ice) / STEFAN_WATER,
)


def tube_resistance_ohm(length_mm: float, radius_mm: float, sigma_s_per_mm: float, *, rings: int = 200) -> float:
    """B6: resistance of a conducting tube in an infinite medium, by the method of moments with rings of charge."""
    dz = length_mm / rings
    z = (np.arange(rings) + 0.5) * dz

    def ring(distance):
        m = 4 * radius_mm**2 / (4 * radius_mm**2 + distance**2)
        return 2 * ellipk(m) / np.sqrt(4 * radius_mm**2 + distance**2) / (4 * np.pi**2 * sigma_s_per_mm)

    apart = np.abs(z[:, None] - z[None, :])
    np.fill_diagonal(apart, 1.0)
    potential = ring(apart)
    np.fill_diagonal(potential, 2 * quad(ring, 0, dz / 2)[0] / dz)
    return float(1.0 / np.linalg.solve(potential, np.ones(rings)).sum())

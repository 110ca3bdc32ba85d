"""Death of tissue: rates of the three models at a temperature, and the score whose zero is the edge of the zone."""

import numpy as np
from jaxtyping import Float

from trocar.catalogue.tissues import DeathConstants, load_death_constants
from trocar.heat.kernels.damage import FIRST_C, LAST_C, PER_C
from trocar.results.tissue_death import DeathModel
from trocar.units import kelvin_from_celsius

GAS_CONSTANT_J_PER_MOL_K = 8.31446261815324
"""Molar gas constant, exact since the SI of 2019."""


def arrhenius_per_s(
    temperature_c: Float[np.ndarray, "*batch"], constants: DeathConstants
) -> Float[np.ndarray, "*batch"]:
    """Return dΩ/dt of the Arrhenius model: A exp(-Ea / R T), equation (D1)."""
    kelvin = kelvin_from_celsius(np.asarray(temperature_c, dtype=np.float64))
    exponent = -constants.activation_j_per_mol / (GAS_CONSTANT_J_PER_MOL_K * kelvin)
    return np.asarray(constants.frequency_per_s * np.exp(exponent))


def cem43_minutes_per_s(
    temperature_c: Float[np.ndarray, "*batch"], constants: DeathConstants
) -> Float[np.ndarray, "*batch"]:
    """Return equivalent minutes at 43 °C gathered a second: R^(43 - T) / 60, nothing below 39 °C; equation (D2)."""
    t = np.asarray(temperature_c, dtype=np.float64)
    base = np.where(t >= 43.0, constants.r_above_43, constants.r_below_43)
    return np.asarray(np.where(t < 39.0, 0.0, base ** (43.0 - t) / 60.0))


def forward_per_s(temperature_c: Float[np.ndarray, "*batch"], constants: DeathConstants) -> Float[np.ndarray, "*batch"]:
    """Return kf exp(T / Tk) of the three-state model without its factor 1 - A; equation (D3)."""
    return np.asarray(constants.kf_per_s * np.exp(np.asarray(temperature_c, dtype=np.float64) / constants.Tk_c))


def rate_table() -> np.ndarray:
    """Return the rates of the three models over temperature, as the kernel looks them up."""
    constants = load_death_constants()
    t = np.linspace(FIRST_C, LAST_C, round((LAST_C - FIRST_C) * PER_C) + 1)
    columns = [rate(t, constants) for rate in (arrhenius_per_s, cem43_minutes_per_s, forward_per_s)]
    # far above any lethal rate the integral would overflow single precision
    return np.ascontiguousarray(np.minimum(np.stack(columns, axis=1), 1e6), dtype=np.float32)


def death_score(
    model: DeathModel,
    *,
    omega: np.ndarray,
    cem_minutes: np.ndarray,
    viable: np.ndarray,
    highest_c: np.ndarray,
    lowest_c: np.ndarray,
    frozen_below_c: float,
) -> np.ndarray:
    """Return the signed score of a model: zero on the edge of the zone, positive inside; equation (D4)."""
    constants = load_death_constants()
    tiny = np.float32(1e-12)
    if model is DeathModel.ARRHENIUS:
        score = np.log10(omega + tiny)
    elif model is DeathModel.CEM43_240:
        score = np.log10((cem_minutes + tiny) / constants.lethal_minutes)
    elif model is DeathModel.THREE_STATE:
        score = constants.viable_until - viable
    elif model in (DeathModel.ABOVE_54_C, DeathModel.ABOVE_50_C):
        score = (highest_c - constants.heat_c[0 if model is DeathModel.ABOVE_54_C else 1]) / 10.0
    else:
        score = (_cold_limit_c(model, constants, frozen_below_c) - lowest_c) / 10.0
    return np.asarray(score, dtype=np.float32)


def _cold_limit_c(model: DeathModel, constants: DeathConstants, frozen_below_c: float) -> float:
    if model is DeathModel.ICE:
        return frozen_below_c
    return constants.cold_c[0 if model is DeathModel.BELOW_MINUS_20_C else 1]

"""Errors of `trocar.heat.maxwell` against the exact fields of tests/maxwell_exact.py."""

import sys
from pathlib import Path

import numpy as np
from scipy.interpolate import RegularGridInterpolator

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from maxwell_exact import AnnularSlot, FlangedLine, LayeredCylinders, wave_number
from maxwell_scenes import (
    CYLINDER_HEIGHT_MM,
    CYLINDERS_MM,
    FILLING,
    HZ,
    LAYERS,
    LINE_MM,
    LIVER,
    LOAD,
    SLOT_MM,
    cylinders,
    flanged_line,
    line,
    reflection_at_plane,
    slot,
)
from trocar.heat.field_walls import Side
from trocar.heat.maxwell import reflection

POINTS_MM = np.array([[1.0, 1.0], [4.0, 1.5], [8.0, 5.0], [15.0, 10.0], [3.0, 20.0]])
"""r and z of places in liver before the slot."""


def line_errors(n: int) -> tuple[float, float]:
    """Return errors of S11: another filling behind 10 mm of line, a short circuit behind 20 mm."""
    k, first, second = wave_number(FILLING, HZ), 1 / np.sqrt(FILLING), 1 / np.sqrt(LOAD)
    joint = (second - first) / (second + first) * np.exp(-2j * k * 0.010)
    short = -np.exp(-2j * k * 0.020)
    return abs(reflection(*line(n, LOAD)) - joint), abs(reflection(*line(n, None)) - short)


def layered_errors(n: int, waves: int) -> tuple[float, float]:
    """Return the largest errors of H_phi and E_z over their largest values, in two layers of tissue."""
    kz = 2 * np.pi * waves / (CYLINDER_HEIGHT_MM * 1e-3)
    exact, field = LayeredCylinders(CYLINDERS_MM, LAYERS, HZ, kz), cylinders(n, kz)
    r_mm, z_mm = field.problem.middles_mm
    wave = np.cos(kz * z_mm * 1e-3)[:, None]
    h, e = exact.h_phi(r_mm) * wave, exact.e_z(np.asarray(field.problem.r_mm)) * wave
    off_h, off_e = np.abs(field.h_phi_a_per_m - h).max(), np.abs(field.e_z_v_per_m - e).max()
    return float(off_h / np.abs(h).max()), float(off_e / np.abs(e).max())


def slot_errors(m: int) -> tuple[float, float]:
    """Return the largest relative error of H_phi at some points in liver, and that of the power the slot gives."""
    exact, field = AnnularSlot(*SLOT_MM, LIVER, HZ), slot(m)
    r_mm, z_mm = field.problem.middles_mm
    found = RegularGridInterpolator((z_mm, r_mm), field.h_phi_a_per_m, method="cubic")(POINTS_MM[:, ::-1])
    watts = 0.5 * np.log(SLOT_MM[1] / SLOT_MM[0]) ** 2 * exact.admittance_s().real
    off = np.abs(found / exact.h_phi(*POINTS_MM.T) - 1).max()
    return float(off), float(abs(-field.leaving_w(Side.BOTTOM).sum() / watts - 1))


def open_line() -> complex:
    """Return S11 of a line that opens into liver, by 32 and 64 matched modes extrapolated."""
    few, many = (
        FlangedLine(*LINE_MM, filling=2.03, outside=LIVER, frequency_hz=HZ, modes=count).reflection()
        for count in (32, 64)
    )
    return 2 * many - few


def flanged_line_error(m: int) -> float:
    """Return the error of S11 of a line that opens in a metal plane into liver."""
    return abs(reflection_at_plane(*flanged_line(m)) - open_line())

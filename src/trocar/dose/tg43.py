"""The TG-43U1 dose-rate formalism in double precision: the reference every faster path is measured against.

Symbols are those of the protocol, see ``docs/theory/tg43.md``; equation labels such as (T1) are that page's.
Inside this module lengths are in cm and rates in cGy/(h U), as in the protocol.
"""

from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import Source
from trocar.catalogue.tables import AnisotropyTable, RadialTable
from trocar.units import cm_from_mm

R_0_CM = 1.0
"""Reference distance r_0 of TG-43U1."""
NEARLY_ON_AXIS = 1e-4
"""Below this β the arc tangent is replaced by its series; the error of the series is of order β⁴, 1e-16."""


class Formalism(Enum):
    """Which form of the TG-43U1 equation is used."""

    LINE_2D = "two-dimensional, line source, TG-43U1 eq. (1)"
    LINE_1D = "one-dimensional, line source with φ_an, TG-43U1 eq. (11)"
    POINT_1D = "one-dimensional, point source with φ_an, TG-43U1 eq. (10)"


def dose_rate_cgy_per_h_per_u(
    source: Source,
    radius_cm: Float[np.ndarray, "*batch"],
    theta_rad: Float[np.ndarray, "*batch"],
    formalism: Formalism,
) -> Float[np.ndarray, "*batch"]:
    """Return the dose rate to water per unit air-kerma strength, in cGy/(h U).

    Parameters
    ----------
    source
        Model with its tables.
    radius_cm
        Distance from the centre of the source, 0 or more.
    theta_rad
        Polar angle, 0 along the axis, towards the tip of an asymmetric source. Ignored by the one-dimensional forms.
    formalism
        Form of the equation.

    Notes
    -----
    Inside the capsule the formalism has no meaning; the rate of the nearest point of the capsule's surface is
    returned (T9). The one-dimensional forms know no orientation: there the capsule is a sphere of its radius.

    References
    ----------
    Rivard et al., Med Phys 31:633 (2004), doi 10.1118/1.1646040, eqs. (1), (10), (11).

    Examples
    --------
    >>> import numpy as np
    >>> from trocar.catalogue.sources import load_source
    >>> at_reference = (np.array([1.0]), np.array([np.pi / 2]))
    >>> dose_rate_cgy_per_h_per_u(load_source("I125_6711"), *at_reference, Formalism.LINE_2D).round(6)
    array([0.965])
    """
    Lambda, L = source.dose_rate_constant_cgy_per_h_per_u, source.active_length_cm
    G_ref = geometry_function(np.array(R_0_CM), np.array(0.5 * np.pi), L)
    if formalism is Formalism.LINE_2D:
        r, theta = outside_capsule(source, radius_cm, theta_rad)
        rate = geometry_function(r, theta, L) / G_ref * radial_function(source.g_L, r)
        return np.asarray(Lambda * rate * anisotropy_function(source.F, r, theta))
    r = np.asarray(np.maximum(radius_cm, 0.5 * capsule_size_cm(source)[1]))
    phi_an = linear_function(source.phi_an, r)
    if formalism is Formalism.POINT_1D:
        return np.asarray(Lambda * (R_0_CM / r) ** 2 * radial_function(point_source_g(source), r) * phi_an)
    across = np.full_like(r, 0.5 * np.pi)
    return np.asarray(Lambda * geometry_function(r, across, L) / G_ref * radial_function(source.g_L, r) * phi_an)


def geometry_function(
    radius_cm: Float[np.ndarray, "*batch"], theta_rad: Float[np.ndarray, "*batch"], length_cm: float
) -> Float[np.ndarray, "*batch"]:
    """Return G_L(r, θ) in cm⁻² for a line of length L; infinite on the line itself.

    Notes
    -----
    Equation (T3): β/(L r sin θ) with tan β = L r sin θ/(r² − L²/4), which has the limit 1/(r² − L²/4) on the axis.

    References
    ----------
    TG-43U1 eq. (4).
    """
    rho = np.abs(radius_cm * np.sin(theta_rad))
    beyond = np.square(radius_cm) - 0.25 * length_cm**2
    beta = np.arctan2(length_cm * rho, beyond)
    near_axis = (beta < NEARLY_ON_AXIS) & (beyond > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = length_cm * rho / beyond
        limit = (1.0 - ratio * ratio / 3.0) / beyond
        general = beta / (length_cm * rho)
    return np.asarray(np.where(near_axis, limit, general))


def radial_function(table: RadialTable, radius_cm: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """Return g(r): log-linear between nodes, nearest below the table, one exponential beyond it (T4).

    References
    ----------
    Interpolation and extrapolation of TG-43U1S1, Med Phys 34:2187 (2007), doi 10.1118/1.2736790, section III.
    """
    r, log_g = table.radius_cm, np.log(table.values)
    inside = np.interp(radius_cm, r, log_g)
    slope = (log_g[-1] - log_g[-2]) / (r[-1] - r[-2])
    beyond = np.maximum(radius_cm - r[-1], 0.0)
    return np.asarray(np.exp(inside + slope * beyond))


def linear_function(table: RadialTable, radius_cm: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch"]:
    """Return φ_an(r): linear between nodes, nearest outside the table (T5)."""
    return np.asarray(np.interp(radius_cm, table.radius_cm, table.values))


def anisotropy_function(
    table: AnisotropyTable, radius_cm: Float[np.ndarray, "*batch"], theta_rad: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    """Return F(r, θ): bilinear in r and θ, nearest outside the table; a table to 90° is mirrored (T6)."""
    theta_deg = np.asarray(np.rad2deg(theta_rad))
    if table.is_symmetric:
        theta_deg = np.asarray(90.0 - np.abs(90.0 - theta_deg))
    values = table.filled()
    i, u = _cell(table.theta_deg, theta_deg)
    j, v = _cell(table.radius_cm, radius_cm)
    near = values[i, j] * (1 - u) + values[i + 1, j] * u
    far = values[i, j + 1] * (1 - u) + values[i + 1, j + 1] * u
    return np.asarray(near * (1 - v) + far * v)


def point_source_g(source: Source) -> RadialTable:
    """Return g_P(r), the radial dose function for a point source, at the nodes of g_L (T8)."""
    r, L = source.g_L.radius_cm, source.active_length_cm
    across = np.full_like(r, 0.5 * np.pi)
    G_ref = geometry_function(np.array(R_0_CM), np.array(0.5 * np.pi), L)
    return RadialTable(radius_cm=r, values=source.g_L.values * geometry_function(r, across, L) / G_ref * np.square(r))


def capsule_size_cm(source: Source) -> tuple[float, float]:
    """Return length and diameter of the capsule; the active length and 0.5 mm where they are not known."""
    length_mm = source.capsule_length_mm if source.capsule_length_mm is not None else 10.0 * source.active_length_cm
    diameter_mm = source.capsule_diameter_mm if source.capsule_diameter_mm is not None else 0.5
    return cm_from_mm(length_mm), cm_from_mm(diameter_mm)


def outside_capsule(
    source: Source, radius_cm: Float[np.ndarray, "*batch"], theta_rad: Float[np.ndarray, "*batch"]
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Return (r, θ), with each point inside the capsule carried to the nearest point of its surface (T9).

    The capsule is taken as a cylinder centred on the active length.
    """
    length_cm, diameter_cm = capsule_size_cm(source)
    rho, z = np.abs(radius_cm * np.sin(theta_rad)), radius_cm * np.cos(theta_rad)
    to_side, to_end = 0.5 * diameter_cm - rho, 0.5 * length_cm - np.abs(z)
    inside = (to_side > 0) & (to_end > 0)
    rho_surface = np.where(inside & (to_side <= to_end), 0.5 * diameter_cm, rho)
    z_surface = np.where(inside & (to_side > to_end), np.copysign(0.5 * length_cm, z), z)
    r = np.where(inside, np.hypot(rho_surface, z_surface), radius_cm)
    return np.asarray(r), np.asarray(np.where(inside, np.arctan2(rho_surface, z_surface), theta_rad))


def _cell(nodes: Float[np.ndarray, " n"], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each x among nodes and its place in the cell, held to the ends outside."""
    held = np.clip(x, nodes[0], nodes[-1])
    cell = np.clip(np.searchsorted(nodes, held, side="right") - 1, 0, len(nodes) - 2)
    return np.asarray(cell), np.asarray((held - nodes[cell]) / (nodes[cell + 1] - nodes[cell]))

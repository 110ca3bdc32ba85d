"""Problems around an axis whose fields are known exactly, on lattices as fine as wanted."""

import numpy as np

from maxwell_exact import lossy
from trocar.heat.field_walls import CoaxialPort, Side, Wall, fed_wall, imposed_wall, leaving_wall, metal_wall
from trocar.heat.maxwell import TmField, TmProblem, reflection, solve_tm
from trocar.heat.ring_edges import graded_edges

HZ = 2.45e9
LIVER = lossy(43.0, 1.69, HZ)
FILLING, LOAD = lossy(2.03, 0.05, HZ), lossy(10.0, 0.5, HZ)
LINE_MM = (0.5, 1.5)
LAYERS = (lossy(52.0, 1.74, HZ), lossy(10.0, 0.5, HZ))
CYLINDERS_MM = (10.0, 20.0)
CYLINDER_HEIGHT_MM = 30.0
SLOT_MM = (2.0, 3.0)
FEED_MM = 4.0


def solved(
    r_mm: np.ndarray, z_mm: np.ndarray, epsilon: np.ndarray, *, bottom: Wall, top: Wall, outer: Wall, metal=None
) -> TmField:
    metal = np.zeros(epsilon.shape, bool) if metal is None else metal
    walls = {"bottom": bottom, "top": top, "outer": outer}
    return solve_tm(TmProblem(r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, metal=metal, frequency_hz=HZ, **walls))


def line(n: int, second: complex | None, *, length_mm: float = 10.0) -> tuple[TmField, CoaxialPort]:
    """Return a lossy line of twice ``n`` rings whose second half has another filling; None for a short circuit."""
    r_mm, z_mm = np.linspace(*LINE_MM, 5), np.linspace(0.0, 2 * length_mm, 2 * n + 1)
    epsilon = np.full((2 * n, 4), FILLING)
    if second is not None:
        epsilon[n:] = second
    port = CoaxialPort(side=Side.BOTTOM, inner_mm=LINE_MM[0], outer_mm=LINE_MM[1], permittivity=FILLING)
    away = leaving_wall(Side.TOP, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=None)
    bottom, top = fed_wall(metal_wall(4), port, r_mm), metal_wall(4) if second is None else away
    return solved(r_mm, z_mm, epsilon, bottom=bottom, top=top, outer=metal_wall(2 * n)), port


def cylinders(n: int, kz: float) -> TmField:
    """Return two lossy layers under an imposed cos(kz z), between metal planes."""
    r_mm, z_mm = np.linspace(0.0, CYLINDERS_MM[1], n + 1), np.linspace(0.0, CYLINDER_HEIGHT_MM, n + 1)
    epsilon = np.where(0.5 * (r_mm[1:] + r_mm[:-1]) < CYLINDERS_MM[0], *LAYERS) * np.ones((n, 1))
    field = np.cos(kz * 1e-3 * 0.5 * (z_mm[1:] + z_mm[:-1]))
    return solved(r_mm, z_mm, epsilon, bottom=metal_wall(n), top=metal_wall(n), outer=imposed_wall(field))


def slot(m: int, *, reach_mm: float = 60.0, outside: complex = LIVER) -> TmField:
    """Return an annular slot of ``m`` rings with r E_r = 1 V in a metal plane before a half-space."""
    a, b = SLOT_MM
    fine, coarse = (b - a) / m, 4.0 * (b - a) / m
    r_mm = graded_edges([(0.0, 2 * fine), (a, fine), (b, fine), (reach_mm, coarse)], slope=0.4 / m, coarsest_mm=coarse)
    z_mm = graded_edges([(0.0, 0.5 * fine), (reach_mm, coarse)], slope=0.4 / m, coarsest_mm=coarse)
    epsilon = np.full((len(z_mm) - 1, len(r_mm) - 1), outside)
    middles = 0.5 * (r_mm[1:] + r_mm[:-1])
    return solved(
        r_mm,
        z_mm,
        epsilon,
        bottom=imposed_wall(((middles > a) & (middles < b)).astype(float)),
        top=leaving_wall(Side.TOP, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=0.0),
        outer=leaving_wall(Side.OUTER, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=0.0),
    )


def flanged_line(m: int, *, reach_mm: float = 40.0) -> tuple[TmField, CoaxialPort]:
    """Return a line that opens in a metal plane at z = 0 into liver, its rings finest at the edges of the metal."""
    a, b = LINE_MM
    fine, slope, coarse = 0.08 / m, 0.8 / m, 4.0 / m
    stops = [(0.0, 2 * fine), (a, fine), (b, fine), (reach_mm, coarse)]
    r_mm = graded_edges(stops, slope=slope, coarsest_mm=coarse)
    z_mm = graded_edges([(-FEED_MM, 0.2), (0.0, fine), (reach_mm, coarse)], slope=slope, coarsest_mm=coarse)
    r, z = 0.5 * (r_mm[1:] + r_mm[:-1]), 0.5 * (z_mm[1:] + z_mm[:-1])[:, None]
    epsilon = np.where(z < 0, 2.03, LIVER) * np.ones_like(r)
    port = CoaxialPort(side=Side.BOTTOM, inner_mm=a, outer_mm=b, permittivity=2.03)
    field = solved(
        r_mm,
        z_mm,
        epsilon,
        metal=(z < 0) & ((r < a) | (r > b)),
        bottom=fed_wall(metal_wall(len(r)), port, r_mm),
        top=leaving_wall(Side.TOP, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=0.0),
        outer=leaving_wall(Side.OUTER, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=0.0),
    )
    return field, port


def reflection_at_plane(field: TmField, port: CoaxialPort) -> complex:
    """Return S11 of the flanged line carried from its port to the plane."""
    k = 2 * np.pi * HZ / 299792458.0 * np.sqrt(2.03)
    return complex(reflection(field, port) * np.exp(2j * k * FEED_MM * 1e-3))

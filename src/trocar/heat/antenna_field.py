"""`AntennaLattice`: the field of an antenna of the catalogue in even tissue; docs/theory/antenna.md, (F9) and (F10)."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex128, Float64
from scipy import constants

from trocar.catalogue.antenna_design import AntennaDesign
from trocar.catalogue.tissues import DielectricFall, Tissue
from trocar.heat.field_walls import CoaxialPort, Side, fed_wall, leaving_wall
from trocar.heat.maxwell import TmField, TmProblem, reflection, solve_tm
from trocar.heat.ring_edges import graded_edges
from trocar.heat.sources.microwave import REACH_MM, Band, fallen

RINGS_A_LAYER = 5.0
"""Across the thinnest layer of the antenna."""
MOST_ALONG_MM = 0.1
"""Never longer than this where something begins along the axis."""
BEHIND = 1.6
"""Behind the antenna the lattice reaches so much farther: waves that run along the shaft fade more slowly."""
SLOPE = 0.1
"""By how many mm rings grow a mm away from conductors."""
RINGS_A_WAVE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AntennaAnswer:
    """What the field says for 1 W that arrives at the antenna.

    Parameters
    ----------
    heat_w_per_mm3
        Absorbed power a volume in each ring, [z, r].
    reflection
        S11.
    absorbed, left
        Shares of the power that tissue takes up, and that leaves the lattice.
    """

    heat_w_per_mm3: Float64[np.ndarray, "z r"]
    reflection: complex
    absorbed: float
    left: float

    @property
    def reflected(self) -> float:
        """Share of the power that goes back into the line."""
        return abs(self.reflection) ** 2


class AntennaLattice:
    """Rings around an antenna; z is the distance behind its tip.

    Parameters
    ----------
    design
        What it is built of.
    tissue
        All around it.
    band
        Frequency.
    fall
        Published fall of the dielectric properties while tissue heats and dries; None to keep them as at 37 °C.
    finer
        Rings so many times as fine, for tests of convergence.
    """

    def __init__(
        self, design: AntennaDesign, tissue: Tissue, band: Band, *, fall: DielectricFall | None, finer: float = 1.0
    ) -> None:
        self.design, self.fall, self.hz = design, fall, band.value * 1e6
        self.permittivity = float(getattr(tissue, f"permittivity_{band.value:.0f}").value)
        self.conductivity = float(getattr(tissue, f"conductivity_{band.value:.0f}_s_per_m").value)
        self.r_mm, self.z_mm = self._edges(REACH_MM[band], finer)
        r, z = 0.5 * (self.r_mm[1:] + self.r_mm[:-1]), 0.5 * (self.z_mm[1:] + self.z_mm[:-1])[:, None]
        self.metal = np.zeros((z.size, r.size), np.bool_)
        self.built = np.full(self.metal.shape, np.nan)
        for part in design.parts:
            here = (r > part.inner_mm) & (r < part.outer_mm) & (z > part.from_mm) & (z < part.to_mm)
            self.metal[here] = part.permittivity is None
            self.built[here] = 1.0 if part.permittivity is None else part.permittivity
        self.tissue = np.isnan(self.built)

    def _edges(self, reach_mm: float, finer: float) -> tuple[np.ndarray, np.ndarray]:
        radii, places = self.design.radii_mm, self.design.places_mm
        wave_mm = constants.c / self.hz / math.sqrt(self.permittivity) * 1e3
        coarse_mm = wave_mm / RINGS_A_WAVE / finer
        across_mm = min(np.diff(radii)) / RINGS_A_LAYER / finer
        along_mm = min(max(min(np.diff([*places, places[-1] + 1.0])) / RINGS_A_LAYER, across_mm), MOST_ALONG_MM / finer)
        around = [*((edge, across_mm) for edge in radii), (reach_mm, coarse_mm)]
        ends = [(-reach_mm, coarse_mm), (places[-1] + BEHIND * reach_mm, coarse_mm)]
        behind = [*((edge, along_mm) for edge in places), *ends]
        slope = SLOPE / finer
        return (
            graded_edges(around, slope=slope, coarsest_mm=coarse_mm),
            graded_edges(behind, slope=slope, coarsest_mm=coarse_mm),
        )

    @cached_property
    def middles_mm(self) -> tuple[Float64[np.ndarray, " r"], Float64[np.ndarray, " z"]]:
        """Middles of the rings in r and z."""
        return 0.5 * (self.r_mm[1:] + self.r_mm[:-1]), 0.5 * (self.z_mm[1:] + self.z_mm[:-1])

    def materials(self, temperature_c: Float64[np.ndarray, "z r"] | None) -> Complex128[np.ndarray, "z r"]:
        """Return the complex permittivity of each ring, tissue at its temperature by the published fall (M3)."""
        epsilon, sigma = np.full(self.metal.shape, self.permittivity), np.full(self.metal.shape, self.conductivity)
        if self.fall is not None and temperature_c is not None:
            at_c = np.clip(temperature_c, 0.0, None)
            epsilon = 1.0 + (epsilon - 1.0) * fallen(self.fall.permittivity, at_c)
            sigma = sigma * fallen(self.fall.conductivity, at_c)
        lossy = epsilon - 1j * sigma / (2.0 * np.pi * self.hz * constants.epsilon_0)
        return np.where(self.tissue, lossy, self.built.astype(np.complex128))

    def field(self, temperature_c: Float64[np.ndarray, "z r"] | None = None) -> TmField:
        """Return the field for 1 W that arrives through the line, in tissue of a temperature, at 37 °C if not given."""
        return solve_tm(self._problem(self.materials(temperature_c)))

    def answer(self, temperature_c: Float64[np.ndarray, "z r"] | None = None) -> AntennaAnswer:
        """Return heat, reflection and balance of that field."""
        field = self.field(temperature_c)
        left = field.leaving_w(Side.BOTTOM).sum() + field.leaving_w(Side.OUTER).sum()
        left += field.leaving_w(Side.TOP)[self.middles_mm[0] > self.design.line_outer_mm].sum()
        return AntennaAnswer(
            heat_w_per_mm3=field.heat_w_per_mm3,
            reflection=reflection(field, self.port),
            absorbed=float(field.absorbed_w.sum()),
            left=float(left),
        )

    @property
    def port(self) -> CoaxialPort:
        """Where 1 W comes in: the line, at the end of the lattice."""
        design = self.design
        return CoaxialPort(
            side=Side.TOP,
            inner_mm=design.line_inner_mm,
            outer_mm=design.line_outer_mm,
            permittivity=design.line_permittivity,
        )

    def _problem(self, epsilon: np.ndarray) -> TmProblem:
        centre_mm = 0.5 * self.design.last_mm
        bottom, top, outer = (
            leaving_wall(side, r_mm=self.r_mm, z_mm=self.z_mm, permittivity=epsilon, centre_mm=centre_mm)
            for side in (Side.BOTTOM, Side.TOP, Side.OUTER)
        )
        return TmProblem(
            r_mm=self.r_mm,
            z_mm=self.z_mm,
            permittivity=epsilon,
            metal=self.metal,
            frequency_hz=self.hz,
            bottom=bottom,
            top=fed_wall(top, self.port, self.r_mm),
            outer=outer,
        )

"""What holds around a field: `Wall` and `CoaxialPort`; equations (F2) and (F6) of docs/theory/antenna.md."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Complex128
from scipy import constants

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array

VACUUM_OHM = math.sqrt(constants.mu_0 / constants.epsilon_0)
"""Wave impedance of vacuum."""


class Side(Enum):
    """A side of the lattice; its value points outwards along z, 0 for the side far from the axis."""

    BOTTOM = -1
    TOP = 1
    OUTER = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wall(Value):
    """What holds on one side, ring by ring: tangential field = impedance times outgoing magnetic field, plus a source.

    Parameters
    ----------
    impedance_ohm
        Of waves that leave; 0 for metal.
    imposed
        Source: for `Side.BOTTOM` and `Side.TOP` r E_r in V, for `Side.OUTER` E_z in V/m.
    """

    impedance_ohm: Complex128[np.ndarray, " n"]
    imposed: Complex128[np.ndarray, " n"]

    def __post_init__(self) -> None:
        for name in ("impedance_ohm", "imposed"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.complex128))


def metal_wall(count: int) -> Wall:
    """Return a wall of perfect metal along so many rings."""
    return imposed_wall(np.zeros(count))


def imposed_wall(field: np.ndarray) -> Wall:
    """Return a wall on which the tangential electric field is given."""
    return Wall(impedance_ohm=np.zeros(len(field), np.complex128), imposed=field.astype(np.complex128))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoaxialPort(Value):
    """A matched coaxial line that ends on the bottom or top of the lattice and brings a TEM wave, equation (F6).

    Parameters
    ----------
    side
        `Side.BOTTOM` or `Side.TOP`.
    inner_mm, outer_mm
        Radii of its conductors.
    permittivity
        Relative, of its filling; complex where it has losses.
    power_w
        Of the incident wave.

    Raises
    ------
    HeatError
        Radii that do not ascend, no power, or a side where no line can end.
    """

    side: Side
    inner_mm: float
    outer_mm: float
    permittivity: complex
    power_w: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.inner_mm < self.outer_mm and self.power_w > 0 and self.side is not Side.OUTER):
            raise HeatError(
                "heat.coaxial-port-invalid",
                "a coaxial port with radii {inner} and {outer} mm and {power_w} W on side {side} was given; the radii "
                "ascend from above 0, the power is above 0, and it ends at the bottom or the top",
                inner=self.inner_mm,
                outer=self.outer_mm,
                power_w=self.power_w,
                side=self.side.name,
            )

    @property
    def wave_ohm(self) -> complex:
        """Wave impedance of its filling."""
        return complex(VACUUM_OHM / np.sqrt(self.permittivity))

    @property
    def line_ohm(self) -> complex:
        """Impedance of the line: voltage over current of a travelling wave."""
        return self.wave_ohm * math.log(self.outer_mm / self.inner_mm) / (2.0 * math.pi)

    @property
    def incident_a(self) -> float:
        """The incident wave's r H_phi."""
        flux_ohm = math.pi * self.wave_ohm.real * math.log(self.outer_mm / self.inner_mm)
        return float(math.sqrt(self.power_w / flux_ohm))


def fed_wall(wall: Wall, port: CoaxialPort, r_mm: np.ndarray) -> Wall:
    """Return a wall with a port in it: its waves leave through the line, and the incident one is imposed, (F6)."""
    middles_mm = 0.5 * (r_mm[1:] + r_mm[:-1])
    across = (middles_mm > port.inner_mm) & (middles_mm < port.outer_mm)
    imposed = -2.0 * port.side.value * port.wave_ohm * port.incident_a
    return Wall(
        impedance_ohm=np.where(across, port.wave_ohm, wall.impedance_ohm),
        imposed=np.where(across, imposed, wall.imposed),
    )


def leaving_wall(
    side: Side, *, r_mm: np.ndarray, z_mm: np.ndarray, permittivity: np.ndarray, centre_mm: float | None
) -> Wall:
    """Return a first-order absorbing wall, equation (F2).

    Parameters
    ----------
    side
        Which.
    r_mm, z_mm, permittivity
        Of the lattice, as `TmProblem` has them.
    centre_mm
        Place on the axis from which waves come; None for waves straight onto the wall.
    """
    beside = permittivity[:, -1] if side is Side.OUTER else permittivity[0 if side is Side.BOTTOM else -1]
    cosine = np.ones(len(beside))
    if centre_mm is not None:
        along = 0.5 * (z_mm[1:] + z_mm[:-1]) if side is Side.OUTER else z_mm[0 if side is Side.BOTTOM else -1]
        out = r_mm[-1] if side is Side.OUTER else 0.5 * (r_mm[1:] + r_mm[:-1])
        away = np.hypot(along - centre_mm, out)
        cosine = (out if side is Side.OUTER else np.abs(along - centre_mm)) / away
    return Wall(impedance_ohm=VACUUM_OHM / np.sqrt(beside) * cosine, imposed=np.zeros(len(beside), complex))

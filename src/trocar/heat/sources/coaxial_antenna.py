"""`CoaxialAntenna`: an antenna whose field is computed from what it is built of; docs/theory/antenna.md."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.catalogue.antenna_design import AntennaDesign
from trocar.catalogue.tissues import load_dielectric_fall
from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.heat.antenna_field import AntennaAnswer, AntennaLattice
from trocar.heat.base import BODY_C, Emission, Moment, PlacedSource, Surroundings
from trocar.heat.kernels.rings import rings_from_voxels, voxels_from_rings
from trocar.heat.lines import points_along
from trocar.heat.sources.microwave import REACH_MM, Band, box_around, cooled_shaft

HOST_MM = 10.0
"""The tissue that fills most of this radius around the antenna is taken for all around it."""
NEAR_MM = 6.0
SAMPLE_MM = 0.1
"""Distance of samples in voxels at the antenna, where the heat is steep."""
TURNS = 12
"""Places around the axis at which the temperature of a ring is taken."""
EARLY_SHARE = 0.2
SOONEST_S = 2.0
"""The field is computed anew after this share of the time since the start, and never sooner than this."""
CHARRED_C = 200.0
DRIES_AT_C = 100.0
"""Water that has left at this temperature does not come back: what was hotter keeps the properties it had."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoaxialAntenna(Value):
    """A microwave antenna of known parts.

    Parameters
    ----------
    label
        Name for traces.
    tip_lps_mm
        Tip of the antenna.
    axis_lps
        Unit vector from the tip backwards along the shaft.
    design
        What it is built of.
    band
        Frequency.
    efficiency
        Share of the generator's power that arrives at the antenna; what it reflects is computed.
    cooled_c
        Temperature of the coolant in the shaft; None for an antenna that is not cooled.
    cooled_mm
        Length of the cooled shaft from the tip.
    fall
        Published fall of the dielectric properties while tissue dries (`load_dielectric_fall`); empty to keep them as
        at 37 °C.
    refresh_s
        How often the field is computed anew, at most; sooner while the treatment is young (`EARLY_SHARE`).

    Raises
    ------
    HeatError
        A share or time that cannot be, or an axis that is no unit vector.
    """

    label: str
    tip_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"]
    design: AntennaDesign
    band: Band
    efficiency: float
    cooled_c: float | None = None
    cooled_mm: float = 60.0
    fall: str = "ji_brace"
    refresh_s: float = 20.0

    def __post_init__(self) -> None:
        tip, axis = frozen_array(self.tip_lps_mm, np.float64), frozen_array(self.axis_lps, np.float64)
        unit = abs(float(np.linalg.norm(axis)) - 1.0) < 1e-6
        if not (unit and 0 < self.efficiency <= 1 and self.refresh_s > 0):
            raise HeatError(
                "heat.coaxial-antenna-invalid",
                "an antenna with efficiency {efficiency}, a field anew every {refresh_s} s and axis {axis} was given; "
                "the efficiency is above 0 and at most 1, the time above 0, the axis a unit vector",
                efficiency=self.efficiency,
                refresh_s=self.refresh_s,
                axis=axis.tolist(),
            )
        object.__setattr__(self, "tip_lps_mm", tip)
        object.__setattr__(self, "axis_lps", axis)

    @property
    def path_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Points of the emitting part every 2 mm or so, from the tip backwards."""
        along = np.linspace(0.0, self.design.emitting_mm, max(2, round(self.design.emitting_mm / 2.0) + 1))
        return np.asarray(self.tip_lps_mm + along[:, None] * self.axis_lps)

    @property
    def longest_step_s(self) -> float:
        """The field changes slowly, with the drying tissue."""
        return 5.0

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the antenna in place."""
        return _PlacedCoaxialAntenna(self, surroundings)


class _PlacedCoaxialAntenna:
    """An antenna in place: the field for 1 W at the antenna, computed anew while the tissue dries."""

    def __init__(self, antenna: CoaxialAntenna, surroundings: Surroundings) -> None:
        self.antenna, self.surroundings = antenna, surroundings
        tissue = surroundings.tissues[host_label(antenna, surroundings) - 1]
        fall = load_dielectric_fall(antenna.fall) if antenna.fall else None
        self.lattice = AntennaLattice(antenna.design, tissue, antenna.band, fall=fall)
        self.outside = surroundings.labels_kji == 0
        grid = surroundings.grid
        self.matrix = np.ascontiguousarray(grid.lps_from_ijk)
        self.inverse = np.ascontiguousarray(np.linalg.inv(self.matrix))
        self.axis = np.ascontiguousarray(antenna.axis_lps)
        least = np.eye(3)[int(np.argmin(np.abs(self.axis)))]
        self.aside = np.cross(self.axis, least) / np.linalg.norm(np.cross(self.axis, least))
        first_mm, last_mm = float(self.lattice.z_mm[0]), float(self.lattice.z_mm[-1])
        middle = antenna.tip_lps_mm + 0.5 * (first_mm + last_mm) * antenna.axis_lps
        across_mm = REACH_MM[antenna.band]
        self.box, _ = box_around(grid, middle, math.hypot(0.5 * (last_mm - first_mm), across_mm))
        self.steep_mm = antenna.design.outer_mm + max(grid.spacing_ijk_mm)
        self.samples = min(math.ceil(max(grid.spacing_ijk_mm) / SAMPLE_MM), 20)
        self.answer: AntennaAnswer | None = None
        self.unit_heat: np.ndarray | None = None
        self.computed_at_s = -np.inf
        self.dried_c = np.full(self.lattice.metal.shape, -np.inf)
        shaft = antenna.tip_lps_mm + np.array([[0.0], [antenna.cooled_mm]]) * antenna.axis_lps
        self.contact = cooled_shaft(grid, shaft, radius_mm=antenna.design.outer_mm, cooled_c=antenna.cooled_c)

    def patience_s(self, time_s: float) -> float:
        """Return its longest step: nothing changes at once."""
        return self.antenna.longest_step_s

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the heat of the field at the power that arrives at the antenna."""
        if level == 0.0:
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0)
        wait_s = min(max(EARLY_SHARE * moment.time_s, SOONEST_S), self.antenna.refresh_s)
        due = self.lattice.fall is not None and moment.time_s - self.computed_at_s >= wait_s
        if self.answer is None or due:
            self.answer = self.lattice.answer(self._temperature_c(moment))
            self.unit_heat = self._in_voxels(self.answer)
            self.computed_at_s = moment.time_s
        arriving_w = level * self.antenna.efficiency
        return Emission(
            heat_w_per_mm3=self.unit_heat,
            contact=self.contact,
            power_w=arriving_w * self.answer.absorbed,
            factor=arriving_w,
        )

    def _temperature_c(self, moment: Moment) -> np.ndarray:
        """Return the temperature of each ring: the mean of voxels around the axis, never less once it dried (F9)."""
        theta = moment.theta_kji
        if moment.charred_kji is not None:
            theta = np.where(moment.charred_kji, np.float32(CHARRED_C - BODY_C), theta)
        r_mm, z_mm = self.lattice.middles_mm
        out = np.empty(self.lattice.metal.shape)
        rings_from_voxels(
            self.inverse, self.antenna.tip_lps_mm, self.axis, self.aside, np.cross(self.axis, self.aside), r_mm, z_mm,
            TURNS, theta, 0.0, out,
        )  # fmt: skip
        out += BODY_C
        self.dried_c = np.maximum(self.dried_c, np.where(out >= DRIES_AT_C, out, -np.inf))
        return np.asarray(np.maximum(out, self.dried_c))

    def _in_voxels(self, answer: AntennaAnswer) -> np.ndarray:
        """Return the heat of the rings in voxels (F10); none outside the body."""
        r_mm, z_mm = self.lattice.middles_mm
        out = np.zeros(self.surroundings.grid.shape_kji, dtype=np.float32)
        self.surroundings.crew.run(
            voxels_from_rings, self.box, self.matrix, self.antenna.tip_lps_mm, self.axis, r_mm, z_mm, self.lattice.r_mm,
            self.lattice.z_mm, answer.heat_w_per_mm3, NEAR_MM, self.steep_mm, self.samples, out,
        )  # fmt: skip
        out[self.outside] = 0.0
        return out


def host_label(antenna: CoaxialAntenna, surroundings: Surroundings) -> int:
    """Return the label that fills most of 10 mm around the antenna, outside the body not counted."""
    grid, labels = surroundings.grid, surroundings.labels_kji
    line, _ = points_along(antenna.path_lps_mm, apart_mm=2.0)
    steps = np.arange(-HOST_MM, HOST_MM + 1.0, 2.0)
    ball = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    ball = ball[np.linalg.norm(ball, axis=1) <= HOST_MM]
    index = np.rint(grid.index_ijk((line[:, None] + ball).reshape(-1, 3))).astype(int)
    shape = np.array(grid.shape_kji[::-1])
    i, j, k = index[((index >= 0) & (index < shape)).all(axis=1)].T
    counts = np.bincount(labels[k, j, i], minlength=len(surroundings.tissues) + 1)
    return int(np.argmax(counts[1:])) + 1

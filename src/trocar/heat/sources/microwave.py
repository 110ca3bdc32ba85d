"""`MicrowaveAntenna`: a parametric model of an interstitial antenna; equations (M1) to (M5) of docs/theory/heat.md."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float
from scipy import constants

from trocar.catalogue.tissues import DielectricFall, Tissue, load_dielectric_fall
from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.heat.base import BODY_C, Contact, Emission, Moment, PlacedSource, Surroundings
from trocar.heat.crew import Box
from trocar.heat.kernels.rays import absorbed, spreading
from trocar.heat.lines import exchange_of

PIECES = 15
"""Point sources along the active part."""
COOLED_CONDUCTIVITY_W_PER_MM_K = 0.5e-3
"""Of the watery tissue that a cooled shaft touches."""


class Band(Enum):
    """Frequency of the generator; the value is in MHz."""

    MHZ_915 = 915.0
    MHZ_2450 = 2450.0


REACH_MM = {Band.MHZ_2450: 45.0, Band.MHZ_915: 70.0}
"""Distance beyond which the heat of 100 W does not warm liver by 0.1 K."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MicrowaveAntenna(Value):
    """A microwave antenna.

    Parameters
    ----------
    label
        Name for traces.
    tip_lps_mm
        Tip of the antenna.
    axis_lps
        Unit vector from the tip backwards along the shaft.
    radius_mm
        Of the shaft.
    band
        Frequency.
    active_mm
        Length over which the power spreads along the shaft; fitted to zones it is longer than the metal that emits.
    ahead_mm
        How far the emitting part begins behind the tip; below 0 where the field reaches beyond it.
    efficiency
        Share of the generator's power that the tissue absorbs: losses in cable and shaft and what is reflected are not
        in it.
    cooled_c
        Temperature of the coolant in the shaft; None for an antenna that is not cooled.
    cooled_mm
        Length of the cooled shaft from the tip.
    fall
        Published fall of the dielectric properties while tissue dries (`load_dielectric_fall`); empty to keep them as
        at 37 °C.
    refresh_s
        How often the field is computed anew.

    Raises
    ------
    HeatError
        A length or share that cannot be, or an axis that is no unit vector.
    """

    label: str
    tip_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"]
    radius_mm: float
    band: Band
    active_mm: float
    efficiency: float
    ahead_mm: float = 0.0
    cooled_c: float | None = None
    cooled_mm: float = 60.0
    fall: str = "ji_brace"
    refresh_s: float = 15.0

    def __post_init__(self) -> None:
        tip = frozen_array(self.tip_lps_mm, np.float64)
        axis = frozen_array(self.axis_lps, np.float64)
        lengths = (self.radius_mm, self.active_mm, self.refresh_s)
        unit = abs(float(np.linalg.norm(axis)) - 1.0) < 1e-6
        if not (min(lengths) > 0 and np.isfinite(self.ahead_mm) and 0 < self.efficiency <= 1 and unit):
            raise HeatError(
                "heat.antenna-invalid",
                "an antenna of radius {radius_mm} mm with {active_mm} mm active, efficiency {efficiency} and axis "
                "{axis} was given; lengths are above 0, the efficiency is at most 1, the axis is a unit vector",
                radius_mm=self.radius_mm,
                active_mm=self.active_mm,
                efficiency=self.efficiency,
                axis=axis.tolist(),
            )
        object.__setattr__(self, "tip_lps_mm", tip)
        object.__setattr__(self, "axis_lps", axis)

    @property
    def path_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Points of the active part every 2 mm or so, from the tip backwards."""
        first = max(self.ahead_mm, 0.0)
        last = max(self.ahead_mm + self.active_mm, first + 2.0)
        along = np.linspace(first, last, max(2, round((last - first) / 2.0) + 1))
        return np.asarray(self.tip_lps_mm + along[:, None] * self.axis_lps)

    @property
    def longest_step_s(self) -> float:
        """The field changes slowly, with the drying tissue."""
        return 5.0

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the antenna in place."""
        return _PlacedAntenna(self, surroundings)


def cooled_shaft(
    grid: Grid, ends_lps_mm: Float[np.ndarray, "2 3"], *, radius_mm: float, cooled_c: float | None
) -> Contact | None:
    """Return what a cooled shaft takes from the tissue; None without coolant."""
    if cooled_c is None:
        return None
    return Contact(
        weight_kji=exchange_of(ends_lps_mm, grid, radius_mm=radius_mm),
        coefficient_w_per_mm_k=COOLED_CONDUCTIVITY_W_PER_MM_K,
        temperature_c=cooled_c,
    )


def absorption_per_mm(
    permittivity: np.ndarray, conductivity_s_per_m: np.ndarray, *, frequency_hz: float
) -> Float[np.ndarray, "*batch"]:
    """Return the coefficient by which power falls in lossy tissue, 2 alpha, equation (M2)."""
    omega = 2.0 * np.pi * frequency_hz
    loss = conductivity_s_per_m / (omega * constants.epsilon_0 * permittivity)
    alpha_per_m = omega * np.sqrt(permittivity) / constants.c * np.sqrt(0.5 * (np.sqrt(1.0 + loss**2) - 1.0))
    return np.asarray(2.0 * alpha_per_m * 1e-3)


def fallen(sigmoid: tuple[float, ...], temperature_c: np.ndarray) -> np.ndarray:
    """Return a dielectric property at a temperature over that at 37 °C, equation (M3)."""
    s1, s2, s3, s4 = sigmoid

    def y(t: np.ndarray | float) -> np.ndarray:
        return np.asarray(s1 * (1.0 - 1.0 / (1.0 + np.exp(np.clip(s2 - s3 * t, -60.0, 60.0)))) + s4)

    return np.asarray(y(temperature_c) / y(BODY_C))


class _PlacedAntenna:
    """An antenna in place: the field for 1 W, computed anew while the tissue dries."""

    def __init__(self, antenna: MicrowaveAntenna, surroundings: Surroundings) -> None:
        self.antenna, self.surroundings = antenna, surroundings
        self.fall: DielectricFall | None = load_dielectric_fall(antenna.fall) if antenna.fall else None
        self.permittivity = _column(surroundings.tissues, antenna.band, "permittivity")
        self.conductivity = _column(surroundings.tissues, antenna.band, "conductivity")
        self.unit_heat: np.ndarray | None = None
        self.computed_at_s = -np.inf
        shaft = antenna.tip_lps_mm + np.array([[0.0], [antenna.cooled_mm]]) * antenna.axis_lps
        self.contact = cooled_shaft(surroundings.grid, shaft, radius_mm=antenna.radius_mm, cooled_c=antenna.cooled_c)
        self.crew = surroundings.crew
        self._spread()

    def patience_s(self, time_s: float) -> float:
        """Return its longest step: nothing changes at once."""
        return self.antenna.longest_step_s

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the heat of the field at the power of the generator."""
        if level == 0.0:
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0)
        due = self.fall is not None and moment.time_s - self.computed_at_s >= self.antenna.refresh_s
        if self.unit_heat is None or due:
            self.unit_heat = self._field(moment)
            self.computed_at_s = moment.time_s
        power_w = level * self.antenna.efficiency
        return Emission(heat_w_per_mm3=self.unit_heat, contact=self.contact, power_w=power_w, factor=power_w)

    def _field(self, moment: Moment) -> np.ndarray:
        """Return heat a volume for 1 W into the tissue (M1), scaled to what a box can absorb (M4)."""
        antenna, grid = self.antenna, self.surroundings.grid
        absorption = self._absorption(moment)
        out = np.zeros(grid.shape_kji, dtype=np.float32)
        self.crew.run(
            absorbed, self.box, absorption, self.matrix, self.inverse, self.start, self.axis, antenna.active_mm,
            2.0 * max(grid.spacing_ijk_mm), self.spread, self.distance, out,
        )  # fmt: skip
        absorbed_w = float(out.sum(dtype=np.float64)) * grid.voxel_volume_mm3
        near = absorption[_slices(self.box)]
        lost = float(np.exp(-float(near.mean()) * self.reach_mm))
        return np.asarray(out * np.float32((1.0 - lost) / absorbed_w))

    def _spread(self) -> None:
        """Compute once what depends on geometry alone, in a box beyond which hardly any power gets."""
        antenna, grid = self.antenna, self.surroundings.grid
        along = (np.arange(PIECES) + 0.5) / PIECES
        shares = np.sin(np.pi * along) ** 2
        self.start = antenna.tip_lps_mm + antenna.ahead_mm * antenna.axis_lps
        self.axis = np.ascontiguousarray(antenna.axis_lps)
        self.matrix = np.ascontiguousarray(grid.lps_from_ijk)
        self.inverse = np.ascontiguousarray(np.linalg.inv(self.matrix[:3, :3]))
        blur_mm = max(antenna.radius_mm, 0.5 * max(grid.spacing_ijk_mm))
        middle = self.start + 0.5 * antenna.active_mm * self.axis
        self.box, self.reach_mm = box_around(grid, middle, REACH_MM[antenna.band])
        self.spread = np.zeros(grid.shape_kji, dtype=np.float32)
        self.distance = np.zeros(grid.shape_kji, dtype=np.float32)
        self.crew.run(
            spreading, self.box, self.matrix, self.start, self.axis, along * antenna.active_mm, shares / shares.sum(),
            blur_mm**2, self.spread, self.distance,
        )  # fmt: skip

    def _absorption(self, moment: Moment) -> np.ndarray:
        labels = self.surroundings.labels_kji
        if self.fall is None:
            table = absorption_per_mm(
                self.permittivity, self.conductivity, frequency_hz=self.antenna.band.value * 1e6
            ).astype(np.float32)
            table[0] = 0.0
            return np.ascontiguousarray(table[labels])
        return self._fallen_absorption(labels, moment, self.fall)

    def _fallen_absorption(self, labels: np.ndarray, moment: Moment, fall: DielectricFall) -> np.ndarray:
        steps = np.linspace(-100.0, 200.0, 301)
        at_c = np.clip(steps, 0.0, None)
        epsilon = 1.0 + (self.permittivity[:, None] - 1.0) * fallen(fall.permittivity, at_c)
        sigma = self.conductivity[:, None] * fallen(fall.conductivity, at_c)
        table = absorption_per_mm(epsilon, sigma, frequency_hz=self.antenna.band.value * 1e6).astype(np.float32)
        table[0] = 0.0
        row = np.clip(np.rint(moment.theta_kji + np.float32(BODY_C + 100.0)), 0, 300).astype(np.int16)
        found = table[labels, row]
        if moment.charred_kji is not None:
            found[moment.charred_kji] = table[labels, 300][moment.charred_kji]
        return np.ascontiguousarray(found)


def _column(tissues: tuple[Tissue, ...], band: Band, kind: str) -> np.ndarray:
    unit = "" if kind == "permittivity" else "_s_per_m"
    name = f"{kind}_{band.value:.0f}{unit}"
    return np.array([1.0 if kind == "permittivity" else 0.0, *(getattr(t, name).value for t in tissues)])


def box_around(grid: Grid, middle_lps_mm: np.ndarray, reach_mm: float) -> tuple[Box, float]:
    """Return the voxels within a reach of a point, and how far they go on the nearest side."""
    index = grid.index_ijk(middle_lps_mm)
    shape, spacing = np.array(grid.shape_kji[::-1]), np.array(grid.spacing_ijk_mm)
    low = np.maximum(np.ceil(index - reach_mm / spacing), 0).astype(int)
    high = np.minimum(np.floor(index + reach_mm / spacing) + 1, shape).astype(int)
    sides = np.minimum(index - low + 0.5, high - 0.5 - index) * spacing
    return (int(low[2]), int(high[2]), int(low[1]), int(high[1]), int(low[0]), int(high[0])), float(sides.min())


def _slices(box: Box) -> tuple[slice, slice, slice]:
    return (slice(box[0], box[1]), slice(box[2], box[3]), slice(box[4], box[5]))

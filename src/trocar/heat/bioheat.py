"""The bioheat equation on a lattice, advanced by super-time-stepping; equations (H1) to (H9) of docs/theory/heat.md."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from trocar.catalogue.tissues import Tissue
from trocar.heat.base import BODY_C, Part, TissueMap, VesselCooling
from trocar.heat.crew import Box, Crew
from trocar.heat.kernels import bioheat as loops

REST_K = 0.02
"""Departure from body temperature that may be left standing outside the window of computation."""
GROWTH = 6
"""Voxels by which the window grows on a side where heat arrives."""
AT_REST_K = 0.5
"""Departure from body temperature up to which tissue conducts as at body temperature."""
SOON_K, SOON_VOXELS = 25.0, 2
"""How near to boiling or freezing, and to voxels that are, a change of phase is looked for."""
RATE_AGE, AGED_RATE = 16, 1.2
"""Steps after which the fastest rate is looked up anew, and the reserve until then."""
NOWHERE: Box = (0, 0, 0, 0, 0, 0)
METAL_LIKE = 1e3
"""Conductivity of a vessel of fixed temperature over that of tissue: its wall lies then on the faces of its voxels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChange:
    """Where water freezes and boils, and what that costs.

    Parameters
    ----------
    melt_c, freeze_c
        Freezing starts and ends.
    boil_c, dry_c
        Boiling starts, and ends when all water is gone.
    ice_latent_j_per_kg, steam_latent_j_per_kg
        Latent heat of water.
    ice_drop_j_per_kg_k, steam_drop_j_per_kg_k
        By how much the heat capacity falls a kilogram of water when it freezes or leaves.
    ice_gain_w_m2_per_kg_k
        By how much the conductivity rises a unit of water density when it freezes.
    """

    melt_c: float = -0.5
    freeze_c: float = -8.0
    boil_c: float = 99.0
    dry_c: float = 100.0
    ice_latent_j_per_kg: float = 334e3
    steam_latent_j_per_kg: float = 2.26e6
    ice_drop_j_per_kg_k: float = 2090.0
    steam_drop_j_per_kg_k: float = 4180.0
    ice_gain_w_m2_per_kg_k: float = 1.85e-3

    def packed(self) -> Float[np.ndarray, " 8"]:
        """Return the numbers as the loops take them: temperatures from that of the body, water in kg/mm³."""
        return np.array(
            [
                self.melt_c - BODY_C,
                self.freeze_c - BODY_C,
                self.boil_c - BODY_C,
                self.dry_c - BODY_C,
                self.ice_latent_j_per_kg,
                self.ice_drop_j_per_kg_k,
                self.steam_latent_j_per_kg,
                self.steam_drop_j_per_kg_k,
            ],
            dtype=np.float32,
        )


def padded(values: np.ndarray, *, rim: float | None = 0.0) -> np.ndarray:
    """Return an array with a rim of one voxel: of a given value, or continued outwards where it is None."""
    if rim is None:
        return np.pad(values, 1, mode="edge")
    return np.pad(values, 1, constant_values=rim)


INSIDE = (slice(1, -1), slice(1, -1), slice(1, -1))
"""What of a padded array belongs to the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """Thermal numbers of each label, in mm, s, W, K; index 0 is outside the body."""

    conductivity: Float[np.ndarray, " n"]
    slope: Float[np.ndarray, " n"]
    frozen: Float[np.ndarray, " n"]
    capacity: Float[np.ndarray, " n"]
    perfusion: Float[np.ndarray, " n"]
    water: Float[np.ndarray, " n"]

    @classmethod
    def of(cls, tissues: tuple[Tissue, ...], phase: PhaseChange) -> "Properties":
        """Return the numbers of tissues."""

        def column(outside: float, values: list[float]) -> np.ndarray:
            return np.array([outside, *values], dtype=np.float32)

        k = [t.conductivity_w_per_mm_k for t in tissues]
        gain = [phase.ice_gain_w_m2_per_kg_k * t.water_kg_per_mm3 * 1e9 * 1e-3 for t in tissues]
        return cls(
            conductivity=column(0.0, k),
            slope=column(0.0, [t.conductivity_slope_w_per_m_k2.value * 1e-3 for t in tissues]),
            frozen=column(0.0, [a + b for a, b in zip(k, gain, strict=True)]),
            capacity=column(np.inf, [t.heat_capacity_j_per_mm3_k for t in tissues]),
            perfusion=column(0.0, [t.perfusion_w_per_mm3_k for t in tissues]),
            water=column(0.0, [t.water_kg_per_mm3 for t in tissues]),
        )


class HeatField:
    """Temperature of a lattice and everything that changes it.

    Parameters
    ----------
    labels_kji
        Tissue of each voxel.
    spacing_ijk_mm
        Distance of neighbouring centres.
    properties
        Thermal numbers of the labels.
    phase
        Freezing and boiling; None to leave both out.
    insulated
        Whether the grid ends in an insulator; otherwise tissue goes on and is at body temperature one voxel further.
    held_kji
        Voxels that never change their temperature; None for none.
    crew
        Threads.
    freezes
        Whether ice is expected: faces then take the conductivity of the phase they lie in (H3), which costs more.
    rest_k
        Departure from body temperature at the rim of the window at which the window grows.

    Notes
    -----
    The state is the reduced enthalpy u = H / C in K from body temperature, whose temperature θ(u) is (H6); without
    phase change θ = u.
    """

    def __init__(
        self,
        labels_kji: np.ndarray,
        spacing_ijk_mm: tuple[float, float, float],
        *,
        properties: Properties,
        phase: PhaseChange | None,
        insulated: bool = False,
        held_kji: np.ndarray | None = None,
        crew: Crew | None = None,
        freezes: bool = False,
        rest_k: float = REST_K,
    ) -> None:
        self.freezes = freezes
        self.rest_k = rest_k
        self.crew = crew or Crew()
        self.properties = properties
        self.has_phases = phase is not None
        self.physics = (phase or PhaseChange(boil_c=1e6, dry_c=1e6 + 1, melt_c=-1e6, freeze_c=-1e6 - 1)).packed()
        self.labels = padded(np.ascontiguousarray(labels_kji, dtype=np.uint8), rim=0.0 if insulated else None)
        per_c = 1.0 / properties.capacity[self.labels]
        per_c[self.labels == 0] = 0.0
        if held_kji is not None:
            per_c[INSIDE][held_kji] = 0.0
        self.per_c = padded(np.asarray(per_c[INSIDE], dtype=np.float32))  # the rim never changes
        self.water = np.ascontiguousarray(properties.water[self.labels] * (1.0 if self.has_phases else 0.0))
        self.flowing = np.ascontiguousarray(properties.perfusion[self.labels])
        self.take = self.flowing.copy()
        self.give = np.zeros_like(self.take)
        self.u, self.u_old = np.zeros_like(self.take), np.zeros_like(self.take)
        self.theta, self.theta_first, self.theta_second = (
            (np.zeros_like(self.take) for _ in range(3)) if self.has_phases else (self.u,) * 3
        )
        self.phases: Box = NOWHERE
        self.k_field = np.ascontiguousarray(properties.conductivity[self.labels])
        self.active = np.ones(self.take.shape[:2], dtype=np.bool_)
        self.gx, self.gy, self.gz = (np.zeros_like(self.take) for _ in range(3))
        self.per_h2 = tuple(np.float32(1.0 / h**2) for h in spacing_ijk_mm)
        self.conducts_alike = not (self.has_phases or bool(properties.slope.any()))
        self.rate_per_s, self.rate_age, self.rate_window = 0.0, RATE_AGE, NOWHERE
        nk, nj, ni = labels_kji.shape
        self.whole: Box = (1, nk + 1, 1, nj + 1, 1, ni + 1)
        self.window: Box = self.whole
        self._lay_faces((0, nk + 2, 0, nj + 2, 0, ni + 2))

    def _refresh_faces(self, box: Box) -> None:
        p = self.properties
        self.crew.run(
            loops.conductivity_of, box, self.theta, self.labels, p.conductivity, p.slope, self.physics,
            np.float32(AT_REST_K), self.k_field, self.active,
        )  # fmt: skip
        self._lay_faces(box)
        if self.freezes:
            self._refresh_freezing_faces()

    def _lay_faces(self, box: Box) -> None:
        k0, k1, j0, j1, i0, i1 = box
        faces = (max(k0 - 1, 0), k1 - 1, max(j0 - 1, 0), j1 - 1, max(i0 - 1, 0), i1 - 1)
        self.crew.run(loops.faces_of, faces, self.k_field, self.active, *self.per_h2, self.gx, self.gy, self.gz)

    def _refresh_freezing_faces(self) -> None:
        p = self.properties
        k0, k1, j0, j1, i0, i1 = self.phases
        if k1 <= k0:
            return
        self.crew.run(
            loops.freezing_faces_of, (k0 - 1, k1, j0 - 1, j1, i0 - 1, i1), self.theta, self.labels, p.conductivity,
            p.slope, p.frozen, self.physics, *self.per_h2, self.gx, self.gy, self.gz,
        )  # fmt: skip

    def start_window(self, where_kji: np.ndarray) -> None:
        """Compute only around voxels of the grid where something happens, until heat spreads from there."""
        found = np.argwhere(where_kji)
        if len(found) == 0:
            return
        low, high = found.min(axis=0) + 1 - GROWTH, found.max(axis=0) + 2 + GROWTH
        self._widen(low.tolist(), high.tolist())

    def join_window(self, where_kji: np.ndarray) -> None:
        """Widen the window by voxels where something begins to happen."""
        found = np.argwhere(where_kji)
        if len(found) == 0:
            return
        k0, k1, j0, j1, i0, i1 = self.window
        low = np.minimum(found.min(axis=0) + 1 - GROWTH, (k0, j0, i0))
        high = np.maximum(found.max(axis=0) + 2 + GROWTH, (k1, j1, i1))
        self._widen(low.tolist(), high.tolist())

    def _widen(self, low: list[int], high: list[int]) -> None:
        ends = self.whole[1::2]
        lo = [max(int(a), 1) for a in low]
        hi = [min(int(b), end) for b, end in zip(high, ends, strict=True)]
        self.window = (lo[0], hi[0], lo[1], hi[1], lo[2], hi[2])

    def grow_window(self) -> None:
        """Widen the window on the sides where heat or cold has arrived at its rim."""
        if self.window == self.whole:
            return
        sides = np.zeros(6, dtype=np.float32)
        loops.rim_excess(*self.window, self.theta, sides)
        if sides.max() > self.rest_k:
            far = [GROWTH if side > self.rest_k else 0 for side in sides]
            k0, k1, j0, j1, i0, i1 = self.window
            self._widen([k0 - far[0], j0 - far[2], i0 - far[4]], [k1 + far[1], j1 + far[3], i1 + far[5]])

    def wider_window(self) -> Box:
        """Return the window with one more layer on each side, within the padded arrays."""
        k0, k1, j0, j1, i0, i1 = self.window
        return (k0 - 1, k1 + 1, j0 - 1, j1 + 1, i0 - 1, i1 + 1)

    def set_temperature(self, theta_kji: np.ndarray) -> None:
        """Set the temperature, in K from that of the body, between freezing and boiling."""
        for each in (self.u, self.u_old, self.theta):
            each[INSIDE] = theta_kji
        nk, nj, ni = self.theta.shape
        self._refresh_faces((0, nk, 0, nj, 0, ni))

    def sides_changed(self) -> None:
        """Tell that ``take`` has been changed: the fastest rate is looked up anew (H7)."""
        self.rate_age = RATE_AGE

    def advance(self, step_s: float) -> int:
        """Advance by a step of time in as many stages as stability asks for; returns their number (H5, H7)."""
        if self.has_phases:
            self.phases = self._phases()
        if not self.conducts_alike:
            self._refresh_faces(self.wider_window())
        s = stages_for(step_s, self._fastest_rate())
        self._march(stage_weights(s, step_s))
        self.u, self.u_old = self.u_old, self.u
        if self.has_phases:
            self._fill_temperature(self.window, self.theta)
        else:
            self.theta = self.u
        return s

    def _phases(self) -> Box:
        """Return the box in which water boils or freezes, or may do so before the next look."""
        melt, boil = float(self.physics[0]), float(self.physics[2])
        found = self.crew.run(
            loops.phase_bounds, self.window, self.u, np.float32(melt + SOON_K), np.float32(boil - SOON_K)
        )
        bounds = np.array(found, dtype=np.int64)
        low, high = bounds[:, ::2].min(axis=0) - SOON_VOXELS, bounds[:, 1::2].max(axis=0) + SOON_VOXELS
        if (high <= low + 2 * SOON_VOXELS).any():
            return NOWHERE
        ends = np.array(self.window)
        low, high = np.maximum(low, ends[::2]).tolist(), np.minimum(high, ends[1::2]).tolist()
        return (low[0], high[0], low[1], high[1], low[2], high[2])

    def _fastest_rate(self) -> float:
        sides = (self.gx, self.gy, self.gz, self.take, self.per_c)
        if self.rate_age >= RATE_AGE or self.rate_window != self.window:
            rates = self.crew.run(loops.fastest_rate, self.window, *sides)
            self.rate_per_s, self.rate_age, self.rate_window = max(map(float, rates)), 0, self.window  # type: ignore[arg-type]
        self.rate_age += 1
        here = [0.0]
        if self.phases != NOWHERE:
            here = self.crew.run(loops.fastest_phase_rate, self.phases, self.theta, *sides, self.water, self.physics)  # type: ignore[assignment]
        return max(AGED_RATE * self.rate_per_s, *here)

    def _march(self, weights: np.ndarray) -> None:
        rest = self.window[2:]
        arguments = (
            *rest, self.u, self.u_old, self.theta_first, self.theta_second, np.array(self.phases), self.gx, self.gy,
            self.gz, self.take, self.give, self.per_c, self.water, self.physics, weights,
        )  # fmt: skip
        if self.phases != NOWHERE:
            k2, k3, j2, j3, i2, i3 = self.phases
            self._fill_temperature((k2 - 1, k3 + 1, j2 - 1, j3 + 1, i2 - 1, i3 + 1), self.theta_first)
        self.crew.march(loops.march, self.window, len(weights), *arguments)

    def _fill_temperature(self, box: Box, theta: np.ndarray) -> None:
        phases = np.array(self.phases)
        self.crew.run(loops.fill_temperature, box, phases, self.u, theta, self.per_c, self.water, self.physics)

    @property
    def temperature_c(self) -> np.ndarray:
        """Temperature of the grid's voxels; a new array."""
        return np.ascontiguousarray(self.theta[INSIDE]) + np.float32(BODY_C)

    def dried(self, part: Part) -> np.ndarray:
        """Return the share of the water that has boiled off in a part of the grid."""
        boil, dry = self.physics[2], self.physics[3]
        kelvin = self.water[INSIDE][part] * self.per_c[INSIDE][part]
        boiled = (self.u[INSIDE][part] - boil) / ((dry - boil) + self.physics[6] * kelvin)
        return np.asarray(np.clip(boiled, 0.0, 1.0))


def stage_weights(stages: int, step_s: float) -> Float32[np.ndarray, "stages 3"]:
    """Return mu, nu and mu~ tau of each stage (H5)."""
    first = 2.0 / (stages * stages + stages) * step_s
    later = [((2 * j - 1) / j, (1 - j) / j, (2 * j - 1) / j * first) for j in range(2, stages + 1)]
    return np.array([(1.0, 0.0, first), *later], dtype=np.float32)


def stages_for(step_s: float, rate_per_s: float) -> int:
    """Return how many stages a stable step needs: s² + s >= step times rate (H7); odd, 3 at least for accuracy."""
    needed = 1.05 * step_s * rate_per_s
    s = max(3, math.ceil(0.5 * (math.sqrt(1.0 + 4.0 * needed) - 1.0)))
    return s + 1 - s % 2


def field_of(
    tissue_map: TissueMap, *, phase: PhaseChange | None, freezes: bool = False, threads: int | None = None
) -> HeatField:
    """Return the field of a tissue map at body temperature, with its vessels held or cooled as asked."""
    properties = Properties.of(tissue_map.tissues, phase or PhaseChange())
    labels = np.asarray(tissue_map.labels.values_kji)
    held = None
    vessel = tissue_map.vessel_label
    if vessel is not None and tissue_map.vessel_cooling is not VesselCooling.NONE:
        held = labels == vessel
        wall = _vessel_conductivity(tissue_map, properties)
        for column in (properties.conductivity, properties.frozen):
            column[vessel] = wall
        properties.slope[vessel] = 0.0
    return HeatField(
        labels,
        tissue_map.grid.spacing_ijk_mm,
        properties=properties,
        phase=phase,
        held_kji=held,
        freezes=freezes,
        crew=Crew(threads),
    )


def _vessel_conductivity(tissue_map: TissueMap, properties: Properties) -> float:
    """Return the conductivity whose half voxel resists as the film at the wall does (H8)."""
    if tissue_map.vessel_film_w_per_m2_k is None:
        return float(properties.conductivity.max()) * METAL_LIKE
    half_mm = 0.5 * float(np.mean(tissue_map.grid.spacing_ijk_mm))
    return tissue_map.vessel_film_w_per_m2_k * 1e-6 * half_mm

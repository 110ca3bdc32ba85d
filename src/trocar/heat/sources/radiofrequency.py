"""`RfApplicator`: electrodes, the current they drive through the tissue, and the generator that minds them.

Single, cluster and expandable applicators differ by their `Electrode` parts alone; a pair of opposite
polarity is bipolar. Equations (E1) to (E8) of docs/theory/heat.md.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.heat.base import BODY_C, Contact, Emission, Moment, Part, PlacedSource, Surroundings
from trocar.heat.lines import exchange_of
from trocar.heat.nested_potential import NestedPotential
from trocar.heat.potential import Solution

DRY_LEAST = 1e-3
"""Share of its conductivity that dried or charred tissue keeps: published simulations take 1e-2 to 1e-4."""
SATURATION_EXPONENT = 2.0
"""Archie's: conductivity goes with the square of the share of water that is left (E7)."""
STALE = 0.05
"""Change of conductivity at the electrode after which the potential is computed anew at once."""
COOLED_CONDUCTIVITY_W_PER_MM_K = 0.52e-3
"""Of the watery tissue that a cooled tip touches."""


SHORTEST_STEP_S, POWERED_STEP_S, PAUSED_STEP_S = 0.25, 1.0, 3.0
"""How often the generator looks at the impedance, and the tissue is followed while it pauses."""
INSULATION_W_PER_MM2_K = 2.5e-3
"""What a tenth of a millimetre of plastic around the shaft lets through (0.25 W/m/K)."""


class Control(Enum):
    """What the generator holds to."""

    POWER = "constant power, stopped for good when the impedance rises over its limit (roll-off)"
    VOLTAGE = "constant voltage"
    IMPEDANCE = "as much as allowed, paused when the impedance rises over its limit (cool-tip pulsing)"
    TEMPERATURE = "power steered so that the tissue at the electrode keeps a temperature"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generator(Value):
    """A radiofrequency generator; the most power it may give is the level of the schedule.

    Parameters
    ----------
    control
        What it holds to.
    most_volts
        Highest voltage, root mean square; with `Control.VOLTAGE` the voltage itself.
    impedance_limit_ohm
        Above, it stops (`Control.POWER`) or pauses (`Control.IMPEDANCE`); infinite for no limit.
    impedance_rise_ohm
        Likewise, above the impedance at the start.
    pause_s
        Length of a pause.
    goal_c
        Temperature to keep, for `Control.TEMPERATURE` only.
    gain_per_k_s
        Share of the full power by which it is raised a kelvin and second under the goal.

    Raises
    ------
    HeatError
        A number not above 0, or a goal where none belongs or none where one does.
    """

    control: Control
    most_volts: float
    impedance_limit_ohm: float = math.inf
    impedance_rise_ohm: float = math.inf
    pause_s: float = 15.0
    goal_c: float | None = None
    gain_per_k_s: float = 0.002

    def __post_init__(self) -> None:
        numbers = (self.most_volts, self.impedance_limit_ohm, self.impedance_rise_ohm, self.pause_s, self.gain_per_k_s)
        if not min(numbers) > 0 or (self.goal_c is None) == (self.control is Control.TEMPERATURE):
            raise HeatError(
                "heat.generator-invalid",
                "a generator at {control} with {volts} V, limit {limit} ohm, rise {rise} ohm, pause {pause_s} s and "
                "goal {goal_c} °C was given; numbers are above 0, and a goal belongs to temperature control alone",
                control=self.control.name,
                volts=self.most_volts,
                limit=self.impedance_limit_ohm,
                rise=self.impedance_rise_ohm,
                pause_s=self.pause_s,
                goal_c=self.goal_c,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Electrode(Value):
    """One bare metal part: the tip of a needle or a tine.

    Parameters
    ----------
    path_lps_mm
        From its end backwards; bent tines have several points.
    radius_mm
        Of the metal.
    polarity
        +1 for the driven side, -1 for the return electrode of a bipolar pair.
    """

    path_lps_mm: Float[np.ndarray, "n 3"]
    radius_mm: float
    polarity: int = 1

    def __post_init__(self) -> None:
        path = frozen_array(self.path_lps_mm, np.float64)
        if len(path) < 2 or not self.radius_mm > 0 or self.polarity not in (1, -1) or not np.isfinite(path).all():
            raise HeatError(
                "heat.electrode-invalid",
                "an electrode of {n} points, radius {radius_mm} mm and polarity {polarity} was given; it needs two "
                "points at least, a radius above 0 mm and polarity 1 or -1",
                n=len(path),
                radius_mm=self.radius_mm,
                polarity=self.polarity,
            )
        object.__setattr__(self, "path_lps_mm", path)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RfApplicator(Value):
    """A radiofrequency applicator with its generator.

    Parameters
    ----------
    label
        Name for traces.
    electrodes
        At least one of positive polarity; all on one generator. Without one of negative polarity the current returns
        by pads far away.
    generator
        How it is driven.
    cooled_c
        Temperature of the coolant inside the electrodes; None where they are not cooled.
    cooled_shaft_mm
        Length of the insulated shaft behind each electrode through which the coolant flows too.
    refresh_s
        How often the potential is computed anew while nothing at the electrode changes fast.

    Raises
    ------
    HeatError
        No driven electrode.
    """

    label: str
    electrodes: tuple[Electrode, ...]
    generator: Generator
    cooled_c: float | None = None
    cooled_shaft_mm: float = 40.0
    refresh_s: float = 6.0

    def __post_init__(self) -> None:
        if not any(each.polarity > 0 for each in self.electrodes):
            raise HeatError(
                "heat.no-driven-electrode",
                "applicator {label} has {n} electrodes, none of positive polarity; one at least must be driven",
                label=self.label,
                n=len(self.electrodes),
            )

    @property
    def path_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Points of all electrodes."""
        return np.concatenate([each.path_lps_mm for each in self.electrodes])

    @property
    def longest_step_s(self) -> float:
        """As in a pause; while current flows the generator looks at the impedance more often."""
        return PAUSED_STEP_S

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the applicator in place, its generator ready."""
        return _PlacedApplicator(self, surroundings)


def _behind(path_lps_mm: np.ndarray, length_mm: float) -> np.ndarray:
    """Return the two ends of the shaft behind an electrode, in the direction in which the electrode ends."""
    end = path_lps_mm[-1]
    along = end - path_lps_mm[-2]
    return np.stack([end, end + length_mm * along / np.linalg.norm(along)])


def rf_conductivity(
    sigma_37: np.ndarray, slope_per_k: np.ndarray, theta: np.ndarray, dried: np.ndarray
) -> Float[np.ndarray, "*batch"]:
    """Return electrical conductivity of warm, drying tissue, equation (E7)."""
    warm = np.clip(theta, -37.0, 63.0)
    wet = np.maximum((1.0 - dried) ** SATURATION_EXPONENT, DRY_LEAST)
    return np.asarray(sigma_37 * np.maximum(1.0 + slope_per_k * warm, 0.05) * wet)


class _PlacedApplicator:
    """An applicator in place: the potential of the moment and what the generator remembers."""

    def __init__(self, applicator: RfApplicator, surroundings: Surroundings) -> None:
        self.applicator = applicator
        grid, tissues = surroundings.grid, surroundings.tissues
        self.voxel_mm3 = grid.voxel_volume_mm3
        exchanges = [exchange_of(e.path_lps_mm, grid, radius_mm=e.radius_mm) for e in applicator.electrodes]
        self.exchange: np.ndarray = np.asarray(np.sum(exchanges, axis=0, dtype=np.float32))
        poles = np.array([e.polarity for e in applicator.electrodes], dtype=np.float32)
        self.bipolar = bool((poles < 0).any())
        shares = [weight * pole for weight, pole in zip(exchanges, poles, strict=True)]
        driven = np.asarray(np.sum(shares, axis=0, dtype=np.float32))
        self.touched = np.nonzero(self.exchange > 0.02 * self.exchange.max())
        self.potential = NestedPotential(
            grid,
            exchange_kji=self.exchange,
            volts_kji=np.sign(driven).astype(np.float32),
            centre_lps_mm=None if self.bipolar else applicator.path_lps_mm.mean(axis=0),
            crew=surroundings.crew,
        )
        labels = surroundings.labels_kji
        sigma = np.array([0.0, *(t.conductivity_rf_s_per_m.value * 1e-3 for t in tissues)], dtype=np.float32)
        slope = np.array([0.0, *(t.conductivity_rf_slope_per_k.value for t in tissues)], dtype=np.float32)
        self.sigma_37, self.slope = sigma[labels], slope[labels]
        self.solution: Solution | None = None
        self.solved_at_s, self.solved_sigma = -math.inf, np.zeros(0, dtype=np.float32)
        self.pause_until_s, self.rolled_off, self.share = -math.inf, False, 1.0
        self.first_ohm: float | None = None
        self.contact = self._contact(grid)

    def _contact(self, grid: Grid) -> Contact | None:
        if self.applicator.cooled_c is None:
            return None
        weight = self.exchange.copy()
        if self.applicator.cooled_shaft_mm > 0:
            for electrode in self.applicator.electrodes:
                shaft = _behind(electrode.path_lps_mm, self.applicator.cooled_shaft_mm)
                thinning = COOLED_CONDUCTIVITY_W_PER_MM_K / (INSULATION_W_PER_MM2_K * electrode.radius_mm)
                weight += exchange_of(shaft, grid, radius_mm=electrode.radius_mm, thinning=thinning)
        return Contact(
            weight_kji=weight,
            coefficient_w_per_mm_k=COOLED_CONDUCTIVITY_W_PER_MM_K,
            temperature_c=self.applicator.cooled_c,
        )

    def patience_s(self, time_s: float) -> float:
        """Return how long the generator does not look at the impedance: never past the end of a pause."""
        left_s = self.pause_until_s - time_s
        return max(min(PAUSED_STEP_S, left_s), SHORTEST_STEP_S) if left_s > 0.0 else POWERED_STEP_S

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the heat of the current that the generator lets flow, at most ``level`` W."""
        reading_c = self._reading_c(moment)
        if level == 0.0:
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0, reading_c=reading_c)
        if self.rolled_off or moment.time_s < self.pause_until_s:
            return Emission(heat_w_per_mm3=None, contact=self.contact, power_w=0.0, reading_c=reading_c)
        unit = self._unit_solution(moment)
        volts_apart = 2.0 if self.bipolar else 1.0
        impedance_ohm = volts_apart / unit.current_a
        if impedance_ohm > self._limit_ohm(impedance_ohm):
            self._over_limit(moment.time_s)
            return Emission(
                heat_w_per_mm3=None, contact=self.contact, power_w=0.0, impedance_ohm=impedance_ohm, reading_c=reading_c
            )
        volts = self._volts(level, impedance_ohm, reading_c, moment.step_s)
        return Emission(
            heat_w_per_mm3=unit.heat_w,
            factor=(volts / volts_apart) ** 2 / self.voxel_mm3,
            contact=self.contact,
            power_w=volts**2 / impedance_ohm,
            voltage_v=volts,
            current_a=volts / impedance_ohm,
            impedance_ohm=impedance_ohm,
            reading_c=reading_c,
        )

    def _limit_ohm(self, impedance_ohm: float) -> float:
        if self.first_ohm is None:
            self.first_ohm = impedance_ohm
        generator = self.applicator.generator
        return min(generator.impedance_limit_ohm, self.first_ohm + generator.impedance_rise_ohm)

    def _over_limit(self, time_s: float) -> None:
        generator = self.applicator.generator
        if generator.control is Control.IMPEDANCE:
            self.pause_until_s = time_s + generator.pause_s
        elif generator.control is Control.POWER:
            self.rolled_off = True

    def _volts(self, level_w: float, impedance_ohm: float, reading_c: float, step_s: float) -> float:
        """Return the voltage that the generator chooses (E8)."""
        generator = self.applicator.generator
        if generator.control is Control.TEMPERATURE and generator.goal_c is not None:
            lack = generator.goal_c - reading_c
            self.share = min(max(self.share + generator.gain_per_k_s * lack * step_s, 0.0), 1.0)
            # a proportional part damps the swing of the integral one
            level_w *= min(max(self.share + 0.02 * lack, 0.0), 1.0)
        if generator.control is Control.VOLTAGE:
            return min(generator.most_volts, math.sqrt(level_w * impedance_ohm))
        return min(math.sqrt(level_w * impedance_ohm), generator.most_volts)

    def _reading_c(self, moment: Moment) -> float:
        """Return the temperature of the tissue at the electrodes, weighted by what touches them."""
        weight = self.exchange[self.touched]
        return BODY_C + float(np.sum(weight * moment.theta_kji[self.touched]) / weight.sum())

    def _unit_solution(self, moment: Moment) -> Solution:
        at_electrode = self._sigma_of(moment, self.touched)
        stale = self.solution is None or moment.time_s - self.solved_at_s >= self.applicator.refresh_s
        if not stale:
            change = np.abs(at_electrode - self.solved_sigma) / np.maximum(self.solved_sigma, 1e-12)
            stale = bool(np.average(change, weights=self.exchange[self.touched]) > STALE)
        if stale or self.solution is None:
            self.solution = self.potential.solve(lambda part: self._sigma_of(moment, part), moment)
            self.solved_at_s, self.solved_sigma = moment.time_s, at_electrode
        return self.solution

    def _sigma_of(self, moment: Moment, part: Part) -> np.ndarray:
        sigma_37 = self.sigma_37[part]
        sigma = rf_conductivity(sigma_37, self.slope[part], moment.theta_kji[part], moment.dried(part))
        if moment.charred_kji is not None:
            sigma = np.where(moment.charred_kji[part], sigma_37 * DRY_LEAST, sigma)
        return sigma.astype(np.float32)

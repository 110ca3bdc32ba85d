"""The seam of `trocar.heat`: what is asked (`HeatProblem`), of which tissue (`TissueMap`), by which sources, and when.

::

    problem = HeatProblem(tissue_map=..., sources=(...), schedule=Schedule(steps=(...)), death_model=...)
    outcome = simulate(problem, progress=None, cancelled=None)      # trocar.heat.simulate
    outcome.zone.score           # signed Volume: its zero level is the edge of the dead zone
    outcome.deaths, .band_cc     # the same temperatures judged by the other models of death
    outcome.temperatures         # at problem.keep_at_s
    outcome.traces               # power, voltage, current, impedance, reading of each source

    chance = death_probability(problem, samples=200, seed=1)        # trocar.heat.ensemble
    chance.probability           # Volume of the probability of death

All volumes lie on the grid of the tissue map, which is a right-angled lattice around the applicators, 1 mm or finer
where it matters; `trocar.workflow.ablation_heat` makes it from a patient's images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from trocar.catalogue.tissues import Tissue
from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.crew import Crew
from trocar.results.tissue_death import COLD_MODELS, HEAT_MODELS, DeathModel

BODY_C = 37.0
"""Temperature of the body and of arterial blood; fields are computed as the difference from it."""

Progress = Callable[[float], None]
"""Told the share done, 0 to 1."""
Cancelled = Callable[[], bool]
"""Asked now and then; true stops the work with `HeatError` ``heat.cancelled`` (an ensemble keeps what it has)."""


class VesselCooling(Enum):
    """How large vessels take heat away."""

    FIXED = "vessels stay at body temperature"
    CONVECTIVE = "heat crosses the wall by a film coefficient into blood at body temperature"
    NONE = "vessels are tissue like any other"


class PerfusionStop(Enum):
    """When blood stops flowing through heated tissue."""

    NEVER = "never"
    ON_ARRHENIUS = "where the Arrhenius integral reaches 1"
    ON_THREE_STATE = "where the viability of the three-state model falls under 0.8"
    ABOVE_54_C = "where 54 °C was reached once"
    ON_COAGULATION = "where 60 °C was reached once, or the viability of the three-state model falls under 0.8"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TissueMap(Value):
    """Which tissue each voxel is.

    Parameters
    ----------
    labels
        `Quantity.LABEL`, whole numbers: 0 is outside the body and takes up no heat, n is ``tissues[n - 1]``.
    tissues
        What the labels mean.
    vessel_label
        Label of large vessels whose blood carries heat away; None where no vessel is drawn.
    vessel_cooling
        How they do so.
    vessel_film_w_per_m2_k
        Film coefficient at the wall, for `VesselCooling.CONVECTIVE`: 227 is the laminar floor of a 10 mm vessel, 700
        to 5000 are published for entry flow.

    Raises
    ------
    HeatError
        Not labels, a label without tissue, a grid that is not right-angled, or a film coefficient that is missing or
        not wanted.
    """

    labels: Volume
    tissues: tuple[Tissue, ...]
    vessel_label: int | None = None
    vessel_cooling: VesselCooling = VesselCooling.FIXED
    vessel_film_w_per_m2_k: float | None = None

    def __post_init__(self) -> None:
        values = self.labels.values_kji
        if self.labels.quantity is not Quantity.LABEL or not np.issubdtype(values.dtype, np.integer):
            raise HeatError(
                "heat.tissue-map-not-labels",
                "a tissue map was made of {quantity} of type {dtype}; it needs whole numbers that are labels",
                quantity=self.labels.quantity.value,
                dtype=str(values.dtype),
            )
        last = max(int(values.max()), self.vessel_label or 0)
        if int(values.min()) < 0 or last > len(self.tissues) or len(self.tissues) > MOST_TISSUES:
            raise HeatError(
                "heat.label-without-tissue",
                "a tissue map has labels from {low} to {high} and {n} tissues; label 0 is outside the body, label n is "
                "the n-th tissue, at most {most}",
                low=int(values.min()),
                high=last,
                n=len(self.tissues),
                most=MOST_TISSUES,
            )
        if not self.labels.grid.is_orthogonal:
            raise HeatError(
                "heat.grid-not-right-angled",
                "the grid of a tissue map is sheared; resample the labels to a right-angled grid first",
            )
        if (self.vessel_cooling is VesselCooling.CONVECTIVE) != (self.vessel_film_w_per_m2_k is not None):
            raise HeatError(
                "heat.film-coefficient",
                "vessel cooling {cooling} was asked for with a film coefficient of {film}; convective cooling needs "
                "one in W/m²/K and the others none",
                cooling=self.vessel_cooling.name,
                film=self.vessel_film_w_per_m2_k,
            )

    @property
    def grid(self) -> Grid:
        """Where the voxels are."""
        return self.labels.grid


MOST_TISSUES = 63


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step(Value):
    """A stretch of time in which every source keeps its setting.

    Parameters
    ----------
    duration_s
        How long, above 0.
    levels
        One a source, 0 = off: the power of the generator in W for microwave, the most it may give for radiofrequency,
        the duty of a cryoprobe from 0 to 1; -1 for a cryoprobe that thaws actively.
    """

    duration_s: float
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule(Value):
    """Steps in order of time.

    Raises
    ------
    HeatError
        No step, a step without duration, or steps with different numbers of levels.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        durations = [step.duration_s for step in self.steps]
        counts = {len(step.levels) for step in self.steps}
        if len(counts) != 1 or not all(np.isfinite(d) and d > 0 for d in durations):
            raise HeatError(
                "heat.schedule-invalid",
                "a schedule with steps of {durations} s and {counts} levels was given; it needs at least one step, "
                "each longer than 0 s and with one level a source",
                durations=durations,
                counts=sorted(counts),
            )

    @property
    def total_s(self) -> float:
        """Length of the treatment."""
        return sum(step.duration_s for step in self.steps)

    @property
    def starts_s(self) -> tuple[float, ...]:
        """When each step starts."""
        return tuple(float(t) for t in np.cumsum([0.0] + [step.duration_s for step in self.steps[:-1]]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a source finds when it is put in place; arrays are [k, j, i] on the grid.

    Parameters
    ----------
    grid
        Where the voxels are.
    labels_kji
        Tissue of each voxel.
    tissues
        What the labels mean; label 0 is outside.
    crew
        Threads that share the work.
    """

    grid: Grid
    labels_kji: np.ndarray
    tissues: tuple[Tissue, ...]
    crew: Crew


Part = np.ndarray | tuple[slice, slice, slice] | tuple[np.ndarray, ...]
"""A part of the grid: a mask of it, slices, or indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The state of the tissue at one moment, as a source sees it.

    Parameters
    ----------
    time_s, step_s
        Since the start, and how long the answer will be used.
    theta_kji
        Temperature of each voxel from that of the body, in K; a view, not to be written to.
    dried
        Tells the share of the water that has boiled off, 0 to 1, in a part of the grid: slices or a mask.
    window
        Slices of the grid in which the temperature is computed; elsewhere it is that of the body.
    charred_kji
        Which voxels are charred; None where charring is not simulated.
    """

    time_s: float
    step_s: float
    theta_kji: np.ndarray
    dried: Callable[[Part], np.ndarray]
    window: tuple[slice, slice, slice] = (slice(None), slice(None), slice(None))
    charred_kji: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Voxels that exchange heat with something of given temperature: a cooled shaft, a cryoprobe.

    Parameters
    ----------
    weight_kji
        Of each voxel, 1/mm².
    coefficient_w_per_mm_k
        Times the weight: heat a volume and kelvin.
    temperature_c
        Of what the voxels touch.
    """

    weight_kji: Float32[np.ndarray, "k j i"]
    coefficient_w_per_mm_k: float
    temperature_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What a source does during one step of time.

    Parameters
    ----------
    heat_w_per_mm3
        Heat in each voxel, to be multiplied by the factor; None for none.
    factor
        Of the heat: a source that only changes its power keeps its array.
    contact
        Exchange of heat; None for none.
    power_w, voltage_v, current_a, impedance_ohm, reading_c
        For the trace; NaN where a source has none.
    counts_contact
        Whether the heat exchanged by the contact belongs to the power: for a cryoprobe, not for a coolant.
    """

    heat_w_per_mm3: Float32[np.ndarray, "k j i"] | None
    contact: Contact | None
    power_w: float
    voltage_v: float = float("nan")
    current_a: float = float("nan")
    impedance_ohm: float = float("nan")
    reading_c: float = float("nan")
    counts_contact: bool = False
    factor: float = 1.0


@runtime_checkable
class PlacedSource(Protocol):
    """A source in place, with whatever it remembers from moment to moment (a warm start, a pause of the generator)."""

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return what the source does from this moment on at a level of the schedule."""
        ...

    def patience_s(self, time_s: float) -> float:
        """Return how long after a moment the source can wait to be asked again, at most its longest step."""
        ...


@runtime_checkable
class HeatSource(Protocol):
    """An applicator with its generator: a frozen value that can be put in place.

    `trocar.heat.sources.radiofrequency.RfApplicator`, `.microwave.MicrowaveAntenna` and `.cryo.CryoProbe` are such.
    """

    @property
    def label(self) -> str:
        """Name for traces and notices."""
        ...

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the source is, for the provenance."""
        ...

    @property
    def longest_step_s(self) -> float:
        """Longest step of time after which the source must be asked again."""
        ...

    @property
    def path_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Points along the active part, which must lie inside the grid and the body."""
        ...

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the source in place; each call starts afresh."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatProblem(Value):
    """One ablation to be simulated.

    Parameters
    ----------
    tissue_map
        Where which tissue is.
    sources
        What heats or freezes; at most 64.
    schedule
        When at which level; one level a source.
    death_model
        What counts as dead; the others are computed besides. There is no default: the choice matters more than any
        other number here.
    perfusion_stop
        When blood stops flowing through heated tissue; by the three-state model unless told otherwise, as published
        simulations of radiofrequency in liver do. docs/theory/heat.md says what each does to the zone. Frozen tissue
        loses its blood flow for good in any case.
    vaporisation
        Whether water boils: heat is spent on it at 99–100 °C and dried tissue conducts no current.
    char_above_c
        Named option: tissue that passed this temperature turns to char, which neither conducts current nor takes up
        microwaves as tissue does; None for no charring.
    keep_at_s
        Moments whose temperature is kept, from 0 to the end.
    patient_id
        Whose tissue; empty for an experiment.

    Raises
    ------
    HeatError
        No source, too many, another number of levels than sources, a moment outside the treatment.
    """

    tissue_map: TissueMap
    sources: tuple[HeatSource, ...]
    schedule: Schedule
    death_model: DeathModel
    perfusion_stop: PerfusionStop = PerfusionStop.ON_THREE_STATE
    vaporisation: bool = True
    char_above_c: float | None = None
    keep_at_s: tuple[float, ...] = ()
    patient_id: str = ""

    def __post_init__(self) -> None:
        n = len(self.sources)
        if not 1 <= n <= MOST_SOURCES or any(len(step.levels) != n for step in self.schedule.steps):
            raise HeatError(
                "heat.levels-and-sources",
                "{n} sources were given with {levels} levels in the schedule; 1 to {most} sources are allowed, each "
                "step with one level a source",
                n=n,
                levels=len(self.schedule.steps[0].levels),
                most=MOST_SOURCES,
            )
        late = [t for t in self.keep_at_s if not 0.0 <= t <= self.schedule.total_s]
        if late:
            raise HeatError(
                "heat.moment-outside",
                "temperatures were asked for at {late} s, but the treatment lasts from 0 to {total_s:.0f} s",
                late=late,
                total_s=self.schedule.total_s,
            )

    @property
    def death_models(self) -> tuple[DeathModel, ...]:
        """Every model that fits the technique of the chosen one."""
        return COLD_MODELS if self.death_model.is_cold else HEAT_MODELS


MOST_SOURCES = 64
"""Each keeps its own field in memory: a few megabytes on the usual lattice."""

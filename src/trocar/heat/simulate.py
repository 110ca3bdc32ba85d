"""`simulate`: one ablation from the first to the last second."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

import trocar
from trocar.errors import HeatError
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import (
    BODY_C,
    Cancelled,
    Contact,
    Emission,
    HeatProblem,
    Moment,
    PlacedSource,
    Progress,
    Surroundings,
)
from trocar.heat.bioheat import INSIDE, HeatField, PhaseChange, field_of
from trocar.heat.death_state import DeathState
from trocar.heat.kernels import bioheat as loops
from trocar.messages import Message
from trocar.results.ablation_outcome import AblationOutcome, GeneratorTrace
from trocar.results.provenance import Provenance
from trocar.results.temperature import Temperature, TemperatureKind
from trocar.results.tissue_death import DeathMap
from trocar.units import kelvin_from_celsius

NEAREST_SOURCES_MM = 0.5
"""Two applicators closer than this are in one place."""
FEEBLE_W_PER_MM3 = 2e-6
"""Heat that warms tissue by 0.2 K in five minutes, liver with its blood flow by 0.03 K: the window may leave it out."""
EARLY_S, EARLY_SHARE = 2.0, 0.02
"""Longest step soon after a change, and later as a share of the time since then: zones grow fast at first."""
EDGE_K = 2.0
"""Warming or cooling at the edge of the grid that is worth a notice."""
PAPERS = (
    "Pennes 1948, J Appl Physiol 1:93",
    "Meyer, Balsara, Aslam 2014, J Comput Phys 257:594 (DOI 10.1016/j.jcp.2013.08.021)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How finely time is cut.

    Parameters
    ----------
    longest_s
        Longest step of time; None for what the sources ask for.
    first_s
        First step after each change of the schedule; steps double from there.
    threads
        Threads that share the work; None for all.
    """

    longest_s: float | None = None
    first_s: float = 0.25
    threads: int | None = None


def simulate(
    problem: HeatProblem,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    accuracy: Accuracy = Accuracy(),
) -> AblationOutcome:
    """Return what an ablation does to the tissue.

    Parameters
    ----------
    problem
        Tissue, sources, schedule, model of death.
    progress
        Told the share done, now and then.
    cancelled
        Asked now and then whether to stop.
    accuracy
        How finely time is cut.

    Raises
    ------
    HeatError
        An applicator outside the grid or the body, two in one place, or the work was cancelled.
    """
    _require_places(problem)
    run = _Run(problem, accuracy)
    total_s = problem.schedule.total_s
    for time_s, step_s, levels in time_steps(problem, accuracy, patience=run.patience_s):
        if cancelled is not None and cancelled():
            raise HeatError(
                "heat.cancelled",
                "the simulation was cancelled {done_s:.0f} s into a treatment of {total_s:.0f} s",
                done_s=time_s,
                total_s=total_s,
            )
        run.step(time_s, step_s, levels)
        if progress is not None:
            progress((time_s + step_s) / total_s)
    return run.outcome()


def time_steps(
    problem: HeatProblem, accuracy: Accuracy, *, patience: Callable[[float], float] | None = None
) -> Iterator[tuple[float, float, tuple[float, ...]]]:
    """Yield start, length and levels of every step: short after each change, then longer; none jumps a stop.

    ``patience`` tells at a moment how long the sources can wait for the next look; None for what they can at most.
    """
    longest_s = accuracy.longest_s or min(source.longest_step_s for source in problem.sources)
    for start_s, stage in zip(problem.schedule.starts_s, problem.schedule.steps, strict=True):
        end_s = start_s + stage.duration_s
        stops = sorted({t for t in problem.keep_at_s if start_s < t < end_s} | {end_s})
        now_s, length_s = start_s, min(accuracy.first_s, longest_s)
        for stop_s in stops:
            while stop_s - now_s > 1e-9:
                waits_s = length_s if patience is None else min(length_s, patience(now_s))
                n_left = max(1, math.ceil((stop_s - now_s) / waits_s - 1e-9))
                step_s = min(waits_s, (stop_s - now_s) / n_left)
                yield now_s, step_s, stage.levels
                now_s += step_s
                early_s = max(EARLY_S, EARLY_SHARE * (now_s - start_s))
                length_s = min(2.0 * length_s, early_s, longest_s)
            now_s = stop_s


@dataclass(slots=True)
class _Log:
    label: str
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def write(self, time_s: float, emission: Emission, power_w: float) -> None:
        e = emission
        self.rows.append((time_s, power_w, e.voltage_v, e.current_a, e.impedance_ohm, e.reading_c))

    def trace(self) -> GeneratorTrace:
        columns = np.array(self.rows, dtype=np.float64).reshape(-1, 6).T
        names = ("time_s", "power_w", "voltage_v", "current_a", "impedance_ohm", "reading_c")
        return GeneratorTrace(label=self.label, **dict(zip(names, columns, strict=True)))


class _Run:
    """The state of one simulation."""

    def __init__(self, problem: HeatProblem, accuracy: Accuracy) -> None:
        self.problem = problem
        grid = problem.tissue_map.grid
        phase = PhaseChange() if problem.vaporisation or problem.death_model.is_cold else None
        self.field: HeatField = field_of(
            problem.tissue_map, phase=phase, freezes=problem.death_model.is_cold, threads=accuracy.threads
        )
        self.phase = phase or PhaseChange()
        surroundings = Surroundings(
            grid=grid,
            labels_kji=np.asarray(problem.tissue_map.labels.values_kji),
            tissues=problem.tissue_map.tissues,
            crew=self.field.crew,
        )
        self.placed: list[PlacedSource] = [source.place(surroundings) for source in problem.sources]
        self.logs = [_Log(source.label) for source in problem.sources]
        self.death = DeathState(self.field, problem)
        self.kept: list[Temperature] = []
        self.voxel_mm3 = grid.voxel_volume_mm3
        self.reached: set[int] = set()
        self.charred: np.ndarray | None = None
        self.window_set = False
        self.heated = False
        self.touched: tuple[tuple[int, float], ...] = ()
        self.parts: dict[int, tuple[slice, slice, slice]] = {}
        self._keep(0.0)

    def step(self, time_s: float, step_s: float, levels: tuple[float, ...]) -> None:
        """Let the sources act for a step of time, and the tissue react."""
        moment = Moment(
            time_s=time_s,
            step_s=step_s,
            theta_kji=self.field.theta[INSIDE],
            dried=self.field.dried,
            window=self._inside_window(),
            charred_kji=self._charred(),
        )
        emissions = [placed.emit(moment, level) for placed, level in zip(self.placed, levels, strict=True)]
        self._lay(emissions)
        self.death.remember(self.field)
        self.field.advance(step_s)
        self.death.add(self.field, step_s)
        for log, emission in zip(self.logs, emissions, strict=True):
            log.write(time_s + step_s, emission, emission.power_w + self._exchanged_w(emission))
        self.field.grow_window()
        self._keep(time_s + step_s)

    def patience_s(self, time_s: float) -> float:
        """Return how long the sources can wait for the next look."""
        return min(placed.patience_s(time_s) for placed in self.placed)

    def _lay(self, emissions: list[Emission]) -> None:
        """Put heat and contacts of all sources on the lattice."""
        for number, emission in enumerate(emissions):
            acts = emission.heat_w_per_mm3 is not None or emission.contact is not None
            if acts and number not in self.reached:
                self.reached.add(number)
                self._reach(emission)
        self._lay_heat(emissions)
        contacts = [each.contact for each in emissions if each.contact is not None]
        touched = tuple((id(each.weight_kji), each.coefficient_w_per_mm_k) for each in contacts)
        if touched != self.touched:
            self.touched = touched
            self.field.take[...] = self.field.flowing
            for each in contacts:
                part = self._part_of(each)
                self.field.take[INSIDE][part] += each.weight_kji[part] * np.float32(each.coefficient_w_per_mm_k)
            self.field.sides_changed()
        for each in contacts:
            part = self._part_of(each)
            warmth = np.float32(each.coefficient_w_per_mm_k * (each.temperature_c - BODY_C))
            self.field.give[INSIDE][part] += each.weight_kji[part] * warmth

    def _lay_heat(self, emissions: list[Emission]) -> None:
        give, adds = self.field.give, False
        for emission in emissions:
            heat = emission.heat_w_per_mm3
            if heat is not None:
                self.field.crew.run(loops.lay_heat, self.field.window, heat, np.float32(emission.factor), adds, give)
                adds = True
        if adds:
            self.heated = True
        elif self.heated:
            give[...] = 0.0
            self.heated = False
        else:
            for part in self.parts.values():
                give[INSIDE][part] = 0.0

    def _part_of(self, contact: Contact) -> tuple[slice, slice, slice]:
        """Return the slices outside which a contact has no weight."""
        key = id(contact.weight_kji)
        if key not in self.parts:
            sides = []
            for axis in range(3):
                others = tuple(n for n in range(3) if n != axis)
                found = np.flatnonzero(contact.weight_kji.any(axis=others))
                sides.append(slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0))
            self.parts[key] = (sides[0], sides[1], sides[2])
        return self.parts[key]

    def _reach(self, emission: Emission) -> None:
        where = np.zeros(self.problem.tissue_map.grid.shape_kji, dtype=bool)
        if emission.heat_w_per_mm3 is not None:
            where |= emission.heat_w_per_mm3 > FEEBLE_W_PER_MM3 / max(emission.factor, 1e-12)
        if emission.contact is not None:
            where |= emission.contact.weight_kji > 0
        if self.window_set:
            self.field.join_window(where)
        else:
            self.field.start_window(where)
            self.window_set = True

    def _inside_window(self) -> tuple[slice, slice, slice]:
        k0, k1, j0, j1, i0, i1 = self.field.window
        return (slice(k0 - 1, k1 - 1), slice(j0 - 1, j1 - 1), slice(i0 - 1, i1 - 1))

    def _exchanged_w(self, emission: Emission) -> float:
        contact = emission.contact
        if contact is None or not emission.counts_contact:
            return 0.0
        part = self._part_of(contact)
        lack = np.float32(contact.temperature_c - BODY_C) - self.field.theta[INSIDE][part]
        return float(contact.coefficient_w_per_mm_k * self.voxel_mm3 * np.sum(contact.weight_kji[part] * lack))

    def _charred(self) -> np.ndarray | None:
        limit = self.problem.char_above_c
        if limit is None:
            return None
        hot = self.field.theta[INSIDE] > limit - BODY_C
        self.charred = hot if self.charred is None else self.charred | hot
        return self.charred

    def _keep(self, time_s: float) -> None:
        if any(abs(time_s - t) < 1e-6 for t in self.problem.keep_at_s):
            self.kept.append(self._temperature(self.field.temperature_c, TemperatureKind.AT_MOMENT, at_s=time_s))

    def _temperature(self, celsius: np.ndarray, kind: TemperatureKind, at_s: float | None = None) -> Temperature:
        kelvin = np.asarray(kelvin_from_celsius(celsius), dtype=np.float32)
        return Temperature(
            volume=self._volume(kelvin, Quantity.TEMPERATURE_K),
            kind=kind,
            at_s=at_s,
            patient_id=self.problem.patient_id,
            provenance=self._provenance(),
        )

    def _volume(self, values: np.ndarray, quantity: Quantity) -> Volume:
        labels = self.problem.tissue_map.labels
        return Volume.owning(grid=labels.grid, values_kji=values, quantity=quantity, frame_uid=labels.frame_uid)

    def _provenance(self) -> Provenance:
        problem = self.problem
        inputs = {"tissue map": problem.tissue_map.content_hash, "schedule": problem.schedule.content_hash}
        inputs |= {f"source {n + 1}": source.content_hash for n, source in enumerate(problem.sources)}
        return Provenance(
            engine="bioheat, Runge-Kutta-Legendre",
            library_version=trocar.__version__,
            inputs=inputs,
            papers=PAPERS,
        )

    def outcome(self) -> AblationOutcome:
        """Return what came of it."""
        problem = self.problem
        scores = self.death.scores(self.phase.melt_c)
        deaths = {
            model: DeathMap(model=model, score=self._volume(score, Quantity.DEATH_SCORE))
            for model, score in scores.items()
        }
        cold = problem.death_model.is_cold
        kind = TemperatureKind.LOWEST if cold else TemperatureKind.HIGHEST
        extreme_c = self.death.lowest_c if cold else self.death.highest_c
        return AblationOutcome(
            deaths=deaths,
            chosen=problem.death_model,
            temperatures=tuple(self.kept),
            extreme=self._temperature(extreme_c, kind),
            traces=tuple(log.trace() for log in self.logs),
            notices=self._notices(),
            provenance=self._provenance(),
        )

    def _notices(self) -> tuple[Message, ...]:
        extreme = -self.death.lowest[INSIDE] if self.problem.death_model.is_cold else self.death.highest[INSIDE]
        rims = [np.take(extreme, (0, -1), axis=axis).max() for axis in range(3)]
        if max(rims) < EDGE_K:
            return ()
        return (
            Message(
                code="heat.reaches-edge",
                template="heat or cold has reached the edge of the computed region, held at {body_c:g} °C: the "
                "zone may be wrong there; compute a larger region",
                data={"body_c": BODY_C},
            ),
        )


def _require_places(problem: HeatProblem) -> None:
    grid = problem.tissue_map.grid
    labels = np.asarray(problem.tissue_map.labels.values_kji)
    for source in problem.sources:
        path = source.path_lps_mm
        if not grid.contains(path).all():
            raise HeatError(
                "heat.source-outside-grid",
                "applicator {label} reaches beyond the computed region; compute a larger region, or check that plan "
                "and images belong to one frame of reference",
                label=source.label,
            )
        i, j, k = np.round(grid.index_ijk(path)).astype(int).T
        if (labels[k, j, i] == 0).any():
            raise HeatError(
                "heat.source-outside-body",
                "the active part of applicator {label} lies outside the body; move the applicator, or correct the "
                "body's outline",
                label=source.label,
            )
    _require_apart(problem)


def _require_apart(problem: HeatProblem) -> None:
    """Refuse applicators in one place that act together; one that was drawn back acts later in its old track."""
    for n, first in enumerate(problem.sources):
        for m, second in enumerate(problem.sources[n + 1 :], n + 1):
            together = any(step.levels[n] != 0 and step.levels[m] != 0 for step in problem.schedule.steps)
            gap = np.linalg.norm(first.path_lps_mm[:, None] - second.path_lps_mm[None], axis=-1).min()
            if together and gap < NEAREST_SOURCES_MM:
                raise HeatError(
                    "heat.sources-in-one-place",
                    "applicators {first} and {second}, which act together, are {gap_mm:.1f} mm apart at their nearest "
                    "points; two applicators cannot be in one place: move one, or use them one after the other",
                    first=first.label,
                    second=second.label,
                    gap_mm=float(gap),
                )

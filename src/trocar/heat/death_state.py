"""`DeathState`: what the tissue has suffered so far, by every model, and the blood flow that stops with it."""

import math

import numpy as np

from trocar.catalogue.tissues import load_death_constants
from trocar.heat.base import BODY_C, HeatProblem, PerfusionStop
from trocar.heat.bioheat import INSIDE, HeatField
from trocar.heat.damage import death_score, rate_table
from trocar.heat.kernels import damage as loops
from trocar.results.tissue_death import DeathModel


class DeathState:
    """Damage of every voxel of a field.

    Parameters
    ----------
    field
        Whose temperature is followed.
    problem
        Says which models are wanted and when perfusion stops.
    """

    def __init__(self, field: HeatField, problem: HeatProblem) -> None:
        self.problem = problem
        self.constants = load_death_constants()
        self.table = rate_table()
        shape = field.theta.shape
        self.omega, self.cem = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.alive = np.full(shape, self.constants.alive_at_start, np.float32)
        self.vulnerable = np.full(shape, self.constants.vulnerable_at_start, np.float32)
        self.highest, self.lowest = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.before = field.theta.copy()
        self.warm_rows = np.zeros(shape[:2], dtype=np.bool_)

    def remember(self, field: HeatField) -> None:
        """Note the temperature before a step."""
        w = _slices(field)
        self.before[w] = field.theta[w]

    def add(self, field: HeatField, step_s: float) -> None:
        """Add the damage of a step, and stop the blood flow where it has become too much."""
        box, run = field.window, field.crew.run
        run(loops.note_extremes, box, self.before, field.theta, self.highest, self.lowest, self.warm_rows)
        if not self.problem.death_model.is_cold:
            run(
                loops.accumulate, box, self.before, field.theta, self.warm_rows, np.float32(step_s), self.table,
                np.float32(self.constants.kb_per_s), self.omega, self.cem, self.alive, self.vulnerable,
            )  # fmt: skip
        kind, limit, hot = self._stopper()
        run(
            loops.stop_perfusion, box, kind, np.float32(limit), np.float32(hot), self.omega, self.alive,
            self.vulnerable, self.highest, self.warm_rows, field.theta, field.physics[0], field.flowing, field.take,
        )  # fmt: skip

    def _stopper(self) -> tuple[int, float, float]:
        """Return what stops the flow, the limit of the measure, and that of the highest temperature in K over 37 °C."""
        c, never = self.constants, math.inf
        return {
            PerfusionStop.NEVER: (loops.NEVER, never, never),
            PerfusionStop.ON_ARRHENIUS: (loops.BY_OMEGA, 1.0, never),
            PerfusionStop.ON_THREE_STATE: (loops.BY_VIABILITY, c.viable_until, never),
            PerfusionStop.ABOVE_54_C: (loops.BY_HIGHEST, never, c.heat_c[0] - BODY_C),
            PerfusionStop.ON_COAGULATION: (loops.BY_VIABILITY_OR_HIGHEST, c.viable_until, c.coagulates_at_c - BODY_C),
        }[self.problem.perfusion_stop]

    @property
    def highest_c(self) -> np.ndarray:
        """Highest temperature each place reached."""
        return np.ascontiguousarray(self.highest[INSIDE]) + np.float32(BODY_C)

    @property
    def lowest_c(self) -> np.ndarray:
        """Lowest temperature each place reached."""
        return np.ascontiguousarray(self.lowest[INSIDE]) + np.float32(BODY_C)

    def scores(self, frozen_below_c: float) -> dict[DeathModel, np.ndarray]:
        """Return the signed score of every model that fits the technique."""
        viable = self.alive[INSIDE] + self.vulnerable[INSIDE]
        return {
            model: death_score(
                model,
                omega=self.omega[INSIDE],
                cem_minutes=self.cem[INSIDE],
                viable=viable,
                highest_c=self.highest_c,
                lowest_c=self.lowest_c,
                frozen_below_c=frozen_below_c,
            )
            for model in self.problem.death_models
        }


def _slices(field: HeatField) -> tuple[slice, slice, slice]:
    k0, k1, j0, j1, i0, i1 = field.window
    return (slice(k0, k1), slice(j0, j1), slice(i0, i1))

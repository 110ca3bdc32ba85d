"""The planner's solver: simulated annealing on counts, first on a sample of the points, then on all of them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from trocar.errors import OptimiseError
from trocar.geometry.value import Value
from trocar.optimise.base import Ending, Outcome, Problem
from trocar.optimise.feasibility import initial_choice
from trocar.optimise.kernels.annealing import Schedule, anneal
from trocar.optimise.objectives import Objective
from trocar.optimise.tables import empty_books, layout, term_table

ODDS = (0.25, 0.40, 0.15, 0.10, 0.06, 0.04)
"""Shares of slides, jumps, additions, drops, needle transfers and needle closures among the changes tried."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage(Value):
    """A stretch of annealing.

    Parameters
    ----------
    steps
        Changes to try.
    hot, cold
        First and last temperature, in the currency of the objective.
    points_per_structure
        Points of each structure to look at; None for all. Ignored, and all taken, where the problem does not say
        that its first points are a fair sample.
    """

    steps: int
    hot: float
    cold: float
    points_per_structure: int | None

    def __post_init__(self) -> None:
        if self.steps < 0 or not 0 < self.cold <= self.hot:
            raise OptimiseError(
                "optimise.schedule-invalid",
                "an annealing stage of {steps} steps from {hot} to {cold} was given; "
                "steps must be 0 or more, and the temperatures positive and falling",
                steps=self.steps,
                hot=self.hot,
                cold=self.cold,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealer:
    """Simulated annealing in stages, each from the best of the one before.

    Parameters
    ----------
    stages
        In order.
    name
        Name in results.
    """

    stages: tuple[Stage, ...]
    name: str = "annealing on counts"

    @classmethod
    def with_effort(cls, steps: int) -> "Annealer":
        """Return a two-stage annealer: ``steps`` changes on 1 500 points a structure, then a fifth as many on all."""
        return cls(
            stages=(
                Stage(steps=steps, hot=0.3, cold=0.003, points_per_structure=1500),
                Stage(steps=steps // 5, hot=0.02, cold=0.001, points_per_structure=None),
            )
        )

    def optimise(
        self,
        problem: Problem,
        objective: Objective,
        *,
        rng: np.random.Generator,
        start: Int32[np.ndarray, " seeds"] | None = None,
    ) -> Outcome:
        """Return the best choice met."""
        chosen = initial_choice(problem, start)
        state = rng.integers(1, np.iinfo(np.int64).max, size=2, dtype=np.int64).astype(np.uint64)
        table = layout(problem, objective)
        evaluations = 0
        for stage in self.stages:
            limit = stage.points_per_structure if problem.prefix_is_sample else None
            chosen, made = anneal(
                problem.dose_gy,
                problem.background_gy,
                term_table(problem, objective, points_per_structure=limit),
                table,
                empty_books(problem),
                chosen,
                objective.seed,
                Schedule(steps=stage.steps, hot=stage.hot, cold=stage.cold, odds=np.cumsum(ODDS)[:-1]),
                state,
            )
            evaluations += made
        return Outcome(
            chosen=chosen,
            cost=objective.cost(problem, chosen),
            ending=Ending.SCHEDULE_DONE,
            solver=self.name,
            evaluations=evaluations,
        )

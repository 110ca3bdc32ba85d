"""The planner's solver: simulated annealing on counts, then rounds that empty a few needles and plan them anew.

First on a sample of the points, at last on all of them. `docs/theory/inverse_planning.md` says why these steps.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from trocar.errors import OptimiseError
from trocar.geometry.value import Value
from trocar.optimise.base import Ending, Outcome, Problem
from trocar.optimise.feasibility import initial_choice
from trocar.optimise.kernels.annealing import Schedule, anneal
from trocar.optimise.kernels.counting import TermTable
from trocar.optimise.objectives import Objective
from trocar.optimise.tables import empty_books, layout, term_table

ODDS = (0.25, 0.40, 0.15, 0.10, 0.06, 0.04)
"""Shares of slides, jumps, additions, drops, needle transfers and needle closures among the changes tried."""
STEPS_FOR_ROUNDS, ROUNDS = 400, 24
"""Steps a candidate from which rounds pay, and how many there then are."""
SAMPLE = 1536
"""Points of each structure to search on; whole lines of `trocar.optimise.kernels.lines`."""
NEIGHBOURS_EMPTIED = 3
"""Most needles emptied in a round beside the first."""


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
    rounds
        None: anneal once from what was found before. A number: so many times, empty a needle and some of those near
        it, anneal from there, and keep the result if it is no worse.
    """

    steps: int
    hot: float
    cold: float
    points_per_structure: int | None
    rounds: int | None = None

    def __post_init__(self) -> None:
        if self.steps < 0 or not 0 < self.cold <= self.hot or (self.rounds is not None and self.rounds < 0):
            raise OptimiseError(
                "optimise.schedule-invalid",
                "an annealing stage of {steps} steps from {hot} to {cold} in {rounds} rounds was given; "
                "steps and rounds must be 0 or more, and the temperatures positive and falling",
                steps=self.steps,
                hot=self.hot,
                cold=self.cold,
                rounds=self.rounds,
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
    def for_problem(cls, problem: Problem, *, steps: int) -> "Annealer":
        """Return an annealer that tries about so many changes.

        It anneals on a sample of the points, and, if there are many steps for each candidate, spends half of them in
        rounds; a sixth as many again follow on all points.
        """
        rounds = ROUNDS if steps >= STEPS_FOR_ROUNDS * problem.candidate_count else 0
        first = steps // 2 if rounds else steps
        stages = [Stage(steps=first, hot=1.0, cold=0.003, points_per_structure=SAMPLE)]
        if rounds:
            each = (steps - first) // rounds
            stages.append(Stage(steps=each, hot=0.2, cold=0.003, points_per_structure=SAMPLE, rounds=rounds))
        stages.append(Stage(steps=steps // 6, hot=0.02, cold=0.001, points_per_structure=None))
        return cls(stages=tuple(stages))

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
        run = _Run(problem, objective, rng)
        for stage in self.stages:
            limit = stage.points_per_structure if problem.prefix_is_sample else None
            chosen = run.stage(stage, chosen, limit)
        return Outcome(
            chosen=chosen,
            cost=objective.cost(problem, chosen),
            ending=Ending.SCHEDULE_DONE,
            solver=self.name,
            evaluations=run.evaluations,
        )


class _Run:
    """One search: its tables, its stream of random numbers, its count of evaluations."""

    def __init__(self, problem: Problem, objective: Objective, rng: np.random.Generator) -> None:
        self.problem = problem
        self.objective = objective
        self.rng = rng
        self.state = rng.integers(1, np.iinfo(np.int64).max, size=2, dtype=np.int64).astype(np.uint64)
        self.layout = layout(problem, objective)
        self.evaluations = 0

    def stage(self, stage: Stage, chosen: np.ndarray, limit: int | None) -> np.ndarray:
        terms = term_table(self.problem, self.objective, points_per_structure=limit)
        if stage.rounds is None:
            return self._anneal(stage, chosen, terms, stage.steps)[0]
        best, rank = self._anneal(stage, chosen, terms, 0)
        for _ in range(stage.rounds):
            found, its_rank = self._anneal(stage, self._emptied(best), terms, stage.steps)
            if its_rank <= rank:
                best, rank = found, its_rank
        return best

    def _anneal(
        self, stage: Stage, chosen: np.ndarray, terms: TermTable, steps: int
    ) -> tuple[np.ndarray, tuple[bool, float]]:
        """Return the best choice met, and whether it misses something and what it costs."""
        schedule = Schedule(steps=steps, hot=stage.hot, cold=stage.cold, odds=np.cumsum(ODDS)[:-1])
        found, missing, cost, evaluations = anneal(
            self.problem.dose_gy,
            self.problem.background_gy,
            terms,
            self.layout,
            empty_books(self.problem),
            chosen,
            self.objective.seed,
            schedule,
            self.state,
        )
        self.evaluations += evaluations
        return np.asarray(found), (bool(missing > 0), float(cost))

    def _emptied(self, chosen: np.ndarray) -> np.ndarray:
        """Return a choice without the seeds of a random needle in use and some of those near it; fixed seeds stay."""
        if len(chosen) == 0:
            return chosen
        first = self.rng.choice(np.unique(self.problem.needle[chosen]))
        others = self.rng.permutation(self.layout.near[first])[: self.rng.integers(NEIGHBOURS_EMPTIED + 1)]
        leaving = np.isin(self.problem.needle[chosen], [first, *others]) & ~self.layout.fixed[chosen]
        return np.asarray(chosen[~leaving])

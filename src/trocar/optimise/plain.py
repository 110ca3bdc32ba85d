"""A peer to compare with: the annealer one would write first; single seeds at random, all points, plain numpy."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from trocar.optimise.base import Ending, Outcome, Problem
from trocar.optimise.feasibility import broken_rules, initial_choice
from trocar.optimise.objectives import Objective


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnnealer:
    """Textbook simulated annealing: put, take or move one random seed.

    Parameters
    ----------
    steps
        Changes to try.
    hot, cold
        First and last temperature in the currency of the objective; geometric cooling.
    name
        Name in results.
    """

    steps: int
    hot: float
    cold: float
    name: str = "simple annealer"

    def optimise(
        self,
        problem: Problem,
        objective: Objective,
        *,
        rng: np.random.Generator,
        start: Int32[np.ndarray, " seeds"] | None = None,
    ) -> Outcome:
        """Return the cheapest choice met."""
        chosen = initial_choice(problem, start).tolist()
        fixed = set(problem.fixed.tolist())
        cost = best_cost = objective.cost(problem, np.array(chosen, np.int32))
        best = chosen
        for step in range(self.steps):
            trial = _changed(chosen, fixed, problem.candidate_count, rng)
            if broken_rules(problem, np.array(trial, np.int32)):
                continue
            trial_cost = objective.cost(problem, np.array(trial, np.int32))
            heat = self.hot * (self.cold / self.hot) ** (step / self.steps)
            if trial_cost > cost and rng.random() >= np.exp((cost - trial_cost) / heat):
                continue
            chosen, cost = trial, trial_cost
            if cost < best_cost:
                best, best_cost = chosen, cost
        return Outcome(
            chosen=np.array(best, np.int32),
            cost=best_cost,
            ending=Ending.SCHEDULE_DONE,
            solver=self.name,
            evaluations=self.steps,
        )


def _changed(chosen: list[int], fixed: set[int], candidates: int, rng: np.random.Generator) -> list[int]:
    """Return a choice with one seed more, one less, or one elsewhere."""
    movable = [j for j in chosen if j not in fixed]
    kind = rng.integers(3) if movable else 0
    kept = list(chosen)
    if kind > 0:
        kept.remove(movable[rng.integers(len(movable))])
    free = int(rng.integers(candidates))
    return [*kept, free] if kind != 1 and free not in kept else kept

"""A peer to compare with: greedy placement, one seed at a time where it helps most, until none helps."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from trocar.optimise.base import Ending, Outcome, Problem
from trocar.optimise.feasibility import initial_choice
from trocar.optimise.kernels.books import put
from trocar.optimise.kernels.counting import BLOCK
from trocar.optimise.kernels.greedy import best_addition
from trocar.optimise.objectives import Objective
from trocar.optimise.tables import empty_books, layout, term_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy:
    """Greedy placement.

    Parameters
    ----------
    name
        Name in results.
    """

    name: str = "greedy placement"

    def optimise(
        self,
        problem: Problem,
        objective: Objective,
        *,
        rng: np.random.Generator,
        start: Int32[np.ndarray, " seeds"] | None = None,
    ) -> Outcome:
        """Return the choice that no single further seed improves; ``rng`` is not used."""
        del rng
        books, table, terms = empty_books(problem), layout(problem, objective), term_table(problem, objective)
        scratch = np.zeros((2, BLOCK), np.float32)
        chosen = list(initial_choice(problem, start))
        for j in chosen:
            put(j, 1, books, table)
        dose = problem.dose_of(np.array(chosen, np.int32)).astype(np.float32)
        cost = objective.dose_cost(problem, dose.astype(np.float64))
        evaluations = 0
        while True:
            j, least = best_addition(dose, problem.dose_gy, terms, table, books, objective.seed, scratch)
            evaluations += problem.candidate_count
            if j < 0 or least >= cost:
                break
            put(j, 1, books, table)
            chosen.append(j)
            dose = dose + problem.dose_gy[j]
            cost = objective.dose_cost(problem, dose.astype(np.float64))
        found = np.array(chosen, np.int32)
        return Outcome(
            chosen=found,
            cost=objective.cost(problem, found),
            ending=Ending.NO_MOVE_LEFT,
            solver=self.name,
            evaluations=evaluations,
        )

"""Planning for several futures at once: one problem whose structures stand once for each of them.

The cost of a plan is then the mean of its costs in all futures; see `docs/theory/robustness.md`, eq. (U9).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from trocar.errors import OptimiseError
from trocar.optimise.base import Problem
from trocar.optimise.objectives import Objective, Preferences, Term, build_objective
from trocar.plan.goals import Goal


def problem_of_scenarios(problem: Problem, dose_gy: Sequence[Float32[np.ndarray, "candidates points"]]) -> Problem:
    """Return the problem with the points repeated for each scenario.

    Parameters
    ----------
    problem
        Candidates, points and rules as planned; its own doses are the first scenario.
    dose_gy
        Doses of the same candidates to the same points in the other scenarios.

    Raises
    ------
    OptimiseError
        A matrix is of another shape.
    """
    matrices = [problem.dose_gy, *dose_gy]
    if any(matrix.shape != problem.dose_gy.shape for matrix in matrices):
        raise OptimiseError(
            "optimise.scenarios-differ",
            "scenarios of shapes {shapes} were given; all need the candidates and points of the problem",
            shapes=[matrix.shape for matrix in matrices],
        )
    count, points = len(matrices), problem.point_count
    structures = tuple(
        replace(each, name=scenario_name(each.name, n), start=each.start + n * points, stop=each.stop + n * points)
        for n in range(count)
        for each in problem.structures
    )
    return replace(
        problem,
        dose_gy=np.concatenate(matrices, axis=1),
        points_lps_mm=np.tile(problem.points_lps_mm, (count, 1)),
        structures=structures,
        background_gy=np.tile(problem.background_gy, count),
    )


def scenario_name(structure: str, number: int) -> str:
    """Return the name of a structure's points in a scenario, the plan itself being number 0."""
    return structure if number == 0 else f"{structure} in scenario {number}"


def objective_of_scenarios(
    problem: Problem, goals: Sequence[Goal], *, target: str, preferences: Preferences, count: int
) -> Objective:
    """Return the mean of the objectives of all scenarios; needles and seeds are paid once.

    Parameters
    ----------
    problem
        From `problem_of_scenarios`.
    goals
        On the names of the plan's own structures.
    target
        The same.
    preferences
        Weights.
    count
        Number of scenarios, the plan itself included.
    """
    share = replace(
        preferences,
        underdose=preferences.underdose / count,
        overdose=preferences.overdose / count,
        organ_excess=preferences.organ_excess / count,
        must=preferences.must / count,
        wish=preferences.wish / count,
    )
    terms: list[Term] = []
    for number in range(count):
        own = [goal.bound_to(scenario_name(goal.structure, number)) for goal in goals]
        each = build_objective(problem, own, target=scenario_name(target, number), preferences=share)
        terms.extend(each.terms)
    return Objective(terms=tuple(terms), needle=preferences.needle, seed=preferences.seed)

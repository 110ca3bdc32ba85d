"""What no plan can exceed: checked against every plan of a small problem."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from planning_scenes import SCENES, problem_of
from trocar.optimise.base import Problem
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.reach import most_covered

LEVEL_GY = 120.0


def small(**changes: object) -> Problem:
    problem = problem_of(SCENES["vessel"](), points=120, step_mm=10.0)
    return replace(problem, **changes)  # type: ignore[arg-type]


def coverage(problem: Problem, chosen: np.ndarray) -> float:
    target = problem.structures[0]
    dose = problem.dose_of(chosen)[target.start : target.stop]
    return float((dose >= np.float32(LEVEL_GY)).mean())


def test_no_plan_of_four_seeds_covers_more_than_the_bound() -> None:
    problem = small(most_seeds=4)
    bound = most_covered(problem, "node", level_gy=LEVEL_GY)
    first = np.argsort(-problem.dose_gy[:, : problem.structures[0].count].sum(axis=1))[:14]
    best = max(
        coverage(problem, np.array(four, np.int32))
        for four in combinations(first.tolist(), 4)
        if not broken_rules(problem, np.array(four, np.int32))
    )
    assert 0.0 < best <= bound < 1.0


def test_the_bound_rises_with_seeds_and_reaches_all_with_enough() -> None:
    bounds = [most_covered(small(most_seeds=n), "node", level_gy=LEVEL_GY) for n in (0, 2, 6, 20)]
    assert bounds[0] == 0.0
    assert bounds == sorted(bounds)
    assert most_covered(small(), "node", level_gy=LEVEL_GY) == 1.0


def test_the_stock_counts_as_a_limit_only_where_every_strength_is_limited() -> None:
    limited = small(available=(3,))
    assert most_covered(limited, "node", level_gy=LEVEL_GY) == most_covered(
        small(most_seeds=3), "node", level_gy=LEVEL_GY
    )


def test_a_dose_already_there_counts() -> None:
    problem = small(most_seeds=0)
    warm = replace(problem, background_gy=np.full(problem.point_count, 130.0, np.float32))
    assert most_covered(warm, "node", level_gy=LEVEL_GY) == 1.0

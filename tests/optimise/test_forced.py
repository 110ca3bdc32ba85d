"""What coverage forces on an organ: no plan of a small problem stays below it, and it is not nothing."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from planning_scenes import SCENES, problem_of
from trocar.optimise.annealing import Annealer, Stage
from trocar.optimise.base import Problem
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.forced import Demand, _cells, _windows, forced_dose_gy
from trocar.optimise.objectives import Preferences, build_objective

LEVEL_GY = 60.0


def small(**changes: object) -> Problem:
    problem = problem_of(SCENES["vessel"](), points=240, step_mm=8.0)
    return replace(problem, **changes)  # type: ignore[arg-type]


def reached(problem: Problem, chosen: np.ndarray) -> int:
    target = problem.structure("node")
    return int((problem.dose_of(chosen)[target.start : target.stop] >= np.float32(LEVEL_GY)).sum())


def hottest(problem: Problem, chosen: np.ndarray, allowed: int) -> float:
    """Return what the hottest point gets that a limit with so many points allowed speaks of."""
    organ = problem.structure("artery")
    return float(np.sort(problem.dose_of(chosen)[organ.start : organ.stop])[-1 - allowed])


@pytest.mark.parametrize("background_gy", [0.0, 20.0])
@pytest.mark.parametrize("allowed", [0, 6, 30])
def test_no_plan_of_four_seeds_that_meets_the_demand_stays_below(allowed: int, background_gy: float) -> None:
    problem = small(most_seeds=4)
    problem = replace(problem, background_gy=np.full(problem.point_count, background_gy, np.float32))
    inner = np.argsort(-problem.dose_gy[:, : problem.structures[0].count].sum(axis=1))[:13]
    fours = [np.array(four, np.int32) for four in combinations(inner.tolist(), 4)]
    fours = [four for four in fours if not broken_rules(problem, four)]
    counts = np.array([reached(problem, four) for four in fours])
    for points in np.quantile(counts, [0.5, 0.9, 1.0]).astype(int):
        demand = Demand(structure="node", level_gy=LEVEL_GY, points=int(points))
        forced = forced_dose_gy(problem, [demand], organ="artery", allowed=allowed)
        least = min(hottest(problem, four, allowed) for four, n in zip(fours, counts, strict=True) if n >= points)
        assert background_gy <= forced <= least
    assert forced > background_gy


def test_what_is_forced_on_a_real_search_is_less_than_it_gives_and_rises_with_the_demand() -> None:
    scene = SCENES["vessel"]()
    problem = problem_of(scene, points=1500, step_mm=2.0)
    objective = build_objective(problem, scene.goals, target="node", preferences=Preferences.balanced())
    solver = Annealer(stages=(Stage(steps=8000, hot=1.0, cold=0.01, points_per_structure=None),))
    chosen = solver.optimise(problem, objective, rng=np.random.default_rng(1)).chosen
    target = problem.structure("node")
    count = int((problem.dose_of(chosen)[target.start : target.stop] >= np.float32(120.0)).sum())
    demands = [Demand(structure="node", level_gy=120.0, points=int(share * count)) for share in (0.6, 0.8, 1.0)]
    forced = [forced_dose_gy(problem, [each], organ="artery", allowed=20) for each in demands]
    assert 0.0 < forced[0] < forced[1] < forced[2] < hottest(problem, chosen, 20)


def test_demands_that_no_plan_meets_force_anything() -> None:
    demand = Demand(structure="node", level_gy=120.0, points=small().structure("node").count)
    assert forced_dose_gy(small(most_seeds=1), [demand], organ="artery", allowed=3) == np.inf


def test_fixed_seeds_are_there_whatever_is_asked() -> None:
    problem = small(fixed=np.array([3, 40], np.int32))
    forced = forced_dose_gy(problem, [], organ="artery", allowed=6)
    assert 0.7 * hottest(problem, problem.fixed, 6) < forced <= hottest(problem, problem.fixed, 6)


def test_cells_hold_every_point_once_and_windows_every_pair_that_is_too_near() -> None:
    problem = problem_of(SCENES["vessel"](), points=1500, step_mm=1.0)
    points = problem.points_lps_mm[:750]
    assert sorted(np.concatenate(_cells(points)).tolist()) == list(range(750))
    together = {pair for window in _windows(problem) for pair in combinations(sorted(window.tolist()), 2)}
    for n in range(problem.needle_count):
        members = np.flatnonzero(problem.needle == n)
        for a, b in combinations(members.tolist(), 2):
            near = abs(problem.along_mm[a] - problem.along_mm[b]) < problem.pitch_mm - 1e-6
            assert ((a, b) in together) == near

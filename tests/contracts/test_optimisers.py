"""What every solver must do, ours or a stranger's: add it to `SOLVERS`."""

from dataclasses import replace

import numpy as np
import pytest

from planning_scenes import SCENES, problem_of
from trocar.errors import OptimiseError
from trocar.optimise.annealing import Annealer, Stage
from trocar.optimise.base import Optimiser, Problem
from trocar.optimise.exact import MixedInteger
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.greedy import Greedy
from trocar.optimise.objectives import Objective, Preferences, build_objective
from trocar.optimise.plain import PlainAnnealer

SOLVERS: dict[str, Optimiser] = {
    "annealing": Annealer(stages=(Stage(steps=3000, hot=0.3, cold=0.003, points_per_structure=None),)),
    "greedy": Greedy(),
    "plain": PlainAnnealer(steps=400, hot=0.3, cold=0.003),
    "exact": MixedInteger(time_limit_s=4.0),
}


def case(name: str, **changes: object) -> tuple[Problem, Objective]:
    scene = SCENES[name]()
    problem = problem_of(scene, points=60, step_mm=8.0, **changes)  # type: ignore[arg-type]
    return problem, build_objective(problem, scene.goals, target=scene.target, preferences=Preferences.balanced())


@pytest.fixture(params=SOLVERS)
def solver(request: pytest.FixtureRequest) -> Optimiser:
    return SOLVERS[request.param]


def test_it_is_an_optimiser_with_a_name(solver: Optimiser) -> None:
    assert isinstance(solver, Optimiser)
    assert solver.name


@pytest.mark.parametrize("name", ["vessel", "paravertebral"])
def test_no_seeds_overlap_no_needles_cross_and_the_cost_is_what_the_objective_says(
    solver: Optimiser, name: str
) -> None:
    problem, objective = case(name)
    assert len(problem.touching) or len(problem.crossing)
    outcome = solver.optimise(problem, objective, rng=np.random.default_rng(1))
    assert broken_rules(problem, outcome.chosen) == ()
    assert outcome.cost == pytest.approx(objective.cost(problem, outcome.chosen), rel=1e-9)
    assert outcome.cost <= objective.cost(problem, np.empty(0, np.int32))
    assert outcome.bound is None or outcome.bound <= outcome.cost + 1e-6


def test_the_stock_of_each_strength_is_not_overdrawn(solver: Optimiser) -> None:
    problem, objective = case("vessel", strengths_u=(0.5, 0.8), available=(7, 5))
    outcome = solver.optimise(problem, objective, rng=np.random.default_rng(2))
    used = np.bincount(problem.strength[outcome.chosen], minlength=2)
    assert (used <= [7, 5]).all()
    assert used.sum() > 0


def test_no_more_seeds_are_used_than_asked_for(solver: Optimiser) -> None:
    problem, objective = case("vessel")
    free = solver.optimise(problem, objective, rng=np.random.default_rng(2))
    few = solver.optimise(replace(problem, most_seeds=5), objective, rng=np.random.default_rng(2))
    assert len(free.chosen) > 5
    assert 0 < len(few.chosen) <= 5


def test_fixed_seeds_stay(solver: Optimiser) -> None:
    problem, objective = case("bowel")
    problem = replace(problem, fixed=np.array([0, 20], np.int32))
    outcome = solver.optimise(problem, objective, rng=np.random.default_rng(3))
    assert {0, 20} <= set(outcome.chosen.tolist())


def test_fixed_seeds_that_overlap_are_refused(solver: Optimiser) -> None:
    problem, objective = case("bowel", strengths_u=(0.5, 0.8))
    problem = replace(problem, fixed=np.array([0, 1], np.int32))
    with pytest.raises(OptimiseError) as caught:
        solver.optimise(problem, objective, rng=np.random.default_rng(4))
    assert caught.value.code == "optimise.seeds-overlap"


def test_the_same_generator_gives_the_same_plan(solver: Optimiser) -> None:
    if isinstance(solver, MixedInteger):
        pytest.skip("stops by the clock")
    problem, objective = case("vessel")
    first = solver.optimise(problem, objective, rng=np.random.default_rng(5))
    again = solver.optimise(problem, objective, rng=np.random.default_rng(5))
    assert first == again


def test_a_dose_already_there_needs_no_seeds(solver: Optimiser) -> None:
    problem, _ = case("vessel")
    enough = np.zeros(problem.point_count, np.float32)
    target = problem.structures[0]
    enough[target.start : target.stop] = 1.2 * problem.prescription_gy
    problem = replace(problem, background_gy=enough)
    scene = SCENES["vessel"]()
    objective = build_objective(problem, scene.goals, target=scene.target, preferences=Preferences.balanced())
    outcome = solver.optimise(problem, objective, rng=np.random.default_rng(6))
    assert len(outcome.chosen) == 0

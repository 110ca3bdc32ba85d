"""On one matrix and one objective the search beats a plain annealer and greedy placement."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from access_scenes import densely_sampled_clearance_mm
from trocar.optimise.feasibility import broken_rules


def _module(name: str) -> ModuleType:
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location(f"planning_peers_{name}", Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


cases = _module("cases")


def best_of_three(case: object) -> tuple[float, float, float]:
    """Return the costs of Trocar, the simple annealer and greedy placement."""
    from trocar.optimise.annealing import Annealer
    from trocar.optimise.greedy import Greedy
    from trocar.optimise.objectives import Preferences, build_objective
    from trocar.optimise.plain import PlainAnnealer

    problem = case.problem  # type: ignore[attr-defined]
    objective = build_objective(
        problem,
        case.goals,
        target=case.target,
        preferences=Preferences.balanced(),  # type: ignore[attr-defined]
    )
    solvers = (
        Annealer.for_problem(problem, steps=60_000),
        PlainAnnealer(steps=2_000, hot=0.5, cold=0.005),
        Greedy(),
    )
    found = [solver.optimise(problem, objective, rng=np.random.default_rng(1)) for solver in solvers]
    assert all(broken_rules(problem, each.chosen) == () for each in found)
    ours, plain, greedy = (each.cost for each in found)
    return ours, plain, greedy


def test_the_search_beats_its_peers_on_a_hard_scene() -> None:
    ours, plain, greedy = best_of_three(cases.scene_case("vessel"))
    assert ours < plain
    assert ours < greedy


@pytest.mark.slow
@pytest.mark.parametrize("name", ["prostate", "spine", "paravertebral", "bowel"])
def test_the_search_beats_its_peers_on_every_scene(name: str) -> None:
    ours, plain, greedy = best_of_three(cases.scene_case(name))
    assert ours < min(plain, greedy)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(cases.REAL))
def test_real_cases_have_needles_that_clear_and_a_plan_that_beats_its_peers(name: str, shared_data: Path) -> None:
    case = cases.REAL[name](shared_data)
    for needle in case.needles:
        for obstacle in case.rules.obstacles:
            clear = densely_sampled_clearance_mm(needle, obstacle.structure, radius_mm=cases.NEEDLE_RADIUS_MM)
            assert clear >= obstacle.margin_mm, obstacle.name
    ours, plain, greedy = best_of_three(case)
    assert ours < min(plain, greedy)

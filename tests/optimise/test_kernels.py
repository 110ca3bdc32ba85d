"""The compiled loops against numpy."""

import numpy as np
import pytest
from numba import njit

from planning_scenes import problem_of, prostate, vessel
from trocar.optimise.base import Problem
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.kernels import counting
from trocar.optimise.kernels.annealing import next_random
from trocar.optimise.kernels.books import Books, Layout, implant_change, is_allowed, put
from trocar.optimise.kernels.counting import BLOCK, MINUS, PLUS, TermTable, count_after, dose_cost, move_dose
from trocar.optimise.objectives import Objective, Preferences, build_objective
from trocar.optimise.tables import empty_books, layout, term_table

SUMMED_IN_FLOAT32 = 2e-6
"""Share by which sums of some thousand float32 doses may differ from float64."""
CROSS = "optimise.needles-cross"
"""Allowed on the way of a search, which pays for it."""


def change_of(plus: list[int], minus: list[int]) -> np.ndarray:
    change = np.zeros((2, 65), np.int32)
    for row, candidates in ((PLUS, plus), (MINUS, minus)):
        change[row, 0] = len(candidates)
        change[row, 1 : 1 + len(candidates)] = candidates
    return change


@pytest.fixture(scope="module")
def case() -> tuple[Problem, Objective, TermTable]:
    scene = prostate()
    problem = problem_of(scene, points=9000, step_mm=3.0)
    objective = build_objective(problem, scene.goals, target=scene.target, preferences=Preferences.balanced())
    return problem, objective, term_table(problem, objective)


@pytest.mark.parametrize(
    ("plus", "minus"),
    [([], []), ([7], []), ([], [3]), ([7], [3]), ([7, 90, 200], [3]), ([7], [3, 60, 150]), ([7, 8, 9, 10], [3, 60])],
)
def test_a_change_costs_what_the_objective_says_of_the_dose_after_it(
    case: tuple[Problem, Objective, TermTable], plus: list[int], minus: list[int]
) -> None:
    problem, objective, terms = case
    before = np.array([3, 60, 150, 250, 300], np.int32)
    dose = problem.dose_of(before).astype(np.float32)
    sums = np.zeros((len(objective.terms), 2))
    scratch = np.zeros((2, BLOCK), np.float32)
    count_after(dose, problem.dose_gy, change_of(plus, minus), terms, scratch, sums)
    cost, missing = dose_cost(sums, terms)
    after = np.array(sorted((set(before.tolist()) - set(minus)) | set(plus)), np.int32)
    expected = problem.dose_of(after)
    assert cost == pytest.approx(objective.dose_cost(problem, expected), rel=SUMMED_IN_FLOAT32, abs=1e-4)
    assert missing == pytest.approx(objective.misses(problem, expected), abs=2)
    assert not scratch[1].any()
    move_dose(dose, problem.dose_gy, change_of(plus, minus), terms)
    assert np.allclose(dose, expected, rtol=1e-5, atol=1e-4)


def test_a_sample_of_the_points_asks_for_the_same_shares(case: tuple[Problem, Objective, TermTable]) -> None:
    problem, objective, terms = case
    fewer = term_table(problem, objective, points_per_structure=500)
    share = 500 / np.array([problem.structures[term.structure].count for term in objective.terms])
    demanded = terms.costs[:, 5] > 0
    assert np.allclose(fewer.costs[demanded, 4], np.ceil(terms.costs[demanded, 4] * share[demanded] - 1e-9))
    assert np.allclose(fewer.costs[:, 5] * share, terms.costs[:, 5])
    assert ((fewer.structures[:-1, 1] - fewer.structures[:-1, 0]) == 500).all()


@pytest.fixture
def crowded() -> tuple[Problem, Layout, Books]:
    scene = vessel()
    problem = problem_of(scene, points=60, step_mm=2.0)
    objective = build_objective(problem, scene.goals, target=scene.target, preferences=Preferences.balanced())
    return problem, layout(problem, objective), empty_books(problem)


def test_books_agree_with_the_list_of_rules_whatever_is_put_and_taken(crowded: tuple[Problem, Layout, Books]) -> None:
    problem, table, books = crowded
    rng = np.random.default_rng(0)
    held: set[int] = set()
    for _ in range(3000):
        plus = [int(j) for j in rng.integers(problem.candidate_count, size=rng.integers(0, 4)) if int(j) not in held]
        minus = [int(j) for j in rng.permutation(sorted(held))[: rng.integers(0, 3)]]
        plus = sorted(set(plus))
        change = change_of(plus, minus)
        after = (held - set(minus)) | set(plus)
        broken = broken_rules(problem, np.array(sorted(after), np.int32))
        allowed = not [message for message in broken if message.code != CROSS]
        assert is_allowed(change, books, table) == allowed
        if allowed and (plus or minus):
            before_cost = _implant_cost(problem, held)
            rise, crossing_rise = implant_change(change, books, table, 0.01)
            assert rise == pytest.approx(_implant_cost(problem, after) - before_cost, abs=1e-9)
            assert crossing_rise == _crossings(problem, after) - _crossings(problem, held)
            for j in minus:
                put(j, -1, books, table)
            for j in plus:
                put(j, 1, books, table)
            held = after
            assert books.crossing[0] == _crossings(problem, held)
            assert sorted(books.chosen[: books.size[0]].tolist()) == sorted(held)
    assert len(held) > 5
    for j in sorted(held):
        put(j, -1, books, table)
    assert not books.blocked.any()
    assert not books.on_needle.any()
    assert not books.crossed.any()


def _crossings(problem: Problem, held: set[int]) -> int:
    used = {int(problem.needle[j]) for j in held}
    return sum(int(a) in used and int(b) in used for a, b in problem.crossing)


def _implant_cost(problem: Problem, held: set[int]) -> float:
    return 0.01 * len(held) + 0.1 * len({int(problem.needle[j]) for j in held})


def test_the_generator_is_uniform_and_repeats_from_its_state() -> None:
    state = np.array([1, 2], np.uint64)
    draws = np.array([next_random(state) for _ in range(20000)])
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(draws.mean() - 0.5) < 5 * np.sqrt(1 / 12 / len(draws))
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 5 / np.sqrt(len(draws))
    again = np.array([1, 2], np.uint64)
    assert [next_random(again) for _ in range(5)] == draws[:5].tolist()


def test_the_counting_is_vector_code_that_fetches_ahead() -> None:
    fresh = njit(error_model="numpy")(counting.count_after.py_func)
    scene = vessel()
    problem = problem_of(scene, points=60, step_mm=6.0)
    objective = build_objective(problem, scene.goals, target=scene.target, preferences=Preferences.balanced())
    dose, scratch = np.zeros(problem.point_count, np.float32), np.zeros((2, BLOCK), np.float32)
    sums = np.zeros((len(objective.terms), 2))
    fresh(dose, problem.dose_gy, change_of([0], [1]), term_table(problem, objective), scratch, sums)
    text = "".join(fresh.inspect_asm().values())
    assert [name for name in ("maxps", "vmaxps", "fmax\tv", "fcmgt\tv") if name in text], "no packed instructions"
    assert [name for name in ("prefetch", "prfm") if name in text], "nothing is fetched ahead"
    assert "gather" not in text


STRUCTURES = [(0, 5), (5, 21), (21, 21 + BLOCK + 3), (21 + BLOCK + 3, 3 * BLOCK)]
"""Columns: less than a line, just one, a block and a bit, and more than a block."""


@pytest.mark.parametrize("thresholds", [(1, 1, 1, 1), (0, 2, 3, 4), (7, 5, 0, 6)])
@pytest.mark.parametrize(("plus", "minus"), [([], []), ([1], []), ([], [2]), ([1], [2]), ([0, 1], [2, 3])])
def test_sums_are_those_of_plain_loops_whatever_the_sizes(
    thresholds: tuple[int, ...], plus: list[int], minus: list[int]
) -> None:
    rng = np.random.default_rng(sum(thresholds))
    matrix = rng.uniform(0.0, 30.0, (4, 3 * BLOCK)).astype(np.float32)
    dose = rng.uniform(50.0, 250.0, 3 * BLOCK).astype(np.float32)
    level = rng.uniform(80.0, 220.0, sum(thresholds)).astype(np.float32)
    above = rng.random(len(level)) < 0.5
    infinite = np.full_like(level, np.inf)
    levels = np.stack([np.where(above, level, -infinite), np.where(above, infinite, level), level], axis=1)
    first = np.concatenate([[0], np.cumsum(thresholds)])
    rows = [(start, stop, at) for (start, stop), at in zip(STRUCTURES, first, strict=False)]
    terms = TermTable(
        structures=np.array([*rows, (0, 0, len(level))], np.int64), levels=levels, costs=np.zeros((len(level), 8))
    )
    sums = np.full((len(level), 2), -1.0)
    count_after(dose, matrix, change_of(plus, minus), terms, np.zeros((2, BLOCK), np.float32), sums)
    after = dose + (matrix[plus].sum(axis=0, dtype=np.float32) - matrix[minus].sum(axis=0, dtype=np.float32))
    for (start, stop), a, b in zip(STRUCTURES, first[:-1], first[1:], strict=True):
        part = after[start:stop, None]
        clipped = np.clip(part.astype(np.float64), levels[a:b, 0], levels[a:b, 1]).sum(axis=0)
        assert np.allclose(sums[a:b, 0], clipped, rtol=SUMMED_IN_FLOAT32)
        assert np.allclose(sums[a:b, 1], (part >= level[a:b]).sum(axis=0), atol=len(plus) > 1)


def test_sums_are_added_in_one_order_wherever_the_columns_lie(case: tuple[Problem, Objective, TermTable]) -> None:
    problem, objective, terms = case
    dose = problem.dose_of(np.array([3, 60, 150], np.int32)).astype(np.float32)
    found = []
    for shift in (0, 1, 7):
        room = np.empty(problem.dose_gy.size + 16, np.float32)
        moved = room[shift : shift + problem.dose_gy.size].reshape(problem.dose_gy.shape)
        moved[:] = problem.dose_gy
        sums = np.zeros((len(objective.terms), 2))
        count_after(dose, moved, change_of([7], [3]), terms, np.zeros((2, BLOCK), np.float32), sums)
        found.append(sums.tobytes())
    assert len(set(found)) == 1

"""Set cover of zones: exact where greedy errs, lines shared, refusals, ellipsoids."""

from types import SimpleNamespace

import numpy as np
import pytest

from trocar.errors import OptimiseError
from trocar.optimise.zone_cover import cover, coverage_order, covered_by_ellipsoids


def _cover(sets: list[set[int]], lines: list[int], n: int, **more: object):
    covers = np.array([[point in each for each in sets] for point in range(n)])
    return cover(covers, np.array(lines), worth=np.zeros(len(sets)), seconds=10.0, **more)


def test_the_exact_cover_needs_two_where_greedy_takes_three() -> None:
    """The textbook trap: the largest set comes first for greedy and is of no use."""
    sets = [{0, 1, 2, 6}, {3, 4, 5, 7}, {0, 1, 2, 3, 4}, {5, 6}, {7}]
    found = _cover(sets, [0, 1, 2, 3, 4], 8)
    assert sorted(found.rows) == [0, 1]
    assert found.cost == pytest.approx(2.2)
    assert found.gap_percent < 2.0


def test_two_activations_on_one_line_beat_two_insertions() -> None:
    found = _cover([{0, 1}, {2, 3}, {2, 3}], [0, 1, 0], 4)
    assert sorted(found.rows) == [0, 2]
    assert found.insertions == (0,)


def test_one_insertion_that_suffices_is_found_when_the_exact_solver_finds_nothing_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = SimpleNamespace(x=None, mip_dual_bound=None)
    monkeypatch.setattr("trocar.optimise.zone_cover.milp", lambda *_, **__: nothing)
    covers = np.array([[point in each for each in ({0, 1, 2}, {0, 1}, {2, 3})] for point in range(4)])
    found = cover(covers, np.array([0, 1, 1]), worth=np.zeros(3), seconds=0.0)
    assert found.insertions == (1,)
    assert found.gap_percent < 10.0


def test_a_point_that_nothing_reaches_is_named() -> None:
    found = _cover([{0, 1}], [0], 3)
    assert found.uncovered.tolist() == [2]


def test_nothing_covered_and_too_many_insertions_are_refused() -> None:
    with pytest.raises(OptimiseError) as nothing:
        _cover([set()], [0], 2)
    assert nothing.value.code == "optimise.nothing-covered"
    with pytest.raises(OptimiseError) as many:
        _cover([{0}, {1}], [0, 1], 2, most_insertions=1)
    assert many.value.code == "optimise.too-many-insertions"


def test_points_lie_in_an_ellipsoid_by_its_axes() -> None:
    points = np.array([[0.0, 0.0, 9.9], [0.0, 0.0, 10.1], [4.9, 0.0, 0.0], [5.1, 0.0, 0.0]])
    axis = np.array([[0.0, 0.0, 1.0]])
    inside = covered_by_ellipsoids(points, np.zeros((1, 3)), axis, long_mm=20.0, short_mm=10.0)
    assert inside[:, 0].tolist() == [True, False, True, False]


def _clash(n: int, *pairs: tuple[int, int]) -> np.ndarray:
    found = np.zeros((n, n), np.bool_)
    for a, b in pairs:
        found[a, b] = found[b, a] = True
    return found


SETS: list[set[int]] = [{0, 1, 2}, {3, 4, 5}, {0, 1}, {2}, {3, 4}, {5}]


def test_two_that_clash_are_not_chosen_together_if_others_cover_as_well() -> None:
    """The two large ones would do; they clash, so one of them goes with two small ones."""
    assert set(_cover(SETS, [0, 1, 2, 3, 4, 5], 6).rows) == {0, 1}
    found = _cover(SETS, [0, 1, 2, 3, 4, 5], 6, clash=_clash(6, (0, 1)))
    assert set(found.rows) in ({0, 4, 5}, {1, 2, 3})
    assert found.solver == "milp"
    assert set(_cover(SETS, [0, 1, 2, 3, 4, 5], 6, clash=_clash(6, (0, 1), (0, 4))).rows) == {1, 2, 3}


def test_a_clash_is_given_up_where_nothing_else_covers() -> None:
    found = _cover([{0, 1}, {2, 3}, {0}], [0, 1, 2], 4, clash=_clash(3, (0, 1)))
    assert set(found.rows) == {0, 1}
    assert len(found.uncovered) == 0


def test_what_clashes_with_those_taken_before_is_left_out() -> None:
    sets: list[set[int]] = [{9}, {0, 1}, {0}, {1}]
    clash = _clash(4, (0, 1))
    assert set(_cover(sets, [0, 1, 2, 3], 10, clash=clash, used_lines=(0,), taken=(0,)).rows) >= {2, 3}
    assert 1 in _cover(sets, [0, 1, 2, 3], 10, used_lines=(0,), taken=(0,)).rows


def test_no_time_for_the_exact_search_keeps_clashes_apart_too() -> None:
    covers = np.zeros((6, 6), bool)
    for column, each in enumerate(SETS):
        covers[list(each), column] = True
    found = cover(covers, np.arange(6), worth=np.zeros(6), seconds=0.0, clash=_clash(6, (0, 1)))
    assert not {0, 1} <= set(found.rows)


def test_the_order_of_coverage_begins_with_what_adds_most_and_keeps_to_lines_in_use() -> None:
    sets: list[set[int]] = [{0}, {0, 1, 2, 3}, {4, 5}, {4}, set()]
    covers = np.array([[point in each for each in sets] for point in range(6)])
    order = coverage_order(covers, np.arange(5))
    assert list(order[:2]) == [1, 2]
    assert sorted(order) == [0, 1, 2, 3, 4]
    shared = coverage_order(covers, np.array([0, 1, 2, 1, 3]))  # the fourth lies on the line of the best
    assert list(shared[:2]) == [1, 3]

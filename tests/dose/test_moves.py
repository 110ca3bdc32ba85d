"""A moved seed as a difference."""

from dataclasses import replace

import numpy as np
import pytest

from dose.test_grid import axial, parallel_needles
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.grid import dose_on_grid
from trocar.dose.moves import dose_difference, swap_source
from trocar.dose.points import dose_at_points

ALLOWED = 1e-3
FORM = Formalism.LINE_2D


def part(term: SourceTerm, chosen: slice) -> SourceTerm:
    return replace(
        term,
        positions_lps_mm=term.positions_lps_mm[chosen],
        axes_lps=term.axes_lps[chosen],
        weight_u_h=term.weight_u_h[chosen],
    )


def moved(term: SourceTerm, number: int, shift_mm: tuple[float, float, float]) -> SourceTerm:
    positions = np.array(term.positions_lps_mm)
    positions[number] += shift_mm
    return replace(term, positions_lps_mm=positions)


def test_ten_moves_in_a_row_keep_within_a_tenth_of_a_percent() -> None:
    random = np.random.default_rng(3)
    plan, grid = parallel_needles(), axial(1.25, 72)
    dose = dose_on_grid([plan], grid, formalism=FORM)
    for number in random.choice(len(plan), 10, replace=False):
        after = moved(plan, number, tuple(random.uniform(-4, 4, 3)))
        one = slice(number, number + 1)
        dose = dose + dose_difference(part(plan, one), part(after, one), grid, formalism=FORM, dose_gy=dose)
        plan = after
    index = random.integers(0, 72, (2000, 3))
    points = grid.origin_lps_mm + index @ grid.steps_lps_mm
    exact = dose_at_points([plan], points, formalism=FORM, method=Method.DIRECT)
    assert np.abs(dose[index[:, 2], index[:, 1], index[:, 0]] / exact - 1.0).max() < ALLOWED


def test_there_and_back_changes_nothing() -> None:
    plan, grid = parallel_needles(), axial(2.0, 40)
    after = moved(plan, 4, (2.0, 0.0, -1.0))
    dose = dose_on_grid([plan], grid, formalism=FORM)
    one = slice(4, 5)
    there = dose_difference(part(plan, one), part(after, one), grid, formalism=FORM, dose_gy=dose)
    back = dose_difference(part(after, one), part(plan, one), grid, formalism=FORM, dose_gy=dose)
    assert np.abs((there + back) / dose).max() < 1e-6


def test_a_seed_that_only_enters_adds_its_dose() -> None:
    plan, grid = parallel_needles(), axial(2.0, 40)
    rest, last = part(plan, slice(0, -1)), part(plan, slice(-1, None))
    nothing = part(plan, slice(0, 0))
    before = dose_on_grid([rest], grid, formalism=FORM)
    after = before + dose_difference(nothing, last, grid, formalism=FORM, dose_gy=before)
    assert after == pytest.approx(dose_on_grid([plan], grid, formalism=FORM), rel=ALLOWED)


def test_a_swap_at_points_takes_one_row_and_gives_another() -> None:
    dose, leaving, entering = (np.array(row, np.float32) for row in ([5.0, 6.0], [1.0, 2.0], [0.5, 3.0]))
    swap_source(dose, leaving, entering)
    assert dose.tolist() == [4.5, 7.0]

"""Dose at points by the direct method: superposition, motion, orientation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dose.plans import implant, seed
from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, Method, source_terms
from trocar.dose.points import dose_at_points, polar_angle

POINTS = np.array([[10.0, 0.0, 0.0], [0.0, 0.0, 10.0], [7.0, -3.0, 12.0], [-40.0, 2.0, 5.0]])


def dose(*seeds: object, points: np.ndarray = POINTS, formalism: Formalism = Formalism.LINE_2D) -> np.ndarray:
    return dose_at_points(source_terms(implant(*seeds)), points, formalism=formalism, method=Method.DIRECT)


def test_a_seed_gives_at_one_centimetre_constant_times_strength_times_mean_life() -> None:
    expected = 0.965 * 0.5 * load_source("I125_6711").nuclide.mean_life_h / 100
    assert dose(seed((0, 0, 0)))[0] == pytest.approx(expected, rel=1e-12)


def test_doses_add() -> None:
    one, other = seed((0, 0, 0)), seed((3, 4, 20), axis=(1, 1, 0), model="Pd103_TheraSeed200")
    assert dose(one, other) == pytest.approx(dose(one) + dose(other), rel=1e-13)


@given(st.integers(0, 2**32 - 1))
def test_dose_moves_and_turns_with_plan_and_points(number: int) -> None:
    random = np.random.default_rng(number)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    shift = random.normal(size=3) * 50
    axis = random.normal(size=3)
    moved = seed(tuple(shift), axis=tuple(turn @ axis))
    assert dose(moved, points=POINTS @ turn.T + shift) == pytest.approx(
        dose(seed((0, 0, 0), axis=tuple(axis))), rel=1e-9
    )


def test_a_seed_without_axis_is_computed_one_dimensionally() -> None:
    blind = dose(seed((0, 0, 0), axis=None))
    assert blind == pytest.approx(dose(seed((0, 0, 0)), formalism=Formalism.LINE_1D), rel=1e-13)
    assert blind[0] == pytest.approx(dose(seed((0, 0, 0)))[0] * 0.944, rel=1e-6)


def test_orientation_matters_on_the_axis() -> None:
    along, across = dose(seed((0, 0, 0)))[:2][::-1], dose(seed((0, 0, 0), axis=(1, 0, 0)))[:2]
    assert along == pytest.approx(across)
    assert along[0] < 0.5 * along[1]


def test_many_points_are_handled_in_pieces() -> None:
    points = np.tile(POINTS, (60_000, 1))
    many = dose(seed((0, 0, 0)), points=points)
    assert (many.reshape(-1, 4) == dose(seed((0, 0, 0)))).all()


def test_a_polar_angle_near_the_axis_keeps_its_digits() -> None:
    away = np.array([[1e-7, 0.0, 1.0], [0.0, 1e-7, -1.0]])
    angle = polar_angle(away, np.array([0.0, 0.0, 1.0]))
    assert angle[0] == pytest.approx(1e-7, rel=1e-9)
    assert np.pi - angle[1] == pytest.approx(1e-7, rel=1e-6)

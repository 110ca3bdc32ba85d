"""Tables against the direct formula: random points, and points where an interpolation is at its worst."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.catalogue.sources import load_source, source_keys
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.points import dose_at_points
from trocar.dose.table import FARTHEST_MM, GOOD_UNTIL_MM, rate_table
from trocar.dose.tg43 import capsule_size_cm
from trocar.errors import DoseError

ALLOWED = 1e-3
"""The most a tabulated dose may leave the direct formula by, outside the capsule."""
BEYOND_GOOD = 3e-3
"""The same past `GOOD_UNTIL_MM`, where the dose of the softest source is below 1e-12 of that at 1 cm."""
KEYS = source_keys()


def term(key: str, axis: np.ndarray) -> SourceTerm:
    return SourceTerm(
        source=load_source(key),
        positions_lps_mm=np.array([[12.3, -45.6, -753.4]]),
        axes_lps=(axis / np.linalg.norm(axis))[None],
        weight_u_h=np.array([1000.0]),
    )


def points_around(one: SourceTerm, r_mm: np.ndarray, theta: np.ndarray, turn: np.ndarray) -> np.ndarray:
    axis = one.axes_lps[0]
    first = np.cross(axis, [0.36, 0.48, 0.8])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    across = np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second
    return one.positions_lps_mm[0] + r_mm[:, None] * (np.cos(theta)[:, None] * axis + np.sin(theta)[:, None] * across)


def error(one: SourceTerm, points: np.ndarray, formalism: Formalism = Formalism.LINE_2D) -> np.ndarray:
    exact = dose_at_points([one], points, formalism=formalism, method=Method.DIRECT)
    fast = dose_at_points([one], points, formalism=formalism, method=Method.TABULATED)
    return np.abs(fast / exact - 1.0)


def outside(one: SourceTerm, r_mm: np.ndarray, theta: np.ndarray) -> np.ndarray:
    length, diameter = capsule_size_cm(one.source)
    return (np.abs(r_mm * np.cos(theta)) >= 5 * length) | (r_mm * np.sin(theta) >= 5 * diameter)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("formalism", Formalism)
def test_the_table_keeps_within_a_tenth_of_a_percent_at_random_points(key: str, formalism: Formalism) -> None:
    random = np.random.default_rng(len(key))
    n = 8000
    r = np.exp(random.uniform(np.log(0.3), np.log(GOOD_UNTIL_MM), n))
    theta = np.arccos(random.uniform(-1.0, 1.0, n))
    one = term(key, random.normal(size=3))
    kept = outside(one, r, theta)
    points = points_around(one, r, theta, random.uniform(0, 2 * np.pi, n))[kept]
    assert error(one, points, formalism).max() < ALLOWED


@pytest.mark.parametrize("key", KEYS)
def test_the_table_keeps_within_a_tenth_of_a_percent_on_and_around_the_axis(key: str) -> None:
    random = np.random.default_rng(1)
    n = 6000
    r = np.exp(random.uniform(np.log(2.6), np.log(GOOD_UNTIL_MM), n))
    close = np.concatenate([np.zeros(1000), np.deg2rad(np.exp(random.uniform(np.log(1e-5), np.log(2.0), n - 1000)))])
    theta = np.where(random.random(n) < 0.5, close, np.pi - close)
    one = term(key, random.normal(size=3))
    assert error(one, points_around(one, r, theta, random.uniform(0, 2 * np.pi, n))).max() < ALLOWED


@pytest.mark.parametrize("key", KEYS)
def test_the_table_keeps_within_a_tenth_of_a_percent_at_the_kinks_of_the_published_tables(key: str) -> None:
    one = term(key, np.array([0.3, -0.2, 0.9]))
    radii = 10 * np.union1d(one.source.g_L.radius_cm, one.source.F.radius_cm)
    radii = (radii[radii > 2.6][:, None] * (1.0 + np.array([-1e-3, 0.0, 1e-3]))).ravel()
    angles = np.deg2rad(np.concatenate([one.source.F.theta_deg + step for step in (-0.3, -0.01, 0.0, 0.01, 0.3)]))
    r, theta = (a.ravel() for a in np.meshgrid(radii, np.clip(angles, 0.0, np.pi)))
    assert error(one, points_around(one, r, theta, np.linspace(0, 6, len(r)))).max() < ALLOWED


def test_close_to_the_capsule_and_inside_it_the_table_is_the_direct_formula() -> None:
    random = np.random.default_rng(4)
    one = term("I125_1251L", np.array([1.0, 1.0, 0.0]))
    points = one.positions_lps_mm + random.uniform(-1.7, 1.7, (4000, 3))
    points[0] = one.positions_lps_mm[0]
    assert error(one, points).max() < 1e-5


@pytest.mark.parametrize("key", ["I125_6711", "Pd103_TheraSeed200", "Ir192_GammaMedPlus"])
def test_far_away_the_table_still_follows(key: str) -> None:
    one = term(key, np.array([0.0, 0.0, 1.0]))
    r = np.linspace(GOOD_UNTIL_MM, 600.0, 500)
    assert error(one, points_around(one, r, np.linspace(0, np.pi, 500), r)).max() < BEYOND_GOOD


def test_a_point_out_of_reach_is_refused() -> None:
    one = term("I125_6711", np.array([0.0, 0.0, 1.0]))
    with pytest.raises(DoseError) as caught:
        dose_at_points(
            [one], one.positions_lps_mm + np.array([0.0, 0.0, FARTHEST_MM + 1.0]), formalism=Formalism.LINE_2D
        )
    assert caught.value.code == "dose.out-of-reach"


@given(st.integers(0, 2**32 - 1))
def test_any_plan_keeps_within_a_tenth_of_a_percent(number: int) -> None:
    random = np.random.default_rng(number)
    n = int(random.integers(1, 12))
    axes = random.normal(size=(n, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    axes[random.random(n) < 0.3] = np.nan
    some = SourceTerm(
        source=load_source(str(random.choice(KEYS))),
        positions_lps_mm=random.uniform(-40, 40, (n, 3)),
        axes_lps=axes,
        weight_u_h=random.uniform(0.1, 1000.0, n),
    )
    points = random.uniform(-60, 60, (200, 3))
    assert error(some, points).max() < ALLOWED


def test_a_table_is_made_once() -> None:
    source = load_source("I125_6711")
    assert rate_table(source, Formalism.LINE_2D) is rate_table(source, Formalism.LINE_2D)


def test_no_source_gives_no_dose() -> None:
    assert dose_at_points([], np.zeros((3, 3)), formalism=Formalism.LINE_2D).tolist() == [0.0, 0.0, 0.0]
    one = term("I125_6711", np.array([0.0, 0.0, 1.0]))
    assert dose_at_points([one], np.zeros((0, 3)), formalism=Formalism.LINE_2D).shape == (0,)

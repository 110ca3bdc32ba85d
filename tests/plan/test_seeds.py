"""Seeds, strengths, dwells: nothing without its date, direction or place."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import PlanError
from trocar.plan.seeds import Dwell, Seed, Strength, unit_axis

AT = datetime(2026, 5, 1, 8)
STRENGTH = Strength(s_k_u=0.5, reference_at=AT)

vectors = st.tuples(*[st.floats(-50, 50)] * 3).filter(lambda vector: np.linalg.norm(vector) > 1e-3)


def a_seed(position: tuple[float, float, float] = (1, 2, 3), axis: np.ndarray | None = None) -> Seed:
    return Seed(
        position_lps_mm=np.array(position, dtype=float), axis_lps=axis, source_model="I125_6711", strength=STRENGTH
    )


@given(axis=vectors)
def test_an_axis_of_any_length_becomes_a_unit_vector_of_the_same_direction(
    axis: tuple[float, float, float],
) -> None:
    unit = a_seed(axis=np.array(axis)).axis_lps
    assert unit is not None
    assert np.linalg.norm(unit) == pytest.approx(1.0)
    assert np.cross(unit, axis) == pytest.approx(np.zeros(3), abs=1e-9 * np.linalg.norm(axis))
    assert unit @ np.array(axis) > 0


@pytest.mark.parametrize("axis", [np.zeros(3), np.array([np.nan, 0, 0]), np.array([np.inf, 0, 0])])
def test_an_axis_without_direction_is_refused(axis: np.ndarray) -> None:
    with pytest.raises(PlanError, match="has no direction"):
        unit_axis(axis)


@pytest.mark.parametrize("s_k_u", [0.0, -0.5, float("nan"), float("inf")])
def test_a_strength_that_is_none_is_refused(s_k_u: float) -> None:
    with pytest.raises(PlanError, match="must be above 0"):
        Strength(s_k_u=s_k_u, reference_at=AT)


@pytest.mark.parametrize("position", [(np.nan, 0, 0), (0, np.inf, 0)])
def test_a_seed_nowhere_is_refused(position: tuple[float, float, float]) -> None:
    with pytest.raises(PlanError, match="three finite numbers"):
        a_seed(position)


def test_seeds_are_equal_by_content_and_cannot_be_moved() -> None:
    assert a_seed() == a_seed()
    assert a_seed() != a_seed((1, 2, 4))
    assert a_seed(axis=np.array([0, 0, 2.0])) == a_seed(axis=np.array([0, 0, 5.0]))
    with pytest.raises(ValueError, match="read-only"):
        a_seed().position_lps_mm[0] = 0.0


@pytest.mark.parametrize("time_s", [-1.0, float("nan"), float("inf")])
def test_a_dwell_of_no_time_at_all_is_allowed_but_none_before_it_began(time_s: float) -> None:
    assert Dwell(position_lps_mm=np.zeros(3), axis_lps=None, time_s=0.0).time_s == 0.0
    with pytest.raises(PlanError, match="0 or more"):
        Dwell(position_lps_mm=np.zeros(3), axis_lps=None, time_s=time_s)

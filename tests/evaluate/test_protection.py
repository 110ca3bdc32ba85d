"""Dose to others: exact laws of the far field and of decay."""

import numpy as np
import pytest

from trocar.errors import EvaluateError
from trocar.evaluate.protection import accumulated_msv, air_kerma_rate_ugy_h, hours_a_day

LIFE_H = 2056.7


def test_one_unit_of_strength_gives_one_microgray_an_hour_at_a_metre_in_vacuum() -> None:
    assert air_kerma_rate_ugy_h(np.array([1.0]), np.array([1000.0]), np.array([1.0])) == pytest.approx(1.0)


def test_rate_falls_with_the_square_of_the_distance() -> None:
    near, far = (air_kerma_rate_ugy_h(np.ones(3), np.full(3, r), np.full(3, 0.3)) for r in (500.0, 1500.0))
    assert near / far == pytest.approx(9.0)


def test_dose_of_two_spans_is_the_dose_of_both_together() -> None:
    first = accumulated_msv(5.0, mean_life_h=LIFE_H, until_h=300.0)
    second = accumulated_msv(5.0, mean_life_h=LIFE_H, from_h=300.0)
    assert first + second == pytest.approx(accumulated_msv(5.0, mean_life_h=LIFE_H))
    assert accumulated_msv(5.0, mean_life_h=LIFE_H) == pytest.approx(5.0 * LIFE_H / 1e3)


def test_staying_the_allowed_hours_reaches_the_limit_and_no_more() -> None:
    hours = hours_a_day(20.0, 1.0, mean_life_h=LIFE_H, from_h=24.0)
    assert 0.0 < hours < 24.0
    assert accumulated_msv(20.0, mean_life_h=LIFE_H, from_h=24.0, share=hours / 24.0) == pytest.approx(1.0)


def test_a_weak_source_has_no_limit_of_hours() -> None:
    assert hours_a_day(0.1, 1.0, mean_life_h=LIFE_H, from_h=0.0) == 24.0


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(EvaluateError, match="above 0"):
        hours_a_day(1.0, 0.0, mean_life_h=LIFE_H, from_h=0.0)

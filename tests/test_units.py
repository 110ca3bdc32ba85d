"""Conversions: each against a value known by heart, and back again."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar import units

KNOWN = [
    (units.cm_from_mm, 25.4, 2.54),
    (units.mm_from_cm, 2.54, 25.4),
    (units.cc_from_mm3, 1000.0, 1.0),
    (units.mm3_from_cc, 1.0, 1000.0),
    (units.gy_from_cgy, 14_500.0, 145.0),
    (units.seconds_from_days, 59.4, 5_132_160.0),
    (units.days_from_seconds, 86_400.0, 1.0),
    (units.hours_from_seconds, 5_400.0, 1.5),
    (units.kelvin_from_celsius, 37.0, 310.15),
    (units.celsius_from_kelvin, 310.15, 37.0),
    (units.mbq_from_mci, 0.5, 18.5),
    (units.mci_from_mbq, 18.5, 0.5),
]
BACK_AND_FORTH = [
    (units.cm_from_mm, units.mm_from_cm),
    (units.cc_from_mm3, units.mm3_from_cc),
    (units.seconds_from_days, units.days_from_seconds),
    (units.kelvin_from_celsius, units.celsius_from_kelvin),
    (units.mbq_from_mci, units.mci_from_mbq),
]

Conversion = Callable[[float], float]


@pytest.mark.parametrize(("convert", "given_value", "expected"), KNOWN)
def test_a_conversion_gives_the_value_known_by_heart(convert: Conversion, given_value: float, expected: float) -> None:
    assert convert(given_value) == pytest.approx(expected, rel=1e-14)


def test_every_conversion_is_tested() -> None:
    conversions = {name for name in vars(units) if "_from_" in name}
    assert conversions == {convert.__name__ for convert, _, _ in KNOWN}


@pytest.mark.parametrize(("there", "back"), BACK_AND_FORTH)
@given(value=st.floats(min_value=-1e9, max_value=1e9))
def test_there_and_back_is_where_one_started(there: Conversion, back: Conversion, value: float) -> None:
    assert back(there(value)) == pytest.approx(value, rel=1e-12, abs=1e-9)


def test_arrays_convert_element_by_element() -> None:
    np.testing.assert_allclose(units.cm_from_mm(np.array([10.0, 25.0])), [1.0, 2.5])

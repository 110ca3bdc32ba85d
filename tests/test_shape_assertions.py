"""The import hook of conftest.py must really assert, or every annotation of the library is a guess."""

import pytest
from jaxtyping import TypeCheckError

from trocar import units


def test_a_wrong_argument_type_is_caught_while_tests_run() -> None:
    with pytest.raises(TypeCheckError):
        units.cm_from_mm("12 mm")  # type: ignore[type-var]


def test_a_whole_number_passes_where_a_real_is_annotated() -> None:
    assert units.kelvin_from_celsius(37) == pytest.approx(310.15)

"""Half-lives: first entry, last entry, and what follows from them."""

import math

import pytest

from trocar.catalogue.nuclides import load_nuclide, nuclide_names
from trocar.errors import CatalogueError


def test_half_lives_are_those_of_the_table() -> None:
    assert {name: load_nuclide(name).half_life_d for name in nuclide_names()} == {
        "Cs-131": 9.689,
        "I-125": 59.40,
        "Ir-192": 73.827,
        "Pd-103": 16.991,
    }


@pytest.mark.parametrize("name", ["I-125", "i125", "125I", "125-i", " I-125 "])
def test_a_nuclide_is_known_however_its_name_is_written(name: str) -> None:
    assert load_nuclide(name).name == "I-125"


def test_half_of_it_is_left_after_a_half_life() -> None:
    nuclide = load_nuclide("Pd-103")
    assert math.exp(-nuclide.decay_constant_per_s * 16.991 * 86400) == pytest.approx(0.5)
    assert nuclide.mean_life_h == pytest.approx(16.991 * 24 / math.log(2))


def test_an_unknown_nuclide_names_those_there_are() -> None:
    with pytest.raises(CatalogueError, match="I-125"):
        load_nuclide("Au-198")

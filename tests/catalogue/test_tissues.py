"""The table of tissues: first and last entries, one of each column, and conversions."""

import pytest

from trocar.catalogue.tissues import (
    SPREAD_NAMES,
    Spread,
    load_death_constants,
    load_tissue,
    tissue_names,
)
from trocar.errors import CatalogueError

ASKED_FOR = {"liver", "kidney", "lung_inflated", "lung_collapsed", "tumour", "fat", "muscle", "bone", "blood"}


def test_the_tissues_of_an_ablation_are_there() -> None:
    assert set(tissue_names()) >= ASKED_FOR


@pytest.mark.parametrize("key", tissue_names())
def test_every_tissue_has_every_property_and_both_names(key: str) -> None:
    tissue = load_tissue(key)
    assert tissue.english
    assert tissue.chinese
    assert all(isinstance(getattr(tissue, name), Spread) for name in SPREAD_NAMES)
    assert tissue.water_kg_per_kg.high < 1.0


@pytest.mark.parametrize(
    ("key", "name", "printed"),
    [
        ("liver", "density_kg_per_m3", 1079),
        ("kidney", "heat_capacity_j_per_kg_k", 3763),
        ("lung_inflated", "conductivity_w_per_m_k", 0.39),
        ("muscle", "perfusion_ml_per_min_kg", 37),
        ("bone", "conductivity_rf_s_per_m", 0.022),
        ("blood", "permittivity_915", 61.3),
        ("fat", "conductivity_915_s_per_m", 0.045),
        ("liver", "permittivity_2450", 43.0),
        ("liver", "conductivity_2450_s_per_m", 1.69),
    ],
)
def test_a_property_is_the_printed_one(key: str, name: str, printed: float) -> None:
    assert getattr(load_tissue(key), name).value == printed


def test_perfusion_of_kidney_as_heat_is_the_published_one() -> None:
    assert load_tissue("kidney").perfusion_w_per_mm3_k * 1e9 == pytest.approx(256e3, rel=0.005)


def test_the_water_of_liver_lies_in_the_published_range() -> None:
    assert 0.71 <= load_tissue("liver").water_kg_per_kg.value <= 0.76


def test_constants_of_death_are_the_published_ones() -> None:
    constants = load_death_constants()
    assert (constants.frequency_per_s, constants.activation_j_per_mol) == (7.39e39, 2.577e5)
    assert (constants.kf_per_s, constants.kb_per_s, constants.Tk_c) == (3.33e-3, 7.77e-3, 40.5)
    assert constants.cold_c == (-20.0, -40.0)


def test_an_unknown_tissue_is_refused_with_the_list() -> None:
    with pytest.raises(CatalogueError, match="liver"):
        load_tissue("cheese")


def test_a_range_out_of_order_is_refused() -> None:
    with pytest.raises(CatalogueError):
        Spread(value=1.0, low=2.0, high=3.0)

"""The edge of a zone is found between voxels."""

import numpy as np
import pytest

from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.results.temperature import Temperature, TemperatureKind
from trocar.results.tissue_death import COLD_MODELS, HEAT_MODELS, DeathMap, DeathModel

WITHIN_INTERPOLATION = 0.004
"""Linear interpolation of a curved edge at 1 mm misses the volume of a ball of 12 mm by less."""


def ball(radius_mm: float, spacing_mm: float) -> Volume:
    grid = Grid.around(np.zeros((1, 3)), margin_mm=radius_mm + 3, spacing_mm=spacing_mm)
    distance = np.linalg.norm(grid.centres_lps_mm() - np.array([0.2, -0.3, 0.1]), axis=-1)
    return Volume(grid=grid, values_kji=radius_mm - distance, quantity=Quantity.DEATH_SCORE, frame_uid="1")


@pytest.mark.parametrize("radius_mm", [7.3, 12.0])
def test_the_volume_of_a_zone_counts_parts_of_voxels(radius_mm: float) -> None:
    zone = DeathMap(model=DeathModel.ARRHENIUS, score=ball(radius_mm, 1.0))
    exact_cc = 4 / 3 * np.pi * radius_mm**3 / 1000
    assert zone.volume_cc == pytest.approx(exact_cc, rel=WITHIN_INTERPOLATION)


def test_a_zone_that_fills_the_grid_has_the_volume_of_the_grid() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 2, 3), shape_kji=(3, 4, 5))
    score = Volume(grid=grid, values_kji=np.ones((3, 4, 5)), quantity=Quantity.DEATH_SCORE, frame_uid="1")
    assert DeathMap(model=DeathModel.ICE, score=score).volume_cc == pytest.approx(60 * 6e-3)


def test_every_model_is_of_heat_or_of_cold() -> None:
    assert set(COLD_MODELS) | set(HEAT_MODELS) == set(DeathModel)
    assert {model for model in DeathModel if model.is_cold} == set(COLD_MODELS)


def test_a_probability_is_no_death_score() -> None:
    volume = ball(5.0, 2.0)
    wrong = Volume(grid=volume.grid, values_kji=volume.values_kji, quantity=Quantity.PROBABILITY, frame_uid="1")
    with pytest.raises(HeatError) as caught:
        DeathMap(model=DeathModel.ARRHENIUS, score=wrong)
    assert caught.value.code == "heat.death-map-quantity"


def test_a_highest_temperature_has_no_moment() -> None:
    volume = ball(5.0, 2.0)
    kelvin = Volume(grid=volume.grid, values_kji=volume.values_kji, quantity=Quantity.TEMPERATURE_K, frame_uid="1")
    with pytest.raises(HeatError):
        Temperature(volume=kelvin, kind=TemperatureKind.HIGHEST, patient_id="", at_s=3.0)
    with pytest.raises(HeatError):
        Temperature(volume=kelvin, kind=TemperatureKind.AT_MOMENT, patient_id="")

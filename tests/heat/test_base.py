"""What a problem may be, and what it may not."""

import numpy as np
import pytest

from trocar.catalogue.tissues import load_tissue
from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import Schedule, Step, TissueMap, VesselCooling


def labels(values: np.ndarray, quantity: Quantity = Quantity.LABEL) -> Volume:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=values.shape)
    return Volume(grid=grid, values_kji=values, quantity=quantity, frame_uid="1")


LIVER = np.ones((3, 3, 3), np.uint8)


def test_a_label_without_a_tissue_is_refused() -> None:
    with pytest.raises(HeatError) as caught:
        TissueMap(labels=labels(2 * LIVER), tissues=(load_tissue("liver"),))
    assert caught.value.code == "heat.label-without-tissue"


def test_an_image_is_no_tissue_map() -> None:
    with pytest.raises(HeatError) as caught:
        TissueMap(labels=labels(LIVER, Quantity.HOUNSFIELD), tissues=(load_tissue("liver"),))
    assert caught.value.code == "heat.tissue-map-not-labels"


@pytest.mark.parametrize(("cooling", "film"), [(VesselCooling.CONVECTIVE, None), (VesselCooling.FIXED, 500.0)])
def test_a_film_coefficient_belongs_to_convection_alone(cooling: VesselCooling, film: float | None) -> None:
    with pytest.raises(HeatError) as caught:
        TissueMap(
            labels=labels(LIVER), tissues=(load_tissue("liver"),), vessel_cooling=cooling, vessel_film_w_per_m2_k=film
        )
    assert caught.value.code == "heat.film-coefficient"


def test_a_schedule_knows_its_starts_and_its_length() -> None:
    schedule = Schedule(steps=(Step(duration_s=60, levels=(40.0,)), Step(duration_s=30, levels=(0.0,))))
    assert schedule.starts_s == (0.0, 60.0)
    assert schedule.total_s == 90.0


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(duration_s=0, levels=(1.0,)),),
        (Step(duration_s=float("nan"), levels=(1.0,)),),
        (Step(duration_s=1, levels=(1.0,)), Step(duration_s=1, levels=(1.0, 2.0))),
    ],
)
def test_a_schedule_without_sense_is_refused(steps: tuple[Step, ...]) -> None:
    with pytest.raises(HeatError) as caught:
        Schedule(steps=steps)
    assert caught.value.code == "heat.schedule-invalid"

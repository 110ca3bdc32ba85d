"""The antenna gives what it should, where it should."""

import numpy as np
import pytest

from heat_scenes import antenna, block
from trocar.catalogue.tissues import load_dielectric_fall, load_tissue
from trocar.errors import CatalogueError, HeatError
from trocar.heat.base import Moment, Surroundings
from trocar.heat.crew import Crew
from trocar.heat.sources.microwave import Band, MicrowaveAntenna, absorption_per_mm, fallen


def emitted(source: MicrowaveAntenna, *, theta_k: float = 0.0, n: int = 81) -> np.ndarray:
    tissue_map = block(n)
    around = Surroundings(
        grid=tissue_map.grid,
        labels_kji=np.asarray(tissue_map.labels.values_kji),
        tissues=tissue_map.tissues,
        crew=Crew(1),
    )
    theta = np.full(tissue_map.grid.shape_kji, theta_k, np.float32)
    moment = Moment(time_s=0.0, step_s=1.0, theta_kji=theta, dried=lambda part: np.zeros_like(theta[part]))
    emission = source.place(around).emit(moment, 100.0)
    assert emission.heat_w_per_mm3 is not None
    return emission.heat_w_per_mm3 * np.float32(emission.factor)


@pytest.mark.parametrize(("band", "key", "depth_mm"), [(2450, "liver", 21), (915, "liver", 43), (2450, "fat", 125)])
def test_fields_reach_as_deep_as_the_table_of_plane_waves_says(band: int, key: str, depth_mm: float) -> None:
    tissue = load_tissue(key)
    permittivity = np.array(getattr(tissue, f"permittivity_{band}").value)
    conductivity = np.array(getattr(tissue, f"conductivity_{band}_s_per_m").value)
    per_mm = absorption_per_mm(permittivity, conductivity, frequency_hz=band * 1e6)
    assert 2.0 / per_mm == pytest.approx(depth_mm, rel=0.03)


def test_the_heat_adds_up_to_the_power_less_what_leaves_the_box() -> None:
    total_w = emitted(antenna()).sum()
    assert 0.95 * 60.0 < total_w <= 60.0


def test_the_field_is_symmetric_about_the_shaft_and_about_its_middle() -> None:
    heat = emitted(antenna())
    for mirrored in (heat[:, :, ::-1], np.swapaxes(heat, 1, 2), heat[::-1]):
        assert np.allclose(heat, mirrored, rtol=1e-3, atol=1e-9)


def test_lower_frequency_reaches_deeper() -> None:
    def share_beyond_15_mm(band: Band) -> float:
        heat = emitted(antenna(band=band))
        far = np.linalg.norm(block(81).grid.centres_lps_mm(), axis=-1)
        return float(heat[far > 15].sum() / heat.sum())

    assert share_beyond_15_mm(Band.MHZ_915) > share_beyond_15_mm(Band.MHZ_2450) + 0.1


def test_dry_tissue_lets_the_field_through() -> None:
    cold, dry = emitted(antenna()), emitted(antenna(), theta_k=65.0)
    assert dry[40, 40, 60] > 1.1 * cold[40, 40, 60]
    assert np.array_equal(emitted(antenna(fall=""), theta_k=65.0), emitted(antenna(fall="")))


@pytest.mark.parametrize("name", ["ji_brace", "lopresto"])
def test_the_fall_starts_from_body_temperature(name: str) -> None:
    fall = load_dielectric_fall(name)
    assert fallen(fall.permittivity, np.array(37.0)) == pytest.approx(1.0)
    assert fallen(fall.conductivity, np.array(110.0)) < 0.6


def test_an_unknown_fall_is_refused() -> None:
    with pytest.raises(CatalogueError):
        load_dielectric_fall("smith")


@pytest.mark.parametrize("change", [{"efficiency": 1.2}, {"active_mm": 0.0}, {"axis_lps": np.array([0.0, 0.0, 2.0])}])
def test_an_antenna_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeatError) as caught:
        antenna(**change)
    assert caught.value.code == "heat.antenna-invalid"


def test_a_turned_antenna_heats_as_an_upright_one_does() -> None:
    upright = emitted(antenna())
    axis = np.array([1.0, 0.0, 0.0])
    turned = emitted(antenna(tip_lps_mm=-10.0 * axis, axis_lps=axis))
    assert np.allclose(turned, np.swapaxes(upright, 0, 2), rtol=1e-3, atol=1e-9)

"""An antenna of known parts in place: its heat in voxels, its tissue, what drying does, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from heat_scenes import block, problem
from trocar.catalogue.applicators import antenna_keys, load_applicator
from trocar.catalogue.tissues import load_tissue
from trocar.errors import HeatError
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import Moment, PerfusionStop, Surroundings, TissueMap
from trocar.heat.crew import Crew
from trocar.heat.kernels.rings import rings_from_voxels
from trocar.heat.simulate import simulate
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna, host_label
from trocar.heat.sources.microwave import Band

WITHIN_SAMPLING = 0.02
"""Heat of rings against that of voxels: samples a tenth of a mm apart near the metal."""


def slot(key: str = "microwave/coaxial_slot", **change: object) -> CoaxialAntenna:
    facts: dict[str, object] = {
        "label": "antenna",
        "tip_lps_mm": np.array([0.2, 0.1, -7.0]),
        "axis_lps": np.array([0.0, 0.0, 1.0]),
        "design": load_applicator(key).antenna,
        "band": Band.MHZ_2450,
        "efficiency": 0.6,
    }
    return CoaxialAntenna(**(facts | change))  # type: ignore[arg-type]


def around(tissue_map: TissueMap) -> Surroundings:
    return Surroundings(
        grid=tissue_map.grid,
        labels_kji=np.asarray(tissue_map.labels.values_kji),
        tissues=tissue_map.tissues,
        crew=Crew(1),
    )


def moment(theta: np.ndarray, *, time_s: float = 0.0) -> Moment:
    return Moment(time_s=time_s, step_s=1.0, theta_kji=theta, dried=lambda part: np.zeros_like(theta[part]))


def emitted(source: CoaxialAntenna, *, tissue_map: TissueMap | None = None, theta_k: float = 0.0):
    surroundings = around(tissue_map or block(90, spacing_mm=2.0))
    theta = np.full(surroundings.grid.shape_kji, theta_k, np.float32)
    emission = source.place(surroundings).emit(moment(theta), 100.0)
    assert emission.heat_w_per_mm3 is not None
    return emission, emission.heat_w_per_mm3.astype(float) * emission.factor * surroundings.grid.voxel_volume_mm3


@pytest.mark.parametrize("axis", [(0.0, 0.0, 1.0), (0.6, 0.0, 0.8)])
@pytest.mark.parametrize("key", antenna_keys())
def test_the_heat_of_all_voxels_is_the_power_that_tissue_absorbs(key: str, axis: tuple[float, ...]) -> None:
    emission, watts = emitted(slot(key, axis_lps=np.array(axis)))
    assert watts.sum() == pytest.approx(emission.power_w, rel=WITHIN_SAMPLING)
    assert 0.5 * 60.0 < emission.power_w < 60.0


def test_a_turned_antenna_heats_as_an_upright_one_does() -> None:
    tip = np.array([0.0, 0.0, -7.0])
    _, upright = emitted(slot(tip_lps_mm=tip), tissue_map=block(60, spacing_mm=2.0))
    _, turned = emitted(
        slot(tip_lps_mm=tip[::-1].copy(), axis_lps=np.array([1.0, 0.0, 0.0])), tissue_map=block(60, spacing_mm=2.0)
    )
    assert np.allclose(turned, np.swapaxes(upright, 0, 2), rtol=1e-3, atol=1e-6 * upright.max())


def test_outside_the_body_nothing_is_heated() -> None:
    whole = block(60, spacing_mm=2.0)
    values = np.ones(whole.grid.shape_kji, np.uint8)
    values[:, :, :24] = 0
    labels = Volume(grid=whole.grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
    _, watts = emitted(slot(), tissue_map=replace(whole, labels=labels))
    assert not watts[:, :, :24].any()
    assert watts[:, :, 24:].sum() > 0


def test_the_tissue_around_the_antenna_is_the_one_that_fills_most_of_its_surroundings() -> None:
    whole = block(60, spacing_mm=2.0)
    values = np.ones(whole.grid.shape_kji, np.uint8)
    distance = np.linalg.norm(whole.grid.centres_lps_mm(), axis=-1)
    tissues = (load_tissue("lung_inflated"), load_tissue("tumour"))
    for radius_mm, label in ((5.0, 1), (15.0, 2)):
        values[...] = np.where(distance < radius_mm, 2, 1)
        labels = Volume(grid=whole.grid, values_kji=values, quantity=Quantity.LABEL, frame_uid="1.2.3")
        assert host_label(slot(), around(replace(whole, labels=labels, tissues=tissues))) == label


def test_the_temperature_of_rings_is_that_of_the_voxels_around_the_axis() -> None:
    grid = block(40).grid
    x, _, z = np.moveaxis(grid.centres_lps_mm(), -1, 0)
    theta = (5.0 + 2.0 * z + 3.0 * x).astype(np.float32)  # what is odd across the axis averages out
    r_mm, z_mm, out = np.array([0.5, 4.0]), np.array([1.0, 8.0]), np.empty((2, 2))
    rings_from_voxels(
        np.linalg.inv(grid.lps_from_ijk), np.zeros(3), np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]),
        np.array([0.0, 1.0, 0.0]), r_mm, z_mm, 12, theta, 0.0, out,
    )  # fmt: skip
    assert np.allclose(out, 5.0 + 2.0 * z_mm[:, None], atol=1e-4)


def test_the_field_is_computed_anew_while_tissue_dries_unless_it_is_to_stay() -> None:
    for fall, changes in (("ji_brace", True), ("", False)):
        surroundings = around(block(60, spacing_mm=2.0))
        placed = slot(fall=fall).place(surroundings)
        cold = np.zeros(surroundings.grid.shape_kji, np.float32)
        first = placed.emit(moment(cold), 60.0)
        soon = placed.emit(moment(cold + 70.0, time_s=1.0), 60.0)
        later = placed.emit(moment(cold + 70.0, time_s=60.0), 60.0)
        assert soon.power_w == first.power_w
        assert (later.power_w < 0.95 * first.power_w) is changes


def test_tissue_that_dried_stays_dry_when_it_cools() -> None:
    surroundings = around(block(60, spacing_mm=2.0))
    placed = slot().place(surroundings)
    cold = np.zeros(surroundings.grid.shape_kji, np.float32)
    dry = placed.emit(moment(cold + 70.0, time_s=60.0), 60.0).power_w
    assert placed.emit(moment(cold, time_s=120.0), 60.0).power_w == pytest.approx(dry)
    warm = slot().place(surroundings)
    warm.emit(moment(cold + 50.0, time_s=60.0), 60.0)
    fresh = slot().place(surroundings).emit(moment(cold), 60.0).power_w
    assert warm.emit(moment(cold, time_s=120.0), 60.0).power_w == pytest.approx(fresh)


def test_a_choked_antenna_kills_less_along_its_shaft_than_a_bare_slot() -> None:
    def reach_behind_mm(key: str, tip_mm: float) -> float:
        source = slot(key, tip_lps_mm=np.array([0.0, 0.0, tip_mm]), fall="")
        made = problem(
            source,
            steps=((180.0, (60.0,)),),
            tissue_map=block(50, spacing_mm=2.0),
            perfusion_stop=PerfusionStop.ON_COAGULATION,
        )
        dead = np.asarray(simulate(made).zone.score.values_kji) >= 0
        along = np.flatnonzero(dead.any(axis=(1, 2)))
        return float(2.0 * (along[-1] - 24.5) - tip_mm)

    choked = reach_behind_mm("microwave/choked_monopole", -14.0) - 23.0
    bare = reach_behind_mm("microwave/coaxial_slot", -14.0) - 7.0
    assert bare > choked + 10.0


@pytest.mark.parametrize("change", [{"efficiency": 1.2}, {"refresh_s": 0.0}, {"axis_lps": np.array([0.0, 0.0, 2.0])}])
def test_an_antenna_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeatError) as caught:
        slot(**change)
    assert caught.value.code == "heat.coaxial-antenna-invalid"

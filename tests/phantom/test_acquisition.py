"""The picture: partial volume, blur, noise of the asked strength and grain."""

import itertools

import numpy as np
import pytest

from trocar.geometry.grid import Grid
from trocar.phantom.acquisition import Acquisition, correlated_noise, expose, scan
from trocar.phantom.anatomy import Part
from trocar.phantom.solids import Ellipsoid
from trocar.phantom.sweeps import rod
from trocar.phantom.tissues import Phase, tissue, tissues

GRID = Grid.axial(origin_lps_mm=(-39.5, -39.5, -20.0), spacing_ijk_mm=(1.0, 1.0, 2.5), shape_kji=(17, 80, 80))
SHARP = Acquisition(blur_mm=0.01, noise_hu=0.0)
WATER_BALL = Part(tissue="water", solid=Ellipsoid((0.3, 0.2, 0.1), (15.0, 15.0, 15.0)))


def test_partial_volume_keeps_the_mass_of_a_ball() -> None:
    picture = expose((WATER_BALL,), GRID, acquisition=SHARP, phase=Phase.NATIVE, seed=1)
    volume = float(((picture + 1000) / 1000).sum(dtype=np.float64)) * GRID.voxel_volume_mm3
    assert volume == pytest.approx(4 / 3 * np.pi * 15**3, rel=2e-3)


def test_a_seed_thinner_than_a_pixel_keeps_its_mass() -> None:
    seed = Part(tissue="titanium", solid=rod((0.2, 0.3, -3.0), (0.2, 0.3, 3.0), radius_mm=0.4), oversample=8)
    dense = Acquisition(blur_mm=0.8, noise_hu=0.0, samples_per_slice=9)
    picture = expose((seed,), GRID, acquisition=dense, phase=Phase.NATIVE, seed=1)
    volume = float((picture + 1000).sum(dtype=np.float64)) / (tissue("titanium").hu[Phase.NATIVE] + 1000) * 2.5
    assert volume == pytest.approx(np.pi * 0.16 * 6 + 4 / 3 * np.pi * 0.064, rel=0.05)


def test_blur_has_the_asked_width() -> None:
    wire = Part(tissue="steel", solid=rod((0.0, 0.0, -50.0), (0.0, 0.0, 50.0), radius_mm=0.2), oversample=8)
    picture = expose((wire,), GRID, acquisition=Acquisition(blur_mm=3.0, noise_hu=0.0), phase=Phase.NATIVE, seed=1)
    line = picture[8].sum(axis=0).astype(np.float64) + 1000 * 80
    x = np.arange(80) - 39.5
    spread = np.sqrt((line * x**2).sum() / line.sum() - 0.2**2 / 4 - 1 / 12)
    assert spread * 2.3548 == pytest.approx(3.0, rel=0.05)


def test_noise_has_standard_deviation_one_and_no_mean_in_any_slice() -> None:
    noise = correlated_noise((9, 128, 100), spacing_ijk_mm=(0.8, 0.8, 2.5), grain_mm=3.6, seed=2)
    assert noise.std(axis=(1, 2)) == pytest.approx(np.ones(9), abs=0.05)
    assert np.abs(noise.mean(axis=(1, 2))).max() < 0.02


def test_noise_is_strongest_at_the_wavelength_of_its_grain() -> None:
    noise = correlated_noise((8, 256, 256), spacing_ijk_mm=(0.8, 0.8, 2.5), grain_mm=3.6, seed=2)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256, 0.8), np.fft.fftfreq(256, 0.8)))
    edges = np.linspace(0, 0.6, 25)
    rings = [power[(frequency >= low) & (frequency < high)].mean() for low, high in itertools.pairwise(edges)]
    assert edges[int(np.argmax(rings))] == pytest.approx(1 / 3.6, abs=0.06)
    assert rings[0] < 0.2 * max(rings)


def test_noise_in_the_middle_of_a_body_is_as_asked() -> None:
    body = Part(tissue="water", solid=Ellipsoid((0.0, 0.0, 0.0), (1e3, 1e3, 1e3)))
    picture = scan((body,), GRID, acquisition=Acquisition(noise_hu=14.0), phase=Phase.NATIVE, seed=3)
    assert picture.std() == pytest.approx(14.0, rel=0.03)


def test_metal_is_cut_off_at_the_top_of_the_scale() -> None:
    metal = Part(tissue="steel", solid=Ellipsoid((0.0, 0.0, 0.0), (5.0, 5.0, 5.0)))
    picture = scan((metal,), GRID, acquisition=Acquisition(), phase=Phase.NATIVE, seed=1)
    assert picture.max() == 3071


def test_every_tissue_of_the_table_has_a_source_and_lies_on_or_above_the_scale() -> None:
    assert len(tissues()) > 30
    for each in tissues().values():
        assert each.source
        assert min(each.hu.values()) >= -1024


def test_contrast_medium_brightens_blood_and_liver_but_not_bile() -> None:
    def gain(key: str) -> float:
        return tissue(key).hu[Phase.PORTAL_VENOUS] - tissue(key).hu[Phase.NATIVE]

    assert gain("portal_blood") > gain("liver") > 40
    assert gain("gallbladder_bile") < 5

"""The scanner model: what it adds is where the rods are, and as much as their attenuation says."""

import numpy as np
import pytest

from trocar.errors import CatalogueError, ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import SEED_WITH_SILVER_ROD, Layer, Rod
from trocar.phantom.xray import Metal, attenuation_per_mm, signal, tube_spectrum

BEAM_HARDENING_OF_A_THIN_ROD = 0.08


def water(slices: int, *, spacing_mm: float = 0.8, slice_mm: float = 1.0, side: int = 120) -> Volume:
    """A water cylinder of 80 mm, without noise."""
    half = 0.5 * (side - 1) * spacing_mm
    grid = Grid.axial(
        origin_lps_mm=(-half, -half, -0.5 * (slices - 1) * slice_mm),
        spacing_ijk_mm=(spacing_mm, spacing_mm, slice_mm),
        shape_kji=(slices, side, side),
    )
    centres = grid.centres_lps_mm()
    values = np.where(np.hypot(centres[..., 0], centres[..., 1]) < 40.0, 0, -1000).astype(np.int16)
    return Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")


def scanner(**changes: float | None) -> Scanner:
    return Scanner(**{"kvp": 120.0, "photons": 1e9, "cutoff_per_mm": 0.4, "views": 360, **changes})  # type: ignore[arg-type]


def rod(x: float, y: float, z: float, *layers: Layer, axis: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> Rod:
    return Rod(centre_lps_mm=np.array([x, y, z]), axis_lps=np.array(axis), layers=layers)


def test_a_scan_without_rods_is_left_as_it_is() -> None:
    before = water(2)
    after = scan_with_rods(before, [], scanner(), slice_mm=1.0, generator=np.random.default_rng(1))
    assert np.array_equal(after.values_kji, before.values_kji)


def test_a_thin_rod_adds_its_cross_section_times_its_attenuation() -> None:
    long_rod = rod(7.3, -11.2, 0.0, Layer(radius_mm=0.5, length_mm=30.0, metal=Metal.HYDROXYAPATITE))
    before = water(1)
    after = scan_with_rods(before, [long_rod], scanner(), slice_mm=1.0, generator=np.random.default_rng(1))
    added = after.values_kji[0].astype(float) - before.values_kji[0]
    spectrum = tube_spectrum(120.0)
    behind_body = spectrum.weights * np.exp(-80.0 * attenuation_per_mm()["water"])
    columns = attenuation_per_mm()
    expected = np.pi * 0.25 * (behind_body @ columns["hydroxyapatite"]) / (behind_body @ columns["water"])
    assert added.sum() / 1000.0 * 0.64 == pytest.approx(expected, rel=BEAM_HARDENING_OF_A_THIN_ROD)


def test_a_rod_is_seen_where_it_lies_not_mirrored() -> None:
    placed = rod(21.3, -9.7, 0.0, *SEED_WITH_SILVER_ROD)
    before = water(1)
    after = scan_with_rods(before, [placed], scanner(), slice_mm=1.0, generator=np.random.default_rng(1))
    added = np.clip(after.values_kji[0].astype(float) - before.values_kji[0] - 500.0, 0.0, None)
    j, i = np.indices(added.shape)
    half = 0.5 * 119 * 0.8
    assert (added * i).sum() / added.sum() * 0.8 - half == pytest.approx(21.3, abs=0.1)
    assert (added * j).sum() / added.sum() * 0.8 - half == pytest.approx(-9.7, abs=0.1)


def test_a_lying_seed_is_longer_along_its_axis() -> None:
    placed = rod(0.0, 0.0, 0.0, *SEED_WITH_SILVER_ROD, axis=(1.0, 0.0, 0.0))
    before = water(1)
    machine = scanner(largest_hu=None)
    after = scan_with_rods(before, [placed], machine, slice_mm=1.0, generator=np.random.default_rng(1))
    added = np.clip(after.values_kji[0].astype(float) - before.values_kji[0] - 800.0, 0.0, None)
    j, i = np.indices(added.shape) - 59.5
    assert (added * i**2).sum() > 1.3 * (added * j**2).sum()


def test_thick_slices_spread_a_seed_and_keep_what_it_adds() -> None:
    placed = rod(3.1, 4.2, 0.4, *SEED_WITH_SILVER_ROD)
    sums = []
    for slice_mm, slices in ((1.0, 11), (2.5, 5)):
        before = water(slices, slice_mm=slice_mm)
        machine = scanner(largest_hu=None)
        after = scan_with_rods(before, [placed], machine, slice_mm=slice_mm, generator=np.random.default_rng(1))
        sums.append((after.values_kji.astype(float) - before.values_kji).sum() * slice_mm)
    assert sums[1] == pytest.approx(sums[0], rel=0.06)


def test_the_scale_is_cut_off_like_a_scanners() -> None:
    placed = rod(0.0, 0.0, 0.0, *SEED_WITH_SILVER_ROD)
    after = scan_with_rods(water(1), [placed], scanner(), slice_mm=1.0, generator=np.random.default_rng(1))
    assert after.values_kji.max() == 3071


def test_only_axial_ct_is_scanned_again() -> None:
    before = water(1)
    as_mr = Volume(grid=before.grid, values_kji=before.values_kji, quantity=Quantity.MR_SIGNAL, frame_uid="1.2.3")
    with pytest.raises(ImagingError, match="axial"):
        scan_with_rods(as_mr, [], scanner(), slice_mm=1.0, generator=np.random.default_rng(1))


def test_signal_falls_less_behind_each_further_centimetre_of_water() -> None:
    left = -np.log(signal(tube_spectrum(120.0), np.array([0.0, 100.0, 200.0, 300.0]), {}))
    assert (np.diff(left, 2) < 0).all()


def test_water_on_the_ct_scale_is_near_0_2_per_cm() -> None:
    assert 10.0 * tube_spectrum(120.0).water_per_mm == pytest.approx(0.2, abs=0.03)


def test_a_tube_voltage_beyond_the_model_is_refused() -> None:
    with pytest.raises(CatalogueError, match="70 to 150"):
        tube_spectrum(250.0)

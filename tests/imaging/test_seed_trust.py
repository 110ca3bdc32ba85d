"""A scan without seeds says so, whatever bone it shows."""

from dataclasses import replace

import numpy as np
import pytest

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seed_fit import Picture
from trocar.imaging.seed_trust import FLAT, SHARP, sharpness
from trocar.imaging.seeds import find_seeds
from trocar.results.seeds_seen import FoundSeed, SeedBody

PICTURE = Picture(
    blur_mm=(0.7, 0.7, 0.45),
    mass_hu_mm3=6.0e4,
    seen_mass_hu_mm3=6.0e4,
    half_mm=1.6,
    capsule_mm=4.5,
    slice_mm=5.0,
    contrast_hu=2100.0,
)


def spongy_bone(*, slice_mm: float, seed: int) -> Volume:
    """Return tissue with many small bright pieces of every size and brightness, as vertebrae and ribs show them."""
    rng = np.random.default_rng(seed)
    grid = Grid.axial(
        origin_lps_mm=(-40.0, -40.0, -30.0),
        spacing_ijk_mm=(1.0, 1.0, slice_mm),
        shape_kji=(int(60 / slice_mm), 80, 80),
    )
    values = rng.normal(40.0, 10.0, grid.shape_kji)
    z, y, x = (grid.origin_lps_mm[2] + slice_mm * np.arange(grid.shape_kji[0]), *(np.arange(80) - 40.0,) * 2)
    for _ in range(30):
        middle = rng.uniform((-35, -35, -25), (35, 35, 25))
        half = np.maximum(rng.lognormal(0.6, 0.6, 3), [0.8, 0.8, 0.5 * slice_mm])
        i, j, k = (np.exp(-0.5 * ((part - m) / h) ** 2) for part, m, h in zip((x, y, z), middle, half, strict=True))
        values += rng.uniform(400, 1500) * k[:, None, None] * j[:, None] * i
    return Volume.owning(
        grid=grid, values_kji=np.rint(values).astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3"
    )


def sure_seeds(scan: Volume, planned: np.ndarray | None) -> tuple[FoundSeed, ...]:
    count = None if planned is None else len(planned)
    try:
        return find_seeds(scan, SeedBody(length_mm=4.5), expected=count, planned_lps_mm=planned).seeds
    except ImagingError:
        return ()


def test_the_peak_of_a_seed_follows_from_its_brightness_and_the_blur() -> None:
    lying = 6.0e4 / (np.sqrt(2 * np.pi) * 0.7) / 5.0 / 3.2
    assert sharpness(PICTURE) == pytest.approx(2100.0 / lying, rel=0.1)
    assert sharpness(PICTURE) > SHARP
    assert sharpness(replace(PICTURE, contrast_hu=650.0)) < FLAT


def test_a_peak_at_the_end_of_the_scale_is_as_high_as_can_be() -> None:
    thin = replace(PICTURE, slice_mm=1.0, contrast_hu=3040.0)
    assert sharpness(thin) == pytest.approx(3040.0 / 3000.0)


@pytest.mark.parametrize("slice_mm", [1.0, 2.5, 5.0])
@pytest.mark.parametrize("is_planned", [False, True])
def test_pieces_of_bone_are_no_seeds_at_any_thickness(slice_mm: float, is_planned: bool) -> None:
    scan = spongy_bone(slice_mm=slice_mm, seed=4)
    planned = np.random.default_rng(1).uniform(-20, 20, (40, 3)) if is_planned else None
    assert not sure_seeds(scan, planned)

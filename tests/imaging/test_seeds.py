"""The seed finder on simulated scans of seeds whose places are known."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seeds import find_seeds
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import SEED_WITH_SILVER_ROD, Layer, Rod, steel_needle
from trocar.phantom.xray import Metal
from trocar.results.seeds_seen import Localisation, SeedBody

BODY = SeedBody(length_mm=4.5)
SAME_SEED_WITHIN_MM = 2.5


def tissue(*, slice_mm: float, seed: int) -> Volume:
    """Soft tissue with noise, a rib and a calcification, 110 mm wide."""
    slices = int(50 / slice_mm)
    grid = Grid.axial(
        origin_lps_mm=(-55.0, -55.0, -0.5 * (slices - 1) * slice_mm),
        spacing_ijk_mm=(0.8, 0.8, slice_mm),
        shape_kji=(slices, 138, 138),
    )
    centres = grid.centres_lps_mm()
    generator = np.random.default_rng(seed)
    values = np.where(np.hypot(centres[..., 0], centres[..., 1]) < 52.0, 40.0, -1000.0)
    values += generator.normal(0.0, 12.0, values.shape)
    values[np.hypot((centres[..., 0] + 35.0) / 7.0, (centres[..., 1] - 20.0) / 4.0) < 1.0] = 950.0
    stone = np.linalg.norm(centres - np.array([30.0, 28.0, 3.0]), axis=-1)
    values += 900.0 * np.exp(-0.5 * (stone / 1.2) ** 2)
    return Volume.owning(grid=grid, values_kji=values.astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")


def train(
    start: tuple[float, float, float], along: tuple[float, float, float], count: int, pitch_mm: float
) -> list[Rod]:
    axis = np.array(along) / np.linalg.norm(along)
    return [
        Rod(centre_lps_mm=np.array(start) + n * pitch_mm * axis, axis_lps=axis, layers=SEED_WITH_SILVER_ROD)
        for n in range(count)
    ]


def implant(pitch_mm: float) -> list[Rod]:
    return [
        *train((-18.0, -22.0, -8.0), (0.2, 1.0, 0.1), 4, pitch_mm),
        *train((-4.0, -20.0, 0.0), (0.1, 1.0, -0.1), 4, pitch_mm),
        *train((10.0, -24.0, 7.0), (0.3, 1.0, 0.2), 4, pitch_mm),
    ]


def scanned(rods: list[Rod], *, slice_mm: float, seed: int) -> Volume:
    machine = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.4, views=480)
    generator = np.random.default_rng(seed)
    return scan_with_rods(tissue(slice_mm=slice_mm, seed=seed), rods, machine, slice_mm=slice_mm, generator=generator)


def matches(rods: list[Rod], seen: Localisation) -> tuple[int, float]:
    """Return how many seeds were found within reach of a true one, and the median distance of those."""
    truth = np.array([each.centre_lps_mm for each in rods])
    found = np.array([each.position_lps_mm for each in seen.seeds])
    distance = np.linalg.norm(truth[:, None] - found[None], axis=2)
    pairs = linear_sum_assignment(np.minimum(distance, 10.0))
    near = distance[pairs] < SAME_SEED_WITHIN_MM
    return int(near.sum()), float(np.median(distance[pairs][near]))


@pytest.mark.parametrize(
    ("slice_mm", "pitch_mm", "median_mm"), [(1.0, 9.0, 0.4), (1.0, 4.6, 0.4), (2.5, 9.0, 1.0), (2.5, 4.6, 1.0)]
)
def test_every_seed_is_found_and_nothing_else(slice_mm: float, pitch_mm: float, median_mm: float) -> None:
    rods = implant(pitch_mm)
    seen = find_seeds(scanned(rods, slice_mm=slice_mm, seed=5), BODY)
    matched, error_mm = matches(rods, seen)
    assert matched == len(rods)
    assert len(seen.seeds) == len(rods)
    assert error_mm < median_mm


def test_a_seed_is_found_on_its_own_side() -> None:
    rods = train((25.0, -10.0, 0.0), (0.0, 1.0, 0.2), 3, 8.0)
    seen = find_seeds(scanned(rods, slice_mm=1.0, seed=2), BODY)
    assert all(each.position_lps_mm[0] > 20.0 for each in seen.seeds)


def test_seeds_that_stand_are_told_from_seeds_that_lie_in_thin_slices() -> None:
    standing = train((-20.0, -15.0, -12.0), (0.0, 0.0, 1.0), 3, 11.0)
    lying = train((15.0, -15.0, 0.0), (0.0, 1.0, 0.0), 3, 11.0)
    seen = find_seeds(scanned([*standing, *lying], slice_mm=1.0, seed=3), BODY)
    upright = {
        side: [abs(each.axis_lps[2]) for each in seen.seeds if side * each.position_lps_mm[0] > 0] for side in (-1, 1)
    }
    assert min(upright[-1]) > max(upright[1])


def test_a_clip_and_a_needle_left_behind_are_no_seeds() -> None:
    clip = (Layer(radius_mm=0.5, length_mm=6.0, metal=Metal.TITANIUM),)
    others = [
        Rod(centre_lps_mm=np.array([25.0, -25.0, 2.0]), axis_lps=np.array([1.0, 0.4, 0.3]), layers=clip),
        Rod(centre_lps_mm=np.array([24.0, 5.0, -4.0]), axis_lps=np.array([0.3, 1.0, 0.1]), layers=steel_needle(30.0)),
    ]
    rods = implant(9.0)
    planned = np.array([rod.centre_lps_mm for rod in rods]) + np.array([1.0, -1.5, 1.0])
    scan = scanned([*rods, *others], slice_mm=1.0, seed=7)
    seen = find_seeds(scan, BODY, expected=len(rods), planned_lps_mm=planned)
    assert matches(rods, seen)[0] == len(rods)
    assert len(seen.seeds) == len(rods)


def test_a_scan_without_seeds_says_so() -> None:
    with pytest.raises(ImagingError, match="no seed was found"):
        find_seeds(tissue(slice_mm=1.0, seed=1), BODY)


def test_seeds_are_not_looked_for_on_mr() -> None:
    before = tissue(slice_mm=2.5, seed=1)
    as_mr = Volume(grid=before.grid, values_kji=before.values_kji, quantity=Quantity.MR_SIGNAL, frame_uid="1.2.3")
    with pytest.raises(ImagingError, match="HU"):
        find_seeds(as_mr, BODY)


def test_progress_reaches_the_end() -> None:
    heard: list[float] = []
    find_seeds(scanned(implant(9.0)[:4], slice_mm=2.5, seed=5), BODY, progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0

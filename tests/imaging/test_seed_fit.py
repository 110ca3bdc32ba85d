"""Bright things taken apart into seeds, on pictures made by the model itself."""

import numpy as np
import pytest

from trocar.imaging.kernels import add_line
from trocar.imaging.seed_fit import Patch, Picture, fit_cluster

PICTURE = Picture(
    blur_mm=(0.7, 0.7, 0.45),
    mass_hu_mm3=7.7e4,
    seen_mass_hu_mm3=7.7e4,
    half_mm=1.64,
    capsule_mm=4.55,
    slice_mm=2.5,
    contrast_hu=3050.0,
)
SCALE_END_HU = 3071.0


def coarse_patch(places_mm: np.ndarray, *, phase_mm: tuple[float, float]) -> Patch:
    """Return standing seeds on pixels of 1.64 mm and slices of 2.5 mm, cut off where a 12-bit scale ends."""
    index = np.indices((9, 9, 9)).reshape(3, -1).T - 4.0
    points = np.ascontiguousarray(index[:, ::-1] * [1.64, 1.64, 2.5] + [*phase_mm, 0.0])
    seen = np.full(len(points), 20.0)
    for place in places_mm:
        add_line(points, np.array([*place, 0.0, 0.0, 1.0, 7.7e4, 1.0]), PICTURE.half_mm, PICTURE.sigma, seen, 1.0)
    seen = np.minimum(seen, SCALE_END_HU)
    return Patch(
        points_mm=points, observed_hu=seen, bright=seen > 1200.0, background_hu=20.0, voxel_mm3=1.64 * 1.64 * 2.5
    )


@pytest.mark.parametrize("phase_mm", [(0.0, 0.0), (0.4, -0.3), (0.8, 0.6), (-0.6, 0.8)])
def test_two_seeds_that_share_a_few_voxels_are_two(phase_mm: tuple[float, float]) -> None:
    places = np.array([[0.55, 0.65, -1.3], [-0.55, -0.65, 1.3]])
    best = min(fit_cluster(coarse_patch(places, phase_mm=phase_mm), PICTURE), key=lambda fit: fit.score)
    assert len(best.rows) == 2
    assert best.rows[:, 6] / PICTURE.mass_hu_mm3 == pytest.approx([1.0, 1.0], abs=0.3)


@pytest.mark.parametrize("phase_mm", [(0.0, 0.0), (0.4, -0.3), (0.8, 0.6), (-0.6, 0.8)])
def test_one_seed_is_one(phase_mm: tuple[float, float]) -> None:
    patch = coarse_patch(np.array([[0.2, -0.1, 0.4]]), phase_mm=phase_mm)
    assert len(min(fit_cluster(patch, PICTURE), key=lambda fit: fit.score).rows) == 1

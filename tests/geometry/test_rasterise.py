"""From a region to voxels: centres inside, shares of voxels, in any pose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid, occupancy_on_grid
from trocar.geometry.region import Between, EndCap, region_from_contours

REGIONS = {
    "slabs": region_from_contours(shapes.ball(9.3, spacing=2.0, n=80), end_cap=EndCap.HALF_SLICE),
    "rounded": region_from_contours(shapes.ball(9.3, spacing=2.0, n=80), end_cap=EndCap.ROUNDED),
    "shape": region_from_contours(
        shapes.ball(9.3, spacing=2.0, n=80), end_cap=EndCap.HALF_SLICE, between=Between.SHAPE
    ),
    "hollow": region_from_contours(
        [*shapes.ball(9.3, spacing=2.0, n=80), *shapes.ball(5.1, spacing=2.0, n=80)], end_cap=EndCap.HALF_SLICE
    ),
}


def tilted_grid(axis: tuple[float, float, float], angle: float, shear: float, spacing: float) -> Grid:
    matrix = np.eye(4)
    steps = np.diag([spacing, 1.1 * spacing, -1.3 * spacing])
    steps[1, 2] = shear * spacing
    matrix[:3, :3] = shapes.rotation_about(axis, angle) @ steps
    shape = (21, 23, 25)
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape[::-1]) / 2 + 0.1)
    return Grid(shape_kji=shape, lps_from_ijk=matrix)


@given(
    which=st.sampled_from(sorted(REGIONS)),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    angle=st.floats(-np.pi, np.pi),
    shear=st.floats(-0.5, 0.5),
    spacing=st.floats(0.6, 2.0),
)
@settings(max_examples=20, deadline=None)
def test_a_mask_says_of_every_centre_what_the_region_says(
    which: str, axis: tuple[float, float, float], angle: float, shear: float, spacing: float
) -> None:
    region, grid = REGIONS[which], tilted_grid(axis, angle, shear, spacing)
    inside = region.contains(grid.centres_lps_mm())
    assert np.count_nonzero(mask_on_grid(region, grid) != inside) <= 1, "a centre on an outline may round either way"


@given(
    which=st.sampled_from(sorted(REGIONS)),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    angle=st.floats(-np.pi, np.pi),
    shear=st.floats(-0.5, 0.5),
)
@settings(max_examples=12, deadline=None)
def test_an_occupancy_is_the_share_of_points_inside_even_where_nothing_was_sampled(
    which: str, axis: tuple[float, float, float], angle: float, shear: float
) -> None:
    region, grid = REGIONS[which], tilted_grid(axis, angle, shear, 1.5)
    n = 3
    share = np.zeros(grid.shape_kji)
    for a, b, c in np.ndindex(n, n, n):
        skew = np.array([b * n + c, c * n + a, a * n + b]) + 0.5
        offset = (np.array([a, b, c]) + skew / n**2) / n - 0.5
        share += region.contains(grid.centres_lps_mm() + offset @ grid.steps_lps_mm)
    occupancy = occupancy_on_grid(region, grid, points_per_axis=n)
    assert np.abs(occupancy - share / n**3).max() <= 1.01 / n**3
    assert np.count_nonzero(np.abs(occupancy - share / n**3) > 1e-6) <= 3


def test_occupancies_add_up_to_the_volume() -> None:
    region = REGIONS["slabs"]
    grid = Grid.around(region.bounds_lps_mm, margin_mm=2, spacing_mm=1.7)
    volume = occupancy_on_grid(region, grid).sum(dtype=np.float64) * grid.voxel_volume_mm3
    assert volume == pytest.approx(region.volume_mm3, rel=2e-3)


def test_a_plate_thinner_than_a_voxel_is_not_lost() -> None:
    plate = region_from_contours(
        [shapes.rectangle(-20, 20, -20, 20, z=0.8)], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=0.4
    )
    grid = Grid.axial(origin_lps_mm=(-25, -25, -5), spacing_ijk_mm=(5, 5, 5), shape_kji=(3, 11, 11))
    assert not mask_on_grid(plate, grid).any()
    volume = occupancy_on_grid(plate, grid, points_per_axis=25).sum() * grid.voxel_volume_mm3
    assert volume == pytest.approx(plate.volume_mm3, rel=0.05)


def test_a_region_beside_the_grid_leaves_it_empty() -> None:
    grid = Grid.axial(origin_lps_mm=(100, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(4, 4, 4))
    assert not mask_on_grid(REGIONS["slabs"], grid).any()
    assert not occupancy_on_grid(REGIONS["slabs"], grid).any()


def test_no_points_an_axis_is_refused() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(4, 4, 4))
    with pytest.raises(GeometryError, match="at least 1"):
        occupancy_on_grid(REGIONS["slabs"], grid, points_per_axis=0)

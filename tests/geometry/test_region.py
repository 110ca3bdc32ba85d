"""The solid that contours stand for: holes, keyholes, planes in any pose, gaps, caps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.region import Between, EndCap, Gaps, Region, region_from_contours, region_from_grid

LATTICE_ERROR = 0.3
"""Area missed by midpoints of a lattice, in units of outline length times pitch; 0.5 is the worst case."""
MONTE_CARLO_STANDARD_ERRORS = 4.0


def box(z_planes: object = (0.0, 2.0, 4.0)) -> list[Contour]:
    return [shapes.rectangle(0, 10, 0, 20, z=float(z)) for z in np.asarray(z_planes)]


def codes(region: Region) -> list[str]:
    return [remark.code for remark in region.remarks]


def assert_sampled_volume_agrees(region: Region, n: int = 200_000) -> None:
    low, high = region.bounds_lps_mm - [[1.0], [-1.0]]
    points = np.random.default_rng(5).uniform(low, high, (n, 3))
    share = region.contains(points).mean()
    box_mm3 = float(np.prod(high - low))
    standard_error = box_mm3 * np.sqrt(share * (1 - share) / n)
    assert abs(share * box_mm3 - region.volume_mm3) < MONTE_CARLO_STANDARD_ERRORS * standard_error


def test_a_box_has_its_volume_with_half_slices_and_less_without_caps() -> None:
    assert region_from_contours(box(), end_cap=EndCap.HALF_SLICE).volume_mm3 == pytest.approx(200 * 6)
    assert region_from_contours(box(), end_cap=EndCap.NONE).volume_mm3 == pytest.approx(200 * 4)


def test_a_rounded_cap_holds_less_than_a_half_slice_and_more_than_none() -> None:
    contours = shapes.ball(10, spacing=2)
    volumes = [region_from_contours(contours, end_cap=cap).volume_mm3 for cap in (EndCap.NONE, EndCap.ROUNDED)]
    assert volumes[0] < volumes[1] < region_from_contours(contours, end_cap=EndCap.HALF_SLICE).volume_mm3


def test_a_rounded_cap_on_a_large_box_removes_a_quarter_round_along_its_edges() -> None:
    contours = [shapes.rectangle(0, 40, 0, 60, z=z) for z in (0.0, 4.0, 8.0)]
    region = region_from_contours(contours, end_cap=EndCap.ROUNDED)
    depth, _ = 2.0, None
    inset_mean, inset_square_mean = depth * (1 - np.pi / 4), depth**2 * (2 - np.pi / 2 - 1 / 3)
    cap = depth * (40 * 60 - 200 * inset_mean + 4 * inset_square_mean)
    assert region.volume_mm3 == pytest.approx(2400 * 8 + 2 * cap, rel=1e-3)
    assert_sampled_volume_agrees(region)


def test_a_hole_is_outside_whichever_way_its_points_run() -> None:
    for step in (1, -1):
        hole = [shapes.closed(shapes.rectangle(2, 6, 2, 6, z=z).points_lps_mm[::step]) for z in (0.0, 2.0, 4.0)]
        region = region_from_contours([*box(), *hole], end_cap=EndCap.HALF_SLICE)
        assert region.volume_mm3 == pytest.approx((200 - 16) * 6)
        assert region.contains(np.array([[4.0, 4, 2], [1, 1, 2]])).tolist() == [False, True]


def test_an_island_in_a_hole_is_inside() -> None:
    z = 0.0
    contours = [shapes.circle(radius, z=z) for radius in (10, 7, 3)]
    region = region_from_contours(contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    assert region.volume_mm3 == pytest.approx(np.pi * (100 - 49 + 9))
    inside = region.contains(np.array([[0.0, 0, 0], [5, 0, 0], [8, 0, 0], [11, 0, 0]]))
    assert inside.tolist() == [True, False, True, False]


def test_a_keyhole_encloses_what_it_shows() -> None:
    outline = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 5]]
    hole = [[3, 5], [3, 7], [7, 7], [7, 3], [3, 3], [3, 5]]
    keyhole = np.array([[*p, 0.0] for p in [*outline, *hole, [0, 5]]])
    region = region_from_contours([shapes.closed(keyhole)], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    assert region.volume_mm3 == pytest.approx(100 - 16)
    assert region.remarks == ()
    assert region.contains(np.array([[5.0, 5, 0], [1.5, 5.0, 0], [1.5, 4.9, 0]])).tolist() == [False, True, True]
    assert np.abs(region.planes[0].edges_uv_mm[:, [1, 3]] - 5).max(axis=1).min() > 0, "the channel is no surface"


def test_several_parts_a_slice_add_up() -> None:
    contours = [*box(), *[shapes.rectangle(30, 35, 0, 4, z=z) for z in (0.0, 2.0, 4.0)]]
    assert region_from_contours(contours, end_cap=EndCap.HALF_SLICE).volume_mm3 == pytest.approx((200 + 20) * 6)


def test_a_contour_drawn_twice_is_counted_once_and_named() -> None:
    twin = shapes.closed(np.roll(box()[1].points_lps_mm[::-1], 2, axis=0))
    region = region_from_contours([*box(), twin], end_cap=EndCap.HALF_SLICE)
    assert region.volume_mm3 == pytest.approx(1200)
    assert codes(region) == ["geometry.contour-drawn-twice"]


def test_contours_that_cross_leave_out_what_they_share_and_it_is_named() -> None:
    contours = [shapes.rectangle(0, 10, 0, 10, z=0), shapes.rectangle(5, 15, 5, 15, z=0)]
    region = region_from_contours(contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    assert region.volume_mm3 == pytest.approx(200 - 2 * 25)
    assert codes(region) == ["geometry.contours-cross"]


def test_a_figure_of_eight_is_named_and_both_loops_are_inside() -> None:
    eight = shapes.closed([[0, 0, 0], [10, 10, 0], [10, 0, 0], [0, 10, 0]])
    region = region_from_contours([eight], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    assert region.volume_mm3 == pytest.approx(50)
    assert codes(region) == ["geometry.contour-crosses-itself"]


def test_non_uniform_planes_count_up_to_the_middle_between_neighbours() -> None:
    region = region_from_contours(box([0, 1, 2, 3, 5, 7, 9]), end_cap=EndCap.NONE)
    assert region.volume_mm3 == pytest.approx(200 * 9)
    assert region.remarks == ()
    assert region.stack.high[3] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("gaps", "volume", "code"),
    [
        (Gaps.OPEN, 200 * 12, "geometry.planes-missing-open"),
        (Gaps.BRIDGED, 200 * 14, "geometry.planes-missing-bridged"),
    ],
)
def test_a_gap_is_named_and_filled_only_on_demand(gaps: Gaps, volume: float, code: str) -> None:
    region = region_from_contours(box([0, 2, 4, 8, 10, 12]), end_cap=EndCap.HALF_SLICE, gaps=gaps)
    assert region.volume_mm3 == pytest.approx(volume)
    assert codes(region) == [code]
    assert region.contains(np.array([[5.0, 5, 6]]))[0] == (gaps is Gaps.BRIDGED)
    assert_sampled_volume_agrees(region)


def test_a_refused_gap_says_where_it_is() -> None:
    with pytest.raises(GeometryError, match=r"between 4\.00 and 8\.00 mm, where planes are 2\.00 mm"):
        region_from_contours(box([0, 2, 4, 8, 10, 12]), end_cap=EndCap.HALF_SLICE, gaps=Gaps.REFUSED)


def test_a_plane_alone_between_gaps_is_one_slice_thick() -> None:
    region = region_from_contours(box([0, 2, 4, 10, 16, 18, 20]), end_cap=EndCap.HALF_SLICE)
    assert codes(region) == ["geometry.planes-missing-open"] * 2
    inside = region.contains(np.array([[5.0, 5, z] for z in (8.9, 9.1, 10.9, 11.1)]))
    assert inside.tolist() == [False, True, True, False]


def test_a_change_of_spacing_is_no_gap() -> None:
    assert codes(region_from_contours(box([0, 5, 10, 15, 17.5, 20, 22.5]), end_cap=EndCap.NONE)) == []


def test_planes_that_nearly_coincide_are_named_and_are_no_reason_for_gaps() -> None:
    region = region_from_contours(box([0, 2, 4, 4.2, 6, 8]), end_cap=EndCap.HALF_SLICE)
    assert codes(region) == ["geometry.planes-nearly-coincide"]
    assert region.volume_mm3 == pytest.approx(200 * 10)


def test_a_lone_step_is_a_gap_only_when_the_image_spacing_says_so() -> None:
    assert codes(region_from_contours(box([0, 10]), end_cap=EndCap.HALF_SLICE)) == []
    region = region_from_contours(box([0, 10]), end_cap=EndCap.HALF_SLICE, plane_spacing_mm=2.0)
    assert codes(region) == ["geometry.planes-missing-open"]
    assert region.volume_mm3 == pytest.approx(200 * 4)


def test_a_single_plane_needs_the_image_spacing() -> None:
    with pytest.raises(GeometryError, match="one plane only"):
        region_from_contours(box([3]), end_cap=EndCap.HALF_SLICE)
    assert region_from_contours(box([3]), end_cap=EndCap.HALF_SLICE, plane_spacing_mm=2.5).volume_mm3 == 500
    with pytest.raises(GeometryError, match="end cap"):
        region_from_contours(box([3]), end_cap=EndCap.NONE, plane_spacing_mm=2.5)


@pytest.mark.parametrize("spacing_mm", [0.0, -1.0, float("nan")])
def test_a_plane_spacing_that_is_none_is_refused(spacing_mm: float) -> None:
    with pytest.raises(GeometryError, match="must be above 0 mm"):
        region_from_contours(box([3]), end_cap=EndCap.HALF_SLICE, plane_spacing_mm=spacing_mm)


def test_open_contours_alone_are_no_region() -> None:
    curve = Contour(kind=ContourKind.OPEN_PLANAR, points_lps_mm=np.eye(3))
    with pytest.raises(GeometryError, match="none of them is closed"):
        region_from_contours([curve], end_cap=EndCap.NONE, name="needle")
    with pytest.raises(GeometryError, match="0 contours"):
        region_from_contours([], end_cap=EndCap.NONE)


def test_open_contours_beside_closed_ones_are_left_out_and_named() -> None:
    curve = Contour(kind=ContourKind.OPEN_PLANAR, points_lps_mm=np.eye(3))
    region = region_from_contours([*box(), curve], end_cap=EndCap.HALF_SLICE)
    assert codes(region) == ["geometry.open-contours-left-out"]


def test_contours_without_area_are_left_out_or_refused() -> None:
    line = shapes.closed([[0.0, 0, 6], [1, 0, 6], [2, 0, 6], [1, 0, 6]])
    point = shapes.closed([[0.0, 0, 8]])
    region = region_from_contours([*box(), line, point], end_cap=EndCap.HALF_SLICE)
    assert set(codes(region)) == {"geometry.contour-without-area"}
    assert len(region.planes) == 3
    for nothing in ([line], [point], [line, point]):
        with pytest.raises(GeometryError, match="enclose no area"):
            region_from_contours(nothing, end_cap=EndCap.HALF_SLICE)


def test_planes_that_are_not_parallel_are_refused() -> None:
    upright = shapes.closed([[0.0, 0, 0], [10, 0, 0], [10, 0, 10], [0, 0, 10]])
    with pytest.raises(GeometryError, match="do not lie in parallel planes"):
        region_from_contours([*box(), upright], end_cap=EndCap.HALF_SLICE)


def test_a_contour_slightly_off_its_plane_is_flattened_and_named() -> None:
    bent = box()[1].points_lps_mm + np.array([[0, 0, 0.04], [0, 0, -0.04], [0, 0, 0.04], [0, 0, -0.04]])
    region = region_from_contours([box()[0], shapes.closed(bent), box()[2]], end_cap=EndCap.HALF_SLICE)
    assert codes(region) == ["geometry.contour-not-quite-planar"]
    assert region.volume_mm3 == pytest.approx(1200, rel=1e-3)


def test_axial_planes_keep_the_patient_axes() -> None:
    region = region_from_contours(box(), end_cap=EndCap.HALF_SLICE)
    assert np.array_equal(region.uvw_from_lps, np.eye(4))
    assert region.bounds_lps_mm.tolist() == [[0, 0, -1], [10, 20, 5]]


angles = st.floats(-np.pi, np.pi)
axes = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1)


@given(axis=axes, angle=angles, shift=st.tuples(*[st.floats(-200, 200)] * 3))
@settings(max_examples=25, deadline=None)
def test_a_region_in_any_pose_keeps_its_volume_and_holds_the_moved_points(
    axis: tuple[float, float, float], angle: float, shift: tuple[float, float, float]
) -> None:
    contours = [*box(), *[shapes.rectangle(2, 6, 2, 6, z=z) for z in (0.0, 2.0, 4.0)]]
    rotation = shapes.rotation_about(axis, angle)
    still = region_from_contours(contours, end_cap=EndCap.HALF_SLICE)
    turned = region_from_contours(shapes.moved(contours, rotation, np.array(shift)), end_cap=EndCap.HALF_SLICE)
    assert turned.volume_mm3 == pytest.approx(still.volume_mm3, rel=1e-7)
    points = np.random.default_rng(1).uniform([-2, -2, -2], [12, 22, 6], (500, 3))
    assert np.array_equal(still.contains(points), turned.contains(points @ rotation.T + np.array(shift)))


@given(
    polygon=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=12, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_the_exact_area_of_any_polygon_is_the_area_that_contains_sees(polygon: list[tuple[int, int]]) -> None:
    """Self-crossing, self-touching and collinear polygons included: midpoints of a fine lattice against the sweep."""
    contour = shapes.closed([[*point, 0.0] for point in polygon])
    try:
        region = region_from_contours([contour], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    except GeometryError:
        with pytest.raises(GeometryError, match="enclose no area"):
            region_from_contours([contour], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
        return
    pitch = 18 / 450
    axis = -9 + pitch * (np.arange(450) + 0.5)
    x, y = np.meshgrid(axis, axis)
    share = region.contains(np.stack([x, y, np.zeros_like(x)], axis=-1)).sum() * pitch**2
    length = np.linalg.norm(np.diff([*polygon, polygon[0]], axis=0), axis=1).sum()
    assert share == pytest.approx(region.volume_mm3, abs=LATTICE_ERROR * length * pitch)


def test_shape_interpolation_of_a_cone_gives_the_frustum() -> None:
    contours = shapes.solid_of_revolution(lambda z: 10 - 0.5 * z, [0.0, 4.0, 8.0])
    region = region_from_contours(contours, end_cap=EndCap.NONE, between=Between.SHAPE)
    frustum = np.pi * 8 / 3 * (10**2 + 10 * 6 + 6**2)
    assert region.volume_mm3 == pytest.approx(frustum, rel=1e-3)
    assert region.volume_error_mm3 < 5e-3 * frustum
    slab = region_from_contours(contours, end_cap=EndCap.NONE, between=Between.SLAB)
    assert abs(slab.volume_mm3 - frustum) > 3 * abs(region.volume_mm3 - frustum)
    assert_sampled_volume_agrees(region)


def test_shape_interpolation_carries_an_outline_across_a_shift() -> None:
    contours = [shapes.circle(5, z=0.0), shapes.circle(5, z=4.0, centre=(4.0, 0.0))]
    region = region_from_contours(contours, end_cap=EndCap.NONE, between=Between.SHAPE)
    middle = region.contains(np.array([[6.5, 0, 2.0], [-2.5, 0, 2.0], [-4.5, 0, 2.0], [8.5, 0, 2.0]]))
    assert middle.tolist() == [True, True, False, False]


def test_a_region_is_equal_to_its_twin_and_to_no_other() -> None:
    first, second = (region_from_contours(box(), end_cap=EndCap.HALF_SLICE) for _ in range(2))
    assert first == second
    assert first != region_from_contours(box(), end_cap=EndCap.NONE)


def test_touching_regions_share_no_point_and_leave_none_out() -> None:
    left = region_from_contours(box(), end_cap=EndCap.HALF_SLICE)
    right = region_from_contours(
        [shapes.rectangle(10, 20, 0, 20, z=z) for z in (0.0, 2.0, 4.0)], end_cap=EndCap.HALF_SLICE
    )
    points = np.array([[10.0, y, 1.0] for y in np.linspace(0, 19.5, 40)])
    assert (left.contains(points) ^ right.contains(points)).all()


def test_the_region_of_a_grid_is_its_box() -> None:
    rotation = shapes.rotation_about((1, 2, 3), 0.7)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation @ np.diag([1.0, 2.0, -3.0])
    matrix[:3, 3] = [5, 6, 7]
    grid = Grid(shape_kji=(4, 5, 6), lps_from_ijk=matrix)
    region = region_from_grid(grid)
    assert region.volume_mm3 == pytest.approx(4 * 5 * 6 * grid.voxel_volume_mm3)
    points = np.random.default_rng(2).uniform(-20, 30, (2000, 3))
    assert np.array_equal(region.contains(points), grid.contains(points))


def test_the_region_of_a_sheared_grid_is_refused() -> None:
    matrix = np.eye(4)
    matrix[1, 2] = 0.3
    with pytest.raises(GeometryError, match="sheared"):
        region_from_grid(Grid(shape_kji=(2, 2, 2), lps_from_ijk=matrix))

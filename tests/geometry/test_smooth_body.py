"""Smooth bodies from masks: sub-voxel surfaces, volumes, irregular bodies, refusals; distances to meshes."""

import numpy as np
import pytest

from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh, vertex_areas_mm2
from trocar.geometry.smooth_body import Fit, ellipsoid_body, harmonics, nearby_body, smooth_body


def _grid(spacing: tuple[float, float, float], half: float = 30.0) -> Grid:
    counts = [int(2 * np.ceil(half / h) + 1) for h in spacing]
    start = [-np.ceil(half / h) * h for h in spacing]
    return Grid.axial(
        origin_lps_mm=(start[0], start[1], start[2]),
        spacing_ijk_mm=spacing,
        shape_kji=(counts[2], counts[1], counts[0]),
    )


def _ball(grid: Grid, radius: float, centre: tuple[float, float, float]) -> np.ndarray:
    return np.linalg.norm(grid.centres_lps_mm() - np.asarray(centre), axis=-1) <= radius


@pytest.mark.parametrize(("spacing", "within"), [((1.0, 1.0, 1.0), 0.2), ((0.75, 0.75, 3.0), 0.45)])
def test_the_surface_of_a_ball_is_found_to_a_fraction_of_a_voxel(
    spacing: tuple[float, float, float], within: float
) -> None:
    grid = _grid(spacing)
    body = smooth_body(_ball(grid, 12.0, (0.3, -0.2, 0.45)), grid)
    radii = np.linalg.norm(body.mesh.vertices_lps_mm - np.array([0.3, -0.2, 0.45]), axis=1)
    assert body.fit is Fit.STAR
    assert np.abs(radii - 12.0).max() < within
    assert body.mesh.volume_mm3 == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.01)


def test_a_dumbbell_is_told_from_a_star_and_keeps_both_its_ends() -> None:
    grid = _grid((1.0, 1.0, 1.0))
    mask = _ball(grid, 9, (-14, 0, 0)) | _ball(grid, 9, (14, 0, 0))
    mask |= (np.linalg.norm(grid.centres_lps_mm()[..., 1:], axis=-1) < 3) & (np.abs(grid.centres_lps_mm()[..., 0]) < 14)
    body = smooth_body(mask, grid)
    assert body.fit is Fit.BLURRED
    ends = np.ptp(body.mesh.vertices_lps_mm[:, 0])
    assert ends == pytest.approx(46.0, abs=0.9)


def test_a_left_handed_stack_gives_an_outward_mesh() -> None:
    up = _grid((1.0, 1.0, 2.0))
    matrix = np.array(up.lps_from_ijk)
    matrix[2, 2] *= -1
    matrix[2, 3] *= -1
    down = Grid(shape_kji=up.shape_kji, lps_from_ijk=matrix)
    mask = _ball(down, 10.0, (0, 0, 0))
    assert smooth_body(mask, down).mesh.volume_mm3 > 0
    assert nearby_body(mask, down, np.zeros((1, 3)), reach_mm=20.0).mesh.volume_mm3 > 0


def test_an_organ_is_cut_out_of_a_large_mask_and_its_near_surface_is_true() -> None:
    grid = _grid((1.5, 1.5, 3.0), half=60.0)
    mask = _ball(grid, 50.0, (0, 0, 0))
    part = nearby_body(mask, grid, np.array([[45.0, 0.0, 0.0]]), reach_mm=25.0)
    distance = nearest_on_mesh(part.mesh, np.array([[45.0, 0.0, 0.0], [55.0, 0.0, 0.0]])).signed_mm
    assert distance == pytest.approx([5.0, -5.0], abs=0.4)


def test_a_body_at_the_edge_of_the_image_is_refused() -> None:
    grid = _grid((1.0, 1.0, 1.0), half=10.0)
    with pytest.raises(GeometryError) as caught:
        smooth_body(_ball(grid, 8.0, (5, 0, 0)), grid)
    assert caught.value.code == "geometry.body-touches-edge"


def test_a_few_voxels_are_no_body() -> None:
    grid = _grid((1.0, 1.0, 1.0), half=10.0)
    with pytest.raises(GeometryError) as caught:
        smooth_body(_ball(grid, 1.0, (0, 0, 0)), grid)
    assert caught.value.code == "geometry.body-too-small"


def test_an_organ_elsewhere_is_refused() -> None:
    grid = _grid((2.0, 2.0, 2.0), half=60.0)
    with pytest.raises(GeometryError) as caught:
        nearby_body(_ball(grid, 8.0, (-40, 0, 0)), grid, np.array([[45.0, 0.0, 0.0]]), reach_mm=10.0)
    assert caught.value.code == "geometry.organ-elsewhere"


def test_harmonics_are_orthonormal() -> None:
    n = 40_000
    i = np.arange(n) + 0.5
    z = 1 - 2 * i / n
    turn = np.pi * (1 + 5**0.5) * i
    points = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)
    basis, degrees = harmonics(6, points)
    assert degrees.tolist().count(6) == 13
    assert basis.T @ basis * (4 * np.pi / n) == pytest.approx(np.eye(49), abs=2e-3)


def test_distances_to_a_sphere_are_those_to_its_radius() -> None:
    mesh = ellipsoid_body(np.zeros(3), 10 * np.eye(3)).mesh
    points = np.random.default_rng(2).normal(size=(200, 3)) * 8
    nearest = nearest_on_mesh(mesh, points)
    assert nearest.signed_mm == pytest.approx(10 - np.linalg.norm(points, axis=1), abs=0.02)
    assert np.linalg.norm(points - nearest.places_lps_mm, axis=1) == pytest.approx(np.abs(nearest.signed_mm))
    assert vertex_areas_mm2(mesh).sum() == pytest.approx(4 * np.pi * 100, rel=1e-3)


def test_slivers_of_a_mesh_do_no_harm() -> None:
    sphere = ellipsoid_body(np.zeros(3), 10 * np.eye(3)).mesh
    corner = int(sphere.triangles[0, 0])
    slivers = np.array([[corner, corner, int(sphere.triangles[0, 1])], [corner, corner, corner]])
    mesh = Mesh(vertices_lps_mm=sphere.vertices_lps_mm, triangles=np.concatenate([sphere.triangles, slivers]))
    points = np.asarray(sphere.vertices_lps_mm)[:50] * 0.8
    assert nearest_on_mesh(mesh, points).signed_mm == pytest.approx(2.0, abs=0.02)

"""Registration on the project's own phantom, moved by a known amount."""

import numpy as np
import pytest

from implant_scenes import TARGET_AT, implanted, torso
from trocar.errors import ImagingError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.register import checkerboard, register
from trocar.phantom import Site, build_phantom
from trocar.phantom.acquisition import Acquisition
from trocar.results.registration import Motion

LARGEST_ERROR_MM = 1.0


@pytest.fixture(scope="module")
def scan() -> Volume:
    small = Acquisition(samples_per_slice=1)
    return build_phantom(Site.LIVER, seed=4, matrix=128, slice_mm=5.0, acquisition=small).image.volume


def turned(angle_deg: float, shift_mm: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = shift_mm
    return matrix


def moved(scan: Volume, moving_from_fixed: np.ndarray) -> Volume:
    """Return the scan of the patient lying differently: what was at x is now at moving_from_fixed x."""
    back = np.linalg.inv(moving_from_fixed)
    values = scan.sample(apply_affine(back, scan.grid.centres_lps_mm()), outside=-1000.0)
    generator = np.random.default_rng(3)
    noisy = values + generator.normal(0.0, 10.0, values.shape)
    return Volume.owning(
        grid=scan.grid, values_kji=noisy.astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1.2.9"
    )


def test_a_known_motion_is_found_to_a_millimetre(scan: Volume) -> None:
    truth = turned(4.0, (9.0, -6.0, 7.0))
    found = register(scan, moved(scan, truth))
    points = np.array([[0.0, 0.0, 0.0], [80.0, 40.0, 30.0], [-80.0, -40.0, -30.0]])
    error = np.linalg.norm(found.to_moving(points) - apply_affine(truth, points), axis=1)
    assert error.max() < LARGEST_ERROR_MM
    assert found.likeness_after > found.likeness_before
    assert np.allclose(found.to_fixed(found.to_moving(points)), points, atol=1e-6)
    assert found.rotation_deg == pytest.approx(4.0, abs=0.5)


def test_a_mirrored_scan_is_refused(scan: Volume) -> None:
    mirrored = Volume(
        grid=scan.grid,
        values_kji=np.ascontiguousarray(scan.values_kji[:, :, ::-1]),
        quantity=scan.quantity,
        frame_uid="1.2.9",
    )
    with pytest.raises(ImagingError, match="mirrored"):
        register(scan, mirrored)


def test_a_scan_of_something_else_is_refused(scan: Volume) -> None:
    grid = scan.grid
    ball = np.linalg.norm(grid.centres_lps_mm() - grid.centres_lps_mm().reshape(-1, 3).mean(axis=0), axis=-1)
    other = np.where(ball < 60.0, 100.0 * np.cos(ball / 4.0), -1000.0).astype(np.int16)
    stranger = Volume(grid=grid, values_kji=other, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.9")
    with pytest.raises(ImagingError):
        register(scan, stranger)


def test_mr_is_not_registered_as_ct(scan: Volume) -> None:
    as_mr = Volume(grid=scan.grid, values_kji=scan.values_kji, quantity=Quantity.MR_SIGNAL, frame_uid="1.2.9")
    with pytest.raises(ImagingError, match="HU"):
        register(scan, as_mr)


@pytest.mark.slow
def test_a_smooth_swelling_is_followed_by_the_deformable_registration(scan: Volume) -> None:
    grid = scan.grid
    centres = grid.centres_lps_mm()
    middle = centres.reshape(-1, 3).mean(axis=0)
    push = np.exp(-0.5 * (np.linalg.norm(centres - middle, axis=-1) / 50.0) ** 2)[..., None] * np.array([8.0, 0.0, 4.0])
    values = scan.sample(centres - push, outside=-1000.0).astype(np.int16)
    swollen = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.9")
    rigid, free = register(scan, swollen), register(scan, swollen, motion=Motion.DEFORMABLE)
    assert free.likeness_after > rigid.likeness_after
    assert free.least_jacobian > 0


def test_a_grid_of_another_size_is_registered(scan: Volume) -> None:
    part = Grid(
        shape_kji=(scan.grid.shape_kji[0] - 6, *scan.grid.shape_kji[1:]),
        lps_from_ijk=scan.grid.lps_from_ijk @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3.0], [0, 0, 0, 1]]),
    )
    short = Volume(grid=part, values_kji=scan.values_kji[3:-3], quantity=scan.quantity, frame_uid="1.2.9")
    found = register(scan, short)
    point = np.array([[20.0, -20.0, 0.0]])
    assert np.linalg.norm(found.to_moving(point) - point) < LARGEST_ERROR_MM
    board = checkerboard(scan, short, found, tile_mm=20.0)
    middle = slice(4, -4)
    assert np.abs(board.values_kji[middle] - scan.values_kji[middle]).mean() < 15.0


def test_a_sliver_of_two_scans_that_is_more_alike_does_not_win_over_the_whole() -> None:
    """Moved so, both ends of the body show nothing but an oval, and match each other better than the right place."""
    made = implanted(missing=(4,), moved_lps_mm=(-5.0, 3.0, 2.0))
    found = register(made.scan.volume, torso().volume)
    point = TARGET_AT[None]
    error = np.linalg.norm(found.to_fixed(point) - apply_affine(made.scan_from_plan, point))
    assert error < LARGEST_ERROR_MM

"""Gamma against exact cases: offsets, shifts, slopes, brute force; two and three dimensions, any pose."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import shapes
from trocar.errors import EvaluateError, GeometryError
from trocar.evaluate.gamma import gamma_index, simplex_chains
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.results.gamma import GammaKind, GammaMap

GRID = Grid.axial(origin_lps_mm=(-9, -8, -10), spacing_ijk_mm=(1.5, 2.0, 2.5), shape_kji=(9, 9, 13))


def a_dose(values: np.ndarray, grid: Grid = GRID, *, frame_uid: str = "1") -> Volume:
    return Volume(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid=frame_uid)


def against(
    reference: Volume, evaluated: Volume, *, percent: float = 3.0, mm: float = 2.0, cutoff_gy: float = 0.0
) -> GammaMap:
    return gamma_index(
        reference,
        evaluated,
        kind=GammaKind.GLOBAL,
        normalisation_gy=100.0,
        dose_percent=percent,
        distance_mm=mm,
        cutoff_gy=cutoff_gy,
    )


def hills(points: np.ndarray) -> np.ndarray:
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return 100 + 20 * np.sin(0.25 * x) * np.cos(0.2 * y) + 10 * np.sin(0.15 * z)


def test_a_dose_agrees_with_itself() -> None:
    dose = a_dose(hills(GRID.centres_lps_mm()))
    assert against(dose, dose).max == 0.0


def test_a_uniform_offset_is_counted_in_dose_alone() -> None:
    flat = np.full(GRID.shape_kji, 100.0)
    assert against(a_dose(flat), a_dose(flat + 1.5)).gamma_kji == pytest.approx(0.5)


@given(
    slope=st.tuples(*[st.floats(-8, 8)] * 3),
    offset_gy=st.floats(-3, 3),
    percent=st.floats(0.5, 5),
    mm=st.floats(0.5, 3),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    angle=st.floats(-3, 3),
)
@settings(max_examples=40, deadline=None)
def test_an_offset_on_a_slope_is_the_distance_to_a_plane_on_grids_of_any_pose(
    slope: tuple[float, float, float],
    offset_gy: float,
    percent: float,
    mm: float,
    axis: tuple[float, float, float],
    angle: float,
) -> None:
    """Gamma is |offset| / sqrt(dose criterion^2 + (slope x distance criterion)^2)."""
    matrix = np.eye(4)
    matrix[:3, :3] = shapes.rotation_about(axis, angle) @ np.diag([1.5, 2.0, 2.5])
    matrix[:3, 3] = matrix[:3, :3] @ [-6.0, -4.0, -4.0]
    evaluated_grid = Grid(shape_kji=(9, 9, 13), lps_from_ijk=matrix)
    one = Grid.axial(origin_lps_mm=(0.3, -0.2, 0.1), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 1, 1))

    def dose_at(points: np.ndarray) -> np.ndarray:
        return 100 + points @ np.array(slope)

    gamma = against(
        a_dose(dose_at(one.centres_lps_mm()), one),
        a_dose(dose_at(evaluated_grid.centres_lps_mm()) + offset_gy, evaluated_grid),
        percent=percent,
        mm=mm,
    ).gamma_kji.item()
    expected = abs(offset_gy) / np.hypot(percent, np.linalg.norm(slope) * mm)
    assert gamma == pytest.approx(min(expected, 2.0), rel=1e-4, abs=1e-5)


@given(shift=st.tuples(*[st.floats(-1.0, 1.0)] * 3))
@settings(max_examples=15, deadline=None)
def test_a_shifted_dose_is_never_farther_than_the_shift(shift: tuple[float, float, float]) -> None:
    inner = Grid.axial(origin_lps_mm=(-4, -4, -4), spacing_ijk_mm=(1, 1, 1), shape_kji=(8, 8, 8))
    fine = Grid.axial(origin_lps_mm=(-7, -7, -7), spacing_ijk_mm=(0.5, 0.5, 0.5), shape_kji=(29, 29, 29))
    moved = a_dose(hills(fine.centres_lps_mm() - np.array(shift)), fine)
    gamma = against(a_dose(hills(inner.centres_lps_mm()), inner), moved, percent=1.0, mm=2.0)
    of_interpolation = 0.05
    assert gamma.max <= np.linalg.norm(shift) / 2.0 + of_interpolation


def brute_force(values: np.ndarray, at_ijk: np.ndarray, wanted: float, tolerance: float, step: np.ndarray) -> float:
    """Return the least distance to points sampled densely over every simplex of every cell."""
    lattice = np.stack(np.meshgrid(*[np.linspace(0, 1, 13)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    least = np.inf
    nk, nj, ni = values.shape
    for k, j, i in np.ndindex(max(nk - 1, 1), max(nj - 1, 1), max(ni - 1, 1)):
        for order in permutations(range(3)):
            ordered = np.sort(lattice, axis=1)[:, ::-1]
            places = np.zeros_like(ordered)
            corner = np.zeros(3, int)
            corner_dose = values[k, j, i]
            dose = np.full(len(ordered), corner_dose)
            for n, axis in enumerate(order):
                places[:, axis] = ordered[:, n]
                corner[axis] = 1
                at = np.minimum([k + corner[2], j + corner[1], i + corner[0]], np.array(values.shape) - 1)
                dose = dose + ordered[:, n] * (values[tuple(at)] - corner_dose)
                corner_dose = values[tuple(at)]
            way = (np.array([i, j, k]) + places * [ni > 1, nj > 1, nk > 1] - at_ijk) * step
            least = min(least, float(np.sqrt((way**2).sum(axis=1) + ((dose - wanted) / tolerance) ** 2).min()))
    return least


@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from([(3, 3, 3), (2, 3, 4), (1, 4, 4), (4, 1, 3), (3, 3, 1), (1, 1, 4)]),
)
@settings(max_examples=25, deadline=None)
def test_gamma_is_the_least_distance_that_brute_force_finds(seed: int, shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1.0, 1.5, 2.0), shape_kji=shape)
    values = rng.normal(100, 3, shape)
    at = rng.uniform(-0.4, np.array(shape[::-1]) - 0.6)
    one = Grid.axial(
        origin_lps_mm=tuple((at * [1.0, 1.5, 2.0]).tolist()), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 1, 1)
    )
    wanted = float(rng.normal(100, 5))
    gamma = gamma_index(
        a_dose(np.full((1, 1, 1), wanted), one),
        a_dose(values, grid),
        kind=GammaKind.GLOBAL,
        normalisation_gy=100.0,
        dose_percent=3.0,
        distance_mm=2.0,
        cutoff_gy=0.0,
        limit=9.0,
    ).gamma_kji.item()
    sampled = brute_force(values, at, wanted, 3.0, np.array([1.0, 1.5, 2.0]) / 2.0)
    assert gamma <= sampled + 1e-5
    assert gamma >= sampled - 0.06


def test_a_local_criterion_is_stricter_where_the_dose_is_low() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(50, 50, 50), shape_kji=(1, 1, 2))
    reference, evaluated = a_dose(np.array([[[20.0, 100.0]]]), grid), a_dose(np.array([[[21.0, 101.0]]]), grid)
    local = gamma_index(
        reference, evaluated, kind=GammaKind.LOCAL, dose_percent=2.0, distance_mm=0.1, cutoff_gy=1.0, limit=5.0
    )
    assert local.gamma_kji.ravel() == pytest.approx([2.5, 0.5], abs=0.01)
    assert local.pass_percent == 50.0


def test_voxels_below_the_cutoff_left_out_and_beyond_the_grid_are_counted_apart() -> None:
    values = np.full(GRID.shape_kji, 100.0)
    values[0] = 1.0
    where = np.ones(GRID.shape_kji, dtype=bool)
    where[1] = False
    smaller = Grid(shape_kji=(7, 9, 13), lps_from_ijk=GRID.lps_from_ijk)
    judged = gamma_index(
        a_dose(values),
        a_dose(values[:7], smaller),
        kind=GammaKind.GLOBAL,
        normalisation_gy=100.0,
        dose_percent=3.0,
        distance_mm=3.0,
        cutoff_gy=10.0,
        where=where,
    )
    of_slice = 9 * 13
    assert (judged.below_cutoff, judged.left_out, judged.beyond) == (of_slice, of_slice, 2 * of_slice)
    assert judged.judged == 5 * of_slice
    assert np.isnan(judged.gamma_kji[[0, 1, 7, 8]]).all()
    assert judged.pass_percent == 100.0


def test_a_hopeless_point_gets_the_limit() -> None:
    flat = np.full(GRID.shape_kji, 100.0)
    judged = against(a_dose(flat), a_dose(2 * flat))
    assert judged.max == 2.0
    assert judged.pass_percent == 0.0
    assert judged.mean == pytest.approx(2.0)


def test_nothing_judged_is_not_a_number_rather_than_perfect() -> None:
    flat = a_dose(np.full(GRID.shape_kji, 1.0))
    judged = against(flat, flat, cutoff_gy=10.0)
    assert judged.judged == 0
    assert np.isnan([judged.pass_percent, judged.mean, judged.max]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"dose_percent": 0.0},
        {"distance_mm": -1.0},
        {"cutoff_gy": -1.0},
        {"limit": 0.0},
        {"normalisation_gy": None},
        {"normalisation_gy": float("nan")},
        {"kind": GammaKind.LOCAL},
        {"kind": GammaKind.LOCAL, "normalisation_gy": None},
    ],
)
def test_criteria_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    dose = a_dose(np.ones(GRID.shape_kji))
    criteria: dict[str, object] = {
        "kind": GammaKind.GLOBAL,
        "normalisation_gy": 100.0,
        "dose_percent": 3.0,
        "distance_mm": 3.0,
        "cutoff_gy": 0.0,
    }
    with pytest.raises(EvaluateError, match="all must be above 0"):
        gamma_index(dose, dose, **(criteria | wrong))  # type: ignore[arg-type]


def test_what_cannot_be_compared_is_refused() -> None:
    ones = np.ones(GRID.shape_kji)
    with pytest.raises(GeometryError, match="frame of reference"):
        against(a_dose(ones), a_dose(ones, frame_uid="2"))
    broken = ones.copy()
    broken[1, 1, 1] = np.nan
    with pytest.raises(EvaluateError, match="1 voxels without"):
        against(a_dose(ones), a_dose(broken))
    with pytest.raises(EvaluateError, match="two doses"):
        against(Volume(grid=GRID, values_kji=ones, quantity=Quantity.RELATIVE_DOSE, frame_uid="1"), a_dose(ones))
    sheared = np.array(GRID.lps_from_ijk)
    sheared[0, 2] = 0.5
    with pytest.raises(EvaluateError, match="sheared"):
        against(a_dose(ones), a_dose(ones, Grid(shape_kji=GRID.shape_kji, lps_from_ijk=sheared)))


def test_the_simplices_of_a_cell_are_the_chains_of_its_corners() -> None:
    chains = simplex_chains([0, 1, 2])
    sizes = (chains >= 0).sum(axis=1)
    assert [int((sizes == n).sum()) for n in (1, 2, 3, 4)] == [8, 19, 18, 6]

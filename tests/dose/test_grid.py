"""Dose on grids against the direct formula: every pose, every arrangement that could make errors add up."""

import numpy as np
import pytest

from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.grid import dose_on_grid
from trocar.dose.points import dose_at_points
from trocar.errors import DoseError
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.grid import Grid

ALLOWED = 1e-3
"""The most a dose on a grid may leave the direct formula by, outside the capsules."""
CENTRE = np.array([20.0, 110.0, -740.0])
"""Where patients lie in real files: far from the origin, where single precision would lose digits."""


def term(positions: np.ndarray, axes: np.ndarray, key: str = "I125_6711") -> SourceTerm:
    return SourceTerm(
        source=load_source(key),
        positions_lps_mm=CENTRE + positions,
        axes_lps=axes / np.linalg.norm(axes, axis=1, keepdims=True),
        weight_u_h=np.linspace(600.0, 1400.0, len(positions)),
    )


def tilted_needles(key: str = "I125_6711") -> SourceTerm:
    random = np.random.default_rng(5)
    ways = random.normal(size=(20, 3)) * [0.13, 0.13, 0.0] + [0.0, 0.0, 1.0]
    entries = np.c_[random.uniform(-18, 18, (20, 2)), np.zeros(20)]
    depth = np.arange(-20.0, 21.0, 10.0)
    positions = (entries[:, None] + depth[:, None] * ways[:, None]).reshape(-1, 3)
    return term(positions, np.repeat(ways, 5, axis=0), key)


def parallel_needles(key: str = "I125_6711") -> SourceTerm:
    x, y, z = np.meshgrid([-15.0, -5.0, 5.0, 15.0], [-10.0, 0.0, 10.0], np.arange(-22.5, 23.0, 7.5))
    positions = np.c_[x.ravel(), y.ravel(), z.ravel()]
    return term(positions, np.tile([0.0, 0.0, 1.0], (len(positions), 1)), key)


def one_line(key: str = "I125_6711") -> SourceTerm:
    way = np.array([0.2, -0.1, 1.0])
    depth = np.arange(-20.0, 20.5, 1.0)
    return term(depth[:, None] * way, np.tile(way, (len(depth), 1)), key)


def one_seed(key: str = "I125_6711") -> SourceTerm:
    return term(np.array([[0.3, 0.2, 0.1]]), np.array([[1.0, 2.0, 3.0]]), key)


def random_seeds(key: str = "I125_6711") -> SourceTerm:
    random = np.random.default_rng(8)
    return term(random.uniform(-25, 25, (80, 3)), random.normal(size=(80, 3)), key)


ARRANGEMENTS = [tilted_needles, parallel_needles, one_line, one_seed, random_seeds]


def axial(spacing: float, n: int) -> Grid:
    start = CENTRE - 0.5 * spacing * (n - 1)
    return Grid.axial(origin_lps_mm=tuple(start), spacing_ijk_mm=(spacing,) * 3, shape_kji=(n, n, n))


def sheared(n: int = 64) -> Grid:
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    steps = 1.4 * turn.T
    steps[2] += 0.3 * steps[1]
    return Grid(
        shape_kji=(n, n, n),
        lps_from_ijk=affine_from_axes(origin_lps_mm=CENTRE - 0.5 * (n - 1) * steps.sum(axis=0), steps_lps_mm=steps),
    )


def thick_slices() -> Grid:
    return Grid.axial(
        origin_lps_mm=tuple(CENTRE + np.array([-45.0, 45.0, 45.0])),
        spacing_ijk_mm=(1.1, -1.3, -3.0),
        shape_kji=(31, 70, 82),
    )


def probes(some: SourceTerm, grid: Grid, n: int) -> np.ndarray:
    """Return voxels (i, j, k): random ones, and those the axes of the sources pass through."""
    random = np.random.default_rng(6)
    shape = np.array(grid.shape_kji[::-1])
    anywhere = random.integers(0, shape, (n, 3))
    number = random.integers(0, len(some), n)
    along = random.uniform(-60.0, 60.0, n)[:, None]
    on_axis = np.rint(grid.index_ijk(some.positions_lps_mm[number] + along * some.axes_lps[number])).astype(int)
    index = np.concatenate([anywhere, on_axis])
    return index[((index >= 0) & (index < shape)).all(axis=1)]


def error(terms: list[SourceTerm], grid: Grid, n: int = 1500) -> np.ndarray:
    index = probes(terms[0], grid, n)
    dose = dose_on_grid(terms, grid, formalism=Formalism.LINE_2D)
    points = grid.origin_lps_mm + index @ grid.steps_lps_mm
    exact = dose_at_points(terms, points, formalism=Formalism.LINE_2D, method=Method.DIRECT)
    return np.abs(dose[index[:, 2], index[:, 1], index[:, 0]] / exact - 1.0)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("grid", [axial(1.25, 80), sheared(), thick_slices()], ids=["axial", "sheared", "thick"])
def test_a_grid_keeps_within_a_tenth_of_a_percent(arrangement: object, grid: Grid) -> None:
    assert error([arrangement()], grid).max() < ALLOWED  # type: ignore[operator]


@pytest.mark.parametrize("key", ["Pd103_TheraSeed200", "I125_STM1251", "Ir192_GammaMedPlus"])
def test_a_grid_keeps_within_a_tenth_of_a_percent_for_rough_tables(key: str) -> None:
    assert error([parallel_needles(key)], axial(1.25, 72), 1000).max() < ALLOWED


def test_every_voxel_of_a_grid_keeps_within_a_tenth_of_a_percent_of_the_table() -> None:
    some, grid = random_seeds(), sheared(48)
    dose = dose_on_grid([some], grid, formalism=Formalism.LINE_2D)
    tabulated = dose_at_points([some], grid.centres_lps_mm().reshape(-1, 3), formalism=Formalism.LINE_2D)
    assert np.abs(dose.ravel() / tabulated - 1.0).max() < ALLOWED


def test_voxels_in_and_at_a_capsule_hold_the_direct_formula() -> None:
    some = one_seed()
    grid = axial(0.5, 21)
    points = grid.centres_lps_mm().reshape(-1, 3)
    close = np.linalg.norm(points - some.positions_lps_mm, axis=1) < 2.9
    exact = dose_at_points([some], points[close], formalism=Formalism.LINE_2D, method=Method.DIRECT)
    dose = dose_on_grid([some], grid, formalism=Formalism.LINE_2D).ravel()[close]
    assert dose == pytest.approx(exact, rel=1e-5)


def test_models_and_unknown_axes_may_be_mixed() -> None:
    blind = term(np.array([[6.0, -3.0, 2.0], [-8.0, 1.0, 4.0]]), np.ones((2, 3)))
    blind = SourceTerm(
        source=blind.source,
        positions_lps_mm=blind.positions_lps_mm,
        axes_lps=np.array([[np.nan] * 3, [0.0, 1.0, 0.0]]),
        weight_u_h=blind.weight_u_h,
    )
    assert error([tilted_needles(), one_line("Pd103_TheraSeed200"), blind], axial(1.5, 56)).max() < ALLOWED


@pytest.mark.parametrize("formalism", Formalism)
def test_every_formalism_is_served(formalism: Formalism) -> None:
    some, grid = tilted_needles(), axial(2.5, 24)
    dose = dose_on_grid([some], grid, formalism=formalism).ravel()
    points = grid.centres_lps_mm().reshape(-1, 3)[::37]
    exact = dose_at_points([some], points, formalism=formalism, method=Method.DIRECT)
    assert np.abs(dose[::37] / exact - 1.0).max() < ALLOWED


def test_threads_change_nothing() -> None:
    some, grid = tilted_needles(), axial(1.5, 70)
    one, two = (dose_on_grid([some], grid, formalism=Formalism.LINE_2D, threads=threads) for threads in (1, 2))
    assert (one == two).all()


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    dose_on_grid([one_seed()], axial(1.0, 70), formalism=Formalism.LINE_2D, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 1


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 17, 3), (5, 1, 33)])
def test_small_and_odd_grids_are_served(shape: tuple[int, int, int]) -> None:
    grid = Grid.axial(origin_lps_mm=tuple(CENTRE + 3.0), spacing_ijk_mm=(1.0, 1.0, 1.0), shape_kji=shape)
    some = random_seeds()
    dose = dose_on_grid([some], grid, formalism=Formalism.LINE_2D).ravel()
    exact = dose_at_points(
        [some], grid.centres_lps_mm().reshape(-1, 3), formalism=Formalism.LINE_2D, method=Method.DIRECT
    )
    assert np.abs(dose / exact - 1.0).max() < ALLOWED


def test_no_source_gives_no_dose() -> None:
    assert not dose_on_grid([], axial(1.0, 4), formalism=Formalism.LINE_2D).any()


def test_a_grid_of_another_frame_is_refused() -> None:
    far = Grid.axial(origin_lps_mm=(5000.0, 0.0, 0.0), spacing_ijk_mm=(1.0, 1.0, 1.0), shape_kji=(4, 4, 4))
    with pytest.raises(DoseError) as caught:
        dose_on_grid([one_seed()], far, formalism=Formalism.LINE_2D)
    assert caught.value.code == "dose.out-of-reach"


def test_doses_of_parts_add_to_the_dose_of_the_whole() -> None:
    whole, grid = tilted_needles(), axial(2.0, 40)
    parts = [
        SourceTerm(
            source=whole.source,
            positions_lps_mm=whole.positions_lps_mm[part],
            axes_lps=whole.axes_lps[part],
            weight_u_h=whole.weight_u_h[part],
        )
        for part in (slice(0, 40), slice(40, None))
    ]
    together = dose_on_grid([whole], grid, formalism=Formalism.LINE_2D)
    apart = sum(dose_on_grid([part], grid, formalism=Formalism.LINE_2D) for part in parts)
    assert np.abs(apart / together - 1.0).max() < 2 * ALLOWED

"""Influence matrix: its rows are the doses of its candidates."""

import numpy as np
import pytest

from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.influence import influence_matrix
from trocar.dose.points import dose_at_points

ALLOWED = 1e-3
SOURCE = load_source("I125_6711")


def candidates(n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n)
    axes = random.normal(size=(n, 3))
    return random.uniform(-20, 20, (n, 3)), axes / np.linalg.norm(axes, axis=1, keepdims=True)


def test_a_row_is_the_total_dose_of_one_u() -> None:
    positions, axes = candidates(30)
    axes[3] = np.nan
    points = np.random.default_rng(1).uniform(-25, 25, (400, 3))
    matrix = influence_matrix(SOURCE, positions, axes, points)
    assert matrix.shape == (30, 400)
    for row, position, axis in zip(matrix, positions, axes, strict=True):
        term = SourceTerm(
            source=SOURCE,
            positions_lps_mm=position[None],
            axes_lps=axis[None],
            weight_u_h=np.array([SOURCE.nuclide.mean_life_h]),
        )
        exact = dose_at_points([term], points, formalism=Formalism.LINE_2D, method=Method.DIRECT)
        assert np.abs(row / exact - 1.0).max() < ALLOWED


def test_weights_scale_rows() -> None:
    positions, axes = candidates(5)
    points = np.random.default_rng(2).uniform(-25, 25, (50, 3))
    plain = influence_matrix(SOURCE, positions, axes, points, weight_u_h=1.0)
    scaled = influence_matrix(SOURCE, positions, axes, points, weight_u_h=np.arange(1.0, 6.0))
    assert scaled == pytest.approx(plain * np.arange(1.0, 6.0)[:, None], rel=1e-5)


def test_a_plan_is_the_sum_of_its_rows() -> None:
    positions, axes = candidates(40)
    points = np.random.default_rng(3).uniform(-25, 25, (200, 3))
    matrix = influence_matrix(SOURCE, positions, axes, points)
    term = SourceTerm(
        source=SOURCE,
        positions_lps_mm=positions,
        axes_lps=axes,
        weight_u_h=np.full(40, SOURCE.nuclide.mean_life_h),
    )
    dose = dose_at_points([term], points, formalism=Formalism.LINE_2D)
    assert matrix.sum(axis=0) == pytest.approx(dose, rel=1e-5)

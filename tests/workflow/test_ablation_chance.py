"""How sure the kill is when needles are off, against the exact chance for a ball."""

import numpy as np
import pytest

from trocar.catalogue.zones import ExpectedZone
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.workflow.ablation_zones import PlacedZone
from trocar.workflow.plan_ablation import chance_covered, chance_killed

ZONE_MM, TUMOUR_MM = 15.0, 10.0


def _score() -> Volume:
    grid = Grid.axial(origin_lps_mm=(-25.0,) * 3, spacing_ijk_mm=(1.0,) * 3, shape_kji=(51, 51, 51))
    values = ZONE_MM - np.linalg.norm(grid.centres_lps_mm(), axis=-1)
    return Volume(grid=grid, values_kji=values, quantity=Quantity.LENGTH_MM, frame_uid="2.25.7")


def _zones(*centres: tuple[float, float, float]) -> tuple[PlacedZone, ...]:
    zone = ExpectedZone(long_mm=2 * ZONE_MM, short_mm=2 * ZONE_MM, long_sd_mm=None, short_sd_mm=None, rows=())
    return tuple(
        PlacedZone(applicator=n, centre_lps_mm=np.array(centre, dtype=float), axis_lps=np.array([0.0, 0, 1]), zone=zone)
        for n, centre in enumerate(centres, start=1)
    )


def _tumour() -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 73)
    return TUMOUR_MM * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)


@pytest.mark.parametrize("error_mm", [3.0, 5.0, 8.0])
def test_a_ball_that_moves_sideways_covers_as_often_as_the_exact_chance(error_mm: float) -> None:
    """Two sideways shifts of one standard deviation error/sqrt(2): the length is Rayleigh, 1 - exp(-(gap/error)^2)."""
    exact = 1 - np.exp(-(((ZONE_MM - TUMOUR_MM) / error_mm) ** 2))
    for seed in (1, 2):
        killed = chance_killed(_score(), _zones((0, 0, 0)), _tumour(), error_mm, np.random.default_rng(seed))
        covered = chance_covered(_zones((0, 0, 0)), _tumour(), error_mm, np.random.default_rng(seed))
        assert killed == pytest.approx(exact, abs=0.11)  # three standard errors of 200 draws
        assert killed == pytest.approx(covered, abs=0.03)


def test_a_place_that_no_zone_reaches_leaves_no_chance() -> None:
    both = np.vstack([_tumour(), _tumour() + np.array([60.0, 0, 0])])
    assert chance_killed(_score(), _zones((0, 0, 0)), both, 1.0, np.random.default_rng(1)) == 0.0


def test_each_place_moves_with_its_nearest_needle() -> None:
    """Two needles at the ends: one shift of both would keep what two different shifts tear apart."""
    rng = np.random.default_rng(1)
    one = chance_killed(_score(), _zones((0, 0, 0)), _tumour(), 5.0, rng)
    two = chance_killed(_score(), _zones((-8.0, 0, 0), (8.0, 0, 0)), _tumour(), 5.0, rng)
    assert two < one

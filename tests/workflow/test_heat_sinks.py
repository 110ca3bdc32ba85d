"""Vessels that cool: the cuff that a planned zone loses, and which vessels count."""

import numpy as np
import pytest
from scipy.special import k0

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.results.tissue_death import DeathModel
from trocar.workflow.heat_sinks import nearest_vessels, reached
from trocar.workflow.large_vessels import large_vessel_mask
from trocar.workflow.simulated_zone import SimulatedZone

ZONE = SimulatedZone(
    model="microwave/PME_2450",
    schedule_hash="-",
    tissue="liver",
    death_model=DeathModel.ABOVE_54_C,
    long_mm=40.0,
    short_mm=30.0,
    behind_tip_mm=0.0,
    volume_cc=18.8,
    profile=np.minimum(3.0, 1.0 / np.maximum(0.1 * np.arange(51), 1e-3) ** 2),
    sink_mm=4.5,
)
Z = np.array([[0.0, 0.0, 1.0]])


def _tube(x_mm: float, radius_mm: float, name: str = "vein") -> Region:
    turn = np.linspace(0, 2 * np.pi, 41)[:-1]
    contours = tuple(
        Contour(
            kind=ContourKind.CLOSED_PLANAR,
            points_lps_mm=np.stack(
                [x_mm + radius_mm * np.cos(turn), radius_mm * np.sin(turn), np.full(40, float(z))], axis=1
            ),
        )
        for z in range(-40, 41, 2)
    )
    return region_from_contours(contours, end_cap=EndCap.HALF_SLICE, name=name)


def _reached(points: np.ndarray, *vessels: Region, tumour: Region | None = None) -> np.ndarray:
    seen = nearest_vessels(points, vessels, tumour=tumour or _tube(-60.0, 3.0, "tumour"))
    return reached(points, np.zeros((1, 3)), Z, long_mm=40.0, short_mm=30.0, zone=ZONE, vessels=seen)[:, 0]


def test_without_vessels_the_zone_is_the_ellipsoid() -> None:
    points = np.array([[14.9, 0, 0], [15.1, 0, 0], [0, 0, 19.9], [0, 0, 20.1]])
    assert _reached(points).tolist() == [True, False, True, False]


def test_a_vessel_takes_a_cuff_of_the_zone_that_fades_with_distance() -> None:
    points = np.stack([np.array([8.0, 9.5, 11.0]), np.zeros(3), np.zeros(3)], axis=1)
    assert _reached(points).all()
    cooled = _reached(points, _tube(15.0, 3.0))
    assert not cooled[2]  # a millimetre from the wall
    assert _reached(np.array([[-12.0, 0.0, 0.0]]), _tube(15.0, 3.0)).all()  # the far side keeps its zone


def test_the_cooling_left_at_a_distance_is_that_outside_a_cylinder() -> None:
    """Heat 1/s² less the share K0((R+x)/l) / K0(R/l) of that at the wall: the border lies where this is 1."""
    x = np.linspace(4.0, 11.5, 400)
    inside = _reached(np.stack([x, 0 * x, 0 * x], axis=1), _tube(15.0, 3.0))
    gap = 12.0 - x
    heat = (15.0 / x) ** 2 - (15.0 / 12.0) ** 2 * k0((3.0 + gap) / 4.5) / k0(3.0 / 4.5)
    border = x[np.argmax(heat < 1.0)]
    assert x[inside].max() == pytest.approx(border, abs=0.8)  # the wall is known to half a step of 1 mm


def test_a_vessel_drawn_through_the_tumour_does_not_cool_inside_it() -> None:
    points = np.array([[11.0, 0.0, 0.0]])
    assert not _reached(points, _tube(13.5, 2.0))[0]
    assert _reached(points, _tube(13.5, 2.0), tumour=_tube(13.5, 4.0, "tumour"))[0]


def test_vessels_under_three_millimetres_belong_to_perfusion() -> None:
    grid = Grid.around(np.array([[-8.0, -8.0, -8.0], [8.0, 8.0, 8.0]]), margin_mm=0.0, spacing_mm=1.0)
    assert not large_vessel_mask(_tube(0.0, 1.1), grid).any()
    large = large_vessel_mask(_tube(0.0, 3.0), grid)
    assert large.sum() == pytest.approx(np.pi * 9 * grid.shape_kji[0], rel=0.12)

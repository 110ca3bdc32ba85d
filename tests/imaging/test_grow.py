"""A mass from one click: its volume, its necks cut, edited by hand."""

import numpy as np
import pytest

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.grow import Grown, GrowRules, erased, grow_mass, painted

GRID = Grid.axial(origin_lps_mm=(-40.0, -40.0, -40.0), spacing_ijk_mm=(1.0, 1.0, 2.0), shape_kji=(41, 81, 81))
RULES = GrowRules(blur_mm=0.8, spreads=4.0, neck_mm=9.0, most_radius_mm=35.0)
CLICK = np.array([2.0, -1.0, 0.0])


def picture(*, noise_hu: float = 12.0, wall: bool = True) -> Volume:
    """A ball of 15 mm in lung, on a vessel of 3 mm, beside a chest wall 20 mm away that a thin bridge joins to it."""
    x, y, z = np.moveaxis(GRID.centres_lps_mm(), -1, 0)
    hu = np.full(GRID.shape_kji, -850.0)
    hu[x**2 + y**2 + z**2 <= 15.0**2] = 40.0
    hu[(np.hypot(y, z) <= 1.5) & (x > 0)] = 40.0
    if wall:
        hu[y < -25] = 50.0
        hu[(np.hypot(x, z) <= 3.5) & (y < 0)] = 45.0
    noise = np.random.default_rng(1).normal(0, noise_hu, GRID.shape_kji)
    return Volume(
        grid=GRID, values_kji=np.rint(hu + noise).astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1.2"
    )


def grown() -> Grown:
    return grow_mass(picture(), CLICK, RULES)


def test_a_ball_keeps_its_volume_and_loses_vessel_and_chest_wall() -> None:
    exact_cc = 4 / 3 * np.pi * 15**3 * 1e-3
    assert grown().volume_cc == pytest.approx(exact_cc, rel=0.08)


def test_without_cutting_necks_the_chest_wall_is_taken_along() -> None:
    leaking = grow_mass(picture(), CLICK, GrowRules(blur_mm=0.8, spreads=4.0, neck_mm=0.0, most_radius_mm=35.0))
    assert leaking.volume_cc > 1.3 * grown().volume_cc


def test_nothing_beyond_the_radius_or_the_allowed_region_is_taken() -> None:
    near = grow_mass(picture(), CLICK, GrowRules(blur_mm=0.8, spreads=4.0, neck_mm=0.0, most_radius_mm=10.0))
    away = np.linalg.norm(GRID.centres_lps_mm() - CLICK, axis=-1)
    assert away[near.mask_kji].max() <= 10.0
    left = GRID.centres_lps_mm()[..., 0] > 0
    assert not (grow_mass(picture(), CLICK, RULES, within=left).mask_kji & ~left).any()


def test_the_structure_is_smooth_and_near_the_ball() -> None:
    structure = grown().structure(number=3, name="GTV")
    points = np.vstack([contour.points_lps_mm for contour in structure.contours])
    radius = np.linalg.norm(points, axis=1)
    assert structure.interpreted_type == "GTV"
    assert np.median(np.abs(radius - 15.0)) < 0.8


def test_painting_adds_and_erasing_takes_away_exactly_a_ball() -> None:
    start = grown()
    centre = np.array([0.0, 22.0, 0.0])
    more = painted(start, centre_lps_mm=centre, radius_mm=4.0)
    away = np.linalg.norm(GRID.centres_lps_mm() - centre, axis=-1)
    assert (more.mask_kji == (start.mask_kji | (away <= 4.0))).all()
    back = erased(more, centre_lps_mm=centre, radius_mm=4.0)
    assert (back.mask_kji == (start.mask_kji & (away > 4.0))).all()


def test_the_same_click_gives_the_same_mass() -> None:
    assert grown() == grown()


def test_clicks_and_rules_without_sense_are_refused() -> None:
    with pytest.raises(ImagingError, match="outside the picture"):
        grow_mass(picture(), np.array([500.0, 0.0, 0.0]), RULES)
    with pytest.raises(ImagingError, match="nothing grows"):
        grow_mass(picture(), CLICK, GrowRules(blur_mm=0.8, spreads=4.0, neck_mm=34.0, most_radius_mm=35.0))
    with pytest.raises(ImagingError, match="lies at a border"):
        grow_mass(picture(), np.array([0.0, 0.0, 16.0]), RULES)
    with pytest.raises(ImagingError, match="all must be 0 or more"):
        GrowRules(blur_mm=-1.0, spreads=4.0, neck_mm=9.0, most_radius_mm=35.0)

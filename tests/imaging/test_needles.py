"""Needles in a CT: every track found, at its place, with its tip and its skin crossing."""

from functools import cache

import numpy as np
import pytest

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.metal_cloud import MOST_POINTS, metal_cloud
from trocar.imaging.needles import FoundNeedle, corrected, find_needles, needles_of, set_by_hand
from trocar.imaging.placement import compare_placement
from trocar.imaging.skin import find_body
from trocar.phantom.acquisition import Acquisition, scan
from trocar.phantom.anatomy import Part
from trocar.phantom.solids import Ellipsoid
from trocar.phantom.sweeps import Column, rod
from trocar.phantom.tissues import Phase
from trocar.plan.needles import Needle

RADIUS_MM = 0.635
LENGTH_MM = 150.0
BODY = Column(((-60.0, 0.0, 0.0, 110.0, 80.0, 80.0), (60.0, 0.0, 0.0, 110.0, 80.0, 80.0)))
RIB = rod((-60.0, -70.0, 10.0), (60.0, -66.0, 14.0), radius_mm=5.0)
SPINE = Ellipsoid((0.0, 45.0, 0.0), (22.0, 16.0, 200.0), power=3.0)

FAN = tuple(
    (np.array([x, y, z]), np.array(way) / np.linalg.norm(way))
    for x, y, z, way in (
        (0.0, 5.0, -6.0, (0.0, 1.0, 0.0)),
        (9.0, 2.0, 4.0, (0.35, 0.9, 0.12)),
        (-12.0, 10.0, 8.0, (-0.3, 0.93, -0.2)),
        (-20.0, 0.0, -12.0, (-0.75, 0.6, -0.3)),
        (22.0, -4.0, 0.0, (0.8, 0.55, 0.25)),
    )
)
GRID_OF_NEEDLES = tuple(
    (
        np.array([x, y, 12.0 + 0.4 * x]),
        np.array([0.01 * n, -0.015 * n, 1.0]) / np.linalg.norm([0.01 * n, -0.015 * n, 1.0]),
    )
    for n, (x, y) in enumerate((x, y) for x in (-10.0, -5.0, 0.0, 5.0) for y in (-7.5, -2.5, 2.5))
)

NEARLY_FLAT = tuple(
    (np.array([x, y, z]), np.array([np.sin(turn) * np.cos(lean), np.cos(turn) * np.cos(lean), np.sin(lean)]))
    for x, y, z, turn, lean in (
        (9.0, 3.7, -30.1, -0.37, 0.0),
        (-3.8, -3.6, -19.3, 0.29, np.radians(0.5)),
        (-8.8, 6.1, -6.4, 0.04, np.radians(1.0)),
        (7.6, 3.5, 5.4, 0.34, np.radians(2.0)),
        (10.5, -2.5, 18.1, -0.41, np.radians(3.0)),
        (2.0, 6.0, 29.0, -0.2, np.radians(5.0)),
    )
)
"""Needles in a transverse plane or nearly: they lie in one slice for long, or between two, which dims them."""

THROUGH_LUNG = tuple((tip + np.array([30.0, 8.0, 0.0]), way) for tip, way in FAN[:3])
LUNG = Ellipsoid((30.0, 0.0, 0.0), (45.0, 55.0, 60.0))
NODULE = Ellipsoid((30.0, 8.0, 0.0), (18.0, 18.0, 18.0))

TRUTH = {"fan": FAN, "grid": GRID_OF_NEEDLES, "nearly flat": NEARLY_FLAT, "through lung": THROUGH_LUNG}


def streaks(values: np.ndarray, metal: np.ndarray, *, seed: int) -> np.ndarray:
    """Return dark and bright bands through metal, as beam hardening leaves them."""
    rng = np.random.default_rng(seed)
    result = values.astype(np.float32)
    for k in np.flatnonzero(metal.any(axis=(1, 2))):
        spots = np.argwhere(metal[k])
        rows, columns = np.mgrid[: metal.shape[1], : metal.shape[2]]
        for j, i in spots[:: max(1, len(spots) // 6)]:
            angle = rng.uniform(0, np.pi)
            off = (columns - i) * np.sin(angle) - (rows - j) * np.cos(angle)
            far = np.hypot(columns - i, rows - j) + 4.0
            result[k] += rng.normal(0, 500.0) * np.exp(-0.5 * (off / 1.5) ** 2) * 8.0 / far
    return result


@cache
def scene(kind: str, slice_mm: float) -> tuple[Volume, Volume]:
    """Return a scan with needles and its body occupancy."""
    truth = TRUTH[kind]
    half_z = 36.0
    count = int(2 * half_z / slice_mm) + 1
    grid = Grid.axial(
        origin_lps_mm=(-128.0, -128.0, -half_z), spacing_ijk_mm=(1.0, 1.0, slice_mm), shape_kji=(count, 257, 257)
    )
    acquisition = Acquisition(noise_hu=14.0, samples_per_slice=5 if kind != "nearly flat" else 11)
    needles = tuple(
        Part(tissue="steel", solid=rod(tuple(tip - LENGTH_MM * way), tuple(tip), radius_mm=RADIUS_MM), oversample=5)
        for tip, way in truth
    )
    parts = (
        Part(tissue="skin", solid=BODY, lining=((2.0, "subcutaneous_fat"), (14.0, "muscle"))),
        Part(tissue="cortical_bone", solid=RIB, lining=((1.5, "trabecular_bone"),)),
        Part(tissue="cortical_bone", solid=SPINE, lining=((1.5, "trabecular_bone"),)),
        *(
            (Part(tissue="lung", solid=LUNG), Part(tissue="lung_tumour", solid=NODULE))
            if kind == "through lung"
            else ()
        ),
        *needles,
    )
    values = scan(parts, grid, acquisition=acquisition, phase=Phase.NATIVE, seed=4)
    dirty = np.clip(streaks(values, values > 2500, seed=1), -1024, 3071).astype(np.int16)
    volume = Volume(grid=grid, values_kji=dirty, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
    if kind == "grid":
        inside = np.ones(grid.shape_kji, np.float32)
        return volume, Volume(grid=grid, values_kji=inside, quantity=Quantity.PROBABILITY, frame_uid="1.2.3")
    return volume, find_body(volume).occupancy


@cache
def found_in(kind: str, slice_mm: float) -> tuple[FoundNeedle, ...]:
    """Return what is found in a scene."""
    volume, body = scene(kind, slice_mm)
    return find_needles(volume, body, needle_radius_mm=RADIUS_MM)


def best_match(found: tuple[FoundNeedle, ...], tip: np.ndarray, way: np.ndarray) -> tuple[float, float, float]:
    """Return angle (deg), lateral and lengthwise tip error (mm) of the found needle nearest to a true one."""
    scores = []
    for each in found:
        line = each.tip_lps_mm - each.entry_lps_mm
        angle = np.degrees(np.arccos(np.clip(line @ way / np.linalg.norm(line), -1, 1)))
        off = each.tip_lps_mm - tip
        scores.append((float(angle), float(np.linalg.norm(off - (off @ way) * way)), float(off @ way)))
    return min(scores, key=lambda score: score[0] + score[1])


@pytest.mark.parametrize(("kind", "slice_mm"), [("fan", 2.5), ("fan", 5.0), ("grid", 3.0), ("through lung", 2.5)])
def test_every_needle_is_found_at_its_place_and_nothing_else(kind: str, slice_mm: float) -> None:
    truth = TRUTH[kind]
    found = found_in(kind, slice_mm)
    assert len(found) == len(truth)
    matches = np.array([best_match(found, tip, way) for tip, way in truth])
    assert matches[:, 0].max() < (0.5 if slice_mm < 4 else 1.0)
    assert matches[:, 1].max() < (0.6 if slice_mm < 4 else 1.0)
    assert np.median(np.abs(matches[:, 2])) < 1.0
    assert np.abs(matches[:, 2]).max() < 9.0, "a streak may hide the last millimetres of a needle"


@pytest.mark.parametrize("slice_mm", [3.0, 5.0])
def test_needles_that_hardly_leave_their_slice_are_found_from_end_to_end(slice_mm: float) -> None:
    found = found_in("nearly flat", slice_mm)
    assert len(found) == len(NEARLY_FLAT)
    matches = np.array([best_match(found, tip, way) for tip, way in NEARLY_FLAT])
    assert matches[:, 1].max() < max(0.5 * slice_mm, 1.0), "height within a slice cannot be seen"
    assert np.median(matches[:, 1]) < 0.2 * slice_mm
    assert matches[:, 0].max() < np.degrees(0.5 * slice_mm / 70.0) + 0.2
    assert np.abs(matches[:, 2]).max() < 9.0, "a streak may hide the last millimetres of a needle"
    doubts = [each.height_doubt_mm(scene("nearly flat", slice_mm)[0].grid) for each in found]
    assert max(doubts) > 0.4 * slice_mm
    assert min(doubts) == 0.0, "one leans through several slices"


def test_entries_lie_on_the_skin() -> None:
    for each in found_in("fan", 2.5):
        assert abs(BODY.level_mm(*each.entry_lps_mm[:, None])[0]) < 1.0
        assert BODY.level_mm(*each.tip_lps_mm[:, None])[0] < -30


def test_bone_alone_is_no_needle() -> None:
    grid = Grid.axial(origin_lps_mm=(-128.0, -128.0, -30.0), spacing_ijk_mm=(1.0, 1.0, 3.0), shape_kji=(21, 257, 257))
    dense = Part(tissue="steel", solid=SPINE)
    body = Part(tissue="muscle", solid=BODY)
    values = scan((body, dense), grid, acquisition=Acquisition(samples_per_slice=1), phase=Phase.NATIVE, seed=4)
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
    assert find_needles(volume, find_body(volume).occupancy, needle_radius_mm=RADIUS_MM) == ()


def test_a_scan_without_metal_holds_no_needle() -> None:
    volume, body = scene("fan", 2.5)
    clean = Volume(
        grid=volume.grid,
        values_kji=np.minimum(volume.values_kji, 400),
        quantity=Quantity.HOUNSFIELD,
        frame_uid=volume.frame_uid,
    )
    assert find_needles(clean, body, needle_radius_mm=RADIUS_MM) == ()


def test_no_more_needles_are_found_than_asked_for() -> None:
    volume, body = scene("fan", 2.5)
    assert len(find_needles(volume, body, needle_radius_mm=RADIUS_MM, most=2)) == 2


def test_of_a_scan_full_of_noise_only_the_brightest_voxels_are_looked_at() -> None:
    rng = np.random.default_rng(0)
    grid = Grid.axial(origin_lps_mm=(0.0, 0.0, 0.0), spacing_ijk_mm=(1.0, 1.0, 2.0), shape_kji=(40, 120, 120))
    noise = rng.normal(0.0, 1000.0, grid.shape_kji).astype(np.int16)
    volume = Volume(grid=grid, values_kji=noise, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
    cloud = metal_cloud(volume, 300.0, np.eye(3))
    assert 0.9 * MOST_POINTS < len(cloud.points_lps_mm) <= MOST_POINTS


def test_the_search_gives_the_same_needles_twice() -> None:
    volume, body = scene("fan", 5.0)
    assert found_in("fan", 5.0) == find_needles(volume, body, needle_radius_mm=RADIUS_MM)


def test_hand_corrections_are_kept_and_marked() -> None:
    found = found_in("fan", 2.5)
    tip = found[0].tip_lps_mm + np.array([0.0, 3.0, 0.0])
    better = corrected(found[0], tip_lps_mm=tip)
    assert better.by_hand
    assert np.array_equal(better.tip_lps_mm, tip)
    assert np.array_equal(better.entry_lps_mm, found[0].entry_lps_mm)
    missed = set_by_hand(entry_lps_mm=np.array([0.0, -80.0, 0.0]), tip_lps_mm=np.zeros(3))
    needles = needles_of((better, *found[1:], missed))
    assert [needle.number for needle in needles] == list(range(1, len(found) + 2))
    assert needles[-1].length_mm == pytest.approx(80.0)


def test_mr_is_refused() -> None:
    volume, body = scene("fan", 2.5)
    mr = Volume(grid=volume.grid, values_kji=volume.values_kji, quantity=Quantity.MR_SIGNAL, frame_uid="1")
    with pytest.raises(ImagingError, match="set them by hand"):
        find_needles(mr, body, needle_radius_mm=RADIUS_MM)


def planned(number: int, x: float) -> Needle:
    return Needle(
        number=number, entry_lps_mm=np.array([x, -80.0, 0.0]), tip_lps_mm=np.array([x, 0.0, 0.0]), label=f"A{number}"
    )


def test_placed_needles_are_paired_with_planned_ones_by_place() -> None:
    plan = (planned(1, 0.0), planned(2, 10.0), planned(3, 20.0))
    moved = Needle(number=1, entry_lps_mm=np.array([11.0, -80.0, 0.0]), tip_lps_mm=np.array([13.0, 4.0, 0.0]))
    stray = Needle(number=2, entry_lps_mm=np.array([60.0, -80.0, 0.0]), tip_lps_mm=np.array([60.0, 0.0, 0.0]))
    first = Needle(number=3, entry_lps_mm=np.array([0.5, -80.0, 0.0]), tip_lps_mm=np.array([0.5, -2.0, 0.0]))
    review = compare_placement(plan, (moved, stray, first), within_mm=10.0, within_deg=15.0)
    assert [each.planned.number for each in review.placements] == [1, 2]
    assert [needle.number for needle in review.not_placed] == [3]
    assert [needle.number for needle in review.not_planned] == [2]
    two = review.placements[1]
    assert two.placed.label == "A2"
    assert two.entry_off_mm == pytest.approx(1.0)
    assert two.tip_off_mm == pytest.approx(5.0)
    assert two.lateral_tip_off_mm == pytest.approx(3.0)
    assert two.angle_deg == pytest.approx(np.degrees(np.arctan2(2, 84)))
    assert review.placements[0].depth_off_mm == pytest.approx(-2.0)


@pytest.mark.slow
def test_needles_with_the_streaks_of_a_polychromatic_scanner_are_found() -> None:
    from trocar.phantom.metal_scan import Scanner, scan_with_rods
    from trocar.phantom.rods import Rod, steel_needle

    grid = Grid.axial(origin_lps_mm=(-127.0, -127.0, -15.0), spacing_ijk_mm=(1.3, 1.3, 2.5), shape_kji=(13, 196, 196))
    values = scan(
        (Part(tissue="muscle", solid=BODY), Part(tissue="cortical_bone", solid=SPINE)),
        grid,
        acquisition=Acquisition(),
        phase=Phase.NATIVE,
        seed=2,
    )
    empty = Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1")
    truth = [(np.array([x, 0.0, z]), np.array([a, 1.0, b])) for x, z, a, b in ((0, 0, 0.1, 0.05), (15, -4, 0.3, -0.1))]
    truth = [(tip, way / np.linalg.norm(way)) for tip, way in truth]
    rods = [
        Rod(centre_lps_mm=tip - 0.5 * LENGTH_MM * way, axis_lps=way, layers=steel_needle(LENGTH_MM))
        for tip, way in truth
    ]
    metal = scan_with_rods(
        empty,
        rods,
        Scanner(kvp=120.0, photons=2e5, cutoff_per_mm=0.35),
        slice_mm=2.5,
        generator=np.random.default_rng(1),
    )
    found = find_needles(metal, find_body(metal).occupancy, needle_radius_mm=RADIUS_MM)
    assert len(found) == 2
    for tip, way in truth:
        angle, across, along = best_match(found, tip, way)
        assert angle < 0.4
        assert across < 0.6
        assert abs(along) < 1.5

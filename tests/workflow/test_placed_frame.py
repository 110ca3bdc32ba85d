"""Needles on a CT of another frame of reference are carried into the plan's, or the CT is refused."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planning_requests import picture, request
from trocar.errors import ImagingError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume
from trocar.imaging.needles import FoundNeedle, set_by_hand
from trocar.phantom import Site, build_phantom
from trocar.phantom.acquisition import Acquisition
from trocar.phantom.case import PhantomCase
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.results.findings import Severity
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.placed import Corrections, doubtful_heights, plan_in_placed
from trocar.workflow.placed_frame import lay_over, target_points

OTHER_FRAME = "1.2.9"
REGISTERED_MM = 1.5
"""Error of the registration where the needles are; its pictures have voxels of 2 mm there."""


@cache
def patient(matrix: int, slice_mm: float) -> PhantomCase:
    return build_phantom(
        Site.LIVER, seed=4, matrix=matrix, slice_mm=slice_mm, acquisition=Acquisition(samples_per_slice=1)
    )


def asked(case: PhantomCase) -> ImplantRequest:
    usual = request()
    needles = replace(usual.needles, rules=replace(usual.needles.rules, obstacles=()))
    goals = tuple(goal.bound_to("CTV") for goal in usual.goals if goal.structure == "mass")
    return replace(
        usual, image=case.image, structures=case.structures, target="CTV", goals=goals, needles=needles, effort=4000
    )


def motion(angle_deg: float = 5.0) -> np.ndarray:
    """Return where a point of the planning CT lies on the CT with needles."""
    matrix = np.eye(4)
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = (9.0, -6.0, 7.0)
    return matrix


def elsewhere(image: Image, *, mirrored: bool = False, needles: tuple[Needle, ...] = ()) -> Image:
    """Return a scan of the patient lying differently, in a frame of its own, with needles of metal."""
    grid = image.volume.grid
    centres = grid.centres_lps_mm()
    places = apply_affine(np.linalg.inv(motion()), centres)
    values = image.volume.sample(places, outside=-1000.0)
    for needle in needles:
        along = (places - needle.entry_lps_mm) @ needle.direction_lps
        off = np.linalg.norm(places - needle.entry_lps_mm - along[..., None] * needle.direction_lps, axis=-1)
        metal = np.minimum(9000.0 * np.exp(-((off / 1.3) ** 2)) - 1000.0, 3071.0)  # between two slices it fills both
        values = np.where((along > -25.0) & (along < needle.length_mm), np.maximum(values, metal), values)
    if mirrored:
        values = values[:, :, ::-1]
    hu = np.ascontiguousarray(np.rint(values + np.random.default_rng(3).normal(0.0, 8.0, values.shape)), np.int16)
    moved = Volume(grid=grid, values_kji=hu, quantity=image.volume.quantity, frame_uid=OTHER_FRAME)
    return replace(image, volume=moved, reference=replace(image.reference, frame_uid=OTHER_FRAME))


def test_needles_are_carried_to_where_they_lie_in_the_frame_of_the_plan() -> None:
    case = asked(patient(128, 5.0))
    laid = lay_over(case, elsewhere(case.image))
    assert laid is not None
    assert laid.registration.rotation_deg == pytest.approx(5.0, abs=0.5)
    aim = target_points(case).mean(axis=0)
    ends = aim + np.array([[-70.0, -20.0, 5.0], [8.0, 3.0, -4.0]])
    there = apply_affine(motion(), ends)
    carried = laid.carried(set_by_hand(entry_lps_mm=there[0], tip_lps_mm=there[1]))
    assert np.linalg.norm(carried.tip_lps_mm - ends[1]) < REGISTERED_MM
    assert np.linalg.norm(carried.entry_lps_mm - ends[0]) < REGISTERED_MM
    (told,) = laid.findings
    assert told.severity is Severity.ATTENTION
    assert f"{laid.registration.rotation_deg:.1f}°" in told.message.text()


def test_one_frame_needs_no_registration() -> None:
    assert lay_over(request(), picture()) is None


@pytest.mark.slow
def test_a_mirrored_scan_is_refused() -> None:
    case = asked(patient(128, 5.0))
    with pytest.raises(ImagingError, match="mirrored"):
        lay_over(case, elsewhere(case.image, mirrored=True))


def test_the_scan_of_another_body_is_refused() -> None:
    with pytest.raises(ImagingError, match=r"do not agree near the target|do not show the same body|mirrored"):
        lay_over(request(), elsewhere(patient(128, 5.0).image))


@pytest.mark.slow
def test_seeds_are_planned_in_needles_of_another_frame() -> None:
    case = asked(patient(256, 2.5))
    aim = target_points(case).mean(axis=0)
    way = np.array([-1.0, -0.15, 0.05]) / np.linalg.norm([-1.0, -0.15, 0.05])
    planned = tuple(
        Needle(number=n, entry_lps_mm=aim + off + 75.0 * way, tip_lps_mm=aim + off - 10.0 * way)
        for n, off in enumerate(np.array([[0.0, 0.0, -7.0], [0.0, 5.0, 4.0], [0.0, -6.0, 4.0]]), start=1)
    )
    found = plan_in_placed(
        case,
        elsewhere(case.image, needles=planned),
        corrections=Corrections(),
        planned=planned,
        rng=np.random.default_rng(1),
    )
    assert [each.planned.number for each in found.review.placements] == [1, 2, 3]
    for each in found.review.placements:
        assert each.lateral_tip_off_mm < 3.0
        assert each.angle_deg < 2.5
    assert found.proposed.plan.frame_uid == case.image.volume.frame_uid
    assert len(found.proposed.plan.seeds) > 3
    assert "workflow.placed-registered" in {each.message.code for each in found.proposed.findings}


def test_a_needle_that_stays_in_one_slice_is_said_to_be_doubtful_across_it() -> None:
    def found(rise_mm: float) -> FoundNeedle:
        ends = {"entry_lps_mm": np.zeros(3), "tip_lps_mm": np.array([0.0, 60.0, rise_mm])}
        return FoundNeedle(**ends, outer_lps_mm=np.zeros(3), mean_hu=2500.0, spread_mm=0.3, bend_mm=0.1)

    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 5), shape_kji=(9, 9, 9))
    flat, leaning = found(1.0), replace(found(20.0), entry_lps_mm=np.array([9.0, 0.0, 0.0]))
    by_hand = set_by_hand(entry_lps_mm=np.array([20.0, 0.0, 0.0]), tip_lps_mm=np.array([20.0, 60.0, 0.0]))
    placed = (leaning, flat, by_hand)
    numbered = tuple(each.needle(number=number) for number, each in zip((4, 7, 9), placed, strict=True))
    (finding,) = doubtful_heights(placed, placed, numbered, grid)
    assert finding.message.data == {"numbers": "7", "doubt_mm": 2.0}
    assert doubtful_heights((leaning, by_hand), (leaning, by_hand), numbered, grid) == []

"""Where seeds may lie, against exact ellipsoids."""

from dataclasses import replace

import numpy as np
import pytest

from access_scenes import drawn
from planning_requests import CORD, MASS, request
from planning_scenes import goal
from trocar.errors import PlanError
from trocar.phantom.solids import Ellipsoid
from trocar.workflow.posing import pose, target_region
from trocar.workflow.seed_placing import sampled_structures
from trocar.workflow.seed_region import seed_region
from trocar.workflow.way_in import propose_needles

DRAWN_MM = 1.6
"""Outlines every 2.5 mm of an ellipsoid are steps: points so near its border are not judged."""


def inside(solid: Ellipsoid, points: np.ndarray, *, grown_mm: float) -> np.ndarray:
    axes = np.array(solid.half_axes_mm) + grown_mm
    return np.asarray((((points - np.array(solid.centre_lps_mm)) / axes) ** 2).sum(axis=1) <= 1)


def points() -> np.ndarray:
    return np.random.default_rng(1).uniform([-20, -48, -18], [20, -2, 18], (3000, 3))


def test_seeds_keep_to_the_structure_and_off_others() -> None:
    seeding = replace(request().seeding, beyond_mm=3.0, keep_off=(("cord", 4.0),))
    allowed = seed_region(request(seeding=seeding))(points())
    surely = inside(MASS, points(), grown_mm=3.0 - DRAWN_MM) & ~inside(CORD, points(), grown_mm=4.0 + DRAWN_MM)
    never = ~inside(MASS, points(), grown_mm=3.0 + DRAWN_MM) | inside(CORD, points(), grown_mm=4.0 - DRAWN_MM)
    assert allowed[surely].all()
    assert not allowed[never].any()
    assert surely.any()
    assert never.any()


def test_another_structure_than_the_target_may_hold_the_seeds() -> None:
    allowed = seed_region(request(seeding=replace(request().seeding, within="cord")))(points())
    assert not allowed[~inside(CORD, points(), grown_mm=DRAWN_MM)].any()
    assert allowed.any()


def test_whole_capsules_of_a_posed_problem_lie_in_the_region() -> None:
    case = request(seeding=replace(request().seeding, keep_off=(("cord", 6.0),)))
    posed = pose(case, propose_needles(case)[0])
    half = 0.5 * case.seeding.seed_length_mm * posed.candidates.axes_lps
    for ends in (posed.candidates.positions_lps_mm - half, posed.candidates.positions_lps_mm + half):
        assert inside(MASS, ends, grown_mm=DRAWN_MM).all()
        assert not inside(CORD, ends, grown_mm=6.0 - DRAWN_MM).any()


@pytest.mark.parametrize("wrong", [{"beyond_mm": -1.0}, {"keep_off": (("cord", -2.0),)}, {"most": 0}])
def test_distances_below_nothing_and_no_seeds_at_all_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        replace(request().seeding, **wrong)  # type: ignore[arg-type]
    assert caught.value.code == "workflow.seeding-invalid"


def test_an_organ_that_only_winds_past_the_target_is_left_out_of_the_search() -> None:
    halves = [drawn("bowel", Ellipsoid((x, -30.0, 0.0), (5.0, 5.0, 9.0)), number=7) for x in (-65.0, 65.0)]
    bowel = replace(halves[0], contours=(*halves[0].contours, *halves[1].contours))
    usual = request()
    asked = replace(
        usual,
        structures=replace(usual.structures, structures=(*usual.structures.structures, bowel)),
        goals=(*usual.goals, goal("bowel", "D2cc", "≤", 80, "Gy")),
    )
    names = [each.name for each in sampled_structures(asked, target_region(asked), organ_points=200)]
    assert names == ["mass", "cord"]

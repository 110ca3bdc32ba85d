"""Templates: hole names and places, needles parallel and on the grid, poses that cover the target."""

import numpy as np
import pytest

from access_scenes import BODY, body_of, densely_sampled_clearance_mm, drawn, rules_with, skin_of
from trocar.errors import OptimiseError
from trocar.optimise.access.choose import select_needles
from trocar.optimise.access.coplanar import best_template_poses, search_template, sphere_directions
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import Scene, build_scene
from trocar.optimise.candidates import segment_distance_mm
from trocar.phantom.solids import Ellipsoid
from trocar.phantom.sweeps import rod
from trocar.plan.access import Obstacle
from trocar.plan.template import template_towards

BODY_VOLUME = body_of(BODY)
SKIN = skin_of(BODY, spacing_deg=5.0)
TARGET = drawn("CTV", Ellipsoid((10.0, 0.0, 0.0), (18.0, 15.0, 17.0)))
RIB = drawn("Rib", rod((-40.0, -50.0, 8.0), (60.0, -50.0, 8.0), radius_mm=5.0))
UP = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(
        TARGET, BODY_VOLUME, rules_with(Obstacle(structure=RIB, margin_mm=2.0), most_depth_mm=120.0), spacing_mm=2.0
    )


def test_template_needles_are_parallel_and_on_their_holes(scene: Scene) -> None:
    template = template_towards(
        np.array([0.1, 1.0, -0.2]),
        centre_lps_mm=np.array([4.0, -100.0, 20.0]),
        up_lps=UP,
        pitch_mm=5.0,
        columns=11,
        rows=11,
    )
    accesses = search_template(scene, SKIN, template).accesses
    assert len(accesses) > 8
    holes = dict(zip(template.hole_names, template.holes_lps_mm, strict=True))
    for row in range(len(accesses)):
        np.testing.assert_allclose(accesses.directions_lps[row], template.direction_lps, atol=1e-9)
        across = np.cross(accesses.entries_lps_mm[row] - holes[accesses.labels[row]], template.direction_lps)
        assert np.linalg.norm(across) < 1e-6
        level = BODY.level_mm(*accesses.entries_lps_mm[row][:, None])[0]
        assert abs(level) < 0.5
        dense = densely_sampled_clearance_mm(accesses.needle(row, number=1), RIB, radius_mm=0.635)
        assert dense >= 2.0


def test_holes_behind_the_rib_are_left_out(scene: Scene) -> None:
    template = template_towards(
        np.array([0.0, 1.0, 0.0]),
        centre_lps_mm=np.array([10.0, -100.0, 0.0]),
        up_lps=UP,
        pitch_mm=5.0,
        columns=5,
        rows=7,
    )
    accesses = search_template(scene, SKIN, template).accesses
    heights = {round(float(entry[2]), 3) for entry in accesses.entries_lps_mm}
    assert heights == {-15.0, -10.0, -5.0, 0.0}


def test_a_template_inside_the_body_is_refused(scene: Scene) -> None:
    template = template_towards(
        np.array([0.0, 1.0, 0.0]),
        centre_lps_mm=np.array([10.0, -40.0, 0.0]),
        up_lps=UP,
        pitch_mm=5.0,
        columns=3,
        rows=3,
    )
    with pytest.raises(OptimiseError, match="inside the body"):
        search_template(scene, SKIN, template)


def test_the_best_pose_covers_the_target_and_stands_before_the_skin(scene: Scene) -> None:
    poses = best_template_poses(
        scene,
        SKIN,
        pitch_mm=10.0,
        reach_mm=7.5,
        standoff_mm=8.0,
        up_lps=UP,
        directions_lps=sphere_directions(80),
    )
    best = poses[0]
    assert best.covered > 0.95
    shares = [round(pose.covered, 2) for pose in poses]
    assert shares == sorted(shares, reverse=True)
    ahead = (best.accesses.entries_lps_mm - best.template.holes_lps_mm[0]) @ best.template.direction_lps
    assert ahead.min() >= 8.0 - 0.5
    straight = best_template_poses(
        scene, SKIN, pitch_mm=10.0, reach_mm=7.5, standoff_mm=8.0, up_lps=UP, directions_lps=np.array([[0.0, 1.0, 0.0]])
    )
    assert straight[0].covered < best.covered


def test_chosen_needles_keep_their_distance_along_their_whole_length(scene: Scene) -> None:
    candidates = search_free(scene, SKIN, aim_spacing_mm=9.0).accesses
    chosen = select_needles(scene, candidates, reach_mm=6.0, spacing_mm=7.0)
    assert chosen.covered > 0.92
    assert 6 <= len(chosen.accesses) <= 40
    entries, tips = chosen.accesses.entries_lps_mm, chosen.accesses.tips_lps_mm
    first, second = np.triu_indices(len(entries), 1)
    assert segment_distance_mm(entries[first], tips[first], entries[second], tips[second]).min() >= 7.0


def test_no_more_needles_are_chosen_than_allowed(scene: Scene) -> None:
    candidates = search_free(scene, SKIN, aim_spacing_mm=12.0).accesses
    few = select_needles(scene, candidates, reach_mm=6.0, spacing_mm=7.0, most=4)
    assert len(few.accesses) == 4
    assert 0.2 < few.covered < 1.0
    assert len(few.uncovered_lps_mm) > 0


def test_without_a_direction_there_is_no_template(scene: Scene) -> None:
    with pytest.raises(OptimiseError, match="no direction"):
        best_template_poses(
            scene, SKIN, pitch_mm=10.0, reach_mm=7.5, standoff_mm=8.0, up_lps=UP, directions_lps=np.empty((0, 3))
        )

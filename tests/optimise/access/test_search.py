"""Needles found obey every rule, and none is lost without a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access_scenes import BODY, body_of, densely_sampled_clearance_mm, drawn, rules_with, skin_of
from trocar.errors import OptimiseError
from trocar.messages import Language
from trocar.optimise.access import free
from trocar.optimise.access.explain import explain, require_access
from trocar.optimise.access.explanation import Rule, no_access_message
from trocar.optimise.access.free import lattice_in, search_free
from trocar.optimise.access.scene import Scene, build_scene, region_of
from trocar.optimise.access.search import AccessSearch, clearance_of, shape_of
from trocar.phantom.solids import Ellipsoid, Solid
from trocar.phantom.sweeps import curved_tube, rod
from trocar.plan.access import AccessRules, Bore, Couch, CrossingLimit, Obstacle

BODY_VOLUME = body_of(BODY)
SKIN = skin_of(BODY, spacing_deg=6.0)
TARGET = drawn("CTV", Ellipsoid((20.0, 5.0, 3.0), (14.0, 12.0, 15.0)))
VESSEL = drawn("V_Portal", curved_tube([(-20, -30, -20), (5, -25, 10), (30, -30, 30)], [4.0, 3.5, 2.0]), number=2)
RIBS = [drawn(f"Rib{n}", rod((60.0, -60.0, z), (105.0, 20.0, z + 5.0), radius_mm=5.0)) for n, z in enumerate((-20, 10))]
OBSTACLES = (
    Obstacle(structure=VESSEL, margin_mm=3.0),
    Obstacle(structure=RIBS[0], margin_mm=1.0),
    Obstacle(structure=RIBS[1], margin_mm=0.0),
)


def scene_with(rules: AccessRules) -> Scene:
    return build_scene(TARGET, BODY_VOLUME, rules, spacing_mm=2.0)


def found_with(*obstacles: Obstacle, aim_spacing_mm: float = 12.0, **changes: object) -> tuple[Scene, AccessSearch]:
    scene = scene_with(rules_with(*obstacles, **changes))
    return scene, search_free(scene, SKIN, aim_spacing_mm=aim_spacing_mm)


def test_every_needle_clears_every_obstacle_by_its_margin_to_an_independent_sampler() -> None:
    _, search = found_with(*OBSTACLES)
    accesses = search.accesses
    assert len(accesses) > 300
    rows = np.argsort(accesses.slack_mm)[:20].tolist() + list(range(0, len(accesses), len(accesses) // 20))
    for row in rows:
        needle = accesses.needle(row, number=1)
        for column, obstacle in enumerate(OBSTACLES):
            dense = densely_sampled_clearance_mm(needle, obstacle.structure, radius_mm=0.635)
            assert dense >= obstacle.margin_mm
            stated = accesses.clearance_mm[row, column]
            assert stated <= dense + 1e-3
            if dense < 20:
                assert stated > dense - (1.8 if dense < 3 else 0.6 + 0.02 * dense)


def test_of_too_many_lines_an_even_share_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    _, every = found_with(aim_spacing_mm=6.0)
    monkeypatch.setattr(free, "MOST_LINES", len(every.lines) // 3)
    _, some = found_with(aim_spacing_mm=6.0)
    assert 0.25 * len(every.lines) < len(some.lines) <= len(every.lines) // 3 + 1
    entries = np.unique(every.lines.entries_lps_mm, axis=0)
    assert len(np.unique(some.lines.entries_lps_mm, axis=0)) == len(entries), "no part of the skin is left out"
    ways = {tuple(each) for each in np.hstack([every.lines.entries_lps_mm, every.lines.ways_lps]).tolist()}
    assert {tuple(each) for each in np.hstack([some.lines.entries_lps_mm, some.lines.ways_lps]).tolist()} <= ways


def test_a_refused_line_does_come_too_near() -> None:
    scene, search = found_with(*OBSTACLES)
    shape = shape_of(scene, search.lines)
    rows = np.flatnonzero(np.isfinite(shape.tip_depth_mm) & (shape.in_target_mm >= 5) & (shape.tip_depth_mm <= 160))
    refused = np.setdiff1d(rows, search.rows)
    clearance = clearance_of(scene, search.lines, refused, shape.tip_depth_mm[refused])
    near = np.flatnonzero((clearance < [3.0, 1.0, 0.0]).any(axis=1))
    assert len(near) > 100
    for n in near[:: len(near) // 25]:
        entry, way = search.lines.entries_lps_mm[refused[n]], search.lines.ways_lps[refused[n]]
        from trocar.plan.needles import Needle

        needle = Needle(number=1, entry_lps_mm=entry, tip_lps_mm=entry + shape.tip_depth_mm[refused[n]] * way)
        dense = [densely_sampled_clearance_mm(needle, o.structure, radius_mm=0.635) for o in OBSTACLES]
        assert any(d < o.margin_mm + 1.9 for d, o in zip(dense, OBSTACLES, strict=True))


def test_lengths_and_angles_are_those_of_the_geometry() -> None:
    _, search = found_with(most_depth_mm=95.0, most_skin_angle_deg=35.0, most_axial_tilt_deg=20.0)
    accesses = search.accesses
    assert len(accesses) > 100
    assert accesses.depth_mm.max() <= 95.0
    assert accesses.skin_angle_deg.max() <= 35.0
    assert accesses.axial_tilt_deg.max() <= 20.0
    tilt = np.degrees(np.arcsin(np.abs(accesses.directions_lps[:, 2])))
    np.testing.assert_allclose(accesses.axial_tilt_deg, tilt, atol=1e-6)


def test_tips_lie_at_the_far_border_of_the_target_and_chords_are_right() -> None:
    region = region_of(TARGET)
    _, search = found_with()
    accesses = search.accesses
    off_mm = []
    for row in range(0, len(accesses), len(accesses) // 60):
        t = np.arange(0, accesses.depth_mm[row] + 8, 0.1)
        inside = region.contains(accesses.entries_lps_mm[row] + t[:, None] * accesses.directions_lps[row])
        off_mm.append((accesses.depth_mm[row] - t[inside].max(), accesses.in_target_mm[row] - 0.1 * inside.sum()))
    assert np.median(np.abs(off_mm), axis=0).max() < 0.6
    assert np.abs(off_mm).max() < 1.8


def test_the_tip_goes_as_far_beyond_as_asked() -> None:
    _, at_border = found_with()
    _, beyond = found_with(beyond_target_mm=4.0)
    _, first, second = np.intersect1d(at_border.rows, beyond.rows, return_indices=True)
    assert len(first) > 0.9 * len(at_border.rows)
    further = beyond.accesses.depth_mm[second] - at_border.accesses.depth_mm[first]
    np.testing.assert_allclose(further, 4.0, atol=1e-9)


@given(st.floats(0.0, 6.0), st.floats(0.1, 4.0))
@settings(max_examples=3, deadline=None)
def test_a_larger_margin_never_opens_a_way(margin: float, more: float) -> None:
    def lines_found(margin_mm: float) -> set[int]:
        _, search = found_with(Obstacle(structure=VESSEL, margin_mm=margin_mm), aim_spacing_mm=20.0)
        return set(search.rows.tolist())

    assert lines_found(margin + more) <= lines_found(margin)


def test_needle_ends_stay_above_the_couch_and_in_the_bore() -> None:
    couch = Couch(point_lps_mm=np.array([0.0, 85.0, 0.0]), normal_lps=np.array([0.0, -1.0, 0.0]))
    bore = Bore(centre_lps_mm=np.zeros(3), radius_mm=170.0)
    _, search = found_with(couch=couch, bore=bore)
    accesses = search.accesses
    hub = accesses.tips_lps_mm - 200.0 * accesses.directions_lps
    assert len(accesses) > 50
    assert hub[:, 1].max() <= 85.0
    assert np.hypot(hub[:, 0], hub[:, 1]).max() <= 170.0
    _, without = found_with()
    assert len(without.accesses) > len(accesses)


def test_a_lung_may_be_entered_once_but_not_twice() -> None:
    ring: Solid = Ellipsoid((20.0, -45.0, 0.0), (60.0, 6.0, 70.0))
    second: Solid = Ellipsoid((20.0, -25.0, 0.0), (60.0, 5.0, 70.0))
    from trocar.phantom.solids import Union

    lung = drawn("Lung_R", Union((ring, second)))
    skin = SKIN.facing(np.array([0.0, -1.0, 0.0]), within_deg=30.0)

    def entered_by(at_most: int) -> np.ndarray:
        rules = rules_with(crossing_limits=(CrossingLimit(structure=lung, at_most=at_most),))
        return search_free(scene_with(rules), skin, aim_spacing_mm=12.0).accesses.entered[:, 0]

    assert set(entered_by(2).tolist()) >= {2}
    assert max(entered_by(1).tolist(), default=0) <= 1
    assert set(entered_by(0).tolist()) <= {0}


def test_a_needle_never_leaves_the_body_on_its_way() -> None:
    from trocar.phantom.solids import carve

    notched = carve(BODY, Ellipsoid((70.0, -60.0, 0.0), (25.0, 60.0, 300.0)))
    scene = build_scene(TARGET, body_of(notched), rules_with(), spacing_mm=2.0)
    inside = body_of(notched)
    search = search_free(scene, SKIN.where(notched.contains(SKIN.points_lps_mm * 0.98)), aim_spacing_mm=12.0)
    for row in range(0, len(search.accesses), len(search.accesses) // 80):
        t = np.linspace(0.05, 1.0, 200)[:, None]
        way = search.accesses.entries_lps_mm[row] * (1 - t) + search.accesses.tips_lps_mm[row] * t
        assert (inside.sample(way, outside=0.0) < 0.3).mean() < 0.03


SHELL = Ellipsoid((20.0, 5.0, 3.0), (32.0, 30.0, 33.0))


def bone_around_the_target(margin_mm: float) -> AccessRules:
    from trocar.phantom.solids import carve

    skull = drawn("Skull", carve(SHELL, Ellipsoid((20.0, 5.0, 3.0), (26.0, 24.0, 27.0))))
    return rules_with(Obstacle(structure=skull, margin_mm=margin_mm))


def test_a_target_behind_bone_is_refused_by_name_with_the_only_way_out() -> None:
    scene = scene_with(bone_around_the_target(2.0))
    search = search_free(scene, SKIN, aim_spacing_mm=15.0)
    assert len(search.accesses) == 0
    explanation = explain(scene, search.lines)
    assert explanation.refusals[0].rule is Rule.MARGIN
    assert explanation.refusals[0].name == "Skull"
    assert explanation.relaxations[0].crosses_structure
    with pytest.raises(OptimiseError, match=r"no needle reaches CTV.*Skull.*crossing Skull") as raised:
        require_access(search, scene)
    assert "穿过Skull" in raised.value.text(Language.CHINESE)


def test_a_gap_too_narrow_for_the_margin_is_named_with_the_margin_that_fits() -> None:
    from trocar.phantom.solids import carve

    hole = rod((20.0, 5.0, 3.0), (20.0, -80.0, 3.0), radius_mm=9.0)
    skull = drawn("Skull", carve(SHELL, Ellipsoid((20.0, 5.0, 3.0), (26.0, 24.0, 27.0)), hole))
    scene = scene_with(rules_with(Obstacle(structure=skull, margin_mm=12.0)))
    search = search_free(scene, SKIN, aim_spacing_mm=6.0)
    best = explain(scene, search.lines).relaxations[0]
    assert not best.crosses_structure
    (change,) = best.changes
    assert (change.rule, change.name, change.given) == (Rule.MARGIN, "Skull", 12.0)
    assert 5.0 < change.needed < 8.5
    relaxed = scene_with(rules_with(Obstacle(structure=skull, margin_mm=change.needed)))
    assert len(search_free(relaxed, SKIN, aim_spacing_mm=6.0).accesses) > 0


def test_a_short_reach_is_named_with_the_depth_that_is_needed() -> None:
    scene, search = found_with(most_depth_mm=40.0)
    best = explain(scene, search.lines).relaxations[0]
    (change,) = best.changes
    assert change.rule is Rule.DEPTH
    message = no_access_message(explain(scene, search.lines), target="CTV")
    assert "instead of 40 mm" in message.text()
    _, relaxed = found_with(most_depth_mm=change.needed)
    assert len(relaxed.accesses) > 0


def test_skin_beyond_the_needle_is_refused() -> None:
    with pytest.raises(OptimiseError, match="take a longer needle"):
        found_with(needle_length_mm=30.0)


def test_no_skin_is_refused() -> None:
    scene = scene_with(rules_with())
    with pytest.raises(OptimiseError, match="holds no skin"):
        search_free(scene, SKIN.facing(np.array([0.0, 0.0, 1.0]), within_deg=1.0), aim_spacing_mm=10.0)


def test_candidates_sort_by_several_keys() -> None:
    _, search = found_with(*OBSTACLES)
    ordered = search.accesses.sorted_by(np.round(search.accesses.axial_tilt_deg, -1), -search.accesses.slack_mm)
    tilt = np.round(ordered.axial_tilt_deg, -1)
    assert (np.diff(tilt) >= 0).all()
    same = np.diff(tilt) == 0
    assert (np.diff(ordered.slack_mm)[same] <= 1e-9).all()
    account = ordered.account(0)
    assert account.slack_mm == pytest.approx(min(account.clearance_mm[o.name] - o.margin_mm for o in OBSTACLES))
    assert account.clearance_mm[account.tightest] - account.slack_mm == pytest.approx(
        next(o.margin_mm for o in OBSTACLES if o.name == account.tightest)
    )


@pytest.mark.parametrize("spacing", [4.0, 7.0])
def test_lattice_points_lie_inside_and_their_spacing_apart(spacing: float) -> None:
    region = region_of(TARGET)
    points = lattice_in(region, spacing_mm=spacing)
    assert region.contains(points).all()
    assert len(points) == pytest.approx(region.volume_mm3 / (spacing**3 / np.sqrt(2)), rel=0.25)
    gaps = np.linalg.norm(points[:, None] - points, axis=2) + 1e3 * np.eye(len(points))
    assert gaps.min() == pytest.approx(spacing)


CORD = drawn("Cord", rod((20.0, 11.0, -60.0), (20.0, 11.0, 60.0), radius_mm=4.0), number=7)


def around_the_cord(*, may_stop_short: bool, **changes: object) -> AccessSearch:
    _, search = found_with(Obstacle(structure=CORD, margin_mm=3.0), may_stop_short=may_stop_short, **changes)
    return search


def test_needles_stop_before_an_obstacle_in_the_target_and_still_clear_it() -> None:
    short, whole = around_the_cord(may_stop_short=True), around_the_cord(may_stop_short=False)
    assert set(whole.rows.tolist()) < set(short.rows.tolist())
    cut = np.flatnonzero(short.accesses.unserved_mm > 1.0)
    assert len(cut) > 0.3 * len(short.accesses)
    spare = []
    for row in cut[:: max(len(cut) // 60, 1)].tolist():
        dense = densely_sampled_clearance_mm(short.accesses.needle(row, number=1), CORD, radius_mm=0.635)
        assert short.accesses.clearance_mm[row, 0] <= dense + 1e-3
        spare.append(dense - 3.0)
    assert min(spare) >= 0.0
    assert np.median(spare) < 2.5  # it goes nearly as far as it may


def test_a_needle_that_stops_short_serves_what_lies_before_its_tip() -> None:
    short = around_the_cord(may_stop_short=True).accesses
    assert short.in_target_mm.min() >= 5.0 - 1e-6
    region = region_of(TARGET)
    for row in range(0, len(short), len(short) // 40):
        t = np.arange(0, short.depth_mm[row] + 60, 0.1)
        inside = region.contains(short.entries_lps_mm[row] + t[:, None] * short.directions_lps[row])
        before = t <= short.depth_mm[row]
        assert short.in_target_mm[row] == pytest.approx(0.1 * inside[before].sum(), abs=1.8)
        assert short.unserved_mm[row] == pytest.approx(0.1 * inside[~before].sum(), abs=1.8)


def test_needles_that_need_not_stop_short_are_the_same_either_way() -> None:
    short, whole = around_the_cord(may_stop_short=True), around_the_cord(may_stop_short=False)
    _, first, second = np.intersect1d(short.rows, whole.rows, return_indices=True)
    assert len(first) == len(whole.rows)
    np.testing.assert_array_equal(short.accesses.tips_lps_mm[first], whole.accesses.tips_lps_mm[second])


def test_needles_stop_before_what_they_may_not_enter_and_none_is_deeper_than_allowed() -> None:
    limit = CrossingLimit(structure=CORD, at_most=0)
    found = found_with(most_depth_mm=115.0, crossing_limits=(limit,), may_stop_short=True)[1].accesses
    assert found.depth_mm.max() <= 115.0
    assert found.entered.max() == 0
    assert (found.unserved_mm > 1.0).sum() > 20

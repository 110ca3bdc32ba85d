"""Needles that are given: the same account as the search keeps, and each rule they break by name."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from access_scenes import BODY, GRID, body_of, drawn, rules_with, skin_of
from trocar.messages import Message
from trocar.optimise.access.free import search_free
from trocar.optimise.access.given import account_needles, broken_by
from trocar.optimise.access.scene import Scene, build_scene
from trocar.phantom.solids import Ellipsoid
from trocar.plan.access import AccessRules, Bore, Couch, CrossingLimit, Obstacle, SkinEntries
from trocar.plan.needles import Needle

TARGET = Ellipsoid((0.0, -20.0, 0.0), (14.0, 14.0, 14.0))
CORD = Ellipsoid((0.0, 20.0, 0.0), (6.0, 6.0, 60.0))
GUT = Ellipsoid((40.0, -20.0, 0.0), (10.0, 10.0, 40.0))
ON_2_MM_GRID = 1.8
"""What a clearance may be told too small near an obstacle; never too large."""
SAME_WALK_MM = 0.35
"""The walk along a line starts from its ends: two walks differ by what a lower bound may lose."""


@cache
def skin() -> SkinEntries:
    return skin_of(BODY, spacing_deg=8.0)


@cache
def case(**changes: object) -> Scene:
    rules = rules_with(
        Obstacle(structure=drawn("cord", CORD), margin_mm=4.0),
        crossing_limits=(CrossingLimit(structure=drawn("gut", GUT, number=2), at_most=0),),
        most_skin_angle_deg=50.0,
        most_axial_tilt_deg=30.0,
    )
    return build_scene(drawn("target", TARGET, number=3), body_of(BODY, GRID), rules, spacing_mm=2.0)


def told(scene: Scene, entry: tuple[float, float, float], tip: tuple[float, float, float]) -> list[str]:
    needle = Needle(number=7, entry_lps_mm=np.array(entry), tip_lps_mm=np.array(tip))
    messages: tuple[Message, ...] = broken_by(scene, account_needles(scene, skin(), (needle,)), 0, number=7)
    return [message.code for message in messages]


def with_rules(**changes: object) -> Scene:
    rules: AccessRules = replace(case().rules, **changes)  # type: ignore[arg-type]
    return replace(case(), rules=rules)


def test_needles_that_the_search_found_break_nothing_and_have_the_same_account() -> None:
    found = search_free(case(), skin(), aim_spacing_mm=12.0).accesses
    some = found.take(np.arange(0, len(found), max(1, len(found) // 40)))
    again = account_needles(case(), skin(), some.needles())
    assert np.abs(again.clearance_mm - some.clearance_mm).max() < SAME_WALK_MM
    assert np.abs(again.in_target_mm - some.in_target_mm).max() < 1.0
    assert (again.entered == some.entered).all()
    assert again.axial_tilt_deg == pytest.approx(some.axial_tilt_deg, abs=1e-6)
    for row in range(len(some)):
        assert broken_by(case(), again, row, number=row) == ()


def test_each_rule_that_a_needle_breaks_is_named() -> None:
    straight = ((0.0, -80.0, 0.0), (0.0, -8.0, 0.0))
    assert told(case(), *straight) == []
    assert told(case(), (0.0, -80.0, 0.0), (0.0, 13.0, 0.0)) == ["optimise.needle-too-near"]
    assert "optimise.needle-enters" in told(case(), (110.0, -20.0, 0.0), (0.0, -20.0, 0.0))
    assert told(with_rules(most_depth_mm=60.0), *straight) == ["optimise.needle-too-deep"]
    assert "optimise.needle-tilted" in told(case(), (0.0, -78.0, -60.0), (0.0, -10.0, 0.0))
    assert "optimise.needle-too-flat" in told(
        with_rules(most_skin_angle_deg=10.0), (30.0, -77.0, 0.0), (-8.0, -10.0, 0.0)
    )
    couch = Couch(point_lps_mm=np.array([0.0, -100.0, 0.0]), normal_lps=np.array([0.0, 1.0, 0.0]))
    assert told(with_rules(couch=couch), *straight) == ["optimise.needle-hub-in-couch"]
    bore = Bore(centre_lps_mm=np.zeros(3), radius_mm=150.0)
    assert told(with_rules(bore=bore), *straight) == ["optimise.needle-hub-in-bore"]


def test_a_clearance_is_told_beside_the_margin_asked_for() -> None:
    needle = Needle(number=3, entry_lps_mm=np.array([0.0, -80.0, 0.0]), tip_lps_mm=np.array([0.0, 11.5, 0.0]))
    (message,) = broken_by(case(), account_needles(case(), skin(), (needle,)), 0, number=3)
    assert message.data["name"] == "cord"
    told_mm = message.data["clearance_mm"]
    assert isinstance(told_mm, float)
    assert 0.0 <= 2.5 - 0.635 - told_mm < ON_2_MM_GRID
    assert "needle 3 passes" in message.text()

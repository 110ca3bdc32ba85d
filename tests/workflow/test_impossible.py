"""Demands that cannot be met: the smallest conflict, the nearest plan, and what is proven."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from access_scenes import drawn
from planning_requests import GOALS, MASS, request, stock
from planning_scenes import goal
from trocar.errors import OptimiseError, PlanError
from trocar.messages import Language
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.metrics import achievements
from trocar.phantom.solids import Ellipsoid
from trocar.plan.access import SIDES, Obstacle
from trocar.plan.goals import Comparison
from trocar.plan.needles import Needle
from trocar.workflow.implant import plan_implant
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.impossible import Impossibility, Possible, why_impossible
from trocar.workflow.nearest_way import require_seeds, with_nearest_access, with_seeds_to_order
from trocar.workflow.posing import Posed, pose
from trocar.workflow.way_in import find_way_in, more_from_elsewhere, propose_needles

COVERAGE, CORD = "mass V100 ≥ 92 %", "cord D0.1cc ≤ 25 Gy"


@cache
def needles() -> tuple[Needle, ...]:
    return propose_needles(request())[0]


def posed(**changes: object) -> Posed:
    return pose(request(**changes), needles())


def test_goals_that_can_be_met_give_no_reason() -> None:
    case = posed()
    outcome = case.optimised(rng=np.random.default_rng(1))
    why = why_impossible(case, outcome.chosen, rng=np.random.default_rng(2))
    assert isinstance(why, Possible)
    assert why.chosen.tolist() == outcome.chosen.tolist()


def test_a_plan_that_misses_what_can_be_met_is_replaced_by_one_that_meets_it() -> None:
    case = posed()
    why = why_impossible(case, np.empty(0, np.int32), rng=np.random.default_rng(2))
    assert isinstance(why, Possible)
    assert case.must_met(why.chosen)
    better = case.improved(why.chosen, keeping=case.must_met, rng=np.random.default_rng(3))
    assert case.must_met(better.chosen)
    assert better.cost <= case.objective().cost(case.problem, why.chosen)
    kept = case.improved(why.chosen, keeping=lambda chosen: False, rng=np.random.default_rng(3))
    assert kept.chosen.tolist() == why.chosen.tolist()


@pytest.fixture(scope="module")
def tight() -> Posed:
    return posed(goals=(*GOALS[:3], goal("cord", "D0.1cc", "≤", 25, "Gy")))


def test_a_cord_limit_against_coverage_is_named_as_the_conflict_and_the_least_way_out_works(tight: Posed) -> None:
    why = why_impossible(tight, np.empty(0, np.int32), rng=np.random.default_rng(2))
    assert isinstance(why, Impossibility)
    told = {each.text for each in why.conflicting}
    assert CORD in told
    assert len(told) == 2
    assert "V200" not in str(told)
    of_target = [each.goal.structure == "mass" for each in why.relaxations]
    assert of_target == sorted(of_target, reverse=True)
    assert CORD not in {each.goal.text for each in why.nearest}, "the cord is not given up for coverage"
    for each in why.relaxations:
        rises = each.goal.comparison is Comparison.AT_MOST
        assert each.needed > each.goal.limit if rises else each.needed < each.goal.limit
    nearest = why.nearest[0]
    assert broken_rules(tight.problem, nearest.chosen) == ()
    wider = {each.goal.key: each.as_goal for each in why.nearest}
    widened = [wider.get(each.key, each) for each in tight.goals if each.priority.value == "must"]
    reached = achievements(tight.problem, tight.problem.dose_of(nearest.chosen), widened)
    assert all(each.value == pytest.approx(each.goal.limit) or each.is_met for each in reached)
    assert not all(
        each.is_met for each in achievements(tight.problem, tight.problem.dose_of(nearest.chosen), tight.goals)
    )
    codes = [each.message.code for each in why.findings][:3]
    assert codes == ["workflow.goals-conflict", "workflow.goals-conflict-unproven", "workflow.goals-relaxed"]
    assert why.forced is not None
    assert 10.0 < why.forced.least_gy < 25.0


def test_a_limit_below_what_coverage_forces_is_proven_to_contradict_it() -> None:
    case = posed(goals=(*GOALS[:3], goal("cord", "D0.1cc", "≤", 15, "Gy")))
    why = why_impossible(case, np.empty(0, np.int32), rng=np.random.default_rng(2))
    assert isinstance(why, Impossibility)
    assert why.forced is not None
    assert why.forced.is_proof
    assert {each.text for each in why.forced.demands} == {COVERAGE, "mass D90 ≥ 100 Gy"}
    first = why.findings[0].message
    assert first.code == "workflow.goals-contradict"
    assert "proven" in first.text()
    assert "已证明" in first.text(Language.CHINESE)
    assert why.nearest


def test_coverage_beyond_what_all_places_together_give_is_proven_out_of_reach() -> None:
    case = pose(request(seeding=replace(request().seeding, most=3)), needles()[:1])
    why = why_impossible(case, np.empty(0, np.int32), rng=np.random.default_rng(2))
    assert isinstance(why, Impossibility)
    assert why.most_percent is not None
    assert why.most_percent < 92.0
    assert [each.message.code for each in why.findings] == ["workflow.coverage-unreachable", "workflow.goals-relaxed"]
    assert {each.goal.text for each in why.nearest} == {COVERAGE, "mass D90 ≥ 100 Gy"}
    assert all(each.needed < each.goal.limit for each in why.nearest)
    outcome = case.optimised(rng=np.random.default_rng(1))
    dose = case.problem.dose_of(outcome.chosen)[: case.problem.structures[0].count]
    assert 100.0 * (dose >= 100.0).mean() <= why.most_percent


def test_too_few_seeds_are_told_with_the_number_that_does() -> None:
    case = posed(stock=(stock(9),))
    outcome = case.optimised(rng=np.random.default_rng(1))
    why = why_impossible(case, outcome.chosen, rng=np.random.default_rng(2))
    assert isinstance(why, Impossibility)
    assert why.seeds_needed is not None
    ((s_k_u, count),) = why.seeds_needed
    assert s_k_u == 0.6
    assert 9 < count < 30
    assert "too few seeds" in why.findings[0].message.text()
    assert COVERAGE in {each.goal.text for each in why.nearest}
    assert len(why.nearest[0].chosen) <= 9


def test_too_few_strong_seeds_are_told_by_strength_even_where_their_sum_would_do() -> None:
    case = posed(stock=(stock(5, s_k_u=0.9), stock(8, s_k_u=0.4)))
    why = why_impossible(case, np.empty(0, np.int32), rng=np.random.default_rng(2))
    assert isinstance(why, Impossibility)
    assert why.seeds_needed is not None
    needed = dict(why.seeds_needed)
    assert needed[0.9] > 5
    said = why.findings[0].message
    assert f"{needed[0.9]} of 0.900 U" in said.text()
    assert f"0.900 U 的 {needed[0.9]} 粒" in said.text(Language.CHINESE)


def test_two_strengths_are_mixed_as_far_as_each_is_in_stock() -> None:
    case = posed(stock=(stock(6, s_k_u=0.9), stock(None, s_k_u=0.45)))
    outcome = case.optimised(rng=np.random.default_rng(1))
    plan = case.plan_of(outcome.chosen)
    strong = [seed for seed in plan.seeds if seed.strength.s_k_u == 0.9]
    assert 0 < len(strong) <= 6
    assert len(plan.seeds) > len(strong)
    assert broken_rules(case.problem, outcome.chosen) == ()


def test_a_margin_that_closes_every_way_is_widened_only_on_request_and_only_as_far_as_needed() -> None:
    rules = request().needles.rules
    wide = replace(
        rules, obstacles=(Obstacle(structure=rules.obstacles[0].structure, margin_mm=45.0), rules.obstacles[1])
    )
    closed = request(needles=replace(request().needles, rules=wide))
    with pytest.raises(OptimiseError, match="margin of"):
        propose_needles(closed)
    opened, findings = with_nearest_access(closed)
    margin = opened.needles.rules.obstacles[0].margin_mm
    assert 3.0 < margin < 45.0
    assert findings[0].message.code == "workflow.rules-widened"
    assert "cord" in findings[0].message.text()
    assert len(propose_needles(opened)[0]) > 0


def test_entry_from_another_side_is_the_way_out_before_any_margin_gives() -> None:
    wall = Obstacle(structure=drawn("wall", Ellipsoid((0.0, 15.0, 0.0), (75.0, 8.0, 70.0)), number=9), margin_mm=2.0)
    rules = request().needles.rules
    behind_a_wall = replace(rules, obstacles=(*rules.obstacles, wall))
    wish = replace(request().needles, rules=behind_a_wall, facing_lps=(0.0, 1.0, 0.0), within_deg=30.0)
    closed = request(needles=wish)
    with pytest.raises(OptimiseError, match="entry from the"):
        propose_needles(closed)
    opened, findings = with_nearest_access(closed)
    assert opened.needles.rules == wish.rules
    assert opened.needles.facing_lps in {SIDES["front"], SIDES["left"], SIDES["right"]}
    assert "entry from the" in findings[0].message.text()
    assert len(propose_needles(opened)[0]) > 0


def test_a_side_from_which_more_of_the_target_is_reached_is_told() -> None:
    screen = drawn("screen", Ellipsoid((-24.0, -52.0, 0.0), (24.0, 4.0, 60.0)), number=9)
    rules = request().needles.rules
    screened = replace(
        rules,
        obstacles=(*rules.obstacles, Obstacle(structure=screen, margin_mm=2.0)),
        most_skin_angle_deg=15.0,
    )
    wish = replace(request().needles, rules=screened, within_deg=12.0, spread_deg=None)
    way = find_way_in(request(needles=wish))
    told = more_from_elsewhere(way)
    assert told is not None
    assert told.data["percent"] > told.data["given"] + 5.0
    assert told.text().startswith("entry from the")
    assert more_from_elsewhere(find_way_in(request())) is None


def walled_in(*, may_be_drilled: bool) -> ImplantRequest:
    """Return a request for a mass inside a ball that is an obstacle."""
    wall = drawn("Bone 300 HU", Ellipsoid(MASS.centre_lps_mm, (20.0, 17.0, 18.0)), number=9)
    usual = request().needles
    obstacle = Obstacle(structure=wall, margin_mm=1.0, may_be_drilled=may_be_drilled)
    rules = replace(usual.rules, obstacles=(*usual.rules.obstacles, obstacle))
    return request(needles=replace(usual, rules=rules))


def test_bone_all_round_is_drilled_only_in_a_nearest_plan_that_says_so() -> None:
    with pytest.raises(OptimiseError, match="drilling through Bone 300 HU"):
        propose_needles(walled_in(may_be_drilled=True))
    opened, findings = with_nearest_access(walled_in(may_be_drilled=True))
    assert [each.name for each in opened.needles.rules.obstacles] == ["cord", "bar"]
    assert "drilling through Bone 300 HU" in findings[0].message.text()
    assert "钻孔穿过骨（300 HU）" in findings[0].message.text(Language.CHINESE)


def test_a_structure_all_round_is_never_crossed() -> None:
    with pytest.raises(OptimiseError, match="no needle reaches"):
        with_nearest_access(walled_in(may_be_drilled=False))


def test_no_stock_is_an_error_and_the_nearest_plan_says_what_to_order() -> None:
    empty = request(stock=(stock(0),))
    with pytest.raises(PlanError, match="no seed is left"):
        require_seeds(empty)
    filled, findings = with_seeds_to_order(empty)
    assert filled.stock[0].count is None
    assert findings[0].message.code == "workflow.planned-without-stock"
    assert with_seeds_to_order(request())[1] == ()


def test_a_plan_that_misses_goals_says_why_and_how_far_it_is_from_the_best() -> None:
    proposed = plan_implant(
        request(goals=(*GOALS[:3], goal("cord", "D0.1cc", "≤", 25, "Gy"))), rng=np.random.default_rng(1), bound=True
    )
    codes = [each.message.code for each in proposed.findings]
    assert "workflow.goals-conflict" in codes
    assert "workflow.goals-relaxed" in codes
    assert "workflow.best-bound" in codes

"""Changes by hand: the dose follows by differences, and what cannot be implanted is refused with its reason."""

import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planning_requests import request, stock
from trocar.dose.base import source_terms
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.plan.plan import ImplantPlan
from trocar.plan.template import template_towards
from trocar.workflow.edit_bench import Bench, OnBench, achievements_on, edit, histogram_on, open_bench, refusals
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.placed_seeds import seeds_or_reasons
from trocar.workflow.plan_edits import (
    AddNeedle,
    AddSeed,
    DropSeed,
    Edit,
    MoveSeed,
    RemoveNeedle,
    ShiftNeedle,
    SlideSeed,
    SlideSeeds,
    TurnNeedle,
    depth_of,
    needle_numbered,
    seeds_from_tip,
)
from trocar.workflow.way_in import propose_needles

SUMMED_IN_FLOAT32_GY = 2e-3
"""Doses of some hundred Gy are summed from float32 tables: one part in 10⁷ a seed."""
EACH_EDIT = 1e-6
"""Share of a point's dose that a change may cost it: close to a seed that is thousands of Gy in single precision."""
HAND_MOVES_MS = 50.0
"""What a person does not notice while dragging."""


@cache
def asked() -> ImplantRequest:
    return request()


@cache
def on_bench() -> tuple[Bench, OnBench]:
    needles, _, _ = propose_needles(asked())
    placed = seeds_or_reasons(asked(), needles, rng=np.random.default_rng(1), bound=False)
    return open_bench(asked(), placed.plan)


def emptied() -> tuple[Bench, OnBench]:
    """Return the bench with the second seed of every needle taken out, so that there is room."""
    bench, current = on_bench()
    for needle in current.plan.needles:
        if len(seeds_from_tip(current.plan, needle.number)) > 1:
            current = edit(bench, current, DropSeed(needle=needle.number, seed=2))
    return bench, current


def recomputed(bench: Bench, plan: ImplantPlan) -> np.ndarray:
    return dose_at_points(source_terms(plan), bench.points_lps_mm, formalism=Formalism.LINE_2D)


def test_a_proposed_plan_breaks_no_rule_of_the_bench() -> None:
    bench, current = on_bench()
    assert refusals(bench, current.plan) == ()


def first_allowed(bench: Bench, current: OnBench, change_of: Callable[[int, float], Edit]) -> OnBench:
    """Return a plan after a change of the first needle, and to the first side, that the rules allow."""
    for needle, side in itertools.product([each.number for each in current.plan.needles], (-1.0, 1.0)):
        with contextlib.suppress(PlanError):
            return edit(bench, current, change_of(needle, side))
    pytest.fail("no needle allows this change")


@pytest.mark.parametrize(
    "change_of",
    [
        lambda needle, side: DropSeed(needle=needle, seed=1),
        lambda needle, side: SlideSeed(needle=needle, seed=1, by_mm=0.5 * side),
        lambda needle, side: SlideSeeds(needle=needle, by_mm=0.4 * side),
        lambda needle, side: ShiftNeedle(needle=needle, by_lps_mm=np.array([0.3, 0.0, 0.2]) * side),
        lambda needle, side: RemoveNeedle(needle=needle),
    ],
)
def test_the_dose_after_a_change_is_that_of_the_new_plan_computed_afresh(
    change_of: Callable[[int, float], Edit],
) -> None:
    bench, current = emptied()
    after = first_allowed(bench, current, change_of)
    assert after.plan != current.plan
    assert np.abs(after.dose_gy - recomputed(bench, after.plan)).max() < SUMMED_IN_FLOAT32_GY


def test_a_hundred_changes_add_up_to_the_dose_of_the_last_plan() -> None:
    bench, current = emptied()
    for n in range(100):
        current = edit(bench, current, SlideSeed(needle=1, seed=1, by_mm=-0.5 if n % 2 == 0 else 0.5))
    afresh = recomputed(bench, current.plan)
    assert np.allclose(current.dose_gy, afresh, rtol=100 * EACH_EDIT, atol=SUMMED_IN_FLOAT32_GY)


def test_taking_a_seed_away_and_putting_it_back_gives_the_same_goals_and_histogram() -> None:
    bench, current = on_bench()
    needle = needle_numbered(current.plan, 1)
    depth = depth_of(seeds_from_tip(current.plan, 1)[0], needle)
    without = edit(bench, current, DropSeed(needle=1, seed=1))
    again = edit(bench, without, AddSeed(needle=1, depth_mm=depth, stock=1))
    values = [[each.value for each in achievements_on(bench, state)] for state in (current, without, again)]
    assert values[1][0] < values[0][0]
    assert values[2] == pytest.approx(values[0], rel=1e-4)
    assert histogram_on(bench, again, "mass") == pytest.approx(histogram_on(bench, current, "mass"), abs=1e-2)


def test_an_edit_is_done_while_the_hand_moves() -> None:
    bench, current = emptied()
    spent = []
    for n in range(6):
        start = time.process_time()
        current = edit(bench, current, SlideSeed(needle=1, seed=1, by_mm=-0.5 if n % 2 == 0 else 0.5))
        achievements_on(bench, current)
        spent.append(1e3 * (time.process_time() - start))
    assert min(spent) < HAND_MOVES_MS


def refused(bench: Bench, current: OnBench, change: Edit) -> str:
    with pytest.raises(PlanError) as caught:
        edit(bench, current, change)
    return str(caught.value)


def test_seeds_nearer_than_the_pitch_are_refused() -> None:
    bench, current = on_bench()
    depth = depth_of(seeds_from_tip(current.plan, 1)[0], needle_numbered(current.plan, 1))
    assert "apart where 5 mm" in refused(bench, current, AddSeed(needle=1, depth_mm=depth - 3.0, stock=1))


def test_seeds_outside_the_region_and_beyond_the_needle_are_refused() -> None:
    bench, current = on_bench()
    assert "outside the region" in refused(bench, current, AddSeed(needle=1, depth_mm=4.0, stock=1))
    assert "drops seeds from 0 to" in refused(bench, current, SlideSeed(needle=1, seed=1, by_mm=30.0))


def test_needles_too_near_an_obstacle_or_one_another_are_refused() -> None:
    bench, current = on_bench()
    needle = needle_numbered(current.plan, 1)
    to_cord = TurnNeedle(needle=1, tip_lps_mm=np.array([0.0, -14.0, 0.0]))
    assert "from cord where 3 mm" in refused(bench, current, to_cord)
    beside = AddNeedle(entry_lps_mm=needle.entry_lps_mm + np.array([1.0, 0.0, 0.0]), tip_lps_mm=needle.tip_lps_mm)
    assert "where 4 mm are asked for" in refused(bench, current, beside)


def test_a_seed_moved_onto_one_of_another_needle_is_refused() -> None:
    bench, current = on_bench()
    wide = replace(bench, request=replace(bench.request, needles=replace(bench.request.needles, spacing_mm=0.0)))
    first = seeds_from_tip(current.plan, 1)[0]
    entry = needle_numbered(current.plan, 2).entry_lps_mm
    way = first.position_lps_mm - entry
    across = edit(
        wide,
        current,
        AddNeedle(entry_lps_mm=entry, tip_lps_mm=first.position_lps_mm + 4.0 * way / np.linalg.norm(way)),
    )
    number = across.plan.needles[-1].number
    assert "would overlap" in refused(
        wide, across, AddSeed(needle=number, depth_mm=float(np.linalg.norm(way)), stock=1)
    )


def test_more_seeds_than_there_are_or_may_be_are_refused() -> None:
    bench, current = emptied()
    used = len(current.plan.seeds)
    kept = seeds_from_tip(on_bench()[1].plan, 1)[-1]
    again = AddSeed(needle=1, depth_mm=depth_of(kept, needle_numbered(current.plan, 1)), stock=1)
    few = replace(bench, request=replace(bench.request, stock=(stock(used),)))
    assert "are in stock" in refused(few, current, again)
    limited = replace(bench, request=replace(bench.request, seeding=replace(bench.request.seeding, most=used)))
    assert f"at most {used} are asked for" in refused(limited, current, again)


def test_a_needle_of_a_template_is_shifted_by_whole_holes_only() -> None:
    bench, current = on_bench()
    needle = needle_numbered(current.plan, 1)
    way = needle.direction_lps
    template = template_towards(
        way,
        centre_lps_mm=needle.entry_lps_mm - 20.0 * way,
        up_lps=np.array([0.0, 0.0, 1.0]),
        pitch_mm=5.0,
        columns=9,
        rows=9,
    )
    grid = replace(bench, request=replace(bench.request, needles=replace(bench.request.needles, template=template)))
    along = edit(grid, current, ShiftNeedle(needle=1, by_lps_mm=-0.2 * way))
    assert needle_numbered(along.plan, 1).label == "E5"
    across = np.asarray(template.lps_from_template[:3, 0])
    assert "beside hole" in refused(grid, current, ShiftNeedle(needle=1, by_lps_mm=2.0 * across))


def test_what_is_not_there_cannot_be_changed() -> None:
    bench, current = on_bench()
    assert "plan has needles 1, 2" in refused(bench, current, RemoveNeedle(needle=99))
    assert "counted from 1 at the tip" in refused(bench, current, DropSeed(needle=1, seed=40))
    assert "1 entries" in refused(bench, current, AddSeed(needle=1, depth_mm=50.0, stock=2))


def test_a_moved_seed_lies_at_the_depth_asked_for() -> None:
    bench, current = emptied()
    number = next(
        n.number for n in current.plan.needles if n.number != 1 and len(seeds_from_tip(current.plan, n.number))
    )
    seed = seeds_from_tip(on_bench()[1].plan, number)[-1]
    depth = depth_of(seed, needle_numbered(current.plan, number))
    held = [depth_of(each, needle_numbered(current.plan, number)) for each in seeds_from_tip(current.plan, number)]
    if any(abs(depth - each) < 5.0 for each in held):
        current = edit(bench, current, DropSeed(needle=number, seed=1 + int(np.argmin(np.abs(np.array(held) - depth)))))
    after = edit(bench, current, MoveSeed(needle=1, seed=1, to_needle=number, depth_mm=depth))
    assert depth_of(seeds_from_tip(after.plan, number)[-1], needle_numbered(after.plan, number)) == pytest.approx(depth)
    assert len(after.plan.seeds) == len(current.plan.seeds)

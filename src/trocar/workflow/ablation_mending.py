"""Simulate a plan in the patient's own tissue and add activations where tissue lives, until the margin is reached."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trocar.errors import HeatError, OptimiseError
from trocar.heat.base import MOST_SOURCES
from trocar.messages import Message
from trocar.plan.ablation import AblationPlan, Schedule
from trocar.plan.access import RiskAccount
from trocar.results.ablation_margin import side_words
from trocar.results.ablation_outcome import PlanningRound
from trocar.workflow.ablation_board import (
    RESERVE_MM,
    Begun,
    Board,
    further,
    nearest_vessel_to,
    plan_on,
    points_to_kill,
    ranked_rows,
)
from trocar.workflow.ablation_request import PlanCheck, Progress
from trocar.workflow.simulated_ablation import Simulated, SimulationWish, simulate_plan

LEAST_GAIN_MM = 0.5
"""A round that brings less is no better plan."""
SLACK_MM = 1.0
"""A simulated margin this much over the one asked for is worth a look for activations that can be left out."""
SINK_MM = 8.0
"""A vessel nearer than this to the thinnest place is named as what prevents the margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A plan with its simulation; ``short`` says what keeps it from the margin, None where that is reached."""

    plan: AblationPlan
    accounts: Mapping[int, RiskAccount]
    simulated: Simulated | None
    rounds: tuple[PlanningRound, ...]
    short: Message | None


def mended(board: Board, first: Begun, *, progress: Progress) -> Mended:
    """Return the plan after it was simulated and mended as often as its check allows."""
    check = board.request.check
    if check is None:
        raise AssertionError("only a plan that is checked can be mended")
    schedule, rows = first.schedule, first.rows
    rounds: list[PlanningRound] = []
    best: Mended | None = None
    while True:
        plan, accounts = plan_on(board, schedule, rows)
        if len(plan.activations) > MOST_SOURCES:
            best = best or Mended(plan=plan, accounts=accounts, simulated=None, rounds=(), short=None)
            return _ended(best, rounds, _too_many(plan))
        try:
            simulated = simulate_plan(plan, board.request.structures, _wish(board, check), progress=progress)
        except HeatError as problem:
            best = best or Mended(plan=plan, accounts=accounts, simulated=None, rounds=(), short=None)
            return _ended(best, rounds, problem.message)
        rounds.append(_round(plan, simulated))
        gain = np.inf if best is None else simulated.margin.least_mm - _least(best)
        if best is None or gain >= LEAST_GAIN_MM:
            best = Mended(plan=plan, accounts=accounts, simulated=simulated, rounds=(), short=None)
        if simulated.margin.least_mm >= board.request.target.margin_mm:
            fewest = _fewest(board, best, rounds, check=check, schedule=schedule, rows=rows, progress=progress)
            return _ended(fewest, rounds, None)
        if len(rounds) > check.rounds:
            return _ended(best, rounds, _used_up(check))
        stronger = _stronger(board, schedule)
        alive = _alive(board, simulated)
        more, refused = _further(board, schedule, rows, alive) if gain >= LEAST_GAIN_MM else ((), None)
        if more:
            rows = (*rows, *more)
        elif stronger is not None:
            schedule = stronger
        else:
            return _ended(best, rounds, _prevented(board, best.simulated or simulated, refused))


def _fewest(
    board: Board,
    best: Mended,
    rounds: list[PlanningRound],
    *,
    check: PlanCheck,
    schedule: Schedule,
    rows: tuple[int, ...],
    progress: Progress,
) -> Mended:
    """Return the plan with the fewest of its activations that still reach the margin, by halving.

    Zones that are laid out one by one leave out that each next one acts in tissue without blood, which may kill much
    more than asked. The activations that cover most stay longest.
    """
    wanted = board.request.target.margin_mm
    slack = -np.inf if best.simulated is None else best.simulated.margin.least_mm - wanted
    if slack < SLACK_MM or check.rounds == 0:
        return best
    ranked = ranked_rows(board, schedule, rows)
    low, high = 1, len(ranked)
    while low < high:
        some = (low + high) // 2
        plan, accounts = plan_on(board, schedule, ranked[:some])
        simulated = simulate_plan(plan, board.request.structures, _wish(board, check), progress=progress)
        rounds.append(_round(plan, simulated))
        if simulated.margin.least_mm >= wanted:
            high = some
            best = Mended(plan=plan, accounts=accounts, simulated=simulated, rounds=(), short=None)
        else:
            low = some + 1
    return best


def _further(
    board: Board, schedule: Schedule, rows: tuple[int, ...], alive: np.ndarray
) -> tuple[tuple[int, ...], Message | None]:
    if not len(alive):
        return (), None
    try:
        return further(board, schedule, rows, alive), None
    except OptimiseError as problem:
        return (), problem.message


def _least(made: Mended) -> float:
    return -np.inf if made.simulated is None else made.simulated.margin.least_mm


def _ended(best: Mended, rounds: list[PlanningRound], short: Message | None) -> Mended:
    return Mended(plan=best.plan, accounts=best.accounts, simulated=best.simulated, rounds=tuple(rounds), short=short)


def _wish(board: Board, check: PlanCheck) -> SimulationWish:
    return SimulationWish(
        organ_kind=board.request.organ_kind,
        vessels=board.request.vessels,
        death_model=check.death_model,
        spacing_mm=check.spacing_mm,
        pack=board.request.pack,
        antenna=check.antenna,
    )


def _round(plan: AblationPlan, simulated: Simulated) -> PlanningRound:
    schedule = plan.activations[0].schedule
    return PlanningRound(
        power_w=schedule.steps[0].power_w,
        duration_s=schedule.duration_s,
        insertions=len(plan.applicators),
        activations=len(plan.activations),
        least_mm=simulated.margin.least_mm,
        zone_ml=simulated.outcome.zone.volume_cc,
        side=simulated.margin.worst_side,
    )


def _alive(board: Board, simulated: Simulated) -> np.ndarray:
    """Return the points of tumour and margin that lived; farther out if none did and no vessel is the reason."""
    score = simulated.outcome.zone.score
    alive = board.points[score.sample(board.points, outside=-1.0) < 0]
    short = board.request.target.margin_mm - simulated.margin.least_mm
    _, gap = nearest_vessel_to(board, np.asarray(simulated.margin.worst_lps_mm))
    if len(alive) or short <= 0 or gap <= SINK_MM:
        return alive
    wider = points_to_kill(board.request, margin_mm=board.request.target.margin_mm + RESERVE_MM + short)
    return np.asarray(wider[score.sample(wider, outside=-1.0) < 0])


def _stronger(board: Board, schedule: Schedule) -> Schedule | None:
    place = board.schedules.index(schedule)
    return board.schedules[place + 1] if place + 1 < len(board.schedules) else None


def _too_many(plan: AblationPlan) -> Message:
    return Message(
        code="ablation.short-activations",
        template="{n} activations would be needed, at most {most} can be simulated together: allow a stronger setting, "
        "another applicator or a smaller margin, or leave part of it to seeds",
        data={"n": len(plan.activations), "most": MOST_SOURCES},
    )


def _used_up(check: PlanCheck) -> Message:
    return Message(
        code="ablation.short-rounds",
        template="all {rounds} rounds of adding activations are used up; allow more, or a stronger setting",
        data={"rounds": check.rounds},
    )


def _prevented(board: Board, simulated: Simulated, refused: Message | None) -> Message:
    if refused is not None and refused.code == "optimise.too-many-insertions":
        return refused
    margin = simulated.margin
    name, gap = nearest_vessel_to(board, np.asarray(margin.worst_lps_mm))
    if name and gap <= SINK_MM:
        return Message(
            code="ablation.short-vessel",
            template="the thinnest place ({side}) lies {gap:.0f} mm from {name}, whose blood cools it, and no "
            "allowed setting is strong enough there: allow more power or time, go nearer, or leave this side to seeds",
            data={"side": side_words(margin.worst_side), "gap": gap, "name": name},
        )
    return Message(
        code="ablation.short-unreached",
        template="no allowed placement reaches what lives at the {side}: allow another way in, a smaller clearance or "
        "a stronger setting",
        data={"side": side_words(margin.worst_side)},
    )

"""Many plans at once, none better than another in everything: coverage against organs at risk against needles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int32

from trocar.errors import PlanError
from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.optimise.annealing import SAMPLE, Annealer, Stage
from trocar.optimise.base import Outcome, Problem
from trocar.optimise.metrics import achievements
from trocar.optimise.objectives import Preferences
from trocar.optimise.scenarios import objective_of_scenarios, scenario_name
from trocar.plan.access import RiskAccount
from trocar.plan.goals import Achievement, Comparison, Goal, Priority, Unit
from trocar.workflow.implant_request import ImplantRequest, require_together
from trocar.workflow.posing import Posed, pose_for_errors
from trocar.workflow.way_in import propose_needles

NEEDLE_COSTS = tuple(float(cost) for cost in np.geomspace(0.02, 0.8, 8))
COVERAGES = (-0.8, 0.0, 0.4, 0.7)
"""Of what is left to full coverage, how much more than the goal is asked for; below 0 less."""
ORGAN_SHARES = (1.0, 0.85, 0.7)
"""How much of each organ limit is asked for."""

FIRST_STEPS, NEXT_STEPS = 24_000, 9_000
"""Steps of the first plan of a chain and of each that starts from the one before, and points a structure."""

COVERAGE_STEP, LOAD_STEP = 0.1, 0.5
"""Percent; smaller differences are none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParetoPlan(Value):
    """One plan to choose.

    Parameters
    ----------
    number
        From 1, by needles and then coverage.
    chosen
        Candidates that hold a seed.
    coverage_percent
        V100 of the target; the mean over the plan and the scenarios it was made for.
    load_percent
        Largest share of any upper limit that is used: of organs, or of the target where no goal limits an organ; the
        mean likewise.
    needles, seeds
        How many.
    achievements
        Goals of the plan as planned, read at the points of the search.
    """

    number: int
    chosen: Int32[np.ndarray, " seeds"]
    coverage_percent: float
    load_percent: float
    needles: int
    seeds: int
    achievements: tuple[Achievement, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "chosen", frozen_array(self.chosen, np.int32))

    @property
    def is_acceptable(self) -> bool:
        """Whether all goals that must be met are."""
        return all(each.is_met for each in self.achievements if each.goal.priority is Priority.MUST)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoFront:
    """Plans that no other found plan beats in coverage, organ load and needles together.

    Parameters
    ----------
    posed
        The problem, and the way back to plans.
    plans
        By needles, then by coverage.
    tried
        Plans made.
    accounts
        Of all needles to choose from, by number.
    covered
        Share of the target within reach of these needles.
    """

    posed: Posed
    plans: tuple[ParetoPlan, ...]
    tried: int
    accounts: Mapping[int, RiskAccount]
    covered: float

    def numbered(self, number: int) -> ParetoPlan:
        """Return a plan by its number.

        Raises
        ------
        PlanError
            There is none.
        """
        if not 1 <= number <= len(self.plans):
            raise PlanError(
                "workflow.pareto-number-unknown",
                "plan {number} was chosen, but the set holds plans 1 to {last}",
                number=number,
                last=len(self.plans),
            )
        return self.plans[number - 1]


def pareto_front(
    request: ImplantRequest,
    *,
    rng: np.random.Generator,
    progress: Callable[[Message, float], None] | None = None,
) -> ParetoFront:
    """Return plans to choose from for a request.

    Raises
    ------
    PlanError
        What is given does not belong together.
    OptimiseError
        No way in, or no place for a seed.
    """
    require_together(request)
    told = progress or (lambda stage, share: None)
    way_in = Message(code="workflow.stage-way-in", template="Finding the way in")
    stage = Message(code="workflow.stage-pareto", template="Making plans to choose from")
    told(way_in, 0.0)
    needles, accounts, covered = propose_needles(request)
    told(way_in, 1.0)
    posed = pose_for_errors(request, needles, rng=rng)
    plans, tried = sweep(
        posed.problem,
        posed.goals,
        target=request.target,
        rng=rng,
        scenarios=posed.scenarios,
        progress=lambda share: told(stage, share),
    )
    return ParetoFront(posed=posed, plans=plans, tried=tried, accounts=accounts, covered=covered)


def sweep(
    problem: Problem,
    goals: Sequence[Goal],
    *,
    target: str,
    rng: np.random.Generator,
    scenarios: int = 0,
    progress: Callable[[float], None] | None = None,
) -> tuple[tuple[ParetoPlan, ...], int]:
    """Return the plans that none other beats, and how many were made.

    Parameters
    ----------
    problem
        Places by points.
    goals
        On structures of the problem.
    target
        Whose coverage counts.
    rng
        Of the searches.
    scenarios
        How often the problem repeats its structures for errors of the needles.
    progress
        Called with the share of plans made.

    Notes
    -----
    Each chain keeps what is asked of coverage and organs and raises the price of a needle, every plan starting from the
    one before; so a plan costs a fraction of a search from nothing.
    """
    made: list[ParetoPlan] = []
    for outcome in _chains(problem, goals, target, rng, scenarios):
        made.append(_read(problem, goals, target, outcome, scenarios))
        if progress is not None:
            progress(len(made) / (len(NEEDLE_COSTS) * len(COVERAGES) * len(ORGAN_SHARES)))
    kept = [made[row] for row in np.flatnonzero(_undominated(made))]
    kept.sort(key=lambda each: (each.needles, -each.coverage_percent, each.load_percent))
    return tuple(replace(each, number=n) for n, each in enumerate(kept, start=1)), len(made)


def _chains(
    problem: Problem, goals: Sequence[Goal], target: str, rng: np.random.Generator, scenarios: int
) -> Iterator[Outcome]:
    first = Annealer(stages=(_stage(FIRST_STEPS, hot=1.0), _finish(FIRST_STEPS)))
    following = Annealer(stages=(_stage(NEXT_STEPS, hot=0.15), _finish(NEXT_STEPS)))
    usual = Preferences.balanced()
    for coverage in COVERAGES:
        for organ in ORGAN_SHARES:
            asked = [_asked(goal, target, coverage, organ) for goal in goals]
            found: Outcome | None = None
            for needle in NEEDLE_COSTS:
                preferences = replace(usual, needle=needle)
                objective = objective_of_scenarios(
                    problem, asked, target=target, preferences=preferences, count=scenarios + 1
                )
                solver, start = (first, None) if found is None else (following, found.chosen)
                found = solver.optimise(problem, objective, rng=rng, start=start)
                yield found


def _stage(steps: int, *, hot: float) -> Stage:
    return Stage(steps=steps, hot=hot, cold=0.003, points_per_structure=SAMPLE)


def _finish(steps: int) -> Stage:
    return Stage(steps=steps // 8, hot=0.02, cold=0.001, points_per_structure=None)


def _asked(goal: Goal, target: str, coverage: float, organ: float) -> Goal:
    """Return a goal with more or less asked for."""
    if goal.structure == target and goal.comparison is Comparison.AT_LEAST:
        if goal.metric.is_dose or goal.limit_unit is Unit.CC:
            return replace(goal, limit=goal.limit * (1.0 + 0.08 * coverage))
        return replace(goal, limit=goal.limit + coverage * (100.0 - goal.limit))
    if goal.structure != target and goal.comparison is Comparison.AT_MOST:
        return replace(goal, limit=goal.limit * organ)
    return goal


def _read(problem: Problem, goals: Sequence[Goal], target: str, outcome: Outcome, scenarios: int) -> ParetoPlan:
    dose = problem.dose_of(outcome.chosen)
    coverage, loads = [], []
    for number in range(scenarios + 1):
        own = [goal.bound_to(scenario_name(goal.structure, number)) for goal in goals]
        points = problem.structure(scenario_name(target, number))
        coverage.append(float((dose[points.start : points.stop] >= np.float32(problem.prescription_gy)).mean()))
        loads.append(_load(achievements(problem, dose, own), scenario_name(target, number)))
    reached = achievements(problem, dose, goals)
    return ParetoPlan(
        number=0,
        chosen=outcome.chosen,
        coverage_percent=100.0 * float(np.mean(coverage)),
        load_percent=float(np.mean(loads)),
        needles=needles_used(problem, outcome.chosen),
        seeds=len(outcome.chosen),
        achievements=reached,
    )


def needles_used(problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> int:
    """Return how many needles a choice of candidates uses."""
    return len(np.unique(problem.needle[chosen]))


def _load(reached: tuple[Achievement, ...], target: str) -> float:
    upper = [each for each in reached if each.goal.comparison is Comparison.AT_MOST and each.goal.limit > 0]
    organs = [each for each in upper if each.goal.structure != target] or upper
    return max((100.0 * each.value / each.goal.limit for each in organs), default=0.0)


def _undominated(plans: list[ParetoPlan]) -> Bool[np.ndarray, " plans"]:
    """Say which plans no other is at least as good as in everything and better in something; of equals the first."""
    table: Float[np.ndarray, "plans 3"] = np.array(
        [
            (
                -round(each.coverage_percent / COVERAGE_STEP) * COVERAGE_STEP,
                round(each.load_percent / LOAD_STEP) * LOAD_STEP,
                each.needles,
            )
            for each in plans
        ]
    ).reshape(-1, 3)
    no_worse = (table[:, None] <= table[None]).all(axis=2)
    equal = (table[:, None] == table[None]).all(axis=2)
    earlier = np.arange(len(plans))[:, None] < np.arange(len(plans))[None]
    return np.asarray(~(no_worse & (~equal | earlier)).any(axis=0))

"""A request in given needles posed as a search problem, and the way back from a choice of places to a plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int32

from trocar.geometry.region import Region
from trocar.optimise.annealing import ROUNDS, Annealer, Stage
from trocar.optimise.base import Outcome, Problem
from trocar.optimise.candidates import Candidates
from trocar.optimise.metrics import achievements, readable_goals
from trocar.optimise.objectives import Objective, Preferences
from trocar.optimise.scenarios import objective_of_scenarios
from trocar.plan.goals import Achievement, Goal, Priority
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.workflow.histograms import region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, ImplantRequest
from trocar.workflow.seed_placing import implant_problem, plan_of_choice, scenario_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """A request in given needles as a search problem.

    Parameters
    ----------
    request
        What was asked.
    needles
        To choose from, or in place.
    candidates
        Places for seeds.
    problem
        Places by points; of every scenario, where the plan is made for several.
    scenarios
        For how many errors of the needles the plan is made, beside itself.
    in_place
        Whether the needles lie in the patient already.
    """

    request: ImplantRequest
    needles: tuple[Needle, ...]
    candidates: Candidates
    problem: Problem
    scenarios: int
    in_place: bool

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Goals on structures near the target: the others need no steering."""
        return readable_goals(self.request.goals, self.problem.structures)

    def objective(self, goals: Sequence[Goal] | None = None, preferences: Preferences | None = None) -> Objective:
        """Return the objective that asks for goals: those of the request and balanced preferences unless told."""
        return objective_of_scenarios(
            self.problem,
            self.goals if goals is None else goals,
            target=self.request.target,
            preferences=preferences or Preferences.balanced(),
            count=self.scenarios + 1,
        )

    def optimised(self, goals: Sequence[Goal] | None = None, *, rng: np.random.Generator) -> Outcome:
        """Return the best choice that the request's effort finds, for its goals unless others are told."""
        solver = Annealer.for_problem(self.problem, steps=self.request.effort)
        return solver.optimise(self.problem, self.objective(goals), rng=rng)

    def improved(
        self,
        chosen: Int32[np.ndarray, " seeds"],
        *,
        keeping: Callable[[Int32[np.ndarray, " seeds"]], bool],
        rng: np.random.Generator,
    ) -> Outcome:
        """Return a cheaper choice found from a given one that is still as it shall be; the given one where none is."""
        steps = self.request.effort // ROUNDS
        rounds = Stage(steps=steps, hot=0.2, cold=0.003, points_per_structure=None, rounds=ROUNDS)
        objective = self.objective()
        found = Annealer(stages=(rounds,)).optimise(self.problem, objective, rng=rng, start=chosen)
        if keeping(found.chosen):
            return found
        return replace(found, chosen=chosen, cost=objective.cost(self.problem, chosen))

    def must_met(self, chosen: Int32[np.ndarray, " seeds"]) -> bool:
        """Return whether a choice meets every goal that must be met."""
        return all(each.is_met for each in self.reached(chosen) if each.goal.priority is Priority.MUST)

    def reached(self, chosen: Int32[np.ndarray, " seeds"]) -> tuple[Achievement, ...]:
        """Return how far a choice gets with each goal on the points of the search."""
        return achievements(self.problem, self.problem.dose_of(chosen), self.goals)

    def plan_of(self, chosen: Int32[np.ndarray, " seeds"]) -> ImplantPlan:
        """Return the plan that a choice of candidates stands for; see `plan_of_choice`."""
        return plan_of_choice(self.request, self.needles, self.candidates, chosen, in_place=self.in_place)


def target_region(request: ImplantRequest) -> Region:
    """Return the solid of the target."""
    return region_of(request.structures.named(request.target), end_cap=NEEDLE_PICTURE)


def pose(request: ImplantRequest, needles: Sequence[Needle], *, in_place: bool = False) -> Posed:
    """Return the search problem of a request, as if every seed went where it is planned.

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    problem, candidates = implant_problem(request, needles, target_region(request), in_place=in_place)
    return Posed(
        request=request,
        needles=tuple(needles),
        candidates=candidates,
        problem=problem,
        scenarios=0,
        in_place=in_place,
    )


def pose_for_errors(
    request: ImplantRequest, needles: Sequence[Needle], *, rng: np.random.Generator, in_place: bool = False
) -> Posed:
    """Return the search problem of a request for the plan and the scenarios of needle errors that it asks for.

    Raises
    ------
    OptimiseError
        No place for a seed in these needles.
    """
    problem, candidates, scenarios = scenario_problem(
        request, needles, target_region(request), rng=rng, in_place=in_place
    )
    return Posed(
        request=request,
        needles=tuple(needles),
        candidates=candidates,
        problem=problem,
        scenarios=scenarios,
        in_place=in_place,
    )

"""How far a plan is from the best possible: its cost beside a proven bound, or the statement that none is known."""

from dataclasses import dataclass, replace

from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.optimise.base import Outcome
from trocar.optimise.bounds import lagrangian_bound
from trocar.results.findings import Finding, Severity
from trocar.workflow.posing import Posed

BOUND_STEPS = 25
"""Ascent steps in each stage of cooling the prices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BestPossible(Value):
    """What a plan costs and what any plan in these needles must cost.

    Parameters
    ----------
    cost
        Of the plan, at the points of the search.
    bound
        No plan in the needles to choose from costs less; None where it was not computed.
    scenarios
        Of needle errors, over which, with the plan itself, both are means.
    """

    cost: float
    bound: float | None
    scenarios: int = 0

    @property
    def gap_percent(self) -> float | None:
        """The most that could still be gained, as a share of the cost; None where no bound is known."""
        if self.bound is None:
            return None
        return 100.0 * max(0.0, self.cost - self.bound) / max(abs(self.cost), 1e-12)

    @property
    def finding(self) -> Finding:
        """The same as a sentence for the report."""
        if self.bound is None or self.gap_percent is None:
            return Finding(
                severity=Severity.NOTE,
                message=Message(
                    code="workflow.best-unknown",
                    template="how far this plan is from the best possible is not known: no bound was computed",
                ),
            )
        data = {"cost": self.cost, "bound": self.bound, "gap": self.gap_percent}
        if self.scenarios:
            return Finding(
                severity=Severity.NOTE,
                message=Message(
                    code="workflow.best-bound-scenarios",
                    template="over the plan and {scenarios} scenarios of needle errors the mean penalty is {cost:.2f}, "
                    "and no plan in these needles has less than {bound:.2f} (Lagrangian bound): at most {gap:.0f} % of "
                    "it could still be gained",
                    data=data | {"scenarios": self.scenarios},
                ),
            )
        return Finding(
            severity=Severity.NOTE,
            message=Message(
                code="workflow.best-bound",
                template="the plan's penalty is {cost:.2f} and no plan in these needles has less than {bound:.2f} "
                "(Lagrangian bound): at most {gap:.0f} % of it could still be gained",
                data=data,
            ),
        )


def distance_from_best(posed: Posed, outcome: Outcome, *, steps: int = BOUND_STEPS) -> BestPossible:
    """Return the distance of a found plan from a proven bound, `docs/theory/inverse_planning.md`, eqs. (P15)-(P21)."""
    objective = posed.objective()
    known = replace(outcome, cost=objective.cost(posed.problem, outcome.chosen))
    found = lagrangian_bound(posed.problem, objective, known=known, steps=steps)
    return BestPossible(cost=known.cost, bound=found.value, scenarios=posed.scenarios)

"""A set of plans: none beats another, all can be implanted, and the numbers are those of the plans."""

import numpy as np
import pytest

from planning_requests import request
from trocar.catalogue.placement import load_placement
from trocar.cli.plan_front import shown_front
from trocar.errors import PlanError
from trocar.evaluate.scenarios import Mishaps
from trocar.messages import Language
from trocar.optimise.feasibility import broken_rules
from trocar.optimise.scenarios import scenario_name
from trocar.report.pareto import ShownFront, ShownPoint, pareto_picture
from trocar.report.pictures import Paper
from trocar.workflow import pareto
from trocar.workflow.implant_request import RobustnessWish
from trocar.workflow.pareto import ParetoFront, pareto_front


@pytest.fixture(scope="module")
def front() -> ParetoFront:
    patch = pytest.MonkeyPatch()
    patch.setattr(pareto, "NEEDLE_COSTS", (0.03, 0.15, 0.6))
    patch.setattr(pareto, "ORGAN_SHARES", (1.0, 0.6))
    patch.setattr(pareto, "COVERAGES", (0.0, 0.6))
    patch.setattr(pareto, "FIRST_STEPS", 6000)
    patch.setattr(pareto, "NEXT_STEPS", 3000)
    with patch.context():
        found = pareto_front(request(), rng=np.random.default_rng(1))
    patch.undo()
    return found


def test_no_plan_beats_another_in_everything(front: ParetoFront) -> None:
    assert front.tried == 12
    assert len(front.plans) >= 3
    for one in front.plans:
        for other in front.plans:
            better = (
                one.coverage_percent > other.coverage_percent + 0.1
                and one.load_percent < other.load_percent - 0.5
                and one.needles <= other.needles
            )
            assert not better


def test_every_plan_can_be_implanted_and_is_what_it_says(front: ParetoFront) -> None:
    problem = front.posed.problem
    target = problem.structure("mass")
    for n, each in enumerate(front.plans, start=1):
        assert each.number == n
        assert broken_rules(problem, each.chosen) == ()
        plan = front.posed.plan_of(each.chosen)
        assert (len(plan.needles), len(plan.seeds)) == (each.needles, each.seeds)
        dose = problem.dose_of(each.chosen)[target.start : target.stop]
        assert 100.0 * (dose >= np.float32(100.0)).mean() == pytest.approx(each.coverage_percent)
    assert len({each.needles for each in front.plans}) > 1


def test_a_set_made_for_errors_shows_the_mean_over_the_scenarios() -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(pareto, "NEEDLE_COSTS", (0.1,))
    patch.setattr(pareto, "ORGAN_SHARES", (1.0,))
    patch.setattr(pareto, "COVERAGES", (0.0,))
    patch.setattr(pareto, "FIRST_STEPS", 4000)
    errors = Mishaps(needles=load_placement("thorax_3d_template"))
    wish = RobustnessWish(mishaps=errors, versions=20, planned_for=3)
    with patch.context():
        front = pareto_front(request(robustness=wish), rng=np.random.default_rng(1))
    patch.undo()
    assert front.posed.scenarios == 3
    (plan,) = front.plans
    problem = front.posed.problem
    dose = problem.dose_of(plan.chosen)
    each = [problem.structure(scenario_name("mass", n)) for n in range(4)]
    covered = [100.0 * float((dose[points.start : points.stop] >= np.float32(100.0)).mean()) for points in each]
    assert plan.coverage_percent == pytest.approx(np.mean(covered))
    assert np.ptp(covered) > 0.5
    shown = shown_front(front)
    assert shown.scenarios == 3
    assert "3 scenarios" in pareto_picture(shown, paper=Paper(language=Language.ENGLISH)).decode()


def test_a_number_that_is_not_in_the_set_is_refused(front: ParetoFront) -> None:
    assert front.numbered(1) is front.plans[0]
    with pytest.raises(PlanError, match=f"plans 1 to {len(front.plans)}"):
        front.numbered(len(front.plans) + 1)


@pytest.mark.parametrize("language", list(Language))
def test_the_picture_numbers_every_plan(language: Language) -> None:
    points = tuple(
        ShownPoint(number=n, coverage_percent=90 + n, load_percent=70 + 5 * n, needles=4 + n, acceptable=n > 1)
        for n in range(1, 5)
    )
    picture = pareto_picture(ShownFront(target="CTV", points=points), paper=Paper(language=language)).decode()
    assert picture.count("<svg") == 1
    one = ShownFront(target="CTV", points=points[:1])
    assert len(pareto_picture(one, paper=Paper(language=language))) < len(picture)

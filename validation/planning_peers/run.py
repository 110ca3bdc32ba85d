"""Print what the README quotes: python validation/planning_peers/run.py [case ...]."""

import sys
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(Path(__file__).parent)]

from cases import REAL, SCENE_NAMES, Case, scene_case  # noqa: E402

from trocar.optimise.annealing import Annealer  # noqa: E402
from trocar.optimise.base import Optimiser, Outcome  # noqa: E402
from trocar.optimise.greedy import Greedy  # noqa: E402
from trocar.optimise.metrics import achievements, metric_value  # noqa: E402
from trocar.optimise.objectives import Preferences, build_objective  # noqa: E402
from trocar.optimise.plain import PlainAnnealer  # noqa: E402
from trocar.plan.goals import Comparison, Metric  # noqa: E402

STEPS, PLAIN_STEPS = 200_000, 5_000
"""What each may try; the plain annealer sums every dose anew."""

HEAD = (
    "| case | solver | cost | goals met | D90 (%) | V100 (%) | V150 (%) | V200 (%) | CI | most used organ limit (%) "
    "| needles | seeds | CPU-s |"
)


def solvers(case: Case) -> dict[str, Optimiser]:
    """Return who is compared, on one matrix and one objective."""
    return {
        "Trocar": Annealer.for_problem(case.problem, steps=STEPS),
        "simple annealer": PlainAnnealer(steps=PLAIN_STEPS, hot=0.5, cold=0.005),
        "greedy": Greedy(),
    }


def solve(case: Case, solver: Optimiser) -> tuple[Outcome, float]:
    """Return what a solver finds and its CPU time, compiled code warmed up before."""
    objective = build_objective(case.problem, case.goals, target=case.target, preferences=Preferences.balanced())
    start = time.process_time()
    outcome = solver.optimise(case.problem, objective, rng=np.random.default_rng(1))
    return outcome, time.process_time() - start


def row(name: str, solver: str, case: Case, outcome: Outcome, spent: float) -> str:
    """Return one line of the table; CI is counted at the points, hence against the sampled organs only."""
    problem = case.problem
    dose = problem.dose_of(outcome.chosen)
    points = problem.structure(case.target)
    own = dose[points.start : points.stop]
    reached = achievements(problem, dose, case.goals)
    d90 = metric_value(points, own, Metric.parse("D90"), problem.prescription_gy)
    upper = [
        100 * each.value / each.goal.limit
        for each in reached
        if each.goal.comparison is Comparison.AT_MOST and each.goal.structure != case.target
    ]
    volumes = [100 * float((own >= share * problem.prescription_gy).mean()) for share in (1.0, 1.5, 2.0)]
    return (
        f"| {name} | {solver} | {outcome.cost:.2f} | {sum(each.is_met for each in reached)} of {len(reached)} "
        f"| {100 * d90 / problem.prescription_gy:.0f} | {volumes[0]:.1f} | {volumes[1]:.0f} | {volumes[2]:.0f} "
        f"| {conformity(case, outcome):.2f} | {f'{max(upper):.0f}' if upper else '-'} "
        f"| {len(np.unique(problem.needle[outcome.chosen]))} | {len(outcome.chosen)} | {spent:.2f} |"
    )


def conformity(case: Case, outcome: Outcome) -> float:
    """Return V_T,ref² / (V_T V_ref), V_ref counted on a lattice about the target by the exact dose of the plan."""
    from trocar.catalogue.sources import load_source
    from trocar.dose.base import Formalism, SourceTerm
    from trocar.dose.points import dose_at_points

    problem = case.problem
    points = problem.structure(case.target)
    inside = problem.points_lps_mm[points.start : points.stop]
    ways = np.array([needle.direction_lps for needle in case.needles])
    used = {n: k for k, n in enumerate(np.unique(problem.needle))} if case.request is None else None
    source = load_source("I125_6711")
    needle = problem.needle[outcome.chosen]
    axes = _axes(case, ways, needle, used)
    weight = np.full(len(needle), 0.6 * source.nuclide.mean_life_h)
    term = SourceTerm(
        source=source, positions_lps_mm=problem.positions_lps_mm[outcome.chosen], axes_lps=axes, weight_u_h=weight
    )
    low, high = inside.min(axis=0) - 15.0, inside.max(axis=0) + 15.0
    lattice = np.stack(np.meshgrid(*(np.arange(a, b, 1.5) for a, b in zip(low, high, strict=True)), indexing="ij"), -1)
    dose = dose_at_points([term], lattice.reshape(-1, 3), formalism=Formalism.LINE_2D)
    v_ref = float((dose >= problem.prescription_gy).sum()) * 1.5**3 * 1e-3
    own = problem.dose_of(outcome.chosen)[points.start : points.stop]
    v_t_ref = float((own >= problem.prescription_gy).mean()) * points.volume_cc
    return v_t_ref**2 / (points.volume_cc * v_ref) if v_ref > 0 else 0.0


def _axes(case: Case, ways: np.ndarray, needle: np.ndarray, used: dict[int, int] | None) -> np.ndarray:
    """Return the axis of each seed; scenes number only needles that hold a place, so that places tell the axis."""
    if used is None:
        return ways[needle]
    problem = case.problem
    axes = []
    for n in needle:
        places = problem.positions_lps_mm[problem.needle == n]
        away = places[-1] - places[0]
        length = np.linalg.norm(away)
        axes.append(away / length if length > 0 else ways[0])
    return np.array(axes).reshape(-1, 3)


def main() -> None:
    """Print the table."""
    data = REPOSITORY.parent / "shared" / "data"
    wanted = sys.argv[1:] or [*SCENE_NAMES, *REAL]
    print(HEAD)
    print("|---|---|" + "---:|" * 11)
    for name in wanted:
        case = scene_case(name) if name in SCENE_NAMES else REAL[name](data)
        for label, solver in solvers(case).items():
            if label == "Trocar" and name == wanted[0]:
                solve(case, Annealer.for_problem(case.problem, steps=1000))
            outcome, spent = solve(case, solver)
            print(row(name, label, case, outcome, spent), flush=True)


if __name__ == "__main__":
    main()

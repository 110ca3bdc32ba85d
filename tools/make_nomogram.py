"""Plan a series of ellipsoids and write how many seeds each took: the table behind ``trocar order``.

Run ``python tools/make_nomogram.py`` from the repository root (half a minute). All is planned by the library as a
patient would be: a 5 mm template, seeds inside the target, the coverage below, and the fewest seeds that give it.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.dose.influence import influence_matrix
from trocar.optimise.annealing import Annealer
from trocar.optimise.base import Problem
from trocar.optimise.candidates import candidates_in_needles, crossing_needles, touching_pairs
from trocar.optimise.metrics import metric_value
from trocar.optimise.objectives import Preferences, build_objective
from trocar.optimise.points import join_structures, sample_structure
from trocar.plan.goals import Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.plan.needles import Needle

OUT = Path(__file__).parents[1] / "src" / "trocar" / "catalogue" / "nomograms"
DOSE_GY = 145.0
VOLUMES_CC = (2.0, 4.0, 8.0, 15.0, 25.0, 40.0, 60.0, 90.0)
STRENGTHS_U = (0.30, 0.45, 0.65, 0.95)
SHAPE = np.array([1.0, 0.85, 1.15])
"""Relative semi-axes: across, front to back, along the needles."""
COVERED_PERCENT = 95.0
PITCH_MM, STEP_MM, SEED_LENGTH_MM, SEED_DIAMETER_MM, TEMPLATE_MM = 5.0, 2.0, 4.5, 0.8, 5.0
POINTS, CHANGES = 3000, 60_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="I125_6711")
    key = parser.parse_args().source
    OUT.mkdir(exist_ok=True)
    with (OUT / f"{key}.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(
            f"# Seeds that ellipsoids took when planned by tools/make_nomogram.py: prescription {DOSE_GY:g} Gy, "
            f"V100 >= {COVERED_PERCENT:g} %, {TEMPLATE_MM:g} mm template.\n"
            "# volume_cc: of the target; s_k_u: of one seed on the implant day; d90_gy, v100_percent: of the plan.\n"
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["volume_cc", "s_k_u", "dose_gy", "seeds", "needles", "d90_gy", "v100_percent"])
        for volume in VOLUMES_CC:
            for strength in STRENGTHS_U:
                row = planned(key, volume, strength)
                writer.writerow(row)
                file.flush()
                print(*row, flush=True)


def planned(key: str, volume_cc: float, s_k_u: float) -> tuple[object, ...]:
    """Return one row of the table."""
    semi = SHAPE * np.cbrt(volume_cc * 1e3 / (4.0 / 3.0 * np.pi * SHAPE.prod()))
    problem = ellipsoid_problem(key, semi, s_k_u)
    goals = (_goal("V100", Comparison.AT_LEAST, COVERED_PERCENT), _goal("V200", Comparison.AT_MOST, 35.0))
    thrifty = Preferences(underdose=60.0, overdose=1.0, organ_excess=0.0, must=40.0, wish=1.0, needle=0.05, seed=0.05)
    objective = build_objective(problem, goals, target="target", preferences=thrifty)
    outcome = Annealer.with_effort(CHANGES).optimise(problem, objective, rng=np.random.default_rng(1))
    dose = problem.dose_of(outcome.chosen)
    target = problem.structure("target")
    d90 = metric_value(target, dose, Metric.parse("D90"), DOSE_GY)
    v100 = 100.0 * metric_value(target, dose, Metric.parse("V100"), DOSE_GY) / target.volume_cc
    needles = len(np.unique(problem.needle[outcome.chosen]))
    return f"{volume_cc:g}", f"{s_k_u:g}", f"{DOSE_GY:g}", len(outcome.chosen), needles, f"{d90:.1f}", f"{v100:.1f}"


def ellipsoid_problem(key: str, semi_mm: np.ndarray, s_k_u: float) -> Problem:
    """Return the search problem of an ellipsoid about the origin, with needles along z."""

    def inside(points: np.ndarray) -> np.ndarray:
        return np.asarray(((points / semi_mm) ** 2).sum(axis=1) <= 1.0)

    steps = [np.arange(-np.floor(half / TEMPLATE_MM), np.floor(half / TEMPLATE_MM) + 1) for half in semi_mm[:2]]
    needles = tuple(
        Needle(
            number=n,
            entry_lps_mm=np.array([x, y, -semi_mm[2] - 50.0]),
            tip_lps_mm=np.array([x, y, semi_mm[2] + 3.0]),
        )
        for n, (x, y) in enumerate(((x, y) for x in TEMPLATE_MM * steps[0] for y in TEMPLATE_MM * steps[1]), start=1)
    )
    places = candidates_in_needles(
        needles, step_mm=STEP_MM, seed_length_mm=SEED_LENGTH_MM, tip_to_seed_mm=3.0, allowed=inside
    )
    points, sets = join_structures(
        [sample_structure("target", inside, low_lps_mm=-semi_mm, high_lps_mm=semi_mm, count=POINTS)]
    )
    source = load_source(key)
    weight = s_k_u * source.nuclide.mean_life_h
    return Problem(
        dose_gy=influence_matrix(source, places.positions_lps_mm, places.axes_lps, points, weight_u_h=weight),
        points_lps_mm=points,
        structures=sets,
        prescription_gy=DOSE_GY,
        positions_lps_mm=places.positions_lps_mm,
        needle=places.needle,
        along_mm=places.depth_mm,
        pitch_mm=PITCH_MM,
        needle_price=np.ones(len(needles)),
        strength=np.zeros(len(places), np.int32),
        available=(None,),
        touching=touching_pairs(places, seed_length_mm=SEED_LENGTH_MM, seed_diameter_mm=SEED_DIAMETER_MM),
        crossing=crossing_needles(needles, spacing_mm=TEMPLATE_MM - 0.1),
        fixed=np.empty(0, np.int32),
        background_gy=np.zeros(len(points), np.float32),
        prefix_is_sample=True,
    )


def _goal(metric: str, comparison: Comparison, limit: float) -> Goal:
    return Goal(
        key=f"nomogram#{metric}",
        structure="target",
        metric=Metric.parse(metric),
        comparison=comparison,
        limit=limit,
        limit_unit=Unit.PERCENT,
        priority=Priority.MUST if comparison is Comparison.AT_LEAST else Priority.WISH,
        reference="tools/make_nomogram.py",
        confidence=Confidence.DERIVED,
    )


if __name__ == "__main__":
    main()

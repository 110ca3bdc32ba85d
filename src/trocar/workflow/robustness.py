"""How a plan fares when it is not carried out exactly: doses of many versions of it, and the needle that matters most.

Doses add, so that a version in which a single needle is exchanged costs no dose computation of its own: the shares of
all needles in the spread come from two samples. Equations (U5) to (U8), `docs/theory/robustness.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from trocar.catalogue.sources import load_source
from trocar.dose.base import source_terms
from trocar.dose.points import dose_by_source
from trocar.dose.tabulated import Sources, lay_out
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.scenarios import Draws, Mishaps, draw, needle_of_seed, swollen_moments
from trocar.evaluate.sensitivity import variance_shares
from trocar.optimise.base import PointSet
from trocar.optimise.metrics import goal_value, metric_value, readable_goals
from trocar.optimise.points import SampledStructure, join_structures
from trocar.plan.goals import Achievement, Goal, Metric
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.results.robustness import Chance, NeedleShare, Outcomes, Robustness

TARGET_POINTS, ORGAN_POINTS = 3000, 2400
"""Of an organ of 50 cc, D0.1cc then stands on five points; on fewer it is a matter of chance."""
D90, V100 = Metric.parse("D90"), Metric.parse("V100")

ShareDone = Callable[[float], None]
"""Called with the part done, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """A plan laid out for fast repetition: seeds sorted by needle, points by structure.

    Parameters
    ----------
    seeds
        In the order of ``sources``.
    sources
        As planned.
    belongs
        Row of each seed's needle among the needles with seeds.
    points_lps_mm, sets
        Dose points; the target first.
    moving
        Which points swell with the target.
    centre_lps_mm
        Of the swelling.
    """

    seeds: tuple[Seed, ...]
    sources: Sources
    belongs: Int[np.ndarray, " seeds"]
    points_lps_mm: Float[np.ndarray, "points 3"]
    sets: tuple[PointSet, ...]
    moving: np.ndarray
    centre_lps_mm: Float[np.ndarray, " 3"]


def assess_robustness(
    plan: ImplantPlan,
    sampled: Sequence[SampledStructure],
    goals: Sequence[Goal],
    mishaps: Mishaps,
    *,
    versions: int,
    rng: np.random.Generator,
    inside_target: Callable[[Float[np.ndarray, "n 3"]], np.ndarray],
    progress: ShareDone | None = None,
) -> Robustness:
    """Return the distributions of D90, V100 and all goals over versions of a plan.

    Parameters
    ----------
    plan
        With needles and a prescription.
    sampled
        Points of the structures, the target first, such as `seed_placing.sampled_structures` gives.
    goals
        Those on structures without enough points are left out.
    mishaps
        What may happen.
    versions
        How many are computed; an even number.
    rng
        Source of chance.
    inside_target
        Which points swell with the target.
    progress
        Told the part done.

    Raises
    ------
    PlanError
        The plan has no prescription.
    EvaluateError
        A seed has no needle.
    """
    if plan.prescription is None:
        raise PlanError(
            "workflow.robustness-needs-prescription",
            "plan {label} has no prescription; how often it is reached cannot be said",
            label=plan.label,
        )
    scene = _lay_scene(plan, sampled, inside_target)
    half = max(versions // 2, 1)
    first, second = (draw(plan.needles, scene.seeds, mishaps, count=half, rng=rng) for _ in range(2))
    second = replace(second, volume_increase=first.volume_increase)
    reader = _Reader(
        sets=scene.sets, goals=readable_goals(goals, scene.sets), prescription_gy=plan.prescription.dose_gy
    )
    return _gathered(scene, reader, (first, second), mishaps, progress or (lambda share: None))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What is read from the dose at the points."""

    sets: tuple[PointSet, ...]
    goals: tuple[Goal, ...]
    prescription_gy: float

    def d90_gy(self, dose_gy: np.ndarray) -> float:
        target = self.sets[0]
        return metric_value(target, dose_gy[: target.stop], D90, self.prescription_gy)

    def row(self, dose_gy: np.ndarray) -> list[float]:
        """Return D90, V100 and the goals' values."""
        target = self.sets[0]
        v100 = metric_value(target, dose_gy[: target.stop], V100, self.prescription_gy)
        by_name = {points.name: points for points in self.sets}
        values = [self.d90_gy(dose_gy), 100.0 * v100 / target.volume_cc]
        for goal in self.goals:
            points = by_name[goal.structure]
            values.append(goal_value(points, dose_gy[points.start : points.stop], goal, self.prescription_gy))
        return values


def _lay_scene(
    plan: ImplantPlan, sampled: Sequence[SampledStructure], inside_target: Callable[[np.ndarray], np.ndarray]
) -> _Scene:
    row = needle_of_seed(plan.needles, plan.seeds)
    models = list(dict.fromkeys(seed.source_model for seed in plan.seeds))
    order = sorted(range(len(plan.seeds)), key=lambda n: (models.index(plan.seeds[n].source_model), row[n]))
    seeds = tuple(plan.seeds[n] for n in order)
    _, belongs = np.unique(row[order], return_inverse=True)
    points, sets = join_structures(sampled)
    target = points[: sets[0].stop]
    return _Scene(
        seeds=seeds,
        sources=lay_out(source_terms(replace(plan, seeds=seeds)), Formalism.LINE_2D),
        belongs=belongs,
        points_lps_mm=points,
        sets=sets,
        moving=np.asarray(inside_target(points)),
        centre_lps_mm=target.mean(axis=0),
    )


def _gathered(
    scene: _Scene,
    reader: _Reader,
    samples: tuple[Draws, Draws],
    mishaps: Mishaps,
    progress: ShareDone,
) -> Robustness:
    half, needles = len(samples[0]), int(scene.belongs.max()) + 1
    rows: list[list[float]] = []
    exchanged = np.zeros((needles, half))
    for version in range(half):
        one, other = (_dose_by_needle(scene, sample, version, mishaps) for sample in samples)
        whole = one.sum(axis=0)
        rows += [reader.row(whole), reader.row(other.sum(axis=0))]
        for needle in range(needles):
            exchanged[needle, version] = reader.d90_gy(whole - one[needle] + other[needle])
        progress((version + 1) / half)
    table = np.array(rows)
    planned_by_needle = _dose_by_needle(scene, _as_planned(scene), 0, Mishaps())
    planned = reader.row(planned_by_needle.sum(axis=0))
    outcomes = [Outcomes(planned=planned[n], values=table[:, n]) for n in range(table.shape[1])]
    goals = {goal.text: outcomes[2 + n] for n, goal in enumerate(reader.goals)}
    shares = variance_shares(table[0::2, 0], table[1::2, 0], exchanged)
    without = [reader.d90_gy(planned_by_needle.sum(axis=0) - each) for each in planned_by_needle]
    numbers = [int(scene.seeds[int(np.argmax(scene.belongs == n))].needle or 0) for n in range(needles)]
    return Robustness(
        prescription_gy=reader.prescription_gy,
        target=scene.sets[0].name,
        d90_gy=outcomes[0],
        v100_percent=outcomes[1],
        goals=goals,
        chances={goal.text: _chance(goal, goals[goal.text].values) for goal in reader.goals},
        needles=tuple(
            NeedleShare(
                number=numbers[n],
                first=float(shares.first[n]),
                total=float(shares.total[n]),
                total_error=float(shares.total_error[n]),
                without_gy=without[n],
            )
            for n in np.argsort(-shares.total, kind="stable")
        ),
        versions=len(table),
    )


def _chance(goal: Goal, values: np.ndarray) -> Chance:
    hits = sum(Achievement(goal=goal, value=float(value)).is_met for value in values)
    return Chance(hits=hits, tries=len(values))


def _as_planned(scene: _Scene) -> Draws:
    return Draws(
        positions_lps_mm=scene.sources.positions_mm[None],
        axes_lps=scene.sources.axes[None],
        present=np.ones((1, len(scene.seeds)), np.bool_),
        volume_increase=np.zeros(1),
    )


def _dose_by_needle(scene: _Scene, draws: Draws, version: int, mishaps: Mishaps) -> Float[np.ndarray, "needles points"]:
    """Return what each needle gives to each point in one version (U5, U6)."""
    total = np.zeros((int(scene.belongs.max()) + 1, len(scene.points_lps_mm)))
    nuclide = load_source(scene.seeds[0].source_model).nuclide
    stretches, shares = swollen_moments(float(draws.volume_increase[version]), mishaps.oedema, nuclide)
    for stretch, share in zip(stretches, shares, strict=True):
        places = scene.centre_lps_mm + stretch * (draws.positions_lps_mm[version] - scene.centre_lps_mm)
        points = np.where(
            scene.moving[:, None],
            scene.centre_lps_mm + stretch * (scene.points_lps_mm - scene.centre_lps_mm),
            scene.points_lps_mm,
        )
        sources = replace(
            scene.sources,
            positions_mm=places,
            axes=draws.axes_lps[version],
            weight_gy=scene.sources.weight_gy * draws.present[version],
        )
        np.add.at(total, scene.belongs, share * dose_by_source(sources, points))
    return total

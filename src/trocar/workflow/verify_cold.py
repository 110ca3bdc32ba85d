"""What an implant left cold in its target, and where a few further seeds would mend it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import label

from trocar.catalogue.sources import Source, load_source
from trocar.dose.decay import strength_at_u
from trocar.dose.influence import influence_matrix
from trocar.geometry.grid import Grid
from trocar.geometry.region import Region
from trocar.messages import Message
from trocar.optimise.base import PointSet, Problem
from trocar.optimise.greedy import Greedy
from trocar.optimise.objectives import Preferences, build_objective
from trocar.optimise.points import join_structures, sample_structure
from trocar.plan.goals import Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.plan.plan import ImplantPlan
from trocar.results.verification import ColdRegion, FurtherSeeds, WayToSeed
from trocar.workflow.histograms import DoseAt
from trocar.workflow.verify_ways import Reach

GRID_MM = 1.0
LEAST_CC = 0.05
"""A smaller cold region is a matter of sampling."""

MOST_REGIONS = 5
SEAT_MM, CLEAR_MM = 3.0, 5.0
"""Distance of the places tried, and the least distance of a further seed from one that is there."""

MOST_FURTHER = 12
ROUNDS = 6
"""Searches for places that needles reach, each without those that none reaches."""

POINTS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Points of a lattice in the target, and the dose at each."""

    grid: Grid
    inside: np.ndarray
    dose_gy: np.ndarray


def cold_regions(target: Region, dose_at: DoseAt, *, reference_gy: float) -> tuple[ColdRegion, ...]:
    """Return the connected parts of a target below the reference dose, the largest first.

    Parameters
    ----------
    target
        Its solid.
    dose_at
        Of the seeds seen.
    reference_gy
        Below it is cold.
    """
    cells = _cells(target, dose_at)
    names, count = label(cells.inside & (cells.dose_gy < reference_gy), structure=np.ones((3, 3, 3)))
    regions = []
    for number in range(1, count + 1):
        here = names == number
        volume_cc = float(here.sum()) * GRID_MM**3 / 1e3
        if volume_cc >= LEAST_CC:
            points = cells.grid.centres_lps_mm()[here]
            doses = cells.dose_gy[here]
            regions.append(
                ColdRegion(
                    volume_cc=volume_cc,
                    centre_lps_mm=points.mean(axis=0),
                    least_gy=float(doses.min()),
                    coldest_lps_mm=points[int(doses.argmin())],
                )
            )
    return tuple(sorted(regions, key=lambda each: -each.volume_cc)[:MOST_REGIONS])


def _cells(target: Region, dose_at: DoseAt) -> _Cells:
    grid = Grid.around(target.bounds_lps_mm, margin_mm=GRID_MM, spacing_mm=GRID_MM)
    centres = grid.centres_lps_mm()
    inside = target.contains(centres)
    dose = np.zeros(grid.shape_kji)
    dose[inside] = dose_at(centres[inside])
    return _Cells(grid=grid, inside=inside, dose_gy=dose)


def further_seeds(
    target: Region,
    implanted: ImplantPlan,
    dose_at: DoseAt,
    *,
    reference_gy: float,
    wanted_percent: float,
    reach: Reach | None = None,
) -> FurtherSeeds | None:
    """Return the fewest further seeds a greedy search needs for a coverage, or as far as it gets; None if none helps.

    Without ``reach`` these are places only. With it, places that no needle reaches are put aside and others are sought
    until every one has its needle, or none is left. Each is of the usual model and strength of this implant, put in on
    its day.

    Parameters
    ----------
    target, implanted, dose_at, reference_gy
        The target, the seeds seen, their dose, and what 100 % means.
    wanted_percent
        V100 to be reached.
    reach
        Tells whether needles reach places.
    """
    seats = _seats(target, implanted)
    points, structures = join_structures(
        [
            sample_structure(
                target.name,
                target.contains,
                low_lps_mm=target.bounds_lps_mm[0],
                high_lps_mm=target.bounds_lps_mm[1],
                count=POINTS,
            )
        ]
    )
    before = dose_at(points).astype(np.float64)

    def chosen(free: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "k 3"]:
        if not len(free):
            return free
        problem = _problem(implanted, free, points, structures, before, reference_gy)
        objective = build_objective(
            problem, [_coverage(target.name, wanted_percent)], target=target.name, preferences=Preferences.balanced()
        )
        taken = Greedy().optimise(problem, objective, rng=np.random.default_rng(0)).chosen
        return np.asarray(free[_enough(problem, taken, before, reference_gy, wanted_percent)])

    places, ways, blocked, hindrance = _reached(seats, chosen, reach)
    if not len(places) and not len(blocked):
        return None
    after = before + _dose_of(implanted, places, points)
    return FurtherSeeds(
        positions_lps_mm=places,
        v100_before_percent=_v100(before, reference_gy),
        v100_after_percent=_v100(after, reference_gy),
        d90_before_gy=float(np.percentile(before, 10.0)),
        d90_after_gy=float(np.percentile(after, 10.0)),
        wanted_percent=wanted_percent,
        ways=ways,
        blocked_lps_mm=blocked,
        hindrance=hindrance,
    )


def _reached(
    seats: Float[np.ndarray, "n 3"],
    chosen: Callable[[Float[np.ndarray, "n 3"]], Float[np.ndarray, "k 3"]],
    reach: Reach | None,
) -> tuple[Float[np.ndarray, "k 3"], tuple[WayToSeed, ...], Float[np.ndarray, "m 3"], Message | None]:
    """Return places with a needle each, the needles, places that none reaches, and what is in the way of those."""
    places = chosen(seats)
    if reach is None or not len(places):
        return places, (), np.empty((0, 3)), None
    blocked: list[np.ndarray] = []
    hindrance: Message | None = None
    for _ in range(ROUNDS):
        told = reach(places)
        shut = [place for place, way in zip(places, told.ways, strict=True) if way is None]
        open_ways = tuple(way for way in told.ways if way is not None)
        if not shut:
            break
        blocked += shut
        hindrance = hindrance or told.hindrance
        away = np.linalg.norm(seats[:, None] - np.array(blocked)[None], axis=2).min(axis=1)
        places = chosen(seats[away > SEAT_MM])
        if not len(places):
            break
    ways = open_ways
    seated = np.array([way.seat_lps_mm for way in ways]).reshape(-1, 3)
    return seated, ways, np.array(blocked).reshape(-1, 3), hindrance


def _dose_of(
    implanted: ImplantPlan, places: Float[np.ndarray, "k 3"], points: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, " n"]:
    """Return the dose of further seeds at points."""
    if not len(places):
        return np.zeros(len(points))
    source, weight_u_h = _usual_seed(implanted)
    return np.asarray(
        influence_matrix(source, places, np.full(places.shape, np.nan), points, weight_u_h=weight_u_h).sum(axis=0),
        dtype=np.float64,
    )


def _usual_seed(implanted: ImplantPlan) -> tuple[Source, float]:
    """Return the model and the time-integrated strength of a usual seed of an implant."""
    usual = implanted.seeds[0]
    source = load_source(usual.source_model)
    s_k_u = strength_at_u(usual.strength, source.nuclide, at=implanted.implant_at)
    return source, s_k_u * source.nuclide.mean_life_h


def _enough(
    problem: Problem, chosen: np.ndarray, before: np.ndarray, reference_gy: float, wanted_percent: float
) -> np.ndarray:
    """Return the chosen seats in order of what each adds to the coverage, cut where the coverage is reached."""
    kept: list[int] = []
    dose = before
    left = list(map(int, chosen))
    while left and len(kept) < MOST_FURTHER and _v100(dose, reference_gy) < wanted_percent:
        best = max(left, key=lambda seat: _v100(dose + problem.dose_gy[seat], reference_gy))
        kept.append(best)
        left.remove(best)
        dose = dose + problem.dose_gy[best]
    return np.array(kept, dtype=int)


def _v100(dose_gy: np.ndarray, reference_gy: float) -> float:
    return 100.0 * float((dose_gy >= reference_gy).mean())


def _seats(target: Region, implanted: ImplantPlan) -> Float[np.ndarray, "n 3"]:
    grid = Grid.around(target.bounds_lps_mm, margin_mm=0.0, spacing_mm=SEAT_MM)
    centres = grid.centres_lps_mm().reshape(-1, 3)
    places = np.array([seed.position_lps_mm for seed in implanted.seeds])
    clear = np.linalg.norm(centres[:, None] - places[None], axis=2).min(axis=1) >= CLEAR_MM
    return np.asarray(centres[clear & target.contains(centres)])


def _coverage(target: str, wanted_percent: float) -> Goal:
    return Goal(
        key="verify#coverage",
        structure=target,
        metric=Metric.parse("V100"),
        comparison=Comparison.AT_LEAST,
        limit=wanted_percent,
        limit_unit=Unit.PERCENT,
        priority=Priority.MUST,
        reference="the plan's own coverage",
        confidence=Confidence.EXAMPLE,
    )


def _problem(  # noqa: PLR0917 - one call
    implanted: ImplantPlan,
    seats: np.ndarray,
    points: np.ndarray,
    structures: tuple[PointSet, ...],
    background_gy: np.ndarray,
    reference_gy: float,
) -> Problem:
    source, weight_u_h = _usual_seed(implanted)
    matrix = influence_matrix(source, seats, np.full(seats.shape, np.nan), points, weight_u_h=weight_u_h)
    near = np.argwhere(np.triu(np.linalg.norm(seats[:, None] - seats[None], axis=2) < CLEAR_MM, 1))
    count = len(seats)
    return Problem(
        dose_gy=matrix,
        points_lps_mm=points,
        structures=structures,
        prescription_gy=reference_gy,
        positions_lps_mm=seats,
        needle=np.arange(count, dtype=np.int32),
        along_mm=np.zeros(count),
        pitch_mm=CLEAR_MM,
        needle_price=np.zeros(count),
        strength=np.zeros(count, dtype=np.int32),
        available=(MOST_FURTHER,),
        touching=near.astype(np.int32),
        crossing=np.empty((0, 2), np.int32),
        fixed=np.empty(0, np.int32),
        background_gy=background_gy.astype(np.float32),
        prefix_is_sample=True,
    )

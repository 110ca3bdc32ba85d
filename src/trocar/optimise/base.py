"""The seam of the room: a planning problem, what a solver returns, and what a solver is.

Doses are counted on points. Every dose-volume demand is then a demand on a number of points, see
`docs/theory/inverse_planning.md`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int32

from trocar.errors import OptimiseError
from trocar.geometry.value import Value, frozen_array, frozen_without_copy

if TYPE_CHECKING:
    from trocar.optimise.objectives import Objective


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointSet(Value):
    """The points that stand for one structure: consecutive columns of the influence matrix, all of equal weight.

    Parameters
    ----------
    name
        Name of the structure.
    start, stop
        First column, and the one after the last.
    volume_cc
        Volume of the whole structure.
    sampled_cc
        Volume the points stand for; smaller than ``volume_cc`` where only the part near the target was sampled (the
        rest then counts as colder than every threshold).
    """

    name: str
    start: int
    stop: int
    volume_cc: float
    sampled_cc: float

    @property
    def count(self) -> int:
        """Number of points."""
        return self.stop - self.start

    @property
    def cc_per_point(self) -> float:
        """Volume one point stands for."""
        return self.sampled_cc / self.count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem(Value):
    """All a solver may know.

    Parameters
    ----------
    dose_gy
        Total dose of one seed at each candidate position (rows) to each point (columns). A position that may take
        seeds of two strengths stands here twice.
    points_lps_mm
        Where the points are.
    structures
        Which columns belong to which structure; they cover all columns in order.
    prescription_gy
        Prescribed dose.
    positions_lps_mm
        Centre of the seed of each candidate.
    needle
        Needle of each candidate, counted from 0.
    along_mm
        Position of each candidate along its needle.
    pitch_mm
        Least distance between the centres of two seeds in one needle.
    needle_price
        What using a needle costs, relative to an ordinary one (1); 0 for a needle that is already in place.
    strength
        Which strength each candidate has, counted from 0.
    available
        Seeds in stock of each strength; None where any number can be had.
    most_seeds
        Seeds of all strengths together, at most; None for any number.
    touching
        Pairs of candidates in different needles whose seeds would overlap.
    crossing
        Pairs of needles that come too close to be used together.
    fixed
        Candidates whose seeds stay.
    background_gy
        Dose that is there already.
    prefix_is_sample
        Whether the first points of every structure are a fair sample of all of it (points in random or
        low-discrepancy order); solvers then search on fewer points first.

    Raises
    ------
    OptimiseError
        The parts do not fit together, or no candidate or point is left.
    """

    dose_gy: Float32[np.ndarray, "candidates points"]
    points_lps_mm: Float[np.ndarray, "points 3"]
    structures: tuple[PointSet, ...]
    prescription_gy: float
    positions_lps_mm: Float[np.ndarray, "candidates 3"]
    needle: Int32[np.ndarray, " candidates"]
    along_mm: Float[np.ndarray, " candidates"]
    pitch_mm: float
    needle_price: Float[np.ndarray, " needles"]
    strength: Int32[np.ndarray, " candidates"]
    available: tuple[int | None, ...]
    touching: Int32[np.ndarray, "pairs 2"]
    crossing: Int32[np.ndarray, "needle_pairs 2"]
    fixed: Int32[np.ndarray, " fixed"]
    background_gy: Float32[np.ndarray, " points"]
    prefix_is_sample: bool
    most_seeds: int | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_structures(self)
        object.__setattr__(self, "dose_gy", frozen_without_copy(self.dose_gy))
        for name, dtype in _ARRAYS.items():
            object.__setattr__(self, name, frozen_array(getattr(self, name), dtype))

    @property
    def candidate_count(self) -> int:
        """Number of candidate positions, each strength counted."""
        return int(self.dose_gy.shape[0])

    @property
    def point_count(self) -> int:
        """Number of points."""
        return int(self.dose_gy.shape[1])

    @property
    def needle_count(self) -> int:
        """Number of needles that may be used."""
        return len(self.needle_price)

    def dose_of(self, chosen: Int32[np.ndarray, " seeds"]) -> Float[np.ndarray, " points"]:
        """Return the dose of a choice of candidates, background included, summed in float64."""
        dose: np.ndarray = self.background_gy.astype(np.float64)
        for index in chosen:
            dose += self.dose_gy[index]
        return dose

    def structure(self, name: str) -> PointSet:
        """Return the points of a structure.

        Raises
        ------
        OptimiseError
            No points stand for it.
        """
        for points in self.structures:
            if points.name == name:
                return points
        raise OptimiseError(
            "optimise.structure-without-points",
            "no points stand for structure {name}; the problem has points for: {names}",
            name=name,
            names=", ".join(points.name for points in self.structures),
        )


_ARRAYS = {
    "points_lps_mm": np.float64,
    "positions_lps_mm": np.float64,
    "needle": np.int32,
    "along_mm": np.float64,
    "needle_price": np.float64,
    "strength": np.int32,
    "touching": np.int32,
    "crossing": np.int32,
    "fixed": np.int32,
    "background_gy": np.float32,
}


def _check_shapes(problem: Problem) -> None:
    candidates, points = problem.dose_gy.shape
    if candidates == 0 or points == 0:
        raise OptimiseError(
            "optimise.nothing-to-plan",
            "{candidates} candidate positions and {points} dose points were given; at least one of each is needed: "
            "check that a needle reaches the target and that the target has a volume",
            candidates=candidates,
            points=points,
        )
    sizes = {
        "positions": len(problem.positions_lps_mm),
        "needle": len(problem.needle),
        "along": len(problem.along_mm),
        "strength": len(problem.strength),
    }
    wrong = {name: size for name, size in sizes.items() if size != candidates}
    for name, size in {"background": len(problem.background_gy), "points": len(problem.points_lps_mm)}.items():
        if size != points:
            wrong[name] = size
    outside = problem.needle.max() >= len(problem.needle_price) or problem.strength.max() >= len(problem.available)
    if wrong or outside or min(problem.needle.min(), problem.strength.min()) < 0:
        raise OptimiseError(
            "optimise.problem-inconsistent",
            "the planning problem has {candidates} candidates and {points} points, but {wrong} do not fit, "
            "or a candidate names a needle or strength that does not exist",
            candidates=candidates,
            points=points,
            wrong=wrong,
        )


def _check_structures(problem: Problem) -> None:
    edges = [0, *(points.stop for points in problem.structures)]
    starts = [points.start for points in problem.structures]
    if starts != edges[:-1] or edges[-1] != problem.point_count or any(p.count < 1 for p in problem.structures):
        raise OptimiseError(
            "optimise.structures-do-not-cover",
            "the structures start at columns {starts} and end at {stops} of {points}; "
            "they must follow one another, hold a point each and cover all columns",
            starts=starts,
            stops=edges[1:],
            points=problem.point_count,
        )


class Ending(Enum):
    """How a solver ended."""

    SCHEDULE_DONE = "the planned number of steps was done"
    NO_MOVE_LEFT = "no single change improves the plan"
    PROVEN = "the best plan was found and proven"
    TIME_LIMIT = "the time was up before a proof"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome(Value):
    """What a solver found.

    Parameters
    ----------
    chosen
        Candidates that hold a seed, in ascending order.
    cost
        Value of the objective on all points; smaller is better.
    ending
        How the search ended.
    solver
        Name of the solver.
    evaluations
        Number of changes it looked at.
    bound
        No plan can cost less than this; None where not computed.
    """

    chosen: Int32[np.ndarray, " seeds"]
    cost: float
    ending: Ending
    solver: str
    evaluations: int
    bound: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "chosen", frozen_array(np.sort(self.chosen), np.int32))

    @property
    def gap(self) -> float | None:
        """Distance to the bound as a share of the cost; None where no bound is known."""
        if self.bound is None:
            return None
        return (self.cost - self.bound) / max(abs(self.cost), 1e-12)


@runtime_checkable
class Optimiser(Protocol):
    """A solver: one file of this room, or a stranger's. `tests/contracts/test_optimisers.py` says what it must do."""

    @property
    def name(self) -> str:
        """Name in results."""
        ...

    def optimise(
        self,
        problem: Problem,
        objective: "Objective",
        *,
        rng: np.random.Generator,
        start: Int32[np.ndarray, " seeds"] | None = None,
    ) -> Outcome:
        """Return the best choice of candidates it finds."""
        ...

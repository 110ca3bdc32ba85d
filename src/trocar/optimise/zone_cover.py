"""Fewest insertions whose zones cover the tumour and its margin: a set cover, greedy and exact, with its gap."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from trocar.errors import OptimiseError
from trocar.geometry.value import Value

ACTIVATION_COST = 0.1
"""An activation costs this share of an insertion: fewer insertions first, then fewer activations."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover(Value):
    """Activations that cover.

    Parameters
    ----------
    rows
        Chosen activations.
    insertions
        Lines they use.
    cost, bound
        Insertions plus a tenth of the activations, and what no solution can fall below.
    solver
        ``milp`` or ``greedy``.
    uncovered
        Points that no candidate reaches.
    """

    rows: tuple[int, ...]
    insertions: tuple[int, ...]
    cost: float
    bound: float
    solver: str
    uncovered: Int[np.ndarray, " n"]

    @property
    def gap_percent(self) -> float:
        """How much cheaper a better solution could be at most, in percent."""
        return float(100 * (self.cost - self.bound) / self.cost) if self.cost else 0.0


def covered_by_ellipsoids(
    points_mm: Float[np.ndarray, "n 3"],
    centres_mm: Float[np.ndarray, "m 3"],
    axes: Float[np.ndarray, "m 3"],
    *,
    long_mm: float,
    short_mm: float,
) -> Bool[np.ndarray, "n m"]:
    """Return which points lie in which ellipsoid of revolution of these diameters."""
    along = points_mm @ axes.T - np.einsum("ij,ij->i", centres_mm, axes)
    square = (points_mm**2).sum(1)[:, None] - 2 * points_mm @ centres_mm.T + (centres_mm**2).sum(1)
    across = square - along**2
    return np.asarray((2 * along / long_mm) ** 2 + 4 * np.maximum(across, 0.0) / short_mm**2 <= 1.0)


def cover(
    covers: Bool[np.ndarray, "n m"],
    line_of: Int[np.ndarray, " m"],
    *,
    worth: Float[np.ndarray, " m"],
    seconds: float,
    most_insertions: int | None = None,
    used_lines: tuple[int, ...] = (),
) -> Cover:
    """Return the cheapest activations that cover every point that can be covered.

    Parameters
    ----------
    covers
        Which point each candidate covers.
    line_of
        On which line (insertion) each candidate lies.
    worth
        Small cost of each candidate that breaks ties: 0 for the safest line, at most 0.01.
    seconds
        For the exact solver; what it then has is returned with its gap.
    most_insertions
        Refused if more are needed; None for as many as it takes.
    used_lines
        Insertions made anyhow, which cost nothing more and count among the most.

    Raises
    ------
    OptimiseError
        No candidate covers anything, or more insertions are needed than allowed.
    """
    reachable = covers.any(axis=1)
    if not reachable.any():
        raise OptimiseError(
            "optimise.nothing-covered",
            "none of {n} possible placements covers any part of the target; a larger zone or another way in is needed",
            n=covers.shape[1],
        )
    wanted = covers[reachable]
    quick = (_one_insertion(wanted, line_of, worth, used_lines), _greedy(wanted, line_of, used_lines))
    first = min((each for each in quick if each is not None), key=lambda each: _cost(each, line_of, used_lines))
    rows, bound, solver = _exact(wanted, line_of, worth, seconds=seconds, used=used_lines)
    if rows is None or _cost(rows, line_of, used_lines) > _cost(first, line_of, used_lines):
        rows, solver = first, "greedy"
    insertions = np.union1d(line_of[rows], np.array(used_lines, dtype=np.int64))
    if most_insertions is not None and len(insertions) > most_insertions:
        raise OptimiseError(
            "optimise.too-many-insertions",
            "{needed} insertions are needed to cover the target with its margin, at most {most} are allowed; use a "
            "larger "
            "zone, several applicators at once or a smaller margin",
            needed=len(insertions),
            most=most_insertions,
        )
    cost = _cost(rows, line_of, used_lines)
    return Cover(
        rows=tuple(int(row) for row in rows),
        insertions=tuple(int(line) for line in insertions),
        cost=cost,
        bound=min(max(bound, ACTIVATION_COST + (0.0 if used_lines else 1.0)), cost),
        solver=solver,
        uncovered=np.flatnonzero(~reachable),
    )


def _cost(rows: np.ndarray, line_of: np.ndarray, used: tuple[int, ...]) -> float:
    return len(np.setdiff1d(line_of[rows], used)) + ACTIVATION_COST * len(rows)


def fewest_insertions(covers: Bool[np.ndarray, "n m"], line_of: Int[np.ndarray, " m"]) -> tuple[float, int]:
    """Return the cost of a quick cover, and how many points nothing covers: to compare settings."""
    reachable = covers.any(axis=1)
    rows = _greedy(covers[reachable], line_of, ()) if reachable.any() else np.zeros(0, np.int64)
    return _cost(rows, line_of, ()), int((~reachable).sum())


def _one_insertion(
    covers: np.ndarray, line_of: np.ndarray, worth: np.ndarray, already: tuple[int, ...]
) -> np.ndarray | None:
    """Return the fewest activations found on one line that cover all; None where no line can.

    No time limit bears on this: a tumour that one needle covers gets one, on a busy machine too.
    """
    best: tuple[float, np.ndarray] | None = None
    for line in np.unique(line_of):
        mine = np.flatnonzero(line_of == line)
        if not covers[:, mine].any(axis=1).all():
            continue
        rows = mine[_greedy(covers[:, mine], line_of[mine], (int(line),))]
        cost = _cost(rows, line_of, already) + float(worth[rows].sum())
        if best is None or cost < best[0]:
            best = (cost, rows)
    return None if best is None else best[1]


def _greedy(covers: np.ndarray, line_of: np.ndarray, already: tuple[int, ...]) -> np.ndarray:
    """Return activations, one after the other the one that brings most for what it costs."""
    left = np.ones(len(covers), bool)
    used: set[int] = set(already)
    rows: list[int] = []
    counted = covers.astype(np.float32)
    while left.any():
        price = np.where(np.isin(line_of, list(used)), ACTIVATION_COST, 1.0 + ACTIVATION_COST)
        best = int(np.argmax((left.astype(np.float32) @ counted) / price))
        rows.append(best)
        used.add(int(line_of[best]))
        left &= ~covers[:, best]
    return np.array(rows)


def _exact(
    covers: np.ndarray, line_of: np.ndarray, worth: np.ndarray, *, seconds: float, used: tuple[int, ...]
) -> tuple[np.ndarray | None, float, str]:
    """Return the activations of a mixed-integer programme, its bound and its name."""
    patterns = np.unique(covers, axis=0)
    patterns = _not_implied(patterns)
    lines, place = np.unique(line_of, return_inverse=True)
    m, n_lines = covers.shape[1], len(lines)
    rows, columns = np.nonzero(patterns)
    covering = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(patterns), m + n_lines))
    index = np.arange(m)
    linking = coo_array(
        (
            np.concatenate([np.ones(m), -np.ones(m)]),
            (np.concatenate([index, index]), np.concatenate([index, m + place])),
        ),
        shape=(m, m + n_lines),
    )
    low = np.concatenate([np.ones(len(patterns)), np.full(m, -np.inf)])
    high = np.concatenate([np.full(len(patterns), np.inf), np.zeros(m)])
    cost = np.concatenate([ACTIVATION_COST + worth, np.where(np.isin(lines, used), 0.0, 1.0)])
    solution = milp(
        cost,
        constraints=LinearConstraint(vstack([covering, linking]).tocsr(), low, high),
        integrality=np.concatenate([np.ones(m), np.zeros(n_lines)]),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds, "mip_rel_gap": 0.01},
    )
    bound = float(solution.mip_dual_bound) if solution.mip_dual_bound is not None else 0.0
    if solution.x is None:
        return None, bound, "milp"
    return np.flatnonzero(solution.x[:m] > 0.5), bound, "milp"


def _not_implied(patterns: np.ndarray) -> np.ndarray:
    """Return the points' patterns that no other, narrower one implies."""
    order = np.argsort(patterns.sum(axis=1), kind="stable")
    kept: list[np.ndarray] = []
    for row in patterns[order]:
        if not any((other & ~row).sum() == 0 for other in kept):
            kept.append(row)
    return np.array(kept)

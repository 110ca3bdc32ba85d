"""Fewest insertions whose zones cover the tumour and its margin: a set cover, greedy and exact, with its gap."""

from dataclasses import dataclass
from time import monotonic

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

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
    clash: Bool[np.ndarray, "m m"] | None = None,
    taken: tuple[int, ...] = (),
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
    clash
        Which candidates of different lines must not be chosen together; given up only for points that nothing else
        covers. None for none.
    taken
        Candidates chosen before: what clashes with them is not chosen either.

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
    apart = np.zeros((covers.shape[1],) * 2, np.bool_) if clash is None else clash
    wanted = _beside(covers[reachable], apart, taken)
    quick = (_one_insertion(wanted, line_of, worth, used_lines), _greedy(wanted, line_of, used_lines, apart))

    def price(rows: np.ndarray) -> tuple[int, float]:
        return len(_clashing(rows, apart)), _cost(rows, line_of, used_lines)

    first = min((each for each in quick if each is not None), key=price)
    rows, bound, solver = _exact(wanted, line_of, worth, seconds=seconds, used=used_lines, clash=apart)
    if rows is None or price(rows) > price(first):
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


def fewest_insertions(
    covers: Bool[np.ndarray, "n m"], line_of: Int[np.ndarray, " m"], *, clash: Bool[np.ndarray, "m m"]
) -> tuple[float, int]:
    """Return the cost of a quick cover, and how many points nothing covers: to compare settings."""
    reachable = covers.any(axis=1)
    rows = _greedy(covers[reachable], line_of, (), clash) if reachable.any() else np.zeros(0, np.int64)
    return _cost(rows, line_of, ()), int((~reachable).sum())


def coverage_order(covers: Bool[np.ndarray, "n m"], line_of: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
    """Return all candidates, those first that add most for what they cost; what adds nothing comes last."""
    order = _greedy(covers[covers.any(axis=1)], line_of, (), np.zeros((covers.shape[1],) * 2, np.bool_))
    rest = np.setdiff1d(np.arange(covers.shape[1]), order)
    return np.concatenate([order, rest]).astype(np.int64)


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
        rows = mine[_greedy(covers[:, mine], line_of[mine], (int(line),), np.zeros((len(mine),) * 2, np.bool_))]
        cost = _cost(rows, line_of, already) + float(worth[rows].sum())
        if best is None or cost < best[0]:
            best = (cost, rows)
    return None if best is None else best[1]


def _beside(covers: np.ndarray, clash: np.ndarray, taken: tuple[int, ...]) -> np.ndarray:
    """Return the cover without what clashes with candidates taken before, but for points that only those cover."""
    barred = clash[list(taken)].any(axis=0) if taken else np.zeros(covers.shape[1], np.bool_)
    lost = ~(covers & ~barred).any(axis=1)
    return np.asarray(covers & ~(barred & ~covers[lost].any(axis=0)))


def _clashing(rows: np.ndarray, clash: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of chosen candidates that must not be chosen together."""
    first, second = np.nonzero(np.triu(clash[np.ix_(rows, rows)], 1))
    return [(int(rows[a]), int(rows[b])) for a, b in zip(first, second, strict=True)]


def _greedy(covers: np.ndarray, line_of: np.ndarray, already: tuple[int, ...], clash: np.ndarray) -> np.ndarray:
    """Return activations, one after the other the one that brings most for what it costs.

    What clashes with one chosen before is taken only where nothing else brings anything.
    """
    left = np.ones(len(covers), bool)
    used: set[int] = set(already)
    rows: list[int] = []
    counted = covers.astype(np.float32)
    barred = np.zeros(covers.shape[1], np.bool_)
    while left.any():
        price = np.where(np.isin(line_of, list(used)), ACTIVATION_COST, 1.0 + ACTIVATION_COST)
        worth = (left.astype(np.float32) @ counted) / price
        free = np.where(barred, 0.0, worth)
        best = int(np.argmax(free if free.max() > 0 else worth))
        rows.append(best)
        used.add(int(line_of[best]))
        barred |= clash[best]
        left &= ~covers[:, best]
    return np.array(rows)


def _exact(
    covers: np.ndarray,
    line_of: np.ndarray,
    worth: np.ndarray,
    *,
    seconds: float,
    used: tuple[int, ...],
    clash: np.ndarray,
) -> tuple[np.ndarray | None, float, str]:
    """Return the activations of a mixed-integer programme, its bound and its name.

    Clashes are few beside all pairs of candidates: they are asked for as solutions violate them.
    """
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
    asked = [
        LinearConstraint(covering.tocsr(), 1.0, np.inf),
        LinearConstraint(linking.tocsr(), -np.inf, 0.0),
    ]
    cost = np.concatenate([ACTIVATION_COST + worth, np.where(np.isin(lines, used), 0.0, 1.0)])
    bound, end = 0.0, monotonic() + seconds
    while True:
        solution = milp(
            cost,
            constraints=asked,
            integrality=np.concatenate([np.ones(m), np.zeros(n_lines)]),
            bounds=Bounds(0, 1),
            options={"time_limit": max(end - monotonic(), 0.0), "mip_rel_gap": 0.01},
        )
        bound = max(bound, float(solution.mip_dual_bound or 0.0)) if solution.mip_dual_bound is not None else bound
        if solution.x is None:
            return None, bound, "milp"
        chosen = np.flatnonzero(solution.x[:m] > 0.5)
        pairs = _clashing(chosen, clash)
        if not pairs:
            return chosen, bound, "milp"
        asked.append(_parted(pairs, clash, place, m, n_lines))


def _parted(
    pairs: list[tuple[int, int]], clash: np.ndarray, place: np.ndarray, m: int, n_lines: int
) -> LinearConstraint:
    """Return that of every two lines of which candidates clash no such two are chosen, or not both lines at all."""
    rows, columns, n = [], [], 0
    for first, second in {tuple(sorted((place[a], place[b]))) for a, b in pairs}:
        mine, others = np.flatnonzero(place == first), np.flatnonzero(place == second)
        block = clash[np.ix_(mine, others)]
        if block.all():
            rows += [n, n]
            columns += [m + first, m + second]
            n += 1
            continue
        for a, b in zip(*np.nonzero(block), strict=True):
            rows += [n, n]
            columns += [int(mine[a]), int(others[b])]
            n += 1
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, m + n_lines))
    return LinearConstraint(matrix.tocsr(), -np.inf, 1.0)


def _not_implied(patterns: np.ndarray) -> np.ndarray:
    """Return the points' patterns that no other, narrower one implies."""
    order = np.argsort(patterns.sum(axis=1), kind="stable")
    kept: list[np.ndarray] = []
    for row in patterns[order]:
        if not any((other & ~row).sum() == 0 for other in kept):
            kept.append(row)
    return np.array(kept)

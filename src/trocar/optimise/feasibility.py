"""What no plan may do: seeds that overlap, needles that cross, more seeds than there are."""

import numpy as np
from jaxtyping import Int32

from trocar.errors import OptimiseError
from trocar.messages import Message
from trocar.optimise.base import Problem
from trocar.optimise.tables import PITCH_ROUNDING_MM


def broken_rules(problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> tuple[Message, ...]:
    """Return what is wrong with a choice of candidates; nothing where it can be implanted."""
    return (*_overlaps(problem, chosen), *_crossings(problem, chosen), *_overdrawn(problem, chosen))


def require_feasible(problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> None:
    """Raise unless a choice of candidates can be implanted.

    Raises
    ------
    OptimiseError
        It cannot; the first reason is given.
    """
    outside = (chosen < 0) | (chosen >= problem.candidate_count)
    if outside.any() or len(np.unique(chosen)) != len(chosen):
        raise OptimiseError(
            "optimise.choice-invalid",
            "the candidates {chosen} were given; each must be one of 0 to {last}, once",
            chosen=chosen[outside].tolist() or chosen.tolist(),
            last=problem.candidate_count - 1,
        )
    broken = broken_rules(problem, chosen)
    if broken:
        raise OptimiseError(broken[0].code, broken[0].template, **broken[0].data)


def _overlaps(problem: Problem, chosen: np.ndarray) -> tuple[Message, ...]:
    both = overlapping(problem, chosen)
    if len(both) == 0:
        return ()
    a, b = both[0]
    distance_mm = float(np.linalg.norm(problem.positions_lps_mm[a] - problem.positions_lps_mm[b]))
    return (
        Message(
            code="optimise.seeds-overlap",
            template="{n} pairs of seeds overlap or are closer than allowed; the first, candidates {a} and {b}, are "
            "{distance_mm:.1f} mm apart where {pitch_mm:.1f} mm are needed in one needle",
            data={
                "n": len(both),
                "a": int(a),
                "b": int(b),
                "distance_mm": distance_mm,
                "pitch_mm": problem.pitch_mm,
            },
        ),
    )


def overlapping(problem: Problem, chosen: Int32[np.ndarray, " seeds"]) -> Int32[np.ndarray, "pairs 2"]:
    """Return the pairs among chosen candidates that cannot stand beside each other."""
    needle, along = problem.needle[chosen], problem.along_mm[chosen]
    close = np.abs(along[:, None] - along) < problem.pitch_mm - PITCH_ROUNDING_MM
    first, second = np.nonzero(np.triu(close & (needle[:, None] == needle), 1))
    held = np.zeros(problem.candidate_count, np.bool_)
    held[chosen] = True
    touching = problem.touching[held[problem.touching[:, 0]] & held[problem.touching[:, 1]]]
    return np.concatenate([np.stack([chosen[first], chosen[second]], axis=1), touching]).astype(np.int32)


def _crossings(problem: Problem, chosen: np.ndarray) -> tuple[Message, ...]:
    used = np.zeros(problem.needle_count, np.bool_)
    used[problem.needle[chosen]] = True
    both = problem.crossing[used[problem.crossing[:, 0]] & used[problem.crossing[:, 1]]]
    if len(both) == 0:
        return ()
    return (
        Message(
            code="optimise.needles-cross",
            template="needles {a} and {b} are both used but come too close to each other; use one of them",
            data={"a": int(both[0, 0]), "b": int(both[0, 1])},
        ),
    )


def _overdrawn(problem: Problem, chosen: np.ndarray) -> tuple[Message, ...]:
    used = np.bincount(problem.strength[chosen], minlength=len(problem.available))
    many = problem.most_seeds is not None and len(chosen) > problem.most_seeds
    return _too_many(len(chosen), problem.most_seeds) * many + tuple(
        Message(
            code="optimise.stock-overdrawn",
            template="{used} seeds of strength no. {number} are used, but only {stock} are in stock",
            data={"used": int(used[number]), "number": number + 1, "stock": stock},
        )
        for number, stock in enumerate(problem.available)
        if stock is not None and used[number] > stock
    )


def _too_many(used: int, most: int | None) -> tuple[Message, ...]:
    return (
        Message(
            code="optimise.too-many-seeds",
            template="{used} seeds are used, but at most {most} are asked for",
            data={"used": used, "most": most},
        ),
    )


def initial_choice(problem: Problem, start: Int32[np.ndarray, " seeds"] | None) -> Int32[np.ndarray, " seeds"]:
    """Return the choice a search begins with: the given one and the fixed seeds.

    Raises
    ------
    OptimiseError
        The seeds overlap, their needles cross, or there are not so many in stock.
    """
    chosen = np.unique(np.concatenate([problem.fixed, np.empty(0, np.int32) if start is None else start]))
    require_feasible(problem, chosen.astype(np.int32))
    return chosen.astype(np.int32)

"""Changes of a plan by hand, as pure functions: seeds added, dropped, slid and moved, needles shifted, turned, removed.

A seed is named as in the theatre: the number of its needle, and its own number counted from the tip.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.value import Value, frozen_array
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.workflow.implant_request import SeedStock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideSeed(Value):
    """Slide one seed along its needle; positive is deeper."""

    needle: int
    seed: int
    by_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MoveSeed(Value):
    """Put a seed at a depth of another needle, or of its own."""

    needle: int
    seed: int
    to_needle: int
    depth_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddSeed(Value):
    """Add a seed at a depth below the skin; ``stock`` counts the entries of the request from 1."""

    needle: int
    depth_mm: float
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DropSeed(Value):
    """Take a seed out of the plan."""

    needle: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideSeeds(Value):
    """Slide all seeds of a needle together; positive is deeper."""

    needle: int
    by_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShiftNeedle(Value):
    """Shift a needle with its seeds, entry and tip alike."""

    needle: int
    by_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_lps_mm", frozen_array(self.by_lps_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnNeedle(Value):
    """Turn a needle about its entry towards a new tip; seeds keep their depth."""

    needle: int
    tip_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tip_lps_mm", frozen_array(self.tip_lps_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddNeedle(Value):
    """Add an empty needle; it takes the next number."""

    entry_lps_mm: Float[np.ndarray, " 3"]
    tip_lps_mm: Float[np.ndarray, " 3"]
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "entry_lps_mm", frozen_array(self.entry_lps_mm, np.float64))
        object.__setattr__(self, "tip_lps_mm", frozen_array(self.tip_lps_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RemoveNeedle(Value):
    """Take a needle and its seeds out of the plan; the others keep their numbers."""

    needle: int


Edit = SlideSeed | MoveSeed | AddSeed | DropSeed | SlideSeeds | ShiftNeedle | TurnNeedle | AddNeedle | RemoveNeedle

DEEDS: Mapping[str, type[Edit]] = MappingProxyType(
    {
        "slide": SlideSeed,
        "move": MoveSeed,
        "add": AddSeed,
        "drop": DropSeed,
        "slide-all": SlideSeeds,
        "shift-needle": ShiftNeedle,
        "turn-needle": TurnNeedle,
        "add-needle": AddNeedle,
        "remove-needle": RemoveNeedle,
    }
)
"""What each change is called by people and in files."""


def needs_of(deed: type[Edit]) -> dict[str, object]:
    """Return what a change must be told, by name: ``int``, ``float``, or an array of three numbers.

    Examples
    --------
    >>> needs_of(SlideSeed)
    {'needle': <class 'int'>, 'seed': <class 'int'>, 'by_mm': <class 'float'>}
    """
    return {each.name: each.type for each in fields(deed) if each.default is MISSING}


def edited(plan: ImplantPlan, edit: Edit, *, stock: tuple[SeedStock, ...]) -> ImplantPlan:
    """Return the plan with one change; whether it may be implanted is asked elsewhere.

    Parameters
    ----------
    plan
        Whose seeds lie in numbered needles.
    edit
        What to change.
    stock
        Entries that `AddSeed` may name.

    Raises
    ------
    PlanError
        No such needle, seed or stock entry, or the last seed would go.
    """
    if isinstance(edit, AddNeedle | RemoveNeedle | ShiftNeedle | TurnNeedle):
        return _with_needles_changed(plan, edit)
    needle = needle_numbered(plan, edit.needle)
    if isinstance(edit, AddSeed):
        return replace(plan, seeds=(*plan.seeds, _new_seed(needle, edit, stock)))
    if isinstance(edit, SlideSeeds):
        return _carried(plan, needle, needle, by_mm=edit.by_mm)
    seed = seed_from_tip(plan, edit.needle, edit.seed)
    if isinstance(edit, DropSeed):
        return replace(plan, seeds=tuple(each for each in plan.seeds if each is not seed))
    if isinstance(edit, SlideSeed):
        return _with_seed(plan, seed, _at(seed, needle, depth_of(seed, needle) + edit.by_mm))
    return _with_seed(plan, seed, _at(seed, needle_numbered(plan, edit.to_needle), edit.depth_mm))


def _with_needles_changed(plan: ImplantPlan, edit: AddNeedle | RemoveNeedle | ShiftNeedle | TurnNeedle) -> ImplantPlan:
    if isinstance(edit, AddNeedle):
        number = 1 + max((needle.number for needle in plan.needles), default=0)
        new = Needle(number=number, entry_lps_mm=edit.entry_lps_mm, tip_lps_mm=edit.tip_lps_mm, label=edit.label)
        return replace(plan, needles=(*plan.needles, new))
    needle = needle_numbered(plan, edit.needle)
    if isinstance(edit, RemoveNeedle):
        return replace(
            plan,
            seeds=tuple(each for each in plan.seeds if each.needle != edit.needle),
            needles=tuple(each for each in plan.needles if each is not needle),
        )
    return _carried(plan, needle, _placed_anew(needle, edit), by_mm=0.0)


def needle_numbered(plan: ImplantPlan, number: int) -> Needle:
    """Return a needle of a plan.

    Raises
    ------
    PlanError
        There is none of this number.
    """
    for needle in plan.needles:
        if needle.number == number:
            return needle
    raise PlanError(
        "workflow.edit-needle-unknown",
        "needle {number} was to be changed, but the plan has needles {numbers}",
        number=number,
        numbers=", ".join(str(needle.number) for needle in plan.needles),
    )


def depth_of(seed: Seed, needle: Needle) -> float:
    """Return how far below the skin a seed lies along its needle."""
    return float((seed.position_lps_mm - needle.entry_lps_mm) @ needle.direction_lps)


def seeds_from_tip(plan: ImplantPlan, number: int) -> tuple[Seed, ...]:
    """Return the seeds of a needle, the deepest first."""
    needle = needle_numbered(plan, number)
    inside = [seed for seed in plan.seeds if seed.needle == number]
    return tuple(sorted(inside, key=lambda seed: -depth_of(seed, needle)))


def seed_from_tip(plan: ImplantPlan, number: int, seed: int) -> Seed:
    """Return a seed by its place in its needle, counted from the tip.

    Raises
    ------
    PlanError
        The needle does not hold so many.
    """
    inside = seeds_from_tip(plan, number)
    if not 1 <= seed <= len(inside):
        raise PlanError(
            "workflow.edit-seed-unknown",
            "seed {seed} of needle {number} was to be changed, but the needle holds {count}; they are counted from 1 "
            "at the tip",
            seed=seed,
            number=number,
            count=len(inside),
        )
    return inside[seed - 1]


def _new_seed(needle: Needle, edit: AddSeed, stock: tuple[SeedStock, ...]) -> Seed:
    if not 1 <= edit.stock <= len(stock):
        raise PlanError(
            "workflow.edit-stock-unknown",
            "a seed of stock entry {stock} was to be added, but the request has {count} entries, counted from 1",
            stock=edit.stock,
            count=len(stock),
        )
    kind = stock[edit.stock - 1]
    return Seed(
        position_lps_mm=needle.at_depth(edit.depth_mm),
        axis_lps=needle.direction_lps,
        source_model=kind.source_model,
        strength=kind.strength,
        needle=needle.number,
    )


def _at(seed: Seed, needle: Needle, depth_mm: float) -> Seed:
    return replace(seed, position_lps_mm=needle.at_depth(depth_mm), axis_lps=needle.direction_lps, needle=needle.number)


def _with_seed(plan: ImplantPlan, old: Seed, new: Seed) -> ImplantPlan:
    return replace(plan, seeds=tuple(new if each is old else each for each in plan.seeds))


def _placed_anew(needle: Needle, edit: ShiftNeedle | TurnNeedle) -> Needle:
    if isinstance(edit, ShiftNeedle):
        return replace(
            needle, entry_lps_mm=needle.entry_lps_mm + edit.by_lps_mm, tip_lps_mm=needle.tip_lps_mm + edit.by_lps_mm
        )
    return replace(needle, tip_lps_mm=edit.tip_lps_mm)


def _carried(plan: ImplantPlan, old: Needle, new: Needle, *, by_mm: float) -> ImplantPlan:
    """Return the plan with a needle replaced and its seeds carried along at their depths."""
    seeds = tuple(
        _at(seed, new, depth_of(seed, old) + by_mm) if seed.needle == old.number else seed for seed in plan.seeds
    )
    needles = tuple(new if each.number == old.number else each for each in plan.needles)
    return replace(plan, seeds=seeds, needles=needles)

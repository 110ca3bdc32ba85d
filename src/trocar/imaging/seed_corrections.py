"""What a person decided about found seeds: dropped, accepted, added, moved; by whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.errors import ImagingError
from trocar.geometry.value import Value
from trocar.results.seeds_seen import FoundSeed, Localisation, Verdict

BY_HAND_SD_MM = 1.0
"""Spread of a place that was set by hand, along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrections(Value):
    """Decisions on one localisation, by the numbers its report printed (from 1).

    Parameters
    ----------
    actor
        Who decided; never empty.
    drop
        Seeds that are none.
    accept
        Doubtful ones that are seeds.
    add_lps_mm
        Seeds that were missed.
    move
        Seed to its place.
    series_uid
        The scan they were made on; empty where not stated.

    Raises
    ------
    ImagingError
        Nobody decided.
    """

    actor: str
    drop: tuple[int, ...] = ()
    accept: tuple[int, ...] = ()
    add_lps_mm: tuple[tuple[float, float, float], ...] = ()
    move: tuple[tuple[int, tuple[float, float, float]], ...] = ()
    series_uid: str = ""

    def __post_init__(self) -> None:
        if not self.actor.strip():
            raise ImagingError(
                "imaging.corrections-by-nobody", "corrections of seeds were given without who made them; state by = ..."
            )


def corrected_seeds(found: Localisation, corrections: Corrections) -> Localisation:
    """Return a localisation with a person's decisions carried out; its seeds keep their order, new ones come last.

    Raises
    ------
    ImagingError
        A number that no seed or doubtful thing has, or one that is dropped and moved.
    """
    seeds, doubtful = found.seeds, found.doubtful
    moved = dict(corrections.move)
    _require_known((*corrections.drop, *moved), len(seeds), what="seed")
    _require_known(corrections.accept, len(doubtful), what="doubtful")
    both = sorted(set(corrections.drop) & set(moved))
    if both:
        raise ImagingError(
            "imaging.corrections-contradict", "seeds {numbers} are both dropped and moved; decide for one", numbers=both
        )
    kept = [
        _placed(seed, moved[number], corrections.actor) if number in moved else seed
        for number, seed in enumerate(seeds, start=1)
        if number not in corrections.drop
    ]
    taken = [
        replace(seed, verdict=Verdict.SEED, by_hand=corrections.actor)
        for number, seed in enumerate(doubtful, start=1)
        if number in corrections.accept
    ]
    left = [seed for number, seed in enumerate(doubtful, start=1) if number not in corrections.accept]
    added = [_new(np.array(place), corrections.actor) for place in corrections.add_lps_mm]
    return replace(found, found=(*kept, *taken, *added, *left))


def _require_known(numbers: Sequence[int], count: int, *, what: str) -> None:
    strangers = sorted(number for number in numbers if not 1 <= number <= count)
    if strangers:
        raise ImagingError(
            "imaging.corrections-unknown",
            "corrections name {what} {numbers}, but there are {count}; use the numbers of the report made on this scan",
            what=what,
            numbers=strangers,
            count=count,
        )


def _placed(seed: FoundSeed, place: tuple[float, float, float], actor: str) -> FoundSeed:
    return replace(
        _new(np.array(place), actor), axis_lps=seed.axis_lps, axis_sd_deg=seed.axis_sd_deg, cluster=seed.cluster
    )


def _new(place_lps_mm: Float[np.ndarray, " 3"], actor: str) -> FoundSeed:
    return FoundSeed(
        position_lps_mm=place_lps_mm,
        axis_lps=np.array([0.0, 0.0, 1.0]),
        confidence=1.0,
        verdict=Verdict.SEED,
        position_sd_mm=BY_HAND_SD_MM,
        cluster=-1,
        mass_ratio=float("nan"),
        explained=float("nan"),
        axis_sd_deg=90.0,
        by_hand=actor,
    )

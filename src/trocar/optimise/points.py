"""Dose points: structures as fair samples of themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import OptimiseError
from trocar.geometry.value import Value, frozen_array
from trocar.optimise.base import PointSet
from trocar.units import cc_from_mm3

_ROOT = 1.2207440846057596
"""The real root of x⁴ = x + 1, from which the sequence below takes its steps."""
_BATCH = 8192
_MOST_DRAWS = 50_000_000

Contains = Callable[[Float[np.ndarray, "n 3"]], Bool[np.ndarray, " n"]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledStructure(Value):
    """Points of one structure.

    Parameters
    ----------
    name
        Of the structure.
    points_lps_mm
        In low-discrepancy order: any first part is a fair sample of the whole.
    volume_cc
        Of the whole structure.
    sampled_cc
        Of the part the points stand for.
    """

    name: str
    points_lps_mm: Float[np.ndarray, "n 3"]
    volume_cc: float
    sampled_cc: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_lps_mm", frozen_array(self.points_lps_mm, np.float64))


def sample_structure(
    name: str,
    contains: Contains,
    *,
    low_lps_mm: Float[np.ndarray, " 3"],
    high_lps_mm: Float[np.ndarray, " 3"],
    count: int,
    volume_cc: float | None = None,
) -> SampledStructure:
    """Return points spread evenly through a region.

    The points follow the additive recurrence x_k = frac(1/2 + k (1/g, 1/g², 1/g³)), g⁴ = g + 1, through the box, and
    those inside the region are kept. The sequence has no randomness to seed, and any first part of it is spread evenly.

    Parameters
    ----------
    name
        Of the structure.
    contains
        Which of many points (n, 3) in LPS mm lie inside the part to be sampled.
    low_lps_mm, high_lps_mm
        A box round that part.
    count
        Points wanted.
    volume_cc
        Volume of the whole structure; None if the sampled part is the whole: then the sampled volume is given.

    Raises
    ------
    OptimiseError
        The box holds (almost) nothing of the region.

    References
    ----------
    Roberts M. The unreasonable effectiveness of quasirandom sequences, 2018 (R_d sequence).
    """
    steps = np.array([1.0 / _ROOT, 1.0 / _ROOT**2, 1.0 / _ROOT**3])
    kept: list[np.ndarray] = []
    found = drawn = 0
    while found < count:
        order = np.arange(drawn, drawn + _BATCH)[:, None]
        points = low_lps_mm + np.mod(0.5 + order * steps, 1.0) * (high_lps_mm - low_lps_mm)
        inside = points[contains(points)]
        kept.append(inside)
        found += len(inside)
        drawn += _BATCH
        if drawn > _MOST_DRAWS or (found == 0 and drawn >= 64 * _BATCH):
            raise OptimiseError(
                "optimise.structure-hardly-there",
                "only {found} of {drawn} points of the box round structure {name} lie inside it; "
                "check that it has closed contours and lies in this frame of reference",
                found=found,
                drawn=drawn,
                name=name,
            )
    sampled_cc = float(cc_from_mm3(float(np.prod(high_lps_mm - low_lps_mm)) * found / drawn))
    return SampledStructure(
        name=name,
        points_lps_mm=np.concatenate(kept)[:count],
        volume_cc=sampled_cc if volume_cc is None else volume_cc,
        sampled_cc=sampled_cc if volume_cc is None else min(sampled_cc, volume_cc),
    )


def join_structures(
    sampled: Sequence[SampledStructure],
) -> tuple[Float[np.ndarray, "points 3"], tuple[PointSet, ...]]:
    """Return all points in one array, and which columns belong to which structure."""
    stops = np.cumsum([len(each.points_lps_mm) for each in sampled])
    sets = tuple(
        PointSet(
            name=each.name,
            start=int(stop) - len(each.points_lps_mm),
            stop=int(stop),
            volume_cc=each.volume_cc,
            sampled_cc=each.sampled_cc,
        )
        for each, stop in zip(sampled, stops, strict=True)
    )
    return np.concatenate([each.points_lps_mm for each in sampled]), sets

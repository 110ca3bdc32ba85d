"""Intervals of dose indices by Monte Carlo over named errors. Theory: docs/theory/verification.md, (V3) and (V8).

Points are drawn once, in and about each structure; a draw of the errors moves the seeds, shifts them against the
structures, moves the structures' surfaces and scales the dose. What is asked of each draw is counted on those points;
the spread of the answers is the interval, and their centre is the exact answer, not the counted one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.region import Region
from trocar.geometry.surface import signed_distance_mm
from trocar.geometry.value import Value, frozen_array

BOX_MARGIN_MM, SURFACE_MARGIN_MM = 20.0, 6.0
"""How far points reach beyond a target, whose reference isodose is sought too, and beyond an organ."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorSizes(Value):
    """Standard deviations (k = 1).

    Parameters
    ----------
    registration_mm
        Shift of all seeds against a structure, along each axis; 0 for one drawn on the scan.
    contouring_mm
        Shift of a structure's surface, outward or inward all round.
    strength
        Relative error of the strength of all seeds together.
    seed_strength
        Relative error of the strength of each seed, for itself.
    """

    registration_mm: float
    contouring_mm: float
    strength: float
    seed_strength: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorSample(Value):
    """Points in and about a structure.

    Parameters
    ----------
    points_lps_mm
        Evenly drawn in a box.
    outside_mm
        Signed distance of each from the surface, negative inside.
    point_cc
        Volume each stands for.
    is_target
        Whether V_x, CI, EI and HI are asked of it.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    outside_mm: Float[np.ndarray, " n"]
    point_cc: float
    is_target: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_lps_mm", frozen_array(self.points_lps_mm, np.float64))
        object.__setattr__(self, "outside_mm", frozen_array(self.outside_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedErrors(Value):
    """One draw of what changes the dose: an offset and a factor a seed."""

    offsets_mm: Float[np.ndarray, "seeds 3"]
    factors: Float[np.ndarray, " seeds"]


def error_sample(region: Region, *, is_target: bool, count: int, rng: np.random.Generator) -> ErrorSample:
    """Return points in and about a structure."""
    margin = BOX_MARGIN_MM if is_target else SURFACE_MARGIN_MM
    low, high = region.bounds_lps_mm + np.array([[-margin], [margin]])
    points = rng.uniform(low, high, size=(count, 3))
    return ErrorSample(
        points_lps_mm=points,
        outside_mm=-signed_distance_mm(region, points),
        point_cc=float(np.prod(high - low)) / 1e3 / count,
        is_target=is_target,
    )


def drawn_metrics(
    samples: Sequence[ErrorSample],
    dose_at: Callable[[Float[np.ndarray, "n 3"], SeedErrors], Float[np.ndarray, " n"]],
    *,
    sizes: Sequence[ErrorSizes],
    seed_sd_mm: Float[np.ndarray, " seeds"],
    reference_gy: float,
    draws: int,
    rng: np.random.Generator,
) -> list[dict[str, Float[np.ndarray, " draws"]]]:
    """Return, for each sample, how far each metric lies from its value without errors, draw by draw.

    Parameters
    ----------
    samples, sizes
        Points and errors, one entry a structure.
    dose_at
        Dose in Gy at points for seeds moved by a draw.
    seed_sd_mm
        Standard deviation of each seed's place along each axis.
    reference_gy
        What V100 refers to.
    draws
        How many.
    rng
        Of the errors.
    """
    points = np.concatenate([sample.points_lps_mm for sample in samples])
    cuts = np.cumsum([len(sample.points_lps_mm) for sample in samples])[:-1]
    still = SeedErrors(offsets_mm=np.zeros((len(seed_sd_mm), 3)), factors=np.ones(len(seed_sd_mm)))
    base = [
        metrics_of(sample, dose, margin_mm=0.0, reference_gy=reference_gy)
        for sample, dose in zip(samples, np.split(dose_at(points, still), cuts), strict=True)
    ]
    found: list[dict[str, list[float]]] = [{name: [] for name in each} for each in base]
    for _ in range(draws):
        offsets = rng.standard_normal((len(seed_sd_mm), 3)) * seed_sd_mm[:, None]
        common = 1.0 + sizes[0].strength * float(rng.standard_normal())
        factors = common * (1.0 + sizes[0].seed_strength * rng.standard_normal(len(seed_sd_mm)))
        shift = rng.standard_normal(3)
        moved = np.concatenate(
            [s.points_lps_mm + size.registration_mm * shift for s, size in zip(samples, sizes, strict=True)]
        )
        dose = np.split(dose_at(moved, SeedErrors(offsets_mm=offsets, factors=factors)), cuts)
        for sample, size, values, before, into in zip(samples, sizes, dose, base, found, strict=True):
            margin = size.contouring_mm * float(rng.standard_normal())
            after = metrics_of(sample, values, margin_mm=margin, reference_gy=reference_gy)
            for name, value in before.items():
                into[name].append(after.get(name, float("nan")) - value)
    return [{name: np.array(values) for name, values in each.items()} for each in found]


class ErrorKind(Enum):
    """What may be wrong, by the name the packs use."""

    LOCALISATION = "localisation"
    REGISTRATION = "registration"
    CONTOURING = "contouring"
    STRENGTH = "strength"
    SEED_STRENGTH = "seed_strength"


def spread_by_kind(
    sample: ErrorSample,
    dose_at: Callable[[Float[np.ndarray, "n 3"], SeedErrors], Float[np.ndarray, " n"]],
    *,
    sizes: ErrorSizes,
    seed_sd_mm: Float[np.ndarray, " seeds"],
    reference_gy: float,
    draws: int,
    rng: np.random.Generator,
) -> dict[ErrorKind, dict[str, float]]:
    """Return the standard deviation that each kind of error alone gives each metric. Equation (V8).

    Parameters
    ----------
    sample, dose_at, sizes, seed_sd_mm, reference_gy, draws, rng
        As in `drawn_metrics`, of one structure.
    """
    none = ErrorSizes(registration_mm=0.0, contouring_mm=0.0, strength=0.0, seed_strength=0.0)
    alone = {
        ErrorKind.LOCALISATION: none,
        ErrorKind.REGISTRATION: replace(none, registration_mm=sizes.registration_mm),
        ErrorKind.CONTOURING: replace(none, contouring_mm=sizes.contouring_mm),
        ErrorKind.STRENGTH: replace(none, strength=sizes.strength),
        ErrorKind.SEED_STRENGTH: replace(none, seed_strength=sizes.seed_strength),
    }
    spreads = {}
    for kind, size in alone.items():
        departures = drawn_metrics(
            [sample],
            dose_at,
            sizes=[size],
            seed_sd_mm=seed_sd_mm if kind is ErrorKind.LOCALISATION else np.zeros(len(seed_sd_mm)),
            reference_gy=reference_gy,
            draws=draws,
            rng=rng,
        )[0]
        spreads[kind] = {name: float(np.nanstd(values)) for name, values in departures.items()}
    return spreads


def metrics_of(
    sample: ErrorSample, dose_gy: Float[np.ndarray, " n"], *, margin_mm: float, reference_gy: float
) -> dict[str, float]:
    """Return the metrics of a structure, its surface moved by a margin, counted on its points."""
    inside = np.sort(dose_gy[sample.outside_mm < margin_mm])[::-1]
    if not len(inside):
        return {}
    metrics = {"Dmean": float(inside.mean())}
    for name, volume_cc in (("D0.1cc", 0.1), ("D1cc", 1.0), ("D2cc", 2.0)):
        rank = volume_cc / sample.point_cc
        if rank <= len(inside):
            metrics[name] = float(inside[max(int(rank) - 1, 0)])
    if not sample.is_target:
        return metrics
    metrics["D90"] = float(np.percentile(inside, 10.0))
    metrics["D100"] = float(inside[-1])
    for percent in (100, 150, 200):
        metrics[f"V{percent}"] = 100.0 * float((inside >= 0.01 * percent * reference_gy).mean())
    return metrics | _conformity(sample, dose_gy, inside, reference_gy)


def _conformity(
    sample: ErrorSample, dose_gy: Float[np.ndarray, " n"], inside: Float[np.ndarray, " m"], reference_gy: float
) -> dict[str, float]:
    v_ref = float(np.count_nonzero(dose_gy >= reference_gy))
    v_t, v_t_ref = float(len(inside)), float(np.count_nonzero(inside >= reference_gy))
    if not v_ref or not v_t_ref:
        return {}
    hot = float(np.count_nonzero(inside >= 1.5 * reference_gy))
    return {
        "CI": v_t_ref**2 / (v_t * v_ref),
        "EI": (v_ref - v_t_ref) / v_t,
        "HI": 1.0 - hot / v_t_ref,
    }


LOWERED = frozenset({"CI", "D100"})
"""Metrics that errors hardly ever raise: the coldest point, and how well isodose and target fit each other."""


def interval_about(
    value: float, departures: Mapping[str, Float[np.ndarray, " draws"]], name: str
) -> tuple[float, float]:
    """Return the interval that holds the truth 95 times of 100, about an exact value; NaN where a metric was not drawn.

    What errors only lower was lowered already by those that were made: there the departures are taken off, not added.
    The quantiles are those between which one more draw falls 95 times of 100 (Weibull's plotting positions).
    """
    drawn = departures.get(name)
    if drawn is None or not np.isfinite(drawn).any():
        return float("nan"), float("nan")
    low, high = map(float, np.nanpercentile(drawn, [2.5, 97.5], method="weibull"))
    return (value - high, value - low) if name in LOWERED else (value + low, value + high)

"""How many seeds to order: a power law fitted to planned ellipsoids, corrected by what past cases really took.

Equations (O1) and (O2), `docs/howto/order-seeds.md`.
"""

import csv
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.catalogue.nomograms import Nomogram
from trocar.errors import EvaluateError
from trocar.geometry.value import Value, frozen_array

COVERED_PERCENT = 95.0
"""Ellipsoids whose plan covered less than this are no example of how many seeds it takes."""

FEWEST_CASES = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedLaw(Value):
    """Seeds as a power law of volume and of strength per prescribed dose (O1).

    Parameters
    ----------
    factor, volume_power, strength_power
        N = factor · V^volume_power · (S_K / D)^strength_power, V in cc, S_K in U, D in Gy.
    scatter
        Standard deviation of the relative residuals.
    worst
        Largest relative residual.
    volume_range_cc
        Where it was fitted.
    strength_range_u_per_gy
        The same of S_K / D.
    """

    factor: float
    volume_power: float
    strength_power: float
    scatter: float
    worst: float
    volume_range_cc: tuple[float, float]
    strength_range_u_per_gy: tuple[float, float]

    def seeds(self, *, volume_cc: float, s_k_u: float, dose_gy: float) -> float:
        """Return how many seeds a target takes, not rounded.

        Raises
        ------
        EvaluateError
            Outside the volumes or strengths that were planned.
        """
        ratio = s_k_u / dose_gy
        (least_cc, most_cc), (least, most) = self.volume_range_cc, self.strength_range_u_per_gy
        if not (least_cc <= volume_cc <= most_cc and least <= ratio <= most):
            raise EvaluateError(
                "evaluate.order-outside-table",
                "{volume_cc:g} cc with {s_k_u:g} U for {dose_gy:g} Gy were asked for; the table holds {least_cc:g} to "
                "{most_cc:g} cc and {low:.2f} to {high:.2f} U at this dose: plan the case itself",
                volume_cc=volume_cc,
                s_k_u=s_k_u,
                dose_gy=dose_gy,
                least_cc=least_cc,
                most_cc=most_cc,
                low=least * dose_gy,
                high=most * dose_gy,
            )
        return float(self.factor * volume_cc**self.volume_power * ratio**self.strength_power)


def fit_seed_law(table: Nomogram) -> SeedLaw:
    """Return the power law that fits a table best, by least squares of the logarithms."""
    good = table.v100_percent >= COVERED_PERCENT
    volume, ratio, seeds = table.volume_cc[good], (table.s_k_u / table.dose_gy)[good], table.seeds[good]
    matrix = np.stack([np.ones_like(volume), np.log(volume), np.log(ratio)], axis=1)
    (start, by_volume, by_strength), *_ = np.linalg.lstsq(matrix, np.log(seeds), rcond=None)
    residual = seeds / np.exp(matrix @ np.array([start, by_volume, by_strength])) - 1.0
    return SeedLaw(
        factor=float(np.exp(start)),
        volume_power=float(by_volume),
        strength_power=float(by_strength),
        scatter=float(residual.std(ddof=3)),
        worst=float(np.abs(residual).max()),
        volume_range_cc=(float(volume.min()), float(volume.max())),
        strength_range_u_per_gy=(float(ratio.min()), float(ratio.max())),
    )


def ellipsoid_volume_cc(sizes_mm: tuple[float, float, float]) -> float:
    """Return the volume of an ellipsoid with three diameters, π/6 · a b c.

    Examples
    --------
    >>> round(ellipsoid_volume_cc((20.0, 20.0, 20.0)), 2)
    4.19
    """
    return float(np.pi / 6.0 * np.prod(sizes_mm)) / 1e3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastCases(Value):
    """What past cases really took.

    Parameters
    ----------
    volume_cc, s_k_u, dose_gy
        Of each case.
    seeds
        Implanted.
    """

    volume_cc: Float[np.ndarray, " n"]
    s_k_u: Float[np.ndarray, " n"]
    dose_gy: Float[np.ndarray, " n"]
    seeds: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        for name in ("volume_cc", "s_k_u", "dose_gy", "seeds"):
            values = frozen_array(getattr(self, name), np.float64)
            if not (np.isfinite(values).all() and (values > 0).all()):
                raise EvaluateError(
                    "evaluate.past-case-not-positive",
                    "past cases with a {name} of {value} were given; every number must be above 0",
                    name=name,
                    value=float(values.min()),
                )
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.seeds)

    def ratios(self, law: SeedLaw) -> Float[np.ndarray, " n"]:
        """Return seeds taken / seeds expected of each case that the law covers.

        Raises
        ------
        EvaluateError
            Too few cases to read a quantile from.
        """
        found = []
        for volume, s_k, dose, seeds in zip(self.volume_cc, self.s_k_u, self.dose_gy, self.seeds, strict=True):
            try:
                expected = law.seeds(volume_cc=float(volume), s_k_u=float(s_k), dose_gy=float(dose))
            except EvaluateError:
                continue
            found.append(float(seeds) / expected)
        if len(found) < FEWEST_CASES:
            raise EvaluateError(
                "evaluate.too-few-past-cases",
                "{n} of {all} past cases lie where the table was planned; at least {fewest} are needed",
                n=len(found),
                all=len(self),
                fewest=FEWEST_CASES,
            )
        return np.array(found)


def read_past_cases(text: str, *, name: str) -> PastCases:
    """Return past cases from CSV with the columns volume_cc, s_k_u, dose_gy and seeds; other columns are not read.

    Raises
    ------
    EvaluateError
        A column is missing or a cell is no number.
    """
    columns = ("volume_cc", "s_k_u", "dose_gy", "seeds")
    rows = list(csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#")))
    try:
        numbers = {column: np.array([float(row[column]) for row in rows]) for column in columns}
    except (KeyError, TypeError, ValueError) as problem:
        raise EvaluateError(
            "evaluate.past-cases-unreadable",
            "the past cases {name} cannot be read ({reason}); the first line names the columns {columns}, each further "
            "line holds the numbers of one case",
            name=name,
            reason=str(problem),
            columns=", ".join(columns),
        ) from problem
    if not rows:
        numbers = {column: np.empty(0) for column in columns}
    return PastCases(**numbers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order(Value):
    """How many seeds to order.

    Parameters
    ----------
    expected
        Seeds by the law, not rounded.
    quantiles
        Percent of past cases (or of the scatter of the law) to seeds that would have been enough for them (O2).
    cases
        Past cases behind the quantiles; 0 where they come from the law alone.
    """

    expected: float
    quantiles: dict[int, int]
    cases: int


QUANTILES = (50, 80, 90, 95)
_NORMAL = {50: 0.0, 80: 0.8416, 90: 1.2816, 95: 1.6449}


def order_seeds(law: SeedLaw, past: PastCases | None, *, volume_cc: float, s_k_u: float, dose_gy: float) -> Order:
    """Return how many seeds are enough, and how sure that is.

    Raises
    ------
    EvaluateError
        Outside the table, or too few past cases.
    """
    expected = law.seeds(volume_cc=volume_cc, s_k_u=s_k_u, dose_gy=dose_gy)
    if past is None:
        factors = {percent: 1.0 + law.scatter * _NORMAL[percent] for percent in QUANTILES}
    else:
        ratios = past.ratios(law)
        factors = {percent: float(np.percentile(ratios, percent)) for percent in QUANTILES}
    return Order(
        expected=expected,
        quantiles={percent: int(np.ceil(expected * factor - 1e-9)) for percent, factor in factors.items()},
        cases=0 if past is None else len(past.ratios(law)),
    )

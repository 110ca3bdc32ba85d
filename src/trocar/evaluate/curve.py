"""From samples to a cumulative curve with its errors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.evaluate.sampling import REPLICATES, Samples

LINEAR_KNOTS = 1001
"""Knots evenly spaced in volume."""

TAIL_KNOTS = 300
"""Further knots towards each end, evenly spaced in the logarithm of the volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A cumulative curve at fixed shares of the volume.

    Parameters
    ----------
    share
        Of the volume, 0 to 1.
    dose_gy
        Least dose to the hottest ``share``; falling.
    dose_error_gy
        Its standard error.
    share_error
        Standard error of the share that receives at least ``dose_gy``.
    mean_gy, mean_error_gy
        Mean dose and its standard error.
    """

    share: Float[np.ndarray, " n"]
    dose_gy: Float[np.ndarray, " n"]
    dose_error_gy: Float[np.ndarray, " n"]
    share_error: Float[np.ndarray, " n"]
    mean_gy: float
    mean_error_gy: float


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Doses from hot to cold with the share of the volume each stands for."""

    falling_gy: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]

    def quantiles(self, share: np.ndarray) -> np.ndarray:
        """Return the dose to the hottest share, a straight line from the middle of one sample to that of the next."""
        upto = np.cumsum(self.weight)
        return np.asarray(np.interp(share, (upto - 0.5 * self.weight) / upto[-1], self.falling_gy))

    def shares(self, dose_gy: np.ndarray) -> np.ndarray:
        """Return the share that receives at least a dose, counted."""
        upto = np.concatenate([[0.0], np.cumsum(self.weight)])
        counted: np.ndarray = upto[np.searchsorted(-self.falling_gy, -dose_gy, side="right")] / upto[-1]
        return counted

    @property
    def mean(self) -> float:
        return float((self.falling_gy * self.weight).sum() / self.weight.sum())


def knot_shares(smallest_share: float) -> Float[np.ndarray, " n"]:
    """Return shares of the volume from 0 to 1, dense towards both ends."""
    tail = np.geomspace(smallest_share, 0.5, TAIL_KNOTS)
    return np.unique(np.concatenate([np.linspace(0.0, 1.0, LINEAR_KNOTS), tail, 1.0 - tail]))


def curve_from_samples(samples: Samples, *, share: Float[np.ndarray, " n"]) -> Curve:
    """Return the curve of a sample; the error is the spread of the estimates of its interleaved replicates.

    Notes
    -----
    With R replicates the standard error is s / sqrt(R), s their standard deviation: Owen AB. Monte Carlo theory,
    methods and examples (2013), section 17.5. A replicate is sampled more coarsely than the whole, which makes the
    error stated about 1.4 times too large.
    """
    order = np.argsort(-samples.dose_gy)
    whole = _Ranked(samples.dose_gy[order], samples.weight_mm3[order])
    number = samples.replicate[order]
    parts = [
        _Ranked(whole.falling_gy[number == r], whole.weight[number == r])
        for r in range(REPLICATES)
        if (number == r).any()
    ]
    dose = whole.quantiles(share)
    return Curve(
        share=share,
        dose_gy=dose,
        dose_error_gy=_standard_error([part.quantiles(share) for part in parts]),
        share_error=_standard_error([part.shares(dose) for part in parts]),
        mean_gy=whole.mean,
        mean_error_gy=float(_standard_error([np.array([part.mean]) for part in parts])[0]),
    )


def _standard_error(parts: list[np.ndarray]) -> np.ndarray:
    if len(parts) < 2:
        return np.full_like(parts[0], np.nan)
    error: np.ndarray = np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts))
    return error

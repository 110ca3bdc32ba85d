"""Which input drives the spread of a result: first-order and total shares of the variance by exchanging inputs.

Equations (U7) and (U8), `docs/theory/robustness.md`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares(Value):
    """Shares of the variance, one a group of inputs.

    Parameters
    ----------
    first
        What would vanish on average if this input alone were known.
    total
        What would remain if all others were known: with all interactions.
    total_error
        Standard error of ``total``.
    """

    first: Float[np.ndarray, " inputs"]
    total: Float[np.ndarray, " inputs"]
    total_error: Float[np.ndarray, " inputs"]

    def __post_init__(self) -> None:
        for name in ("first", "total", "total_error"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))


def variance_shares(
    first_sample: Float[np.ndarray, " n"],
    second_sample: Float[np.ndarray, " n"],
    exchanged: Float[np.ndarray, "inputs n"],
) -> Shares:
    """Return the shares from two independent samples and one in which a single input is exchanged.

    Parameters
    ----------
    first_sample, second_sample
        Results of inputs A and of inputs B.
    exchanged
        Results of A with one input, a row each, taken from B.

    Notes
    -----
    First order by Saltelli, total by Jansen; all shares are 0 where nothing varies.

    References
    ----------
    Saltelli A et al. Variance based sensitivity analysis of model output. Comput Phys Commun 2010;181:259.
    """
    variance = float(np.var(np.concatenate([first_sample, second_sample])))
    inputs, n = exchanged.shape
    if variance <= 1e-24 * max(float(np.mean(first_sample**2)), 1e-300):
        return Shares(first=np.zeros(inputs), total=np.zeros(inputs), total_error=np.zeros(inputs))
    centred = second_sample - second_sample.mean()
    first = (centred * (exchanged - first_sample)).mean(axis=1) / variance
    squares = 0.5 * (first_sample - exchanged) ** 2 / variance
    return Shares(first=first, total=squares.mean(axis=1), total_error=squares.std(axis=1) / np.sqrt(n))

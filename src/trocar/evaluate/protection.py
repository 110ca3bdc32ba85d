"""Dose to others near an implant: far field, accumulated dose, hours a day. Theory: docs/theory/protection.md."""

import numpy as np
from jaxtyping import Float

from trocar.errors import EvaluateError

HOURS_A_DAY = 24.0


def air_kerma_rate_ugy_h(
    s_k_u: Float[np.ndarray, " n"], distance_mm: Float[np.ndarray, " n"], transmission: Float[np.ndarray, " n"]
) -> float:
    """Return the air-kerma rate of sources at a point, sum of S_K T / r² (P1), in µGy/h.

    Parameters
    ----------
    s_k_u
        Strengths; 1 U is 1 µGy m²/h, by definition.
    distance_mm
        From each source.
    transmission
        What the tissue on each way lets through, scatter included.

    Examples
    --------
    >>> import numpy as np
    >>> air_kerma_rate_ugy_h(np.array([20.0]), np.array([1000.0]), np.array([0.5]))
    10.0
    """
    return float(np.sum(s_k_u * transmission / (distance_mm / 1e3) ** 2))


def accumulated_msv(
    rate_usv_h: float, *, mean_life_h: float, from_h: float = 0.0, until_h: float = np.inf, share: float = 1.0
) -> float:
    """Return the dose of somebody who spends a share of the time at a place (P3), in mSv.

    Parameters
    ----------
    rate_usv_h
        At that place, at implant time.
    mean_life_h
        Of the nuclide.
    from_h, until_h
        From when to when, counted from the implant.
    share
        Of the time.

    Examples
    --------
    >>> round(accumulated_msv(1.0, mean_life_h=2056.7), 3)
    2.057
    """
    return (
        rate_usv_h * share * mean_life_h * float(np.exp(-from_h / mean_life_h) - np.exp(-until_h / mean_life_h)) / 1e3
    )


def hours_a_day(rate_usv_h: float, limit_msv: float, *, mean_life_h: float, from_h: float) -> float:
    """Return for how many hours a day, from some time on, somebody may be at a place without passing a limit (P4).

    Raises
    ------
    EvaluateError
        A limit that is not positive.
    """
    if not limit_msv > 0:
        raise EvaluateError(
            "evaluate.limit-not-positive",
            "a dose limit of {limit_msv} mSv was given; hours of contact need one above 0",
            limit_msv=limit_msv,
        )
    whole = accumulated_msv(rate_usv_h, mean_life_h=mean_life_h, from_h=from_h)
    return HOURS_A_DAY if whole <= limit_msv else HOURS_A_DAY * limit_msv / whole

"""Decay: strength at a moment, and the time that turns an initial dose rate into a dose. Equations (D1) to (D3)."""

import math
from datetime import datetime

from trocar.catalogue.nuclides import Nuclide
from trocar.errors import DoseError
from trocar.plan.seeds import Strength


def strength_at_u(strength: Strength, nuclide: Nuclide, *, at: datetime) -> float:
    """Return S_K at a moment, S_K(t₀) exp(−λ (t − t₀)) (D1), in U.

    Parameters
    ----------
    strength
        S_K and when it had it.
    nuclide
        What decays.
    at
        The moment, in the same local time as the reference; before the reference the strength is larger.

    Examples
    --------
    >>> from trocar.catalogue.nuclides import load_nuclide
    >>> certificate = Strength(s_k_u=0.5, reference_at=datetime(2026, 1, 1, 12))
    >>> round(strength_at_u(certificate, load_nuclide("I-125"), at=datetime(2026, 1, 8, 12)), 4)
    0.4608
    """
    elapsed_s = (at - strength.reference_at).total_seconds()
    return strength.s_k_u * math.exp(-nuclide.decay_constant_per_s * elapsed_s)


def elapsed_since_implant_s(implant_at: datetime, *, at: datetime) -> float:
    """Return the seconds from implantation to a moment.

    Raises
    ------
    DoseError
        The moment lies before the implant.
    """
    if at < implant_at:
        raise DoseError(
            "dose.before-implant",
            "a dose at {at} was asked for, but the implant is at {implant_at}; give a moment at or after the implant",
            at=at.isoformat(sep=" "),
            implant_at=implant_at.isoformat(sep=" "),
        )
    return (at - implant_at).total_seconds()


def effective_hours(nuclide: Nuclide, *, elapsed_s: float | None) -> float:
    """Return the hours by which an initial dose rate is multiplied to give the dose of a source that stays in place.

    Parameters
    ----------
    nuclide
        What decays.
    elapsed_s
        Seconds since implantation, 0 or more (D3); None for complete decay, the mean life 1/λ (D2).

    Examples
    --------
    >>> from trocar.catalogue.nuclides import load_nuclide
    >>> round(effective_hours(load_nuclide("I-125"), elapsed_s=None), 1)
    2056.7
    """
    if elapsed_s is None:
        return nuclide.mean_life_h
    return nuclide.mean_life_h * -math.expm1(-nuclide.decay_constant_per_s * elapsed_s)

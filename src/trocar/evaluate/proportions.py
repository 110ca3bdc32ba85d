"""Shares and rates with their intervals, and cells too small to be shown."""

from collections.abc import Mapping
from math import sqrt

from scipy.stats import chi2, norm

from trocar.errors import EvaluateError


def wilson_interval(numerator: int, denominator: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share (Q1).

    Parameters
    ----------
    numerator, denominator
        Counts; the denominator at least 1.
    confidence
        Two-sided, between 0 and 1.

    Raises
    ------
    EvaluateError
        The denominator is zero, or the numerator lies outside it.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212, doi:10.1080/01621459.1927.10502953; Newcombe RG. Stat Med
    1998;17:857-872, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, method 3.

    Examples
    --------
    >>> low, high = wilson_interval(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    if denominator < 1 or not 0 <= numerator <= denominator:
        raise EvaluateError(
            "evaluate.share-impossible",
            "{numerator} of {denominator} is no share; the denominator must be at least 1 and hold the numerator",
            numerator=numerator,
            denominator=denominator,
        )
    z = float(norm.ppf(0.5 + 0.5 * confidence))
    n, p = denominator, numerator / denominator
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if numerator == 0 else max(0.0, middle - half)
    return low, 1.0 if numerator == denominator else min(1.0, middle + half)


def poisson_interval(events: int, exposure: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a rate of events (Q2), for numerators that may count one case twice.

    Parameters
    ----------
    events
        Number of events, 0 or more.
    exposure
        Cases in which they could occur, at least 1.
    confidence
        Two-sided, between 0 and 1.

    Raises
    ------
    EvaluateError
        The exposure is zero, or events are negative.

    References
    ----------
    Garwood F. Biometrika 1936;28:437-442, doi:10.1093/biomet/28.3-4.437.

    Examples
    --------
    >>> low, high = poisson_interval(10, 1)
    >>> round(low, 2), round(high, 2)
    (4.8, 18.39)
    """
    if exposure < 1 or events < 0:
        raise EvaluateError(
            "evaluate.rate-impossible",
            "{events} events in {exposure} cases give no rate; there must be at least one case",
            events=events,
            exposure=exposure,
        )
    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if events == 0 else 0.5 * float(chi2.ppf(tail, 2 * events))
    high = 0.5 * float(chi2.ppf(1.0 - tail, 2 * events + 2))
    return low / exposure, high / exposure


def small_cells(groups: Mapping[str, tuple[int, int]], *, least: int) -> frozenset[str]:
    """Return the groups whose counts must not be shown, so that nobody can be recognised in them.

    Parameters
    ----------
    groups
        Name to numerator and denominator; together they are the whole, which is shown.
    least
        Smallest count that may be shown; zero may.

    Notes
    -----
    A group is hidden where its numerator, or what is left of its denominator, lies between 1 and ``least`` - 1. One
    hidden group alone could be computed from the whole; then the next smallest is hidden too.

    Examples
    --------
    >>> sorted(small_cells({"A": (2, 40), "B": (9, 60), "C": (30, 90)}, least=5))
    ['A', 'B']
    """
    hidden = {name for name, (n, of) in groups.items() if 0 < n < least or 0 < of - n < least or 0 < of < least}
    shown = [name for name in groups if name not in hidden]
    if len(hidden) == 1 and shown:
        hidden.add(min(shown, key=lambda name: groups[name][1]))
    return frozenset(hidden)

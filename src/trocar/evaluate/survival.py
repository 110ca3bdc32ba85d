"""Kaplan–Meier with numbers at risk, by lifelines."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trocar.department.indicators import Survival, SurvivalStep
from trocar.errors import EvaluateError


def kaplan_meier(months: Sequence[float], died: Sequence[bool], *, at_months: Sequence[float]) -> Survival:
    """Return the survival of patients by the time each was watched (Q5).

    Parameters
    ----------
    months
        Time from the procedure to death, or to the last day on which the patient was known to be alive; 0 or more.
    died
        Whether it ended with death.
    at_months
        Times at which the table gives survival, interval (log-log, 95 %) and number at risk.

    Raises
    ------
    EvaluateError
        There is no patient, or a time is negative.

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481, doi:10.1080/01621459.1958.10501452.
    """
    from lifelines import KaplanMeierFitter  # takes seconds to load; most calls of the library need no survival

    times, events = np.asarray(months, dtype=float), np.asarray(died, dtype=bool)
    if len(times) == 0 or len(times) != len(events) or not (times >= 0.0).all():
        raise EvaluateError(
            "evaluate.survival-impossible",
            "survival needs at least one patient, and for each a time of 0 or more and whether it ended in death; "
            "{n} times were given",
            n=len(times),
        )
    fitted = KaplanMeierFitter().fit(times, event_observed=events)
    curve = fitted.survival_function_["KM_estimate"]
    bounds = fitted.confidence_interval_.ffill()
    median = float(fitted.median_survival_time_)
    return Survival(
        patients=len(times),
        deaths=int(events.sum()),
        months=tuple(float(month) for month in curve.index),
        survival=tuple(float(share) for share in curve),
        table=tuple(_step(fitted, bounds, times, at) for at in at_months if at <= times.max()),
        median_months=median if np.isfinite(median) else None,
        censored_months=tuple(float(month) for month in np.sort(times[~events])),
    )


def _step(fitted: Any, bounds: Any, times: np.ndarray, at: float) -> SurvivalStep:
    share = float(fitted.predict(at))
    row = bounds.loc[:at].iloc[-1]
    low, high = (share if np.isnan(value) else float(value) for value in row)
    return SurvivalStep(months=at, survival=share, low=low, high=high, at_risk=int((times >= at).sum()))

"""Swelling that goes down: the dose of seeds and tissue that draw together after the scan. Equation (V4)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.dose.base import Formalism, Method, SourceTerm, source_terms
from trocar.dose.points import dose_at_points
from trocar.errors import PlanError
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.region import Region
from trocar.geometry.value import Value
from trocar.plan.goals import Metric
from trocar.plan.plan import ImplantPlan
from trocar.results.verification import Interval
from trocar.workflow.histograms import SCREEN_ACCURACY, DoseAt, exact_dose, metric_value

PARTS = 12
"""Spans of time, each holding the same share of the dose."""


LARGEST_PERCENT = 200.0
"""More than threefold no organ swells."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Swelling(Value):
    """How much a target is swollen by the implant, and how fast that goes down.

    Parameters
    ----------
    at_implant_percent
        Volume at the implant over the volume without swelling, less 100 %.
    half_life_d
        In which half of it is gone.

    Raises
    ------
    PlanError
        Less than no swelling, more than threefold, or no half-life.
    """

    at_implant_percent: float
    half_life_d: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.at_implant_percent <= LARGEST_PERCENT and self.half_life_d > 0.0):
            raise PlanError(
                "verify.swelling-impossible",
                "a swelling of {percent} % with a half-life of {days} days was given; 0 to 200 % and more than 0 days "
                "are possible",
                percent=self.at_implant_percent,
                days=self.half_life_d,
            )

    def volume_after(self, hours: float) -> float:
        """Return the volume some hours after the implant, relative to that without swelling."""
        return 1.0 + 0.01 * self.at_implant_percent * float(0.5 ** (hours / (24.0 * self.half_life_d)))


def dose_while_shrinking(
    implanted: ImplantPlan, swelling: Swelling, *, about_lps_mm: Float[np.ndarray, " 3"], scanned_after_h: float
) -> DoseAt:
    """Return the total dose at places of the tissue as it lies on the scan, seeds and tissue shrinking alike.

    Parameters
    ----------
    implanted
        Seeds where the scan shows them.
    swelling
        Of the target.
    about_lps_mm
        The point that stays.
    scanned_after_h
        Hours from the implant to the scan.
    """
    terms = source_terms(implanted)
    life_h = terms[0].source.nuclide.mean_life_h
    shares = (np.arange(PARTS) + 0.5) / PARTS
    hours = -life_h * np.log1p(-shares)
    at_scan = swelling.volume_after(scanned_after_h)
    scales = [(swelling.volume_after(float(h)) / at_scan) ** (1.0 / 3.0) for h in hours]

    def dose_at(points: np.ndarray) -> np.ndarray:
        total = np.zeros(len(points))
        for scale in scales:
            moved = tuple(_scaled(term, scale, about_lps_mm) for term in terms)
            places = about_lps_mm + scale * (points - about_lps_mm)
            total += dose_at_points(moved, places, formalism=Formalism.LINE_2D, method=Method.TABULATED) / PARTS
        return total

    return dose_at


def resolved_metrics(
    implanted: ImplantPlan, swelling: Swelling, target: Region, *, scanned_after_h: float, reference_gy: float
) -> tuple[Interval, ...]:
    """Return D90 and V100 of a target: as it lies on the scan (``planned``), and with the swelling going down.

    Parameters
    ----------
    implanted, swelling, scanned_after_h
        As in `dose_while_shrinking`; the target's middle stays.
    target, reference_gy
        Its solid on the scan, and what V100 refers to.
    """
    dose = dose_while_shrinking(
        implanted, swelling, about_lps_mm=target.bounds_lps_mm.mean(axis=0), scanned_after_h=scanned_after_h
    )
    still, shrunk = (
        compute_dvh(target, each, name="target", accuracy=SCREEN_ACCURACY)
        for each in (exact_dose(source_terms(implanted), formalism=Formalism.LINE_2D), dose)
    )
    return tuple(
        Interval(
            name=name,
            unit=unit,
            planned=metric_value(Metric.parse(name), still, reference_gy=reference_gy),
            value=metric_value(Metric.parse(name), shrunk, reference_gy=reference_gy),
        )
        for name, unit in (("D90", "Gy"), ("V100", "%"))
    )


def _scaled(term: SourceTerm, scale: float, about: np.ndarray) -> SourceTerm:
    return SourceTerm(
        source=term.source,
        positions_lps_mm=about + scale * (term.positions_lps_mm - about),
        axes_lps=term.axes_lps,
        weight_u_h=term.weight_u_h,
    )

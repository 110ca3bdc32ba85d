"""Biologically effective dose of permanent implants, of external beam, and of both. Equations (B1) to (B8)."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from trocar.catalogue.nuclides import Nuclide
from trocar.catalogue.radiobiology import Radiobiology
from trocar.errors import EvaluateError
from trocar.geometry.value import Value
from trocar.units import HOURS_PER_DAY

Number = TypeVar("Number", float, np.ndarray)

EQUAL_RATES = 1e-4
"""Repair and decay closer than this, relative to decay, are taken for equal: there (B2) is 0/0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExternalBeam(Value):
    """A course of external beam given beside an implant.

    Parameters
    ----------
    fractions
        How many.
    dose_per_fraction_gy
        To the whole structure.
    overall_d
        Days from the first to the last fraction.
    implant_after_d
        Days from the first fraction to the implant; below 0 where the implant came first.

    Raises
    ------
    EvaluateError
        Not a course: no fraction, no dose, or negative time.
    """

    fractions: int
    dose_per_fraction_gy: float
    overall_d: float
    implant_after_d: float

    def __post_init__(self) -> None:
        if not (self.fractions > 0 and self.dose_per_fraction_gy > 0 and self.overall_d >= 0):
            raise EvaluateError(
                "evaluate.external-beam-invalid",
                "an external beam course of {fractions} fractions of {dose} Gy over {days} days was given; fractions "
                "and dose must be above 0, the time 0 days or more",
                fractions=self.fractions,
                dose=self.dose_per_fraction_gy,
                days=self.overall_d,
            )

    @property
    def dose_gy(self) -> float:
        """Total physical dose."""
        return self.fractions * self.dose_per_fraction_gy


def protracted_bed_gy(
    initial_rate_gy_per_h: Number, *, decay_per_h: float, repair_per_h: float, alpha_beta_gy: float, hours: float
) -> Number:
    """Return the BED of an exponentially decaying dose rate until a moment, D·RE (B1, B2), without repopulation.

    Parameters
    ----------
    initial_rate_gy_per_h
        Dose rate at the start.
    decay_per_h, repair_per_h
        λ of the source, 0 or more, and μ of the tissue, above 0.
    alpha_beta_gy
        α/β of the tissue.
    hours
        How long; ``inf`` for complete decay.
    """
    dose = initial_rate_gy_per_h * _area(decay_per_h, hours)
    memory = _memory(decay_per_h, repair_per_h, hours)
    return dose + 2.0 / alpha_beta_gy * initial_rate_gy_per_h**2 * memory


def _area(rate: float, hours: float) -> float:
    """Return ∫₀ᵀ exp(−rate t) dt."""
    if rate == 0.0:
        return hours
    return 1.0 / rate if np.isinf(hours) else -float(np.expm1(-rate * hours)) / rate


def _memory(decay: float, repair: float, hours: float) -> float:
    """Return the double integral of (B2), [A(2λ) − A(λ + μ)] / (μ − λ), A being the area under an exponential."""
    if abs(repair - decay) > EQUAL_RATES * decay:
        return (_area(2.0 * decay, hours) - _area(decay + repair, hours)) / (repair - decay)
    rate, step = 2.0 * decay, EQUAL_RATES * decay
    return (_area(rate - step, hours) - _area(rate + step, hours)) / (2.0 * step)


def effective_time_d(
    dose_gy: Float[np.ndarray, " n"], nuclide: Nuclide, tissue: Radiobiology
) -> Float[np.ndarray, " n"]:
    """Return the days after which the implant kills more slowly than clonogens are born (B3); inf without repopulation.

    Parameters
    ----------
    dose_gy
        Total dose to complete decay.

    Examples
    --------
    >>> from trocar.catalogue.nuclides import load_nuclide
    >>> from trocar.catalogue.radiobiology import load_radiobiology
    >>> effective_time_d(np.array([145.0]), load_nuclide("I-125"), load_radiobiology("prostate_cancer")).round(1)
    array([234.2])
    """
    decay_per_d = float(np.log(2.0)) / nuclide.half_life_d
    if tissue.loss_gy_per_d == 0.0:
        return np.full_like(dose_gy, np.inf)
    return np.asarray(np.log(np.maximum(dose_gy * decay_per_d / tissue.loss_gy_per_d, 1.0)) / decay_per_d)


def implant_bed_gy(
    dose_gy: Float[np.ndarray, " n"], nuclide: Nuclide, tissue: Radiobiology, *, external: ExternalBeam | None = None
) -> Float[np.ndarray, " n"]:
    """Return the BED of a permanent implant (B4), with external beam added where given (B5, B6).

    Parameters
    ----------
    dose_gy
        Total dose of the implant to complete decay, at voxels or read from a histogram: BED rises with dose, so the
        BED of D90 is the BED that 90 % of the volume receive.
    nuclide
        What decays.
    tissue
        Parameters.
    external
        Given evenly to the same tissue.

    Notes
    -----
    Never below 0: where repopulation outruns the implant from the start, nothing is gained and nothing is lost.
    """
    decay_per_h = float(np.log(2.0)) / (nuclide.half_life_d * HOURS_PER_DAY)
    kick_off = tissue.kick_off_d if external is None else tissue.kick_off_d - external.implant_after_d
    days = np.maximum(effective_time_d(dose_gy, nuclide, tissue), max(kick_off, 0.0))
    kill = _kill(dose_gy * decay_per_h, decay_per_h, tissue, days)
    lost_days = np.where(np.isinf(days), 0.0, np.maximum(days - kick_off, 0.0))
    if external is not None:
        kill = kill + fractionated_bed_gy(external.fractions, external.dose_per_fraction_gy, tissue.alpha_beta_gy)
        after_last = np.maximum(days + external.implant_after_d, external.overall_d)
        lost_days = np.where(np.isinf(days), 0.0, np.maximum(after_last - tissue.kick_off_d, 0.0))
    bed: np.ndarray = np.maximum(kill - tissue.loss_gy_per_d * lost_days, 0.0)
    return bed


def _kill(rate_gy_per_h: np.ndarray, decay_per_h: float, tissue: Radiobiology, days: np.ndarray) -> np.ndarray:
    """Return (B1) for many points with a time each."""
    hours = days * HOURS_PER_DAY
    repair = tissue.repair_per_h

    def area(rate: float) -> np.ndarray:
        return -np.expm1(-rate * hours) / rate

    if abs(repair - decay_per_h) > EQUAL_RATES * decay_per_h:
        memory = (area(2.0 * decay_per_h) - area(decay_per_h + repair)) / (repair - decay_per_h)
    else:
        step = EQUAL_RATES * decay_per_h
        memory = (area(2.0 * decay_per_h - step) - area(2.0 * decay_per_h + step)) / (2.0 * step)
    return np.asarray(rate_gy_per_h * area(decay_per_h) + 2.0 / tissue.alpha_beta_gy * rate_gy_per_h**2 * memory)


def fractionated_bed_gy(fractions: int, dose_per_fraction_gy: float, alpha_beta_gy: float) -> float:
    """Return n d (1 + d / (α/β)), with full repair between fractions (B5).

    Examples
    --------
    >>> fractionated_bed_gy(30, 2.0, 10.0)
    72.0
    """
    return fractions * dose_per_fraction_gy * (1.0 + dose_per_fraction_gy / alpha_beta_gy)


def eqd2_gy(bed_gy: Number, alpha_beta_gy: float) -> Number:
    """Return the dose in fractions of 2 Gy that has the same BED (B7).

    Examples
    --------
    >>> eqd2_gy(72.0, 10.0)
    60.0
    """
    return bed_gy / (1.0 + 2.0 / alpha_beta_gy)


def equivalent_uniform_bed_gy(
    bed_gy: Float[np.ndarray, " n"], volume_cc: Float[np.ndarray, " n"], *, alpha_per_gy: float
) -> float:
    """Return the uniform BED that leaves as many clonogens alive as the given ones (B8).

    Parameters
    ----------
    bed_gy, volume_cc
        BED and volume of voxels or of the steps of a histogram.
    alpha_per_gy
        α of the tissue.
    """
    least = float(bed_gy.min())
    alive = float(np.average(np.exp(-alpha_per_gy * (bed_gy - least)), weights=volume_cc))
    return least - float(np.log(alive)) / alpha_per_gy

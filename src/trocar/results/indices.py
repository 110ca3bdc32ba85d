"""Indices of an implant: what the target got and how the reference dose fits it."""

import math
from dataclasses import dataclass

from trocar.geometry.value import Value
from trocar.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate(Value):
    """A number and the standard error of its computation; the error is None where it is not known."""

    value: float
    standard_error: float | None

    def __str__(self) -> str:
        if not self.standard_error:
            return f"{self.value:.4g}"
        error = float(f"{self.standard_error:.1g}")
        decimals = max(0, -math.floor(math.log10(error)))
        return f"{self.value:.{decimals}f} ± {error:.{decimals}f}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImplantIndices(Value):
    """Dose and volume indices of a target, and the conformity of the reference dose.

    Errors are those of the sampling alone.

    Parameters
    ----------
    prescription_gy
        The dose that 100 % means; also the reference isodose.
    d90_gy, d100_gy
        Least dose to the hottest 90 % and to all of the target.
    v100_percent, v150_percent, v200_percent
        Share of the target that receives at least that percentage of the prescription.
    v_t_cc, v_ref_cc, v_t_ref_cc
        Volume of the target, volume enclosed by the reference isodose, and of what they share.
    ci
        Conformity index V_T,ref² / (V_T V_ref); None where V_ref is not known in full.
    ei
        External volume index (V_ref - V_T,ref) / V_T; None where V_ref is not known in full.
    hi
        Homogeneity index (V_T,ref - V_T,1.5ref) / V_T,ref; None where no part of the target receives the reference
        dose.
    remarks
        Why an index is missing.
    """

    prescription_gy: float
    d90_gy: Estimate
    d100_gy: Estimate
    v100_percent: Estimate
    v150_percent: Estimate
    v200_percent: Estimate
    v_t_cc: Estimate
    v_ref_cc: Estimate
    v_t_ref_cc: Estimate
    ci: Estimate | None
    ei: Estimate | None
    hi: Estimate | None
    remarks: tuple[Message, ...] = ()

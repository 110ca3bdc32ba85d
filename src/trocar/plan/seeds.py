"""Sources in the patient: permanent seeds and dwell positions."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strength(Value):
    """Air-kerma strength at a moment; never one without the other.

    Parameters
    ----------
    s_k_u
        S_K in U (µGy m²/h), positive.
    reference_at
        When it had this strength.

    Raises
    ------
    PlanError
        Not positive or not finite.
    """

    s_k_u: float
    reference_at: datetime

    def __post_init__(self) -> None:
        if not (np.isfinite(self.s_k_u) and self.s_k_u > 0):
            raise PlanError(
                "plan.strength-not-positive",
                "a source strength of {s_k_u} U was given; it must be above 0: "
                "enter the air-kerma strength of the certificate with its calibration date",
                s_k_u=self.s_k_u,
            )


def unit_axis(axis_lps: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    """Return a direction at length 1, read-only.

    Raises
    ------
    PlanError
        Zero or not finite.
    """
    length = float(np.linalg.norm(axis_lps))
    if not np.isfinite(length) or length < 1e-9:
        raise PlanError(
            "plan.axis-without-direction",
            "an axis of {axis_lps} has no direction; give any vector along the source",
            axis_lps=axis_lps.tolist(),
        )
    return frozen_array(axis_lps / length, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seed(Value):
    """One permanent seed.

    Parameters
    ----------
    position_lps_mm
        Centre.
    axis_lps
        Direction of the long axis, scaled to length 1 here; None where unknown (dose then uses φ_an).
    source_model
        Key of the source in the catalogue, such as ``I125_6711``.
    strength
        S_K and its reference time.
    needle
        Number of the needle it was or will be put in by; None where unknown.
    """

    position_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"] | None
    source_model: str
    strength: Strength
    needle: int | None = None

    def __post_init__(self) -> None:
        position = frozen_array(self.position_lps_mm, np.float64)
        if not np.isfinite(position).all():
            raise PlanError(
                "plan.seed-position-invalid",
                "a seed at {position} was given; a position is three finite numbers in mm",
                position=position.tolist(),
            )
        object.__setattr__(self, "position_lps_mm", position)
        if self.axis_lps is not None:
            object.__setattr__(self, "axis_lps", unit_axis(self.axis_lps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dwell(Value):
    """One stop of an afterloading source.

    Parameters
    ----------
    position_lps_mm
        Centre of the source.
    axis_lps
        Direction of the catheter there, scaled to length 1; None where unknown.
    time_s
        How long it stays in one fraction, 0 or more.
    """

    position_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"] | None
    time_s: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "position_lps_mm", frozen_array(self.position_lps_mm, np.float64))
        if self.axis_lps is not None:
            object.__setattr__(self, "axis_lps", unit_axis(self.axis_lps))
        if not (np.isfinite(self.time_s) and self.time_s >= 0):
            raise PlanError(
                "plan.dwell-time-invalid",
                "a dwell time of {time_s} s was given; it must be 0 or more",
                time_s=self.time_s,
            )

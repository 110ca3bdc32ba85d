"""Points at which a plan itself states a dose."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DosePoint(Value):
    """A point with the dose that the planning system computed there.

    Parameters
    ----------
    name
        As the plan names it.
    position_lps_mm
        Where.
    dose_gy
        Of all fractions.
    """

    name: str
    position_lps_mm: Float[np.ndarray, " 3"]
    dose_gy: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "position_lps_mm", frozen_array(self.position_lps_mm, np.float64))

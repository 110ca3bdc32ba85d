"""Needles and catheters: the way in."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Needle(Value):
    """A straight needle.

    Parameters
    ----------
    number
        From 1, as printed on the guide.
    entry_lps_mm
        Where it crosses the skin.
    tip_lps_mm
        Its tip.
    label
        Name on the template (``C4``) or empty.

    Raises
    ------
    PlanError
        Entry and tip coincide.
    """

    number: int
    entry_lps_mm: Float[np.ndarray, " 3"]
    tip_lps_mm: Float[np.ndarray, " 3"]
    label: str = ""

    def __post_init__(self) -> None:
        entry = frozen_array(self.entry_lps_mm, np.float64)
        tip = frozen_array(self.tip_lps_mm, np.float64)
        if not np.linalg.norm(tip - entry) > 1e-6:
            raise PlanError(
                "plan.needle-without-length",
                "needle {number} enters and ends at {tip}; give two different points",
                number=self.number,
                tip=tip.tolist(),
            )
        object.__setattr__(self, "entry_lps_mm", entry)
        object.__setattr__(self, "tip_lps_mm", tip)

    @property
    def length_mm(self) -> float:
        """From skin to tip."""
        return float(np.linalg.norm(self.tip_lps_mm - self.entry_lps_mm))

    @property
    def direction_lps(self) -> Float[np.ndarray, " 3"]:
        """Unit vector from entry to tip."""
        way: np.ndarray = (self.tip_lps_mm - self.entry_lps_mm) / self.length_mm
        return way

    def at_depth(self, depth_mm: float) -> Float[np.ndarray, " 3"]:
        """Return the point ``depth_mm`` below the skin along the needle."""
        point: np.ndarray = self.entry_lps_mm + depth_mm * self.direction_lps
        return point

"""`AblationChance`: how probable it is that an ablation kills the tumour, over what is not known of the tissue."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.results.tissue_death import DeathProbability


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationChance(Value):
    """Probability of death in the target.

    Parameters
    ----------
    death
        At every place.
    sure
        Probability from which a place counts as surely dead.
    tumour_least, tumour_least_lps_mm
        Least probability in the tumour, and where.
    tumour_sure_percent, margin_sure_percent
        Share of the tumour, and of its wanted margin in the organ, that is surely dead; None where no margin is wanted.
    """

    death: DeathProbability
    sure: float
    tumour_least: float
    tumour_least_lps_mm: Float[np.ndarray, " 3"]
    tumour_sure_percent: float
    margin_sure_percent: float | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tumour_least_lps_mm", frozen_array(self.tumour_least_lps_mm, np.float64))

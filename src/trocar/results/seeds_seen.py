"""Seeds as a scan shows them: what is looked for, and what was found."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedBody(Value):
    """The radio-opaque part of a seed.

    Parameters
    ----------
    length_mm
        Of the part that a CT shows as bright: the capsule.
    """

    length_mm: float


AXIS_KNOWN_DEG = 20.0
"""An axis known less well is taken for unknown: the anisotropy is then as wrong with it as without."""


class Verdict(Enum):
    """What the finder makes of a bright thing."""

    SEED = "seed"
    DOUBTFUL = "doubtful"
    OTHER = "not a seed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundSeed(Value):
    """A seed as the scan shows it.

    Parameters
    ----------
    position_lps_mm
        Centre.
    axis_lps
        Unit vector along it.
    confidence
        0 to 1, from mass, fit and neighbourhood.
    verdict
        `Verdict.SEED` at `SURE` and above; `Verdict.DOUBTFUL` is for a person to decide.
    position_sd_mm
        Standard deviation of the centre, from the residual of the fit.
    cluster
        Seeds that touch in the picture share a number.
    mass_ratio
        Its brightness summed over volume, relative to the typical seed of this scan.
    explained
        Share of the picture around it that the fitted seeds explain.
    axis_sd_deg
        Standard deviation of the axis' direction.
    by_hand
        Who set or accepted it; empty for what the finder found by itself.
    """

    position_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"]
    confidence: float
    verdict: Verdict
    position_sd_mm: float
    cluster: int
    mass_ratio: float
    explained: float
    axis_sd_deg: float
    by_hand: str = ""

    @property
    def axis_is_known(self) -> bool:
        """Whether the direction is known well enough for a two-dimensional dose."""
        return self.axis_sd_deg <= AXIS_KNOWN_DEG

    def __post_init__(self) -> None:
        object.__setattr__(self, "position_lps_mm", frozen_array(self.position_lps_mm, np.float64))
        object.__setattr__(self, "axis_lps", frozen_array(self.axis_lps, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Localisation(Value):
    """All that was found in a scan.

    Parameters
    ----------
    found
        Seeds and doubtful ones, by confidence.
    blur_mm
        Standard deviations of the scan's blur along x, y and z, as measured on isolated seeds.
    seed_mass_hu_mm3
        Brightness of a typical seed of this scan.
    """

    found: tuple[FoundSeed, ...]
    blur_mm: tuple[float, float, float]
    seed_mass_hu_mm3: float

    @property
    def seeds(self) -> tuple[FoundSeed, ...]:
        """Those taken for seeds."""
        return tuple(each for each in self.found if each.verdict is Verdict.SEED)

    @property
    def doubtful(self) -> tuple[FoundSeed, ...]:
        """Those that a person should look at."""
        return tuple(each for each in self.found if each.verdict is Verdict.DOUBTFUL)

"""`DeathMap`: where tissue is dead, by one model of death, with its edge between the voxels."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool

from trocar.errors import HeatError
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.units import cc_from_mm3


class DeathModel(Enum):
    """What counts as dead. The models disagree by a factor of four in volume: the choice is always shown."""

    CEM43_240 = "thermal dose of 240 equivalent minutes at 43 °C"
    ARRHENIUS = "Arrhenius integral of 1 (whitening of liver)"
    THREE_STATE = "three-state model, viability under 0.8"
    ABOVE_54_C = "highest temperature of 54 °C"
    ABOVE_50_C = "highest temperature of 50 °C"
    BELOW_MINUS_20_C = "lowest temperature of -20 °C"
    BELOW_MINUS_40_C = "lowest temperature of -40 °C"
    ICE = "frozen at some moment"

    @property
    def is_cold(self) -> bool:
        """Whether it is a model of freezing."""
        return self in COLD_MODELS


COLD_MODELS = (DeathModel.BELOW_MINUS_40_C, DeathModel.BELOW_MINUS_20_C, DeathModel.ICE)
HEAT_MODELS = (
    DeathModel.CEM43_240,
    DeathModel.ARRHENIUS,
    DeathModel.THREE_STATE,
    DeathModel.ABOVE_54_C,
    DeathModel.ABOVE_50_C,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeathMap(Value):
    """The zone of one death model, as a score whose zero level is the edge.

    Parameters
    ----------
    model
        Which model.
    score
        `Quantity.DEATH_SCORE`: positive where dead, zero on the edge, smooth across it, so that the edge can be found
        between the voxels by linear interpolation. Decades of the damage for Arrhenius and CEM43, viability for the
        three-state model, 10 K for isotherms.

    Raises
    ------
    HeatError
        The volume is not a score.
    """

    model: DeathModel
    score: Volume

    def __post_init__(self) -> None:
        if self.score.quantity is not Quantity.DEATH_SCORE:
            raise HeatError(
                "heat.death-map-quantity",
                "a death map was made of a volume of {given}; it needs a signed death score",
                given=self.score.quantity.value,
            )

    @property
    def dead_kji(self) -> Bool[np.ndarray, "k j i"]:
        """Which voxel centres are dead."""
        return np.asarray(self.score.values_kji >= 0)

    @property
    def volume_cc(self) -> float:
        """Volume inside the zero level; the level is found between voxels along each axis and the three averaged."""
        values = np.asarray(self.score.values_kji, dtype=np.float64)
        voxels = np.mean([_inside_length(values, axis) for axis in range(3)])
        return float(cc_from_mm3(float(voxels) * self.score.grid.voxel_volume_mm3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeathProbability(Value):
    """How probable death is at each place, over what is not known of the tissue.

    Parameters
    ----------
    model
        Death model of every sample.
    probability
        `Quantity.PROBABILITY`: share of the samples in which the place is dead.
    volumes_cc
        Volume of the zone in each sample, ascending.
    samples
        How many samples were computed; fewer than asked if cancelled.
    asked
        How many were asked for.
    seed
        Of the random numbers: the same seed gives the same answer.
    """

    model: DeathModel
    probability: Volume
    volumes_cc: tuple[float, ...]
    samples: int
    asked: int
    seed: int

    def volume_cc(self, quantile: float) -> float:
        """Return a quantile (0 to 1) of the zone's volume."""
        return float(np.quantile(np.array(self.volumes_cc), quantile))


def _inside_length(values: np.ndarray, axis: int) -> float:
    """Return the length in voxels where the score is positive along lines, its zero level found by interpolation."""
    lines = np.moveaxis(values, axis, -1)
    a, b = lines[..., :-1], lines[..., 1:]
    crosses = (a >= 0) != (b >= 0)
    span = np.where(crosses, a - b, 1.0)
    share_of_a = np.where(crosses, np.abs(a / span), 0.5)
    inside = np.where(a >= 0, share_of_a, 0.0) + np.where(b >= 0, 1.0 - share_of_a, 0.0)
    ends = 0.5 * ((lines[..., 0] >= 0).sum() + (lines[..., -1] >= 0).sum())
    return float(inside.sum() + ends)

"""`AblationMargin`: how far the ablation reaches beyond the tumour, point by point, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float

from trocar.geometry.mesh import Mesh
from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message

SIDES = {
    "R": Message(code="ablation.side-right", template="right (R)"),
    "L": Message(code="ablation.side-left", template="left (L)"),
    "A": Message(code="ablation.side-front", template="front (A)"),
    "P": Message(code="ablation.side-back", template="back (P)"),
    "S": Message(code="ablation.side-head", template="head (S)"),
    "I": Message(code="ablation.side-feet", template="feet (I)"),
}
MIDDLE = Message(code="ablation.side-middle", template="middle")


def side_words(letters: str) -> Message:
    """Return a direction in words, the strongest part first.

    Examples
    --------
    >>> side_words("PL").text()
    'back (P), left (L)'
    """
    told = MIDDLE
    for letter in reversed(letters):
        told = (
            SIDES[letter]
            if told is MIDDLE
            else Message(
                code="ablation.side-and", template="{side}, {further}", data={"side": SIDES[letter], "further": told}
            )
        )
    return told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginErrors(Value):
    """What blurs a measured margin, one standard deviation each.

    Parameters
    ----------
    registration_mm
        Target registration error, root mean square of its length; 0 where both were outlined on one scan.
    lesion_mm, zone_mm
        How far the whole outline of the lesion or the zone may lie too far out or in.
    """

    registration_mm: float
    lesion_mm: float
    zone_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginInterval(Value):
    """What the least margin may be, given the errors.

    Parameters
    ----------
    errors
        The errors assumed.
    low_mm, middle_mm, high_mm
        2.5, 50 and 97.5 percentiles of the least margin.
    chance_at_least
        Margin in mm to the probability that the least margin reaches it.
    samples, seed
        Of the Monte Carlo.
    """

    errors: MarginErrors
    low_mm: float
    middle_mm: float
    high_mm: float
    chance_at_least: Mapping[float, float]
    samples: int
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "chance_at_least", MappingProxyType(dict(self.chance_at_least)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThinPatch(Value):
    """A piece of the tumour's surface whose margin is less than wanted: where to ablate again.

    Parameters
    ----------
    least_mm
        Worst margin in it.
    worst_lps_mm
        Where.
    aim_lps_mm
        Middle of what is missing: between the tumour's surface and the wanted border, over the patch.
    area_mm2
        Of tumour surface.
    side
        Directions from the tumour's middle such as ``S``, ``RP``.
    """

    least_mm: float
    worst_lps_mm: Float[np.ndarray, " 3"]
    aim_lps_mm: Float[np.ndarray, " 3"]
    area_mm2: float
    side: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "worst_lps_mm", frozen_array(self.worst_lps_mm, np.float64))
        object.__setattr__(self, "aim_lps_mm", frozen_array(self.aim_lps_mm, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationMargin(Value):
    """The margin of one ablated tumour.

    Parameters
    ----------
    surface
        Of the tumour.
    signed_mm
        At each vertex: distance to the border of the zone, positive inside it.
    asked_mm
        The same, but only to borders that face surviving tissue of the organ: beyond the capsule no margin is asked.
        Equal to ``signed_mm`` where no organ was given.
    area_mm2
        What each vertex stands for.
    at_capsule
        Vertices where the tumour reaches the organ's surface.
    wanted_mm
        Margin that was aimed at.
    least_mm
        Least ``asked_mm``: the minimal ablative margin (MAM).
    least_any_mm
        Least ``signed_mm``, capsule or not.
    worst_lps_mm, worst_side
        Where ``asked_mm`` is least, and on which side of the tumour.
    percent_under
        Margin in mm to the share of the tumour's surface with less, in percent, from ``asked_mm``.
    capsule_covered_mm2, capsule_uncovered_mm2
        Tumour surface on the capsule inside and outside the zone.
    lesion_ml, zone_ml
        Volumes.
    uncovered_ml
        Tumour outside the zone.
    uncovered_with_margin_ml
        Tumour plus wanted margin, within the organ, outside the zone.
    patches
        Where the margin is thinner than wanted, worst first.
    interval
        None where no errors were given.
    remarks
        How the surfaces were found and what to doubt.
    """

    surface: Mesh
    signed_mm: Float[np.ndarray, " n"]
    asked_mm: Float[np.ndarray, " n"]
    area_mm2: Float[np.ndarray, " n"]
    at_capsule: Bool[np.ndarray, " n"]
    wanted_mm: float
    least_mm: float
    least_any_mm: float
    worst_lps_mm: Float[np.ndarray, " 3"]
    worst_side: str
    percent_under: Mapping[float, float]
    capsule_covered_mm2: float
    capsule_uncovered_mm2: float
    lesion_ml: float
    zone_ml: float
    uncovered_ml: float
    uncovered_with_margin_ml: float
    patches: tuple[ThinPatch, ...]
    interval: MarginInterval | None
    remarks: tuple[Message, ...] = ()

    def __post_init__(self) -> None:
        for name in ("signed_mm", "asked_mm", "area_mm2", "worst_lps_mm"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))
        object.__setattr__(self, "at_capsule", frozen_array(self.at_capsule, np.bool_))
        object.__setattr__(self, "percent_under", MappingProxyType(dict(self.percent_under)))

    @property
    def is_covered(self) -> bool:
        """Whether no part of the tumour that is asked for lies outside the zone."""
        return self.least_mm >= 0

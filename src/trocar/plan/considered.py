"""Needles that were considered: every candidate's account, and what became of it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.plan.access import Accesses


class Fate(Enum):
    """What became of a candidate, the best first."""

    USED = "used"
    OFFERED = "offered"
    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConsideredNeedles(Value):
    """Candidates with their accounts, one a row.

    Parameters
    ----------
    accesses
        Ends, lengths, angles, clearances; of a refused candidate, to the far border of the target.
    served_percent
        Share of the target's points within reach of each.
    fates
        Used in the plan; offered to the search and not used; allowed and not chosen; refused by a rule.
    numbers
        Number in the plan of those used, 0 of the others.
    reasons
        Why each was not chosen, or by which rules it was refused; nothing for those used.
    reach_mm
        Within which a point counts as served.
    farthest_mm
        Distances from here on are not told apart.
    tried, allowed
        Ways that were examined, and those of them that obey every rule: where there are many, not all are listed.
    """

    accesses: Accesses
    served_percent: Float[np.ndarray, " n"]
    fates: tuple[Fate, ...]
    numbers: tuple[int, ...]
    reasons: tuple[tuple[Message, ...], ...]
    reach_mm: float
    farthest_mm: float
    tried: int
    allowed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "served_percent", frozen_array(self.served_percent, np.float64))

    def __len__(self) -> int:
        return len(self.fates)

    def of(self, fate: Fate) -> int:
        """Return how many of the listed candidates met a fate."""
        return self.fates.count(fate)

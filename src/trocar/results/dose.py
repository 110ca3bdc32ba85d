"""`Dose`: a volume of dose and what kind of dose it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from trocar.errors import DoseError
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.results.provenance import Provenance


class DoseKind(Enum):
    """Which dose the numbers are."""

    TOTAL = "total, to complete decay or of all fractions"
    UNTIL = "delivered until a moment"
    FRACTION = "of one fraction"
    RATE = "initial dose rate"
    UNSTATED = "not stated by the file"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dose(Value):
    """A dose distribution.

    Parameters
    ----------
    volume
        In Gy, Gy/h or relative.
    kind
        Which dose.
    until
        The moment, for `DoseKind.UNTIL` only.
    provenance
        None for a dose read from a file that does not say.
    patient_id
        Patient ID it belongs to.
    plan_uid
        SOP Instance UID of the plan it belongs to; empty where unknown.
    """

    volume: Volume
    kind: DoseKind
    patient_id: str
    until: datetime | None = None
    provenance: Provenance | None = None
    plan_uid: str = ""

    def __post_init__(self) -> None:
        allowed = {Quantity.DOSE_GY, Quantity.DOSE_RATE_GY_PER_H, Quantity.RELATIVE_DOSE}
        if self.volume.quantity not in allowed or (self.kind is DoseKind.UNTIL) != (self.until is not None):
            raise DoseError(
                "dose.kind-and-quantity",
                "a dose of kind {kind} in {quantity} until {until} was given; "
                "a dose is in Gy, Gy/h or relative, and only a dose until a moment names the moment",
                kind=self.kind.name,
                quantity=self.volume.quantity.value,
                until=self.until,
            )

"""`Temperature`: a volume of temperature and which temperature it is."""

from dataclasses import dataclass
from enum import Enum

from trocar.errors import HeatError
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.results.provenance import Provenance


class TemperatureKind(Enum):
    """Which temperature the numbers are."""

    AT_MOMENT = "at one moment"
    HIGHEST = "the highest a place reached"
    LOWEST = "the lowest a place reached"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Temperature(Value):
    """A distribution of temperature.

    Parameters
    ----------
    volume
        In K; `trocar.units.celsius_from_kelvin` converts for people.
    kind
        Which temperature.
    at_s
        Time since the start of the treatment, for `TemperatureKind.AT_MOMENT` only.
    patient_id
        Patient ID it belongs to; empty for a phantom or an experiment.
    provenance
        What computed it; None for a measured one.

    Raises
    ------
    HeatError
        Not in K, or a moment is named for a temperature that has none (or the other way round).
    """

    volume: Volume
    kind: TemperatureKind
    patient_id: str
    at_s: float | None = None
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        names_moment = self.at_s is not None
        if self.volume.quantity is not Quantity.TEMPERATURE_K or names_moment != (
            self.kind is TemperatureKind.AT_MOMENT
        ):
            raise HeatError(
                "heat.temperature-kind-and-quantity",
                "a temperature of kind {kind} in {quantity} at {at_s} s was given; a temperature is in K, and only a "
                "temperature at one moment names the moment",
                kind=self.kind.name,
                quantity=self.volume.quantity.value,
                at_s=self.at_s,
            )

"""Physical constants: value, unit, uncertainty, source."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number of nature with the unit it is given in and where it comes from."""

    value: float
    unit: str
    uncertainty: float
    source: str


BOLTZMANN = Constant(value=1.380_649e-23, unit="J/K", uncertainty=0.0, source="SI 2019, exact")
MOLAR_GAS = Constant(
    value=8.314_462_618, unit="J/(mol K)", uncertainty=0.0, source="SI 2019, exact to the digits given"
)
VACUUM_PERMITTIVITY = Constant(value=8.854_187_8188e-12, unit="F/m", uncertainty=1.4e-21, source="CODATA 2022")
ELECTRON_REST_ENERGY = Constant(value=510.998_950_69, unit="keV", uncertainty=1.6e-7, source="CODATA 2022")

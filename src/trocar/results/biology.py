"""What a dose means to a tissue."""

from dataclasses import dataclass

from trocar.catalogue.radiobiology import Radiobiology
from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BiologicalDose(Value):
    """One number of a histogram, as physical and as biologically effective dose.

    Parameters
    ----------
    structure
        Name of the structure.
    tissue
        Parameters used.
    metric
        Such as ``D90`` or ``D2cc``.
    implant_gy
        Physical dose of the implant to complete decay.
    external_gy
        Physical dose of external beam; 0 for none.
    bed_gy, eqd2_gy
        Of both together.
    effective_days
        After which the implant no longer keeps up with repopulation; None without repopulation.
    """

    structure: str
    tissue: Radiobiology
    metric: str
    implant_gy: float
    external_gy: float
    bed_gy: float
    eqd2_gy: float
    effective_days: float | None

"""Points at which a brachytherapy RT Plan states the dose that its system computed."""

from pathlib import Path

import numpy as np

from trocar.dicom.attributes import Attributes
from trocar.dicom.brachy_prescription import fraction_group, fractions_of
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset
from trocar.plan.dose_points import DosePoint
from trocar.results.findings import Reading

SAME_POINT_MM = 0.1
"""A dose reference this near to a specification point lends it its name."""


def read_dose_points(path: Path) -> Reading[tuple[DosePoint, ...]]:
    """Return the dose specification points of the application setups with their doses, of all fractions.

    Only what is stated as the dose of a setup at a point (300A,00A2 with 300A,00A4) counts: prescribed, minimum and
    maximum doses of dose references are wishes, not results. Setups that share a point are added up.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    """
    noted = Deviations()
    attributes = Attributes.of(read_dataset(Path(path), noted=noted), where=Path(path).name, noted=noted)
    group = fraction_group(attributes, asked=None)
    if group is None:
        return Reading(value=())
    doses: dict[tuple[float, float, float], float] = {}
    for setup in group.items("ReferencedBrachyApplicationSetupSequence"):
        place = setup.numbers_or_none("BrachyApplicationSetupDoseSpecificationPoint")
        dose_gy = setup.number_or_none("BrachyApplicationSetupDose")
        if place is not None and len(place) == 3 and dose_gy:
            x, y, z = (float(value) for value in place)
            doses[(x, y, z)] = doses.get((x, y, z), 0.0) + dose_gy * fractions_of(group)
    names = _reference_names(attributes)
    return Reading(
        value=tuple(
            DosePoint(name=_name(place, names, number), position_lps_mm=np.array(place), dose_gy=dose)
            for number, (place, dose) in enumerate(doses.items(), start=1)
        )
    )


def _reference_names(attributes: Attributes) -> list[tuple[np.ndarray, str]]:
    names = []
    for reference in attributes.items("DoseReferenceSequence"):
        place = reference.numbers_or_none("DoseReferencePointCoordinates")
        if place is not None and len(place) == 3:
            names.append((np.array(place), reference.text_or("DoseReferenceDescription", "")))
    return names


def _name(place: tuple[float, float, float], names: list[tuple[np.ndarray, str]], number: int) -> str:
    for position, name in names:
        if name and np.linalg.norm(position - np.array(place)) <= SAME_POINT_MM:
            return name
    return f"point {number}"

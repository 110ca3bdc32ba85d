"""Doses at the two reference points of a gynaecological plan, as its own planning system states them in the plan."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from trocar.dicom.rtplan import read_plan
from trocar.dose.base import Formalism, Method, source_terms
from trocar.dose.points import dose_at_points

CONSTANT_RATIO = 1.1165 / 1.117
"""Dose-rate constant of the exporting system over ours."""


def stated_points(file: Path) -> dict[int, tuple[np.ndarray, float]]:
    """Return position and dose of every reference point, from the coefficients of the last stop of each channel."""
    plan = dcmread(file)
    (fractions,) = plan.FractionGroupSequence
    setup_gy = float(fractions.ReferencedBrachyApplicationSetupSequence[0].BrachyApplicationSetupDose)
    dose: dict[int, float] = {}
    for channel in plan.ApplicationSetupSequence[0].ChannelSequence:
        for item in channel.BrachyControlPointSequence[-1].BrachyReferencedDoseReferenceSequence:
            number = int(item.ReferencedDoseReferenceNumber)
            dose[number] = dose.get(number, 0.0) + setup_gy * float(item.CumulativeDoseReferenceCoefficient)
    return {
        int(point.DoseReferenceNumber): (
            np.array(point.DoseReferencePointCoordinates, dtype=float),
            dose[int(point.DoseReferenceNumber)],
        )
        for point in plan.DoseReferenceSequence
    }


@pytest.mark.parametrize(
    ("form", "least", "most"),
    [(Formalism.LINE_2D, 0.9999, 1.0001), (Formalism.LINE_1D, 0.98, 0.99), (Formalism.POINT_1D, 0.98, 0.99)],
)
def test_both_points_are_met_in_two_dimensions_only(
    shared_data: Path, form: Formalism, least: float, most: float
) -> None:
    file = shared_data / "tps-hdr-gyn-aria" / "RP.HDR.dcm"
    terms = source_terms(read_plan(file, source_model="Ir192_GammaMedPlus").value)
    for point, stated_gy in stated_points(file).values():
        (dose_gy,) = CONSTANT_RATIO * dose_at_points(terms, point[None], formalism=form, method=Method.DIRECT)
        assert least < dose_gy / stated_gy < most

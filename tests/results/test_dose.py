"""Doses, findings, provenance: which dose it is, where it comes from."""

from datetime import datetime

import numpy as np
import pytest

from trocar.errors import DoseError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.messages import Message
from trocar.results.dose import Dose, DoseKind
from trocar.results.findings import Deviation, Finding, Reading, Severity
from trocar.results.provenance import Provenance

GRID = Grid(shape_kji=(1, 1, 1), lps_from_ijk=np.eye(4))


def a_volume(quantity: Quantity = Quantity.DOSE_GY) -> Volume:
    return Volume(grid=GRID, values_kji=np.ones((1, 1, 1)), quantity=quantity, frame_uid="1")


@pytest.mark.parametrize("quantity", [Quantity.DOSE_GY, Quantity.DOSE_RATE_GY_PER_H, Quantity.RELATIVE_DOSE])
def test_a_dose_is_in_gray_gray_per_hour_or_relative(quantity: Quantity) -> None:
    assert Dose(volume=a_volume(quantity), kind=DoseKind.TOTAL, patient_id="p").volume.quantity is quantity


def test_an_image_is_no_dose() -> None:
    with pytest.raises(DoseError, match="HU"):
        Dose(volume=a_volume(Quantity.HOUNSFIELD), kind=DoseKind.TOTAL, patient_id="p")


def test_only_a_dose_until_a_moment_names_the_moment() -> None:
    moment = datetime(2026, 5, 1)
    assert Dose(volume=a_volume(), kind=DoseKind.UNTIL, patient_id="p", until=moment).until == moment
    with pytest.raises(DoseError, match="names the moment"):
        Dose(volume=a_volume(), kind=DoseKind.UNTIL, patient_id="p")
    with pytest.raises(DoseError, match="names the moment"):
        Dose(volume=a_volume(), kind=DoseKind.TOTAL, patient_id="p", until=moment)


def test_provenance_counts_in_the_identity_of_a_dose_and_cannot_be_edited() -> None:
    inputs = {"plan": "abc"}
    provenance = Provenance(engine="tg43", library_version="1", inputs=inputs)
    inputs["plan"] = "other"
    assert provenance.inputs["plan"] == "abc"
    with pytest.raises(TypeError):
        provenance.inputs["plan"] = "x"  # type: ignore[index]
    stated = Dose(volume=a_volume(), kind=DoseKind.TOTAL, patient_id="p", provenance=provenance)
    assert stated != Dose(volume=a_volume(), kind=DoseKind.TOTAL, patient_id="p")


def test_findings_and_deviations_are_equal_by_what_they_say() -> None:
    message = Message(code="demo.x", template="{n} of them", data={"n": 3})
    same = Message(code="demo.x", template="{n} of them", data={"n": 3})
    assert Finding(severity=Severity.ACTION, message=message) == Finding(severity=Severity.ACTION, message=same)
    assert Finding(severity=Severity.ACTION, message=message) != Finding(severity=Severity.NOTE, message=message)
    assert Deviation(message=message, where="a") != Deviation(message=message, where="b")
    assert Reading(value=5, deviations=(Deviation(message=message),)).deviations[0].where == ""

"""Whether objects belong together, and what is said where they do not."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from strategies import foreign_rt as foreign
from trocar.dicom.belonging import ObjectIdentity, belonging_findings, read_identity, require_belonging
from trocar.errors import RefusedObject
from trocar.results.findings import Severity

STORED = np.ones((2, 2, 2), dtype=np.uint16)


@pytest.fixture
def objects(tmp_path: Path) -> dict[str, Dataset]:
    plan = foreign.implant(foreign.setup_a_seed([(0, 0, 0)]))
    plan.SOPInstanceUID = "1.2.3.7"
    structures = foreign.structure_set({"CTV": [foreign.contour()]})
    structures.SOPInstanceUID = "1.2.3.8"
    plan.update(foreign.item(ReferencedStructureSetSequence=[foreign.item(ReferencedSOPInstanceUID="1.2.3.8")]))
    image = foreign.head(foreign.CT_CLASS, "CT", uid="1.2.3.4.1.0")
    image.SeriesInstanceUID = "1.2.3.4.1.8"
    return {"plan": plan, "dose": foreign.dose(STORED), "structures": structures, "image": image}


def identities(objects: dict[str, Dataset], tmp_path: Path) -> list[ObjectIdentity]:
    return [read_identity(foreign.saved(each, tmp_path / f"{name}.dcm")) for name, each in objects.items()]


def found(objects: dict[str, Dataset], tmp_path: Path) -> set[tuple[str, str]]:
    return {(each.severity.name, each.message.code) for each in belonging_findings(identities(objects, tmp_path))}


def test_objects_of_one_case_leave_nothing_to_say(objects: dict[str, Dataset], tmp_path: Path) -> None:
    assert found(objects, tmp_path) == set()
    assert require_belonging(identities(objects, tmp_path)) == ()


def test_another_patient_is_refused_with_both_identifiers(objects: dict[str, Dataset], tmp_path: Path) -> None:
    objects["dose"].PatientID = "P2"
    with pytest.raises(RefusedObject, match=r"P1: .*P2: dose\.dcm") as caught:
        require_belonging(identities(objects, tmp_path))
    assert caught.value.code == "belonging.other-patient"


@pytest.mark.parametrize("name", ["plan", "dose", "image"])
def test_another_frame_of_reference_is_refused(name: str, objects: dict[str, Dataset], tmp_path: Path) -> None:
    objects[name].FrameOfReferenceUID = "1.2.9"
    assert ("ACTION", "belonging.other-frame") in found(objects, tmp_path)


def test_the_dose_of_another_plan_is_refused(objects: dict[str, Dataset], tmp_path: Path) -> None:
    objects["plan"].SOPInstanceUID = "1.2.9"
    assert found(objects, tmp_path) == {("ACTION", "belonging.dose-of-other-plan")}


def test_lesser_doubts_are_findings(objects: dict[str, Dataset], tmp_path: Path) -> None:
    objects["plan"].PatientName = "Roe^Jane"
    objects["plan"].ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = "1.2.9"
    objects["image"].SeriesInstanceUID = "1.2.9"
    del objects["dose"].ReferencedRTPlanSequence, objects["dose"].FrameOfReferenceUID
    assert found(objects, tmp_path) == {
        ("ATTENTION", "belonging.patient-details-differ"),
        ("ATTENTION", "belonging.other-structures"),
        ("ATTENTION", "belonging.other-images"),
        ("NOTE", "belonging.dose-without-plan"),
        ("NOTE", "belonging.frame-not-stated"),
    }
    assert all(each.severity is not Severity.ACTION for each in require_belonging(identities(objects, tmp_path)))


def test_a_plan_alone_belongs_to_itself(objects: dict[str, Dataset], tmp_path: Path) -> None:
    del objects["plan"].FrameOfReferenceUID
    assert found({"plan": objects["plan"]}, tmp_path) == set()

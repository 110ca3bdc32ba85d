"""Whether structures lie on the images they are read with."""

from pathlib import Path

import numpy as np
import pytest

from strategies import foreign_rt as foreign
from trocar.dicom.rtstruct import read_structures
from trocar.errors import GeometryError, RefusedObject, TrocarError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient


def image(*, patient_id: str = "P1", frame_uid: str = foreign.FRAME, first_z: float = 0.0) -> Image:
    grid = Grid.axial(origin_lps_mm=(-20, -20, first_z), spacing_ijk_mm=(1, 1, 2.5), shape_kji=(5, 41, 41))
    values = np.zeros(grid.shape_kji, dtype=np.int16)
    return Image(
        volume=Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=frame_uid),
        patient=Patient(identifier=patient_id, name="Doe^Jane"),
        reference=ImageReference(
            study_uid="1.2.3.5",
            series_uid="1.2.3.4.1.8",
            frame_uid=frame_uid,
            sop_class_uid=foreign.CT_CLASS,
            instance_uids=tuple(f"{foreign.FRAME}.{index}" for index in range(5)),
            modality="CT",
        ),
        acquired_at=None,
    )


def met(points: object, tmp_path: Path, given: Image, **changed: object) -> list[str]:
    dataset = foreign.structure_set({"CTV": [foreign.contour(points, **changed)]})  # type: ignore[arg-type]
    reading = read_structures(foreign.saved(dataset, tmp_path / "set.dcm"), image=given)
    return [each.message.code for each in reading.deviations]


def moved(*, x: float = 0.0, z: float = 0.0) -> list[tuple[float, float, float]]:
    return [(a + x, b, c + z) for a, b, c in foreign.SQUARE]


def test_contours_on_slices_of_their_images_leave_nothing_to_say(tmp_path: Path) -> None:
    assert met(foreign.SQUARE, tmp_path, image()) == []


def test_a_structure_that_lies_wholly_beyond_the_images_is_refused(tmp_path: Path) -> None:
    for away in (moved(x=100), moved(z=50)):
        with pytest.raises(RefusedObject) as caught:
            met(away, tmp_path, image())
        assert caught.value.code == "rtstruct.structure-off-image"


def test_a_contour_partly_beyond_the_images_is_named(tmp_path: Path) -> None:
    assert met(moved(x=15), tmp_path, image()) == ["rtstruct.contour-beyond-image"]


def test_a_contour_between_slices_is_named(tmp_path: Path) -> None:
    assert met(moved(z=1.0), tmp_path, image()) == ["rtstruct.contour-between-slices"]


def test_contours_that_quote_other_slices_are_named(tmp_path: Path) -> None:
    quoted = [foreign.item(ReferencedSOPClassUID=foreign.CT_CLASS, ReferencedSOPInstanceUID="1.9.1")]
    codes = met(foreign.SQUARE, tmp_path, image(), ContourImageSequence=quoted)
    assert "rtstruct.drawn-on-other-slices" in codes


def test_images_of_another_patient_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedObject, match="P2") as caught:
        met(foreign.SQUARE, tmp_path, image(patient_id="P2"))
    assert caught.value.code == "rtstruct.other-patient"


def test_images_in_another_frame_of_reference_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError) as caught:
        met(foreign.SQUARE, tmp_path, image(frame_uid="1.2.9"))
    assert isinstance(caught.value, TrocarError)
    assert caught.value.code == "geometry.frame-differs"

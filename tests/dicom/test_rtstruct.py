"""Structure sets as other systems write them: everything drawn is kept, everything odd is named."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from strategies import foreign_rt as foreign
from trocar.dicom.rtstruct import read_structures
from trocar.errors import ChoiceNeeded, RefusedObject, TrocarError
from trocar.geometry.contours import ContourKind
from trocar.plan.structures import StructureSet
from trocar.results.findings import Reading

HOLE = ((3, 3, 5), (7, 3, 5), (7, 7, 5), (3, 7, 5))
KEYHOLE = (*foreign.SQUARE, (0, 0, 5), *HOLE, (3, 3, 5))
OTHER_FRAME = "1.2.3.4.2"


def read(dataset: Dataset, tmp_path: Path, **told: str) -> Reading[StructureSet]:
    return read_structures(foreign.saved(dataset, tmp_path / "set.dcm"), **told)  # type: ignore[arg-type]


def codes(reading: Reading[StructureSet]) -> set[str]:
    return {each.message.code for each in reading.deviations}


def refusal(dataset: Dataset, tmp_path: Path, **told: str) -> str:
    with pytest.raises(TrocarError) as caught:
        read(dataset, tmp_path, **told)
    return caught.value.code


def one(contours: list[Dataset]) -> Dataset:
    return foreign.structure_set({"CTV": contours})


def test_names_numbers_colours_and_types_are_kept(tmp_path: Path) -> None:
    reading = read(foreign.structure_set({"CTV": [foreign.contour()], "Rectum": [foreign.contour()]}), tmp_path)
    first, second = reading.value
    assert (first.number, first.name, first.colour_rgb, first.interpreted_type) == (1, "CTV", (255, 0, 1), "CTV")
    assert (second.number, second.name, second.interpreted_type) == (2, "Rectum", "")
    assert (reading.value.label, reading.value.frame_uid) == ("Set", foreign.FRAME)
    assert reading.value.patient.identifier == "P1"
    assert reading.deviations == ()


def test_the_images_drawn_on_are_named(tmp_path: Path) -> None:
    image = read(one([foreign.contour()]), tmp_path).value.image
    assert image is not None
    assert (image.study_uid, image.modality, len(image.instance_uids)) == ("1.2.3.5", "CT", 3)


def test_holes_keyholes_and_parts_are_kept_as_drawn(tmp_path: Path) -> None:
    drawn = [
        foreign.contour(),
        foreign.contour(HOLE),
        foreign.contour(KEYHOLE),
        foreign.contour(HOLE, "CLOSEDPLANAR_XOR"),
    ]
    (structure,) = read(one(drawn), tmp_path).value
    kinds = [contour.kind for contour in structure.contours]
    assert kinds == [ContourKind.CLOSED_PLANAR] * 3 + [ContourKind.CLOSED_PLANAR_XOR]
    assert structure.contours[2].points_lps_mm.tolist() == [list(map(float, point)) for point in KEYHOLE]


def test_open_curves_and_points_are_kept_and_enclose_nothing(tmp_path: Path) -> None:
    curve = ((0, 0, 0), (1, 5, 30), (2, 11, 60))
    drawn = [
        foreign.contour(curve, "OPEN_NONPLANAR"),
        foreign.contour(curve[:2], "OPEN_PLANAR"),
        foreign.contour(curve[:1], "POINT"),
    ]
    reading = read(one(drawn), tmp_path)
    (structure,) = reading.value
    assert [len(contour.points_lps_mm) for contour in structure.contours] == [3, 2, 1]
    assert not structure.is_region
    assert reading.deviations == ()


def test_oblique_and_unevenly_spaced_planes_are_kept(tmp_path: Path) -> None:
    tilted = [(x, 0.8 * y, 5 + 0.6 * y) for x, y, _ in foreign.SQUARE]
    sagittal = [(5, x, y) for x, y, _ in foreign.SQUARE]
    raised = [(x, y, 11.7) for x, y, _ in foreign.SQUARE]
    reading = read(one([foreign.contour(points) for points in (tilted, sagittal, raised)]), tmp_path)
    assert reading.deviations == ()
    assert len(next(iter(reading.value)).closed_contours) == 3


def test_empty_structures_are_kept(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": [], "Urethra": []})
    del dataset.ROIContourSequence[1].ContourSequence
    del dataset.ROIContourSequence[2]
    assert [len(each.contours) for each in read(dataset, tmp_path).value] == [1, 0, 0]


def test_wrong_point_counts_are_named_and_all_points_read(tmp_path: Path) -> None:
    drawn = [
        foreign.contour(NumberOfContourPoints=3),
        foreign.contour(NumberOfContourPoints=5),
        foreign.contour(NumberOfContourPoints=None),
    ]
    reading = read(one(drawn), tmp_path)
    assert [len(contour.points_lps_mm) for contour in next(iter(reading.value)).contours] == [4, 4, 4]
    (found,) = reading.deviations
    assert (found.message.code, found.message.data["n"]) == ("rtstruct.points-miscounted", 3)


def test_incomplete_coordinates_are_refused(tmp_path: Path) -> None:
    assert refusal(one([foreign.contour(ContourData=[0.0] * 11)]), tmp_path) == "rtstruct.coordinates-incomplete"


def test_coordinates_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = foreign.saved(one([foreign.contour([(1.25, 2, 3)] * 4)]), tmp_path / "set.dcm")
    raw = path.read_bytes()
    assert raw.count(b"1.25") == 4
    path.write_bytes(raw.replace(b"1.25", b"l.25", 1))
    with pytest.raises(RefusedObject):
        read_structures(path)


def test_a_contour_without_points_is_named(tmp_path: Path) -> None:
    assert codes(read(one([foreign.contour(ContourData=None)]), tmp_path)) == {"rtstruct.contour-without-points"}


def test_closed_contours_of_one_or_two_points_become_a_point_or_a_line(tmp_path: Path) -> None:
    reading = read(one([foreign.contour(foreign.SQUARE[:1]), foreign.contour(foreign.SQUARE[:2])]), tmp_path)
    kinds = [contour.kind for contour in next(iter(reading.value)).contours]
    assert kinds == [ContourKind.POINT, ContourKind.OPEN_PLANAR]
    assert codes(reading) == {"rtstruct.too-few-points"}


def test_a_point_of_several_points_is_named(tmp_path: Path) -> None:
    assert codes(read(one([foreign.contour(kind="POINT")]), tmp_path)) == {"rtstruct.point-of-several"}


@pytest.mark.parametrize(("lift_mm", "code"), [(0.005, None), (0.4, "rtstruct.contour-nearly-planar")])
def test_a_contour_slightly_off_its_plane_is_named(lift_mm: float, code: str | None, tmp_path: Path) -> None:
    warped = [*foreign.SQUARE[:3], (0, 10, 5 + lift_mm)]
    assert codes(read(one([foreign.contour(warped)]), tmp_path)) == ({code} if code else set())


def test_a_closed_contour_far_off_any_plane_is_refused(tmp_path: Path) -> None:
    warped = [*foreign.SQUARE[:3], (0, 10, 11)]
    assert refusal(one([foreign.contour(warped)]), tmp_path) == "rtstruct.contour-not-planar"


def test_an_unknown_kind_of_contour_is_refused(tmp_path: Path) -> None:
    assert refusal(one([foreign.contour(kind="SPLINE")]), tmp_path) == "dicom.attribute-invalid"
    assert refusal(one([foreign.contour(ContourGeometricType=None)]), tmp_path) == "dicom.attribute-missing"


# --- frames and references ------------------------------------------------------------------------------------------


def test_two_frames_of_reference_are_asked_about(tmp_path: Path) -> None:
    dataset = foreign.structure_set(
        {"CTV": [foreign.contour()], "Old CTV": [foreign.contour()]}, frames=[foreign.FRAME, OTHER_FRAME]
    )
    with pytest.raises(ChoiceNeeded, match="Old CTV"):
        read(dataset, tmp_path)
    reading = read(dataset, tmp_path, frame_uid=OTHER_FRAME)
    assert reading.value.names == ("Old CTV",)
    assert codes(reading) == {"rtstruct.structure-in-other-frame"}
    assert refusal(dataset, tmp_path, frame_uid="1.2.9") == "rtstruct.several-frames"


def test_an_empty_structure_in_another_frame_does_not_matter(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": []}, frames=[foreign.FRAME, OTHER_FRAME])
    assert read(dataset, tmp_path).value.names == ("CTV", "PTV")


def test_a_structure_without_frame_takes_the_only_one_and_that_is_named(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": [foreign.contour()]})
    del dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID
    assert codes(read(dataset, tmp_path)) == {"rtstruct.frame-assumed"}


def test_a_structure_without_frame_belongs_to_neither_of_two(tmp_path: Path) -> None:
    names = ("CTV", "PTV", "Rectum")
    dataset = foreign.structure_set(
        {name: [foreign.contour()] for name in names}, frames=[foreign.FRAME, OTHER_FRAME, foreign.FRAME]
    )
    del dataset.StructureSetROISequence[2].ReferencedFrameOfReferenceUID
    assert read(dataset, tmp_path, frame_uid=foreign.FRAME).value.names == ("CTV",)


def test_a_set_without_any_frame_has_to_be_told_its_own(tmp_path: Path) -> None:
    dataset = one([foreign.contour()])
    del dataset.ReferencedFrameOfReferenceSequence
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    assert refusal(dataset, tmp_path) == "rt.frame-missing"
    reading = read(dataset, tmp_path, frame_uid="1.2.9")
    assert (reading.value.frame_uid, reading.value.image) == ("1.2.9", None)
    assert codes(reading) == {"rtstruct.images-not-named"}


def test_of_several_series_the_one_that_contours_quote_is_taken_and_named(tmp_path: Path) -> None:
    quoted = foreign.item(ReferencedSOPClassUID=foreign.CT_CLASS, ReferencedSOPInstanceUID="1.9.2")
    dataset = one([foreign.contour(ContourImageSequence=[quoted])])
    (study,) = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    study.RTReferencedSeriesSequence.append(foreign.item(SeriesInstanceUID="1.9", ContourImageSequence=[quoted]))
    reading = read(dataset, tmp_path)
    assert reading.value.image is not None
    assert reading.value.image.series_uid == "1.9"
    assert next(iter(reading.value)).contours[0].image_uid == "1.9.2"
    assert codes(reading) == {"rtstruct.several-series"}


def test_slices_that_the_set_does_not_list_are_named(tmp_path: Path) -> None:
    strange = [
        foreign.item(ReferencedSOPClassUID=foreign.CT_CLASS, ReferencedSOPInstanceUID=f"1.9.{n}") for n in (1, 2)
    ]
    reading = read(one([foreign.contour(ContourImageSequence=strange)]), tmp_path)
    assert codes(reading) == {"rtstruct.slice-not-listed", "rtstruct.contour-on-several-slices"}


# --- numbers that do not fit ----------------------------------------------------------------------------------------


def test_contours_of_an_undefined_structure_are_named_and_left_out(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": [foreign.contour()]})
    del dataset.StructureSetROISequence[1]
    reading = read(dataset, tmp_path)
    assert (reading.value.names, codes(reading)) == (("CTV",), {"rtstruct.contours-of-no-structure"})


def test_contours_of_one_structure_in_two_places_are_put_together(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": [foreign.contour(HOLE)]})
    dataset.ROIContourSequence[1].ReferencedROINumber = 1
    reading = read(dataset, tmp_path)
    assert [len(each.contours) for each in reading.value] == [2, 0]
    assert codes(reading) == {"rtstruct.contours-in-parts"}


def test_one_number_for_two_structures_is_refused(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"CTV": [foreign.contour()], "PTV": [foreign.contour()]})
    dataset.StructureSetROISequence[1].ROINumber = 1
    assert refusal(dataset, tmp_path) == "rtstruct.number-twice"


@pytest.mark.parametrize("colour", [[255, 0], [256, 0, 0], [-1, 0, 0]])
def test_an_impossible_colour_is_ignored_and_named(colour: list[int], tmp_path: Path) -> None:
    dataset = one([foreign.contour()])
    dataset.ROIContourSequence[0].ROIDisplayColor = colour
    reading = read(dataset, tmp_path)
    assert (next(iter(reading.value)).colour_rgb, codes(reading)) == (None, {"rtstruct.colour-invalid"})


def test_two_different_types_of_one_structure_are_named(tmp_path: Path) -> None:
    dataset = one([foreign.contour()])
    dataset.RTROIObservationsSequence.append(foreign.item(ReferencedROINumber=1, RTROIInterpretedType="ORGAN"))
    reading = read(dataset, tmp_path)
    assert (next(iter(reading.value)).interpreted_type, codes(reading)) == ("CTV", {"rtstruct.types-differ"})


def test_a_plan_is_no_structure_set(tmp_path: Path) -> None:
    assert refusal(foreign.implant(foreign.setup_a_seed([(0, 0, 0)])), tmp_path) == "rt.other-object"


def test_chinese_names_are_read(tmp_path: Path) -> None:
    dataset = foreign.structure_set({"前列腺": [foreign.contour()]}, SpecificCharacterSet="GB18030")
    assert read(dataset, tmp_path).value.names == ("前列腺",)


def test_contours_longer_than_explicit_vr_allows_are_read(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    ring = np.column_stack([50 * np.cos(angle), 50 * np.sin(angle), np.zeros_like(angle)]).round(3)
    reading = read(one([foreign.contour(ring.tolist()) for _ in range(3)]), tmp_path)
    assert next(iter(reading.value)).contours[2].points_lps_mm == pytest.approx(ring)

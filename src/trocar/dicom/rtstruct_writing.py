"""`StructureSet` to an RT Structure Set."""

from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID, ImplicitVRLittleEndian

from trocar.dicom.clock import date_text, time_text
from trocar.dicom.contours import PLANAR_WITHIN_MM, off_plane_mm
from trocar.dicom.heading import (
    LONG_TEXT,
    LONGEST_DECIMAL,
    building,
    headed,
    reference_for,
    require_study,
    require_text,
    require_whole_number,
    write_frame,
    written_label,
)
from trocar.dicom.references import STUDY_CLASS_UID, ObjectReference, instance_item, instance_items
from trocar.dicom.writing import decimal, save
from trocar.errors import DicomError
from trocar.geometry.contours import CLOSED_KINDS, Contour, ContourKind
from trocar.plan.patient import ImageReference
from trocar.plan.structures import Structure, StructureSet

STRUCTURE_SET_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.3"
CARRIED_OVER = "carried over from another image by registration"
_CONTOUR_DATA = 0x30060050


def write_structures(
    structures: StructureSet,
    path: Path,
    *,
    at: datetime,
    study_uid: str | None = None,
    series_uid: str | None = None,
) -> ObjectReference:
    """Write an RT Structure Set.

    Parameters
    ----------
    structures
        At least one structure; empty ones are written too.
    path
        File to write; nothing is left there if this fails.
    at
        When it is written, local time.
    study_uid
        Study to file it in, where the set names no images: with images it is theirs.
    series_uid
        Series to file it in; one of its own where not given.

    Returns
    -------
    ObjectReference
        What a plan or a dose quotes.

    Raises
    ------
    DicomError
        A name that DICOM cannot hold, no structure, no study, a contour that is not what it is called, or no room to
        write.
    """
    image = structures.image
    study = require_study(image.study_uid if image else study_uid, modality="RTSTRUCT")
    if not len(structures):
        raise DicomError("rtstruct.nothing-to-write", "the structure set is empty; a file needs at least one structure")
    reference = reference_for(
        sop_class_uid=STRUCTURE_SET_CLASS_UID,
        study_uid=study,
        at=at,
        content=(structures.content_hash,),
        series_uid=series_uid,
    )
    with building(path):
        dataset = _dataset(structures, reference, at)
    save(dataset, path)
    return reference


def _dataset(structures: StructureSet, reference: ObjectReference, at: datetime) -> Dataset:
    image = structures.image
    dataset = headed(reference, patient=structures.patient, modality="RTSTRUCT", description="Structures", at=at)
    write_frame(dataset, structures.frame_uid)
    short, long = written_label(structures.label, attribute="StructureSetLabel")
    dataset.StructureSetLabel, dataset.StructureSetName = short, long
    dataset.StructureSetDate, dataset.StructureSetTime = date_text(at), time_text(at)
    dataset.ReferencedFrameOfReferenceSequence = Sequence([_frame_item(structures.frame_uid, image)])
    dataset.StructureSetROISequence = Sequence([_roi_item(each, structures.frame_uid) for each in structures])
    dataset.ROIContourSequence = Sequence([_contours_item(each, image) for each in structures])
    dataset.RTROIObservationsSequence = Sequence([_observation_item(each) for each in structures])
    dataset.ApprovalStatus = "UNAPPROVED"
    # Contour Data may exceed the 65 534 bytes that explicit VR allows a decimal string.
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def _frame_item(frame_uid: str, image: ImageReference | None) -> Dataset:
    frame = Dataset()
    frame.FrameOfReferenceUID = UID(frame_uid)
    if image is not None:
        series = Dataset()
        series.SeriesInstanceUID = UID(image.series_uid)
        series.ContourImageSequence = instance_items(image.sop_class_uid, image.instance_uids)
        study = instance_item(STUDY_CLASS_UID, image.study_uid)
        study.RTReferencedSeriesSequence = Sequence([series])
        frame.RTReferencedStudySequence = Sequence([study])
    return frame


def _roi_item(structure: Structure, frame_uid: str) -> Dataset:
    item = Dataset()
    item.ROINumber = require_whole_number(structure.number, attribute="ROINumber")
    item.ReferencedFrameOfReferenceUID = UID(frame_uid)
    name = structure.name
    item.ROIName = require_text(name, attribute="ROIName", longest=LONG_TEXT)
    item.ROIGenerationAlgorithm = ""
    if structure.carried:
        item.ROIGenerationDescription = CARRIED_OVER
    return item


def _contours_item(structure: Structure, image: ImageReference | None) -> Dataset:
    item = Dataset()
    if structure.colour_rgb is not None:
        item.ROIDisplayColor = list(structure.colour_rgb)
    if structure.contours:
        item.ContourSequence = Sequence(
            [_contour_item(each, number, structure, image) for number, each in enumerate(structure.contours, start=1)]
        )
    item.ReferencedROINumber = structure.number
    return item


def _contour_item(contour: Contour, number: int, structure: Structure, image: ImageReference | None) -> Dataset:
    _require_true_to_kind(contour, structure)
    item = Dataset()
    if contour.image_uid:
        if image is None:
            raise DicomError(
                "rtstruct.slice-without-images",
                "a contour of structure {name} quotes a slice, but the set does not name its images; "
                "give the set its image reference",
                name=structure.name,
            )
        item.ContourImageSequence = Sequence([instance_item(image.sop_class_uid, contour.image_uid)])
    item.ContourGeometricType = contour.kind.value
    item.NumberOfContourPoints = len(contour.points_lps_mm)
    item.ContourNumber = number
    item[_CONTOUR_DATA] = _contour_data(contour)
    item.set_original_encoding(True, True)  # else pydicom parses the coordinates to write them
    return item


def _contour_data(contour: Contour) -> RawDataElement:
    """Return the coordinates as the bytes of the file: made one by one, a hundred thousand of them take seconds."""
    text = "\\".join(_decimal(value) for value in contour.points_lps_mm.ravel().tolist())
    data = (text + " " * (len(text) % 2)).encode("ascii")
    return RawDataElement(Tag(_CONTOUR_DATA), "DS", len(data), data, 0, True, True)


def _decimal(value: float) -> str:
    exact = repr(value + 0.0)
    if len(exact) > LONGEST_DECIMAL:
        return decimal(value)
    return exact.removesuffix(".0")


def _require_true_to_kind(contour: Contour, structure: Structure) -> None:
    points = contour.points_lps_mm
    is_closed = contour.kind in CLOSED_KINDS
    if (
        (is_closed and (len(points) < 3 or off_plane_mm(points) > PLANAR_WITHIN_MM))
        or (contour.kind is ContourKind.POINT and len(points) != 1)
        or np.abs(points).max() >= 1e6
    ):
        raise DicomError(
            "rtstruct.contour-not-writable",
            "a contour of structure {name} with {n} points is called {kind}; a closed contour needs three points or "
            "more in one plane, a point is one, and coordinates stay below 1 km",
            name=structure.name,
            n=len(points),
            kind=contour.kind.value,
        )


def _observation_item(structure: Structure) -> Dataset:
    item = Dataset()
    item.ObservationNumber = structure.number
    item.ReferencedROINumber = structure.number
    item.RTROIInterpretedType = structure.interpreted_type
    item.ROIInterpreter = ""
    return item

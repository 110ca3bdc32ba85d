"""Segments to a DICOM Segmentation, built by highdicom: binary, fractional or label map."""

from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np
from highdicom.content import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from highdicom.enum import CoordinateSystemNames
from highdicom.seg import Segmentation as HighdicomSegmentation
from highdicom.seg import (
    SegmentationFractionalTypeValues,
    SegmentationTypeValues,
    SegmentDescription,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code as PydicomCode

from trocar import __version__
from trocar.dicom.clock import date_text, time_text
from trocar.dicom.heading import building
from trocar.dicom.image_writer import reference_for_slices, slice_dataset
from trocar.dicom.patient import write_patient
from trocar.dicom.segmentation import Algorithm, Code, Segment, Segmentation, Share
from trocar.dicom.text import WrittenCharset
from trocar.dicom.uids import derived_uid
from trocar.dicom.writing import save
from trocar.errors import DicomError
from trocar.geometry.volume import require_same_frame
from trocar.plan.patient import Image

FRACTION_STEPS = 255
"""Shares are written in steps of 1/255."""


class Storage(Enum):
    """How voxels are stored."""

    PLANES = "a plane of bits, or of shares, for each segment: any overlap"
    LABEL_MAP = "one number a voxel: no overlap, small files"


def write_seg(
    segmentation: Segmentation,
    path: Path,
    *,
    image: Image,
    at: datetime,
    storage: Storage = Storage.PLANES,
    charset: WrittenCharset = WrittenCharset.GB18030,
) -> str:
    """Write segments as a DICOM Segmentation that refers to the image they were drawn on.

    Parameters
    ----------
    segmentation
        Segments numbered 1, 2, 3 ..., on the grid of the image or on another one in its frame of reference.
    path
        File; an older one of that name is replaced if all goes well.
    image
        What they were drawn on.
    at
        When, local time.
    storage
        Planes or label map.
    charset
        Of names and labels.

    Returns
    -------
    str
        SOP Instance UID, which follows from the content and from ``at``.

    Raises
    ------
    DicomError
        Numbers have gaps, shares or overlap do not fit the storage, or the file cannot be written.
    GeometryError
        The image lies in another frame of reference.
    """
    _require_writable(segmentation, storage)
    if segmentation.patient.identifier != image.patient.identifier:
        raise DicomError(
            "dicom.seg-other-patient",
            "the segments are of patient {given}, the image of patient {other}; they do not belong together",
            given=segmentation.patient.identifier,
            other=image.patient.identifier,
        )
    require_same_frame(segmentation.frame_uid, image.volume.frame_uid, first="the segmentation", second="the image")
    instance_uid = derived_uid("segmentation", segmentation.content_hash, image.reference.series_uid, at.isoformat())
    with building(path):
        dataset = _built(segmentation, image, instance_uid, at=at, storage=storage, charset=charset)
    save(dataset, path)
    return instance_uid


def _require_writable(segmentation: Segmentation, storage: Storage) -> None:
    numbers = [segment.number for segment in segmentation.segments]
    if not numbers or sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise DicomError(
            "dicom.seg-numbers",
            "segments are numbered {numbers}; a written segmentation needs 1, 2, 3 … without gaps",
            numbers=numbers,
        )
    unnamed = [segment.number for segment in segmentation.segments if not segment.label.strip()]
    if unnamed:
        raise DicomError("dicom.seg-unnamed", "segments {numbers} have no label; give each one", numbers=unnamed)
    if storage is Storage.LABEL_MAP and (segmentation.share is not Share.WHOLE or segmentation.overlaps):
        raise DicomError(
            "dicom.seg-not-a-label-map",
            "a label map holds neither overlapping segments nor shares; write planes instead",
        )


def _built(
    segmentation: Segmentation,
    image: Image,
    instance_uid: str,
    *,
    at: datetime,
    storage: Storage,
    charset: WrittenCharset,
) -> Dataset:
    dataset: Dataset = HighdicomSegmentation(
        source_images=_sources(image, at, charset),
        pixel_array=_pixels(segmentation, storage),
        segmentation_type=_type(segmentation, storage),
        segment_descriptions=[_description(each) for each in _ordered(segmentation)],
        series_instance_uid=derived_uid("series", instance_uid),
        series_number=1,
        sop_instance_uid=instance_uid,
        instance_number=1,
        manufacturer="Trocar",
        manufacturer_model_name="Trocar",
        software_versions=__version__,
        device_serial_number="1",
        fractional_type=_fractional_type(segmentation),
        max_fractional_value=FRACTION_STEPS,
        content_label=_content_label(segmentation.label),
        omit_empty_frames=True,
        **_placement(segmentation, image),
    )
    dataset.SpecificCharacterSet = charset.value
    write_patient(dataset, segmentation.patient)
    dataset.SeriesDescription = dataset.ContentDescription = segmentation.label
    _add_algorithms(dataset, segmentation)
    for step in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{step}Date", date_text(at))
        setattr(dataset, f"{step}Time", time_text(at))
    return dataset


def _add_algorithms(dataset: Dataset, segmentation: Segmentation) -> None:
    """Say who drew each segment; highdicom would ask for a coded family of algorithms as well, which nobody knows."""
    for item in dataset.SegmentSequence:
        if item.SegmentNumber < 1:
            continue
        segment = segmentation.numbered(int(item.SegmentNumber))
        item.SegmentAlgorithmType = segment.algorithm.value
        if segment.algorithm is not Algorithm.MANUAL:
            item.SegmentAlgorithmName = segment.algorithm_name or "Trocar"


def _ordered(segmentation: Segmentation) -> list[Segment]:
    return sorted(segmentation.segments, key=lambda segment: segment.number)


def _content_label(label: str) -> str:
    """Return a label as Content Label, a code string, allows it: capitals, digits, blanks and underscores."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in label.upper()).strip("_")
    return kept[:16] or "SEGMENTATION"


def _sources(image: Image, at: datetime, charset: WrittenCharset) -> list[Dataset]:
    """Return what highdicom asks of the images that were segmented; their pixels are not asked for."""
    reference = reference_for_slices(image)
    _, rows, columns = image.volume.grid.shape_kji
    sources = []
    for k in range(image.volume.grid.shape_kji[0]):
        dataset = slice_dataset(image, reference, k, at=at, charset=charset)
        dataset.Rows, dataset.Columns = rows, columns
        dataset.PatientName = "^"  # highdicom doubts names of one component, as Chinese ones are; written afterwards
        sources.append(dataset)
    return sources


def _placement(segmentation: Segmentation, image: Image) -> dict[str, object]:
    """Return where planes lie if not on those of the image."""
    grid = segmentation.grid
    if grid == image.volume.grid:
        return {}
    spacing_i, spacing_j, _ = grid.spacing_ijk_mm
    step_i, step_j, step_k = grid.steps_lps_mm
    distance = abs(float(step_k @ np.cross(step_i, step_j))) / (spacing_i * spacing_j)
    system = CoordinateSystemNames.PATIENT
    return {
        "pixel_measures": PixelMeasuresSequence(
            pixel_spacing=[spacing_j, spacing_i], slice_thickness=distance, spacing_between_slices=distance
        ),
        "plane_orientation": PlaneOrientationSequence(system, [*(step_i / spacing_i), *(step_j / spacing_j)]),
        "plane_positions": [
            PlanePositionSequence(system, (grid.origin_lps_mm + k * step_k).tolist()) for k in range(grid.shape_kji[0])
        ],
    }


def _type(segmentation: Segmentation, storage: Storage) -> SegmentationTypeValues:
    if storage is Storage.LABEL_MAP:
        return SegmentationTypeValues.LABELMAP
    is_whole = segmentation.share is Share.WHOLE
    return SegmentationTypeValues.BINARY if is_whole else SegmentationTypeValues.FRACTIONAL


def _fractional_type(segmentation: Segmentation) -> SegmentationFractionalTypeValues:
    is_occupancy = segmentation.share is Share.OCCUPANCY
    types = SegmentationFractionalTypeValues
    return types.OCCUPANCY if is_occupancy else types.PROBABILITY


def _pixels(segmentation: Segmentation, storage: Storage) -> np.ndarray:
    if storage is Storage.LABEL_MAP:
        return segmentation.labels().values_kji
    dtype = np.uint8 if segmentation.share is Share.WHOLE else np.float32
    planes = [segmentation.values(segment.number).astype(dtype) for segment in _ordered(segmentation)]
    return np.stack(planes, axis=-1)


def _description(segment: Segment) -> SegmentDescription:
    description = SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=_pydicom_code(segment.category),
        segmented_property_type=_pydicom_code(segment.kind),
        algorithm_type=Algorithm.MANUAL.value,
        tracking_uid=segment.tracking_uid or None,
        tracking_id=segment.tracking_id or None,
    )
    if segment.description:
        description.SegmentDescription = segment.description
    if segment.colour_lab is not None:
        description.RecommendedDisplayCIELabValue = list(segment.colour_lab)
    return description


def _pydicom_code(code: Code) -> PydicomCode:
    return PydicomCode(code.value, code.scheme, code.meaning)

"""`Image` to a series of CT or MR files, explicit VR little endian, one a slice."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from trocar.dicom.clock import date_text, time_text
from trocar.dicom.contradictions import AXES_BY_POSITION, orientation_letters
from trocar.dicom.heading import building
from trocar.dicom.patient import write_patient
from trocar.dicom.slices import CT_IMAGE, HARMLESS_AXIS_ERROR, MR_IMAGE, SINGLE_FRAME
from trocar.dicom.text import WrittenCharset
from trocar.dicom.uids import derived_uid
from trocar.dicom.writing import decimal, decimals, new_object, replacing_folder, save
from trocar.errors import DicomError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity
from trocar.plan.patient import Image, ImageReference

USUAL_CT_RANGE_HU = (-1024, 3071)
"""What twelve bits hold with an intercept of -1024 HU, as scanners write."""
FINEST_BINARY_FRACTION = 8
"""Values that are whole multiples of 2⁻⁸ or coarser are written exactly; finer ones need a resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How values become stored samples: value = stored × slope + intercept."""

    slope: float
    intercept: float
    is_signed: bool
    bits_stored: int


def write_image(
    image: Image,
    folder: Path,
    *,
    at: datetime,
    charset: WrittenCharset = WrittenCharset.GB18030,
    resolution: float | None = None,
) -> tuple[Path, ...]:
    """Write an image as a series of files in a new folder, which appears whole or not at all.

    UIDs are those of ``image.reference``; a multi-frame or interpolated image, whose planes have no UID each, gets
    new ones that follow from them. An image that was changed must be given new UIDs first.

    Parameters
    ----------
    image
        CT in HU, or MR.
    folder
        Must not exist, or be empty.
    at
        When the files are made, local time.
    charset
        Of names and descriptions.
    resolution
        Step to which values are rounded; None demands that sixteen bits hold them exactly.

    Returns
    -------
    tuple of Path
        The files, in the order of k.

    Raises
    ------
    DicomError
        The image is neither CT nor MR, its values do not fit, or the folder cannot be written.
    """
    packing = packing_of(image.volume.values_kji, image.volume.quantity, resolution=resolution)
    reference = reference_for_slices(image)
    names = tuple(f"{reference.modality}{k + 1:04d}.dcm" for k in range(image.volume.grid.shape_kji[0]))
    with replacing_folder(folder) as unfinished:
        for k, name in enumerate(names):
            with building(unfinished / name):
                dataset = slice_dataset(image, reference, k, at=at, charset=charset)
                _add_pixels(dataset, image, k, packing, resolution)
            save(dataset, unfinished / name)
    return tuple(Path(folder) / name for name in names)


def reference_for_slices(image: Image) -> ImageReference:
    """Return UIDs for one single-frame file a slice: those of the image, or new ones derived from them.

    Raises
    ------
    DicomError
        The image is neither CT nor MR.
    """
    given, count = image.reference, image.volume.grid.shape_kji[0]
    sop_class = {Quantity.HOUNSFIELD: CT_IMAGE, Quantity.MR_SIGNAL: MR_IMAGE}.get(image.volume.quantity)
    if sop_class is None:
        raise DicomError(
            "dicom.image-not-writable",
            "a volume of {quantity} cannot be written as an image series; allowed: HU as CT, MR signal as MR",
            quantity=image.volume.quantity.value,
        )
    is_single = given.sop_class_uid in SINGLE_FRAME and len(set(given.instance_uids)) == count
    if is_single and len(given.instance_uids) == count:
        return given
    return ImageReference(
        study_uid=given.study_uid,
        series_uid=derived_uid("single frames", given.series_uid),
        frame_uid=given.frame_uid,
        sop_class_uid=sop_class,
        instance_uids=tuple(derived_uid("frame", *given.instance_uids, str(k)) for k in range(count)),
        modality=SINGLE_FRAME[sop_class],
    )


def slice_dataset(image: Image, reference: ImageReference, k: int, *, at: datetime, charset: WrittenCharset) -> Dataset:
    """Return all of one slice's file but its pixels and scale."""
    dataset = new_object(
        sop_class_uid=reference.sop_class_uid, sop_instance_uid=reference.instance_uids[k], at=at, charset=charset
    )
    write_patient(dataset, image.patient)
    _add_study(dataset, image, reference)
    _add_plane(dataset, image.volume.grid, k)
    dataset.InstanceNumber = k + 1
    dataset.AcquisitionNumber = None
    if reference.sop_class_uid == CT_IMAGE:
        dataset.KVP = None
        dataset.GantryDetectorTilt = decimal(round(tilt_degree(image.volume.grid), 3))
    else:
        _add_unknown_mr_parameters(dataset)
    return dataset


def packing_of(values: np.ndarray, quantity: Quantity, *, resolution: float | None) -> Packing:
    """Return how values are packed into sixteen bits, exactly unless a resolution is given.

    Raises
    ------
    DicomError
        They are not finite, not whole multiples of a binary fraction, or too far apart.
    """
    if resolution is not None and not (np.isfinite(resolution) and resolution > 0.0):
        raise DicomError("dicom.resolution-invalid", "a resolution of {given} is no positive number", given=resolution)
    if not np.isfinite(values).all():
        raise DicomError("dicom.values-not-finite", "the image holds infinite or undefined values; an image cannot")
    slope = _exact_step(values) if resolution is None else resolution
    low, high = (round(float(each) / slope) for each in (values.min(), values.max()))
    usual = [round(each / slope) for each in USUAL_CT_RANGE_HU]
    if quantity is Quantity.HOUNSFIELD and slope == 1.0 and usual[0] <= low and high <= usual[1]:
        return Packing(slope=slope, intercept=float(usual[0]), is_signed=False, bits_stored=12)
    if low >= 0 and high < 2**16:
        return Packing(slope=slope, intercept=0.0, is_signed=False, bits_stored=16)
    if low >= -(2**15) and high < 2**15:
        return Packing(slope=slope, intercept=0.0, is_signed=True, bits_stored=16)
    if high - low < 2**16:
        return Packing(slope=slope, intercept=low * slope, is_signed=False, bits_stored=16)
    raise DicomError(
        "dicom.values-too-far-apart",
        "values from {low:g} to {high:g} in steps of {step:g} do not fit sixteen bits; give a coarser resolution",
        low=float(values.min()),
        high=float(values.max()),
        step=slope,
    )


def _exact_step(values: np.ndarray) -> float:
    """Return the coarsest binary fraction of which all values are whole multiples."""
    if np.issubdtype(values.dtype, np.integer) or values.dtype == np.bool_:
        return 1.0
    for power in range(FINEST_BINARY_FRACTION + 1):
        step = 2.0**-power
        if np.array_equal(np.rint(values / step), values / step):
            return step
    raise DicomError(
        "dicom.values-not-whole",
        "the values are not whole multiples of 1/256, so sixteen bits cannot hold them exactly; round them, or give "
        "the resolution to which they may be rounded",
    )


def _add_pixels(dataset: Dataset, image: Image, k: int, packing: Packing, resolution: float | None) -> None:
    values = image.volume.values_kji[k].astype(np.float64)
    stored = np.rint((values - packing.intercept) / packing.slope).astype("<i2" if packing.is_signed else "<u2")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, packing.bits_stored, packing.bits_stored - 1
    dataset.PixelRepresentation = int(packing.is_signed)
    if image.volume.quantity is Quantity.HOUNSFIELD:
        dataset.RescaleIntercept, dataset.RescaleSlope = decimal(packing.intercept), decimal(packing.slope)
        dataset.RescaleType = "HU"
        dataset.WindowCenter, dataset.WindowWidth = "40", "400"
    elif (packing.slope, packing.intercept) != (1.0, 0.0):
        dataset.RescaleIntercept, dataset.RescaleSlope = decimal(packing.intercept), decimal(packing.slope)
        dataset.RescaleType = "US"
    if resolution is not None:
        dataset.DerivationDescription = f"values rounded to multiples of {resolution:g}"
    dataset.PixelData = stored.tobytes()


def _add_study(dataset: Dataset, image: Image, reference: ImageReference) -> None:
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = UID(reference.study_uid), UID(reference.series_uid)
    when = image.acquired_at
    for step in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{step}Date", date_text(when) if when else "")
        setattr(dataset, f"{step}Time", time_text(when) if when else "")
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = "1", "", ""
    dataset.StudyDescription, dataset.SeriesDescription = image.study_description, image.description
    dataset.Modality, dataset.SeriesNumber, dataset.Laterality = reference.modality, 1, ""
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL" if reference.modality == "CT" else "OTHER"]
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = UID(image.volume.frame_uid), ""


def _add_plane(dataset: Dataset, grid: Grid, k: int) -> None:
    spacing_i, spacing_j, _ = grid.spacing_ijk_mm
    step_i, step_j, step_k = grid.steps_lps_mm
    axes = np.stack([step_i / spacing_i, step_j / spacing_j])
    if abs(float(axes[0] @ axes[1])) > HARMLESS_AXIS_ERROR:
        raise DicomError(
            "dicom.slices-sheared",
            "the rows and columns of the grid are not at right angles, which no image slice can be; resample it first",
        )
    normal = np.cross(*axes)
    dataset.PixelSpacing = [decimal(spacing_j), decimal(spacing_i)]
    dataset.ImageOrientationPatient = decimals(axes)
    dataset.ImagePositionPatient = decimals(grid.origin_lps_mm + k * step_k)
    dataset.SliceThickness = decimal(abs(float(step_k @ normal)))
    dataset.SliceLocation = decimal(float((grid.origin_lps_mm + k * step_k) @ normal))
    dataset.PatientPosition = patient_position(grid)


def tilt_degree(grid: Grid) -> float:
    """Return the angle between the step from slice to slice and the normal of the slices."""
    step_i, step_j, step_k = grid.steps_lps_mm
    normal = np.cross(step_i, step_j)
    along_mm = abs(float(step_k @ normal)) / float(np.linalg.norm(normal))
    across_mm = float(np.linalg.norm(np.cross(step_k, normal))) / float(np.linalg.norm(normal))
    return float(np.degrees(np.arctan2(across_mm, along_mm)))


def patient_position(grid: Grid) -> str:
    """Return the Patient Position whose scan has these rows and columns, empty where none has."""
    letters = orientation_letters(grid)[:2]
    return next((position for position, axes in AXES_BY_POSITION.items() if axes == letters), "")


def _add_unknown_mr_parameters(dataset: Dataset) -> None:
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""
    dataset.MRAcquisitionType = ""
    dataset.RepetitionTime = dataset.EchoTime = dataset.EchoTrainLength = None

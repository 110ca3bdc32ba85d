"""What one file says of its slices: whose, where, on which scale; pixels are left where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from pydicom.dataset import FileDataset
from pydicom.uid import MediaStorageDirectoryStorage

from trocar.dicom.attributes import Attributes
from trocar.dicom.clock import datetime_from_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import MEMORY_BUDGET_BYTES, Header, meta_uid, read_header
from trocar.dicom.patient import read_patient
from trocar.errors import RefusedObject
from trocar.geometry.value import frozen_array
from trocar.plan.patient import Patient

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
LEGACY_ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.4"
SINGLE_FRAME = MappingProxyType({CT_IMAGE: "CT", MR_IMAGE: "MR"})
MULTI_FRAME = MappingProxyType(
    {ENHANCED_CT: "CT", LEGACY_ENHANCED_CT: "CT", ENHANCED_MR: "MR", LEGACY_ENHANCED_MR: "MR"}
)
"""SOP classes of images that become volumes, with their modality."""

LOSSY_SYNTAXES = MappingProxyType(
    {
        "1.2.840.10008.1.2.4.50": "JPEG baseline",
        "1.2.840.10008.1.2.4.51": "JPEG extended",
        "1.2.840.10008.1.2.4.81": "JPEG-LS near-lossless",
        "1.2.840.10008.1.2.4.91": "JPEG 2000",
        "1.2.840.10008.1.2.4.203": "HTJ2K",
    }
)
"""Transfer syntaxes that lose information, or may, unless the file says that it did not."""

HARMLESS_AXIS_ERROR = 1e-4
"""Departure of direction cosines from unit length or right angles left as it is: rounding to four digits."""
TOLERATED_AXIS_ERROR = 1e-2
"""Largest departure that is corrected, with a deviation; beyond it the orientation is not one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """How the samples of a file are packed (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    photometric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One image file without its pixels.

    Parameters
    ----------
    path
        Where it is.
    syntax
        Transfer syntax UID.
    pixels_at
        Offset of the pixel data element; None for a deflated file.
    frames
        Number of frames.
    acquired_at
        Scanner's clock.
    """

    path: Path
    sop_class_uid: str
    instance_uid: str
    series_uid: str
    study_uid: str
    modality: str
    patient: Patient
    layout: PixelLayout
    syntax: str
    is_little_endian: bool
    is_implicit: bool
    pixels_at: int | None
    frames: int
    acquired_at: datetime | None
    series_description: str
    study_description: str
    patient_position: str
    lossy: str

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.path.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The line that turns stored values into measured ones."""

    slope: float
    intercept: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """One plane of samples in patient space.

    Parameters
    ----------
    source, frame
        File and number of the frame in it, from 0.
    frame_uid
        Frame of reference; empty where not stated.
    position_lps_mm
        Centre of the first sample.
    axis_i, axis_j
        Unit vectors from a sample to the next in its row and in its column.
    spacing_ij_mm
        Distance between samples along them.
    padding
        Least and greatest stored value that mean "no sample here"; None where none is stated.
    thickness_mm, spacing_mm
        As stated; None where not.
    image_type
        Values of Image Type or Frame Type.
    number
        Instance number, or that of the frame.
    tilt_degree
        Gantry tilt as stated.
    row_letters, column_letters
        Patient Orientation as stated; empty where not.
    traits
        What tells acquisitions and contrasts apart, by attribute.
    """

    source: Source
    frame: int
    frame_uid: str
    position_lps_mm: Float[np.ndarray, "3"]
    axis_i: Float[np.ndarray, "3"]
    axis_j: Float[np.ndarray, "3"]
    spacing_ij_mm: tuple[float, float]
    scale: Scale
    padding: tuple[int, int] | None
    thickness_mm: float | None
    spacing_mm: float | None
    image_type: tuple[str, ...]
    number: int | None
    tilt_degree: float | None
    row_letters: str
    column_letters: str
    traits: Mapping[str, str]

    @property
    def name(self) -> str:
        """File, and frame where there are several, for messages."""
        return self.source.name if self.source.frames == 1 else f"{self.source.name} frame {self.frame + 1}"

    @property
    def is_localizer(self) -> bool:
        """Whether the scanner called it a localizer (scout, topogram)."""
        return any(value in ("LOCALIZER", "SCOUT", "TOPOGRAM") for value in self.image_type)

    @property
    def normal(self) -> Float[np.ndarray, "3"]:
        """Unit vector across the slice."""
        across = np.cross(self.axis_i, self.axis_j)
        return np.asarray(across / np.linalg.norm(across))


PHYSICAL_TRAITS = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "EchoNumbers",
    "EchoTime",
    "InversionTime",
    "DiffusionBValue",
    "NominalPercentageOfCardiacPhase",
    "TriggerTime",
    "KVP",
    "ConvolutionKernel",
    "ImageType",
)
"""Differences in these mean different pictures of the same place."""

ACQUISITION_TRAITS = ("StackID", "AcquisitionNumber", "AcquisitionTime", "AcquisitionDateTime", "SOPInstanceUID")
"""Differences in these are normal within one picture, and tell two apart only if their slices clash."""


def read_source(path: Path, *, budget_bytes: int = MEMORY_BUDGET_BYTES) -> tuple[Source, Attributes] | None:
    """Return what a file says of itself with its attributes, or None if it holds no CT or MR slices.

    Raises
    ------
    UnreadableFile
        It cannot be decoded.
    RefusedObject
        It lacks what an image must have.
    """
    noted = Deviations()
    header = read_header(path, noted=noted, budget_bytes=budget_bytes)
    attributes = Attributes.of(header.dataset, where=Path(path).name, noted=noted)
    if meta_uid(header.dataset, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return None
    sop_class = attributes.uid("SOPClassUID")
    modality = SINGLE_FRAME.get(sop_class) or MULTI_FRAME.get(sop_class)
    if modality is None:
        return None
    source = source_of(Path(path), header, attributes, modality=modality, bits_allocated=(8, 16, 32))
    if sop_class in SINGLE_FRAME and source.frames != 1:
        attributes.refuse("NumberOfFrames", str(source.frames), "1")
    return source, attributes


def source_of(
    path: Path, header: Header, attributes: Attributes, *, modality: str, bits_allocated: tuple[int, ...]
) -> Source:
    """Return what an image file says of itself.

    Parameters
    ----------
    path, header, attributes
        The file, as opened.
    modality
        What its class says it is.
    bits_allocated
        Those that a file of its class may have.

    Raises
    ------
    RefusedObject
        It lacks what an image must have.
    """
    implicit, little = header.dataset.original_encoding
    return Source(
        path=path,
        sop_class_uid=attributes.uid("SOPClassUID"),
        instance_uid=attributes.uid("SOPInstanceUID"),
        series_uid=attributes.uid("SeriesInstanceUID"),
        study_uid=attributes.uid("StudyInstanceUID"),
        modality=modality,
        patient=read_patient(attributes),
        layout=_layout(attributes, bits_allocated),
        syntax=_syntax(header.dataset, implicit=bool(implicit), little=bool(little)),
        is_little_endian=bool(little),
        is_implicit=bool(implicit),
        pixels_at=header.pixels_at,
        frames=_frames(attributes),
        acquired_at=_acquired_at(attributes),
        series_description=attributes.text_or("SeriesDescription", "").strip(),
        study_description=attributes.text_or("StudyDescription", "").strip(),
        patient_position=attributes.text_or("PatientPosition", "").strip().upper(),
        lossy=_lossy(attributes, meta_uid(header.dataset, "TransferSyntaxUID")),
    )


def single_slice(source: Source, attributes: Attributes) -> Slice:
    """Return the slice of a single-frame CT or MR image.

    Raises
    ------
    RefusedObject
        Position, orientation, spacing or scale is missing or impossible.
    """
    axis_i, axis_j = plane_axes(attributes)
    letters = attributes.texts("PatientOrientation")
    return Slice(
        source=source,
        frame=0,
        frame_uid=attributes.uid_or("FrameOfReferenceUID", ""),
        position_lps_mm=frozen_array(attributes.numbers("ImagePositionPatient", 3), np.float64),
        axis_i=axis_i,
        axis_j=axis_j,
        spacing_ij_mm=in_plane_spacing(attributes),
        scale=read_scale(attributes, modality=source.modality),
        padding=padding_range(attributes),
        thickness_mm=_positive_or_none(attributes.number_or_none("SliceThickness")),
        spacing_mm=_positive_or_none(attributes.number_or_none("SpacingBetweenSlices")),
        image_type=tuple(text.upper() for text in attributes.texts("ImageType")),
        number=attributes.integer_or_none("InstanceNumber"),
        tilt_degree=attributes.number_or_none("GantryDetectorTilt"),
        row_letters=letters[0] if len(letters) == 2 else "",
        column_letters=letters[1] if len(letters) == 2 else "",
        traits=read_traits(attributes),
    )


def plane_axes(attributes: Attributes) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vectors along rows and columns.

    Raises
    ------
    RefusedObject
        They are not two unit vectors at right angles.
    """
    cosines = attributes.numbers("ImageOrientationPatient", 6).reshape(2, 3)
    error = float(np.abs(cosines @ cosines.T - np.eye(2)).max())
    if error > TOLERATED_AXIS_ERROR:
        attributes.refuse(
            "ImageOrientationPatient",
            ", ".join(f"{each:g}" for each in cosines.ravel()),
            "two unit vectors at right angles",
        )
    if error > HARMLESS_AXIS_ERROR:
        attributes.noted.note(
            "dicom.axes-corrected",
            "the orientation is {error:.4f} off two unit vectors at right angles; it was made exact",
            where=attributes.file,
            error=error,
        )
        across = np.cross(*cosines)
        cosines = np.stack([cosines[0], np.cross(across, cosines[0])])
        cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    return frozen_array(cosines[0], np.float64), frozen_array(cosines[1], np.float64)


def in_plane_spacing(attributes: Attributes) -> tuple[float, float]:
    """Return the spacing along i and along j; DICOM states them the other way round."""
    spacing = attributes.numbers("PixelSpacing", 2)
    if spacing.min() <= 0.0:
        attributes.refuse("PixelSpacing", "\\".join(f"{each:g}" for each in spacing), "two positive lengths in mm")
    return float(spacing[1]), float(spacing[0])


def read_scale(attributes: Attributes, *, modality: str) -> Scale:
    """Return slope, intercept and unit; a CT must state them, an MR image without them is as stored.

    Raises
    ------
    RefusedObject
        A CT without rescale, a slope of zero, or a lookup table in their place.
    """
    if attributes.has("ModalityLUTSequence"):
        attributes.refuse("ModalityLUTSequence", "a lookup table", "a rescale slope and intercept")
    slope, intercept = attributes.number_or_none("RescaleSlope"), attributes.number_or_none("RescaleIntercept")
    if modality == "CT" and (slope is None or intercept is None):
        raise RefusedObject(
            "dicom.ct-without-scale",
            "{where} states no rescale slope and intercept, so its values are not Hounsfield units; "
            "export the original images",
            where=attributes.where,
        )
    if slope == 0.0:
        attributes.refuse("RescaleSlope", "0", "a number other than 0")
    unit = attributes.text_or("RescaleType", "").strip().upper()
    return Scale(slope=1.0 if slope is None else slope, intercept=intercept or 0.0, unit=unit)


def padding_range(attributes: Attributes) -> tuple[int, int] | None:
    """Return the stored values, least and greatest, that stand for no sample."""
    value = attributes.integer_or_none("PixelPaddingValue")
    if value is None:
        return None
    limit = attributes.integer_or_none("PixelPaddingRangeLimit")
    limit = value if limit is None else limit
    return min(value, limit), max(value, limit)


def read_traits(attributes: Attributes) -> Mapping[str, str]:
    """Return the stated ones of the attributes that tell acquisitions and contrasts apart."""
    keywords = (*PHYSICAL_TRAITS, *ACQUISITION_TRAITS)
    stated = {keyword: attributes.text_or(keyword, "").strip() for keyword in keywords if keyword != "SOPInstanceUID"}
    return MappingProxyType({keyword: text for keyword, text in stated.items() if text})


def _positive_or_none(number: float | None) -> float | None:
    return number if number is not None and number > 0.0 else None


def _layout(attributes: Attributes, bits_allocated: tuple[int, ...]) -> PixelLayout:
    """Return the packing of samples.

    Raises
    ------
    RefusedObject
        Colour, or a packing that CT and MR images cannot have.
    """
    photometric = attributes.text("PhotometricInterpretation").strip().upper()
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or attributes.integer_or_none("SamplesPerPixel") not in (
        1,
        None,
    ):
        attributes.refuse("PhotometricInterpretation", photometric, "MONOCHROME1, MONOCHROME2 with one sample a pixel")
    allocated, stored = attributes.integer("BitsAllocated"), attributes.integer("BitsStored")
    high = attributes.integer_or_none("HighBit")
    high = stored - 1 if high is None else high
    if allocated not in bits_allocated or not 1 <= stored <= allocated or not stored - 1 <= high < allocated:
        attributes.refuse(
            "BitsAllocated",
            f"{allocated} with {stored} stored up to bit {high}",
            f"{', '.join(map(str, bits_allocated))}, holding the bits stored",
        )
    signed = attributes.integer("PixelRepresentation")
    if signed not in (0, 1):
        attributes.refuse("PixelRepresentation", str(signed), "0, 1")
    rows, columns = attributes.integer("Rows"), attributes.integer("Columns")
    if rows < 1 or columns < 1:
        attributes.refuse("Rows", f"{rows} with {columns} columns", "at least 1")
    return PixelLayout(
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        is_signed=bool(signed),
        photometric=photometric,
    )


def _frames(attributes: Attributes) -> int:
    frames = attributes.integer_or_none("NumberOfFrames")
    if frames is not None and frames < 1:
        attributes.refuse("NumberOfFrames", str(frames), "at least 1")
    return 1 if frames is None else frames


def _syntax(dataset: FileDataset, *, implicit: bool, little: bool) -> str:
    """Return the stated transfer syntax, or the uncompressed one that the bytes show."""
    stated = meta_uid(dataset, "TransferSyntaxUID")
    if stated:
        return stated
    return "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"


def _acquired_at(attributes: Attributes) -> datetime | None:
    """Return the earliest clock that the scanner states nearest to the acquisition."""
    stated = datetime_from_text(attributes.text_or("AcquisitionDateTime", ""))
    if stated:
        return stated
    for step in ("Acquisition", "Content", "Series", "Study"):
        if found := attributes.moment_or_none(f"{step}Date", f"{step}Time"):
            return found
    return None


def _lossy(attributes: Attributes, syntax: str) -> str:
    """Return how pixels lost information, empty where they did not."""
    stated = attributes.text_or("LossyImageCompression", "").strip()
    if stated != "01" and (syntax not in LOSSY_SYNTAXES or stated == "00"):
        return ""
    method = attributes.text_or("LossyImageCompressionMethod", "").strip() or LOSSY_SYNTAXES.get(syntax, "?")
    ratio = attributes.text_or("LossyImageCompressionRatio", "").strip()
    return f"{method} {ratio}:1" if ratio else method

"""Small CT and MR series made with pydicom alone, so that the readers are not tested by our own writers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"

ROOT = "2.25.4711"
STUDY, SERIES, FRAME = f"{ROOT}.1", f"{ROOT}.2", f"{ROOT}.3"
ROWS, COLUMNS = 4, 6
SPACING = (0.75, 0.5)
"""Between rows, then between columns, as Pixel Spacing states them."""

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def uid(*parts: object) -> str:
    return str(generate_uid(entropy_srcs=[ROOT, *map(str, parts)]))


def stored_values(n: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Return samples no two of which are equal: slice × 100 + row × 10 + column."""
    k, j, i = np.meshgrid(np.arange(n), np.arange(rows), np.arange(columns), indexing="ij")
    return (100 * k + 10 * j + i).astype(np.uint16)


def ct_slice(
    k: int = 0,
    *,
    position: Sequence[float] = (-10.0, -20.0, 0.0),
    axes: Sequence[Sequence[float]] = AXIAL,
    stored: np.ndarray | None = None,
    sop_class: str = CT_IMAGE,
) -> Dataset:
    """Return a complete single-frame CT, ready to be saved or spoiled."""
    pixels = stored_values(k + 1)[k] if stored is None else stored
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid("instance", k, tuple(position))
    ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = "P1", "Test^One", "19500102", "F"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = STUDY, SERIES, FRAME
    ds.Modality = "CT" if sop_class in (CT_IMAGE, ENHANCED_CT) else "MR"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.AcquisitionDate, ds.AcquisitionTime = "20260102", "030405"
    ds.SeriesDescription, ds.StudyDescription = "thin", "abdomen"
    ds.InstanceNumber, ds.AcquisitionNumber, ds.PatientPosition = k + 1, 1, "HFS"
    ds.KVP, ds.ConvolutionKernel, ds.SliceThickness = "120", "B30", "2"
    ds.ImagePositionPatient = [f"{x:.10g}" for x in position]
    ds.ImageOrientationPatient = [f"{x:.10g}" for axis in axes for x in axis]
    ds.PixelSpacing = list(SPACING)
    ds.RescaleSlope, ds.RescaleIntercept = "1", "-1024"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.PixelData = pixels.astype("<u2").tobytes()
    return ds


Spoil = Callable[[Dataset, int], None]


def ct_series(
    n: int = 5,
    *,
    start: Sequence[float] = (-10.0, -20.0, 30.0),
    step: Sequence[float] = (0.0, 0.0, 2.0),
    axes: Sequence[Sequence[float]] = AXIAL,
    sop_class: str = CT_IMAGE,
    spoil: Spoil | None = None,
) -> list[Dataset]:
    """Return the slices of an even series, each passed through ``spoil``."""
    slices = []
    for k in range(n):
        position = np.asarray(start, dtype=float) + k * np.asarray(step, dtype=float)
        ds = ct_slice(k, position=position.tolist(), axes=axes, sop_class=sop_class)
        if spoil:
            spoil(ds, k)
        slices.append(ds)
    return slices


def save_all(slices: Sequence[Dataset], folder: Path, *, shuffle: int | None = 7, prefix: str = "im") -> list[Path]:
    """Write slices under names that do not follow their positions; returns paths in the order given."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.arange(len(slices)) if shuffle is None else np.random.default_rng(shuffle).permutation(len(slices))
    paths = []
    for ds, name in zip(slices, names, strict=True):
        path = folder / f"{prefix}{name:03d}"
        save(ds, path)
        paths.append(path)
    return paths


def save(ds: Dataset, path: Path) -> Path:
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID") or CT_IMAGE
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID") or uid("none")
    ds.save_as(path, enforce_file_format=True)
    return path


def item(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def enhanced(
    n: int = 4,
    *,
    sop_class: str = ENHANCED_CT,
    step: Sequence[float] = (0.0, 0.0, 2.0),
    contents: Sequence[Dataset] | None = None,
    stored: np.ndarray | None = None,
    positions: Sequence[Sequence[float]] | None = None,
) -> Dataset:
    """Return a multi-frame image with shared orientation and spacing and a position a frame."""
    pixels = stored_values(n) if stored is None else stored
    ds = ct_slice(0, sop_class=sop_class, stored=pixels)
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "RescaleSlope",
        "RescaleIntercept",
    ):
        del ds[keyword]
    ds.NumberOfFrames = n
    shared = item(
        PlaneOrientationSequence=Items([item(ImageOrientationPatient=[*AXIAL[0], *AXIAL[1]])]),
        PixelMeasuresSequence=Items([item(PixelSpacing=list(SPACING), SliceThickness="2")]),
        PixelValueTransformationSequence=Items([item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")]),
    )
    ds.SharedFunctionalGroupsSequence = Items([shared])
    places = positions or [tuple(np.array([-10.0, -20.0, 30.0]) + k * np.asarray(step, dtype=float)) for k in range(n)]
    frames = []
    for k in range(n):
        place = item(ImagePositionPatient=[f"{x:.10g}" for x in places[k]])
        frame = item(PlanePositionSequence=Items([place]))
        frame.FrameContentSequence = Items(
            [contents[k] if contents else item(StackID="1", InStackPositionNumber=k + 1)]
        )
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Items(frames)
    return ds

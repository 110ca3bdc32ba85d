"""Radiotherapy objects as other systems write them, to be bent by tests in one place at a time."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.5"
DOSE_CLASS = "1.2.840.10008.5.1.4.1.1.481.2"
STRUCTURE_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
FRAME = "1.2.3.4.1"
MEAN_LIFE_I125_S = 59.4 * 86400 / np.log(2)


def item(**values: Any) -> Dataset:
    """Return a data set; lists of data sets become sequences."""
    dataset = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in values.items():
            is_items = (
                isinstance(value, list)
                and all(isinstance(each, Dataset) for each in value)
                and (value or keyword.endswith("Sequence"))
            )
            setattr(dataset, keyword, Items(value) if is_items else value)
    return dataset


def saved(dataset: Dataset, path: Path) -> Path:
    """Write an object, right or wrong."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "1.2.3")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "1.2.3")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, enforce_file_format=True)
    return path


def head(sop_class: str, modality: str, *, uid: str = "1.2.3.9") -> Dataset:
    """Return what every object says of itself."""
    return item(
        SOPClassUID=sop_class,
        SOPInstanceUID=uid,
        Modality=modality,
        PatientID="P1",
        PatientName="Doe^Jane",
        PatientBirthDate="19600102",
        PatientSex="F",
        StudyInstanceUID="1.2.3.5",
        SeriesInstanceUID="1.2.3.6",
        FrameOfReferenceUID=FRAME,
    )


# --- plans ----------------------------------------------------------------------------------------------------------


def control_point(position: Sequence[float], weight: float | None, **more: Any) -> Dataset:
    """Return one control point."""
    point = item(ControlPointRelativePosition=0, ControlPoint3DPosition=list(map(float, position)), **more)
    point.CumulativeTimeWeight = weight
    return point


def seed_points(position: Sequence[float], **more: Any) -> list[Dataset]:
    """Return the two control points at one place of a permanent seed."""
    return [control_point(position, 0, **more), control_point(position, 1, **more)]


def channel(points: Iterable[Dataset], *, number: int = 1, source: int = 1, **more: Any) -> Dataset:
    """Return a channel of fixed sources."""
    points = list(points)
    for index, point in enumerate(points):
        point.ControlPointIndex = index
    values: dict[str, Any] = {
        "ChannelNumber": number,
        "ChannelLength": None,
        "ChannelTotalTime": round(MEAN_LIFE_I125_S, 3),
        "SourceMovementType": "FIXED",
        "FinalCumulativeTimeWeight": 1,
        "NumberOfControlPoints": len(points),
        "BrachyControlPointSequence": points,
        "ReferencedSourceNumber": source,
    }
    return item(**(values | more))


def setup(channels: Iterable[Dataset], *, number: int = 1, **more: Any) -> Dataset:
    """Return an application setup."""
    values = {
        "ApplicationSetupType": "OTHER",
        "ApplicationSetupNumber": number,
        "TotalReferenceAirKerma": 0,
        "ChannelSequence": list(channels),
    }
    return item(**(values | more))


def source(number: int = 1, **more: Any) -> Dataset:
    """Return an I-125 source of model 6711, of 0.5 U."""
    values: dict[str, Any] = {
        "SourceNumber": number,
        "SourceType": "POINT",
        "SourceManufacturer": "Oncura",
        "SourceModelID": "OncoSeed 6711",
        "ActiveSourceLength": 3,
        "SourceIsotopeName": "I-125",
        "SourceIsotopeHalfLife": 59.4,
        "ReferenceAirKermaRate": 0.5,
        "SourceStrengthReferenceDate": "20260301",
        "SourceStrengthReferenceTime": "120000",
    }
    return item(**{keyword: value for keyword, value in (values | more).items() if value is not None})


def implant(setups: Iterable[Dataset], *, sources: Iterable[Dataset] | None = None, **more: Any) -> Dataset:
    """Return the plan of a permanent implant that prescribes 145 Gy."""
    setups = list(setups)
    plan = head(PLAN_CLASS, "RTPLAN")
    group = item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=1,
        NumberOfBeams=0,
        NumberOfBrachyApplicationSetups=len(setups),
        ReferencedBrachyApplicationSetupSequence=[
            item(ReferencedBrachyApplicationSetupNumber=each.ApplicationSetupNumber) for each in setups
        ],
    )
    wanted = item(
        DoseReferenceNumber=1,
        DoseReferenceStructureType="SITE",
        DoseReferenceDescription="CTV",
        DoseReferenceType="TARGET",
        TargetPrescriptionDose=145,
    )
    plan.update(
        item(
            RTPlanLabel="Implant",
            RTPlanGeometry="PATIENT",
            DoseReferenceSequence=[wanted],
            FractionGroupSequence=[group],
            BrachyTreatmentTechnique="INTERSTITIAL",
            BrachyTreatmentType="LDR",
            SourceSequence=list(sources) if sources is not None else [source()],
            ApplicationSetupSequence=setups,
        )
    )
    plan.update(item(**more))
    return plan


def setup_a_seed(positions: Sequence[Sequence[float]], **more: Any) -> list[Dataset]:
    """Return one application setup a seed, each of one channel."""
    return [
        setup([channel(seed_points(position, **more))], number=number) for number, position in enumerate(positions, 1)
    ]


def dwell_points(stops: Sequence[tuple[Sequence[float], float]], **more: Any) -> list[Dataset]:
    """Return two control points a stop, with weights that add up."""
    points, weight = [], 0.0
    for index, (position, time_s) in enumerate(stops):
        points.append(control_point(position, weight, **more))
        weight = round(weight + time_s, 6)
        points.append(control_point(position, weight, **more))
        for point in points[-2:]:
            point.ControlPointRelativePosition = 5.0 * index
    return points


def catheter(stops: Sequence[tuple[Sequence[float], float]], *, number: int = 1, **more: Any) -> Dataset:
    """Return a channel of an afterloading plan."""
    total = round(sum(time_s for _, time_s in stops), 6)
    values: dict[str, Any] = {
        "ChannelTotalTime": total,
        "FinalCumulativeTimeWeight": total,
        "SourceMovementType": "STEPWISE",
        "SourceApplicatorID": f"C{number}",
    }
    return channel(dwell_points(stops), number=number, **(values | more))


def afterloading(channels: Iterable[Dataset], **more: Any) -> Dataset:
    """Return an HDR plan of two fractions with a GammaMed Plus source of 36 000 U."""
    channels = list(channels)
    total_s = sum(float(each.ChannelTotalTime) for each in channels)
    plan = implant(
        [setup(channels, TotalReferenceAirKerma=round(36000.0 * total_s / 3600, 6))],
        sources=[
            source(
                SourceModelID="GammaMed Plus HDR"[:16],
                SourceDescription="GammaMed Plus",
                SourceIsotopeName="Ir-192",
                SourceIsotopeHalfLife=73.83,
                ActiveSourceLength=3.5,
                ReferenceAirKermaRate=36000,
            )
        ],
        BrachyTreatmentType="HDR",
    )
    plan.FractionGroupSequence[0].NumberOfFractionsPlanned = 2
    plan.update(item(**more))
    return plan


# --- doses ----------------------------------------------------------------------------------------------------------


def dose(
    stored: np.ndarray,
    *,
    offsets: Sequence[float] | None = None,
    position: Sequence[float] = (1.0, 2.0, 3.0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    **more: Any,
) -> Dataset:
    """Return a dose of stored whole numbers ``[k, j, i]``, 0.01 Gy a step, 2 x 3 mm pixels, frames 2.5 mm apart."""
    frames = len(stored)
    given = head(DOSE_CLASS, "RTDOSE")
    bits = 8 * stored.dtype.itemsize
    values: dict[str, Any] = {
        "ImagePositionPatient": list(position),
        "ImageOrientationPatient": list(orientation),
        "PixelSpacing": [3, 2],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "NumberOfFrames": frames,
        "FrameIncrementPointer": 0x3004000C,
        "Rows": stored.shape[1],
        "Columns": stored.shape[2],
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 1 if stored.dtype.kind == "i" else 0,
        "DoseUnits": "GY",
        "DoseType": "PHYSICAL",
        "DoseSummationType": "PLAN",
        "GridFrameOffsetVector": list(offsets) if offsets is not None else [2.5 * index for index in range(frames)],
        "DoseGridScaling": 0.01,
        "ReferencedRTPlanSequence": [item(ReferencedSOPClassUID=PLAN_CLASS, ReferencedSOPInstanceUID="1.2.3.7")],
    }
    given.update(item(**{keyword: value for keyword, value in (values | more).items() if value is not None}))
    if more.get("PixelData", b"") is not None:
        given.add_new("PixelData", "OW", more.get("PixelData", stored.astype(stored.dtype.newbyteorder("<")).tobytes()))
    return given


# --- structures -----------------------------------------------------------------------------------------------------

SQUARE = ((0, 0, 5), (10, 0, 5), (10, 10, 5), (0, 10, 5))


def contour(points: Sequence[Sequence[float]] = SQUARE, kind: str = "CLOSED_PLANAR", **more: Any) -> Dataset:
    """Return a contour."""
    numbers = [float(number) for point in points for number in point]
    values = {"ContourGeometricType": kind, "NumberOfContourPoints": len(points), "ContourData": numbers}
    return item(**{keyword: value for keyword, value in (values | more).items() if value is not None})


def structure_set(structures: dict[str, list[Dataset]], *, frames: Sequence[str] | None = None, **more: Any) -> Dataset:
    """Return a structure set, each structure in its frame."""
    frames = frames or [FRAME] * len(structures)
    given = head(STRUCTURE_CLASS, "RTSTRUCT")
    del given.FrameOfReferenceUID
    rois, drawn = [], []
    for number, (name, contours) in enumerate(structures.items(), start=1):
        rois.append(item(ROINumber=number, ReferencedFrameOfReferenceUID=frames[number - 1], ROIName=name))
        drawn.append(item(ReferencedROINumber=number, ROIDisplayColor=[255, 0, number], ContourSequence=contours))
    given.update(
        item(
            StructureSetLabel="Set",
            ReferencedFrameOfReferenceSequence=[
                item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[_study(frame)]) for frame in set(frames)
            ],
            StructureSetROISequence=rois,
            ROIContourSequence=drawn,
            RTROIObservationsSequence=[
                item(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="CTV", ROIInterpreter="")
            ],
        )
    )
    given.update(item(**more))
    return given


def _study(frame: str) -> Dataset:
    slices = [item(ReferencedSOPClassUID=CT_CLASS, ReferencedSOPInstanceUID=f"{frame}.{index}") for index in range(3)]
    series = item(SeriesInstanceUID=f"{frame}.8", ContourImageSequence=slices)
    return item(ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID="1.2.3.5", RTReferencedSeriesSequence=[series])
